/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ssh: the system's ssh in the place of this process, so that its
 * descriptors, signals and exit status are ssh's own; with mtls-askpass for
 * its questions, and with a keeper for what the options say.
 */
#include "config.h"

#include "mtlsctl/ssh_command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/text.h"
#include "mtlsctl/ssh_keeper.h"

struct settings {
	const char *gateway, *service, *config;
	struct pin_source pin;
	uint32_t deadline_s;
};

const struct ctl_option ssh_options[] = {
	{ "gateway", CTL_TEXT, offsetof(struct settings, gateway), 0, 0,
	    NULL, "NAME", "full name of the machine, as its certificate says",
	    0 },
	{ "service", CTL_TEXT, offsetof(struct settings, service), 0, 0,
	    NULL, "NAME", "the PAM service of the login (sshd)", 0 },
	{ "config", CTL_TEXT, offsetof(struct settings, config), 0, 0, NULL,
	    "FILE", "other settings than pam_mtls.conf", 0 },
	{ "deadline", CTL_NUMBER, offsetof(struct settings, deadline_s), 1,
	    600, NULL, "SECONDS", "when to give up (120)", 0 },
	{ "pin-fd", CTL_NUMBER, offsetof(struct settings, pin.fd), 3, 1023,
	    NULL, "N", "read the PIN from descriptor N, not the terminal",
	    0 },
	CTL_OPTIONS_END
};

/* How many of the words are options of ours, "--" included: ssh has none
 * that begin with two dashes. */
static int
count_own(int argc, char *const argv[])
{
	int n = 0;

	while (n < argc && strncmp(argv[n], "--", 2) == 0) {
		if (argv[n][2] == '\0')
			return n + 1;
		n += strchr(argv[n], '=') != NULL ? 1 : 2;
	}
	return n < argc ? n : argc;
}

static enum mtls_status
check(const struct settings *set, struct mtls_err *err)
{
	if (set->gateway != NULL && !mtls_text_is_hostname(set->gateway))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" is not the name of a machine", set->gateway);
	if (!mtls_text_is_service(set->service))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" is not the name of a PAM service", set->service);
	return MTLS_OK;
}

/* Returns only where there is no ssh. */
static enum mtls_status
become_ssh(int argc, char *const argv[], struct mtls_err *err)
{
	static char name[] = "ssh";
	char **words = calloc((size_t)argc + 2, sizeof(*words));

	if (words == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	words[0] = name;
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	if (setenv("SSH_ASKPASS", MTLS_ASKPASS_PATH, 1) != 0 ||
	    setenv("SSH_ASKPASS_REQUIRE", "force", 1) != 0) {
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	} else {
		/* As this program found them. */
		(void)signal(SIGPIPE, SIG_DFL);
		(void)signal(SIGXFSZ, SIG_DFL);
		(void)execvp(name, words);
		(void)mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "ssh");
	}
	free(words);
	return err->status;
}

enum mtls_status
ssh_command(struct ctl *ctl, int argc, char *const argv[],
    struct mtls_err *err)
{
	struct settings set = { NULL, SSH_KEEPER_SERVICE, MTLS_CONFIG_FILE,
	    { PIN_NO_FD }, SSH_KEEPER_DEADLINE_S };
	struct ssh_keeper_options o;
	struct ctl_words words;
	int own = count_own(argc, argv);

	(void)ctl;
	if (ctl_options(ssh_options, own, argv, &set, &words, err) !=
	    MTLS_OK ||
	    ctl_words_check(&words, 0, 0, "", err) != MTLS_OK ||
	    check(&set, err) != MTLS_OK)
		return err->status;
	if (own == argc)
		return mtls_fail(err, MTLS_E_USAGE, "where to?");
	memset(&o, 0, sizeof(o));
	if (ssh_process_find(getpid(), &o.ssh, err) != MTLS_OK)
		return err->status;
	o.config = set.config;
	o.gateway0 = set.gateway;
	o.service = set.service;
	o.pin = set.pin;
	o.deadline_s = set.deadline_s;
	if (ssh_keeper_start(&o, err) != MTLS_OK)
		return err->status;
	return become_ssh(argc - own, argv + own, err);
}

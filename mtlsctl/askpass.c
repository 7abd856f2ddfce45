/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One question, one process. What comes from the other end of an ssh is shown
 * without what could move a cursor, and is never taken for a relay's unless
 * it has the marker of one; and what has it is never shown.
 */
#include "config.h"

#include "mtlsctl/askpass.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client/relay_session.h"
#include "mtls/secret.h"
#include "mtls/text.h"
#include "mtlsctl/command.h"
#include "mtlsctl/ssh_keeper.h"
#include "mtlsctl/terminal.h"

#define ANSWER_SIZE	1024
#define ONE_LINE	79		/* what any terminal shows as one */
#define ORIGIN_MAX	300

static int
complain(const char *text)
{
	ctl_note("mtls-askpass: %s", text);
	return 1;
}

/* --- a relay's --- */

/* Where ssh was not started by "mtlsctl ssh". */
static enum mtls_status
start_keeper(const struct ssh_process *ssh, struct mtls_err *err)
{
	struct ssh_keeper_options o;
	const char *gateway = getenv("MTLS_GATEWAY");
	const char *service = getenv("MTLS_SERVICE");

	memset(&o, 0, sizeof(o));
	o.ssh = *ssh;
	o.config = MTLS_CONFIG_FILE;
	o.gateway0 = gateway != NULL && *gateway != '\0' ? gateway : NULL;
	o.service = service != NULL && *service != '\0' ? service :
	    SSH_KEEPER_SERVICE;
	o.pin.fd = PIN_NO_FD;
	o.deadline_s = SSH_KEEPER_DEADLINE_S;
	return ssh_keeper_start(&o, err);
}

static enum mtls_status
ask_keeper(const char *prompt, char *answer, char *sentence,
    struct mtls_err *err)
{
	struct ssh_process ssh;
	enum mtls_status status;

	if (ssh_process_find(getppid(), &ssh, err) != MTLS_OK)
		return err->status;
	status = ssh_keeper_ask(&ssh, prompt, answer, sentence, err);
	if (status != MTLS_E_NOT_FOUND)
		return status;
	mtls_err_clear(err);
	if (start_keeper(&ssh, err) != MTLS_OK)
		return err->status;
	return ssh_keeper_ask(&ssh, prompt, answer, sentence, err);
}

/* Always with a record, so that the gateway need not wait for a timeout. */
static int
answer_relay(const char *prompt)
{
	char answer[MTLS_RELAY_ANSWER_MAX + 1];
	char sentence[MTLS_ERR_TEXT_MAX] = "";
	struct mtls_err err;

	mtls_err_clear(&err);
	if (ask_keeper(prompt, answer, sentence, &err) != MTLS_OK) {
		(void)complain(err.text);
		relay_session_refuse(prompt, err.text, answer);
	} else if (*sentence != '\0') {
		(void)complain(sentence);
	}
	if (*answer == '\0')
		return 1;
	(void)printf("%s\n", answer);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* --- the person's --- */

/* How much of it is "(user@host) ", which ssh puts before what a machine asks
 * and before nothing of its own. */
static size_t
length_of_origin(const char *prompt)
{
	size_t len = strcspn(prompt, ")\n");

	return prompt[0] == '(' && strncmp(prompt + len, ") ", 2) == 0 ?
	    len + 2 : 0;
}

char *
askpass_shown(char *out, size_t size, const char *prompt)
{
	static char line[ASKPASS_SHOWN_MAX], shown[ASKPASS_SHOWN_MAX];
	size_t len, origin_len = length_of_origin(prompt), used = 0;
	const char *origin = prompt;
	int n;

	out[0] = '\0';
	for (;;) {
		len = strcspn(prompt, "\n");
		(void)snprintf(line, sizeof(line), "%.*s%.*s",
		    prompt == origin ? 0 : (int)origin_len, origin,
		    (int)(len < sizeof(line) ? len : sizeof(line) - 1),
		    prompt);
		n = snprintf(out + used, size - used, "%s%s",
		    mtls_text_printable(shown, sizeof(shown), line),
		    prompt[len] == '\n' ? "\n" : "");
		if (n < 0 || (size_t)n >= size - used ||
		    prompt[len] == '\0')
			return out;
		used += (size_t)n;
		prompt += len + 1;
	}
}

int
askpass_may_echo(const char *prompt)
{
	static const char *const beginnings[] = { "The authenticity of host ",
	    "Please type 'yes'", "Username for " };
	size_t i;

	for (i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (strncmp(prompt, beginnings[i],
		    strlen(beginnings[i])) == 0)
			return 1;
	}
	return 0;
}

/* Something to look at until ssh ends this process. */
static _Noreturn void
show(const char *shown)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	terminal_tell(shown);
	for (;;)
		(void)pause();
}

/* How much of the origin is said again: a terminal breaks a long line where
 * it likes, and what comes then looks like a question of ours. */
static int
length_said_again(const char *shown)
{
	const char *end = strrchr(shown, '\n');
	size_t len = length_of_origin(shown);

	if (strlen(end != NULL ? end + 1 : shown) <= ONE_LINE)
		return 0;
	return (int)(len < ORIGIN_MAX ? len : ORIGIN_MAX);
}

static int
ask_person(const char *prompt, const char *hint)
{
	static char shown[ASKPASS_SHOWN_MAX];
	static char question[ASKPASS_SHOWN_MAX + ORIGIN_MAX + 16];
	char answer[ANSWER_SIZE] = "";
	int confirm = strcmp(hint, "confirm") == 0;
	struct mtls_err err;
	int again, result = 1;

	(void)askpass_shown(shown, sizeof(shown), prompt);
	if (strcmp(hint, "none") == 0)
		show(shown);
	again = length_said_again(shown);
	(void)snprintf(question, sizeof(question), "%s%s%.*s%s", shown,
	    again > 0 ? "\n" : "", again, shown,
	    confirm ? " (yes/no) " : "");
	mtls_err_clear(&err);
	if (terminal_ask(question, confirm || askpass_may_echo(prompt) ?
	    TERMINAL_ECHO : TERMINAL_SILENT, answer, sizeof(answer), &err) !=
	    MTLS_OK)
		return complain(err.text);
	if (confirm)
		result = strcmp(answer, "yes") == 0 ? 0 : 1;
	else if (printf("%s\n", answer) >= 0 && fflush(stdout) == 0)
		result = 0;
	mtls_wipe_array(answer);
	return result;
}

int
askpass_main(int argc, char *const argv[])
{
	static const struct rlimit no_core = { 0, 0 };
	/* Where a password would stay in a buffer of stdio's. */
	static char out[2 * ANSWER_SIZE];
	const char *hint = getenv("SSH_ASKPASS_PROMPT");
	int result;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, out, _IOFBF, sizeof(out));
	if (argc != 2) {
		(void)fprintf(stderr, "usage: SSH_ASKPASS=%s "
		    "SSH_ASKPASS_REQUIRE=force ssh ...\n"
		    "mtls-askpass " PACKAGE_VERSION "\n", MTLS_ASKPASS_PATH);
		return 1;
	}
	if (mtls_relay_is_prompt(argv[1]))
		return answer_relay(argv[1]);
	result = ask_person(argv[1], hint != NULL ? hint : "");
	mtls_wipe_array(out);
	return result;
}

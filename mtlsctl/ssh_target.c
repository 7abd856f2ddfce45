/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Running "ssh -G", and reading it.
 */
#include "config.h"

#include "mtlsctl/ssh_target.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/deadline.h"
#include "mtls/text.h"

#define OUTPUT_MAX	(256u * 1024u)
#define WITHIN_MS	20000u	/* the person's Match exec included */

/* --- running it --- */

/* ssh -G WORDS, the pointers of which go into the words of command. */
static char **
make_argv(const struct ssh_command *command)
{
	static char name[] = "ssh", option[] = "-G";
	size_t i, n = 0, k = 0;
	char **argv;

	for (i = 0; i < command->len; i++)
		n += command->words[i] == '\0';
	argv = calloc(n + 2, sizeof(*argv));
	if (argv == NULL)
		return NULL;
	argv[k++] = name;
	argv[k++] = option;
	/* Without the first one. */
	for (i = strlen(command->words) + 1; i < command->len;
	    i += strlen(command->words + i) + 1)
		argv[k++] = command->words + i;
	return argv;
}

static void
become_ssh(const char *program, char *const argv[], int out_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd == -1 || dup2(null_fd, 0) == -1 ||
	    dup2(out_fd, 1) == -1 || dup2(null_fd, 2) == -1)
		_exit(127);
	(void)execv(program, argv);
	_exit(127);
}

/* What it prints, at most size - 1 bytes; all of it, or a failure. */
static enum mtls_status
read_output(int fd, char *out, size_t size, struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(WITHIN_MS);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	for (;;) {
		n = poll(&p, 1, mtls_deadline_left_ms(deadline));
		if (n == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "ssh -G takes too long");
		n = n == -1 ? -1 : read(fd, out + len, size - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "ssh -G");
		if (n == 0)
			break;
		len += (size_t)n;
		if (len == size - 1)
			return mtls_fail(err, MTLS_E_USAGE,
			    "ssh -G prints too much");
	}
	out[len] = '\0';
	return MTLS_OK;
}

static enum mtls_status
run(const struct ssh_command *command, char *out, size_t size,
    struct mtls_err *err)
{
	char **argv = make_argv(command);
	int fds[2], status = 0;
	pid_t pid;

	if (argv == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (pipe2(fds, O_CLOEXEC) == -1) {
		free(argv);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "pipe");
	}
	pid = fork();
	if (pid == 0)
		become_ssh(command->program, argv, fds[1]);
	free(argv);
	(void)close(fds[1]);
	if (pid == -1) {
		(void)mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "fork");
	} else {
		if (read_output(fds[0], out, size, err) != MTLS_OK)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			continue;
	}
	(void)close(fds[0]);
	if (err->status == MTLS_OK && (!WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0))
		return mtls_fail(err, MTLS_E_USAGE,
		    "ssh -G does not say where it goes");
	return err->status;
}

/* --- reading it --- */

/* The first line "name value"; NULL where there is none. */
static const char *
value_of(const char *text, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);
	const char *line, *end;

	for (line = text; *line != '\0'; line = *end == '\0' ? end : end + 1) {
		end = strchrnul(line, '\n');
		if ((size_t)(end - line) > n && line[n] == ' ' &&
		    strncmp(line, name, n) == 0) {
			*ret_len = (size_t)(end - line) - n - 1;
			return line + n + 1;
		}
	}
	return NULL;
}

static enum mtls_status
copy_value(const char *text, const char *name, char *out, size_t size,
    struct mtls_err *err)
{
	size_t len = 0;
	const char *value = value_of(text, name, &len);

	if (value == NULL || len == 0 || len >= size)
		return mtls_fail(err, MTLS_E_USAGE, "ssh -G says no %s",
		    name);
	memcpy(out, value, len);
	out[len] = '\0';
	return MTLS_OK;
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = (char)tolower((unsigned char)*s);
}

/*
 * As the resolver of this machine completes it: "gw" becomes
 * "gw.acme.example" and nothing that does not begin with "gw.".
 */
static enum mtls_status
complete(char *name, size_t size, struct mtls_err *err)
{
	struct addrinfo hints, *list = NULL;
	size_t len = strlen(name);
	int found = 0;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_CANONNAME;
	if (getaddrinfo(name, NULL, &hints, &list) == 0 && list != NULL &&
	    list->ai_canonname != NULL &&
	    strncasecmp(list->ai_canonname, name, len) == 0 &&
	    list->ai_canonname[len] == '.' &&
	    mtls_text_is_hostname(list->ai_canonname) &&
	    strlen(list->ai_canonname) < size) {
		(void)snprintf(name, size, "%s", list->ai_canonname);
		found = 1;
	}
	if (list != NULL)
		freeaddrinfo(list);
	if (!found)
		return mtls_fail(err, MTLS_E_USAGE, "ssh calls the machine "
		    "\"%s\": say its full name, --gateway NAME or "
		    "MTLS_GATEWAY", name);
	return MTLS_OK;
}

enum mtls_status
ssh_target_parse(const char *text, const char *gateway0,
    struct ssh_target *ret, struct mtls_err *err)
{
	struct ssh_target t;
	char shown[300];
	size_t len;

	memset(&t, 0, sizeof(t));
	if (copy_value(text, "user", t.user, sizeof(t.user), err) != MTLS_OK)
		return err->status;
	if (gateway0 != NULL) {
		len = (size_t)snprintf(t.gateway, sizeof(t.gateway), "%s",
		    gateway0);
	} else if (copy_value(text, "hostname", t.gateway, sizeof(t.gateway),
	    err) == MTLS_OK) {
		len = strlen(t.gateway);
		if (len > 1 && t.gateway[len - 1] == '.')
			t.gateway[--len] = '\0';
	} else {
		return err->status;
	}
	if (!mtls_text_is_user(t.user))
		return mtls_fail(err, MTLS_E_USAGE, "\"%s\" is not a user",
		    mtls_text_printable(shown, sizeof(shown), t.user));
	if (len >= sizeof(t.gateway) || !mtls_text_is_hostname(t.gateway))
		return mtls_fail(err, MTLS_E_USAGE, "\"%s\" is not the name "
		    "of a machine: say it, --gateway NAME or MTLS_GATEWAY",
		    mtls_text_printable(shown, sizeof(shown), t.gateway));
	if (gateway0 == NULL && strchr(t.gateway, '.') == NULL &&
	    complete(t.gateway, sizeof(t.gateway), err) != MTLS_OK)
		return err->status;
	lower(t.gateway);
	*ret = t;
	return MTLS_OK;
}

enum mtls_status
ssh_target_find(const struct ssh_command *command, const char *gateway0,
    struct ssh_target *ret, struct mtls_err *err)
{
	char *text = malloc(OUTPUT_MAX);

	if (text == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (run(command, text, OUTPUT_MAX, err) == MTLS_OK)
		(void)ssh_target_parse(text, gateway0, ret, err);
	free(text);
	return err->status;
}

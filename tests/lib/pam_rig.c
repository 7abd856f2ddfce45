/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One login through the real libpam, see pam_rig.h. Tests only.
 */
#include "config.h"

#include "pam_rig.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake_helper.h"

#define DELAY_MIN_US	1000000u	/* libpam takes up to half of 2 s */
#define DELAY_MAX_US	3000000u

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

int
rig_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

struct rig *
rig_new(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	snprintf(r->dir, sizeof(r->dir), "/tmp/mtls-rig-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->socket_path, sizeof(r->socket_path), "%s/s", r->dir);
	snprintf(r->module, sizeof(r->module), "%s", MODULE_PATH);
	r->helper_uid = geteuid();
	r->report_fd = -1;
	rig_log_clear();
	return r;
}

static const char *
style_word(int style)
{
	switch (style) {
	case PAM_PROMPT_ECHO_OFF:
		return "off";
	case PAM_PROMPT_ECHO_ON:
		return "on";
	case PAM_ERROR_MSG:
		return "error";
	case PAM_TEXT_INFO:
		return "info";
	default:
		return "?";
	}
}

/* Answers one question from the list; without one, fails. */
static int
reply(struct rig *r, struct pam_response **resp)
{
	const struct rig_reply *with;

	if (r->n_replied == r->n_replies)
		return PAM_CONV_ERR;
	with = &r->replies[r->n_replied++];
	if (with->kind == RIG_NO_RESPONSE || with->kind == RIG_FAIL)
		return with->code;
	*resp = calloc(1, sizeof(**resp));
	assert_non_null(*resp);
	if (with->kind != RIG_NO_ANSWER) {
		(*resp)->resp = strdup(with->text);
		assert_non_null((*resp)->resp);
	}
	return with->code;
}

static int
converse(int n, const struct pam_message **msg, struct pam_response **resp,
    void *arg)
{
	struct rig *r = arg;
	size_t used = strlen(r->shown);
	int style = msg[0]->msg_style;

	assert_int_equal(n, 1);
	assert_true(r->has_relay || strlen(msg[0]->msg) < PAM_MAX_MSG_SIZE);
	snprintf(r->shown + used, sizeof(r->shown) - used, "%s %s|",
	    style_word(style), msg[0]->msg);
	if (r->hook != NULL)
		r->hook(r, style);
	if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON)
		return reply(r, resp);
	return r->info_code;
}

static void
on_delay(int code, unsigned usec, void *arg)
{
	struct rig *r = arg;

	(void)code;
	r->n_delays++;
	r->delay_us = usec;
}

void
rig_reply(struct rig *r, enum rig_reply_kind kind, int code,
    const char *text)
{
	assert_true(r->n_replies < RIG_REPLIES_MAX);
	r->replies[r->n_replies++] = (struct rig_reply){ kind, code, text };
}

void
rig_say(struct rig *r, const char *text)
{
	rig_reply(r, RIG_SAY, PAM_SUCCESS, text);
}

/* The stack with the module for @M and the socket argument for @S. */
static void
write_stack(struct rig *r)
{
	const char *p = r->stack;
	static char text[8192];
	size_t n = 0;

	if (p == NULL)
		p = "auth required @M @S\naccount required @M @S\n";
	for (; *p != '\0' && n < sizeof(text) - 2048; p++) {
		if (p[0] == '@' && p[1] == 'M')
			n += (size_t)sprintf(text + n, "%s", r->module);
		else if (p[0] == '@' && p[1] == 'S')
			n += (size_t)sprintf(text + n, "socket=%s %s",
			    r->socket_path, r->args);
		else {
			text[n++] = *p;
			continue;
		}
		p++;
	}
	text[n] = '\0';
	write_file(r->dir, r->service == NULL ? RIG_SERVICE : r->service,
	    text);
	write_file(r->dir, RIG_SERVICE_2, text);
	write_file(r->dir, "other", "auth required pam_deny.so\n"
	    "account required pam_deny.so\n");
}

void
rig_start(struct rig *r, const char *user)
{
	const char *service = r->service == NULL ? RIG_SERVICE : r->service;

	write_stack(r);
	r->conv.conv = r->no_conversation ? NULL : converse;
	r->conv.appdata_ptr = r;
	assert_int_equal(pam_start_confdir(service, user, &r->conv, r->dir,
	    &r->pamh), PAM_SUCCESS);
	assert_int_equal(pam_set_item(r->pamh, PAM_FAIL_DELAY,
	    (void *)(uintptr_t)on_delay), PAM_SUCCESS);
	if (r->tty != NULL)
		pam_set_item(r->pamh, PAM_TTY, r->tty);
	if (r->rhost != NULL)
		pam_set_item(r->pamh, PAM_RHOST, r->rhost);
	if (r->ruser != NULL)
		pam_set_item(r->pamh, PAM_RUSER, r->ruser);
}

/* The first line that is another; cmocka would show all of them, cut. */
static void
compare_states(const char *before, const char *after)
{
	const char *x = before;
	const char *y = after;

	while (*x != '\0' && *x == *y) {
		if (*x == '\n') {
			before = x + 1;
			after = y + 1;
		}
		x++;
		y++;
	}
	if (*x != *y)
		fail_msg("before: %.*s; after: %.*s",
		    (int)strcspn(before, "\n"), before,
		    (int)strcspn(after, "\n"), after);
}

int
rig_call(struct rig *r, int (*function)(pam_handle_t *, int), int flags)
{
	char *before = rig_state();
	char *after;
	int code;

	code = function(r->pamh, flags);
	after = rig_state();
	assert_non_null(before);
	assert_non_null(after);
	compare_states(before, after);
	free(before);
	free(after);
	assert_int_not_equal(code, PAM_IGNORE);
	assert_null(strstr(rig_log(), RIG_PIN));
	return code;
}

int
rig_login(struct rig *r, const char *user, int flags)
{
	int code;

	if (r->pamh == NULL)
		rig_start(r, user);
	r->n_delays = 0;
	r->delay_us = 0;
	code = rig_call(r, pam_authenticate, flags);
	/* libpam 1.5 keeps the delay of an earlier failure on a handle. */
	if (r->n_logins++ == 0 && code == PAM_SUCCESS) {
		assert_int_equal(r->delay_us, 0);
	} else if (code != PAM_SUCCESS && code != PAM_INCOMPLETE) {
		assert_int_equal(r->n_delays, 1);
		assert_in_range(r->delay_us, DELAY_MIN_US, DELAY_MAX_US);
	}
	return code;
}

/* The child: listens, says that it does, and plays. */
static void
helper_main(struct rig *r, const char *script, int report_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	FILE *report = fdopen(report_fd, "w");
	int fd;
	int s;

	/* Not longer than the test, which may fail; and of its own signals,
	 * for which the test framework has handlers. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);

	if (report == NULL || (r->helper_uid != geteuid() &&
	    (setgid(r->helper_uid) != 0 || setuid(r->helper_uid) != 0)))
		_exit(99);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	memcpy(addr.sun_path, r->socket_path, sizeof(addr.sun_path));
	if (fd == -1 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(fd, 8) != 0)
		_exit(98);
	fputs("ready\n", report);
	fflush(report);
	fake_helper_play(fd, -1, script, report);
	_exit(0);
}

void
rig_helper(struct rig *r, const char *script)
{
	char ready[6];
	int fds[2];

	assert_int_equal(r->helper_pid, 0);
	if (r->helper_uid != geteuid())
		assert_int_equal(chmod(r->dir, 0777), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	r->helper_pid = fork();
	assert_int_not_equal(r->helper_pid, -1);
	if (r->helper_pid == 0) {
		close(fds[0]);
		helper_main(r, script, fds[1]);
	}
	close(fds[1]);
	r->report_fd = fds[0];
	assert_int_equal(read(fds[0], ready, sizeof(ready)), sizeof(ready));
}

/* Reads the report to its end, which is there when the helper has ended. */
static void
read_report(struct rig *r, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size - 1) {
		n = read(r->report_fd, text + used, size - 1 - used);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		text[used] = '\0';
		/* A helper that stopped itself does not end by itself. */
		if (strstr(text, "done\n") != NULL)
			break;
	}
	text[used] = '\0';
}

void
rig_helper_end(struct rig *r)
{
	static char text[8192];

	if (r->helper_pid == 0)
		return;
	read_report(r, text, sizeof(text));
	kill(r->helper_pid, SIGKILL);
	while (waitpid(r->helper_pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	close(r->report_fd);
	unlink(r->socket_path);
	r->helper_pid = 0;
	r->report_fd = -1;
	assert_string_equal(text, "done\n");
}

void
rig_helper_spawned(struct rig *r, const char *script)
{
	char *dir;

	snprintf(r->module, sizeof(r->module), "%s", SPAWN_MODULE_PATH);
	write_file(r->dir, "script", script);
	r->spawning = dlopen(r->module, RTLD_NOW);
	assert_non_null(r->spawning);
	dir = dlsym(r->spawning, "fake_spawn_dir");
	assert_non_null(dir);
	snprintf(dir, sizeof(r->dir), "%s", r->dir);
}

/* The spawned helper has ended: the module does not return before. */
static void
check_spawned(struct rig *r)
{
	static char text[8192];
	char path[128];
	FILE *f;

	if (r->spawning == NULL)
		return;
	snprintf(path, sizeof(path), "%s/report", r->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	dlclose(r->spawning);
	assert_string_equal(text, "done\n");
}

/* Every line of the log is one line, of printable text. */
static void
check_log(void)
{
	const unsigned char *p;

	for (p = (const unsigned char *)rig_log(); *p != '\0'; p++)
		assert_true(*p == '\n' || (*p >= 0x20 && *p != 0x7f));
}

/* There are no folders in it, or empty ones. */
static void
remove_dir(const struct rig *r)
{
	DIR *dir = opendir(r->dir);
	struct dirent *e;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL)
		if (unlinkat(dirfd(dir), e->d_name, 0) != 0)
			unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	closedir(dir);
	assert_int_equal(rmdir(r->dir), 0);
}

void
rig_done(struct rig *r)
{
	if (r->pamh != NULL)
		assert_int_equal(pam_end(r->pamh, PAM_SUCCESS), PAM_SUCCESS);
	rig_helper_end(r);
	check_spawned(r);
	check_log();
	remove_dir(r);
	free(r);
}

int
rig_case(const char *script, const char *answer)
{
	struct rig *r = rig_new();
	int code;

	rig_helper(r, script);
	if (answer != NULL)
		rig_say(r, answer);
	code = rig_login(r, "alice", 0);
	rig_done(r);
	return code;
}

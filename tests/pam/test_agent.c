/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The way from a setuid program to the ssh-agent of whoever started it: real
 * user 12345, effective user root, as in sudo and su. Needs root.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define USER	12345u
#define OTHER	12346u

static char dir[64];
static char path[108];
static int listen_fd = -1;

/* The ids of a setuid program, which cannot be dumped either. */
static int
set_users(uid_t real, uid_t effective)
{
	if (setresuid((uid_t)-1, 0, (uid_t)-1) != 0 ||
	    setresuid(real, effective, 0) != 0)
		return -1;
	(void)setfsuid(real == effective ? USER : real);
	(void)setfsuid(effective);
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mtls-agent-XXXXXX");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/agent", dir);
	return getuid() == 0 ? set_users(USER, 0) : 0;
}

static int
end(void **state)
{
	char command[128];

	(void)state;
	if (listen_fd != -1)
		close(listen_fd);
	listen_fd = -1;
	unsetenv("SSH_AUTH_SOCK");
	if (getuid() != geteuid() && set_users(0, 0) != 0)
		return -1;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
}

/*
 * A socket at path, which belongs to owner and has been made, by uid, by a
 * process of its own; the queue has room for one.
 */
static void
make_socket(uid_t uid, uid_t owner, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int status;
	pid_t pid;

	listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(listen_fd, -1);
	memcpy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(bind(listen_fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	assert_int_equal(chown(path, owner, owner), 0);
	assert_int_equal(chmod(path, mode), 0);
	/* Whoever calls listen(2) is who the kernel names. */
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(setresuid(uid, uid, uid) == 0 &&
		    listen(listen_fd, 0) == 0 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* One login whose helper wants an agent, with this in the environments. */
static void
agent_with(const char *service, const char *pam, const char *process,
    const char *want)
{
	struct rig *r = rig_new();
	char script[256];
	char variable[512];

	snprintf(script, sizeof(script), "login\nagent => %s\nresult allow\n",
	    want);
	rig_helper(r, script);
	r->service = service;
	if (process != NULL)
		setenv("SSH_AUTH_SOCK", process, 1);
	rig_start(r, "alice");
	if (pam != NULL) {
		snprintf(variable, sizeof(variable), "SSH_AUTH_SOCK=%s", pam);
		assert_int_equal(pam_putenv(r->pamh, variable), PAM_SUCCESS);
	}
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	/* This thread is root again. */
	assert_int_equal(setfsuid((uid_t)-1), geteuid());
	assert_int_equal(setfsgid((gid_t)-1), getegid());
	unsetenv("SSH_AUTH_SOCK");
	rig_done(r);
}

static void
agent(const char *where, const char *want)
{
	agent_with(RIG_SERVICE, where, NULL, want);
}

static void
found(char out[160])
{
	snprintf(out, 160, "%u %s", USER, path);
}

static void
an_agent_is_handed_over(void **state)
{
	char want[160];

	(void)state;
	need_root();
	make_socket(USER, USER, 0600);
	found(want);
	agent(path, want);
}

/* Only programs of a session have the environment of one. */
static void
T172_the_environment_is_read_for_sudo_and_su_only(void **state)
{
	static const char *const services[] = { "sudo", "sudo-i", "su",
		"su-l" };
	static const char *const others[] = { RIG_SERVICE, "sshd", "login",
		"sudox", "gdm-password", "other-sudo" };
	char want[160];
	size_t i;

	(void)state;
	need_root();
	make_socket(USER, USER, 0600);
	found(want);
	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		agent_with(services[i], NULL, path, want);
		/* The queue is full: room for the next one. */
		close(accept(listen_fd, NULL, NULL));
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		agent_with(others[i], NULL, path, "!not-found");
	agent_with("sudo", path, "/nowhere", want);
	agent_with("sudo", "/nowhere", path, "!not-found");
}

static void
T172_paths_that_are_none(void **state)
{
	char text[256];

	(void)state;
	need_root();
	agent(NULL, "!not-found");
	agent("", "!not-found");
	agent("/tmp/mtls-there-is-nothing", "!not-found");
	agent("agent", "!permission");
	agent("./agent", "!permission");
	agent("~/agent", "!permission");
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[108] = '\0';
	agent(text, "!permission");
	text[107] = '\0';
	agent(text, "!not-found");
}

static void
T172_sockets_of_root(void **state)
{
	(void)state;
	need_root();
	make_socket(0, 0, 0600);
	agent(path, "!permission");
	/* As /run/docker.sock, to whose group the user may belong. */
	assert_int_equal(chmod(path, 0666), 0);
	agent(path, "!permission");
}

static void
T172_sockets_of_others(void **state)
{
	(void)state;
	need_root();
	make_socket(OTHER, OTHER, 0666);
	agent(path, "!permission");
}

/* The file is the user's, who listens is not. */
static void
T172_somebody_else_listens(void **state)
{
	(void)state;
	need_root();
	make_socket(0, USER, 0666);
	agent(path, "!peer");
}

/* The other way round: a user's agent in a place that is not his. */
static void
T172_what_the_user_may_not_reach(void **state)
{
	(void)state;
	need_root();
	make_socket(USER, USER, 0600);
	assert_int_equal(chmod(path, 0), 0);
	agent(path, "!permission");
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0700), 0);
	agent(path, "!permission");
}

static void
T172_fifos_files_and_links(void **state)
{
	char link_path[128];
	FILE *f;

	(void)state;
	need_root();
	make_socket(USER, USER, 0600);
	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	assert_int_equal(symlink(path, link_path), 0);
	agent(link_path, "!permission");
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(mkfifo(link_path, 0666), 0);
	agent(link_path, "!permission");
	assert_int_equal(unlink(link_path), 0);
	f = fopen(link_path, "we");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(chown(link_path, USER, USER), 0);
	agent(link_path, "!permission");
	agent(dir, "!permission");
	agent("/dev/null", "!permission");
}

static void
an_agent_that_is_gone(void **state)
{
	(void)state;
	need_root();
	make_socket(USER, USER, 0600);
	close(listen_fd);
	listen_fd = -1;
	agent(path, "!unavailable");
}

/* It would have to be waited for. */
static void
T173_an_agent_that_accepts_nobody(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fds[64];
	int n = 0;

	(void)state;
	need_root();
	make_socket(USER, USER, 0600);
	memcpy(address.sun_path, path, sizeof(address.sun_path));
	do {
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_not_equal(fds[n], -1);
	} while (connect(fds[n++], (struct sockaddr *)&address,
	    sizeof(address)) == 0 && n < 64);
	assert_int_equal(errno, EAGAIN);
	agent(path, "!unavailable");
	while (n-- > 0)
		close(fds[n]);
}

static void
T10E_no_second_agent(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nagent => !not-found\nraw 01 0a\nsilence\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "second ssh-agent"));
	rig_done(r);
}

/* It is the account that it runs as, and needs no root for that. */
static void
a_program_that_is_not_setuid(void **state)
{
	char want[160];

	(void)state;
	need_root();
	make_socket(OTHER, OTHER, 0600);
	assert_int_equal(set_users(OTHER, OTHER), 0);
	snprintf(want, sizeof(want), "%u %s", OTHER, path);
	agent(path, want);
	/* Neither root nor the user. */
	assert_int_equal(set_users(USER, OTHER), 0);
	agent(path, "!permission");
	assert_int_equal(set_users(USER, 0), 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(an_agent_is_handed_over),
		CASE(T172_the_environment_is_read_for_sudo_and_su_only),
		CASE(T172_paths_that_are_none),
		CASE(T172_sockets_of_root),
		CASE(T172_sockets_of_others),
		CASE(T172_somebody_else_listens),
		CASE(T172_what_the_user_may_not_reach),
		CASE(T172_fifos_files_and_links),
		CASE(an_agent_that_is_gone),
		CASE(T173_an_agent_that_accepts_nobody),
		CASE(T10E_no_second_agent),
		CASE(a_program_that_is_not_setuid),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}

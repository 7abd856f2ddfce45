/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Process hygiene, looked at from inside: each test makes a mess in a child
 * and cleans up there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/process.h"

#include "../lib/fail_nth.h"
#include "../lib/unit.h"

#define SOMEBODY 12345
#define ACCOUNT "nobody"	/* every system has it */

#define check(expression) \
	do { \
		if (!(expression)) { \
			print_message("line %d: %s\n", __LINE__, \
			    #expression); \
			_exit(1); \
		} \
	} while (0)

static void
in_child(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The value of a hexadecimal line of /proc/self/status. */
static unsigned long
status_hex(const char *name)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long value = 0;
	char line[256];

	check(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoul(line + strlen(name) + 1, NULL, 16);
	}
	fclose(f);
	return value;
}

static void
signals_end_here(void)
{
	sigset_t all;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	check(mtls_process_harden(2, NULL) == MTLS_OK);
	check(status_hex("SigBlk:") == 0);
	check(status_hex("SigIgn:") == 1ul << (SIGPIPE - 1));
	check(status_hex("SigCgt:") == 0);
}

static void
descriptors_end_here(void)
{
	int fds_before = fail_nth_open_fds();

	for (int i = 0; i < 50; i++)
		check(dup(0) >= 0);
	check(dup2(0, 100) == 100);
	check(mtls_process_harden(2, NULL) == MTLS_OK);
	check(fcntl(3, F_GETFD) == -1);
	check(fcntl(100, F_GETFD) == -1);
	check(fail_nth_open_fds() <= fds_before);
	for (int fd = 0; fd <= 2; fd++)
		check(fcntl(fd, F_GETFD) == 0);
}

static void
some_descriptors_are_kept(void)
{
	for (int fd = 3; fd <= 9; fd++)
		check(dup2(0, fd) == fd);
	check(mtls_process_harden(1, NULL) == MTLS_E_USAGE);
	check(mtls_process_harden(-1, NULL) == MTLS_E_USAGE);
	check(fcntl(9, F_GETFD) >= 0);
	check(mtls_process_harden(5, NULL) == MTLS_OK);
	for (int fd = 3; fd <= 9; fd++)
		check((fcntl(fd, F_GETFD) >= 0) == (fd <= 5));
}

static void
T124_closed_standard_descriptors_are_null(void)
{
	char target[32];

	close(0);
	close(2);
	check(mtls_process_harden(2, NULL) == MTLS_OK);
	memset(target, 0, sizeof(target));
	check(readlink("/proc/self/fd/0", target, sizeof(target) - 1) > 0);
	check(strcmp(target, "/dev/null") == 0);
	memset(target, 0, sizeof(target));
	check(readlink("/proc/self/fd/2", target, sizeof(target) - 1) > 0);
	check(strcmp(target, "/dev/null") == 0);
}

static void
T137_properties(void)
{
	struct rlimit l = { RLIM_INFINITY, RLIM_INFINITY };
	char cwd[64];

	umask(0);
	check(chdir("/tmp") == 0);
	(void)setrlimit(RLIMIT_CORE, &l);
	check(mtls_process_harden(2, NULL) == MTLS_OK);
	check(umask(0) == 077);
	check(getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/") == 0);
	check(getrlimit(RLIMIT_CORE, &l) == 0);
	check(l.rlim_cur == 0 && l.rlim_max == 0);
	check(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void
soft_limit(__rlimit_resource_t which, rlim_t value)
{
	struct rlimit l;

	check(getrlimit(which, &l) == 0);
	l.rlim_cur = value;
	check(setrlimit(which, &l) == 0);
}

static void
T123_limits(void)
{
	struct rlimit l;

	soft_limit(RLIMIT_NOFILE, 8);
	soft_limit(RLIMIT_FSIZE, 0);
	soft_limit(RLIMIT_CPU, 1);
	check(mtls_process_harden(2, NULL) == MTLS_OK);
	check(getrlimit(RLIMIT_NOFILE, &l) == 0);
	check(l.rlim_cur == 1024 || l.rlim_cur == l.rlim_max);
	check(getrlimit(RLIMIT_FSIZE, &l) == 0);
	check(l.rlim_cur == l.rlim_max && l.rlim_cur > 0);
	check(getrlimit(RLIMIT_CPU, &l) == 0);
	check(l.rlim_cur == l.rlim_max && l.rlim_cur > 1);
}

static void
T123_a_hard_limit_that_is_too_low(void)
{
	struct rlimit few = { 16, 16 };
	struct rlimit none = { 0, 0 };
	struct mtls_err err;

	if (geteuid() == 0)
		check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	mtls_err_clear(&err);
	check(setrlimit(RLIMIT_FSIZE, &none) == 0);
	check(setrlimit(RLIMIT_NOFILE, &few) == 0);
	check(mtls_process_harden(2, &err) == MTLS_E_SYSTEM);
	check(err.sys_errno == EPERM);
}

static void
T137_root_becomes_an_account(void)
{
	struct __user_cap_header_struct head = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	const struct passwd *pw = getpwnam(ACCOUNT);
	gid_t groups[64], extra[] = { 1, 2, 3 };
	uid_t r, e, s;
	gid_t rg, eg, sg;
	int n, death_signal = 0;

	if (geteuid() != 0)
		return;
	check(pw != NULL);
	check(setgroups(3, extra) == 0);
	check(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
	check(mtls_process_become(ACCOUNT, NULL) == MTLS_OK);
	check(getresuid(&r, &e, &s) == 0);
	check(r == pw->pw_uid && e == pw->pw_uid && s == pw->pw_uid);
	check(getresgid(&rg, &eg, &sg) == 0);
	check(rg == pw->pw_gid && eg == pw->pw_gid && sg == pw->pw_gid);
	n = getgroups(64, groups);
	for (int i = 0; i < n; i++)
		check(groups[i] > 3);
	memset(caps, 0xff, sizeof(caps));
	check(syscall(SYS_capget, &head, caps) == 0);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		check((caps[i].effective | caps[i].permitted |
		    caps[i].inheritable) == 0);
	check(setuid(0) == -1 && seteuid(0) == -1 && setgid(0) == -1);
	check(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	check(prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) == 0);
	check(death_signal == SIGKILL);
	/* Once is enough; twice is no harm. */
	check(mtls_process_become(ACCOUNT, NULL) == MTLS_OK);
}

static void
accounts_that_root_does_not_become(void)
{
	struct mtls_err err;

	if (geteuid() != 0)
		return;
	mtls_err_clear(&err);
	check(mtls_process_become("no-such-account", &err) ==
	    MTLS_E_NOT_FOUND);
	check(strstr(err.text, "no-such-account") != NULL);
	check(mtls_process_become("root", NULL) == MTLS_E_CONFIG);
	check(getuid() == 0 && geteuid() == 0);
}

static void
others_stay_who_they_are(void)
{
	if (geteuid() == 0)
		check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	check(mtls_process_become("no-such-account", NULL) == MTLS_OK);
	check(mtls_process_become(ACCOUNT, NULL) == MTLS_OK);
}

/* Not root now, but with a way back: that is no account to stay in. */
static void
half_a_root_is_not_left_alone(void)
{
	static const uid_t ids[][3] = {	/* real, effective, saved */
		{ 0, SOMEBODY, 0 }, { 0, SOMEBODY, SOMEBODY },
		{ SOMEBODY, SOMEBODY, 0 }, { SOMEBODY, 0, SOMEBODY }
	};
	enum mtls_status wanted;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < 4; i++) {
		wanted = ids[i][1] == 0 ? MTLS_OK : MTLS_E_SYSTEM;
		pid = fork();
		if (pid == 0) {
			check(setresuid(ids[i][0], ids[i][1], ids[i][2]) ==
			    0);
			_exit(mtls_process_become(ACCOUNT, NULL) == wanted &&
			    (wanted != MTLS_OK || getuid() != SOMEBODY) ?
			    0 : 1);
		}
		check(waitpid(pid, &status, 0) == pid);
		check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void
T137_each_step_that_fails_is_the_end(void)
{
	static const char *const calls[] = {
		"initgroups", "setresgid", "setresuid", "prctl", "syscall"
	};
	pid_t pid;
	int status;

	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		pid = fork();
		if (pid == 0) {
			fail_nth_call(calls[i], EPERM);
			_exit(mtls_process_become(ACCOUNT, NULL) ==
			    MTLS_E_SYSTEM ? 0 : 1);
		}
		check(waitpid(pid, &status, 0) == pid);
		check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void
peers_by_their_sockets(void **state)
{
	struct mtls_err err;
	uid_t uid = 77;
	gid_t gid = 77;
	pid_t pid = 77;
	int fds[2];
	int lonely = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(mtls_peer_credentials(fds[0], &uid, &gid, &pid,
	    NULL), MTLS_OK);
	assert_int_equal(uid, geteuid());
	assert_int_equal(gid, getegid());
	assert_int_equal(pid, getpid());
	uid = 77;
	mtls_err_clear(&err);
	assert_int_equal(mtls_peer_credentials(lonely, &uid, &gid, &pid,
	    &err), MTLS_E_PEER);
	assert_int_equal(mtls_peer_credentials(0xffff, &uid, &gid, &pid,
	    NULL), MTLS_E_SYSTEM);
	assert_int_equal(uid, 77);
	close(fds[0]);
	close(fds[1]);
	close(lonely);
}

#define CHILD_TEST(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		in_child(name); \
	}
#define ALL_CHILD_TESTS(X) \
	X(descriptors_end_here) \
	X(some_descriptors_are_kept) \
	X(T124_closed_standard_descriptors_are_null) \
	X(T137_properties) \
	X(T123_limits) \
	X(T137_root_becomes_an_account) \
	X(accounts_that_root_does_not_become) \
	X(others_stay_who_they_are) \
	X(half_a_root_is_not_left_alone) \
	X(T137_each_step_that_fails_is_the_end)

/* What cannot be seen under valgrind. */
#define NATIVE_TEST(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		if (under_valgrind()) \
			skip(); \
		in_child(name); \
	}
#define ALL_NATIVE_TESTS(X) \
	X(signals_end_here) \
	X(T123_a_hard_limit_that_is_too_low)

ALL_CHILD_TESTS(CHILD_TEST)
ALL_NATIVE_TESTS(NATIVE_TEST)

#define IN_TABLE(name) cmocka_unit_test(test_##name),

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALL_CHILD_TESTS(IN_TABLE)
		ALL_NATIVE_TESTS(IN_TABLE)
		cmocka_unit_test(peers_by_their_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

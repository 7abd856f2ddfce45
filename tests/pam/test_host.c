/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Hosts: threads, environments, limits, missing descriptors, timers. What
 * cannot be undone is done in a child, whose exit status says how it went.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define GRANT "login\nsecret PIN: => " RIG_PIN "\nresult allow\n"
#define N_THREADS 4
#define N_LOGINS 8
#define STATE_CHANGED 200

extern char **environ;

/* libpam tells libaudit of each login; its buffer is one for all threads. */
const char *__tsan_default_suppressions(void)
    __attribute__((visibility("default")));

const char *
__tsan_default_suppressions(void)
{
	return "race:libaudit.so\n";
}

/*
 * In the child: one login, without the asserts of cmocka, which belong to
 * the parent.
 */
static int
plain_login(struct rig *r)
{
	char *before = rig_state();
	int code = pam_authenticate(r->pamh, 0);
	char *after = rig_state();

	if (before != NULL && after != NULL && strcmp(before, after) != 0)
		code = STATE_CHANGED;
	free(before);
	free(after);
	return code;
}

/* A login in a child that change() has made a peculiar host of. */
static int
in_child(void (*change)(void), const char *script)
{
	static struct rig *r;	/* found by leak checkers in the child too */
	int status = -1;
	pid_t pid;

	r = rig_new();
	rig_helper(r, script);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		change();
		_exit(plain_login(r));
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	/* A helper that nobody came to is still waiting. */
	kill(r->helper_pid, SIGKILL);
	waitpid(r->helper_pid, NULL, 0);
	close(r->report_fd);
	r->helper_pid = 0;
	rig_done(r);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void *
log_in_often(void *arg)
{
	struct rig *r = arg;
	uintptr_t n_good = 0;
	int i;

	for (i = 0; i < N_LOGINS; i++)
		n_good += pam_authenticate(r->pamh, 0) ==
		    (i % 2 == 0 ? PAM_SUCCESS : PAM_AUTH_ERR);
	return (void *)n_good;
}

static void
T119_handles_in_threads(void **state)
{
	struct rig *rigs[N_THREADS];
	pthread_t threads[N_THREADS];
	void *n_good;
	size_t i;
	int j;

	(void)state;
	for (i = 0; i < N_THREADS; i++) {
		rigs[i] = rig_new();
		rig_helper(rigs[i],
		    GRANT "accept\nlogin\nresult deny\naccept\n"
		    GRANT "accept\nlogin\nresult deny\naccept\n"
		    GRANT "accept\nlogin\nresult deny\naccept\n"
		    GRANT "accept\nlogin\nresult deny\n");
		for (j = 0; j < N_LOGINS / 2; j++)
			rig_say(rigs[i], RIG_PIN);
		rig_start(rigs[i], "alice");
	}
	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    log_in_often, rigs[i]), 0);
	for (i = 0; i < N_THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &n_good), 0);
		assert_int_equal((uintptr_t)n_good, N_LOGINS);
	}
	for (i = 0; i < N_THREADS; i++)
		rig_done(rigs[i]);
}

static void
hostile_environment(void)
{
	static const char *const entries[] = {
		"OPENSSL_CONF=/tmp/x", "OPENSSL_MODULES=/tmp",
		"SSL_CERT_FILE=/tmp/x", "SSLKEYLOGFILE=/tmp/x",
		"SOFTHSM2_CONF=/tmp/x", "OPENSC_CONF=/tmp/x",
		"PKCS11_MODULE_PATH=/tmp/x.so", "P11_KIT_STRICT=1",
		"TMPDIR=/tmp/x", "HOME=/tmp", "XDG_RUNTIME_DIR=/tmp",
		"http_proxy=http://evil", "ALL_PROXY=http://evil",
		"RES_OPTIONS=debug", "HOSTALIASES=/tmp/x", "TZ=:/etc/shadow",
		"LANG=../../x", "LC_ALL=../../x", "LOCPATH=/tmp",
		"NLSPATH=/tmp/%N", "GCONV_PATH=/tmp", "RANDFILE=/tmp/x",
		"MALLOC_ARENA_MAX=1", "PAM_USER=root", "PAM_SERVICE=x",
		"PAM_TTY=tty9", "SSH_CONNECTION=1.2.3.4 5 6.7.8.9 10",
		"SSH_AUTH_INFO_0=publickey x", "XDG_SEAT=seat0", "DISPLAY=:0",
		"MTLS_HELPER_SOCKET=/tmp/x", "USER=root", "LOGNAME=root", "="
	};
	size_t i;

	clearenv();
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		putenv((char *)(uintptr_t)entries[i]);
}

static void
no_environment(void)
{
	environ = NULL;
}

/* The helper sees the same with either; that the module has no getenv is
 * shown by tests/pam/module-shape. */
static void
T120_the_environment_changes_nothing(void **state)
{
	static const char script[] = "login user=alice service=mtls-test "
	    "tty= rhost= ruser= config= method= flags=0\n"
	    "secret PIN: => " RIG_PIN "\nresult allow\n";

	(void)state;
	assert_int_equal(in_child(hostile_environment, script), PAM_SUCCESS);
	assert_int_equal(in_child(no_environment, script), PAM_SUCCESS);
	assert_int_equal(in_child(hostile_environment,
	    "login\nresult deny\n"), PAM_AUTH_ERR);
}

static void
lose_directory(void)
{
	char dir[] = "/tmp/mtls-cwd-XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) != 0 || rmdir(dir) != 0)
		_exit(99);
}

static void
T122_the_directory_is_gone(void **state)
{
	(void)state;
	assert_int_equal(in_child(lose_directory, GRANT), PAM_SUCCESS);
}

static void
limit(__rlimit_resource_t which, rlim_t value)
{
	struct rlimit l = { value, value };

	if (setrlimit(which, &l) != 0)
		_exit(99);
}

/* More descriptors than there are, so many that n are left to be had. */
static void
leave_descriptors(int n)
{
	int fd;

	limit(RLIMIT_NOFILE, 256);
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1)
		continue;
	while (n-- > 0)
		close(255 - n);
}

static void
no_descriptors(void)
{
	leave_descriptors(0);
}

static void
one_descriptor(void)
{
	leave_descriptors(1);
}

static void
two_descriptors(void)
{
	leave_descriptors(2);
}

static void
other_limits(void)
{
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_CPU, 1);
	limit(RLIMIT_CORE, RLIM_INFINITY);
	limit(RLIMIT_STACK, 64 * 1024);
	limit(RLIMIT_MEMLOCK, 0);
}

static void
T123_small_limits(void **state)
{
	int code;

	(void)state;
	if (rig_under_valgrind())
		skip();
	code = in_child(no_descriptors, GRANT);
	assert_int_equal(code, PAM_SYSTEM_ERR);
	/* The connection takes it; the one for the secret is lost. */
	code = in_child(one_descriptor, GRANT);
	assert_int_equal(code, PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(in_child(two_descriptors, GRANT), PAM_SUCCESS);
	assert_int_equal(in_child(other_limits, GRANT), PAM_SUCCESS);
}

static void
no_memory(void)
{
	void *volatile p;	/* or a compiler makes nothing of it */

	/* malloc has some left of its own; not 64 KiB for a datagram. */
	limit(RLIMIT_AS, 1024 * 1024);
	while ((p = malloc(16384)) != NULL)
		continue;
}

static void
T123_no_memory(void **state)
{
	(void)state;
	if (RIG_SANITIZED || rig_under_valgrind())
		skip();
	assert_int_equal(in_child(no_memory, GRANT), PAM_BUF_ERR);
}

static void
close_standard(void)
{
	close(0);
	close(1);
	close(2);
}

static void
T124_standard_descriptors_are_closed(void **state)
{
	(void)state;
	assert_int_equal(in_child(close_standard, GRANT), PAM_SUCCESS);
	assert_int_equal(in_child(close_standard, "login\nresult deny\n"),
	    PAM_AUTH_ERR);
}

static void
full_output(void)
{
	int fd = open("/dev/full", O_WRONLY);

	/* Whoever writes gets ENOSPC, and a buffer that is never empty. */
	if (fd == -1 || dup2(fd, 1) != 1 || dup2(fd, 2) != 2)
		_exit(99);
}

static int output_fds[2];

static void
watch_output(void)
{
	if (dup2(output_fds[1], 1) != 1 || dup2(output_fds[1], 2) != 2)
		_exit(99);
}

static void
T124_nothing_is_written_to_the_hosts_output(void **state)
{
	char c;

	(void)state;
	assert_int_equal(in_child(full_output, GRANT), PAM_SUCCESS);
	assert_int_equal(pipe2(output_fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(in_child(watch_output, GRANT), PAM_SUCCESS);
	assert_int_equal(in_child(watch_output, "login\nclose\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(in_child(watch_output, "login\ntell info a\n"
	    "result deny message=No\n"), PAM_AUTH_ERR);
	close(output_fds[1]);
	assert_int_equal(read(output_fds[0], &c, 1), 0);
	close(output_fds[0]);
}

/* This program again, with an argv of that kind; main() sees RIG_AGAIN. */
static int
again(char *const argv[])
{
	struct rig *r = rig_new();
	char where[128];
	char *envp[] = { where, NULL };
	int status = -1;
	pid_t pid;

	rig_helper(r, GRANT);
	rig_start(r, "alice");
	snprintf(where, sizeof(where), "RIG_AGAIN=%s", r->dir);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		execve("/proc/self/exe", argv, envp);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rig_done(r);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
say_pin(int n, const struct pam_message **msg, struct pam_response **resp,
    void *arg)
{
	(void)n;
	(void)msg;
	(void)arg;
	*resp = calloc(1, sizeof(**resp));
	(*resp)->resp = strdup(RIG_PIN);
	return PAM_SUCCESS;
}

static int
main_again(const char *dir)
{
	static const struct pam_conv conv = { say_pin, NULL };
	pam_handle_t *pamh = NULL;
	int code;

	if (pam_start_confdir(RIG_SERVICE, "alice", &conv, dir, &pamh) !=
	    PAM_SUCCESS)
		return 99;
	code = pam_authenticate(pamh, 0);
	pam_end(pamh, code);
	return code;
}

static void
T124_names_of_the_host(void **state)
{
	static char name[4097];
	char *const long_name[] = { name, NULL };
	char *const none[] = { NULL };

	(void)state;
	if (rig_under_valgrind())
		skip();
	memset(name, 'a', sizeof(name) - 1);
	assert_int_equal(again(long_name), PAM_SUCCESS);
	assert_int_equal(again(none), PAM_SUCCESS);
}

static void
on_alarm(int number)
{
	(void)number;
}

static void
T138_timers_of_the_host_go_on(void **state)
{
	struct itimerval virtual = { { 0, 0 }, { 1000, 0 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	struct sigaction old;
	struct rig *r = rig_new();
	unsigned left;

	(void)state;
	sigaction(SIGALRM, &action, &old);
	alarm(1000);
	setitimer(ITIMER_VIRTUAL, &virtual, NULL);
	snprintf(r->args, sizeof(r->args), "deadline=1");
	rig_helper(r, GRANT "accept\nlogin\nsilence\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	setitimer(ITIMER_VIRTUAL, &off, NULL);
	left = alarm(0);
	assert_in_range(left, 900, 1000);
	sigaction(SIGALRM, &old, NULL);
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T119_handles_in_threads),
		cmocka_unit_test(T120_the_environment_changes_nothing),
		cmocka_unit_test(T122_the_directory_is_gone),
		cmocka_unit_test(T123_small_limits),
		cmocka_unit_test(T123_no_memory),
		cmocka_unit_test(T124_standard_descriptors_are_closed),
		cmocka_unit_test(T124_nothing_is_written_to_the_hosts_output),
		cmocka_unit_test(T124_names_of_the_host),
		cmocka_unit_test(T138_timers_of_the_host_go_on),
	};
	const char *dir = getenv("RIG_AGAIN");

	if (dir != NULL)
		return main_again(dir);
	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The module with a helper that it starts itself, in hosts that do things
 * with SIGCHLD, threads and descriptors. Only root's module starts one.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define GRANT "login\nsecret PIN: => " RIG_PIN "\nresult allow\n"
#define NOBODY 65534

static int
spawned(const char *script, const char *args)
{
	struct rig *r = rig_new();
	int code;

	snprintf(r->args, sizeof(r->args), "%s", args);
	rig_helper_spawned(r, script);
	rig_say(r, RIG_PIN);
	code = rig_login(r, "alice", 0);
	rig_done(r);
	return code;
}

/* Every way in which a spawned helper can end, and what it comes to. */
static void
all_endings(void)
{
	assert_int_equal(spawned(GRANT, ""), PAM_SUCCESS);
	assert_int_equal(spawned("login\nresult deny\n", ""), PAM_AUTH_ERR);
	assert_int_equal(spawned("login\nexit 0\n", ""),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(spawned("login\nexit 7\n", ""),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(spawned("login\nsignal 9\n", ""),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(spawned("login\nsignal 11\n", ""),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
a_login_with_a_spawned_helper(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	all_endings();
}

static void
T130_a_spawned_helper_stops(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(spawned("login\nsignal 19\n", "deadline=1"),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T131_the_host_ignores_sigchld(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;

	(void)state;
	if (geteuid() != 0)
		skip();
	sigaction(SIGCHLD, &ignore, &old);
	all_endings();
	sigaction(SIGCHLD, &old, NULL);
}

static volatile sig_atomic_t n_sigchld;

static void
reap(int number)
{
	int saved = errno;

	(void)number;
	n_sigchld++;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	errno = saved;
}

static void
T132_the_host_reaps_everything(void **state)
{
	struct sigaction action = { .sa_handler = reap };
	struct sigaction old;
	struct rig *r;

	(void)state;
	if (geteuid() != 0)
		skip();
	r = rig_new();
	rig_helper_spawned(r, GRANT);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	sigaction(SIGCHLD, &action, &old);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	all_endings();
	assert_int_equal(n_sigchld, 0);
	sigaction(SIGCHLD, &old, NULL);
	rig_done(r);
}

static void
T133_the_host_blocks_sigchld(void **state)
{
	sigset_t block;
	sigset_t old;

	(void)state;
	if (geteuid() != 0)
		skip();
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &old);
	/* What is pending is compared too: no SIGCHLD came. */
	all_endings();
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void
T133_the_host_wants_no_zombies(void **state)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	struct sigaction old;

	(void)state;
	if (geteuid() != 0)
		skip();
	action.sa_flags = SA_NOCLDWAIT;
	sigaction(SIGCHLD, &action, &old);
	all_endings();
	sigaction(SIGCHLD, &old, NULL);
}

static void *
wait_at(void *arg)
{
	pthread_barrier_t *barrier = arg;

	pthread_barrier_wait(barrier);
	return NULL;
}

static void
T133_the_host_has_threads(void **state)
{
	pthread_barrier_t barrier;
	pthread_t threads[4];
	size_t i;

	(void)state;
	if (geteuid() != 0)
		skip();
	pthread_barrier_init(&barrier, NULL, 5);
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, wait_at, &barrier);
	all_endings();
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
}

static void
T134_text_on_the_output_is_no_verdict(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(spawned("login\nwrite SUCCESS\nexit 0\n", ""),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T135_a_spawned_helper_never_speaks(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(spawned("login\nsilence\n", "deadline=1"),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T121_the_environment_of_a_spawned_helper(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	setenv("LD_PRELOAD", "/nonexistent.so", 1);
	setenv("OPENSSL_CONF", "/tmp/evil.cnf", 1);
	assert_int_equal(spawned("only-env PATH LANG\n" GRANT, ""),
	    PAM_SUCCESS);
	unsetenv("LD_PRELOAD");
	unsetenv("OPENSSL_CONF");
}

static void
T136_the_descriptors_of_a_spawned_helper(void **state)
{
	int fds[64];
	int i;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (i = 0; i < 64; i++)
		fds[i] = dup(STDERR_FILENO);
	assert_int_equal(spawned("only-fds 2\n" GRANT, ""), PAM_SUCCESS);
	for (i = 0; i < 64; i++)
		close(fds[i]);
}

/* A socket that nobody listens on: root's module starts its own helper. */
static void
T074_a_stale_socket_of_root(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rig *r;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	r = rig_new();
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	memcpy(addr.sun_path, r->socket_path, sizeof(addr.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	rig_helper_spawned(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
}

/* Anybody else's does not; nor does it where the path is not there. */
static void
T074_nobody_but_root_spawns(void **state)
{
	struct rig *r;

	(void)state;
	r = rig_new();
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "status=unavailable"));
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_with_a_spawned_helper),
		cmocka_unit_test(T074_a_stale_socket_of_root),
		cmocka_unit_test(T074_nobody_but_root_spawns),
		cmocka_unit_test(T121_the_environment_of_a_spawned_helper),
		cmocka_unit_test(T136_the_descriptors_of_a_spawned_helper),
		cmocka_unit_test(T130_a_spawned_helper_stops),
		cmocka_unit_test(T131_the_host_ignores_sigchld),
		cmocka_unit_test(T132_the_host_reaps_everything),
		cmocka_unit_test(T133_the_host_blocks_sigchld),
		cmocka_unit_test(T133_the_host_wants_no_zombies),
		cmocka_unit_test(T133_the_host_has_threads),
		cmocka_unit_test(T134_text_on_the_output_is_no_verdict),
		cmocka_unit_test(T135_a_spawned_helper_never_speaks),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}

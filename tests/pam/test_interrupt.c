/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * ^C in a host that holds it back, as sudo does, and in hosts that do not.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define GRANT "login\nsecret PIN: => " RIG_PIN "\nresult allow\n"

static volatile sig_atomic_t n_seen;

static void
on_signal(int number)
{
	(void)number;
	n_seen++;
}

static int
is_pending(int sig)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, sig);
}

/* As sudo: a handler, and the signal blocked. */
static void
hold_back(int how, int sig)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigaction(sig, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

/* What is pending goes with SIG_IGN. */
static void
let_go(int sig)
{
	signal(sig, SIG_IGN);
	hold_back(SIG_UNBLOCK, sig);
	signal(sig, SIG_DFL);
	n_seen = 0;
}

/* A process that sends sig to this one once the helper has the login. */
static pid_t
send_later(const struct rig *r, int sig)
{
	pid_t host = getpid();
	pid_t pid = fork();
	char word[2];

	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	if (read(r->report_fd, word, sizeof(word)) > 0)
		kill(host, sig);
	_exit(0);
}

static int
interrupted(int sig, const char *script)
{
	struct rig *r = rig_new();
	pid_t pid;
	int code;

	rig_helper(r, script);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	pid = send_later(r, sig);
	code = pam_authenticate(r->pamh, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_done(r);
	return code;
}

static void
it_ends_the_login_and_stays_pending(void **state)
{
	static const int signals[] = { SIGINT, SIGQUIT };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		hold_back(SIG_BLOCK, signals[i]);
		assert_int_equal(interrupted(signals[i],
		    "login\nnote x\nsilence\n"), PAM_CONV_ERR);
		assert_int_equal(is_pending(signals[i]), 1);
		assert_int_equal(n_seen, 0);
		let_go(signals[i]);
	}
}

static int to_raise;
static pid_t waker;

static int
is_asleep(pid_t pid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f != NULL && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (f != NULL)
		fclose(f);
	return state == 'S';
}

/* The helper is heard once the module waits with the signal pending. */
static void
raise_it(struct rig *r, int style)
{
	pid_t host = getpid();

	(void)style;
	kill(r->helper_pid, SIGSTOP);
	raise(to_raise);
	waker = fork();
	assert_int_not_equal(waker, -1);
	if (waker != 0)
		return;
	while (!is_asleep(host))
		usleep(1000);
	kill(r->helper_pid, SIGCONT);
	_exit(0);
}

static int
granted_with(int sig)
{
	struct rig *r = rig_new();
	int code;

	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	to_raise = sig;
	r->hook = raise_it;
	code = pam_authenticate(r->pamh, 0);
	assert_int_equal(waitpid(waker, NULL, 0), waker);
	rig_done(r);
	return code;
}

/* The host's own handler decides, and this one goes on. */
static void
one_that_is_not_held_back_is_the_hosts(void **state)
{
	(void)state;
	hold_back(SIG_UNBLOCK, SIGINT);
	assert_int_equal(granted_with(SIGINT), PAM_SUCCESS);
	assert_int_equal(n_seen, 1);
	let_go(SIGINT);
}

static void
one_from_before_is_not_about_this_login(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	hold_back(SIG_BLOCK, SIGINT);
	raise(SIGINT);
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	assert_int_equal(pam_authenticate(r->pamh, 0), PAM_SUCCESS);
	rig_done(r);
	assert_int_equal(is_pending(SIGINT), 1);
	let_go(SIGINT);
}

/* A daemon that was told to ignore it is not to be ended by it. */
static void
one_that_is_ignored_is_ignored(void **state)
{
	(void)state;
	hold_back(SIG_BLOCK, SIGINT);
	signal(SIGINT, SIG_IGN);
	assert_int_equal(granted_with(SIGINT), PAM_SUCCESS);
	let_go(SIGINT);
}

/* Other signals that are held back mean nothing. */
static void
another_signal_is_none(void **state)
{
	(void)state;
	hold_back(SIG_BLOCK, SIGINT);
	hold_back(SIG_BLOCK, SIGTERM);
	assert_int_equal(granted_with(SIGTERM), PAM_SUCCESS);
	let_go(SIGTERM);
	let_go(SIGINT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_the_login_and_stays_pending),
		cmocka_unit_test(one_that_is_not_held_back_is_the_hosts),
		cmocka_unit_test(one_from_before_is_not_about_this_login),
		cmocka_unit_test(one_that_is_ignored_is_ignored),
		cmocka_unit_test(another_signal_is_none),
	};

	return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How much stack a login takes in a host: under 16 KiB, with everything that
 * the module makes libpam, libc and a simple conversation do on its behalf.
 * Each login is the first of its process, in which symbols are looked up and
 * time zones are read.
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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define STACK_MAX	(16 * 1024)

static int
answer(int n, const struct pam_message **msg, struct pam_response **resp,
    void *arg)
{
	(void)n;
	(void)arg;
	if (msg[0]->msg_style != PAM_PROMPT_ECHO_OFF &&
	    msg[0]->msg_style != PAM_PROMPT_ECHO_ON)
		return PAM_SUCCESS;
	*resp = calloc(1, sizeof(**resp));
	(*resp)->resp = strdup(RIG_PIN);
	return PAM_SUCCESS;
}

/* In the child: the stack that one login takes, and its code. */
static void
measure(struct rig *r, int want, int out_fd)
{
	const char *used;
	int number = 0;

	r->conv.conv = answer;
	rig_log_pass_on(1);
	if (pam_set_item(r->pamh, PAM_CONV, &r->conv) == PAM_SUCCESS &&
	    pam_authenticate(r->pamh, 0) == want) {
		used = pam_getenv(r->pamh, "STACK_USED");
		number = used == NULL ? 0 : atoi(used);
	}
	if (write(out_fd, &number, sizeof(number)) != sizeof(number))
		_exit(1);
	_exit(0);
}

static void
stack_of(struct rig *r, int want)
{
	int fds[2];
	int used = 0;
	pid_t pid;

	r->stack = "auth required " STACK_PROBE_PATH " @M @S\n";
	rig_start(r, "alice");
	assert_int_equal(pipe2(fds, 0), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		measure(r, want, fds[1]);
	close(fds[1]);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	assert_int_equal(read(fds[0], &used, sizeof(used)), sizeof(used));
	close(fds[0]);
	rig_done(r);
	print_message("%d bytes of stack\n", used);
	assert_in_range(used, 1, STACK_MAX);
}

static void
stack_of_a_login(void **state)
{
	struct rig *r;

	(void)state;
	if (RIG_SANITIZED || rig_under_valgrind())
		skip();
	r = rig_new();
	r->rhost = "host";
	snprintf(r->args, sizeof(r->args), "debug");
	rig_helper(r, "login\ntell info Hello\nask Which => " RIG_PIN "\n"
	    "secret PIN: => " RIG_PIN "\nresult allow\n");
	stack_of(r, PAM_SUCCESS);
}

/* The longest prompts and answers that there are. */
static void
stack_of_a_relay(void **state)
{
	struct rig *r;

	(void)state;
	if (RIG_SANITIZED || rig_under_valgrind())
		skip();
	r = rig_new();
	rig_helper(r, "login\nrelay x8000 => " RIG_PIN "\n"
	    "relay x8000 => " RIG_PIN "\nresult allow\n");
	stack_of(r, PAM_SUCCESS);
}

static void
stack_of_a_failure(void **state)
{
	struct rig *r;

	(void)state;
	if (RIG_SANITIZED || rig_under_valgrind())
		skip();
	r = rig_new();
	rig_helper(r, "login\nflood 63\nraw 01 04 01 u32:7 78\n");
	stack_of(r, PAM_AUTHINFO_UNAVAIL);
}

static void
stack_of_a_wrong_argument(void **state)
{
	struct rig *r;

	(void)state;
	if (RIG_SANITIZED || rig_under_valgrind())
		skip();
	r = rig_new();
	snprintf(r->args, sizeof(r->args), "deadline=never");
	stack_of(r, PAM_SERVICE_ERR);
}

static void
stack_of_a_spawn(void **state)
{
	struct rig *r;

	(void)state;
	if (RIG_SANITIZED || rig_under_valgrind() || geteuid() != 0)
		skip();
	r = rig_new();
	rig_helper_spawned(r, "login\nsecret PIN: => " RIG_PIN "\n"
	    "result allow\n");
	stack_of(r, PAM_SUCCESS);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_of_a_login),
		cmocka_unit_test(stack_of_a_relay),
		cmocka_unit_test(stack_of_a_failure),
		cmocka_unit_test(stack_of_a_wrong_argument),
		cmocka_unit_test(stack_of_a_spawn),
	};

	return cmocka_run_group_tests_name("stack-use", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Where a PIN must not be: not in any line of the log, and nowhere in the
 * memory of the PAM application once the module has returned. The test holds
 * its PIN in pieces, so that what it finds is not its own.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define PIN_LEN 40
#define TAIL 16			/* malloc writes over the rest in free() */
#define REGION_MAX (64ul * 1024 * 1024)

/* The PIN, each digit far from the next. */
static const uint64_t scattered[PIN_LEN] = {
	'8', '4', '7', '2', '6', '1', '9', '0', '3', '5',
	'8', '7', '3', '1', '9', '2', '5', '0', '4', '6',
	'2', '8', '5', '9', '7', '3', '0', '6', '1', '4',
	'7', '0', '8', '2', '4', '9', '6', '3', '1', '5'
};

static int
answer_pin(int n, const struct pam_message **msg,
    struct pam_response **resp, void *arg)
{
	char *pin;
	int i;

	(void)n;
	(void)arg;
	if (msg[0]->msg_style != PAM_PROMPT_ECHO_OFF)
		return PAM_SUCCESS;
	*resp = calloc(1, sizeof(**resp));
	pin = malloc(PIN_LEN + 1);
	assert_non_null(*resp);
	assert_non_null(pin);
	for (i = 0; i < PIN_LEN; i++)
		((volatile char *)pin)[i] = (char)scattered[i];
	pin[PIN_LEN] = '\0';
	(*resp)->resp = pin;
	return PAM_SUCCESS;
}

static int
answer_pin_and_fail(int n, const struct pam_message **msg,
    struct pam_response **resp, void *arg)
{
	int code = answer_pin(n, msg, resp, arg);

	return msg[0]->msg_style == PAM_PROMPT_ECHO_OFF ? PAM_CONV_ERR : code;
}

/* Copies of the tail of the PIN in one stretch of memory. */
static int
count_in(const unsigned char *data, size_t len)
{
	int n = 0;
	size_t i;
	size_t j;

	for (i = 0; i + TAIL <= len; i++) {
		for (j = 0; j < TAIL; j++)
			if (data[i + j] != scattered[PIN_LEN - TAIL + j])
				break;
		n += j == TAIL;
	}
	return n;
}

/* Reads through /proc, so that what cannot be read is no crash. */
static int
count_in_memory(void)
{
	static unsigned char buffer[65536];
	FILE *maps = fopen("/proc/self/maps", "re");
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char line[512];
	char mode[8];
	unsigned long from;
	unsigned long to;
	ssize_t got;
	int n = 0;

	assert_non_null(maps);
	assert_int_not_equal(fd, -1);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0 || to - from > REGION_MAX)
			continue;
		while (from < to) {
			got = pread(fd, buffer, to - from < sizeof(buffer) ?
			    to - from : sizeof(buffer), (off_t)from);
			if (got <= 0)
				break;
			n += count_in(buffer, (size_t)got);
			if (from + (size_t)got >= to || got < TAIL)
				break;
			from += (size_t)got - TAIL + 1;
		}
	}
	memset(buffer, 0, sizeof(buffer));
	close(fd);
	fclose(maps);
	return n;
}

static void
T109_the_search_finds_a_copy(void **state)
{
	struct pam_message message = { PAM_PROMPT_ECHO_OFF, "" };
	const struct pam_message *messages = &message;
	struct pam_response *resp = NULL;

	(void)state;
	assert_int_equal(count_in_memory(), 0);
	assert_int_equal(answer_pin(1, &messages, &resp, NULL), PAM_SUCCESS);
	assert_int_equal(count_in_memory(), 1);
	explicit_bzero(resp->resp, PIN_LEN);
	free(resp->resp);
	free(resp);
	assert_int_equal(count_in_memory(), 0);
}

static void
log_in(const char *script, int (*conv)(int, const struct pam_message **,
    struct pam_response **, void *), int want)
{
	struct rig *r = rig_new();

	snprintf(r->args, sizeof(r->args), "debug");
	rig_helper(r, script);
	rig_start(r, "alice");
	r->conv.conv = conv;
	assert_int_equal(pam_set_item(r->pamh, PAM_CONV, &r->conv),
	    PAM_SUCCESS);
	assert_int_equal(pam_authenticate(r->pamh, 0), want);
	assert_int_equal(count_in_memory(), 0);
	assert_int_equal(count_in((const unsigned char *)rig_log(),
	    strlen(rig_log())), 0);
	rig_done(r);
	assert_int_equal(count_in_memory(), 0);
}

static void
T109_no_copy_of_the_pin_is_left(void **state)
{
	(void)state;
	log_in("login\nsecret PIN: => *\nresult allow\n", answer_pin,
	    PAM_SUCCESS);
	log_in("login\nsecret PIN: => *\n"
	    "result deny status=pin-wrong message=\"Wrong PIN.\"\n",
	    answer_pin, PAM_AUTH_ERR);
	log_in("login\nsecret PIN: => *\nclose\n", answer_pin,
	    PAM_AUTHINFO_UNAVAIL);
	log_in("login\nsecret-on full PIN:\n", answer_pin,
	    PAM_AUTHINFO_UNAVAIL);
	log_in("login\nsecret PIN: => !\neof\n", answer_pin_and_fail,
	    PAM_CONV_ERR);
}

static void
T108_no_log_line_has_the_pin(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	snprintf(r->args, sizeof(r->args), "debug");
	rig_helper(r, "login flags=8\nsecret PIN: => " RIG_PIN "\n"
	    "result allow certificate=serial=01\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_null(strstr(rig_log(), RIG_PIN));
	assert_true(rig_log_lines("<7>") > 0);
	assert_int_equal(rig_log_lines("granted"), 1);
	rig_done(r);
}

/* Later modules find in the handle what was there before, not a PIN. */
static void
T109_the_pin_is_not_left_for_other_modules(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->stack = "auth requisite @M @S\n"
	    "auth required " SET_AUTHTOK_PATH " expect-none\n";
	rig_helper(r, "login\nsecret PIN: => " RIG_PIN "\nresult allow\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
}

/* try_first_pass: one that looks like a PIN is used, once. */
static void
first_pass(const char *given, const char *shown)
{
	struct rig *r = rig_new();
	char stack[512];
	char script[256];

	snprintf(stack, sizeof(stack), "auth required " SET_AUTHTOK_PATH
	    " set=%s\nauth required @M @S\n", given);
	snprintf(script, sizeof(script),
	    "login\nsecret PIN: => %s\nresult allow\n",
	    shown[0] == '\0' ? given : RIG_PIN);
	r->stack = stack;
	snprintf(r->args, sizeof(r->args), "try_first_pass");
	rig_helper(r, script);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_string_equal(r->shown, shown);
	rig_done(r);
}

static void
first_pass_is_used_if_it_can_be_a_pin(void **state)
{
	(void)state;
	first_pass("1234", "");
	first_pass("123456789012", "");
	first_pass("123", "off PIN:|");
	first_pass("1234567890123", "off PIN:|");
	first_pass("12345x", "off PIN:|");
	first_pass("hunter2", "off PIN:|");
}

static void
first_pass_is_not_used_unless_asked_for(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->stack = "auth required " SET_AUTHTOK_PATH " set=123456\n"
	    "auth required @M @S\n";
	rig_helper(r, "login\nsecret PIN: => " RIG_PIN "\nresult allow\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_string_equal(r->shown, "off PIN:|");
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T109_the_search_finds_a_copy),
		cmocka_unit_test(T109_no_copy_of_the_pin_is_left),
		cmocka_unit_test(T109_the_pin_is_not_left_for_other_modules),
		cmocka_unit_test(T108_no_log_line_has_the_pin),
		cmocka_unit_test(first_pass_is_used_if_it_can_be_a_pin),
		cmocka_unit_test(first_pass_is_not_used_unless_asked_for),
	};

	return cmocka_run_group_tests_name("leak", tests, NULL, NULL);
}

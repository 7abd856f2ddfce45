/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The prompts of a relay in the conversation of an application: long, plain,
 * with echo; and what applications and strangers answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pam_rig.h"

#define REFUSED	"login\nrelay mtls-relay/1 => !cancelled\neof\n"

static char *
letters(char c, size_t n)
{
	char *text = calloc(1, n + 1);

	assert_non_null(text);
	memset(text, c, n);
	return text;
}

static void
T10C_prompts_are_asked_one_at_a_time(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nrelay one => 1\nrelay two => \"2; =\"\n"
	    "relay three => \"\"\nresult allow\n");
	rig_say(r, "1");
	rig_say(r, "2; =");
	rig_say(r, "");
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_string_equal(r->shown, "on one|on two|on three|");
	rig_done(r);
}

/* All of it: neither is cut to what PAM allows other prompts. */
static void
the_longest_prompt_and_answer_arrive(void **state)
{
	struct rig *r = rig_new();
	char *answer = letters('7', 1000), *prompt = letters('x', 8000);
	static char script[2048], want[8100];

	(void)state;
	snprintf(script, sizeof(script),
	    "login\nrelay x8000 => %s\nresult allow\n", answer);
	r->has_relay = 1;
	rig_helper(r, script);
	rig_say(r, answer);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	snprintf(want, sizeof(want), "on %s|", prompt);
	assert_string_equal(r->shown, want);
	rig_done(r);
	free(answer);
	free(prompt);
}

static void
answers_that_are_none(void **state)
{
	static const size_t lengths[] = { 1001, 65536, 10 * 1024 * 1024 };
	static const char *const texts[] = { "a\nb", "\x1b[2J", "\x7f",
	    "\x80", "\xc3\xa4", "\t" };
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		text = letters('7', lengths[i]);
		assert_int_equal(rig_case(REFUSED, text), PAM_AUTH_ERR);
		free(text);
	}
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(rig_case(REFUSED, texts[i]), PAM_AUTH_ERR);
}

static void
T113_the_answer_for_unknown_users_is_none(void **state)
{
	(void)state;
	assert_int_equal(rig_case(REFUSED, "\b\n\r\177INCORRECT"),
	    PAM_AUTH_ERR);
}

/* Nothing that the helper says afterwards makes it a success. */
static void
an_answer_that_is_none_is_the_end(void **state)
{
	(void)state;
	assert_int_equal(rig_case("login\nrelay x => !cancelled\n"
	    "maybe result allow\n", "\x1b"), PAM_AUTH_ERR);
}

static void
conversations_that_fail(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nrelay x => !conversation\neof\n");
	rig_reply(r, RIG_FAIL, PAM_CONV_ERR, NULL);
	assert_int_equal(rig_login(r, "alice", 0), PAM_CONV_ERR);
	rig_done(r);
	r = rig_new();
	rig_helper(r, "login\nrelay x => !conversation\neof\n");
	rig_reply(r, RIG_NO_RESPONSE, PAM_SUCCESS, NULL);
	assert_int_equal(rig_login(r, "alice", 0), PAM_CONV_ERR);
	rig_done(r);
	r = rig_new();
	rig_helper(r, "login\nrelay x => !cancelled\neof\n");
	rig_reply(r, RIG_NO_ANSWER, PAM_SUCCESS, NULL);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTH_ERR);
	rig_done(r);
}

/* A program of one secret question never sees one; the login goes on. */
static void
T10A_single_is_not_asked(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	snprintf(r->args, sizeof(r->args), "prompt=single");
	rig_helper(r, "login flags=4\nrelay x => !conversation\n"
	    "secret PIN: => " RIG_PIN "\nresult allow\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_string_equal(r->shown, "off PIN:|");
	rig_done(r);
}

/* From the helper: too long, or nothing that a terminal should see. */
static void
T106_prompts_that_are_none(void **state)
{
	static const char *const steps[] = {
		"raw 01 08 u32:8001 78", "raw 01 08 u32:0",
		"raw 01 08 \"text:a\\x0ab\"", "raw 01 08 \"text:\\e[2J\"",
		"raw 01 08 \"text:\\xc3\\xa4\"",
		"raw 01 09 00 \"text:a\"",
	};
	char script[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct rig *r = rig_new();

		snprintf(script, sizeof(script), "login\n%s\nmaybe silence\n",
		    steps[i]);
		rig_helper(r, script);
		assert_int_equal(rig_login(r, "alice", 0),
		    PAM_AUTHINFO_UNAVAIL);
		assert_string_equal(r->shown,
		    "error Your login cannot be verified now.|");
		rig_done(r);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T10C_prompts_are_asked_one_at_a_time),
		cmocka_unit_test(the_longest_prompt_and_answer_arrive),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(T113_the_answer_for_unknown_users_is_none),
		cmocka_unit_test(an_answer_that_is_none_is_the_end),
		cmocka_unit_test(conversations_that_fail),
		cmocka_unit_test(T10A_single_is_not_asked),
		cmocka_unit_test(T106_prompts_that_are_none),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}

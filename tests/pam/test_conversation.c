/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Conversation functions that do what applications do, and what none should.
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

#define NOTHING_SENT "login\nsecret PIN: => !\neof\n"

static void
T100_no_conversation_function(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->no_conversation = 1;
	assert_int_equal(rig_login(r, "alice", 0), PAM_CONV_ERR);
	assert_int_equal(rig_log_lines("not-granted"), 1);
	rig_done(r);
}

/* How one kind of answer to the secret question ends; nothing is sent. */
static void
no_secret(enum rig_reply_kind kind, int code, const char *text, int want)
{
	struct rig *r = rig_new();

	rig_helper(r, NOTHING_SENT);
	rig_reply(r, kind, code, text);
	assert_int_equal(rig_login(r, "alice", 0), want);
	assert_int_equal(rig_log_lines("not-granted"), 1);
	rig_done(r);
}

static void
T101_success_without_a_response(void **state)
{
	(void)state;
	no_secret(RIG_NO_RESPONSE, PAM_SUCCESS, NULL, PAM_CONV_ERR);
}

static void
T102_response_without_an_answer(void **state)
{
	(void)state;
	no_secret(RIG_NO_ANSWER, PAM_SUCCESS, NULL, PAM_AUTH_ERR);
}

static void
T103_empty_answer(void **state)
{
	(void)state;
	no_secret(RIG_SAY, PAM_SUCCESS, "", PAM_AUTH_ERR);
}

static void
T104_failures_of_the_conversation(void **state)
{
	(void)state;
	no_secret(RIG_FAIL, PAM_CONV_AGAIN, NULL, PAM_INCOMPLETE);
	no_secret(RIG_FAIL, PAM_CONV_ERR, NULL, PAM_CONV_ERR);
	no_secret(RIG_FAIL, PAM_ABORT, NULL, PAM_CONV_ERR);
	no_secret(RIG_FAIL, PAM_BUF_ERR, NULL, PAM_BUF_ERR);
	no_secret(RIG_FAIL, PAM_IGNORE, NULL, PAM_CONV_ERR);
	no_secret(RIG_FAIL, 4711, NULL, PAM_CONV_ERR);
	no_secret(RIG_FAIL_AND_SAY, PAM_CONV_ERR, RIG_PIN, PAM_CONV_ERR);
	no_secret(RIG_FAIL_AND_SAY, PAM_ABORT, RIG_PIN, PAM_CONV_ERR);
}

/* What comes back from PAM_INCOMPLETE is a login from the beginning. */
static void
T104_a_login_can_be_resumed(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nsecret PIN: => !again\neof\naccept\n"
	    "login\nsecret PIN: => " RIG_PIN "\nresult allow\n");
	rig_reply(r, RIG_FAIL, PAM_CONV_AGAIN, NULL);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_INCOMPLETE);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
}

static void
T105_answers_that_are_too_long(void **state)
{
	static const size_t lengths[] = { 513, 65536, 1024 * 1024 };
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		text = calloc(1, lengths[i] + 1);
		assert_non_null(text);
		memset(text, '7', lengths[i]);
		no_secret(RIG_SAY, PAM_SUCCESS, text, PAM_AUTH_ERR);
		free(text);
	}
}

static void
T105_the_longest_answer_arrives(void **state)
{
	char text[513];
	char script[1024];

	(void)state;
	memset(text, '7', 512);
	text[512] = '\0';
	snprintf(script, sizeof(script),
	    "login\nsecret PIN: => %s\nresult allow\n", text);
	assert_int_equal(rig_case(script, text), PAM_SUCCESS);
}

/* What a terminal must not see does not even get through the decoder. */
static void
T106_text_that_is_not_printable_ends_the_login(void **state)
{
	static const char *const texts[] = {
		"text:\\e]52;c;x", "text:\\e[2J", "text:a\\x0d",
		"text:a\\x0a", "text:\\x7f", "text:\\xc2\\x9b31m",
		"text:\\x9b31m", "text:\\xff\\xfe", "text:\\xc0\\x80",
		"text:a\\xe2\\x80\\xaeb", "text:\\xef\\xbb\\xbfx",
		"text:PIN\\xe2\\x80\\xa8:"
	};
	char script[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct rig *r = rig_new();

		snprintf(script, sizeof(script),
		    "login\nraw 01 04 01 \"%s\"\nsilence\n", texts[i]);
		rig_helper(r, script);
		assert_int_equal(rig_login(r, "alice", 0),
		    PAM_AUTHINFO_UNAVAIL);
		assert_string_equal(r->shown,
		    "error Your login cannot be verified now.|");
		rig_done(r);
	}
}

static void
T106_the_longest_text_is_cut(void **state)
{
	struct rig *r = rig_new();
	char script[2048] = "login\ntell info ";
	size_t n = strlen(script);
	int i;

	(void)state;
	for (i = 0; i < 500; i++)
		script[n++] = '\\';
	snprintf(script + n, sizeof(script) - n, "\nresult deny\n");
	rig_helper(r, script);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTH_ERR);
	assert_non_null(strstr(r->shown, "...|"));
	rig_done(r);
}

static void
T107_items_are_escaped_in_the_log(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->tty = "tty1\nfake: line %s%n";
	r->rhost = "\033]52;c;evil\007";
	r->ruser = "bob user=root";
	rig_helper(r, "login \"tty=tty1\\\\x0afake: line %s%n\" "
	    "\"rhost=\\\\x1b]52;c;evil\\\\x07\" \"ruser=bob user=root\"\n"
	    "result deny reason=\"a b\" message=\"100 %s %n\"\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTH_ERR);
	assert_string_equal(r->shown, "error 100 %s %n|");
	assert_int_equal(rig_log_lines("<"), 1);
	rig_done(r);
}

static void
T107_a_user_name_is_escaped_in_the_log(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	assert_int_equal(rig_login(r, "root\nfake %s line", 0), PAM_AUTH_ERR);
	assert_int_equal(rig_log_lines("<"), 1);
	assert_null(strstr(rig_log(), "\nfake"));
	rig_done(r);
}

/* The other answers a conversation gives while no secret is asked. */
static void
questions_with_echo_go_there_and_back(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nask \"Which certificate (1-2)? \" => 2\n"
	    "ask \"Last try. Go on? \" => \"\"\n"
	    "secret PIN: => " RIG_PIN "\nresult allow\n");
	rig_say(r, "2");
	rig_say(r, "");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_string_equal(r->shown, "on Which certificate (1-2)? |"
	    "on Last try. Go on? |off PIN:|");
	rig_done(r);
}

static void
questions_with_echo_can_fail(void **state)
{
	static const struct {
		enum rig_reply_kind kind;
		int code;
		const char *text;
		const char *told;
		int want;
	} cases[] = {
		{ RIG_NO_RESPONSE, 0, NULL, "conversation", PAM_CONV_ERR },
		{ RIG_NO_ANSWER, 0, NULL, "cancelled", PAM_AUTH_ERR },
		{ RIG_FAIL, PAM_CONV_ERR, NULL, "conversation", PAM_CONV_ERR },
		{ RIG_FAIL, PAM_CONV_AGAIN, NULL, "again", PAM_INCOMPLETE },
		{ RIG_SAY, 0, "2\033[A", "cancelled", PAM_AUTH_ERR },
		{ RIG_SAY, 0, "\xff", "cancelled", PAM_AUTH_ERR },
	};
	char script[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = rig_new();

		snprintf(script, sizeof(script),
		    "login\nask Which => !%s\neof\n", cases[i].told);
		rig_helper(r, script);
		rig_reply(r, cases[i].kind, cases[i].code, cases[i].text);
		assert_int_equal(rig_login(r, "alice", 0), cases[i].want);
		rig_done(r);
	}
}

/* OpenVPN's list of answers fails on anything it does not expect. */
static void
T10A_a_message_that_cannot_be_shown_is_no_failure(void **state)
{
	static const int codes[] = { PAM_CONV_ERR, PAM_CONV_AGAIN, PAM_ABORT };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct rig *r = rig_new();

		r->info_code = codes[i];
		rig_helper(r, "login\ntell info Hello\n"
		    "secret PIN: => " RIG_PIN "\nresult allow\n");
		rig_say(r, RIG_PIN);
		assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
		rig_done(r);
	}
}

static void
T10A_single_is_one_secret_question_and_nothing_else(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	snprintf(r->args, sizeof(r->args), "prompt=single");
	rig_helper(r, "login flags=4\ntell info Hello\n"
	    "ask Which => !conversation\nsecret PIN: => " RIG_PIN "\n"
	    "tell error Oh\nresult deny message=Sorry\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTH_ERR);
	assert_string_equal(r->shown, "off PIN:|");
	rig_done(r);
}

/* sshd answers every question with the password: a PIN is asked for once. */
static void
T10E_a_second_secret_is_not_asked_for(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nsecret PIN: => " RIG_PIN "\n"
	    "secret-on full Again\n");
	rig_say(r, RIG_PIN);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(r->n_replied, 1);
	rig_done(r);
}

/* What sshd says for users that do not exist. */
static void
T113_the_answer_for_unknown_users_reaches_no_card(void **state)
{
	(void)state;
	no_secret(RIG_SAY, PAM_SUCCESS, "\b\n\r\177INCORRECT\b\n\r\177INC",
	    PAM_AUTH_ERR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T100_no_conversation_function),
		cmocka_unit_test(T101_success_without_a_response),
		cmocka_unit_test(T102_response_without_an_answer),
		cmocka_unit_test(T103_empty_answer),
		cmocka_unit_test(T104_failures_of_the_conversation),
		cmocka_unit_test(T104_a_login_can_be_resumed),
		cmocka_unit_test(T105_answers_that_are_too_long),
		cmocka_unit_test(T105_the_longest_answer_arrives),
		cmocka_unit_test(
		    T106_text_that_is_not_printable_ends_the_login),
		cmocka_unit_test(T106_the_longest_text_is_cut),
		cmocka_unit_test(T107_items_are_escaped_in_the_log),
		cmocka_unit_test(T107_a_user_name_is_escaped_in_the_log),
		cmocka_unit_test(questions_with_echo_go_there_and_back),
		cmocka_unit_test(questions_with_echo_can_fail),
		cmocka_unit_test(
		    T10A_a_message_that_cannot_be_shown_is_no_failure),
		cmocka_unit_test(
		    T10A_single_is_one_secret_question_and_nothing_else),
		cmocka_unit_test(T10E_a_second_secret_is_not_asked_for),
		cmocka_unit_test(
		    T113_the_answer_for_unknown_users_reaches_no_card),
	};

	return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}

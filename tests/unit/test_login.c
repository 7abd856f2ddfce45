/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole logins that go well, and the questions that are asked in them.
 */
#include "config.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/login.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

static void
a_login_is_granted(void **state)
{
	struct login_case c = { 0 };
	const struct mtls_msg_result *r = &c.result.u.result;

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(r->user, login_rig.user);
	assert_string_equal(r->service, "su");
	assert_string_equal(r->method, "token");
	assert_string_equal(r->verifier, "localhost");
	assert_string_equal(r->certificate, "serial=01");
	assert_string_equal(r->message, "");
	assert_string_equal(c.secret, "PIN for Alice's card: ");
	assert_int_equal(c.n_secret, 1);
	assert_int_equal(c.n_asked + c.n_told + c.n_phases, 0);
	assert_int_equal(c.record[0]->allowed, 1);
	assert_int_equal(c.record[0]->bad_requests, 0);
	assert_int_equal(c.record[0]->connections[0], 1);
	assert_int_equal(c.record[0]->connections[1], 2);
	assert_int_equal(c.record[0]->handshakes[0], 1);
	assert_int_equal(c.record[0]->handshakes[1], 1);
	assert_string_equal(c.record[0]->open.host, "ws1.acme.example");
	assert_string_equal(c.record[0]->open.tty, "/dev/pts/3");
	assert_string_equal(c.record[0]->open.ruser, "alice");
	assert_memory_equal(c.record[0]->open.request, "request-number-1",
	    16);
	login_case_clear(&c);
}

static void
phases_are_sent_when_they_are_wanted(void **state)
{
	struct login_case c = { .flags = MTLS_LOGIN_TRACE };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.n_phases, 13);
	login_case_clear(&c);
}

static void
the_verifier_may_take_its_time(void **state)
{
	struct login_case c = { .verifier[0].n_pending = 3 };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->asked[FAKE_GRANT], 4);
	login_case_clear(&c);
}

static void
a_closed_idle_connection_is_replaced(void **state)
{
	struct login_case c = { .verifier[0].close_idle = 1 };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->connections[0], 2);
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 1);
	login_case_clear(&c);
}

static void
the_verifier_denies(void **state)
{
	struct login_case c = { .verifier[0].decision = "deny",
	    .verifier[0].reason = "no-rule",
	    .verifier[0].message = "Ask the help desk." };

	(void)state;
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_int_equal(c.result.u.result.verdict, MTLS_VERDICT_DENY);
	assert_string_equal(c.result.u.result.reason, "no-rule");
	assert_string_equal(c.result.u.result.message, "Ask the help desk.");
	login_case_clear(&c);
}

static void
the_certificate_is_chosen_by_number(void **state)
{
	struct login_case c = { .token = "two", .answer = "2" };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.n_asked, 1);
	/* Each with its end: two of one person may be called the same. */
	assert_true(fnmatch("Which certificate? "
	    "1: CN=Alice (Alice's card, until 20[0-9][0-9]-[01][0-9]-[0-3]"
	    "[0-9]), 2: CN=Alice, admin (Alice's card, until 20*-*-*): ",
	    c.asked, 0) == 0);
	login_case_clear(&c);
}

static void
no_number_is_no_choice(void **state)
{
	static const char *const answers[] = { "", "0", "3", "12", "one",
	    "-1", " 1" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct login_case c = { .token = "two",
		    .answer = answers[i] };

		login_case_fails(&c, MTLS_E_CANCELLED);
		assert_int_equal(c.n_secret, 0);
		login_case_clear(&c);
	}
}

static void
T10A_single_asks_for_one_secret_and_nothing_else(void **state)
{
	struct login_case c = { .flags = MTLS_LOGIN_SINGLE };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.n_secret, 1);
	login_case_clear(&c);
	c = (struct login_case){ .flags = MTLS_LOGIN_SINGLE, .token = "two" };
	login_case_fails(&c, MTLS_E_CONVERSATION);
	assert_int_equal(c.n_asked + c.n_secret + c.n_told, 0);
	login_case_clear(&c);
	c = (struct login_case){ .token = "final",
	    .service_extra = "[service su]\nprompt = single\n" };
	login_case_fails(&c, MTLS_E_CONVERSATION);
	assert_int_equal(c.n_asked + c.n_secret + c.n_told, 0);
	login_case_clear(&c);
}

static void
T066_last_try_is_confirmed_first(void **state)
{
	struct login_case yes = { .token = "final", .answer = "yes" },
	    no = { .token = "final", .answer = "no" };

	(void)state;
	login_case_is_granted(&yes);
	assert_int_equal(yes.n_asked, 1);
	assert_string_equal(yes.secret,
	    "One try left. PIN for Alice's card: ");
	login_case_fails(&no, MTLS_E_CANCELLED);
	assert_int_equal(no.n_secret, 0);
	login_case_clear(&yes);
	login_case_clear(&no);
}

static void
T066_a_locked_card_asks_for_nothing(void **state)
{
	struct login_case c = { .token = "locked" };

	(void)state;
	login_case_fails(&c, MTLS_E_PIN_LOCKED);
	assert_int_equal(c.n_secret + c.n_asked, 0);
	login_case_clear(&c);
}

static void
T066_a_wrong_pin_ends_it(void **state)
{
	struct login_case c = { .pin = "4321" };

	(void)state;
	login_case_fails(&c, MTLS_E_PIN_WRONG);
	assert_int_equal(c.n_secret, 1);
	assert_string_equal(c.result.u.result.message,
	    "Wrong PIN. Some tries are spent.");
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	assert_int_equal(c.record[0]->handshakes[1], 0);
	login_case_clear(&c);
}

static void
T06B_a_pin_pad_asks_by_itself(void **state)
{
	struct login_case c = { .token = "pinpad" },
	    silent = { .token = "pinpad", .flags = MTLS_LOGIN_SILENT };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.n_secret, 0);
	assert_string_equal(c.told, "Enter the PIN at the reader.");
	login_case_is_granted(&silent);
	assert_int_equal(silent.n_told, 0);
	login_case_clear(&c);
	login_case_clear(&silent);
}

static void
T009_a_card_without_a_pin_and_a_service_that_wants_one(void **state)
{
	struct login_case c = { .token = "nopin" },
	    strict = { .token = "nopin", .flags = MTLS_LOGIN_NO_NULL };

	(void)state;
	login_case_is_granted(&c);
	login_case_fails(&strict, MTLS_E_TOKEN_UNUSABLE);
	login_case_clear(&c);
	login_case_clear(&strict);
}

static void
a_question_that_is_not_answered(void **state)
{
	static const int statuses[] = { MTLS_E_CANCELLED,
	    MTLS_E_CONVERSATION, MTLS_E_AGAIN };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct login_case c = { .answer_status = statuses[i] };

		login_case_fails(&c, statuses[i]);
		assert_string_equal(c.result.u.result.message, "");
		assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
		login_case_clear(&c);
	}
}

static void
T001_no_card(void **state)
{
	struct login_case c = { .token = "absent" };

	(void)state;
	login_case_fails(&c, MTLS_E_TOKEN_ABSENT);
	assert_int_equal(c.n_secret, 0);
	assert_string_equal(c.result.u.result.message,
	    "Insert your smart card and try again.");
	login_case_clear(&c);
}

static void
methods_that_are_not_there(void **state)
{
	static const char *const methods[] = { "none", "TOKEN", "tok",
	    "token,none", "none,token", "token/x" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct login_case c = { .method = methods[i] };

		login_case_fails(&c, MTLS_E_CONFIG);
		assert_non_null(strstr(c.result.u.result.reason,
		    "not available"));
		login_case_clear(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_is_granted),
		cmocka_unit_test(phases_are_sent_when_they_are_wanted),
		cmocka_unit_test(the_verifier_may_take_its_time),
		cmocka_unit_test(a_closed_idle_connection_is_replaced),
		cmocka_unit_test(the_verifier_denies),
		cmocka_unit_test(the_certificate_is_chosen_by_number),
		cmocka_unit_test(no_number_is_no_choice),
		cmocka_unit_test(
		    T10A_single_asks_for_one_secret_and_nothing_else),
		cmocka_unit_test(T066_last_try_is_confirmed_first),
		cmocka_unit_test(T066_a_locked_card_asks_for_nothing),
		cmocka_unit_test(T066_a_wrong_pin_ends_it),
		cmocka_unit_test(T06B_a_pin_pad_asks_by_itself),
		cmocka_unit_test(
		    T009_a_card_without_a_pin_and_a_service_that_wants_one),
		cmocka_unit_test(a_question_that_is_not_answered),
		cmocka_unit_test(T001_no_card),
		cmocka_unit_test(methods_that_are_not_there),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

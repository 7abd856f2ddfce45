/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins with an mtls-token that dies, hangs, babbles or lies, at each step.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

/* Where fake_token can do something, in order. */
static const char *const steps[] = { "start", "open", "issuers", "ready",
	"login", "pin", "loggedin", "sign" };

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

/* The process that drives the "card": gone, or gone within a moment. */
static void
token_is_gone(void)
{
	struct mtls_deadline limit = mtls_deadline_in_ms(10000);
	char path[256];
	int pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/token.pid",
	    pki_dir0(login_rig.pki));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	assert_int_equal(fclose(f), 0);
	assert_true(pid > 1);
	while (kill(pid, 0) == 0) {
		assert_true(mtls_deadline_left_ms(limit) > 0);
		(void)usleep(1000);
	}
}

static void
fails_with(const char *token, int status, uint32_t deadline_ms)
{
	struct login_case c = { .token = token, .deadline_ms = deadline_ms };

	login_case_fails(&c, status);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	assert_int_equal(c.record[0]->asked[FAKE_GRANT], 0);
	assert_true(c.ms < 20000);
	token_is_gone();
	login_case_clear(&c);
}

/* action@step for every step */
static void
fails_at_each_step(const char *action, int status)
{
	char token[64];
	size_t i;

	for (i = 0; i < N_STEPS; i++) {
		(void)snprintf(token, sizeof(token), "%s@%s", action,
		    steps[i]);
		fails_with(token, status, 5000);
	}
}

static void
T130_it_is_killed(void **state)
{
	(void)state;
	fails_at_each_step("die", MTLS_E_TOKEN_FAILED);
}

static void
T068_it_crashes(void **state)
{
	(void)state;
	fails_at_each_step("crash", MTLS_E_TOKEN_FAILED);
}

static void
T134_it_exits_with_success(void **state)
{
	(void)state;
	fails_at_each_step("exit", MTLS_E_TOKEN_FAILED);
}

static void
T134_it_prints_success(void **state)
{
	(void)state;
	fails_at_each_step("text", MTLS_E_TOKEN_FAILED);
}

static void
T135_it_sends_garbage(void **state)
{
	(void)state;
	fails_at_each_step("garbage", MTLS_E_TOKEN_FAILED);
}

static void
T135_it_closes_its_direction(void **state)
{
	(void)state;
	fails_at_each_step("shut", MTLS_E_TOKEN_FAILED);
}

static void
T077_it_floods(void **state)
{
	(void)state;
	fails_at_each_step("flood", MTLS_E_TOKEN_FAILED);
}

static void
T069_it_forges_a_result(void **state)
{
	(void)state;
	fails_at_each_step("forge", MTLS_E_TOKEN_FAILED);
}

static void
T135_it_is_silent(void **state)
{
	char token[64];
	size_t i;

	(void)state;
	for (i = 0; i < N_STEPS; i++) {
		/* The PIN has been taken then: nothing is awaited there. */
		if (strcmp(steps[i], "ready") == 0)
			continue;
		(void)snprintf(token, sizeof(token), "hang@%s", steps[i]);
		fails_with(token, MTLS_E_TIMEOUT, 700);
	}
}

static void
T130_it_is_stopped(void **state)
{
	(void)state;
	fails_with("stop@open", MTLS_E_TIMEOUT, 700);
	fails_with("stop@pin", MTLS_E_TIMEOUT, 700);
	fails_with("stop@sign", MTLS_E_TIMEOUT, 700);
}

static void
T069_after_the_signature_it_cannot_do_anything(void **state)
{
	static const char *const tokens[] = { "die@signed", "forge@signed",
	    "garbage@signed", "hang@signed", "flood@signed" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct login_case c = { .token = tokens[i] };

		/* What is decided then is the verifier's decision. */
		login_case_run(&c);
		assert_int_equal(c.n_results, 1);
		if (c.result.u.result.verdict == MTLS_VERDICT_ALLOW)
			assert_int_equal(c.record[0]->allowed, 1);
		else
			assert_int_equal(c.result.u.result.status,
			    MTLS_E_TOKEN_FAILED);
		token_is_gone();
		login_case_clear(&c);
	}
}

static void
messages_in_the_wrong_order(void **state)
{
	static const char *const tokens[] = { "early", "badindex",
	    "badcount", "nocerts", "nologinpin", "twopins" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		fails_with(tokens[i], MTLS_E_TOKEN_FAILED, 5000);
}

static void
T065_signatures_that_are_none(void **state)
{
	(void)state;
	fails_with("emptysig", MTLS_E_TOKEN_FAILED, 5000);
	fails_with("failsig", MTLS_E_TOKEN_FAILED, 5000);
}

/* The verifier is the one that notices. */
static void
T060_a_signature_by_another_key(void **state)
{
	static const char *const tokens[] = { "wrongkey", "longsig" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct login_case c = { .token = tokens[i] };

		login_case_run(&c);
		assert_int_equal(c.n_results, 1);
		assert_int_not_equal(c.result.u.result.verdict,
		    MTLS_VERDICT_ALLOW);
		assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
		token_is_gone();
		login_case_clear(&c);
	}
}

static void
certificates_that_do_not_do(void **state)
{
	struct login_case bad = { .token = "badcert" },
	    nomech = { .token = "nomech" };

	(void)state;
	login_case_run(&bad);
	assert_int_equal(bad.n_results, 1);
	assert_int_not_equal(bad.result.u.result.status, MTLS_OK);
	assert_int_equal(bad.n_secret, 0);
	login_case_fails(&nomech, MTLS_E_TOKEN_UNUSABLE);
	assert_int_equal(nomech.n_secret, 0);
	login_case_clear(&bad);
	login_case_clear(&nomech);
}

static void
the_program_is_missing(void **state)
{
	struct login_case c = { .token_program = "/nonexistent/mtls-token" };

	(void)state;
	login_case_fails(&c, MTLS_E_TOKEN_FAILED);
	assert_int_equal(c.n_secret, 0);
	login_case_clear(&c);
}

/* --- the helper's own end takes it along --- */

static void
kill_helper(struct login_case *c)
{
	(void)kill(c->helper, SIGKILL);
}

static void
T130_the_helper_is_killed(void **state)
{
	struct login_case c = { .on_secret = kill_helper };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	token_is_gone();
	login_case_clear(&c);
}

static void
T130_the_helper_is_killed_while_the_card_hangs(void **state)
{
	struct login_case c = { .token = "hang@pin",
	    .on_secret = kill_helper };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	token_is_gone();
	login_case_clear(&c);
}

static void
hang_up(struct login_case *c)
{
	(void)close(c->pin_fd);
	c->pin_fd = -1;
	login_case_hang_up(c);
}

static void
T139_the_program_that_asked_goes_away(void **state)
{
	struct login_case c = { .on_secret = hang_up };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	assert_true(c.ms < 10000);
	token_is_gone();
	login_case_clear(&c);
}

static void
answer_and_hang_up(struct login_case *c)
{
	login_case_at_step(c, "sign", login_case_hang_up);
	login_case_answer_secret(c);
}

/* It waits for the signature, outside of the event loop. */
static void
T139_the_program_goes_away_while_the_card_signs(void **state)
{
	struct login_case c = { .token = "hang@sign",
	    .on_secret = answer_and_hang_up };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	assert_true(c.ms < 10000);
	token_is_gone();
	login_case_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T130_it_is_killed),
		cmocka_unit_test(T068_it_crashes),
		cmocka_unit_test(T134_it_exits_with_success),
		cmocka_unit_test(T134_it_prints_success),
		cmocka_unit_test(T135_it_sends_garbage),
		cmocka_unit_test(T135_it_closes_its_direction),
		cmocka_unit_test(T077_it_floods),
		cmocka_unit_test(T069_it_forges_a_result),
		cmocka_unit_test(T135_it_is_silent),
		cmocka_unit_test(T130_it_is_stopped),
		cmocka_unit_test(
		    T069_after_the_signature_it_cannot_do_anything),
		cmocka_unit_test(messages_in_the_wrong_order),
		cmocka_unit_test(T065_signatures_that_are_none),
		cmocka_unit_test(T060_a_signature_by_another_key),
		cmocka_unit_test(certificates_that_do_not_do),
		cmocka_unit_test(the_program_is_missing),
		cmocka_unit_test(T130_the_helper_is_killed),
		cmocka_unit_test(
		    T130_the_helper_is_killed_while_the_card_hangs),
		cmocka_unit_test(T139_the_program_that_asked_goes_away),
		cmocka_unit_test(
		    T139_the_program_goes_away_while_the_card_signs),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

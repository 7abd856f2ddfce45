/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The user channel is on its way while the card looks at the PIN. What that
 * must not change: who is let in, what is said, how often the card is asked,
 * and that nothing but the PIN fails after the PIN.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

enum { DEVICE, USER };

/* The card's login ends once the user listener has seen this. */
static int wanted_connections, wanted_ends;
static struct event *look;

static void
go_path(char *path, size_t size)
{
	(void)snprintf(path, size, "%s/token.go", pki_dir0(login_rig.pki));
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	const struct fake_verifier_record *r;
	struct login_case *c = arg;
	char path[256];
	FILE *f;

	(void)fd;
	(void)what;
	r = fake_verifier_record0(c->fake[0]);
	if (r->connections[USER] < wanted_connections ||
	    r->ended[USER] < wanted_ends)
		return;
	assert_int_equal(r->handshakes[USER], 0);
	go_path(path, sizeof(path));
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	event_free(look);
	look = NULL;
}

static void
watch_listener(struct login_case *c)
{
	static const struct timeval tick = { 0, 2000 };

	look = event_new(c->base, -1, EV_PERSIST, on_look, c);
	assert_non_null(look);
	assert_int_equal(event_add(look, &tick), 0);
}

static void
answer_and_watch(struct login_case *c)
{
	login_case_at_step(c, "pin", watch_listener);
	login_case_answer_secret(c);
}

/* A card whose login ends when the listener has seen that much. */
static struct login_case
slow_card(int connections, int ends)
{
	struct login_case c = { .token = "wait@pin",
	    .on_secret = answer_and_watch };
	char path[256];

	wanted_connections = connections;
	wanted_ends = ends;
	go_path(path, sizeof(path));
	(void)unlink(path);
	return c;
}

static void
it_is_opened_before_the_card_has_logged_in(void **state)
{
	struct login_case c = slow_card(2, 1);

	(void)state;
	login_case_is_granted(&c);
	/* The preflight, and this one. */
	assert_int_equal(c.record[0]->connections[USER], 2);
	assert_int_equal(c.record[0]->handshakes[USER], 1);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 1);
	assert_int_equal(c.n_secret, 1);
	login_case_clear(&c);
}

static void
T066_a_wrong_pin_meanwhile_is_a_wrong_pin(void **state)
{
	struct login_case c = slow_card(2, 1);

	(void)state;
	c.pin = "0000";
	login_case_fails(&c, MTLS_E_PIN_WRONG);
	assert_int_equal(c.n_secret, 1);
	assert_int_equal(c.record[0]->handshakes[USER], 0);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	assert_non_null(strstr(c.result.u.result.message, "PIN"));
	login_case_clear(&c);
}

/* A verifier is not kept waiting: it is called again with the signature. */
static void
a_card_that_takes_its_time(void **state)
{
	struct login_case c = slow_card(2, 2);

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->connections[USER], 3);
	assert_int_equal(c.record[0]->handshakes[USER], 1);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 1);
	assert_int_equal(c.n_secret, 1);
	login_case_clear(&c);
}

static void
a_connection_that_breaks_meanwhile(void **state)
{
	struct login_case c = slow_card(2, 1);

	(void)state;
	c.verifier[0].user.greeting = FAKE_RESET_HELLO;
	c.verifier[0].user.greet_from = 2;
	c.verifier[0].user.greet_until = 2;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->connections[USER], 3);
	assert_int_equal(c.record[0]->handshakes[USER], 1);
	assert_int_equal(c.n_secret, 1);
	login_case_clear(&c);
}

/* Once more and not for ever. */
static void
a_listener_that_breaks_for_good(void **state)
{
	struct login_case c = slow_card(2, 1);

	(void)state;
	c.verifier[0].user.greeting = FAKE_RESET_HELLO;
	c.verifier[0].user.greet_from = 2;
	login_case_fails(&c, LOGIN_CASE_UNAVAILABLE);
	assert_int_equal(c.record[0]->connections[USER], 3);
	assert_int_equal(c.n_secret, 1);
	login_case_clear(&c);
}

static void
hang_up_when_connected(struct login_case *c)
{
	login_case_at_step(c, "pin", login_case_hang_up);
	login_case_answer_secret(c);
}

static void
T139_the_program_goes_away_while_the_card_logs_in(void **state)
{
	struct login_case c = { .token = "hang@pin",
	    .on_secret = hang_up_when_connected };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_NO_RESULT);
	assert_true(c.ms < 10000);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	login_case_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_opened_before_the_card_has_logged_in),
		cmocka_unit_test(T066_a_wrong_pin_meanwhile_is_a_wrong_pin),
		cmocka_unit_test(a_card_that_takes_its_time),
		cmocka_unit_test(a_connection_that_breaks_meanwhile),
		cmocka_unit_test(a_listener_that_breaks_for_good),
		cmocka_unit_test(
		    T139_the_program_goes_away_while_the_card_logs_in),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

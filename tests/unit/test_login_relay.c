/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole logins by relay: a person's TLS client over the conversation, and
 * strangers who answer something else; and a list of methods.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "../lib/login_rig.h"
#include "../lib/relay_person.h"
#include "../lib/unit.h"
#include "mtls/login.h"
#include "mtls/relay.h"
#include "mtls/status.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct relay_person *
person(int looks_first)
{
	struct relay_person_options o = { login_rig.ca->x509,
	    login_rig.person->x509, login_rig.person->key, "localhost",
	    login_rig.user, "su", "ws1.acme.example", looks_first };

	return relay_person_new(&o);
}

static void
answer(struct login_case *c)
{
	char text[MTLS_RELAY_ANSWER_MAX + 1];

	relay_person_answer(c->person, c->relayed, text);
	login_case_send_relay_answer(c, text);
}

static void
end(struct login_case *c)
{
	relay_person_free(c->person);
	login_case_clear(c);
}

static void
a_login_is_granted(void **state)
{
	struct login_case c = { .method = "relay", .on_relay = answer,
	    .person = person(0) };
	const struct mtls_body_relay *hello = relay_person_hello0(c.person);

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "relay");
	assert_string_equal(c.record[0]->open.method, "relay");
	assert_string_equal(hello->user, login_rig.user);
	assert_string_equal(hello->service, "su");
	assert_string_equal(hello->host, "ws1.acme.example");
	assert_in_range(hello->expires_in, 10, 15);
	assert_int_equal(c.n_asked + c.n_secret + c.n_told, 0);
	/* The helper's look at the listener, and the person's connection. */
	assert_int_equal(c.record[0]->connections[1], 2);
	assert_int_equal(c.record[0]->handshakes[1], 1);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 1);
	assert_in_range(relay_person_prompts(c.person), 4, 6);
	end(&c);
}

/* Before the PIN is asked for: a connection to see who is there. */
static void
a_look_first_takes_eight_rounds_at_most(void **state)
{
	struct login_case c = { .method = "relay", .on_relay = answer,
	    .person = person(1) };

	(void)state;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->connections[1], 3);
	assert_int_equal(c.record[0]->handshakes[1], 1);
	assert_in_range(relay_person_prompts(c.person), 5, 8);
	end(&c);
}

/* --- a person with a plain ssh --- */

static void
press_enter(struct login_case *c)
{
	login_case_send_relay_answer(c, "");
}

static void
T10B_what_to_do_stands_in_the_prompt(void **state)
{
	struct login_case c = { .method = "relay", .on_relay = press_enter };

	(void)state;
	login_case_fails(&c, MTLS_E_CANCELLED);
	assert_string_equal(c.result.u.result.message,
	    "This login needs your smart card: use mtlsctl ssh.");
	assert_non_null(strstr(c.relayed, "; This login needs your smart "
	    "card: use mtlsctl ssh. Press Enter to end: "));
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	end(&c);
}

static void
enter_leads_to_the_next_method(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .on_relay = press_enter };

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "token");
	assert_string_equal(c.result.u.result.message, "");
	assert_non_null(strstr(c.relayed,
	    "Press Enter for the card at this machine: "));
	assert_int_equal(c.n_relayed, 1);
	assert_int_equal(c.n_secret, 1);
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 2);
	assert_string_equal(c.record[0]->open.method, "token");
	end(&c);
}

/* Later it is no answer any more. */
static void
enter_later(struct login_case *c)
{
	if (c->n_relayed == 1)
		answer(c);
	else
		press_enter(c);
}

static void
enter_in_the_middle_is_the_end(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .on_relay = enter_later, .person = person(0) };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_int_equal(c.n_secret, 0);
	end(&c);
}

/* --- strangers --- */

static const char *stranger;

static void
answer_as_a_stranger(struct login_case *c)
{
	login_case_send_relay_answer(c, stranger);
}

static void
answers_that_are_no_records(void **state)
{
	static const char *const answers[] = { "x", "secret", "yes",
	    "mtls-relay/1:0:0:hello:Zm9v;", "mtls-relay/2:0:1:idle:Zm9v;",
	    "mtls-relay/1:1:1:idle:Zm9v;", "mtls-relay/1:0:2:idle:Zm9v;",
	    "mtls-relay/1:0:0:idle:Zm9v;", "mtls-relay/1:0:1:idle:;",
	    "mtls-relay/1:0:1:idle:Zm9;", "mtls-relay/1:0:1:idle:Zm9v",
	    "mtls-relay/1:0:1:end:Zm9v;", "mtls-relay/1:0:0:done:;",
	    "mtls-relay/1:0:1:done:;", "mtls-relay/1:0:1:fail:Zm9v;",
	    "mtls-relay/1:0:1:idle:Zm9v; ",
	    "(alice@gw) mtls-relay/1:0:1:idle:Zm9v;" };
	size_t i;

	(void)state;
	for (i = 0; i < N(answers); i++) {
		struct login_case c = { .method = "relay,token",
		    .on_relay = answer_as_a_stranger };

		stranger = answers[i];
		login_case_fails(&c, MTLS_E_PROTOCOL);
		/* Nothing of it has reached the verifier, nobody was asked. */
		assert_int_equal(c.record[0]->connections[1], 1);
		assert_int_equal(c.record[0]->asked[FAKE_OPEN], 1);
		assert_int_equal(c.record[0]->given_up, 1);
		assert_int_equal(c.n_secret, 0);
		end(&c);
	}
}

static void
the_user_side_says_why_it_gives_up(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .on_relay = answer_as_a_stranger };

	(void)state;
	stranger = "mtls-relay/1:0:0:fail:bm8gY2FyZA==;";
	login_case_fails(&c, MTLS_E_CANCELLED);
	assert_string_equal(c.result.u.result.reason,
	    "the user's side: no card");
	assert_int_equal(c.n_secret, 0);
	end(&c);
}

/* The verifier hears of it, and does not answer. */
static void
a_verifier_that_does_not_listen(void **state)
{
	struct login_case c = { .method = "relay",
	    .on_relay = answer_as_a_stranger,
	    .verifier[0].on[FAKE_PROOF] = { FAKE_HANG, NULL } };

	(void)state;
	stranger = "x";
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_string_equal(c.result.u.result.reason, "relay: no record");
	assert_int_equal(c.record[0]->given_up, 1);
	assert_true(c.ms < 8000);
	end(&c);
}

/* A prompt that the application could not ask. */
static void
a_conversation_that_fails(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .on_relay = answer_as_a_stranger,
	    .answer_status = MTLS_E_CONVERSATION };

	(void)state;
	stranger = "";
	login_case_fails(&c, MTLS_E_CONVERSATION);
	end(&c);
}

/* A handshake message that a verifier waits for the end of; or nonsense. */
static const uint8_t head[] = { 0x16, 3, 1, 0x40, 0 };
static size_t each, n_sent;
static int is_nonsense;
static enum mtls_relay_flag flag;
static int new_connections;

static void
go_on_and_on(struct login_case *c)
{
	static struct mtls_relay_record r;
	char text[MTLS_RELAY_ANSWER_MAX + 1];
	size_t i;

	r.seq = (unsigned)c->n_relayed - 1;
	r.connection = new_connections ? (unsigned)c->n_relayed : 1;
	r.flag = flag;
	r.len = each;
	if (c->n_relayed == 1 || new_connections)
		n_sent = 0;
	for (i = 0; i < each; i++, n_sent++)
		r.data[i] = n_sent < sizeof(head) && !is_nonsense ?
		    head[n_sent] : 0x01;
	if (mtls_relay_format_answer(&r, text, NULL) == MTLS_OK)
		login_case_send_relay_answer(c, text);
	else
		login_case_send_relay_answer(c, "mtls-relay/1:4:5:more:eA==;");
}

static void
a_user_side_that_never_ends(void **state)
{
	static const struct {
		size_t each;
		enum mtls_relay_flag flag;
		int new_connections;
		const char *reason;
		int n_most;
	} sides[] = {
		{ 1, MTLS_RELAY_MORE, 0, "relay: more than 32 prompts", 32 },
		{ 732, MTLS_RELAY_MORE, 0,
		    "relay: more than 16384 bytes to the verifier", 23 },
		{ 5, MTLS_RELAY_MORE, 1, "relay: too many connections", 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(sides); i++) {
		struct login_case c = { .method = "relay",
		    .on_relay = go_on_and_on };

		each = sides[i].each;
		flag = sides[i].flag;
		new_connections = sides[i].new_connections;
		is_nonsense = 0;
		login_case_fails(&c, MTLS_E_PROTOCOL);
		assert_memory_equal(c.result.u.result.reason,
		    sides[i].reason, strlen(sides[i].reason));
		assert_in_range(c.n_relayed, 1, sides[i].n_most);
		assert_int_equal(c.record[0]->handshakes[1], 0);
		end(&c);
	}
}

/* The verifier hangs up on garbage: that is told, and then nothing fits. */
static void
answer_after_the_end(struct login_case *c)
{
	each = 5;
	is_nonsense = 1;
	flag = MTLS_RELAY_IDLE;
	new_connections = 0;
	go_on_and_on(c);
}

static void
bytes_for_a_connection_that_has_ended(void **state)
{
	struct login_case c = { .method = "relay",
	    .on_relay = answer_after_the_end };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_string_equal(c.result.u.result.reason,
	    "relay: the connection has ended");
	end(&c);
}

static void
silence_ends_at_the_deadline(void **state)
{
	struct login_case c = { .method = "relay",
	    .on_relay = login_case_no_answer, .deadline_ms = 3000 };

	(void)state;
	login_case_fails(&c, MTLS_E_TIMEOUT);
	assert_true(c.ms < 8000);
	end(&c);
}

/* --- verifiers --- */

static void
a_verifier_that_floods(void **state)
{
	struct login_case c = { .method = "relay", .on_relay = answer,
	    .verifier[0].user.flood = FAKE_EMPTY_RECORDS,
	    .person = person(0) };

	(void)state;
	login_case_fails(&c, MTLS_E_PROTOCOL);
	assert_true(c.n_relayed <= 32);
	end(&c);
}

static void
a_verifier_that_refuses_the_certificate(void **state)
{
	struct login_case c = { .method = "relay", .on_relay = answer,
	    .verifier[0].user.refuse_clients = 1, .person = person(0) };

	(void)state;
	login_case_fails(&c, MTLS_E_CANCELLED);
	assert_string_equal(c.result.u.result.reason,
	    "the user's side: the verifier has closed");
	assert_int_equal(c.record[0]->asked[FAKE_GRANT], 0);
	end(&c);
}

/* --- the list of methods --- */

#define NOT_HERE "403 Forbidden\n{\"version\":1," \
	"\"reason\":\"service-not-allowed\",\"message\":\"\"}"

static void
a_method_that_policy_does_not_allow_is_left_out(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .verifier[0].on[FAKE_OPEN] = { FAKE_JSON, NOT_HERE },
	    .verifier[0].has_again = 1 };

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "token");
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 2);
	end(&c);
}

static void
none_that_policy_allows(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .verifier[0].on[FAKE_OPEN] = { FAKE_JSON, NOT_HERE } };

	(void)state;
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 2);
	assert_int_equal(c.n_secret, 0);
	end(&c);
}

/* Another no is a no. */
static void
a_machine_that_is_refused_is_refused(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .verifier[0].on[FAKE_OPEN] = { FAKE_JSON, "403 Forbidden\n"
	    "{\"version\":1,\"reason\":\"host-mismatch\",\"message\":\"\"}" },
	    .verifier[0].has_again = 1 };

	(void)state;
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 1);
	end(&c);
}

static void
no_card_here_leads_to_the_next_method(void **state)
{
	struct login_case c = { .method = "token,relay", .token = "absent",
	    .on_relay = answer, .person = person(0) };

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "relay");
	assert_int_equal(c.n_secret, 0);
	end(&c);
}

static void
a_wrong_pin_does_not(void **state)
{
	struct login_case c = { .method = "token,relay", .pin = "4321" };

	(void)state;
	login_case_fails(&c, MTLS_E_PIN_WRONG);
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 1);
	end(&c);
}

static void
a_no_does_not(void **state)
{
	struct login_case c = { .method = "token,relay",
	    .verifier[0].decision = "deny" };

	(void)state;
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 1);
	end(&c);
}

static void
T10A_single_has_no_relay(void **state)
{
	struct login_case c = { .method = "relay,token",
	    .flags = MTLS_LOGIN_SINGLE };
	struct login_case d = { .method = "relay",
	    .flags = MTLS_LOGIN_SINGLE };

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "token");
	assert_int_equal(c.record[0]->asked[FAKE_OPEN], 1);
	end(&c);
	login_case_fails(&d, MTLS_E_CONVERSATION);
	assert_int_equal(d.record[0]->connections[0], 0);
	end(&d);
}

static void
methods_of_the_settings(void **state)
{
	struct login_case c = { .on_relay = answer, .person = person(0),
	    .service_extra = "method = relay\n" };
	struct login_case d = { .on_relay = answer, .person = person(0),
	    .service_extra = "method = token\n[service su]\n"
	    "method = relay, token\n" };

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "relay");
	end(&c);
	login_case_is_granted(&d);
	assert_string_equal(d.result.u.result.method, "relay");
	end(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_is_granted),
		cmocka_unit_test(a_look_first_takes_eight_rounds_at_most),
		cmocka_unit_test(T10B_what_to_do_stands_in_the_prompt),
		cmocka_unit_test(enter_leads_to_the_next_method),
		cmocka_unit_test(enter_in_the_middle_is_the_end),
		cmocka_unit_test(answers_that_are_no_records),
		cmocka_unit_test(the_user_side_says_why_it_gives_up),
		cmocka_unit_test(a_verifier_that_does_not_listen),
		cmocka_unit_test(a_conversation_that_fails),
		cmocka_unit_test(a_user_side_that_never_ends),
		cmocka_unit_test(bytes_for_a_connection_that_has_ended),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(a_verifier_that_floods),
		cmocka_unit_test(a_verifier_that_refuses_the_certificate),
		cmocka_unit_test(
		    a_method_that_policy_does_not_allow_is_left_out),
		cmocka_unit_test(none_that_policy_allows),
		cmocka_unit_test(a_machine_that_is_refused_is_refused),
		cmocka_unit_test(no_card_here_leads_to_the_next_method),
		cmocka_unit_test(a_wrong_pin_does_not),
		cmocka_unit_test(a_no_does_not),
		cmocka_unit_test(T10A_single_has_no_relay),
		cmocka_unit_test(methods_of_the_settings),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

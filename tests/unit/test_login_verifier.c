/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins with a verifier that is not there, goes away, or talks nonsense:
 * refused in time, and nobody is asked for a PIN before it shows.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

/* Fails before the PIN, with this status, within the time of one attempt. */
static void
fails_early(struct login_case *c, int status)
{
	c->connect_timeout = "1s";
	login_case_fails(c, status);
	assert_int_equal(c->n_secret, 0);
	assert_int_equal(c->n_asked, 0);
	assert_int_equal(c->record[0]->asked[FAKE_PROOF], 0);
	assert_int_equal(c->record[0]->allowed, 0);
	assert_true(c->ms < 10000);
	login_case_clear(c);
}

static void
T010_listeners_that_do_not_serve(void **state)
{
	static const enum fake_greeting greetings[] = { FAKE_REFUSED,
	    FAKE_RESET, FAKE_CLOSE, FAKE_SILENT, FAKE_RESET_HELLO };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		struct login_case device = { 0 }, user = { 0 };

		device.verifier[0].device.greeting = greetings[i];
		fails_early(&device, LOGIN_CASE_UNAVAILABLE);
		user.verifier[0].user.greeting = greetings[i];
		fails_early(&user, LOGIN_CASE_UNAVAILABLE);
	}
}

static void
T010_listeners_that_speak_in_the_clear(void **state)
{
	struct login_case device = { 0 }, user = { 0 };

	(void)state;
	device.verifier[0].device.greeting = FAKE_PLAIN;
	fails_early(&device, LOGIN_CASE_UNAVAILABLE);
	user.verifier[0].user.greeting = FAKE_PLAIN;
	fails_early(&user, LOGIN_CASE_UNAVAILABLE);
}

static void
T010_no_answer_to_a_challenge(void **state)
{
	static const enum fake_action actions[] = { FAKE_DROP, FAKE_RST,
	    FAKE_HANG, FAKE_HALF_DROP, FAKE_HALF_HANG };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct login_case c = { 0 };

		c.verifier[0].on[FAKE_OPEN].action = actions[i];
		fails_early(&c, LOGIN_CASE_UNAVAILABLE);
	}
}

static void
T010_no_answer_after_the_pin(void **state)
{
	static const enum fake_action actions[] = { FAKE_DROP, FAKE_RST,
	    FAKE_HANG, FAKE_HALF_DROP, FAKE_HALF_HANG };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct login_case proof = { .deadline_ms = 1000 },
		    grant = { .deadline_ms = 1000 };

		proof.verifier[0].on[FAKE_PROOF].action = actions[i];
		login_case_fails(&proof, LOGIN_CASE_UNAVAILABLE);
		assert_int_equal(proof.record[0]->asked[FAKE_GRANT], 0);
		assert_true(proof.ms < 10000);
		grant.verifier[0].on[FAKE_GRANT].action = actions[i];
		login_case_fails(&grant, LOGIN_CASE_UNAVAILABLE);
		assert_true(grant.ms < 10000);
		login_case_clear(&proof);
		login_case_clear(&grant);
	}
}

static void
T010_a_name_without_an_address(void **state)
{
	struct login_case c = { .verifier_name = "no-such-name.invalid" };

	(void)state;
	fails_early(&c, MTLS_E_UNAVAILABLE);
}

/* --- answers --- */

static void
T017_a_problem_is_an_answer(void **state)
{
	struct login_case c = { .n_verifiers = 2 };

	(void)state;
	c.verifier[0].on[FAKE_OPEN] = (struct fake_reaction){ FAKE_JSON,
	    "403 Forbidden\n"
	    "{\"version\":1,\"reason\":\"host-mismatch\",\"message\":\"no\"}" };
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_non_null(strstr(c.result.u.result.reason, "host-mismatch"));
	assert_int_equal(c.record[1]->connections[0], 0);
	assert_int_equal(c.n_secret, 0);
	login_case_clear(&c);
}

/* Too many is an answer as well: no other verifier is bothered. */
static void
too_many_is_an_answer(void **state)
{
	static const char too_many[] = "429 Too Many Requests\n"
	    "{\"version\":1,\"reason\":\"too-many-failures\","
	    "\"message\":\"no\"}";
	struct login_case open = { .n_verifiers = 2 },
	    proof = { .n_verifiers = 2 };

	(void)state;
	open.verifier[0].on[FAKE_OPEN] = (struct fake_reaction){ FAKE_JSON,
	    too_many };
	login_case_fails(&open, MTLS_E_LIMITED);
	assert_int_equal(open.n_secret, 0);
	assert_int_equal(open.record[1]->connections[0], 0);
	assert_string_equal(open.result.u.result.message,
	    "There were too many logins. Try again in a few minutes.");
	login_case_clear(&open);
	proof.verifier[0].on[FAKE_PROOF] = (struct fake_reaction){ FAKE_JSON,
	    too_many };
	login_case_fails(&proof, MTLS_E_LIMITED);
	assert_non_null(strstr(proof.result.u.result.reason,
	    "too-many-failures"));
	assert_int_equal(proof.record[0]->asked[FAKE_GRANT], 0);
	assert_int_equal(proof.record[1]->connections[0], 0);
	login_case_clear(&proof);
}

static void
T019_a_decision_is_fetched_once(void **state)
{
	struct login_case c = { .verifier[0].has_again = 1 };

	(void)state;
	/* The answer is lost on the way; the second question gets a no. */
	c.verifier[0].on[FAKE_GRANT].action = FAKE_DROP;
	c.verifier[0].again[FAKE_GRANT] = (struct fake_reaction){ FAKE_JSON,
	    "409 Conflict\n{\"version\":1,\"reason\":\"already-delivered\",\"message\":\"no\"}" };
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_non_null(strstr(c.result.u.result.reason,
	    "already-delivered"));
	assert_int_equal(c.record[0]->allowed, 0);
	login_case_clear(&c);
}

/* --- answers that are none --- */

#define JSON "Content-Type: application/json\r\n"
#define LEN "Content-Length: $L\r\n"

static const char *const bad_answers[] = {
	"HTTP/1.1 301 Moved\r\nLocation: https://localhost:1/\r\n" JSON LEN
	    "\r\n$J",
	"HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\n" JSON LEN
	    "\r\n$J",
	"HTTP/1.1 307 Temporary\r\nLocation: /v1/x\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 308 Permanent\r\nLocation: /v1/x\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 200 OK\r\nLocation: /v1/x\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 204 No Content\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 206 Partial Content\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 304 Not Modified\r\n" JSON LEN "\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n" JSON LEN
	    "\r\n$J",
	"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
	"HTTP/1.1 200 OK\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n"
	    "1\r\n{\r\n0\r\n\r\n",
	"HTTP/1.1 201 Created\r\n" JSON LEN
	    "Transfer-Encoding: chunked\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON LEN
	    "Transfer-Encoding: identity\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON LEN
	    "Content-Encoding: gzip\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON LEN LEN "\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON LEN "Content-Length: 1\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON "Content-Length: 1\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON "Content-Length: 0\r\n\r\n",
	"HTTP/1.1 201 Created\r\n" JSON "Content-Length: -1\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON "Content-Length: +$L\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON "Content-Length: 0x20\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON "Content-Length: 16385\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON
	    "Content-Length: 99999999999999999999\r\n\r\n$J",
	"HTTP/1.1 201 Created\r\n" LEN "\r\n$J",
	"HTTP/1.1 201 Created\r\nContent-Type: text/html\r\n" LEN "\r\n$J",
	"HTTP/1.1 201 Created\r\nContent-Type: application/jsonp\r\n" LEN
	    "\r\n$J",
	"HTTP/1.1 201 Created\r\n" JSON JSON LEN "\r\n$J",
	"HTTP/1.0 201 Created\r\n" JSON LEN "\r\n$J",
	"HTTP/2.0 201 Created\r\n" JSON LEN "\r\n$J",
	"$J",
	"HTTP/1.1 201 Created\r\n" JSON LEN "\r\n$J$J",
	"HTTP/1.1 201 Created\r\n" JSON LEN "\r\n$J"
	    "HTTP/1.1 200 OK\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 201 Created\r\n : \r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 201 Created\r\nnonsense\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 999 Odd\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 0 Odd\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 403 Forbidden\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 503 Unavailable\r\n" JSON LEN "\r\n$J",
	"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n" LEN
	    "\r\n$J",
	"HTTP/1.1 200 OK\r\n" JSON "Content-Length: 2\r\n\r\n{}",
	"HTTP/1.1 202 Accepted\r\n" JSON "Content-Length: 2\r\n\r\n{}",
};

static void
T055_bad_answers_to_open(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad_answers) / sizeof(bad_answers[0]); i++) {
		struct login_case c = { 0 };

		c.verifier[0].on[FAKE_OPEN] = (struct fake_reaction){
		    FAKE_RAW, bad_answers[i] };
		fails_early(&c, LOGIN_CASE_UNAVAILABLE);
	}
}

/* The same with a status that would be right. */
static void
T055_bad_answers_to_proof_and_grant(void **state)
{
	char *answer = malloc(1024);
	const char *created;
	size_t i;

	(void)state;
	assert_non_null(answer);
	for (i = 0; i < sizeof(bad_answers) / sizeof(bad_answers[0]); i++) {
		struct login_case proof = { .deadline_ms = 1000 },
		    grant = { .deadline_ms = 1000 };

		(void)snprintf(answer, 1024, "%s", bad_answers[i]);
		created = strstr(answer, "201 Created");
		if (created != NULL)
			memcpy(answer + (created - answer), "200 Granted",
			    11);
		proof.verifier[0].on[FAKE_PROOF] = (struct fake_reaction){
		    FAKE_RAW, answer };
		login_case_fails(&proof, LOGIN_CASE_UNAVAILABLE);
		login_case_clear(&proof);
		grant.verifier[0].on[FAKE_GRANT] = (struct fake_reaction){
		    FAKE_RAW, answer };
		login_case_fails(&grant, LOGIN_CASE_UNAVAILABLE);
		login_case_clear(&grant);
	}
	free(answer);
}

static char *
repeat(const char *begin, const char *part, size_t n, const char *end)
{
	size_t size = strlen(begin) + n * strlen(part) + strlen(end) + 1;
	char *text = malloc(size);
	size_t i, at;

	assert_non_null(text);
	at = strlen(begin);
	memcpy(text, begin, at);
	for (i = 0; i < n; i++, at += strlen(part))
		memcpy(text + at, part, strlen(part));
	memcpy(text + at, end, strlen(end) + 1);
	return text;
}

static void
T055_bombs(void **state)
{
	char *bombs[3];
	size_t i;

	(void)state;
	bombs[0] = repeat("HTTP/1.1 200 OK\r\n", "X-A: b\r\n", 5000,
	    "\r\n");
	bombs[1] = repeat("", "HTTP/1.1 100 Continue\r\n\r\n", 2000, "");
	bombs[2] = repeat("HTTP/1.1 200 OK\r\n" JSON
	    "Content-Length: 50000\r\n\r\n", "x", 50000, "");
	for (i = 0; i < 3; i++) {
		struct login_case open = { 0 },
		    grant = { .deadline_ms = 1000 };

		open.verifier[0].on[FAKE_OPEN] = (struct fake_reaction){
		    FAKE_RAW, bombs[i] };
		fails_early(&open, LOGIN_CASE_UNAVAILABLE);
		grant.verifier[0].on[FAKE_GRANT] = (struct fake_reaction){
		    FAKE_RAW, bombs[i] };
		login_case_fails(&grant, LOGIN_CASE_UNAVAILABLE);
		login_case_clear(&grant);
		free(bombs[i]);
	}
}

static void
T02A_an_answer_that_is_cut(void **state)
{
	struct login_case grant = { 0 }, whole = { .verifier[0].close_idle =
	    1 };

	(void)state;
	grant.verifier[0].on[FAKE_GRANT].action = FAKE_HALF_DROP;
	login_case_fails(&grant, LOGIN_CASE_UNAVAILABLE);
	assert_true(grant.ms < 8000);
	/* No close_notify, but the answer says how long it is. */
	login_case_is_granted(&whole);
	login_case_clear(&grant);
	login_case_clear(&whole);
}

static void
T058_T059_a_grant_for_something_else(void **state)
{
	static const struct {
		const char *member, *value;
	} odd[] = {
		{ "decision", "\"deny\",\"decision\":\"allow\"" },
		{ "decision", "\"allow\",\"decision\":\"allow\"" },
		{ "decision", "1" },
		{ "user", "\"alice\"" },
		{ "service", "\"sudo\"" },
		{ "host", "\"ws2.acme.example\"" },
		{ "tty", "\"\"" },
		{ "rhost", "\"192.0.2.1\"" },
		{ "ruser", "\"\"" },
		{ "method", "\"code\"" },
		{ "request", "\"00000000000000000000000000000000\"" },
		{ "challenge", "\"00000000000000000000000000000000\"" },
		{ "expires_in", "0" },
		{ "version", "2" },
		/* T-058: what JSON has besides. */
		{ "decision", "true" },
		{ "decision", "null" },
		{ "decision", "[\"allow\"]" },
		{ "decision", "{\"allow\":1}" },
		{ "decision", "\"Allow\"" },
		{ "decision", "\"allow\\u0000\"" },
		{ "decision", "\"\\ud800allow\"" },
		{ "decision", "\"allow\",\"allow\":1" },
		{ "decision", "\"allow\"/**/" },
		{ "decision", "\"allow\",\"decisio\\u006e\":\"deny\"" },
		{ "expires_in", "1e999" },
		{ "expires_in", "-0" },
		{ "expires_in", "30.0" },
		{ "expires_in", "9007199254740993" },
		{ "expires_in", "NaN" },
		{ "expires_in", "\"30\"" },
		{ "expires_in", "true" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct login_case c = { 0 };

		c.verifier[0].member = odd[i].member;
		c.verifier[0].value = odd[i].value;
		login_case_fails(&c, MTLS_E_PROTOCOL);
		assert_int_equal(c.result.u.result.verdict,
		    MTLS_VERDICT_NONE);
		login_case_clear(&c);
	}
}

/* Well-formed, and about another login's challenge. */
static void
T059_an_answer_about_another_challenge(void **state)
{
	static const char other[] = "{\"version\":1,\"challenge\":"
	    "\"ffffffffffffffffffffffffffffffff\"}";
	struct login_case proof = { 0 }, pending = { 0 };
	char text[128];

	(void)state;
	(void)snprintf(text, sizeof(text), "200 OK\n%s", other);
	proof.verifier[0].on[FAKE_PROOF] = (struct fake_reaction){
	    FAKE_JSON, text };
	login_case_fails(&proof, MTLS_E_PROTOCOL);
	assert_int_equal(proof.record[0]->asked[FAKE_GRANT], 0);
	login_case_clear(&proof);
	(void)snprintf(text, sizeof(text), "202 Accepted\n%s", other);
	pending.verifier[0].on[FAKE_GRANT] = (struct fake_reaction){
	    FAKE_JSON, text };
	login_case_fails(&pending, MTLS_E_PROTOCOL);
	login_case_clear(&pending);
}

static void
T018_a_replayed_answer(void **state)
{
	struct login_case open = { 0 }, grant = { 0 };

	(void)state;
	open.verifier[0].on[FAKE_OPEN] = (struct fake_reaction){ FAKE_JSON,
	    "201 Created\n{\"version\":1,\"challenge\":\"$C\",\"nonce\":\"000000000000000000"
	    "0000000000000000000000000000000000000000000000\","
	    "\"expires_in\":120,\"session\":\"\"}" };
	login_case_fails(&open, MTLS_E_PROTOCOL);
	assert_non_null(strstr(open.result.u.result.reason, "nonce"));
	assert_int_equal(open.n_secret, 0);
	login_case_clear(&open);
	grant.verifier[0].member = "nonce";
	grant.verifier[0].value = "\"00000000000000000000000000000000"
	    "00000000000000000000000000000000\"";
	login_case_fails(&grant, MTLS_E_PROTOCOL);
	assert_non_null(strstr(grant.result.u.result.reason, "nonce"));
	login_case_clear(&grant);
}

/* --- in the middle, and in time --- */

static void
stop_verifier(struct login_case *c)
{
	fake_verifier_stop(c->fake[0]);
	login_case_answer_secret(c);
}

static void
T075_the_verifier_goes_while_the_pin_is_typed(void **state)
{
	struct login_case c = { .on_secret = stop_verifier };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_UNAVAILABLE);
	assert_int_equal(c.record[0]->allowed, 0);
	login_case_clear(&c);
}

static void
T075_the_user_listener_goes_while_the_pin_is_typed(void **state)
{
	struct login_case c = { 0 };

	(void)state;
	c.verifier[0].user.greeting = FAKE_RESET;
	c.verifier[0].user.greet_from = 2;
	login_case_fails(&c, LOGIN_CASE_UNAVAILABLE);
	assert_int_equal(c.n_secret, 1);
	login_case_clear(&c);
}

static void
T075_another_verifier_is_no_substitute(void **state)
{
	struct login_case c = { .n_verifiers = 2, .on_secret =
	    stop_verifier };

	(void)state;
	login_case_fails(&c, LOGIN_CASE_UNAVAILABLE);
	assert_int_equal(c.record[1]->connections[0], 0);
	assert_int_equal(c.record[1]->connections[1], 0);
	login_case_clear(&c);
}

static void
T090_dropped_packets_end_with_the_deadline(void **state)
{
	struct login_case c = { .connect_timeout = "10s",
	    .deadline_ms = 1500 };

	(void)state;
	c.verifier[0].device.greeting = FAKE_SILENT;
	c.verifier[0].user.greeting = FAKE_SILENT;
	login_case_fails(&c, MTLS_E_TIMEOUT);
	assert_true(c.ms >= 1400 && c.ms < 8000);
	assert_string_equal(c.result.u.result.message,
	    "The login cannot be verified at the moment.");
	login_case_clear(&c);
}

static void
T054_one_byte_a_second_is_not_progress(void **state)
{
	struct login_case c = { .connect_timeout = "1s" },
	    grant = { .deadline_ms = 1500 };

	(void)state;
	c.verifier[0].on[FAKE_OPEN].action = FAKE_SLOW;
	fails_early(&c, MTLS_E_UNAVAILABLE);
	grant.verifier[0].on[FAKE_GRANT].action = FAKE_SLOW;
	login_case_fails(&grant, MTLS_E_TIMEOUT);
	assert_true(grant.ms < 10000);
	login_case_clear(&grant);
}

/* --- the next verifier --- */

static void
the_next_verifier_takes_over(void **state)
{
	static const enum fake_greeting greetings[] = { FAKE_REFUSED,
	    FAKE_RESET, FAKE_CLOSE, FAKE_SILENT, FAKE_PLAIN };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		struct login_case device = { .n_verifiers = 2,
		    .connect_timeout = "1s" }, user = { .n_verifiers = 2,
		    .connect_timeout = "1s" };

		device.verifier[0].device.greeting = greetings[i];
		login_case_is_granted(&device);
		assert_int_equal(device.record[0]->allowed, 0);
		assert_int_equal(device.record[1]->allowed, 1);
		user.verifier[0].user.greeting = greetings[i];
		login_case_is_granted(&user);
		assert_int_equal(user.record[0]->asked[FAKE_GRANT], 0);
		assert_int_equal(user.record[1]->allowed, 1);
		login_case_clear(&device);
		login_case_clear(&user);
	}
}

static void
the_next_verifier_after_no_answer_of_ours(void **state)
{
	static const struct fake_reaction reactions[] = {
		{ FAKE_RAW, "HTTP/1.1 502 Bad Gateway\r\n"
		    "Content-Type: text/html\r\nContent-Length: 5\r\n\r\n"
		    "sorry" },
		{ FAKE_RAW, "HTTP/1.1 404 Not Found\r\n"
		    "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n"
		    "no" },
		{ FAKE_JSON, "503 Unavailable\n{\"version\":1,"
		    "\"reason\":\"state-unavailable\",\"message\":\"\"}" },
		{ FAKE_JSON, "403 Forbidden\n{\"version\":1}" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(reactions) / sizeof(reactions[0]); i++) {
		struct login_case c = { .n_verifiers = 2 };

		c.verifier[0].on[FAKE_OPEN] = reactions[i];
		login_case_is_granted(&c);
		assert_int_equal(c.record[1]->allowed, 1);
		login_case_clear(&c);
	}
}

/* What is wrong with one must not hide what is wrong with the other. */
static void
each_verifier_says_why(void **state)
{
	struct login_case c = { .n_verifiers = 2 };
	const char *reason;

	(void)state;
	c.verifier[0].on[FAKE_OPEN] = (struct fake_reaction){ FAKE_JSON,
	    "503 Unavailable\n{\"version\":1,\"reason\":"
	    "\"state-unavailable\",\"message\":\"\"}" };
	c.verifier[1].on[FAKE_OPEN] = (struct fake_reaction){ FAKE_JSON,
	    "503 Unavailable\n{\"version\":1,\"reason\":"
	    "\"ending\",\"message\":\"\"}" };
	login_case_fails(&c, MTLS_E_UNAVAILABLE);
	reason = c.result.u.result.reason;
	assert_non_null(strstr(reason, "state-unavailable"));
	assert_non_null(strstr(reason, "ending"));
	assert_ptr_equal(strstr(reason, "localhost: "), reason);
	login_case_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T010_listeners_that_do_not_serve),
		cmocka_unit_test(T010_listeners_that_speak_in_the_clear),
		cmocka_unit_test(T010_no_answer_to_a_challenge),
		cmocka_unit_test(T010_no_answer_after_the_pin),
		cmocka_unit_test(T010_a_name_without_an_address),
		cmocka_unit_test(T017_a_problem_is_an_answer),
		cmocka_unit_test(each_verifier_says_why),
		cmocka_unit_test(too_many_is_an_answer),
		cmocka_unit_test(T019_a_decision_is_fetched_once),
		cmocka_unit_test(T055_bad_answers_to_open),
		cmocka_unit_test(T055_bad_answers_to_proof_and_grant),
		cmocka_unit_test(T055_bombs),
		cmocka_unit_test(T02A_an_answer_that_is_cut),
		cmocka_unit_test(T058_T059_a_grant_for_something_else),
		cmocka_unit_test(T059_an_answer_about_another_challenge),
		cmocka_unit_test(T018_a_replayed_answer),
		cmocka_unit_test(
		    T075_the_verifier_goes_while_the_pin_is_typed),
		cmocka_unit_test(
		    T075_the_user_listener_goes_while_the_pin_is_typed),
		cmocka_unit_test(T075_another_verifier_is_no_substitute),
		cmocka_unit_test(T090_dropped_packets_end_with_the_deadline),
		cmocka_unit_test(T054_one_byte_a_second_is_not_progress),
		cmocka_unit_test(the_next_verifier_takes_over),
		cmocka_unit_test(the_next_verifier_after_no_answer_of_ours),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

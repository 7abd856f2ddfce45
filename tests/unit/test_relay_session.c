/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The user's side of a relay: whole logins with the helper at the other end,
 * and gateways that say what they should not.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "client/relay_session.h"
#include "mtls/body.h"
#include "mtls/verdict.h"

#define GATEWAY	"ws1.acme.example"

/* The person, and what they saw. */
struct desk {
	struct mtls_tls *tls;
	struct client_settings *settings;
	struct relay_session *session;
	struct relay_meant meant;
	const char *pin;
	int n_pins, n_sentences;
	char sentence[RELAY_SENTENCE_SIZE];
	char answer[MTLS_RELAY_ANSWER_MAX + 1];
};

static struct desk desk;

static enum mtls_status
on_ask(void *arg, const char *text, char *answer, size_t size,
    struct mtls_err *err)
{
	(void)arg;
	(void)text;
	(void)answer;
	(void)size;
	return mtls_fail(err, MTLS_E_CONVERSATION, "nobody is asked this");
}

static enum mtls_status
on_ask_pin(void *arg, const char *text, int pin_fd, struct mtls_err *err)
{
	struct desk *d = arg;

	assert_non_null(strstr(text, "PIN for Alice's card: "));
	d->n_pins++;
	if (d->pin == NULL)
		return mtls_fail(err, MTLS_E_CANCELLED, "no answer");
	assert_int_equal(send(pin_fd, d->pin, strlen(d->pin), MSG_NOSIGNAL),
	    strlen(d->pin));
	return MTLS_OK;
}

static void
on_tell(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void
read_settings(const char *ca, const char *token)
{
	const char *dir = pki_dir0(login_rig.pki);
	struct mtls_err err;
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/person.conf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f, "[verifier]\nservers = localhost\nca = %s/%s.pem\n"
	    "[token]\nmodule = /fake.so\n"
	    "environment = FAKE_TOKEN=%s, FAKE_TOKEN_DIR=%s\n", dir, ca,
	    token, dir);
	assert_int_equal(fclose(f), 0);
	mtls_err_clear(&err);
	if (client_settings_read(path, &desk.settings, &err) != MTLS_OK)
		fail_msg("%s", err.text);
}

static void
sit_down_with(const char *ca, const char *token)
{
	struct person_options o = { NULL, NULL, FAKE_TOKEN,
	    mtls_deadline_in_ms(20000), { on_ask, on_ask_pin, on_tell,
	    &desk } };
	struct mtls_err err;

	memset(&desk, 0, sizeof(desk));
	desk.pin = "1234";
	desk.meant.user = login_rig.user;
	desk.meant.gateway = GATEWAY;
	desk.meant.service = "su";
	read_settings(ca, token);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_new(&desk.tls, &err), MTLS_OK);
	o.tls = desk.tls;
	o.settings = desk.settings;
	if (relay_session_new(&o, &desk.meant, &desk.session, &err) !=
	    MTLS_OK)
		fail_msg("%s", err.text);
}

static void
sit_down(void)
{
	sit_down_with("ca", "");
}

static void
leave(void)
{
	relay_session_free(desk.session);
	client_settings_free(desk.settings);
	mtls_tls_free(desk.tls);
}

static void
take_prompt(const char *prompt)
{
	char sentence[RELAY_SENTENCE_SIZE];

	relay_session_answer(desk.session, prompt, desk.answer, sentence);
	if (sentence[0] == '\0')
		return;
	desk.n_sentences++;
	memcpy(desk.sentence, sentence, sizeof(sentence));
}

/* --- with the helper --- */

static void
answer_helper(struct login_case *c)
{
	take_prompt(c->relayed);
	login_case_send_relay_answer(c, desk.answer);
}

static void
a_login_is_granted(void **state)
{
	struct login_case c = { .method = "relay",
	    .on_relay = answer_helper };
	static struct mtls_relay_record r;

	(void)state;
	sit_down();
	login_case_is_granted(&c);
	assert_int_equal(desk.n_pins, 1);
	assert_int_equal(desk.n_sentences, 0);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 1);
	assert_int_equal(mtls_relay_parse_answer(desk.answer, &r, NULL),
	    MTLS_OK);
	assert_int_equal(r.flag, MTLS_RELAY_DONE);
	login_case_clear(&c);
	leave();
}

/* The conversation goes on as if nothing had been signed yet. */
static void
a_prompt_after_the_end_is_refused(void **state)
{
	struct login_case c = { .method = "relay",
	    .on_relay = answer_helper };
	static struct mtls_relay_record r;
	struct mtls_err err;
	char text[64];

	(void)state;
	sit_down();
	login_case_is_granted(&c);
	mtls_err_clear(&err);
	assert_int_equal(mtls_relay_parse_answer(desk.answer, &r, &err),
	    MTLS_OK);
	(void)snprintf(text, sizeof(text), "mtls-relay/1:%u:%u:idle:AA==;",
	    r.seq + 1, r.connection);
	take_prompt(text);
	assert_int_equal(mtls_relay_parse_answer(desk.answer, &r, &err),
	    MTLS_OK);
	assert_int_equal(r.flag, MTLS_RELAY_FAIL);
	assert_int_equal(desk.n_sentences, 1);
	assert_int_equal(desk.n_pins, 1);
	login_case_clear(&c);
	leave();
}

/* Nothing is signed twice, for whatever reason it is asked for. */
static void
a_second_challenge_is_refused(void **state)
{
	struct login_case c = { .method = "relay",
	    .on_relay = answer_helper };
	struct login_case again = { .method = "relay",
	    .on_relay = answer_helper };

	(void)state;
	sit_down();
	login_case_is_granted(&c);
	login_case_clear(&c);
	login_case_run(&again);
	assert_int_not_equal(again.result.u.result.verdict,
	    MTLS_VERDICT_ALLOW);
	assert_int_equal(again.record[0]->asked[FAKE_PROOF], 0);
	assert_int_equal(desk.n_pins, 1);
	assert_int_equal(desk.n_sentences, 1);
	login_case_clear(&again);
	leave();
}

static void
fails(const char *sentence, int n_pins, int n_proofs)
{
	struct login_case c = { .method = "relay",
	    .on_relay = answer_helper };

	login_case_run(&c);
	assert_int_not_equal(c.result.u.result.verdict, MTLS_VERDICT_ALLOW);
	if (strstr(desk.sentence, sentence) == NULL)
		fail_msg("%s", desk.sentence);
	assert_int_equal(desk.n_sentences, 1);
	assert_int_equal(desk.n_pins, n_pins);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], n_proofs);
	login_case_clear(&c);
	leave();
}

static void
a_wrong_pin(void **state)
{
	(void)state;
	sit_down();
	desk.pin = "9999";
	fails("Wrong PIN.", 1, 0);
}

static void
a_person_who_does_not_answer(void **state)
{
	(void)state;
	sit_down();
	desk.pin = NULL;
	fails("no answer", 1, 0);
}

static void
a_card_that_fails(void **state)
{
	static const char *const tokens[] = { "die@start", "crash@ready",
	    "exit@pin", "die@sign" };
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		sit_down_with("ca", tokens[i]);
		fails("The smart card failed.", i >= 2, 0);
	}
}

static void
a_verifier_of_somebody_else_s(void **state)
{
	(void)state;
	login_rig_write(login_rig.other_ca, "otherca");
	sit_down_with("otherca", "");
	fails("certificate was not accepted", 0, 0);
}

/* --- with a gateway of the test's own --- */

static void
write_prompt(unsigned seq, unsigned connection, enum mtls_relay_flag flag,
    const void *data, size_t len, char *out)
{
	static struct mtls_relay_record r;
	struct mtls_err err;

	r.seq = seq;
	r.connection = connection;
	r.flag = flag;
	r.len = len;
	memcpy(r.data, data, len);
	mtls_err_clear(&err);
	if (mtls_relay_format_prompt(&r, out, &err) != MTLS_OK)
		fail_msg("%s", err.text);
}

static void
write_hello(const char *verifier, const char *user, const char *service,
    const char *host, char *out)
{
	struct mtls_body_relay hello;
	char *json = NULL;
	size_t len;

	memset(&hello, 0, sizeof(hello));
	hello.version = 1;
	hello.verifier = (char *)(uintptr_t)verifier;
	hello.user = (char *)(uintptr_t)user;
	hello.service = (char *)(uintptr_t)service;
	hello.host = (char *)(uintptr_t)host;
	hello.expires_in = 20;
	assert_int_equal(mtls_body_format(MTLS_BODY_RELAY, &hello, &json,
	    &len, NULL), MTLS_OK);
	write_prompt(0, 0, MTLS_RELAY_HELLO, json, len, out);
	free(json);
}

static char prompt[MTLS_RELAY_PROMPT_MAX + 1];

/* "fail", for this prompt, and no more words about it afterwards. */
static void
is_over(unsigned seq)
{
	static struct mtls_relay_record r, first;

	assert_int_equal(mtls_relay_parse_answer(desk.answer, &r, NULL),
	    MTLS_OK);
	assert_int_equal(r.flag, MTLS_RELAY_FAIL);
	assert_int_equal(r.seq, seq);
	assert_true(r.len > 0);
	first = r;
	assert_int_equal(desk.n_sentences, 1);
	assert_int_equal(desk.n_pins, 0);
	write_hello("localhost", login_rig.user, "su", GATEWAY, prompt);
	take_prompt(prompt);
	assert_int_equal(mtls_relay_parse_answer(desk.answer, &r, NULL),
	    MTLS_OK);
	assert_int_equal(r.flag, MTLS_RELAY_FAIL);
	/* The same reason: the last one is what the verifier shows. */
	assert_int_equal(r.len, first.len);
	assert_memory_equal(r.data, first.data, first.len);
	assert_int_equal(desk.n_sentences, 1);
	leave();
}

static void
said_hello(void)
{
	static struct mtls_relay_record r;

	sit_down();
	write_hello("localhost", login_rig.user, "su", GATEWAY, prompt);
	take_prompt(prompt);
	assert_int_equal(mtls_relay_parse_answer(desk.answer, &r, NULL),
	    MTLS_OK);
	assert_int_equal(r.flag, MTLS_RELAY_IDLE);
	assert_int_equal(r.connection, 1);
	assert_true(r.len > 100);
}

static void
another_name_in_the_hello(void **state)
{
	static const struct {
		const char *verifier, *user, *service, *host, *sentence;
	} cases[] = {
		{ "evil.example", NULL, "su", GATEWAY, "not one of yours" },
		{ "localhost", "mallory", "su", GATEWAY, "the user mallory" },
		{ "localhost", NULL, "sshd", GATEWAY, "the service sshd" },
		{ "localhost", NULL, "su", "ws2.acme.example",
		    "you mean ws1.acme.example" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sit_down();
		write_hello(cases[i].verifier, cases[i].user != NULL ?
		    cases[i].user : login_rig.user, cases[i].service,
		    cases[i].host, prompt);
		take_prompt(prompt);
		assert_non_null(strstr(desk.sentence, cases[i].sentence));
		is_over(0);
	}
}

/* Letters of a name make no difference, and what is around is for people. */
static void
a_hello_that_is_meant(void **state)
{
	static char text[2 * MTLS_RELAY_PROMPT_MAX];

	(void)state;
	sit_down();
	write_hello("LOCALHOST", login_rig.user, "su", "WS1.acme.example",
	    prompt);
	(void)snprintf(text, sizeof(text), "(a@b) %s Read this: ", prompt);
	take_prompt(text);
	assert_int_equal(desk.n_sentences, 0);
	leave();
}

static void
prompts_that_are_none(void **state)
{
	static const char *const prompts[] = { "mtls-relay/",
	    "mtls-relay/2:0:0:hello:e30=;", "mtls-relay/1:0:0:hello:;",
	    "mtls-relay/1:0:0:hello:e30=", "mtls-relay/1:0:0:hello:e30;",
	    "mtls-relay/1:0:0:hello:e30=;mtls-relay/1:0:0:hello:e30=;",
	    "mtls-relay/1:00:0:hello:e30=;", "mtls-relay/1:0:1:idle:;",
	    "mtls-relay/1:0:0:hello:\x1b[2J;", "mtls-relay/1:0:0:done:;",
	    /* A body that is none. */
	    "mtls-relay/1:0:0:hello:e30=;" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
		sit_down();
		take_prompt(prompts[i]);
		is_over(0);
	}
}

static void
a_prompt_of_ten_megabytes(void **state)
{
	size_t len = 10u << 20;
	char *big = malloc(len + 1);

	(void)state;
	assert_non_null(big);
	memset(big, 'A', len);
	big[len] = '\0';
	memcpy(big, "mtls-relay/1:0:0:hello:", 23);
	big[len - 1] = ';';
	sit_down();
	take_prompt(big);
	is_over(0);
	free(big);
}

static void
prompts_out_of_order(void **state)
{
	static const struct {
		unsigned seq, connection;
		enum mtls_relay_flag flag;
		size_t len;
	} cases[] = { { 2, 1, MTLS_RELAY_IDLE, 1 }, { 1, 0, MTLS_RELAY_IDLE,
	    1 }, { 1, 2, MTLS_RELAY_IDLE, 1 }, { 1, 1, MTLS_RELAY_IDLE, 0 },
	    { 1, 1, MTLS_RELAY_END, 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		said_hello();
		write_prompt(cases[i].seq, cases[i].connection,
		    cases[i].flag, "\x16", cases[i].len, prompt);
		take_prompt(prompt);
		is_over(cases[i].seq);
	}
}

static void
a_second_hello(void **state)
{
	(void)state;
	said_hello();
	take_prompt(prompt);
	assert_non_null(strstr(desk.sentence, "begins again"));
	is_over(0);
}

static void
bytes_that_are_no_tls(void **state)
{
	(void)state;
	said_hello();
	write_prompt(1, 1, MTLS_RELAY_IDLE, "HTTP/1.1 200 OK\r\n\r\n", 19,
	    prompt);
	take_prompt(prompt);
	is_over(1);
}

/* A record of TLS, one byte at a time: the person does not wait for ever. */
static void
rounds_without_end(void **state)
{
	static const char record[64] = "\x16\x03\x03\x40\x00";
	static struct mtls_relay_record r;
	unsigned seq;

	(void)state;
	said_hello();
	for (seq = 1; seq < MTLS_RELAY_PROMPTS; seq++) {
		write_prompt(seq, 1, MTLS_RELAY_IDLE, record + seq - 1, 1,
		    prompt);
		take_prompt(prompt);
		assert_int_equal(mtls_relay_parse_answer(desk.answer, &r,
		    NULL), MTLS_OK);
		assert_int_equal(r.flag, MTLS_RELAY_IDLE);
	}
	take_prompt("mtls-relay/1:32:1:idle:AA==;");
	is_over(0);
}

/* A ServerHello as long as TLS lets it be, in prompts as large as may be. */
static void
bytes_without_end(void **state)
{
	static char stream[5 * (5 + 16384)];
	unsigned seq;
	size_t i;

	(void)state;
	said_hello();
	for (i = 0; i < sizeof(stream); i += 5 + 16384)
		memcpy(stream + i, "\x16\x03\x03\x40\x00", 5);
	memcpy(stream + 5, "\x02\x00\xff\xff\x03\x03", 6);
	for (seq = 1; desk.n_sentences == 0; seq++) {
		assert_true(seq < 13);
		write_prompt(seq, 1, MTLS_RELAY_MORE, stream + (seq - 1) *
		    MTLS_RELAY_PROMPT_BYTES, MTLS_RELAY_PROMPT_BYTES, prompt);
		take_prompt(prompt);
	}
	assert_non_null(strstr(desk.sentence, "than a relay carries"));
	is_over(seq - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_is_granted),
		cmocka_unit_test(a_prompt_after_the_end_is_refused),
		cmocka_unit_test(a_second_challenge_is_refused),
		cmocka_unit_test(a_wrong_pin),
		cmocka_unit_test(a_person_who_does_not_answer),
		cmocka_unit_test(a_card_that_fails),
		cmocka_unit_test(a_verifier_of_somebody_else_s),
		cmocka_unit_test(another_name_in_the_hello),
		cmocka_unit_test(a_hello_that_is_meant),
		cmocka_unit_test(prompts_that_are_none),
		cmocka_unit_test(a_prompt_of_ten_megabytes),
		cmocka_unit_test(prompts_out_of_order),
		cmocka_unit_test(a_second_hello),
		cmocka_unit_test(bytes_that_are_no_tls),
		cmocka_unit_test(rounds_without_end),
		cmocka_unit_test(bytes_without_end),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

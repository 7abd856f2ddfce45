/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Logins by an ssh-agent: with modules, agents and verifiers that do not say
 * what they should.
 */
#include "config.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/fake_agent.h"
#include "../lib/login_rig.h"
#include "../lib/unit.h"
#include "mtls/base64.h"
#include "mtls/status.h"

/* An agent in the event loop of the test. */
struct stage {
	int n_keys;		/* the person's, that often */
	EVP_PKEY *key;		/* NULL: the person's */
	int refuses, ends;	/* instead of signing */
	int says_uid;		/* another one than the kernel does */
	int status;		/* no agent: ANSWER with this ... */
	const char *text;	/* ... and this */
	int fd;
	struct event *readable;
	int n_lists, n_signatures;
};

static void
say(struct stage *s, uint8_t type, const struct fake_bytes *body)
{
	struct fake_agent a = { .fd = s->fd };

	fake_agent_say(&a, type, body->data, body->len);
}

static void
list(struct stage *s)
{
	static struct fake_bytes body, blob;
	int i;

	s->n_lists++;
	body.len = blob.len = 0;
	fake_put_key(&blob, s->key);
	fake_put_u32(&body, (uint32_t)s->n_keys);
	for (i = 0; i < s->n_keys; i++) {
		fake_put_string(&body, blob.data, blob.len);
		fake_put_text(&body, "alice's key");
	}
	say(s, 12, &body);
}

static void
sign(struct stage *s, struct ssh_wire *w)
{
	static struct fake_bytes body, signature;
	struct ssh_wire blob, message;

	s->n_signatures++;
	body.len = signature.len = 0;
	assert_int_equal(ssh_wire_string(w, 10000, &blob), 0);
	assert_int_equal(ssh_wire_string(w, 10000, &message), 0);
	if (s->ends) {
		(void)shutdown(s->fd, SHUT_RDWR);
		return;
	}
	if (s->refuses) {
		say(s, 5, &body);
		return;
	}
	fake_put_signature(&signature, s->key, "ecdsa-sha2-nistp256",
	    "SHA2-256", message.data, message.len);
	fake_put_string(&body, signature.data, signature.len);
	say(s, 14, &body);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t data[65536];
	ssize_t n = recv(fd, data, sizeof(data), 0);
	struct ssh_wire w = { data, n > 0 ? (size_t)n : 0 };
	struct stage *s = arg;
	uint32_t len;
	uint8_t type;

	(void)what;
	if (ssh_wire_u32(&w, &len) != 0 || ssh_wire_byte(&w, &type) != 0)
		(void)event_del(s->readable);
	else if (type == 11)
		list(s);
	else if (type == 13)
		sign(s, &w);
}

/* The module's part. */
static void
bring_agent(struct login_case *c)
{
	struct mtls_message m = { .type = MTLS_MSG_AGENT };
	struct stage *s = c->agent;
	struct mtls_err err;
	int fds[2];

	mtls_err_clear(&err);
	if (s->status != MTLS_OK || s->n_keys < 0) {
		m.type = MTLS_MSG_ANSWER;
		m.u.answer.status = (uint8_t)s->status;
		m.u.answer.text = (char *)(uintptr_t)s->text;
		login_case_send(c, &m);
		return;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s->fd = fds[0];
	s->readable = event_new(c->base, s->fd, EV_READ | EV_PERSIST,
	    on_readable, s);
	assert_non_null(s->readable);
	assert_int_equal(event_add(s->readable, NULL), 0);
	m.u.agent.uid = (uint32_t)getuid() + (s->says_uid ? 1u : 0u);
	assert_int_equal(mtls_message_send(c->module_fd, &m, fds[1],
	    mtls_deadline_in_ms(5000), &err), MTLS_OK);
	close(fds[1]);
}

static struct login_case
prepare(struct stage *s)
{
	struct login_case c = { .method = "agent", .on_agent = bring_agent,
	    .agent = s, .verifier[0].bound = login_rig.person->x509 };

	s->fd = -1;
	if (s->key == NULL)
		s->key = login_rig.person->key;
	if (s->n_keys == 0)
		s->n_keys = 1;
	return c;
}

static void
clear(struct login_case *c, struct stage *s)
{
	/* The event's base is the case's. */
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->fd != -1)
		close(s->fd);
	login_case_clear(c);
}

static void
granted(void **state)
{
	struct stage s = { .n_keys = 1 };
	struct login_case c = prepare(&s);

	(void)state;
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "agent");
	assert_int_equal(s.n_lists, 1);
	assert_int_equal(s.n_signatures, 1);
	assert_int_equal(c.n_secret + c.n_asked, 0);
	assert_string_equal(c.record[0]->open.method, "agent");
	clear(&c, &s);
}

static void
the_key_that_is_bound_is_found(void **state)
{
	struct stage s = { .n_keys = 8 };
	struct login_case c = prepare(&s);

	(void)state;
	c.verifier[0].n_unbound = 7;
	login_case_is_granted(&c);
	assert_int_equal(c.record[0]->asked[FAKE_CERTIFICATE], 8);
	assert_int_equal(s.n_signatures, 1);
	clear(&c, &s);
}

/* What comes of it, and whether the agent was asked to sign. */
static void
fails(struct stage *s, struct login_case *c, int status, int n_signatures)
{
	login_case_fails(c, status);
	assert_int_equal(s->n_signatures, n_signatures);
	assert_int_equal(c->record[0]->asked[FAKE_GRANT], 0);
	clear(c, s);
}

static void
T173_no_more_keys_than_eight(void **state)
{
	struct stage s = { .n_keys = 200 };
	struct login_case c = prepare(&s);

	(void)state;
	c.verifier[0].bound = NULL;
	login_case_fails(&c, MTLS_E_TOKEN_UNUSABLE);
	assert_int_equal(c.record[0]->asked[FAKE_CERTIFICATE], 8);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	clear(&c, &s);
}

static void
T172_an_agent_of_another_user(void **state)
{
	struct stage s = { .says_uid = 1 };
	struct login_case c = prepare(&s);

	(void)state;
	login_case_fails(&c, MTLS_E_PEER);
	assert_int_equal(s.n_lists, 0);
	clear(&c, &s);
}

static void
there_is_no_agent(void **state)
{
	struct stage s = { .status = MTLS_E_NOT_FOUND,
	    .text = "there is none" };
	struct stage t = { .status = MTLS_E_PERMISSION };
	struct login_case c = prepare(&s);
	struct login_case d = prepare(&t);

	(void)state;
	login_case_fails(&c, MTLS_E_TOKEN_ABSENT);
	assert_string_equal(c.result.u.result.reason, "there is none");
	assert_non_null(strstr(c.result.u.result.message, "ssh -A"));
	clear(&c, &s);
	fails(&t, &d, MTLS_E_PEER, 0);
}

/* An ANSWER that says OK is none. */
static void
T072_an_answer_without_an_agent(void **state)
{
	struct stage s = { .n_keys = -1 };
	struct login_case c = prepare(&s);

	(void)state;
	fails(&s, &c, MTLS_E_PROTOCOL, 0);
}

static void
the_next_method_is_tried_without_an_agent(void **state)
{
	struct stage s = { .status = MTLS_E_NOT_FOUND };
	struct stage t = { .n_keys = 1 };
	struct login_case c = prepare(&s);
	struct login_case d = prepare(&t);

	(void)state;
	c.method = d.method = "agent, token";
	login_case_is_granted(&c);
	assert_string_equal(c.result.u.result.method, "token");
	clear(&c, &s);
	d.verifier[0].bound = NULL;
	login_case_is_granted(&d);
	assert_string_equal(d.result.u.result.method, "token");
	clear(&d, &t);
}

/* What was tried and failed ends the login: no second key, no card. */
static void
an_agent_that_does_not_sign(void **state)
{
	struct stage s = { .n_keys = 3, .refuses = 1 };
	struct stage t = { .n_keys = 3, .ends = 1 };
	struct login_case c = prepare(&s);
	struct login_case d = prepare(&t);

	(void)state;
	c.method = d.method = "agent, token";
	login_case_fails(&c, MTLS_E_REFUSED);
	assert_string_equal(c.result.u.result.message,
	    "Your ssh-agent did not sign.");
	assert_int_equal(s.n_signatures, 1);
	assert_int_equal(c.n_secret, 0);
	clear(&c, &s);
	fails(&t, &d, MTLS_E_UNAVAILABLE, 1);
}

/* The key is bob's, and the verifier says that alice's certificate has it. */
static void
T173_a_certificate_with_another_key(void **state)
{
	struct stage s = { .key = login_rig.other_person->key };
	struct login_case c = prepare(&s);

	(void)state;
	fails(&s, &c, MTLS_E_PROTOCOL, 0);
}

static void
T072_the_right_certificate_for_another_challenge(void **state)
{
	struct stage s = { .n_keys = 1 };
	struct login_case c = prepare(&s);
	size_t len;
	uint8_t *der = pki_der(login_rig.person, &len);
	static char base64[4096], text[8192];

	(void)state;
	assert_true(MTLS_BASE64_LEN(len) < sizeof(base64));
	snprintf(text, sizeof(text), "200 OK\n{\"version\":1,\"challenge\":"
	    "\"00000000000000000000000000000000\",\"certificate\":\"%s\"}",
	    mtls_base64_encode(base64, der, len));
	free(der);
	c.verifier[0].on[FAKE_CERTIFICATE] =
	    (struct fake_reaction){ FAKE_JSON, text };
	fails(&s, &c, MTLS_E_PROTOCOL, 0);
}

static void
verifiers_that_answer_something_else(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "200 OK\n{\"version\":1,\"challenge\":\"$C\","
		    "\"certificate\":\"AAAA\"}", MTLS_E_PROTOCOL },
		{ "200 OK\n{\"version\":1,\"challenge\":\"$C\","
		    "\"certificate\":\"not base64\"}", MTLS_E_PROTOCOL },
		{ "200 OK\n{\"version\":1}", MTLS_E_PROTOCOL },
		{ "404 Not Found\n{\"version\":1,\"reason\":"
		    "\"no-valid-certificate\",\"message\":\"\"}",
		    MTLS_E_TOKEN_UNUSABLE },
		{ "404 Not Found\n{\"version\":1,\"reason\":"
		    "\"no-such-challenge\",\"message\":\"\"}",
		    MTLS_E_REFUSED },
		{ "403 Forbidden\n{\"version\":1,\"reason\":"
		    "\"machine-revoked\",\"message\":\"\"}",
		    MTLS_E_REFUSED },
		{ "503 Service Unavailable\n{\"version\":1,\"reason\":"
		    "\"state-unavailable\",\"message\":\"\"}",
		    MTLS_E_UNAVAILABLE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage s = { .n_keys = 1 };
		struct login_case c = prepare(&s);

		c.verifier[0].on[FAKE_CERTIFICATE] =
		    (struct fake_reaction){ FAKE_JSON, cases[i].text };
		fails(&s, &c, cases[i].status, 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(granted),
		cmocka_unit_test(the_key_that_is_bound_is_found),
		cmocka_unit_test(T173_no_more_keys_than_eight),
		cmocka_unit_test(T172_an_agent_of_another_user),
		cmocka_unit_test(there_is_no_agent),
		cmocka_unit_test(T072_an_answer_without_an_agent),
		cmocka_unit_test(the_next_method_is_tried_without_an_agent),
		cmocka_unit_test(an_agent_that_does_not_sign),
		cmocka_unit_test(T173_a_certificate_with_another_key),
		cmocka_unit_test(
		    T072_the_right_certificate_for_another_challenge),
		cmocka_unit_test(verifiers_that_answer_something_else),
	};

	return cmocka_run_group_tests_name("login_agent", tests,
	    login_rig_set_up, login_rig_tear_down);
}

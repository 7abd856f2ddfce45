/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests to a running verifier: the protocol, what rogue machines and
 * people try in it, and HTTP and JSON that are not what they must be.
 */
#include "config.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mtls/deadline.h"
#include "mtls/text.h"

#include "verifier_rig.h"

#include "../lib/unit.h"

static struct reply reply;
static struct mtls_body_challenge challenge;

static void
every_field_comes_back(void **state)
{
	struct rig *rig = *state;
	struct mtls_body_grant g;
	struct http device, user;

	http_machine(&device, rig);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	assert_int_equal(challenge.expires_in, 120);
	assert_int_equal(challenge.nonce[1], 0x11);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	/* The person's side is not told what was decided. */
	assert_null(strstr(reply.body, "allow"));
	assert_int_equal(reply.body_len, strlen("{\"version\":1,"
	    "\"challenge\":\"\"}") + 32);
	{
		int allow;

		assert_int_equal(rig_grant(&device, challenge.challenge, 0,
		    &allow, &reply), 200);
		assert_true(allow);
	}
	memset(&g, 0, sizeof(g));
	assert_int_equal(mtls_body_parse(MTLS_BODY_GRANT, reply.body,
	    reply.body_len, &g, NULL), MTLS_OK);
	assert_memory_equal(g.challenge, challenge.challenge, 16);
	assert_memory_equal(g.nonce, challenge.nonce, 32);
	assert_int_equal(g.request[15], 0x0f);
	assert_string_equal(g.user, "alice");
	assert_string_equal(g.service, "sudo");
	assert_string_equal(g.host, RIG_HOST);
	assert_string_equal(g.method, "token");
	assert_string_equal(g.reason, "allowed");
	assert_true(g.expires_in > 0 && g.expires_in <= 30);
	assert_non_null(strstr(g.certificate, "Acme Users CA"));
	mtls_body_clear(MTLS_BODY_GRANT, &g);
	assert_non_null(strstr(reply.head, "Content-Type: application/json"));
	assert_null(strstr(reply.head, "Transfer-Encoding"));
	assert_non_null(rig_wait_log(rig, 0, "login verdict=allow "
	    "reason=allowed request=000102030405060708090a0b0c0d0e0f"));
	http_close(&device);
	http_close(&user);
}

/* SSL_read() gives what is left of one record, and no more. */
static void
an_answer_is_one_record(void **state)
{
	static const char request[] = "GET /nothing HTTP/1.1\r\n"
	    "Host: v\r\n\r\n";
	struct rig *rig = *state;
	const char *length, *body;
	char answer[2048];
	struct http h;
	int n;

	http_machine(&h, rig);
	assert_int_equal(http_write(&h, request, sizeof(request) - 1), 0);
	n = SSL_read(h.ssl, answer, sizeof(answer) - 1);
	assert_true(n > 0);
	answer[n] = '\0';
	length = strstr(answer, "Content-Length: ");
	body = strstr(answer, "\r\n\r\n");
	assert_non_null(length);
	assert_non_null(body);
	assert_true(strtoul(length + 16, NULL, 10) > 0);
	assert_int_equal(strlen(body + 4), strtoul(length + 16, NULL, 10));
	http_close(&h);
}

static void
T017_another_host(void **state)
{
	static const char *const hosts[] = { "ws-2.acme.example",
		"WS-1.acme.example", "ws-1.acme.example.", "x", "*",
		"ws-1.acme.example.evil.org" };
	struct rig *rig = *state;
	char rows[8][128];
	struct http h;

	http_machine(&h, rig);
	for (size_t i = 0; i < 6; i++) {
		struct rig_open o = { .host = hosts[i] };

		assert_int_equal(rig_open_as(&h, &o, &challenge, &reply),
		    403);
		assert_string_equal(reply_reason(&reply), "host-mismatch");
	}
	assert_int_equal(rig_audit(rig, rows, 8), 6);
	assert_string_equal(rows[5], "deny host-mismatch alice");
	http_close(&h);
}

/* T-017: a certificate with two names, or none, is no machine. */
static void
T017_names_in_the_certificate(void **state)
{
	const struct pki_options two = { .san =
	    "DNS:ws-1.acme.example,DNS:ws-2.acme.example" };
	const struct pki_options none = { .san = "email:a@acme.example" };
	struct rig *rig = *state;
	struct http_options o = { .alpn = "http/1.1" };
	struct http h;

	for (int i = 0; i < 2; i++) {
		o.cert = pki_machine(rig->pki, rig->machines, RIG_HOST,
		    i == 0 ? &two : &none);
		http_open(&h, rig, ROLE_DEVICE, &o);
		assert_int_equal(rig_open(&h, &challenge, &reply), 403);
		assert_string_equal(reply_reason(&reply), "machine-unknown");
		http_close(&h);
	}
}

static void
asked_before_the_pin(void **state)
{
	static const struct {
		struct rig_open o;
		int status;
		const char *reason;
	} cases[] = {
		{ { .service = "sshd" }, 403, "service-not-allowed" },
		{ { .service = "Sudo" }, 403, "service-not-allowed" },
		{ { .method = "relay" }, 403, "service-not-allowed" },
		{ { .method = "password" }, 403, "method-unknown" },
		{ { .user = "-f root" }, 400, "bad-request" },
		{ { .user = "a b" }, 400, "bad-request" },
		{ { .user = "../x" }, 400, "bad-request" },
		{ { .service = "../sudo" }, 400, "bad-request" },
		/* Whether there is such a user is not told. */
		{ { .user = "nobody-at-all" }, 201, "" },
		{ { .user = "root" }, 201, "" },
		{ { .rhost = "203.0.113.7" }, 201, "" },
		{ { .rhost = "some.name" }, 201, "" },
	};
	struct rig *rig = *state;
	struct http h;

	http_machine(&h, rig);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rig_open_as(&h, &cases[i].o, &challenge,
		    &reply), cases[i].status);
		assert_string_equal(reply_reason(&reply), cases[i].reason);
	}
	http_close(&h);
}

static void
T019_fetched_twice(void **state)
{
	struct rig *rig = *state;
	struct http device, user, other;
	int allow;

	http_machine(&device, rig);
	http_machine(&other, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 202);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    409);
	assert_string_equal(reply_reason(&reply), "already-proven");
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_true(allow);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 409);
	assert_string_equal(reply_reason(&reply), "already-delivered");
	assert_int_equal(rig_grant(&other, challenge.challenge, 1, &allow,
	    &reply), 409);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    409);
	http_close(&device);
	http_close(&other);
	http_close(&user);
}

/* Not even a machine of the same organisation gets another's. */
static void
T019_another_machine(void **state)
{
	struct rig *rig = *state;
	struct http_options o = { .alpn = "http/1.1",
	    .cert = pki_machine(rig->pki, rig->machines,
	    "ws-2.acme.example", NULL) };
	struct http device, other, user;
	int allow;

	http_machine(&device, rig);
	http_open(&other, rig, ROLE_DEVICE, &o);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	assert_int_equal(rig_grant(&other, challenge.challenge, 0, &allow,
	    &reply), 403);
	assert_string_equal(reply_reason(&reply), "not-yours");
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(rig_grant(&other, challenge.challenge, 0, &allow,
	    &reply), 403);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_true(allow);
	http_close(&device);
	http_close(&other);
	http_close(&user);
}

static void
T048_for_something_else(void **state)
{
	static const struct rig_open others[] = {
		{ .user = "bob" }, { .service = "login" },
		{ .host = "ws-2.acme.example" },
	};
	struct rig *rig = *state;
	struct http device, user;
	char rows[16][128];
	int allow;

	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rig_open(&device, &challenge, &reply), 201);
		assert_int_equal(rig_prove(&user, challenge.challenge,
		    &others[i], &reply), 200);
		assert_int_equal(rig_grant(&device, challenge.challenge, 0,
		    &allow, &reply), 200);
		assert_false(allow);
		assert_non_null(strstr(reply.body, "proof-mismatch"));
	}
	http_close(&user);
	/* bob's certificate for alice's login. */
	http_person(&user, rig, rig->bob);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_false(allow);
	assert_non_null(strstr(reply.body, "user-mismatch"));
	memset(challenge.challenge, 0, 16);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    404);
	assert_string_equal(reply_reason(&reply), "no-such-challenge");
	assert_int_equal(rig_audit(rig, rows, 16), 5);
	assert_string_equal(rows[0], "deny proof-mismatch alice");
	assert_string_equal(rows[3], "deny user-mismatch alice");
	assert_string_equal(rows[4], "deny no-such-challenge alice");
	http_close(&device);
	http_close(&user);
}

static void
T053b_root(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *root = pki_user(rig->pki, rig->users, "root",
	    NULL);
	struct rig_open o = { .user = "root" };

	assert_string_equal(rig_login(rig, rig->alice, &o), "user-mismatch");
	assert_string_equal(rig_login(rig, root, &o), "denied-by-rule");
	rig_write_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take "
	    "san:upn realm acme.example\nallow user any\n");
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, root, &o), "no-rule");
	rig_write_policy(rig, "map issuer \"CN=Acme Users CA,O=Acme\" take "
	    "san:upn realm acme.example\nallow user root\n");
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, root, &o), "allow");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "no-rule");
}

/* T-041 to T-046 with real certificates, through the whole verifier. */
static void
T041_to_T046_names_in_certificates(void **state)
{
	static const struct {
		const char *san, *outcome;
	} cases[] = {
		{ "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example",
		    "allow" },
		{ "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:bob@acme.example",
		    "user-mismatch" },
		{ "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@evil.example",
		    "no-user" },
		{ "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example,"
		    "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:bob@acme.example",
		    "names-disagree" },
		{ "otherName:1.3.6.1.4.1.311.20.2.3;IA5:alice@acme.example",
		    "certificate-malformed" },
		{ "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:", NULL },
		{ "otherName:1.3.6.1.4.1.311.20.2.3;"
		    "UTF8:alice/root@acme.example", "certificate-malformed" },
		{ "email:alice@acme.example", "no-user" },
		{ "", "no-user" },
	};
	struct rig *rig = *state;
	const char *outcome;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pki_options o = { .san = cases[i].san };

		outcome = rig_login(rig, pki_user(rig->pki, rig->users,
		    "alice", &o), NULL);
		if (cases[i].outcome != NULL)
			assert_string_equal(outcome, cases[i].outcome);
		else
			assert_string_not_equal(outcome, "allow");
	}
}

/* --- waiting --- */

struct waiter {
	struct rig *rig;
	struct http h;
	struct reply reply;
	int allow;
	unsigned wait_s;
};

static void *
wait_for_grant(void *arg)
{
	struct waiter *w = arg;

	(void)rig_grant(&w->h, challenge.challenge, w->wait_s, &w->allow,
	    &w->reply);
	return NULL;
}

static void
a_waiting_machine_is_woken(void **state)
{
	static struct waiter w;
	struct rig *rig = *state;
	struct http user;
	pthread_t thread;

	memset(&w, 0, sizeof(w));
	w.wait_s = 20;
	http_machine(&w.h, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&w.h, &challenge, &reply), 201);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_grant, &w),
	    0);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(w.reply.status, 200);
	assert_true(w.allow);
	http_close(&w.h);
	http_close(&user);
}

static void
not_longer_than_hold(void **state)
{
	struct rig *rig = *state;
	int64_t began_ms;
	struct http h;
	int allow;

	rig_write_settings(rig, "[limits]\nhold = 1s\n");
	assert_true(rig_reload(rig));
	http_machine(&h, rig);
	assert_int_equal(rig_open(&h, &challenge, &reply), 201);
	began_ms = mtls_clock_ms();
	assert_int_equal(rig_grant(&h, challenge.challenge, 100, &allow,
	    &reply), 202);
	assert_true(mtls_clock_ms() - began_ms >= 900);
	assert_memory_equal(reply.body, "{\"version\":1,\"challenge\":", 25);
	http_close(&h);
}

static void
challenges_and_grants_end(void **state)
{
	struct rig *rig = *state;
	struct http device, user;
	int allow;

	rig_write_settings(rig, "[limits]\nchallenge-ttl = 5s\n"
	    "grant-ttl = 1s\nhold = 20s\n");
	assert_true(rig_reload(rig));
	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &challenge, &reply), 201);
	assert_int_equal(challenge.expires_in, 5);
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	{
		struct mtls_body_challenge first = challenge;

		assert_int_equal(rig_open(&device, &challenge, &reply), 201);
		/* Held until the challenge has ended, not for hold. */
		assert_int_equal(rig_grant(&device, challenge.challenge, 20,
		    &allow, &reply), 404);
		assert_string_equal(reply_reason(&reply),
		    "challenge-expired");
		/* The first was decided and not fetched in a second. */
		assert_int_equal(rig_grant(&device, first.challenge, 0,
		    &allow, &reply), 404);
		assert_string_equal(reply_reason(&reply), "grant-expired");
	}
	/* Too late is no. */
	assert_int_equal(rig_prove(&user, challenge.challenge, NULL, &reply),
	    200);
	assert_int_equal(rig_grant(&device, challenge.challenge, 0, &allow,
	    &reply), 200);
	assert_false(allow);
	assert_non_null(strstr(reply.body, "challenge-expired"));
	http_close(&device);
	http_close(&user);
}

/* T-056: the machine goes away while it waits, and while the store works. */
static void
T056_gone_while_waiting(void **state)
{
	struct rig *rig = *state;
	char what[128], hex[33];
	struct http device, user;
	int allow;

	for (int i = 0; i < 20; i++) {
		http_machine(&device, rig);
		assert_int_equal(rig_open(&device, &challenge, &reply), 201);
		(void)snprintf(what, sizeof(what), "GET /v1/challenges/%s/"
		    "grant?wait=20 HTTP/1.1\r\nHost: v\r\n\r\n",
		    mtls_hex_encode(hex, challenge.challenge, 16));
		assert_int_equal(http_write(&device, what, strlen(what)), 0);
		/* At once, politely, or with a reset. */
		if (i % 3 == 1)
			(void)SSL_shutdown(device.ssl);
		if (i % 3 == 2) {
			struct linger now = { 1, 0 };

			assert_int_equal(setsockopt(device.fd, SOL_SOCKET,
			    SO_LINGER, &now, sizeof(now)), 0);
		}
		http_close(&device);
		http_person(&user, rig, rig->alice);
		(void)rig_prove(&user, challenge.challenge, NULL, &reply);
		http_close(&user);
	}
	http_machine(&device, rig);
	(void)rig_grant(&device, challenge.challenge, 0, &allow, &reply);
	http_close(&device);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_true(rig_is_alive(rig));
}

/* --- HTTP --- */

/* One connection, these bytes, and what comes: 0 is nothing. */
static int
raw(struct rig *rig, const char *bytes, size_t len)
{
	struct http h;

	http_machine(&h, rig);
	(void)http_write(&h, bytes, len);
	http_read(&h, &reply);
	http_close(&h);
	return reply.status;
}

#define HEAD "POST /v1/challenges HTTP/1.1\r\nHost: v\r\n" \
	"Content-Type: application/json\r\n"

static void
T055_http_that_is_refused(void **state)
{
	static const char *const requests[] = {
		/* two lengths, none, wrong ones */
		HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
		HEAD "\r\n",
		HEAD "Content-Length: -1\r\n\r\n{}",
		HEAD "Content-Length: +2\r\n\r\n{}",
		HEAD "Content-Length: 0x2\r\n\r\n{}",
		HEAD "Content-Length: 2 2\r\n\r\n{}",
		HEAD "Content-Length: 99999999999999999999\r\n\r\n{}",
		/* lines that go on in the next one */
		HEAD "Content-Length:\r\n 2\r\n\r\n{}",
		HEAD "Content-Length: 2\r\n 0\r\n\r\n{}",
		HEAD "Content-Length: 2\r\nX: a\r\n\tTransfer-Encoding: "
		    "chunked\r\n\r\n{}",
		/* a transfer coding, alone and with a length */
		HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "2\r\n{}\r\n0\r\n\r\n",
		HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n{}",
		HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		HEAD "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
		/* kinds of bodies */
		"POST /v1/challenges HTTP/1.1\r\nHost: v\r\n"
		    "Content-Length: 2\r\n\r\n{}",
		"POST /v1/challenges HTTP/1.1\r\nHost: v\r\nContent-Type: "
		    "text/plain\r\nContent-Length: 2\r\n\r\n{}",
		"POST /v1/challenges HTTP/1.1\r\nHost: v\r\nContent-Type: "
		    "application/jsonx\r\nContent-Length: 2\r\n\r\n{}",
		/* lines */
		"GET /v1/challenges\r\n\r\n",
		"POST\r\n\r\n",
		"FROB / HTTP/1.1\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET http://other.example/v1/x HTTP/1.1\r\n\r\n",
		"\r\n\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
		/* paths */
		"GET /v1/challenges/0/grant HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789ABCDEF/grant "
		    "HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789abcdef/grant/ "
		    "HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789abcdef/grant"
		    "?wait= HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789abcdef/grant"
		    "?wait=-1 HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789abcdef/grant"
		    "?wait=1&wait=2 HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789abcdef/grant"
		    "?x=1 HTTP/1.1\r\n\r\n",
		"GET /v1/challenges/0123456789abcdef0123456789abcdef/grant "
		    "HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
		"GET /v1/../v1/challenges HTTP/1.1\r\n\r\n",
		"GET //v1/challenges HTTP/1.1\r\n\r\n",
		"POST /v1/proofs HTTP/1.1\r\nContent-Type: application/json"
		    "\r\nContent-Length: 2\r\n\r\n{}",
		"PUT /v1/challenges HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
		"GET /v1/challenges HTTP/1.1\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\n\r\n",
		"TRACE / HTTP/1.1\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\n\r\n",
	};
	struct rig *rig = *state;
	int status;

	/* Some are not complete, and there is nothing to be said but time. */
	rig_write_settings(rig, "[limits]\nrequest-timeout = 1s\n");
	assert_true(rig_reload(rig));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		status = raw(rig, requests[i], strlen(requests[i]));
		if (status != 0 && (status < 400 || status > 501))
			fail_msg("%s: %d", requests[i], status);
	}
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T055_large_and_many_headers(void **state)
{
	struct rig *rig = *state;
	size_t size = 4 * 1024 * 1024;
	char *text = malloc(size);
	size_t len;
	int status;

	assert_non_null(text);
	len = (size_t)sprintf(text, "GET /v1/x HTTP/1.1\r\n");
	while (len + 16 < size)
		len += (size_t)sprintf(text + len, "A: b\r\n");
	status = raw(rig, text, len);
	assert_true(status == 0 || status >= 400);
	memset(text, 'a', size);
	memcpy(text, "GET /", 5);
	status = raw(rig, text, size);
	assert_true(status == 0 || status >= 400);
	len = (size_t)sprintf(text, HEAD "Content-Length: 20000\r\n\r\n");
	memset(text + len, ' ', 20000);
	assert_int_equal(raw(rig, text, len + 20000), 413);
	assert_string_equal(reply_reason(&reply), "too-large");
	len = (size_t)sprintf(text, HEAD "Content-Length: 1000000\r\n\r\n");
	memset(text + len, ' ', 1000000);
	status = raw(rig, text, len + 1000000);
	assert_true(status == 0 || status == 413);
	free(text);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T055_expect_continue(void **state)
{
	struct rig *rig = *state;
	struct http h;

	http_machine(&h, rig);
	for (int i = 0; i < 20; i++) {
		static const char head[] = HEAD "Expect: 100-continue\r\n"
		    "Content-Length: 2\r\n\r\n";

		assert_int_equal(http_write(&h, head, strlen(head)), 0);
		http_read(&h, &reply);
		assert_int_equal(reply.status, 100);
		assert_int_equal(http_write(&h, "{}", 2), 0);
		http_read(&h, &reply);
		assert_int_equal(reply.status, 400);
	}
	http_close(&h);
}

/* Several requests in one write: each is answered, in order. */
static void
requests_one_after_the_other(void **state)
{
	static const char two[] =
	    "GET /v1/a HTTP/1.1\r\nHost: v\r\n\r\n"
	    "GET /v1/challenges HTTP/1.1\r\nHost: v\r\n\r\n";
	struct rig *rig = *state;
	struct http h;

	http_machine(&h, rig);
	assert_int_equal(http_write(&h, two, strlen(two)), 0);
	http_read(&h, &reply);
	assert_int_equal(reply.status, 404);
	http_read(&h, &reply);
	assert_int_equal(reply.status, 405);
	http_close(&h);
}

/* The connection ends by itself; how long that took in ms. */
static int64_t
wait_for_end(struct http *h)
{
	int64_t began_ms = mtls_clock_ms();
	char byte;

	if (h->is_shaken)
		while (SSL_read(h->ssl, &byte, 1) == 1)
			;
	else
		while (read(h->fd, &byte, 1) == 1)
			;
	return mtls_clock_ms() - began_ms;
}

static void *
drip(void *arg)
{
	struct http *h = arg;
	struct timespec pause = { 0, 100 * 1000 * 1000 };

	/* A byte now and then, for longer than is allowed. */
	for (int i = 0; i < 200; i++) {
		if (http_write(h, i == 0 ? "G" : "x", 1) != 0)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

/* T-054: the deadline is for the whole of it, however busy the peer looks. */
static void
T054_slow_requests(void **state)
{
	struct rig *rig = *state;
	struct http slow, silent, half;
	pthread_t thread;
	int64_t began_ms;

	rig_write_settings(rig, "[limits]\nhandshake-timeout = 1s\n"
	    "request-timeout = 2s\nidle-timeout = 3s\nhold = 1s\n");
	assert_true(rig_reload(rig));
	began_ms = mtls_clock_ms();
	http_machine(&slow, rig);
	assert_true(slow.is_shaken);
	assert_int_equal(pthread_create(&thread, NULL, drip, &slow), 0);
	/* Nothing at all after the handshake. */
	http_machine(&silent, rig);
	(void)wait_for_end(&silent);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(mtls_clock_ms() - began_ms < 15000);
	http_close(&silent);
	http_close(&slow);
	/* A head that is whole, and half of a body. */
	http_machine(&half, rig);
	assert_int_equal(http_write(&half, HEAD "Content-Length: 9\r\n\r\n{",
	    strlen(HEAD "Content-Length: 9\r\n\r\n{")), 0);
	assert_true(wait_for_end(&half) < 15000);
	http_close(&half);
	/* Between two requests. */
	http_machine(&half, rig);
	http_ask(&half, "GET /v1/x", NULL, &reply);
	assert_int_equal(reply.status, 404);
	assert_true(wait_for_end(&half) < 15000);
	http_close(&half);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static int
plain_connection(const struct rig *rig)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)rig->ports[ROLE_USER]),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval tv = { 30, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
	    sizeof(tv)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* The same, and it has begun to talk: silent ones are not even accepted. */
static int
half_open(const struct rig *rig)
{
	int fd = plain_connection(rig);

	assert_int_equal(send(fd, "\x16", 1, 0), 1);
	return fd;
}

/* T-054: a handshake that never ends, and HTTP without TLS. */
static void
T054_slow_handshakes_and_plain_text(void **state)
{
	static const char request[] = "GET /v1/x HTTP/1.1\r\n\r\n";
	struct rig *rig = *state;
	char byte;
	int fds[2];

	rig_write_settings(rig, "[limits]\nhandshake-timeout = 1s\n");
	assert_true(rig_reload(rig));
	fds[0] = plain_connection(rig);
	fds[1] = plain_connection(rig);
	/* The beginning of a ClientHello. */
	assert_int_equal(send(fds[0], "\x16\x03\x01\x02\x00\x01", 6, 0), 6);
	assert_int_equal(send(fds[1], request, sizeof(request) - 1, 0),
	    sizeof(request) - 1);
	for (int i = 0; i < 2; i++) {
		ssize_t n;

		/* An alert at most, and the end; never an answer. */
		while ((n = read(fds[i], &byte, 1)) == 1)
			assert_int_not_equal(byte, 'H');
		assert_true(n == 0 || i == 1);
		close(fds[i]);
	}
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* The first flight of a client. */
static size_t
client_hello(char *out, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *hello = BIO_new(BIO_s_mem());
	int n;

	assert_true(ssl != NULL && in != NULL && hello != NULL);
	SSL_set_bio(ssl, in, hello);
	SSL_set_connect_state(ssl);
	(void)SSL_do_handshake(ssl);
	n = BIO_read(hello, out, (int)size);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	assert_true(n > 100);
	return (size_t)n;
}

/* Sends, and waits until the other side's kernel has it. */
static void
send_piece(int fd, const char *data, size_t len)
{
	int unsent = 1;

	assert_int_equal(send(fd, data, len, 0), (ssize_t)len);
	while (unsent > 0) {
		assert_int_equal(ioctl(fd, SIOCOUTQ, &unsent), 0);
		(void)poll(NULL, 0, 1);
	}
}

/* However it is cut, a ClientHello is answered when it is complete. */
static void
T054_hello_in_pieces(void **state)
{
	static const size_t cuts[][2] = { { 1, 4 }, { 3, 50 }, { 5, 63 },
		{ 50, 64 }, { 64, 90 }, { 70, 71 } };
	struct rig *rig = *state;
	static char hello[4096];
	char type;
	size_t len = client_hello(hello, sizeof(hello));
	int fd;

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		fd = plain_connection(rig);
		send_piece(fd, hello, cuts[i][0]);
		send_piece(fd, hello + cuts[i][0], cuts[i][1] - cuts[i][0]);
		/* Nothing to be said yet, not even that it is wrong. */
		assert_int_equal(recv(fd, &type, 1, MSG_DONTWAIT), -1);
		send_piece(fd, hello + cuts[i][1], len - cuts[i][1]);
		assert_int_equal(read(fd, &type, 1), 1);
		assert_int_equal(type, SSL3_RT_HANDSHAKE);
		close(fd);
	}
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* T-057: one client cannot take all the room. */
static void
T057_too_many_from_one_address(void **state)
{
	struct rig *rig = *state;
	int fds[40];
	struct http h;

	rig_write_settings(rig, "[limits]\nhandshake-timeout = 2s\n"
	    "max-connections = 100\nmax-connections-per-address = 10\n");
	assert_true(rig_reload(rig));
	for (int i = 0; i < 40; i++)
		fds[i] = half_open(rig);
	assert_non_null(rig_wait_log(rig, 0, "too-many-connections "
	    "peer=127.0.0.1 reason=max-connections-per-address"));
	/* From this address nobody gets in, until the deadline. */
	http_machine(&h, rig);
	http_ask(&h, "GET /v1/x", NULL, &reply);
	assert_int_equal(reply.status, 0);
	http_close(&h);
	for (int i = 0; i < 40; i++) {
		char byte;

		(void)!read(fds[i], &byte, 1);
		close(fds[i]);
	}
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T057_full(void **state)
{
	struct rig *rig = *state;
	int fds[20];

	rig_write_settings(rig, "[limits]\nhandshake-timeout = 1s\n"
	    "max-connections = 5\nmax-connections-per-address = 100\n");
	assert_true(rig_reload(rig));
	for (int i = 0; i < 20; i++)
		fds[i] = half_open(rig);
	assert_non_null(rig_wait_log(rig, 0, "too-many-connections "
	    "reason=max-connections"));
	/* Those that wait get their turn: it is a queue, not a refusal. */
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	for (int i = 0; i < 20; i++)
		close(fds[i]);
}

/* --- JSON --- */

#define ID "000102030405060708090a0b0c0d0e0f"
#define NONCE ID ID
#define BODY(version, user, more) \
	"{\"version\":" version ",\"request\":\"" ID "\",\"nonce\":\"" NONCE \
	"\",\"user\":" user ",\"service\":\"sudo\",\"host\":\"" RIG_HOST \
	"\",\"tty\":\"\",\"rhost\":\"\",\"ruser\":\"\",\"method\":\"token\"" \
	more "}"

static void
T058_json_that_is_refused(void **state)
{
	static const char *const bodies[] = {
		"", " ", "null", "[]", "\"x\"", "1", "{", "{}", "{}{}",
		BODY("1", "\"alice\"", ",\"user\":\"bob\""),
		BODY("1", "\"alice\"", ",\"x\":1"),
		BODY("1", "\"alice\"", "") "x",
		BODY("1", "\"alice\"", "") BODY("1", "\"bob\"", ""),
		BODY("2", "\"alice\"", ""),
		BODY("1.0", "\"alice\"", ""),
		BODY("1e0", "\"alice\"", ""),
		BODY("1e999", "\"alice\"", ""),
		BODY("-0", "\"alice\"", ""),
		BODY("9007199254740993", "\"alice\"", ""),
		BODY("NaN", "\"alice\"", ""),
		BODY("true", "\"alice\"", ""),
		BODY("\"1\"", "\"alice\"", ""),
		BODY("01", "\"alice\"", ""),
		BODY("1", "1", ""), BODY("1", "true", ""),
		BODY("1", "null", ""), BODY("1", "[\"alice\"]", ""),
		BODY("1", "{\"alice\":1}", ""), BODY("1", "\"\"", ""),
		BODY("1", "\"ali\\u0000ce\"", ""),
		BODY("1", "\"ali\\ud800ce\"", ""),
		BODY("1", "\"ali\\u202ece\"", ""),
		BODY("1", "\"ali\xff" "ce\"", ""),
		BODY("1", "\"ali\nce\"", ""),
		BODY("1", "'alice'", ""),
		BODY("1", "\"alice\"", ",") , "/* */" BODY("1", "\"alice\"",
		    ""),
		"\xef\xbb\xbf" BODY("1", "\"alice\"", ""),
	};
	struct rig *rig = *state;
	struct http h;
	char *deep;

	http_machine(&h, rig);
	http_ask(&h, "POST /v1/challenges", BODY("1", "\"alice\"", ""),
	    &reply);
	assert_int_equal(reply.status, 201);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		http_ask(&h, "POST /v1/challenges", bodies[i], &reply);
		if (reply.status != 400)
			fail_msg("%s: %d", bodies[i], reply.status);
		assert_string_equal(reply_reason(&reply), "bad-request");
	}
	deep = malloc(16001);
	assert_non_null(deep);
	memset(deep, '[', 16000);
	deep[16000] = '\0';
	http_ask(&h, "POST /v1/challenges", deep, &reply);
	assert_int_equal(reply.status, 400);
	free(deep);
	http_close(&h);
	/* And the same reader for people. */
	http_person(&h, rig, rig->alice);
	http_ask(&h, "POST /v1/proofs", "{\"version\":1,\"challenge\":\"" ID
	    "\",\"user\":\"alice\",\"service\":\"sudo\",\"host\":\"x\","
	    "\"method\":\"token\",\"decision\":\"allow\"}", &reply);
	assert_int_equal(reply.status, 400);
	http_close(&h);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_field_comes_back),
		TEST(an_answer_is_one_record),
		TEST(T017_another_host),
		TEST(T017_names_in_the_certificate),
		TEST(asked_before_the_pin),
		TEST(T019_fetched_twice),
		TEST(T019_another_machine),
		TEST(T048_for_something_else),
		TEST(T053b_root),
		TEST(T041_to_T046_names_in_certificates),
		TEST(a_waiting_machine_is_woken),
		TEST(not_longer_than_hold),
		TEST(challenges_and_grants_end),
		TEST(T056_gone_while_waiting),
		TEST(T055_http_that_is_refused),
		TEST(T055_large_and_many_headers),
		TEST(T055_expect_continue),
		TEST(requests_one_after_the_other),
		TEST(T054_slow_requests),
		TEST(T054_slow_handshakes_and_plain_text),
		TEST(T054_hello_in_pieces),
		TEST(T057_too_many_from_one_address),
		TEST(T057_full),
		TEST(T058_json_that_is_refused),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A running verifier and clients that send too much, or what nobody asked
 * for: others are served meanwhile, and no memory is needed for it.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "mtls/deadline.h"

#include "tls_records.h"
#include "verifier_rig.h"

#include "../lib/unit.h"

#define FLOOD_MAX	(64u * 1024 * 1024)
#define BLOCK		(64u * 1024)
/* What the sockets between us take, and a little. */
#define LISTENED_MAX	(FLOOD_MAX / 4)
#define GROWTH_MAX_KIB	8192

static struct reply reply;

/* What the running verifier has needed at most, in KiB. */
static long
most_memory_kib(const struct rig *rig)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)rig->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (kib < 0 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "VmHWM: %ld", &kib);
	assert_int_equal(fclose(f), 0);
	assert_true(kib > 0);
	return kib;
}

static void
no_more_than(const struct rig *rig, long before_kib)
{
	/* What ASan keeps back is no leak. */
	if (!UNDER_ASAN && !under_valgrind())
		assert_true(most_memory_kib(rig) - before_kib <
		    GROWTH_MAX_KIB);
}

enum kind {
	EMPTY_RECORDS,
	KEY_UPDATES,
	CERTIFICATES,		/* nobody has asked for them */
	WARNINGS,
	LONG_MESSAGE,
	LONG_HELLO,		/* in the clear, before any handshake */
	KINDS
};

/* A client that does nothing else, in a thread. */
struct flooder {
	pthread_t thread;
	enum kind kind;
	struct http h;
	struct tls_records forge;
	size_t n_records, sent;
	int has_ended;			/* the verifier did not take it all */
};

static size_t
next_record(struct flooder *f, uint8_t *out)
{
	static const uint8_t update[] = { 24, 0, 0, 1, 0 };
	static const uint8_t warning[] = { 1, 90 };
	static const uint8_t certificate[] = { 11, 0, 0, 4, 0, 0, 0, 0 };
	uint8_t filler[900];
	size_t len;

	memset(filler, 0, sizeof(filler));
	switch (f->kind) {
	case EMPTY_RECORDS:
		return tls_records_next(&f->forge, TLS_RECORDS_DATA, NULL, 0,
		    out);
	case KEY_UPDATES:
		len = tls_records_next(&f->forge, TLS_RECORDS_HANDSHAKE, update,
		    sizeof(update), out);
		tls_records_next_keys(&f->forge);
		return len;
	case CERTIFICATES:
		return tls_records_next(&f->forge, TLS_RECORDS_HANDSHAKE,
		    certificate, sizeof(certificate), out);
	case WARNINGS:
		return tls_records_next(&f->forge, TLS_RECORDS_ALERT, warning,
		    sizeof(warning), out);
	case LONG_MESSAGE:
		if (f->n_records == 0)
			memcpy(filler, "\x18\xff\xff\xff", 4);
		return tls_records_next(&f->forge, TLS_RECORDS_HANDSHAKE,
		    filler, sizeof(filler), out);
	case LONG_HELLO:
		memcpy(out, "\x16\x03\x01\x03\x84", 5);
		if (f->n_records == 0)
			memcpy(filler, "\x01\xff\xff\xff\x03\x03", 6);
		memcpy(out + 5, filler, sizeof(filler));
		return 5 + sizeof(filler);
	case KINDS:
		break;
	}
	return 0;
}

static void *
flood(void *arg)
{
	struct flooder *f = arg;
	uint8_t *block = malloc(BLOCK);
	size_t len, at;
	ssize_t n;

	assert_non_null(block);
	while (f->sent < FLOOD_MAX && !f->has_ended) {
		for (len = 0; len + 1024 <= BLOCK; f->n_records++)
			len += next_record(f, block + len);
		for (at = 0; at < len; at += (size_t)n) {
			n = send(f->h.fd, block + at, len - at, MSG_NOSIGNAL);
			f->has_ended = n <= 0;
			if (f->has_ended)
				break;
		}
		f->sent += len;
	}
	free(block);
	return NULL;
}

static void
begin_flood(struct flooder *f, const struct rig *rig, enum kind kind)
{
	struct http_options o = { .cert = rig->alice, .alpn = "http/1.1",
	    .forge = 1 };

	memset(f, 0, sizeof(*f));
	f->kind = kind;
	if (kind == LONG_HELLO)
		o.max_version = -1;
	http_open(&f->h, rig, ROLE_USER, &o);
	assert_true(f->h.fd >= 0);
	assert_int_equal(f->h.is_shaken, kind != LONG_HELLO);
	if (kind != LONG_HELLO)
		tls_records_begin(&f->forge, f->h.ssl);
	assert_int_equal(pthread_create(&f->thread, NULL, flood, f), 0);
}

/* T-028, seen from the other side. */
static void
T028_floods(void **state)
{
	static struct flooder f;
	struct rig *rig = *state;
	long before_kib;

	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	before_kib = most_memory_kib(rig);
	for (int kind = EMPTY_RECORDS; kind < KINDS; kind++) {
		begin_flood(&f, rig, (enum kind)kind);
		/* Meanwhile, whatever it sends. */
		assert_string_equal(rig_login(rig, rig->bob,
		    &(struct rig_open){ .user = "bob" }), "allow");
		assert_int_equal(pthread_join(f.thread, NULL), 0);
		if (!f.has_ended || f.sent > LISTENED_MAX)
			fail_msg("kind %d was listened to", kind);
		http_close(&f.h);
	}
	no_more_than(rig, before_kib);
	assert_true(rig_is_alive(rig));
}

/* A few of them are everybody's right. */
static void
T028_some_key_updates(void **state)
{
	struct rig *rig = *state;
	struct http h;

	http_machine(&h, rig);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(SSL_key_update(h.ssl,
		    SSL_KEY_UPDATE_REQUESTED), 1);
		http_ask(&h, "GET /v1/nothing", NULL, &reply);
		assert_int_equal(reply.status, 404);
	}
	http_close(&h);
}

/* Offered, and not taken up. */
static void
T029_post_handshake_authentication(void **state)
{
	struct rig *rig = *state;
	struct http_options o = { .cert = rig->machine, .alpn = "http/1.1",
	    .post_handshake_auth = 1 };
	struct http_options none = { .alpn = "http/1.1",
	    .post_handshake_auth = 1 };
	struct http h;

	http_open(&h, rig, ROLE_DEVICE, &o);
	http_ask(&h, "GET /v1/nothing", NULL, &reply);
	assert_int_equal(reply.status, 404);
	assert_int_equal(SSL_get_state(h.ssl), TLS_ST_OK);
	http_close(&h);
	/* And in the place of a certificate it is none. */
	http_open(&h, rig, ROLE_DEVICE, &none);
	http_ask(&h, "GET /v1/nothing", NULL, &reply);
	assert_int_equal(reply.status, 0);
	http_close(&h);
}

static void
T028_chains_without_end(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *chain[101] = { NULL };
	struct http_options o = { .cert = rig->alice, .alpn = "http/1.1",
	    .chain = chain };
	struct http h;

	for (size_t i = 0; i < 100; i++)
		chain[i] = rig->users;
	http_open(&h, rig, ROLE_USER, &o);
	http_ask(&h, "GET /v1/nothing", NULL, &reply);
	assert_int_equal(reply.status, 0);
	http_close(&h);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/*
 * Asks again and again until the connection ends, which it must; reads no
 * answers, but the log, for which the verifier must not wait.
 */
static void
ask_until_the_end(struct rig *rig, struct http *h)
{
	static const char ask[] = "GET /v1/nothing HTTP/1.1\r\nHost: v\r\n"
	    "\r\n";
	struct mtls_deadline deadline = mtls_deadline_in_ms(20000);
	struct pollfd pfd = { h->fd, POLLOUT, 0 };
	int n;

	assert_int_equal(fcntl(h->fd, F_SETFL, O_NONBLOCK), 0);
	for (;;) {
		assert_true(mtls_deadline_left_ms(deadline) > 0);
		assert_true(rig_is_alive(rig));
		n = SSL_write(h->ssl, ask, sizeof(ask) - 1);
		if (n > 0)
			continue;
		if (SSL_get_error(h->ssl, n) != SSL_ERROR_WANT_WRITE)
			break;
		(void)poll(&pfd, 1, 100);
	}
	ERR_clear_error();
}

static void
T054_answers_that_nobody_reads(void **state)
{
	struct rig *rig = *state;
	struct http h;

	rig_write_settings(rig, "[limits]\nrequest-timeout = 1s\n"
	    "hold = 1s\nidle-timeout = 3s\n");
	assert_true(rig_reload(rig));
	http_machine(&h, rig);
	ask_until_the_end(rig, &h);
	http_close(&h);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* T-02A: half a request is none; a whole one needs no farewell. */
static void
T02A_cut_off(void **state)
{
	static const char head[] = "POST /v1/challenges HTTP/1.1\r\n"
	    "Host: v\r\nContent-Type: application/json\r\n"
	    "Content-Length: 300\r\n\r\n{\"version\":1,";
	struct rig *rig = *state;
	struct mtls_body_challenge c;
	struct http h;
	char rows[4][128];

	http_machine(&h, rig);
	assert_int_equal(http_write(&h, head, sizeof(head) - 1), 0);
	assert_int_equal(shutdown(h.fd, SHUT_WR), 0);
	http_read(&h, &reply);
	assert_true(reply.status == 0 || reply.status == 400);
	http_close(&h);
	assert_int_equal(rig_audit(rig, rows, 4), 0);
	/* A person who proves, and is gone before the answer. */
	{
		struct http user;
		int allow;

		http_machine(&h, rig);
		assert_int_equal(rig_open(&h, &c, &reply), 201);
		http_person(&user, rig, rig->alice);
		assert_int_equal(rig_prove(&user, c.challenge, NULL, &reply),
		    200);
		assert_int_equal(shutdown(user.fd, SHUT_RDWR), 0);
		http_close(&user);
		assert_int_equal(rig_grant(&h, c.challenge, 5, &allow,
		    &reply), 200);
		assert_true(allow);
		http_close(&h);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(T028_floods),
		TEST(T028_some_key_updates),
		TEST(T028_chains_without_end),
		TEST(T029_post_handshake_authentication),
		TEST(T054_answers_that_nobody_reads),
		TEST(T02A_cut_off),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the two halves of the fake verifier share.
 */
#ifndef TESTS_FAKE_VERIFIER_INTERNAL_H
#define TESTS_FAKE_VERIFIER_INTERNAL_H

#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "fake_verifier.h"

struct fake_listener {
	struct fake_verifier *verifier;
	const struct fake_listener_options *options;
	int which;			/* 0 device, 1 user */
	SSL_CTX *ctx;
	struct evconnlistener *listener;
	uint16_t port;
};

struct fake_connection {
	struct fake_connection *next;
	struct fake_listener *listener;
	int fd;				/* where there is no bev */
	struct bufferevent *bev;
	int end_when_written;
	struct event *slow;
	char *slow_text;
	size_t slow_at;
	struct fake_flood_thread *flood;
};

struct fake_verifier {
	struct fake_verifier_options options;
	struct fake_listener listeners[2];
	struct fake_connection *connections;
	struct fake_verifier_record record;
	uint8_t challenge[MTLS_ID_BYTES];
	int pending_left;
};

/*
 * Begins to flood, in fake_flood.c; ssl is NULL before a handshake. Nothing
 * else may be sent any more.
 */
struct fake_flood_thread *fake_flood_begin(enum fake_flood kind, int fd,
    const SSL *ssl);
/* Ends it, and with it the connection; NULL is a no-op. */
void fake_flood_end(struct fake_flood_thread *flood);

/* HTTP, in fake_verifier_http.c */
void fake_on_readable(struct bufferevent *bev, void *arg);
/* Both free c. */
void fake_connection_end(struct fake_connection *c);
void fake_connection_reset(struct fake_connection *c);

#endif

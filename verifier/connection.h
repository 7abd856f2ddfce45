/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One TLS connection from accept to its end: how long each part may take as
 * a whole, and how many there may be. evhttp reads the requests; this
 * watches over it and never lets a request through that did not come over
 * TLS from a verified peer.
 *
 * A connection belongs to its SSL and is freed with it. In libevent 2.1 a
 * server cannot refuse a connection that evhttp has accepted; it is shut
 * down instead, which evhttp takes for a peer that went away.
 */
#ifndef VERIFIER_CONNECTION_H
#define VERIFIER_CONNECTION_H

#include <stdatomic.h>
#include <stdint.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "mtls/log.h"
#include "mtls/tls.h"

#include "crowd.h"
#include "generation.h"
#include "network.h"

struct connection;
struct metrics;
struct room;

/* What all connections of an event loop share; n is for other threads too. */
struct connections {
	struct event_base *base;
	const struct mtls_log *log;
	struct connection *first;
	atomic_uint n;
	uint32_t max;			/* of this loop */
	uint32_t max_per_client;	/* of all loops */
	struct room *room;		/* of all loops */
	uint32_t handshake_timeout_s, request_timeout_s, idle_timeout_s;
	struct metrics *metrics;	/* or NULL */
	struct crowd crowd;
	/* Called when there is no room for more, and when there is. */
	void (*full)(void *arg, int is_full);
	void *arg;
	int is_full;
};

/*
 * A bufferevent for evhttp with a new connection behind it, or NULL when out
 * of memory.
 */
struct bufferevent *connection_new(struct connections *all, enum role role,
    SSL_CTX *ctx);

/*
 * The connection of a request; NULL if the request did not come over TLS
 * from a peer that mtls_tls_check_peer() accepts: nothing may be answered
 * then, and the caller ends it with connection_drop(). From now on the
 * request has arrived and the clock stands still.
 */
struct connection *connection_of_request(struct evhttp_request *req,
    enum role role, enum mtls_tls_min min);

/* Closes the connection of a request, and with it the request. */
void connection_drop(struct evhttp_request *req);

/* To be called before the answer is given to evhttp. */
void connection_answering(struct connection *c, struct evhttp_request *req);
/*
 * To be called after that, in the same turn of the loop: what waits to be
 * sent, the head and the body of the answer, goes as one TLS record.
 */
void connection_answered(struct connection *c);

SSL *connection_ssl0(const struct connection *c);
/* The peer's address without its port, for logs and the audit. */
const char *connection_peer0(const struct connection *c);

/* Ends those on which nothing is asked and nothing is answered. */
void connections_close_idle(struct connections *all);

/* Lets go of all connections; they may outlive what they shared. */
void connections_forget(struct connections *all);

#endif

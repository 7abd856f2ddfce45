/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One TLS connection to a verifier and the requests on it, one at a time.
 * Nothing is ever sent in the clear, no redirect is followed, no coding of
 * the body is accepted; an answer reaches the caller only after the
 * connection, its status line, its headers and its length have been checked.
 */
#ifndef CLIENT_HTTP_CHANNEL_H
#define CLIENT_HTTP_CHANNEL_H

#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "client/trace.h"
#include "mtls/status.h"
#include "mtls/tls.h"

struct http_channel;

/* Where to: the address has been resolved, the name is checked by TLS. */
struct http_target {
	const char *name;
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
};

struct http_channel_options {
	struct event_base *base;
	SSL_CTX *ctx;
	enum mtls_tls_min tls_min;
	struct trace *trace;		/* or NULL */
	enum trace_phase connect_phase;	/* TRACE_COUNT: not measured */
	enum trace_phase handshake_phase;
};

/* A body with the right headers; it has not been parsed. */
struct http_answer {
	int code;			/* 200, 201, 202 or 400..599 */
	const char *body;		/* borrowed; NUL behind len bytes */
	size_t len;
};

/*
 * Called once per request from the top of the event loop; the channel may be
 * freed in it. answer is NULL on failure. err: UNAVAILABLE (no connection),
 * PEER, REFUSED (an alert), CLOSED, PROTOCOL, CRYPTO, MEMORY.
 */
typedef void (*http_done_fn)(void *arg, const struct http_answer *answer,
    const struct mtls_err *err);

enum mtls_status http_channel_new(const struct http_channel_options *options,
    const struct http_target *target, struct http_channel **ret,
    struct mtls_err *err);
/* Closes the connection; done is not called any more. NULL is a no-op. */
void http_channel_free(struct http_channel *channel);

/*
 * Sends json with POST, or GETs where it is NULL, and connects before the
 * first request. USAGE while another request is under way, CLOSED when the
 * connection has ended: the caller makes a new channel then.
 */
enum mtls_status http_channel_request(struct http_channel *channel,
    const char *path, const char *json, http_done_fn done, void *arg,
    struct mtls_err *err);

/* Whether the handshake is done and the connection has not ended. */
int http_channel_is_open(const struct http_channel *channel);
/* Whether a handshake was ever completed on it. */
int http_channel_was_open(const struct http_channel *channel);

#endif

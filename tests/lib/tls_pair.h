/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A TLS client and server in one process, over memory: whole handshakes
 * without sockets. Each side keeps going by itself; what ended it is kept.
 */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include <openssl/ssl.h>

#include "mtls/tls.h"

struct tls_end {
	SSL *ssl;
	int is_done;			/* its handshake succeeded */
	int ssl_error;			/* SSL_ERROR_*, 0 = still going */
	enum mtls_status status;	/* of mtls_tls_failure(); OK = none */
	struct mtls_err err;
};

struct tls_pair {
	struct tls_end client;
	struct tls_end server;
};

/* Takes both; connects them. */
void tls_pair_init(struct tls_pair *pair, SSL *client, SSL *server);
void tls_pair_free(struct tls_pair *pair);

/* Runs both handshakes as far as they go. */
void tls_pair_handshake(struct tls_pair *pair);

/*
 * Lets end read what has arrived, at most size bytes of application data.
 * Returns their number; 0 where there were none, and end->status tells of an
 * alert or of the end.
 */
int tls_pair_read(struct tls_end *end, void *buf, int size);

/* Writes and lets the other side read: 1 if every byte came through. */
int tls_pair_carries(struct tls_end *from, struct tls_end *to,
    const char *text);

#endif

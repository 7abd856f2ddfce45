/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A TLS connection whose bytes are carried by somebody else.
 */
#ifndef CLIENT_RELAY_TLS_H
#define CLIENT_RELAY_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

struct relay_tls;

/*
 * In client state, for a verifier of that name. only_look: it stops where the
 * certificate would be sent (mtls_tls_stop_before_certificate()).
 */
enum mtls_status relay_tls_new(SSL_CTX *ctx, const char *name, int only_look,
    struct relay_tls **ret, struct mtls_err *err);
void relay_tls_free(struct relay_tls *t);	/* NULL is a no-op */
SSL *relay_tls_ssl0(struct relay_tls *t);

/* Bytes from the other side; MEMORY. */
enum mtls_status relay_tls_put(struct relay_tls *t, const uint8_t *data,
    size_t len, struct mtls_err *err);

/* Takes at most size bytes for the other side. How many are there at all. */
size_t relay_tls_take(struct relay_tls *t, uint8_t *out, size_t size);
size_t relay_tls_pending(const struct relay_tls *t);

/*
 * Goes on with the handshake: AGAIN where it waits for bytes; OK when it is
 * complete, or has stopped before the certificate. PEER, REFUSED, PROTOCOL,
 * CLOSED.
 */
enum mtls_status relay_tls_handshake(struct relay_tls *t,
    struct mtls_err *err);

/* After the handshake: all of it, at once. */
enum mtls_status relay_tls_write(struct relay_tls *t, const char *data,
    size_t len, struct mtls_err *err);
/* What there is to read, at most size bytes; AGAIN where there is none. */
enum mtls_status relay_tls_read(struct relay_tls *t, char *out, size_t size,
    size_t *ret_len, struct mtls_err *err);

#endif

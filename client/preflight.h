/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A look at the verifier's user listener before anybody is asked for a PIN:
 * a TLS handshake up to the point where it asks for a certificate. It shows
 * that the listener is there and who it must be, and whose certificates it
 * accepts.
 */
#ifndef CLIENT_PREFLIGHT_H
#define CLIENT_PREFLIGHT_H

#include <event2/event.h>
#include <openssl/x509.h>

#include "client/http_channel.h"
#include "mtls/status.h"

struct preflight;

/*
 * Called once, from the event loop; the preflight may be freed in it.
 * issuers is borrowed, empty where the verifier named none, NULL on failure:
 * UNAVAILABLE, PEER, PROTOCOL, CRYPTO, MEMORY in err.
 */
typedef void (*preflight_done_fn)(void *arg, STACK_OF(X509_NAME) *issuers,
    const struct mtls_err *err);

enum mtls_status preflight_new(struct event_base *base, SSL_CTX *ctx,
    const struct http_target *target, preflight_done_fn done, void *arg,
    struct preflight **ret, struct mtls_err *err);
void preflight_free(struct preflight *preflight);	/* NULL is a no-op */

#endif

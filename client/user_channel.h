/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The user channel: a full TLS handshake with the person's certificate,
 * whose signature is the proof, and one request that names the challenge.
 */
#ifndef CLIENT_USER_CHANNEL_H
#define CLIENT_USER_CHANNEL_H

#include "client/http_channel.h"
#include "mtls/body.h"
#include "mtls/status.h"

struct user_channel;

/*
 * Called once from the event loop; the channel may be freed in it. OK: the
 * verifier took the proof, which is not a decision. REFUSED: it did not
 * accept the certificate.
 */
typedef void (*user_proven_fn)(void *arg, const struct mtls_err *err);

/*
 * options.ctx presents the person's certificate. proof is copied into the
 * request at once.
 */
enum mtls_status user_channel_prove(
    const struct http_channel_options *options,
    const struct http_target *target, const struct mtls_body_proof *proof,
    user_proven_fn done, void *arg, struct user_channel **ret,
    struct mtls_err *err);
void user_channel_free(struct user_channel *u);		/* NULL: no-op */

#endif

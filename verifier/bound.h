/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a key to a certificate: which of those that are bound to a user and
 * have that key is the one to look at.
 */
#ifndef VERIFIER_BOUND_H
#define VERIFIER_BOUND_H

#include "mtls/status.h"
#include "mtls/tls.h"

#include "generation.h"
#include "peer.h"
#include "store/store.h"

/*
 * Of what a STORE_BINDING_FIND has found, the first that is neither revoked
 * nor out of its validity nor otherwise of no use; where there is none, the
 * first of all, of which *ret says what is wrong. NULL where there is no
 * certificate that is what its row says; *ret is then empty. The row is the
 * operation's; the caller clears *ret. err: why it is MALFORMED.
 */
const struct store_bound *bound_choose0(const struct store_op *op,
    struct mtls_tls *tls, const struct generation *g, struct peer *ret,
    struct mtls_err *err);

/* Whether it may be relied on, as far as that is known. */
int bound_is_good(const struct store_bound *b, const struct peer *peer);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a server context has verified already: a chain that was presented and
 * accepted once is known by the hash of all of it, and not verified again
 * while every certificate of the verified chain is within its validity.
 * Everything else that X509_verify_cert() looks at depends on the bytes that
 * were presented and on the context alone, so the answer is the same. A cache
 * belongs to one context, which is never given other CAs; new CAs come with a
 * new context, which knows nothing yet. Revocation is no part of this: it is
 * looked at afterwards, for every connection.
 *
 * MUST: remember nothing that was refused; refuse nothing by itself; be as
 * strict about time as X509_verify_cert() (tests/unit/test_chain_cache.c).
 */
#ifndef TLS_CHAIN_CACHE_H
#define TLS_CHAIN_CACHE_H

#include <openssl/ssl.h>

#include "mtls/status.h"
#include "mtls/tls.h"

/* 131,072 chains of 64 bytes: more people than there are in most places. */
#define MTLS_CHAIN_CACHE_SETS 32768u

/*
 * Gives ctx, a server context of one thread, a cache that goes with it, in
 * the place of the one it may have. Four chains for each set. MEMORY.
 */
enum mtls_status mtls_chain_cache_add(struct mtls_tls *tls, SSL_CTX *ctx,
    size_t n_sets, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One question to one responder, and its answer into the cache. Waits; for
 * threads.
 */
#ifndef VERIFIER_OCSP_FETCH_H
#define VERIFIER_OCSP_FETCH_H

#include "mtls/status.h"

#include "ocsp_cache.h"
#include "revocation.h"

/*
 * Asks about a certificate of the CA, unless the cache knows meanwhile.
 * Not OK with the URL and the reason: nothing was learned.
 */
enum mtls_status ocsp_fetch(struct revocation *r, size_t ca,
    X509 *certificate, int wake_fd, enum ocsp_answer *ret,
    struct mtls_err *err);

#endif

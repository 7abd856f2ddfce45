/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is above the leaf is the same for nearly everybody: kept once, and the
 * signatures in it verified once. Where a chain has been built whose upper
 * part is one of those byte for byte, the signatures that CAs made for CAs
 * are not verified again; everything else is, by X509_verify_cert() and for
 * every chain:
 *
 *  - how the chain is built, who ends it, extensions, purposes, path lengths,
 *    name constraints, security level: all of that is done with the whole
 *    chain before any signature is looked at, and is not changed here;
 *  - the signature of the leaf by the CA above it, whether that CA may sign
 *    at all, and the validity of the leaf: by OpenSSL's own step, which is
 *    shown the leaf and that CA only;
 *  - the validity of the upper part: its bounds are kept with it, and outside
 *    of them OpenSSL is asked about all of it, and says which one it is.
 *
 * What is left out depends on nothing but bytes: a signature over the same
 * bytes by the same key is as good as it was. "The same" are the signed bytes
 * of each certificate, compared whole (X509_cmp()), each followed by the same
 * issuer. Nothing is kept of a chain that was refused for anything.
 *
 * MUST: verify the signature and the time of every leaf; keep no part of a
 * chain that was not accepted (tests/unit/test_chain_upper.c).
 */
#ifndef TLS_CHAIN_UPPER_H
#define TLS_CHAIN_UPPER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509_vfy.h>

#define CHAIN_UPPERS_MAX 64u

struct chain_upper {
	STACK_OF(X509) *certs;		/* the issuer of the leaf first */
	int64_t from_s, to_s;		/* all of them are valid: [from, to) */
};

/* Those of one SSL_CTX, which is never given other CAs; zeroed is empty. */
struct chain_uppers {
	struct chain_upper all[CHAIN_UPPERS_MAX];
	size_t n;
	/* OpenSSL's step that verifies signatures, and how often it was cut. */
	X509_STORE_CTX_verify_fn signatures;
	uint64_t n_short;
};

void chain_uppers_clear(struct chain_uppers *uppers);

/*
 * The one that is above the leaf of an accepted chain, remembered if it was
 * not; NULL where it cannot be. It lives as long as uppers.
 */
const struct chain_upper *chain_upper_keep(struct chain_uppers *uppers,
    STACK_OF(X509) *chain);

/* X509_verify_cert(), with what is known. */
int chain_upper_verify(struct chain_uppers *uppers, X509_STORE_CTX *ctx);

/* Makes [*from_s, *to_s) what it and the certificate's validity share. */
int chain_upper_narrow(const X509 *certificate, int64_t *from_s,
    int64_t *to_s);

#endif

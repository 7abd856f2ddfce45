/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether a certificate, and those above it, may be relied on now: validity
 * and revocation, from CRLs that were read and verified once. Knows only the
 * CA certificates of its bundles; a certificate of another issuer has no
 * standing.
 */
#ifndef VERIFIER_REVOCATION_H
#define VERIFIER_REVOCATION_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "mtls/status.h"
#include "mtls/tls.h"

#include "policy.h"

struct revocation;

/* One CA, for logs and status. */
struct revocation_ca {
	char subject[512];
	int has_crl;
	int64_t this_update_s, next_update_s;
	size_t n_revoked;
};

/*
 * Reads every *.pem, *.crl and *.der of crl_dir. cas are the CA certificates
 * of all bundles; they are referenced. CONFIG with the file: a CRL that says
 * it is from one of them and is not, or that cannot be used, or is older
 * than the one that previous (NULL: none) has. CRLs of other issuers are
 * counted and left out.
 */
enum mtls_status revocation_load(struct mtls_tls *tls, const char *crl_dir,
    STACK_OF(X509) *cas, const struct revocation *previous,
    struct revocation **ret, struct mtls_err *err);
void revocation_free(struct revocation *r);	/* NULL is a no-op */

/*
 * The standing of a certificate that was issued by issuer. What is known to
 * be revoked is REVOKED even where the CRL has expired; UNKNOWN where data
 * for it or for one above it is missing or not of now; NO_ISSUER where
 * issuer is not one of the CAs.
 */
enum policy_standing revocation_standing(const struct revocation *r,
    X509 *certificate, X509 *issuer, int64_t now_s);

size_t revocation_n_cas(const struct revocation *r);
void revocation_describe(const struct revocation *r, size_t i,
    struct revocation_ca *ret);
/* CRLs of issuers that are in no bundle. */
size_t revocation_n_foreign(const struct revocation *r);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The certificates and CRLs of a CA, and what stands in each. Everything made
 * here has been verified with X509_V_FLAG_X509_STRICT before the caller gets
 * it. Times are seconds since 1970.
 */
#ifndef MTLSCTL_CA_MAKE_H
#define MTLSCTL_CA_MAKE_H

#include <openssl/x509.h>

#include "mtls/status.h"
#include "mtlsctl/ca_dir.h"
#include "mtlsctl/ca_index.h"

#define CA_ORG_MAX	48	/* bytes; "ORG Machines CA" has room for 64 */
#define CA_CN_MAX	64

struct ca_subject {
	enum ca_kind kind;
	const char *name;	/* machine, verifier: the dNSName; user: CN */
	const char *upn0;	/* user: the otherName */
	const char *email0;	/* user: rfc822Name */
	const char *serial;	/* 32 hex digits */
	int64_t not_before_s, not_after_s;
};

/* A root: self-signed, CA:TRUE, at most one CA below it. */
enum mtls_status ca_make_root(struct mtls_tls *tls, const char *org,
    const struct ca_subject *dates, EVP_PKEY *key, X509 **ret,
    struct mtls_err *err);

/*
 * A CA below root that issues end certificates only, and by its EKU only
 * those it is for: users for client authentication, machines for both ends.
 */
enum mtls_status ca_make_intermediate(struct mtls_tls *tls, enum ca_id id,
    const struct ca *root, const char *org, const struct ca_subject *dates,
    EVP_PKEY *key, X509 **ret, struct mtls_err *err);

/* An end certificate for key. root is for the verification. */
enum mtls_status ca_make_leaf(struct mtls_tls *tls, const struct ca *issuer,
    X509 *root, const struct ca_subject *subject, EVP_PKEY *key, X509 **ret,
    struct mtls_err *err);

/*
 * The CRL of issuer: every revoked entry of the index that it has issued,
 * also those that have expired.
 */
struct ca_crl {
	uint64_t number;
	int64_t this_update_s, next_update_s;
};
enum mtls_status ca_make_crl(struct mtls_tls *tls, const struct ca *issuer,
    const struct ca_index *index, const struct ca_crl *crl, X509_CRL **ret,
    struct mtls_err *err);

#endif

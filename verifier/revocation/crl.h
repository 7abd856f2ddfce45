/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One certificate revocation list as what a decision needs: when it is
 * valid, and the serial numbers in order. Its signature is verified when it
 * is made and never again.
 */
#ifndef VERIFIER_CRL_H
#define VERIFIER_CRL_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "mtls/status.h"

#define CRL_SERIAL_MAX 20	/* bytes, RFC 5280 */

struct crl {
	int64_t this_update_s, next_update_s;	/* since 1970, UTC */
	int has_number;
	uint8_t number[CRL_SERIAL_MAX];		/* big-endian */
	size_t n_serials;
	struct crl_serial *serials;		/* sorted */
	/* A delta: what has changed since a list of at least base_number. */
	int is_delta;
	uint8_t base_number[CRL_SERIAL_MAX];
	size_t n_removed;
	struct crl_serial *removed;		/* sorted; revoked no more */
};

/* Whether ca may be the one that signed list: names and keyUsage. */
int crl_is_by(X509_CRL *list, X509 *ca);

/*
 * Makes *ret from a list that ca signed. CONFIG: the signature is not good or
 * of a weak kind, there is no nextUpdate, it is an indirect or partial list,
 * a delta without a number, or it has another critical extension. The caller
 * frees *ret.
 */
enum mtls_status crl_new(X509_CRL *list, X509 *ca, struct crl **ret,
    struct mtls_err *err);
void crl_free(struct crl *crl);		/* NULL is a no-op */

int crl_has(const struct crl *crl, const ASN1_INTEGER *serial);

/*
 * Makes *ret, the whole list that a base and a newer delta of the same CA
 * amount to: it has the delta's number and thisUpdate, and is good until the
 * first of both ends. CONFIG where the delta is for a newer base, or the base
 * has no number. Neither is changed; the caller frees *ret.
 */
enum mtls_status crl_combine(const struct crl *base, const struct crl *delta,
    struct crl **ret, struct mtls_err *err);

/*
 * Negative, 0 or positive: a is older than, as new as, or newer than b. By
 * number where both have one, by thisUpdate otherwise.
 */
int crl_compare(const struct crl *a, const struct crl *b);

/* Whether they are not the same list. */
int crl_differs(const struct crl *a, const struct crl *b);

/* Seconds since 1970 of a time in a certificate or CRL; -1: malformed. */
int crl_time(const ASN1_TIME *time, int64_t *ret_s);

#endif

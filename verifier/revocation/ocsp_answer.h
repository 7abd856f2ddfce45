/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A question to an OCSP responder about one certificate, and whether an
 * answer may be believed. No network, no clock, no cache.
 */
#ifndef VERIFIER_OCSP_ANSWER_H
#define VERIFIER_OCSP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "mtls/status.h"

#include "ocsp_cache.h"

struct ocsp_question;

/*
 * About a certificate that ca issued, with a new nonce. Both are referenced.
 * The caller frees it.
 */
enum mtls_status ocsp_question_new(X509 *certificate, X509 *ca,
    struct ocsp_question **ret, struct mtls_err *err);
void ocsp_question_free(struct ocsp_question *q);	/* NULL: no-op */
/* DER, as long as q lives. */
const uint8_t *ocsp_question_der0(const struct ocsp_question *q,
    size_t *ret_len);

/* The first http URL of a responder in a certificate; free(3). NULL: none. */
char *ocsp_url_of(X509 *certificate);

struct ocsp_terms {
	int64_t now_s;
	uint32_t max_age_s;	/* how long an answer is good at most */
	/*
	 * Whether the CA says that this certificate of it is good, for
	 * responders that do not say that nobody needs to ask. NULL: it
	 * cannot be said.
	 */
	int (*is_good)(void *arg, X509 *certificate);
	void *arg;
};

struct ocsp_result {
	enum ocsp_answer answer;	/* GOOD or REVOKED */
	int64_t until_s;		/* how long GOOD holds */
};

/*
 * Reads an answer to q. Believed is what the CA itself has signed, or a
 * responder with a certificate for OCSP signing that the CA itself issued;
 * about exactly this certificate; for now. Where the responder left the nonce
 * out, only what is ten minutes old at most and says when it ends.
 * UNAVAILABLE: it does not know or wants to be asked later. PROTOCOL or PEER
 * with the reason: it is not to be believed.
 */
enum mtls_status ocsp_answer_read(const struct ocsp_question *q,
    const struct ocsp_terms *terms, const uint8_t *data, size_t len,
    struct ocsp_result *ret, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Answers of an OCSP responder, good and bad ones.
 */
#ifndef TESTS_OCSP_REPLY_H
#define TESTS_OCSP_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "pki.h"

enum ocsp_reply_nonce {
	OCSP_REPLY_NONCE_SAME = 0, OCSP_REPLY_NONCE_NONE,
	OCSP_REPLY_NONCE_WRONG
};

enum ocsp_reply_critical {
	OCSP_REPLY_CRITICAL_NONE = 0, OCSP_REPLY_CRITICAL_BASIC,
	OCSP_REPLY_CRITICAL_SINGLE
};

/* Zero and NULL mean: as it has to be. Times are from now. */
struct ocsp_reply_options {
	const struct pki_cert *signer;
	const struct pki_cert *shown;	/* instead of its certificate */
	const struct pki_cert *ca, *id_ca;	/* in the id */
	const struct pki_cert *certificate;	/* it is about */
	const struct pki_cert *beside;	/* and this one is good */
	int status;			/* V_OCSP_CERTSTATUS_* */
	int response_status, with_body;	/* other than "successful" */
	int64_t this_s, next_s;		/* next 0: none */
	enum ocsp_reply_nonce nonce;
	enum ocsp_reply_critical critical;
	int n_singles;			/* 0: 1; -1: none */
	int without_certificate;
	int is_altered;			/* after it was signed */
	const char *digest;
};

/* DER of an answer to that request; free(3). */
uint8_t *ocsp_reply_make(const struct ocsp_reply_options *o,
    const uint8_t *request, size_t request_len, size_t *ret_len);

#endif

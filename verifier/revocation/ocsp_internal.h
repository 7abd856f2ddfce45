/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a question consists of. Private to ocsp_*.c.
 */
#ifndef VERIFIER_OCSP_INTERNAL_H
#define VERIFIER_OCSP_INTERNAL_H

#include <openssl/ocsp.h>

#include "ocsp_answer.h"

#define OCSP_NONCE_BYTES 32	/* RFC 9654 */

struct ocsp_question {
	X509 *certificate, *ca;
	OCSP_CERTID *id;
	OCSP_REQUEST *request;
	unsigned char *der;
	int der_len;
};

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Making a question, and whom to ask it.
 */
#include "config.h"

#include "ocsp_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mtls/random.h"

#include "settings_ca.h"

static enum mtls_status
out_of_memory(struct mtls_err *err)
{
	ERR_clear_error();
	return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
}

static enum mtls_status
make_request(struct ocsp_question *q, struct mtls_err *err)
{
	uint8_t nonce[OCSP_NONCE_BYTES];
	enum mtls_status status;
	OCSP_CERTID *mine;

	status = mtls_random(nonce, sizeof(nonce), err);
	if (status != MTLS_OK)
		return status;
	/* SHA-1 names the issuer here, as every responder expects. */
	q->id = OCSP_cert_to_id(EVP_sha1(), q->certificate, q->ca);
	q->request = OCSP_REQUEST_new();
	mine = q->id == NULL ? NULL : OCSP_CERTID_dup(q->id);
	if (q->request == NULL || mine == NULL ||
	    OCSP_request_add0_id(q->request, mine) == NULL) {
		OCSP_CERTID_free(mine);
		return out_of_memory(err);
	}
	if (OCSP_request_add1_nonce(q->request, nonce, sizeof(nonce)) != 1)
		return out_of_memory(err);
	q->der_len = i2d_OCSP_REQUEST(q->request, &q->der);
	return q->der_len <= 0 ? out_of_memory(err) : MTLS_OK;
}

enum mtls_status
ocsp_question_new(X509 *certificate, X509 *ca, struct ocsp_question **ret,
    struct mtls_err *err)
{
	struct ocsp_question *q = calloc(1, sizeof(*q));
	enum mtls_status status;

	if (q == NULL)
		return out_of_memory(err);
	if (X509_up_ref(certificate) == 1)
		q->certificate = certificate;
	if (X509_up_ref(ca) == 1)
		q->ca = ca;
	status = q->certificate == NULL || q->ca == NULL ?
	    out_of_memory(err) : make_request(q, err);
	if (status != MTLS_OK) {
		ocsp_question_free(q);
		return status;
	}
	*ret = q;
	return MTLS_OK;
}

void
ocsp_question_free(struct ocsp_question *q)
{
	if (q == NULL)
		return;
	X509_free(q->certificate);
	X509_free(q->ca);
	OCSP_CERTID_free(q->id);
	OCSP_REQUEST_free(q->request);
	OPENSSL_free(q->der);
	free(q);
}

const uint8_t *
ocsp_question_der0(const struct ocsp_question *q, size_t *ret_len)
{
	*ret_len = (size_t)q->der_len;
	return q->der;
}

char *
ocsp_url_of(X509 *certificate)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(certificate);
	char *url = NULL;

	for (int i = 0; i < sk_OPENSSL_STRING_num(urls) && url == NULL; i++) {
		if (settings_ca_is_url(sk_OPENSSL_STRING_value(urls, i)))
			url = strdup(sk_OPENSSL_STRING_value(urls, i));
	}
	X509_email_free(urls);
	return url;
}

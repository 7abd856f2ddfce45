/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * See ocsp_reply.h.
 */
#include "config.h"

#include "ocsp_reply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ocsp.h>

#include "pki_internal.h"

static void
add_single(OCSP_BASICRESP *basic, const struct ocsp_reply_options *o,
    const struct pki_cert *about, int status)
{
	const struct pki_cert *ca = o->id_ca != NULL ? o->id_ca : o->ca;
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, time(NULL) +
	    o->this_s);
	ASN1_TIME *to = o->next_s == 0 ? NULL : ASN1_GENERALIZEDTIME_set(NULL,
	    time(NULL) + o->next_s);
	OCSP_CERTID *id = OCSP_cert_id_new(EVP_sha1(),
	    X509_get_subject_name(ca->x509), X509_get0_pubkey_bitstr(ca->x509),
	    X509_get0_serialNumber(about->x509));
	OCSP_SINGLERESP *single;

	pki_must(id != NULL, "id");
	single = OCSP_basic_add1_status(basic, id, status, 0,
	    status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, to);
	pki_must(single != NULL, "status");
	if (o->critical == OCSP_REPLY_CRITICAL_SINGLE)
		pki_must(OCSP_SINGLERESP_add1_ext_i2d(single,
		    NID_id_pkix_OCSP_archiveCutoff, from, 1, 0), "extension");
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

static void
add_nonce(OCSP_BASICRESP *basic, const struct ocsp_reply_options *o,
    OCSP_REQUEST *request)
{
	unsigned char other[32] = "another one";

	switch (o->nonce) {
	case OCSP_REPLY_NONCE_SAME:
		pki_must(OCSP_copy_nonce(basic, request) == 1, "nonce");
		return;
	case OCSP_REPLY_NONCE_WRONG:
		pki_must(OCSP_basic_add1_nonce(basic, other, sizeof(other)),
		    "nonce");
		return;
	case OCSP_REPLY_NONCE_NONE:
		return;
	}
}

static OCSP_BASICRESP *
make_basic(const struct ocsp_reply_options *o, OCSP_REQUEST *request)
{
	const struct pki_cert *shown = o->shown != NULL ? o->shown :
	    o->signer;
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	ASN1_TIME *any = ASN1_GENERALIZEDTIME_set(NULL, time(NULL));
	int n = o->n_singles == 0 ? 1 : o->n_singles;

	pki_must(basic != NULL, "answer");
	if (o->beside != NULL)
		add_single(basic, o, o->beside, V_OCSP_CERTSTATUS_GOOD);
	for (int i = 0; i < n; i++)
		add_single(basic, o, o->certificate, o->status);
	add_nonce(basic, o, request);
	if (o->critical == OCSP_REPLY_CRITICAL_BASIC)
		pki_must(OCSP_BASICRESP_add1_ext_i2d(basic,
		    NID_id_pkix_OCSP_archiveCutoff, any, 1, 0), "extension");
	pki_must(OCSP_basic_sign(basic, o->signer->x509, o->signer->key,
	    EVP_get_digestbyname(o->digest != NULL ? o->digest : "SHA256"),
	    NULL, OCSP_NOCERTS) == 1, "signature");
	if (!o->without_certificate)
		pki_must(OCSP_basic_add1_cert(basic, shown->x509) == 1,
		    "certificate");
	ASN1_TIME_free(any);
	return basic;
}

/* Turns a bit of the first answer's "good" or "revoked" around. */
static void
alter(uint8_t *der, size_t len)
{
	static const uint8_t good[] = { 0x80, 0x00, 0x18, 0x0f };
	uint8_t *at = memmem(der, len, good, sizeof(good));

	pki_must(at != NULL, "good");
	/* The last digit of the year of thisUpdate. */
	at[7] ^= 1;
}

uint8_t *
ocsp_reply_make(const struct ocsp_reply_options *o, const uint8_t *request,
    size_t request_len, size_t *ret_len)
{
	const unsigned char *p = request;
	OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &p, (long)request_len);
	OCSP_BASICRESP *basic = NULL;
	OCSP_RESPONSE *response;
	unsigned char *der = NULL;
	uint8_t *copy;
	int len;

	pki_must(req != NULL, "request");
	if (o->response_status == 0 || o->with_body)
		basic = make_basic(o, req);
	response = OCSP_response_create(o->response_status, basic);
	len = response == NULL ? -1 : i2d_OCSP_RESPONSE(response, &der);
	copy = len <= 0 ? NULL : malloc((size_t)len);
	pki_must(copy != NULL, "response");
	memcpy(copy, der, (size_t)len);
	if (o->is_altered)
		alter(copy, (size_t)len);
	*ret_len = (size_t)len;
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_REQUEST_free(req);
	return copy;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether an answer may be believed. It MUST
 *
 *  1. be whole, and successful
 *  2. be signed, with a digest that cannot be collided with, by the CA of
 *     the certificate, or by a certificate that this CA issued itself, with
 *     the purpose OCSPSigning, that is valid and not revoked
 *  3. be about this certificate: issuer, number, and once only
 *  4. have our nonce, or else be of the last ten minutes and end
 *  5. have begun and not have ended
 *  6. have no critical extension that is not known here
 *
 * test_ocsp_answer.c breaks each of these.
 */
#include "config.h"

#include "ocsp_internal.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "crl.h"

/* How far the clocks of a responder and of ours may be apart. */
#define SKEW_S		120
/* How old an answer may be that could have been said to anybody. */
#define FRESH_S		600
/* How long an answer is good that does not say it. */
#define UNSAID_S	60

static enum mtls_status
refuse(enum mtls_status status, const char *why, struct mtls_err *err)
{
	ERR_clear_error();
	return mtls_fail(err, status, "%s", why);
}

static int
is_within(const ASN1_TIME *from, const ASN1_TIME *to, int64_t now_s)
{
	int64_t from_s, to_s;

	return crl_time(from, &from_s) == 0 && crl_time(to, &to_s) == 0 &&
	    now_s >= from_s && now_s <= to_s;
}

/* The whole of it, and what is in it where it says "successful". */
static enum mtls_status
parse(const uint8_t *data, size_t len, OCSP_BASICRESP **ret,
    struct mtls_err *err)
{
	const unsigned char *p = data;
	OCSP_RESPONSE *response = NULL;
	enum mtls_status status = MTLS_OK;
	OCSP_BASICRESP *basic = NULL;

	if (len <= LONG_MAX)
		response = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
	if (response == NULL || p != data + len)
		status = refuse(MTLS_E_PROTOCOL, "not an OCSP answer", err);
	else if (OCSP_response_status(response) !=
	    OCSP_RESPONSE_STATUS_SUCCESSFUL)
		status = refuse(MTLS_E_UNAVAILABLE, OCSP_response_status_str(
		    OCSP_response_status(response)), err);
	else if ((basic = OCSP_response_get1_basic(response)) == NULL)
		status = refuse(MTLS_E_PROTOCOL, "not a basic OCSP answer",
		    err);
	OCSP_RESPONSE_free(response);
	if (status == MTLS_OK)
		*ret = basic;
	return status;
}

static int
is_for_signing(X509 *signer)
{
	uint32_t usage = X509_get_key_usage(signer);

	/* UINT32_MAX where there is no such extension. */
	return (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) != 0 &&
	    (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) != 0 &&
	    (usage & KU_DIGITAL_SIGNATURE) != 0;
}

/* A responder that the CA has said may answer in its place. */
static enum mtls_status
check_delegate(const struct ocsp_question *q, const struct ocsp_terms *terms,
    X509 *signer, struct mtls_err *err)
{
	if (X509_check_issued(q->ca, signer) != X509_V_OK ||
	    X509_verify(signer, X509_get0_pubkey(q->ca)) != 1)
		return refuse(MTLS_E_PEER, "the responder's certificate is "
		    "not one of the CA itself", err);
	if (!is_for_signing(signer))
		return refuse(MTLS_E_PEER, "the responder's certificate is "
		    "not for OCSP signing", err);
	if (!is_within(X509_get0_notBefore(signer),
	    X509_get0_notAfter(signer), terms->now_s))
		return refuse(MTLS_E_PEER, "the responder's certificate is "
		    "not valid now", err);
	if (X509_get_ext_by_NID(signer, NID_id_pkix_OCSP_noCheck, -1) < 0 &&
	    (terms->is_good == NULL || !terms->is_good(terms->arg, signer)))
		return refuse(MTLS_E_PEER, "it is not known whether the "
		    "responder's certificate has been revoked", err);
	return MTLS_OK;
}

/* MD5 and SHA-1 can be collided with. */
static int
has_weak_digest(const OCSP_BASICRESP *basic)
{
	const X509_ALGOR *alg = OCSP_resp_get0_tbs_sigalg(basic);
	const ASN1_OBJECT *object;
	int digest, key;

	X509_ALGOR_get0(&object, NULL, NULL, alg);
	if (OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, &key) != 1)
		return 1;
	return digest == NID_md5 || digest == NID_sha1 ||
	    digest == NID_md5_sha1;
}

/* By this certificate and no other that the answer brings along. */
static int
is_signed_by(OCSP_BASICRESP *basic, X509 *signer)
{
	STACK_OF(X509) *only = sk_X509_new_null();
	int is_it;

	is_it = only != NULL && sk_X509_push(only, signer) > 0 &&
	    OCSP_basic_verify(basic, only, NULL,
	    OCSP_NOINTERN | OCSP_NOVERIFY) == 1;
	sk_X509_free(only);
	return is_it;
}

static enum mtls_status
check_signature(const struct ocsp_question *q,
    const struct ocsp_terms *terms, OCSP_BASICRESP *basic,
    struct mtls_err *err)
{
	STACK_OF(X509) *known = sk_X509_new_null();
	enum mtls_status status = MTLS_OK;
	X509 *signer = NULL;

	if (known == NULL || sk_X509_push(known, q->ca) <= 0)
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	else if (OCSP_resp_get0_signer(basic, &signer, known) != 1 ||
	    signer == NULL)
		status = refuse(MTLS_E_PEER, "the answer does not say who "
		    "signed it", err);
	sk_X509_free(known);
	if (status == MTLS_OK && X509_cmp(signer, q->ca) != 0)
		status = check_delegate(q, terms, signer, err);
	if (status == MTLS_OK && (has_weak_digest(basic) ||
	    !is_signed_by(basic, signer)))
		status = refuse(MTLS_E_PEER, "the signature of the answer is "
		    "not good", err);
	return status;
}

static enum mtls_status
check_extensions(OCSP_BASICRESP *basic, OCSP_SINGLERESP *single,
    struct mtls_err *err)
{
	X509_EXTENSION *e;

	for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic); i++) {
		e = OCSP_BASICRESP_get_ext(basic, i);
		if (X509_EXTENSION_get_critical(e) && OBJ_obj2nid(
		    X509_EXTENSION_get_object(e)) != NID_id_pkix_OCSP_Nonce)
			return refuse(MTLS_E_PROTOCOL,
			    "a critical extension in the answer", err);
	}
	for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(single); i++) {
		e = OCSP_SINGLERESP_get_ext(single, i);
		if (X509_EXTENSION_get_critical(e))
			return refuse(MTLS_E_PROTOCOL,
			    "a critical extension in the answer", err);
	}
	return MTLS_OK;
}

/* What it says of this certificate; twice would be two things. */
static enum mtls_status
find_single(const struct ocsp_question *q, OCSP_BASICRESP *basic,
    OCSP_SINGLERESP **ret, struct mtls_err *err)
{
	OCSP_SINGLERESP *found = NULL, *one;
	size_t n = 0;

	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		one = OCSP_resp_get0(basic, i);
		if (OCSP_id_cmp(OCSP_SINGLERESP_get0_id(one), q->id) != 0)
			continue;
		found = one;
		n++;
	}
	if (n != 1)
		return refuse(MTLS_E_PROTOCOL, "the answer is not about this "
		    "certificate", err);
	*ret = found;
	return MTLS_OK;
}

struct times {
	int64_t this_s, next_s;
	int has_next;
};

static enum mtls_status
check_times(const ASN1_TIME *this_update, const ASN1_TIME *next_update,
    const struct ocsp_terms *terms, struct times *ret, struct mtls_err *err)
{
	ret->has_next = next_update != NULL;
	if (crl_time(this_update, &ret->this_s) != 0 ||
	    (ret->has_next && crl_time(next_update, &ret->next_s) != 0))
		return refuse(MTLS_E_PROTOCOL, "a time in the answer is "
		    "malformed", err);
	if (ret->this_s > terms->now_s + SKEW_S)
		return refuse(MTLS_E_PROTOCOL, "the answer is of the future",
		    err);
	if (ret->has_next && ret->next_s < terms->now_s)
		return refuse(MTLS_E_PROTOCOL, "the answer has expired", err);
	return MTLS_OK;
}

/* An answer without our nonce, or without an end, may be an old one. */
static enum mtls_status
check_fresh(const struct ocsp_question *q, OCSP_BASICRESP *basic,
    const struct times *t, int64_t now_s, struct mtls_err *err)
{
	int nonce = OCSP_check_nonce(q->request, basic);
	int is_new = t->this_s >= now_s - FRESH_S;

	if (nonce == 1 && (t->has_next || is_new))
		return MTLS_OK;
	/* -1: there is none in the answer. */
	if (nonce == -1 && t->has_next && is_new)
		return MTLS_OK;
	return refuse(MTLS_E_PROTOCOL, nonce == 0 ?
	    "the answer has another nonce" : "the answer is an old one", err);
}

static int64_t
good_until(const struct times *t, const struct ocsp_terms *terms)
{
	int64_t until_s = terms->now_s + terms->max_age_s;

	if (t->has_next && t->next_s < until_s)
		return t->next_s;
	if (!t->has_next && terms->max_age_s > UNSAID_S)
		return terms->now_s + UNSAID_S;
	return until_s;
}

static enum mtls_status
take_answer(const struct ocsp_question *q, const struct ocsp_terms *terms,
    OCSP_BASICRESP *basic, struct ocsp_result *ret, struct mtls_err *err)
{
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
	OCSP_SINGLERESP *single = NULL;
	enum mtls_status status;
	struct times t = { 0, 0, 0 };
	int what = -1;

	status = find_single(q, basic, &single, err);
	if (status == MTLS_OK)
		status = check_extensions(basic, single, err);
	if (status == MTLS_OK) {
		what = OCSP_single_get0_status(single, NULL, NULL,
		    &this_update, &next_update);
		status = check_times(this_update, next_update, terms, &t,
		    err);
	}
	if (status == MTLS_OK)
		status = check_fresh(q, basic, &t, terms->now_s, err);
	if (status != MTLS_OK)
		return status;
	if (what != V_OCSP_CERTSTATUS_GOOD &&
	    what != V_OCSP_CERTSTATUS_REVOKED)
		return refuse(MTLS_E_UNAVAILABLE, "the responder does not "
		    "know this certificate", err);
	ret->answer = what == V_OCSP_CERTSTATUS_GOOD ? OCSP_ANSWER_GOOD :
	    OCSP_ANSWER_REVOKED;
	ret->until_s = good_until(&t, terms);
	return MTLS_OK;
}

enum mtls_status
ocsp_answer_read(const struct ocsp_question *q,
    const struct ocsp_terms *terms, const uint8_t *data, size_t len,
    struct ocsp_result *ret, struct mtls_err *err)
{
	OCSP_BASICRESP *basic = NULL;
	enum mtls_status status;

	status = parse(data, len, &basic, err);
	if (status == MTLS_OK)
		status = check_signature(q, terms, basic, err);
	if (status == MTLS_OK)
		status = take_answer(q, terms, basic, ret, err);
	OCSP_BASICRESP_free(basic);
	ERR_clear_error();
	return status;
}

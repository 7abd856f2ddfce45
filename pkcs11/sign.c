/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One signature by the token. It is verified before it is given out, so that
 * a card with a foreign key, one that repeats an old signature, or a module
 * that returns rubbish is found out here and not by the verifier.
 */
#include "config.h"

#include <string.h>
#include <openssl/evp.h>

#include "mtls/signer.h"
#include "pkcs11/internal.h"

#define HASH_MAX	64

/* What goes to C_SignInit and C_Sign. */
struct request {
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	uint8_t small[512];		/* padded block, DigestInfo, hash */
	const uint8_t *data;
	size_t len;
	size_t sig_max, sig_exact;	/* exact: 0 = any up to max */
};

static enum mtls_status
prepare_pss(struct request *r, const struct pkcs11_scheme *scheme,
    size_t bits, int raw, const uint8_t *hash, size_t hash_len,
    struct mtls_err *err)
{
	r->data = r->small;
	if (raw) {
		r->mechanism.mechanism = CKM_RSA_X_509;
		r->len = (bits + 7) / 8;
		return pkcs11_pss_encode(scheme->digest, hash, bits,
		    r->small, r->len, err);
	}
	r->pss.hashAlg = scheme->hash;
	r->pss.mgf = scheme->mgf;
	r->pss.sLen = hash_len;
	r->mechanism.mechanism = CKM_RSA_PKCS_PSS;
	r->mechanism.pParameter = &r->pss;
	r->mechanism.ulParameterLen = sizeof(r->pss);
	memcpy(r->small, hash, hash_len);
	r->len = hash_len;
	return MTLS_OK;
}

/* raw: PSS padded by us, for tokens without the mechanism. */
static enum mtls_status
prepare(struct mtls_pkcs11_session *s, const struct pkcs11_scheme *scheme,
    int raw, const uint8_t *message, size_t message_len, struct request *r,
    struct mtls_err *err)
{
	size_t bits = (size_t)EVP_PKEY_get_bits(s->public_key);
	uint8_t hash[HASH_MAX];
	size_t hash_len;

	memset(r, 0, sizeof(*r));
	if (scheme->digest == NULL) {
		r->mechanism.mechanism = CKM_EDDSA;
		r->data = message;
		r->len = message_len;
		r->sig_max = r->sig_exact = 64;
		return MTLS_OK;
	}
	if (EVP_Q_digest(NULL, scheme->digest, NULL, message, message_len,
	    hash, &hash_len) != 1)
		return mtls_fail(err, MTLS_E_CRYPTO, "%s", scheme->digest);
	if (scheme->key_type == CKK_EC) {
		r->mechanism.mechanism = CKM_ECDSA;
		memcpy(r->small, hash, hash_len);
		r->data = r->small;
		r->len = hash_len;
		r->sig_max = 2 * ((bits + 7) / 8);
		return MTLS_OK;
	}
	r->sig_max = r->sig_exact = (bits + 7) / 8;
	if (scheme->pss)
		return prepare_pss(r, scheme, bits, raw, hash, hash_len, err);
	r->mechanism.mechanism = CKM_RSA_PKCS;
	r->data = r->small;
	r->len = sizeof(r->small);
	return pkcs11_digest_info(scheme->digest, hash, hash_len, r->small,
	    &r->len, err);
}

/*
 * A key that wants the PIN for each use gets it between C_SignInit and
 * C_Sign; the person is not asked again.
 */
static enum mtls_status
login_for_this(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE key,
    struct mtls_err *err)
{
	CK_BBOOL always = CK_FALSE;
	CK_RV rv;

	if (pkcs11_get(s->p, s->handle, key, CKA_ALWAYS_AUTHENTICATE,
	    &always, sizeof(always), NULL) != 0 || always == CK_FALSE)
		return MTLS_OK;
	if (s->pin == NULL) /* PIN pad, or no PIN at all */
		rv = s->p->f->C_Login(s->handle, CKU_CONTEXT_SPECIFIC, NULL,
		    0);
	else
		rv = s->p->f->C_Login(s->handle, CKU_CONTEXT_SPECIFIC,
		    (unsigned char *)(uintptr_t)mtls_secret_bytes0(s->pin),
		    mtls_secret_len(s->pin));
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_Login for this signature", rv);
	return MTLS_OK;
}

static enum mtls_status
sign_with(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE key,
    struct request *r, uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	uint8_t out[MTLS_SIGNATURE_MAX];
	CK_ULONG len = sizeof(out);
	enum mtls_status status;
	CK_RV rv;

	rv = s->p->f->C_SignInit(s->handle, &r->mechanism, key);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_SignInit", rv);
	status = login_for_this(s, key, err);
	if (status != MTLS_OK)
		return status;
	rv = s->p->f->C_Sign(s->handle, (unsigned char *)(uintptr_t)r->data,
	    r->len, out, &len);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_Sign", rv);
	if (len == 0 || len > r->sig_max || len > *sig_len ||
	    (r->sig_exact != 0 && len != r->sig_exact) || len % 2 != 0)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "C_Sign: a signature of %lu bytes", len);
	memcpy(sig, out, len);
	*sig_len = len;
	return MTLS_OK;
}

/* One signature that somebody asked for. */
struct job {
	const struct pkcs11_scheme *scheme;
	const uint8_t *message;
	size_t message_len;
	uint8_t *sig;
	size_t *sig_len;
};

static enum mtls_status
sign_and_verify(struct mtls_pkcs11_session *s, const struct job *job,
    CK_OBJECT_HANDLE key, int raw, struct mtls_err *err)
{
	struct request request;
	size_t len = *job->sig_len;
	enum mtls_status status;

	status = prepare(s, job->scheme, raw, job->message, job->message_len,
	    &request, err);
	if (status == MTLS_OK)
		status = sign_with(s, key, &request, job->sig, &len, err);
	if (status == MTLS_OK && job->scheme->key_type == CKK_EC)
		status = pkcs11_ecdsa_der(job->sig, &len, *job->sig_len, err);
	if (status != MTLS_OK)
		return status;
	if (!pkcs11_scheme_verify(job->scheme, s->public_key, job->message,
	    job->message_len, job->sig, len))
		return mtls_fail(err, MTLS_E_TOKEN_FAILED, "the card's "
		    "signature is not of the certificate's key");
	*job->sig_len = len;
	return MTLS_OK;
}

static int
is_possible(const struct mtls_pkcs11_session *s,
    const struct pkcs11_scheme *scheme, int raw)
{
	uint32_t bit;

	if (scheme->key_type == CKK_EC)
		bit = MTLS_MECHANISM_ECDSA;
	else if (scheme->key_type == CKK_EC_EDWARDS)
		bit = MTLS_MECHANISM_EDDSA;
	else if (!scheme->pss)
		bit = MTLS_MECHANISM_RSA_PKCS1;
	else
		bit = raw ? MTLS_MECHANISM_RSA_RAW : MTLS_MECHANISM_RSA_PSS;
	return (s->mechanisms & bit) != 0 && (!raw || scheme->pss);
}

/*
 * Every key that may be the right one, by the mechanism and then by raw RSA.
 * *ret_first is the first failure: the next ones say less.
 */
static enum mtls_status
try_all(struct mtls_pkcs11_session *s, const struct job *job,
    struct mtls_err *ret_first)
{
	enum mtls_status status;
	struct mtls_err err;

	for (size_t i = 0; i < 2 * s->n_keys; i++) {
		int raw = i >= s->n_keys;

		if (!is_possible(s, job->scheme, raw))
			continue;
		mtls_err_clear(&err);
		status = sign_and_verify(s, job, s->keys[i % s->n_keys], raw,
		    &err);
		if (status == MTLS_OK)
			return MTLS_OK;
		(void)mtls_fail(ret_first, status, "%s", err.text);
		/* The card is gone, or a PIN is not right: no second try. */
		if (status != MTLS_E_TOKEN_FAILED &&
		    status != MTLS_E_TOKEN_UNUSABLE) {
			mtls_err_clear(ret_first);
			return mtls_fail(ret_first, status, "%s", err.text);
		}
	}
	return mtls_fail(ret_first, MTLS_E_TOKEN_UNUSABLE,
	    "the card has no mechanism for this signature scheme");
}

enum mtls_status
mtls_pkcs11_sign(void *session, unsigned scheme, const uint8_t *message,
    size_t message_len, uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	struct mtls_pkcs11_session *s = session;
	struct job job = { pkcs11_scheme_find(scheme), message, message_len,
		sig, sig_len };
	enum mtls_status status;
	struct mtls_err first;

	if (s->public_key == NULL || job.scheme == NULL ||
	    !pkcs11_scheme_fits(job.scheme, s->public_key))
		return mtls_fail(err, MTLS_E_USAGE,
		    "signature scheme 0x%04x is not one of this key", scheme);
	mtls_err_clear(&first);
	status = try_all(s, &job, &first);
	if (status == MTLS_OK)
		return MTLS_OK;
	return mtls_fail(err, status, "%s", first.text);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The signature operation of the signer provider: turns what libssl and
 * libcrypto ask for (digest, padding, salt) into one TLS SignatureScheme, or
 * refuses, and hands the whole message to the key's call-back. One-shot
 * only, as TLS, CSRs, certificates and CRLs use it.
 */
#include "config.h"

#include "signer_provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "context.h"
#include "mtls/login.h"

struct operation {
	OSSL_LIB_CTX *libctx;
	struct mtls_signer *key;
	EVP_MD *digest;		/* NULL: Ed25519 */
	EVP_MD *mgf1;		/* NULL: as digest */
	int padding;		/* RSA_PKCS1_PADDING or ..._PSS_PADDING */
	int salt_len;		/* RSA_PSS_SALTLEN_DIGEST or bytes */
};

struct scheme {
	unsigned scheme;
	const char *key_type;
	int bits;		/* of the key; 0 = any */
	int padding;		/* 0 where it means nothing */
	const char *digest;	/* NULL: none */
	int nid;		/* for X.509; 0 = not there */
};

static const struct scheme schemes[] = {
	{MTLS_SCHEME_ECDSA_P256_SHA256, "EC", 256, 0, "SHA2-256",
	    NID_ecdsa_with_SHA256},
	{MTLS_SCHEME_ECDSA_P384_SHA384, "EC", 384, 0, "SHA2-384",
	    NID_ecdsa_with_SHA384},
	{MTLS_SCHEME_ED25519, "ED25519", 0, 0, NULL, NID_ED25519},
	{MTLS_SCHEME_RSA_PSS_SHA256, "RSA", 0, RSA_PKCS1_PSS_PADDING,
	    "SHA2-256", 0},
	{MTLS_SCHEME_RSA_PSS_SHA384, "RSA", 0, RSA_PKCS1_PSS_PADDING,
	    "SHA2-384", 0},
	{MTLS_SCHEME_RSA_PSS_SHA512, "RSA", 0, RSA_PKCS1_PSS_PADDING,
	    "SHA2-512", 0},
	{MTLS_SCHEME_RSA_PKCS1_SHA256, "RSA", 0, RSA_PKCS1_PADDING,
	    "SHA2-256", NID_sha256WithRSAEncryption},
	{MTLS_SCHEME_RSA_PKCS1_SHA384, "RSA", 0, RSA_PKCS1_PADDING,
	    "SHA2-384", NID_sha384WithRSAEncryption},
	{MTLS_SCHEME_RSA_PKCS1_SHA512, "RSA", 0, RSA_PKCS1_PADDING,
	    "SHA2-512", NID_sha512WithRSAEncryption},
};

static int
is_digest(const EVP_MD *digest, const char *name)
{
	if (name == NULL || digest == NULL)
		return name == NULL && digest == NULL;
	return EVP_MD_is_a(digest, name);
}

/* What op would sign, or NULL when that is none of ours. */
static const struct scheme *
find_scheme(const struct operation *op)
{
	const struct scheme *s;

	if (op->key == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		s = &schemes[i];
		if (!EVP_PKEY_is_a(op->key->public_key, s->key_type) ||
		    !is_digest(op->digest, s->digest))
			continue;
		if (s->bits != 0 &&
		    s->bits != EVP_PKEY_get_bits(op->key->public_key))
			continue;
		if (s->padding != 0 && s->padding != op->padding)
			continue;
		if (s->padding != RSA_PKCS1_PSS_PADDING)
			return s;
		/* TLS and X.509 know one shape of PSS. */
		if (op->salt_len != RSA_PSS_SALTLEN_DIGEST &&
		    op->salt_len != EVP_MD_get_size(op->digest))
			return NULL;
		if (op->mgf1 != NULL && !is_digest(op->mgf1, s->digest))
			return NULL;
		return s;
	}
	return NULL;
}

static void *
sign_new(void *provctx, const char *properties)
{
	struct operation *op = calloc(1, sizeof(*op));

	(void)properties;
	if (op == NULL)
		return NULL;
	op->libctx = provctx;
	op->padding = RSA_PKCS1_PADDING;
	op->salt_len = RSA_PSS_SALTLEN_DIGEST;
	return op;
}

static void
sign_free(void *data)
{
	struct operation *op = data;

	if (op == NULL)
		return;
	mtls_signer_unref(op->key);
	EVP_MD_free(op->digest);
	EVP_MD_free(op->mgf1);
	free(op);
}

static int
set_digest(struct operation *op, EVP_MD **digest, const char *name)
{
	EVP_MD *md = NULL;

	if (name != NULL && *name != '\0') {
		md = EVP_MD_fetch(op->libctx, name, MTLS_STANDARD_ONLY);
		if (md == NULL)
			return 0;
	}
	EVP_MD_free(*digest);
	*digest = md;
	return 1;
}

static int
set_digest_param(struct operation *op, EVP_MD **digest, const OSSL_PARAM *p)
{
	const char *name;

	return OSSL_PARAM_get_utf8_string_ptr(p, &name) &&
	    set_digest(op, digest, name);
}

/* An integer or its word; words are what libcrypto sends for known values. */
static int
get_int_or_word(const OSSL_PARAM *p, const char *word, int value, int *ret)
{
	const char *s;

	if (p->data_type != OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_int(p, ret);
	if (!OSSL_PARAM_get_utf8_string_ptr(p, &s) || strcmp(s, word) != 0)
		return 0;
	*ret = value;
	return 1;
}

static int
set_padding(struct operation *op, const OSSL_PARAM *p)
{
	int padding;

	if (!get_int_or_word(p, OSSL_PKEY_RSA_PAD_MODE_PSS,
	    RSA_PKCS1_PSS_PADDING, &padding) &&
	    !get_int_or_word(p, OSSL_PKEY_RSA_PAD_MODE_PKCSV15,
	    RSA_PKCS1_PADDING, &padding))
		return 0;
	if (padding != RSA_PKCS1_PADDING && padding != RSA_PKCS1_PSS_PADDING)
		return 0;
	op->padding = padding;
	return 1;
}

static int
sign_set_params(void *data, const OSSL_PARAM params[])
{
	struct operation *op = data;
	const OSSL_PARAM *p;

	if (params == NULL)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (p != NULL && !set_padding(op, p))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	if (p != NULL && !get_int_or_word(p, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST,
	    RSA_PSS_SALTLEN_DIGEST, &op->salt_len))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
	if (p != NULL && !set_digest_param(op, &op->digest, p))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
	return p == NULL || set_digest_param(op, &op->mgf1, p);
}

static const OSSL_PARAM *
sign_settable_params(void *data, void *provctx)
{
	static const OSSL_PARAM settable[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL,
		    0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL,
		    0),
		OSSL_PARAM_END
	};

	(void)data;
	(void)provctx;
	return settable;
}

static int
sign_init(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct operation *op = data;
	struct mtls_signer *signer = key;

	if (signer != NULL) {
		if (signer->sign == NULL)
			return 0;
		mtls_signer_ref(signer);
		mtls_signer_unref(op->key);
		op->key = signer;
	}
	return op->key != NULL && set_digest(op, &op->digest, digest) &&
	    sign_set_params(op, params);
}

/* Asks the call-back; whatever goes wrong is in the key's record. */
static enum mtls_status
call_signer(struct mtls_signer *key, const struct scheme *scheme,
    const unsigned char *message, size_t message_len, unsigned char *sig,
    size_t *sig_len)
{
	size_t max = *sig_len;
	enum mtls_status s;

	mtls_err_clear(&key->err);
	if (scheme == NULL)
		return mtls_fail(&key->err, MTLS_E_TOKEN_UNUSABLE,
		    "no signature scheme of this key was asked for");
	s = key->sign(key->arg, scheme->scheme, message, message_len, sig,
	    sig_len, &key->err);
	if (s != MTLS_OK)
		return mtls_fail(&key->err, s, "the signer failed");
	if (*sig_len == 0 || *sig_len > max)
		return mtls_fail(&key->err, MTLS_E_CRYPTO,
		    "the signer returned %zu bytes", *sig_len);
	/* A record without a failure is no failure. */
	mtls_err_clear(&key->err);
	return MTLS_OK;
}

static int
sign_message(void *data, unsigned char *sig, size_t *ret_len, size_t max,
    const unsigned char *message, size_t message_len)
{
	struct operation *op = data;
	size_t len = max;

	if (sig == NULL) {
		*ret_len = (size_t)EVP_PKEY_get_size(op->key->public_key);
		return *ret_len > 0;
	}
	if (call_signer(op->key, find_scheme(op), message, message_len, sig,
	    &len) != MTLS_OK) {
		ERR_raise_data(ERR_LIB_PROV, ERR_R_OPERATION_FAIL, "%s",
		    op->key->err.text);
		return 0;
	}
	*ret_len = len;
	return 1;
}

/* AlgorithmIdentifier, which libcrypto wants before it signs a CSR. */
static int
set_algorithm_id(const struct operation *op, OSSL_PARAM *p)
{
	const struct scheme *scheme = find_scheme(op);
	X509_ALGOR *algor = NULL;
	unsigned char *der = NULL;
	int len;
	int ok = 0;

	if (scheme == NULL || scheme->nid == 0)
		return 0;
	algor = X509_ALGOR_new();
	if (algor == NULL || !X509_ALGOR_set0(algor,
	    OBJ_nid2obj(scheme->nid), scheme->padding == RSA_PKCS1_PADDING ?
	    V_ASN1_NULL : V_ASN1_UNDEF, NULL))
		goto out;
	len = i2d_X509_ALGOR(algor, &der);
	ok = len > 0 && OSSL_PARAM_set_octet_string(p, der, (size_t)len);
out:
	OPENSSL_free(der);
	X509_ALGOR_free(algor);
	return ok;
}

static int
sign_get_params(void *data, OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	return p == NULL || set_algorithm_id(data, p);
}

static const OSSL_PARAM *
sign_gettable_params(void *data, void *provctx)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID,
		    NULL, 0),
		OSSL_PARAM_END
	};

	(void)data;
	(void)provctx;
	return gettable;
}

#define ENTRY(id, function)	{(id), (void (*)(void))(function)}

static const OSSL_DISPATCH signature[] = {
	ENTRY(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new),
	ENTRY(OSSL_FUNC_SIGNATURE_FREECTX, sign_free),
	ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
	ENTRY(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_message),
	ENTRY(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, sign_get_params),
	ENTRY(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, sign_gettable_params),
	ENTRY(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, sign_set_params),
	ENTRY(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, sign_settable_params),
	{0, NULL}
};

const OSSL_ALGORITHM mtls_signer_signatures[] = {
	{"ECDSA", MTLS_SIGNER_ONLY, signature, "ECDSA elsewhere"},
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", MTLS_SIGNER_ONLY,
	    signature, "RSA elsewhere"},
	{"ED25519:1.3.101.112", MTLS_SIGNER_ONLY, signature,
	    "Ed25519 elsewhere"},
	{NULL, NULL, NULL, NULL}
};

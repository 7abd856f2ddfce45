/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A key pair made on the token, so that its private half was never anywhere
 * else.
 */
#include "config.h"

#include <string.h>
#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#include "mtls/random.h"
#include "mtls/text.h"
#include "pkcs11/internal.h"

#define POINT_MAX	(3 + 1 + 2 * 48)
#define MODULUS_MAX	512

static const struct kind {
	enum mtls_pkcs11_key_kind kind;
	CK_MECHANISM_TYPE mechanism;
	CK_KEY_TYPE type;
	CK_ULONG bits;			/* RSA */
	const char *group;		/* EC, as OpenSSL calls it */
	size_t point;			/* bytes of the public point */
} kinds[] = {
	{ MTLS_PKCS11_RSA2048, CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, 2048,
	    NULL, 0 },
	{ MTLS_PKCS11_RSA3072, CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, 3072,
	    NULL, 0 },
	{ MTLS_PKCS11_RSA4096, CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, 4096,
	    NULL, 0 },
	{ MTLS_PKCS11_P256, CKM_EC_KEY_PAIR_GEN, CKK_EC, 0, "prime256v1",
	    65 },
	{ MTLS_PKCS11_P384, CKM_EC_KEY_PAIR_GEN, CKK_EC, 0, "secp384r1", 97 },
	{ MTLS_PKCS11_ED25519, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS, 0,
	    "ED25519", 32 }
};

static EVP_PKEY *
from_params(const char *type, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || ctx == NULL ||
	    EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key,
	    EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *
read_rsa(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE object)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	uint8_t n[MODULUS_MAX + 1];
	uint8_t e[8];
	size_t n_len, e_len;
	BIGNUM *modulus = NULL;
	BIGNUM *exponent = NULL;
	EVP_PKEY *key = NULL;

	if (build == NULL ||
	    pkcs11_get(s->p, s->handle, object, CKA_MODULUS, n, sizeof(n),
	    &n_len) != 0 ||
	    pkcs11_get(s->p, s->handle, object, CKA_PUBLIC_EXPONENT, e,
	    sizeof(e), &e_len) != 0)
		goto out;
	modulus = BN_bin2bn(n, (int)n_len, NULL);
	exponent = BN_bin2bn(e, (int)e_len, NULL);
	if (modulus != NULL && exponent != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N,
	    modulus) == 1 && OSSL_PARAM_BLD_push_BN(build,
	    OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		key = from_params("RSA", build);
out:
	BN_free(modulus);
	BN_free(exponent);
	OSSL_PARAM_BLD_free(build);
	return key;
}

/* CKA_EC_POINT is an OCTET STRING around the point; some give it bare. */
static EVP_PKEY *
read_ec(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE object,
    const struct kind *kind)
{
	OSSL_PARAM_BLD *build = NULL;
	uint8_t point[POINT_MAX];
	const uint8_t *at = point;
	EVP_PKEY *key = NULL;
	size_t len;

	if (pkcs11_get(s->p, s->handle, object, CKA_EC_POINT, point,
	    sizeof(point), &len) != 0)
		return NULL;
	if (len == kind->point + 2 && point[0] == V_ASN1_OCTET_STRING &&
	    point[1] == kind->point) {
		at += 2;
		len -= 2;
	}
	if (len != kind->point)
		return NULL;
	if (kind->type == CKK_EC_EDWARDS)
		return EVP_PKEY_new_raw_public_key_ex(NULL, kind->group, NULL,
		    at, len);
	build = OSSL_PARAM_BLD_new();
	if (build != NULL && OSSL_PARAM_BLD_push_utf8_string(build,
	    OSSL_PKEY_PARAM_GROUP_NAME, kind->group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    at, len) == 1)
		key = from_params("EC", build);
	OSSL_PARAM_BLD_free(build);
	return key;
}

/* CKA_EC_PARAMS: the curve's OID, or its name where it has none. */
static enum mtls_status
curve_params(const struct kind *kind, uint8_t *out, size_t *len,
    struct mtls_err *err)
{
	static const uint8_t ed25519[] = { V_ASN1_PRINTABLESTRING, 12, 'e',
		'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9' };
	unsigned char *at = out;
	int n;

	if (kind->type == CKK_EC_EDWARDS) {
		memcpy(out, ed25519, sizeof(ed25519));
		*len = sizeof(ed25519);
		return MTLS_OK;
	}
	n = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_txt2nid(kind->group)), NULL);
	if (n <= 0 || (size_t)n > *len)
		return mtls_fail(err, MTLS_E_CRYPTO, "curve %s", kind->group);
	*len = (size_t)i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_txt2nid(kind->group)),
	    &at);
	return MTLS_OK;
}

static enum mtls_status
generate_pair(struct mtls_pkcs11_session *s, const struct kind *kind,
    struct mtls_pkcs11_new_key *key, CK_OBJECT_HANDLE pair[2],
    struct mtls_err *err)
{
	static CK_BBOOL yes = CK_TRUE;
	static CK_BBOOL no = CK_FALSE;
	static uint8_t f4[] = { 1, 0, 1 };
	CK_MECHANISM mechanism = { kind->mechanism, NULL, 0 };
	CK_ULONG bits = kind->bits;
	uint8_t curve[32];
	size_t curve_len = sizeof(curve);
	void *label = (void *)(uintptr_t)key->label;
	CK_ATTRIBUTE public[7] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VERIFY, &yes, sizeof(yes) },
		{ CKA_LABEL, label, strlen(key->label) },
		{ CKA_ID, key->id, key->id_len },
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ CKA_PUBLIC_EXPONENT, f4, sizeof(f4) } };
	CK_ATTRIBUTE private[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &no, sizeof(no) },
		{ CKA_SIGN, &yes, sizeof(yes) },
		{ CKA_LABEL, label, strlen(key->label) },
		{ CKA_ID, key->id, key->id_len } };
	CK_ULONG n_public = 6;
	CK_RV rv;

	if (kind->group != NULL) {
		if (curve_params(kind, curve, &curve_len, err) != MTLS_OK)
			return MTLS_E_CRYPTO;
		public[4] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, curve, curve_len };
		n_public = 5;
	}
	rv = s->p->f->C_GenerateKeyPair(s->handle, &mechanism, public,
	    n_public, private, sizeof(private) / sizeof(private[0]), &pair[0],
	    &pair[1]);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_GenerateKeyPair", rv);
	return MTLS_OK;
}

/* Nothing on the token has the id yet. */
static enum mtls_status
check_new(struct mtls_pkcs11_session *s, struct mtls_pkcs11_new_key *key,
    struct mtls_err *err)
{
	CK_ATTRIBUTE template = { CKA_ID, key->id, key->id_len };
	CK_OBJECT_HANDLE found[8];
	enum mtls_status status;
	struct mtls_err ignored;
	size_t n = 0;

	if (key->label == NULL || strlen(key->label) < 1 ||
	    strlen(key->label) > 64 || !mtls_text_is_printable(key->label) ||
	    key->id_len > sizeof(key->id))
		return mtls_fail(err, MTLS_E_USAGE,
		    "the label is not of 1 to 64 printable characters");
	if (key->id_len == 0) {
		status = mtls_random(key->id, 16, err);
		if (status != MTLS_OK)
			return status;
		key->id_len = template.ulValueLen = 16;
		return MTLS_OK;
	}
	mtls_err_clear(&ignored);
	status = pkcs11_find(s->p, s->handle, &template, 1, found, 8, &n,
	    &ignored);
	if (status != MTLS_OK || n > 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "the token has an object with this id already");
	return MTLS_OK;
}

enum mtls_status
mtls_pkcs11_generate(struct mtls_pkcs11_session *s,
    struct mtls_pkcs11_new_key *key, EVP_PKEY **ret_public,
    struct mtls_err *err)
{
	const struct kind *kind = NULL;
	CK_OBJECT_HANDLE pair[2];
	enum mtls_status status;
	EVP_PKEY *public_key;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == key->kind)
			kind = &kinds[i];
	}
	if (kind == NULL || s->access != MTLS_PKCS11_WRITE)
		return mtls_fail(err, MTLS_E_USAGE, "kind of key, or access");
	status = check_new(s, key, err);
	if (status == MTLS_OK)
		status = generate_pair(s, kind, key, pair, err);
	if (status != MTLS_OK)
		return status;
	public_key = kind->type == CKK_RSA ? read_rsa(s, pair[0]) :
	    read_ec(s, pair[0], kind);
	if (public_key == NULL)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "the public key that the token returned is malformed");
	EVP_PKEY_free(s->public_key);
	EVP_PKEY_up_ref(public_key);
	s->public_key = public_key;
	s->keys[0] = pair[1];
	s->n_keys = 1;
	s->mechanisms = pkcs11_mechanisms_for(public_key,
	    pkcs11_mechanisms(s->p, s->slot));
	*ret_public = public_key;
	return MTLS_OK;
}

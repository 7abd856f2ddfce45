/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The public half of the external signer: makes a key out of a public key
 * and a call-back, and tells how its last operation went. The provider that
 * does the work is in signer_key.c and signer_sign.c.
 */
#include "config.h"

#include "mtls/signer.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "context.h"
#include "signer_provider.h"

/* The algorithm's name where we can sign with such a key, or NULL. */
static const char *
usable_type(const EVP_PKEY *public_key)
{
	char group[32];

	if (EVP_PKEY_is_a(public_key, "ED25519"))
		return "ED25519";
	if (EVP_PKEY_is_a(public_key, "RSA"))
		return EVP_PKEY_get_bits(public_key) >= 2048 ? "RSA" : NULL;
	if (!EVP_PKEY_is_a(public_key, "EC") ||
	    EVP_PKEY_get_utf8_string_param(public_key,
	    OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL) != 1)
		return NULL;
	if (strcmp(group, "prime256v1") != 0 && strcmp(group, "secp384r1") != 0)
		return NULL;
	return "EC";
}

static EVP_PKEY *
key_from_params(OSSL_LIB_CTX *libctx, const char *type, const char *properties,
    int selection, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	ctx = EVP_PKEY_CTX_new_from_name(libctx, type, properties);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* The caller's key may live in another library context; ours must not. */
static EVP_PKEY *
copy_public_key(OSSL_LIB_CTX *libctx, const char *type,
    const EVP_PKEY *public_key)
{
	OSSL_PARAM *params = NULL;
	EVP_PKEY *copy = NULL;

	if (EVP_PKEY_todata(public_key, EVP_PKEY_PUBLIC_KEY, &params) == 1)
		copy = key_from_params(libctx, type, MTLS_STANDARD_ONLY,
		    EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	return copy;
}

enum mtls_status
mtls_signer_key(struct mtls_tls *tls, EVP_PKEY *public_key, mtls_sign_fn sign,
    void *arg, EVP_PKEY **ret, struct mtls_err *err)
{
	struct mtls_signer_origin origin = {NULL, sign, arg};
	void *origin_ptr = &origin;
	OSSL_PARAM params[2];
	const char *type;
	EVP_PKEY *key = NULL;
	enum mtls_status s = MTLS_OK;

	type = usable_type(public_key);
	if (type == NULL) {
		ERR_clear_error();
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
		    "a key of this type or size cannot be used");
	}
	origin.public_key = copy_public_key(tls->libctx, type, public_key);
	if (origin.public_key != NULL) {
		params[0] = OSSL_PARAM_construct_octet_ptr(
		    MTLS_SIGNER_PARAM_ORIGIN, &origin_ptr, sizeof(origin));
		params[1] = OSSL_PARAM_construct_end();
		key = key_from_params(tls->libctx, type, MTLS_SIGNER_ONLY,
		    EVP_PKEY_KEYPAIR, params);
	}
	if (key == NULL) {
		s = mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "cannot make the signing key");
		goto out;
	}
	*ret = key;
out:
	EVP_PKEY_free(origin.public_key);
	return s;
}

void
mtls_signer_error(const EVP_PKEY *key, struct mtls_err *ret)
{
	void *record = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_ptr(MTLS_SIGNER_PARAM_ERROR,
		    &record, 0),
		OSSL_PARAM_construct_end()
	};

	mtls_err_clear(ret);
	if (EVP_PKEY_get_params(key, params) == 1 && record != NULL)
		*ret = *(const struct mtls_err *)record;
}

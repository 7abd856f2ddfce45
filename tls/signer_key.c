/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Key management of the signer provider. Everything about the public half
 * is delegated to a key of the default provider; the private half never
 * leaves, because it is not here: export refuses it, which is what makes
 * libcrypto use our signature implementation.
 */
#include "config.h"

#include "signer_provider.h"

#include <stdlib.h>

#include <openssl/core.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "context.h"

/* The provider's context is the library context it was added to. */
static void *
key_new(void *provctx)
{
	struct mtls_signer *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return NULL;
	atomic_init(&key->refs, 1);
	key->libctx = provctx;
	return key;
}

struct mtls_signer *
mtls_signer_ref(struct mtls_signer *key)
{
	atomic_fetch_add(&key->refs, 1);
	return key;
}

void
mtls_signer_unref(struct mtls_signer *key)
{
	if (key == NULL || atomic_fetch_sub(&key->refs, 1) != 1)
		return;
	EVP_PKEY_free(key->public_key);
	free(key);
}

static void
key_free(void *data)
{
	mtls_signer_unref(data);
}

static int
key_has(const void *data, int selection)
{
	const struct mtls_signer *key = data;

	if (key == NULL || key->public_key == NULL)
		return 0;
	return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 ||
	    key->sign != NULL;
}

static int
key_match(const void *data1, const void *data2, int selection)
{
	const struct mtls_signer *a = data1;
	const struct mtls_signer *b = data2;

	if (a->public_key == NULL || b->public_key == NULL)
		return 0;
	if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0)
		return EVP_PKEY_eq(a->public_key, b->public_key) == 1;
	return EVP_PKEY_parameters_eq(a->public_key, b->public_key) == 1;
}

/* A key made by mtls_signer_key(). */
static int
adopt_origin(struct mtls_signer *key, const OSSL_PARAM *param)
{
	const struct mtls_signer_origin *origin;
	const void *p = NULL;
	size_t len = 0;

	if (!OSSL_PARAM_get_octet_ptr(param, &p, &len) || p == NULL ||
	    len != sizeof(*origin))
		return 0;
	origin = p;
	if (!EVP_PKEY_up_ref(origin->public_key))
		return 0;
	key->public_key = origin->public_key;
	key->sign = origin->sign;
	key->arg = origin->arg;
	return 1;
}

/* A public key from another provider, to be compared with one of ours. */
static int
adopt_public(struct mtls_signer *key, const char *type,
    const OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx;
	int ok;

	ctx = EVP_PKEY_CTX_new_from_name(key->libctx, type,
	    MTLS_STANDARD_ONLY);
	ok = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &key->public_key, EVP_PKEY_PUBLIC_KEY,
	    (OSSL_PARAM *)params) == 1;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static int
key_import(struct mtls_signer *key, const char *type, const OSSL_PARAM *params)
{
	const OSSL_PARAM *origin;

	if (key->public_key != NULL)
		return 0;
	origin = OSSL_PARAM_locate_const(params, MTLS_SIGNER_PARAM_ORIGIN);
	if (origin != NULL)
		return adopt_origin(key, origin);
	return adopt_public(key, type, params);
}

static int
import_ec(void *data, int selection, const OSSL_PARAM *params)
{
	(void)selection;
	return key_import(data, "EC", params);
}

static int
import_rsa(void *data, int selection, const OSSL_PARAM *params)
{
	(void)selection;
	return key_import(data, "RSA", params);
}

static int
import_ed25519(void *data, int selection, const OSSL_PARAM *params)
{
	(void)selection;
	return key_import(data, "ED25519", params);
}

static const OSSL_PARAM *
key_data_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_octet_ptr(MTLS_SIGNER_PARAM_ORIGIN, NULL, 0),
		OSSL_PARAM_END
	};

	(void)selection;
	return types;
}

static int
key_export(void *data, int selection, OSSL_CALLBACK *callback, void *arg)
{
	struct mtls_signer *key = data;
	OSSL_PARAM *params = NULL;
	int ok;

	if (key->public_key == NULL)
		return 0;
	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 &&
	    key->sign != NULL)
		return 0;
	if (EVP_PKEY_todata(key->public_key, EVP_PKEY_PUBLIC_KEY,
	    &params) != 1)
		return 0;
	ok = callback(params, arg);
	OSSL_PARAM_free(params);
	return ok;
}

static int
key_get_params(void *data, OSSL_PARAM params[])
{
	struct mtls_signer *key = data;
	OSSL_PARAM *p;

	p = OSSL_PARAM_locate(params, MTLS_SIGNER_PARAM_ERROR);
	if (p != NULL)
		return OSSL_PARAM_set_octet_ptr(p, &key->err,
		    sizeof(key->err));
	return key->public_key != NULL &&
	    EVP_PKEY_get_params(key->public_key, params) == 1;
}

static const OSSL_PARAM *
key_gettable_params(void *provctx)
{
	static const OSSL_PARAM gettable[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL,
		    0),
		OSSL_PARAM_octet_ptr(MTLS_SIGNER_PARAM_ERROR, NULL, 0),
		OSSL_PARAM_END
	};

	(void)provctx;
	return gettable;
}

static const char *
ec_operation_name(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define ENTRY(id, function)	{(id), (void (*)(void))(function)}
#define KEYMGMT(import) \
	ENTRY(OSSL_FUNC_KEYMGMT_NEW, key_new), \
	ENTRY(OSSL_FUNC_KEYMGMT_FREE, key_free), \
	ENTRY(OSSL_FUNC_KEYMGMT_HAS, key_has), \
	ENTRY(OSSL_FUNC_KEYMGMT_MATCH, key_match), \
	ENTRY(OSSL_FUNC_KEYMGMT_IMPORT, import), \
	ENTRY(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_data_types), \
	ENTRY(OSSL_FUNC_KEYMGMT_EXPORT, key_export), \
	ENTRY(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_data_types), \
	ENTRY(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params), \
	ENTRY(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params)

static const OSSL_DISPATCH keymgmt_ec[] = {
	KEYMGMT(import_ec),
	ENTRY(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, ec_operation_name),
	{0, NULL}
};
static const OSSL_DISPATCH keymgmt_rsa[] = {
	KEYMGMT(import_rsa),
	{0, NULL}
};
static const OSSL_DISPATCH keymgmt_ed25519[] = {
	KEYMGMT(import_ed25519),
	{0, NULL}
};

/* The same names as in the default provider, so that they mean the same. */
const OSSL_ALGORITHM mtls_signer_keymgmts[] = {
	{"EC:id-ecPublicKey:1.2.840.10045.2.1", MTLS_SIGNER_ONLY, keymgmt_ec,
	    "EC keys that are elsewhere"},
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", MTLS_SIGNER_ONLY,
	    keymgmt_rsa, "RSA keys that are elsewhere"},
	{"ED25519:1.3.101.112", MTLS_SIGNER_ONLY, keymgmt_ed25519,
	    "Ed25519 keys that are elsewhere"},
	{NULL, NULL, NULL, NULL}
};

static const OSSL_ALGORITHM *
provider_query(void *provctx, int operation, int *no_cache)
{
	(void)provctx;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return mtls_signer_keymgmts;
	if (operation == OSSL_OP_SIGNATURE)
		return mtls_signer_signatures;
	return NULL;
}

static const OSSL_DISPATCH provider[] = {
	ENTRY(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query),
	{0, NULL}
};

int
mtls_signer_provider_init(const OSSL_CORE_HANDLE *handle,
    const OSSL_DISPATCH *in, const OSSL_DISPATCH **out, void **provctx)
{
	OSSL_FUNC_core_get_libctx_fn *get_libctx = NULL;

	for (; in->function_id != 0; in++) {
		if (in->function_id == OSSL_FUNC_CORE_GET_LIBCTX)
			get_libctx = OSSL_FUNC_core_get_libctx(in);
	}
	if (get_libctx == NULL)
		return 0;
	/* Allowed to built-in providers: it is the OSSL_LIB_CTX itself. */
	*provctx = get_libctx(handle);
	*out = provider;
	return 1;
}

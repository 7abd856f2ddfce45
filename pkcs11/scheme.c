/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TLS signature schemes in terms of keys, digests and PKCS#11.
 */
#include "config.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "pkcs11/internal.h"

static const struct pkcs11_scheme schemes[] = {
	{ MTLS_SCHEME_RSA_PSS_SHA256, CKK_RSA, 0, "SHA256", CKM_SHA256,
	    CKG_MGF1_SHA256, 1 },
	{ MTLS_SCHEME_RSA_PSS_SHA384, CKK_RSA, 0, "SHA384", CKM_SHA384,
	    CKG_MGF1_SHA384, 1 },
	{ MTLS_SCHEME_RSA_PSS_SHA512, CKK_RSA, 0, "SHA512", CKM_SHA512,
	    CKG_MGF1_SHA512, 1 },
	{ MTLS_SCHEME_RSA_PKCS1_SHA256, CKK_RSA, 0, "SHA256", 0, 0, 0 },
	{ MTLS_SCHEME_RSA_PKCS1_SHA384, CKK_RSA, 0, "SHA384", 0, 0, 0 },
	{ MTLS_SCHEME_RSA_PKCS1_SHA512, CKK_RSA, 0, "SHA512", 0, 0, 0 },
	{ MTLS_SCHEME_ECDSA_P256_SHA256, CKK_EC, 256, "SHA256", 0, 0, 0 },
	{ MTLS_SCHEME_ECDSA_P384_SHA384, CKK_EC, 384, "SHA384", 0, 0, 0 },
	{ MTLS_SCHEME_ED25519, CKK_EC_EDWARDS, 0, NULL, 0, 0, 0 }
};

const struct pkcs11_scheme *
pkcs11_scheme_find(unsigned number)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (schemes[i].number == number)
			return &schemes[i];
	}
	return NULL;
}

int
pkcs11_scheme_fits(const struct pkcs11_scheme *scheme, EVP_PKEY *key)
{
	return pkcs11_key_type(key) == scheme->key_type &&
	    (scheme->key_bits == 0 ||
	    EVP_PKEY_get_bits(key) == scheme->key_bits);
}

int
pkcs11_scheme_verify(const struct pkcs11_scheme *scheme, EVP_PKEY *key,
    const uint8_t *message, size_t message_len, const uint8_t *sig,
    size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	int ok;

	ok = ctx != NULL && EVP_DigestVerifyInit_ex(ctx, &pctx,
	    scheme->digest, NULL, NULL, key, NULL) == 1;
	if (ok && scheme->pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx,
		    RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
		    RSA_PSS_SALTLEN_DIGEST) == 1;
	ok = ok && EVP_DigestVerify(ctx, sig, sig_len, message,
	    message_len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

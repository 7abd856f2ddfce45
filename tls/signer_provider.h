/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The provider behind mtls_signer_key(): its key, and how its halves (key
 * management, signature, public interface) find each other.
 */
#ifndef TLS_SIGNER_PROVIDER_H
#define TLS_SIGNER_PROVIDER_H

#include <stdatomic.h>

#include <openssl/core_dispatch.h>
#include <openssl/evp.h>

#include "mtls/signer.h"

#define MTLS_SIGNER_PROVIDER	"mtls-signer"
#define MTLS_SIGNER_ONLY	"provider=" MTLS_SIGNER_PROVIDER

/* Parameters that only mtls_signer_key() and mtls_signer_error() know. */
#define MTLS_SIGNER_PARAM_ORIGIN	"mtls-signer-origin"
#define MTLS_SIGNER_PARAM_ERROR		"mtls-signer-error"

/* What a key is made of; a pointer to it goes through EVP_PKEY_fromdata(). */
struct mtls_signer_origin {
	EVP_PKEY *public_key;	/* of the default provider, same libctx */
	mtls_sign_fn sign;
	void *arg;
};

struct mtls_signer {
	atomic_uint refs;
	OSSL_LIB_CTX *libctx;
	EVP_PKEY *public_key;
	mtls_sign_fn sign;	/* NULL: a public key from elsewhere */
	void *arg;
	struct mtls_err err;	/* of the last sign operation */
};

struct mtls_signer *mtls_signer_ref(struct mtls_signer *key);
void mtls_signer_unref(struct mtls_signer *key);	/* NULL: no-op */

OSSL_provider_init_fn mtls_signer_provider_init;
extern const OSSL_ALGORITHM mtls_signer_keymgmts[];
extern const OSSL_ALGORITHM mtls_signer_signatures[];

#endif

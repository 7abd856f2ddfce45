/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys, and which of them are good enough.
 */
#include "config.h"

#include "mtlsctl/key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#define RSA_BITS_MIN	2048
#define RSA_BITS_MAX	8192
#define RSA_E_BITS_MAX	64

const char *const key_kinds[] = { "p256", "p384", "rsa3072", NULL };

static enum mtls_status
weak(struct mtls_err *err, const char *why)
{
	ERR_clear_error();
	return mtls_fail(err, MTLS_E_CONFIG, "the key is not accepted: %s",
	    why);
}

enum mtls_status
key_generate(struct mtls_tls *tls, enum key_kind kind, EVP_PKEY **ret,
    struct mtls_err *err)
{
	OSSL_LIB_CTX *ctx = mtls_tls_libctx0(tls);
	EVP_PKEY *key = NULL;

	switch (kind) {
	case KEY_P256:
		key = EVP_PKEY_Q_keygen(ctx, NULL, "EC", "P-256");
		break;
	case KEY_P384:
		key = EVP_PKEY_Q_keygen(ctx, NULL, "EC", "P-384");
		break;
	case KEY_RSA3072:
		key = EVP_PKEY_Q_keygen(ctx, NULL, "RSA", (size_t)3072);
		break;
	}
	if (key == NULL)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "a key could not be generated");
	*ret = key;
	return MTLS_OK;
}

/*
 * Moduli of the flawed generator are, modulo each small prime, powers of
 * 65537; an ordinary modulus is so for all of these primes once in 2^27 or
 * less (Nemec et al., "The Return of Coppersmith's Attack", 2017).
 */
static int
has_roca_pattern(const BIGNUM *n)
{
	static const unsigned primes[] = { 3, 5, 7, 11, 13, 17, 19, 23, 29,
		31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
		101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157,
		163, 167 };

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
		unsigned p = primes[i];
		unsigned residue = (unsigned)BN_mod_word(n, p);
		unsigned power = 1;
		int found = 0;

		for (unsigned k = 0; k < p && !found; k++) {
			found = power == residue;
			power = power * (65537u % p) % p;
		}
		if (!found)
			return 0;
	}
	return 1;
}

static enum mtls_status
check_rsa(const EVP_PKEY *key, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	BIGNUM *n = NULL;
	BIGNUM *e = NULL;
	int bits = EVP_PKEY_get_bits(key);

	if (bits < RSA_BITS_MIN)
		return weak(err, "RSA of less than 2048 bits");
	if (bits > RSA_BITS_MAX)
		return weak(err, "RSA of more than 8192 bits");
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		status = weak(err, "its numbers cannot be read");
	else if (!BN_is_odd(e) || BN_is_one(e) ||
	    BN_num_bits(e) > RSA_E_BITS_MAX || BN_get_word(e) < 65537)
		status = weak(err, "an RSA exponent below 65537, even or "
		    "over 64 bits");
	else if (has_roca_pattern(n))
		status = weak(err, "its modulus comes from a generator "
		    "that is broken (CVE-2017-15361)");
	BN_free(n);
	BN_free(e);
	return status;
}

static enum mtls_status
check_ec(const EVP_PKEY *key, struct mtls_err *err)
{
	char name[64];
	size_t len;

	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
	    name, sizeof(name), &len) != 1 ||
	    strcmp(name, OSSL_PKEY_EC_ENCODING_GROUP) != 0)
		return weak(err, "EC parameters that are not a named curve");
	if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1 ||
	    (strcmp(name, "prime256v1") != 0 &&
	    strcmp(name, "P-256") != 0 && strcmp(name, "secp384r1") != 0 &&
	    strcmp(name, "P-384") != 0))
		return weak(err, "a curve other than P-256 and P-384");
	return MTLS_OK;
}

enum mtls_status
key_check(const EVP_PKEY *key, struct mtls_err *err)
{
	enum mtls_status status;
	EVP_PKEY_CTX *ctx;
	int good;

	if (EVP_PKEY_is_a(key, "RSA"))
		status = check_rsa(key, err);
	else if (EVP_PKEY_is_a(key, "EC"))
		status = check_ec(key, err);
	else if (EVP_PKEY_is_a(key, "ED25519"))
		status = MTLS_OK;
	else
		status = weak(err, "neither RSA, P-256, P-384 nor Ed25519");
	if (status != MTLS_OK)
		return status;
	/* Small factors, points that are not on the curve. */
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, (EVP_PKEY *)(uintptr_t)key,
	    NULL);
	good = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!good)
		return weak(err, "its numbers are no such key");
	return MTLS_OK;
}

const EVP_MD *
key_digest(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 256)
		return EVP_sha384();
	return EVP_sha256();
}

enum mtls_status
key_fingerprint(EVP_PKEY *key, char out[65], struct mtls_err *err)
{
	unsigned char *der = NULL;
	unsigned char digest[32];
	int len = i2d_PUBKEY(key, &der);

	if (len <= 0 || EVP_Digest(der, (size_t)len, digest, NULL,
	    EVP_sha256(), NULL) != 1) {
		OPENSSL_free(der);
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the public key cannot be encoded");
	}
	OPENSSL_free(der);
	mtls_hex_encode(out, digest, sizeof(digest));
	return MTLS_OK;
}

enum mtls_status
key_to_pem(EVP_PKEY *key, struct key_pem *ret, struct mtls_err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data = NULL;
	char *copy = NULL;
	long len = 0;

	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
	    0, NULL, NULL) == 1)
		len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		copy = OPENSSL_memdup(data, (size_t)len);
	BIO_free(bio);
	if (copy == NULL)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the key cannot be encoded");
	ret->data = copy;
	ret->len = (size_t)len;
	return MTLS_OK;
}

void
key_pem_free(struct key_pem *pem)
{
	OPENSSL_clear_free(pem->data, pem->len);
	pem->data = NULL;
	pem->len = 0;
}

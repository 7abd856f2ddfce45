/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a card wants before it signs and what TLS wants of its answer:
 * EMSA-PSS for cards that have raw RSA only, DigestInfo for PKCS#1 v1.5, DER
 * for ECDSA.
 */
#include "config.h"

#include <string.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "mtls/random.h"
#include "pkcs11/internal.h"

#define HASH_MAX	64
#define MODULUS_MAX	512

/* Adds (xor) the mask that MGF1 makes of seed to the len bytes at out. */
static int
add_mask(const char *digest, const uint8_t *seed, size_t seed_len,
    uint8_t *out, size_t len)
{
	uint8_t in[HASH_MAX + 4];
	uint8_t block[HASH_MAX];
	size_t block_len;

	memcpy(in, seed, seed_len);
	memset(in + seed_len, 0, 4);
	while (len > 0) {
		if (EVP_Q_digest(NULL, digest, NULL, in, seed_len + 4, block,
		    &block_len) != 1)
			return 0;
		for (size_t i = 0; i < block_len && len > 0; i++, len--)
			*out++ ^= block[i];
		in[seed_len + 3]++;	/* at most 16 blocks */
	}
	return 1;
}

enum mtls_status
pkcs11_pss_encode(const char *digest, const uint8_t *hash, size_t bits,
    uint8_t *out, size_t k, struct mtls_err *err)
{
	size_t hash_len = (size_t)EVP_MD_get_size(EVP_get_digestbyname(digest));
	size_t em_len = (bits - 1 + 7) / 8;
	size_t db_len;
	uint8_t salted[8 + 2 * HASH_MAX] = { 0 };
	uint8_t *db = out + (k - em_len);
	uint8_t *h;
	enum mtls_status status;

	if (hash_len > HASH_MAX || k > MODULUS_MAX ||
	    em_len < 2 * hash_len + 2)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "the key is too short for %s", digest);
	db_len = em_len - hash_len - 1;
	h = db + db_len;
	memcpy(salted + 8, hash, hash_len);
	status = mtls_random(salted + 8 + hash_len, hash_len, err);
	if (status != MTLS_OK)
		return status;
	memset(out, 0, k);
	db[db_len - hash_len - 1] = 1;
	memcpy(db + db_len - hash_len, salted + 8 + hash_len, hash_len);
	if (EVP_Q_digest(NULL, digest, NULL, salted, 8 + 2 * hash_len, h,
	    NULL) != 1 || !add_mask(digest, h, hash_len, db, db_len))
		return mtls_fail(err, MTLS_E_CRYPTO, "%s failed", digest);
	db[0] &= (uint8_t)(0xff >> (8 * em_len - (bits - 1)));
	h[hash_len] = 0xbc;
	return MTLS_OK;
}

enum mtls_status
pkcs11_digest_info(const char *digest, const uint8_t *hash, size_t hash_len,
    uint8_t *out, size_t *len, struct mtls_err *err)
{
	X509_SIG *info = X509_SIG_new();
	X509_ALGOR *algorithm;
	ASN1_OCTET_STRING *value;
	unsigned char *at = out;
	int n = -1;

	if (info != NULL) {
		X509_SIG_getm(info, &algorithm, &value);
		if (X509_ALGOR_set0(algorithm,
		    OBJ_nid2obj(OBJ_txt2nid(digest)), V_ASN1_NULL,
		    NULL) == 1 &&
		    ASN1_OCTET_STRING_set(value, hash, (int)hash_len) == 1)
			n = i2d_X509_SIG(info, NULL);
	}
	if (n > 0 && (size_t)n <= *len)
		*len = (size_t)i2d_X509_SIG(info, &at);
	else
		n = -1;
	X509_SIG_free(info);
	if (n < 0)
		return mtls_fail(err, MTLS_E_CRYPTO, "DigestInfo of %s",
		    digest);
	return MTLS_OK;
}

enum mtls_status
pkcs11_ecdsa_der(uint8_t *sig, size_t *len, size_t size, struct mtls_err *err)
{
	ECDSA_SIG *der = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, (int)(*len / 2), NULL);
	BIGNUM *s = BN_bin2bn(sig + *len / 2, (int)(*len / 2), NULL);
	unsigned char *at = sig;
	int n = -1;

	if (der != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(der, r, s) == 1) {
		r = NULL;
		s = NULL;
		n = i2d_ECDSA_SIG(der, NULL);
	}
	if (n > 0 && (size_t)n <= size)
		*len = (size_t)i2d_ECDSA_SIG(der, &at);
	else
		n = -1;
	ECDSA_SIG_free(der);
	BN_free(r);
	BN_free(s);
	if (n < 0)
		return mtls_fail(err, MTLS_E_CRYPTO, "ECDSA signature");
	return MTLS_OK;
}

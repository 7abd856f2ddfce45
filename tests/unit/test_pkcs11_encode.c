/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Bytes before and after the card, against OpenSSL's view of them; and the
 * table of return values.
 */
#include "config.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "pkcs11/internal.h"

#define MESSAGE "what TLS wants to have signed"

static const struct {
	unsigned scheme;
	const char *digest;
	size_t len;
} digests[] = {
	{ MTLS_SCHEME_RSA_PSS_SHA256, "SHA256", 32 },
	{ MTLS_SCHEME_RSA_PSS_SHA384, "SHA384", 48 },
	{ MTLS_SCHEME_RSA_PSS_SHA512, "SHA512", 64 }
};

/* What a card with raw RSA does with a block. */
static size_t
raw_rsa(EVP_PKEY *key, const uint8_t *block, size_t len, uint8_t *sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t sig_len = 512;

	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING),
	    1);
	assert_int_equal(EVP_PKEY_sign(ctx, sig, &sig_len, block, len), 1);
	EVP_PKEY_CTX_free(ctx);
	return sig_len;
}

static void
our_pss_block_is_one_that_openssl_verifies(void **state)
{
	static const unsigned wanted[] = { 2048, 2050, 2058, 3072 };
	uint8_t hash[64], block[512], sig[512];
	struct mtls_err err;
	size_t bits, k, hash_len;
	EVP_PKEY *key;

	(void)state;
	for (size_t b = 0; b < sizeof(wanted) / sizeof(wanted[0]); b++) {
		key = EVP_RSA_gen(wanted[b]);
		assert_non_null(key);
		/* Sometimes a bit less. */
		bits = (size_t)EVP_PKEY_get_bits(key);
		k = (bits + 7) / 8;
		for (size_t i = 0; i < 3; i++) {
			mtls_err_clear(&err);
			assert_int_equal(EVP_Q_digest(NULL,
			    digests[i].digest, NULL, MESSAGE,
			    strlen(MESSAGE), hash, &hash_len), 1);
			assert_int_equal(hash_len, digests[i].len);
			assert_int_equal(pkcs11_pss_encode(digests[i].digest,
			    hash, bits, block, k, &err), MTLS_OK);
			assert_int_equal(raw_rsa(key, block, k, sig), k);
			assert_true(pkcs11_scheme_verify(
			    pkcs11_scheme_find(digests[i].scheme), key,
			    (const uint8_t *)MESSAGE, strlen(MESSAGE), sig,
			    k));
		}
		EVP_PKEY_free(key);
	}
}

static void
a_modulus_of_8n_1_bits_has_a_zero_before_the_block(void **state)
{
	uint8_t hash[32] = { 0 }, block[257];
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	memset(block, 0xff, sizeof(block));
	assert_int_equal(pkcs11_pss_encode("SHA256", hash, 2049, block,
	    sizeof(block), &err), MTLS_OK);
	assert_int_equal(block[0], 0);
	assert_int_equal(block[256], 0xbc);
}

static void
two_pss_blocks_of_one_hash_differ(void **state)
{
	uint8_t hash[32] = { 0 }, one[256], two[256];
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(pkcs11_pss_encode("SHA256", hash, 2048, one, 256,
	    &err), MTLS_OK);
	assert_int_equal(pkcs11_pss_encode("SHA256", hash, 2048, two, 256,
	    &err), MTLS_OK);
	assert_memory_not_equal(one, two, 256);
}

static void
a_key_that_is_too_short_has_no_pss_block(void **state)
{
	uint8_t hash[64] = { 0 }, block[512];
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(pkcs11_pss_encode("SHA512", hash, 1024, block, 128,
	    &err), MTLS_E_CRYPTO);
}

static void
a_digest_info_is_the_one_of_rfc_8017(void **state)
{
	/* RFC 8017, 9.2, notes 1: SHA-256 and SHA-512. */
	static const uint8_t sha256[] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09,
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
		0x00, 0x04, 0x20 };
	static const uint8_t sha512[] = { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09,
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
		0x00, 0x04, 0x40 };
	uint8_t hash[64], out[128];
	struct mtls_err err;
	size_t len = sizeof(out);

	(void)state;
	memset(hash, 0xa5, sizeof(hash));
	mtls_err_clear(&err);
	assert_int_equal(pkcs11_digest_info("SHA256", hash, 32, out, &len,
	    &err), MTLS_OK);
	assert_int_equal(len, sizeof(sha256) + 32);
	assert_memory_equal(out, sha256, sizeof(sha256));
	assert_memory_equal(out + sizeof(sha256), hash, 32);
	len = sizeof(out);
	assert_int_equal(pkcs11_digest_info("SHA512", hash, 64, out, &len,
	    &err), MTLS_OK);
	assert_memory_equal(out, sha512, sizeof(sha512));
	len = 20;
	assert_int_equal(pkcs11_digest_info("SHA256", hash, 32, out, &len,
	    &err), MTLS_E_CRYPTO);
}

static void
an_ecdsa_signature_becomes_der(void **state)
{
	/* r with a leading zero, s with its first bit set. */
	static const uint8_t want[] = { 0x30, 0x07, 0x02, 0x01, 0x7f, 0x02,
		0x02, 0x00, 0x80 };
	uint8_t sig[16] = { 0x00, 0x7f, 0x00, 0x80 };
	uint8_t same[4] = { 1, 2, 3, 4 };
	struct mtls_err err;
	size_t len = 4;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(pkcs11_ecdsa_der(sig, &len, sizeof(sig), &err),
	    MTLS_OK);
	assert_int_equal(len, sizeof(want));
	assert_memory_equal(sig, want, sizeof(want));
	len = 4;
	assert_int_equal(pkcs11_ecdsa_der(same, &len, sizeof(same), &err),
	    MTLS_E_CRYPTO);
}

static void
no_answer_of_a_module_is_ok_by_mistake(void **state)
{
	struct mtls_err err;

	(void)state;
	for (CK_RV rv = 0; rv < 0x300; rv++) {
		mtls_err_clear(&err);
		assert_int_not_equal(pkcs11_fail(&err, "C_Sign", rv),
		    MTLS_OK);
		assert_int_equal(pkcs11_status(rv) == MTLS_OK, rv == CKR_OK);
		assert_non_null(strstr(err.text, "C_Sign: CKR_"));
	}
	assert_string_equal(mtls_pkcs11_ckr_name(0xa4), "CKR_PIN_LOCKED");
	assert_string_equal(mtls_pkcs11_ckr_name(0x80001234), "CKR_?");
	assert_int_equal(pkcs11_status(CKR_PIN_LOCKED), MTLS_E_PIN_LOCKED);
	assert_int_equal(pkcs11_status(CKR_PIN_INCORRECT), MTLS_E_PIN_WRONG);
	assert_int_equal(pkcs11_status(CKR_USER_ALREADY_LOGGED_IN),
	    MTLS_E_TOKEN_FAILED);
}

static void
texts_of_cards_lose_their_padding(void **state)
{
	char padded[32];
	char *text;

	(void)state;
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, "Alice's card", 12);
	text = pkcs11_text(padded, sizeof(padded));
	assert_string_equal(text, "Alice's card");
	free(text);
	memset(padded, 0, sizeof(padded));
	text = pkcs11_text(padded, sizeof(padded));
	assert_string_equal(text, "");
	free(text);
	/* 256 bytes that all become \xNN: cut, and terminated. */
	char bad[256];

	memset(bad, 0x1b, sizeof(bad));
	text = pkcs11_text(bad, sizeof(bad));
	assert_true(strlen(text) < 256);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_pss_block_is_one_that_openssl_verifies),
		cmocka_unit_test(
		    a_modulus_of_8n_1_bits_has_a_zero_before_the_block),
		cmocka_unit_test(two_pss_blocks_of_one_hash_differ),
		cmocka_unit_test(a_key_that_is_too_short_has_no_pss_block),
		cmocka_unit_test(a_digest_info_is_the_one_of_rfc_8017),
		cmocka_unit_test(an_ecdsa_signature_becomes_der),
		cmocka_unit_test(no_answer_of_a_module_is_ok_by_mistake),
		cmocka_unit_test(texts_of_cards_lose_their_padding)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which keys are good enough, with keys that no ordinary tool makes.
 */
#include "config.h"

#include "unit.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "mtlsctl/key.h"

/* A public RSA key of these numbers, which it takes. */
static EVP_PKEY *
rsa_of(BIGNUM *n, BIGNUM *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;

	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N,
	    n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E,
	    e), 1);
	params = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY,
	    params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return key;
}

static BIGNUM *
number(unsigned long long value)
{
	BIGNUM *n = BN_new();

	assert_int_equal(BN_set_word(n, value), 1);
	return n;
}

/* The modulus of a good key, to be spoilt. */
static BIGNUM *
good_modulus(size_t bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N,
	    &n), 1);
	EVP_PKEY_free(key);
	return n;
}

/* Says no to a key, which it frees, and why has that word in it. */
static void
refused(EVP_PKEY *key, const char *word)
{
	struct mtls_err err;

	assert_non_null(key);
	mtls_err_clear(&err);
	assert_int_equal(key_check(key, &err), MTLS_E_CONFIG);
	if (strstr(err.text, word) == NULL)
		fail_msg("\"%s\" without \"%s\"", err.text, word);
	EVP_PKEY_free(key);
}

/* Then the modulus is refused for that, before anything else is seen. */
static int
has_small_factor(const BIGNUM *n)
{
	for (BN_ULONG d = 3; d < 1000; d += 2)
		if (BN_mod_word(n, d) == 0)
			return 1;
	return 0;
}

/*
 * A modulus as the flawed generator makes them: a power of 65537 modulo the
 * product of the first primes.
 */
static BIGNUM *
roca_modulus(void)
{
	static const unsigned primes[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29,
		31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
		101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157,
		163, 167 };
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *product = number(1);
	BIGNUM *n = BN_new();
	BIGNUM *f4 = number(65537);
	BIGNUM *exponent = number(123456789);
	BIGNUM *base = BN_new();
	BIGNUM *many = BN_new();

	for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
		BN_mul_word(product, primes[i]);
	assert_int_equal(BN_mod_exp(base, f4, exponent, product, ctx), 1);
	/* Plus many * product, so that it has 2048 bits, or one more. */
	do {
		BN_rand(many, 2049 - BN_num_bits(product), BN_RAND_TOP_TWO,
		    BN_RAND_BOTTOM_ANY);
		BN_mul(many, many, product, ctx);
		BN_add(n, base, many);
	} while (has_small_factor(n));
	BN_free(many);
	BN_free(base);
	BN_free(exponent);
	BN_free(f4);
	BN_free(product);
	BN_CTX_free(ctx);
	return n;
}

static void
T181_key_of_the_flawed_generator(void **state)
{
	BIGNUM *n = roca_modulus();

	(void)state;
	assert_in_range(BN_num_bits(n), 2048, 2049);
	refused(rsa_of(n, number(65537)), "CVE-2017-15361");
}

/* The test does not cry wolf. */
static void
ordinary_rsa_keys(void **state)
{
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	for (int i = 0; i < 4; i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA",
		    (size_t)2048);

		assert_int_equal(key_check(key, &err), MTLS_OK);
		EVP_PKEY_free(key);
	}
}

static void
T181_weak_rsa(void **state)
{
	BIGNUM *n;

	(void)state;
	refused(rsa_of(good_modulus(1024), number(65537)), "2048");
	refused(rsa_of(good_modulus(2047), number(65537)), "2048");
	refused(rsa_of(good_modulus(2048), number(3)), "exponent");
	refused(rsa_of(good_modulus(2048), number(1)), "exponent");
	refused(rsa_of(good_modulus(2048), number(65536)), "exponent");
	n = number(1);
	BN_lshift(n, n, 65);
	BN_add_word(n, 1);
	refused(rsa_of(good_modulus(2048), n), "exponent");
	n = good_modulus(2048);
	BN_clear_bit(n, 0);
	refused(rsa_of(n, number(65537)), "no such key");
	n = number(1);
	BN_lshift(n, n, 16383);
	BN_add_word(n, 1);
	refused(rsa_of(n, number(65537)), "8192");
}

static void
other_kinds(void **state)
{
	struct mtls_err err;
	EVP_PKEY *key;

	(void)state;
	refused(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), "neither");
	refused(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), "neither");
	refused(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"), "curve");
	refused(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), "curve");
	mtls_err_clear(&err);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_int_equal(key_check(key, &err), MTLS_OK);
	assert_null(key_digest(key));
	EVP_PKEY_free(key);
}

static void
generated_and_written(void **state)
{
	static const char *const digests[] = { "SHA2-256", "SHA2-384",
		"SHA2-256" };
	struct mtls_tls *tls = NULL;
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_new(&tls, &err), MTLS_OK);
	for (int kind = 0; key_kinds[kind] != NULL; kind++) {
		struct key_pem pem = { NULL, 0 };
		EVP_PKEY *key = NULL;
		char print[65];

		assert_int_equal(key_generate(tls, (enum key_kind)kind, &key,
		    &err), MTLS_OK);
		assert_int_equal(key_check(key, &err), MTLS_OK);
		assert_true(EVP_MD_is_a(key_digest(key), digests[kind]));
		assert_int_equal(key_fingerprint(key, print, &err), MTLS_OK);
		assert_int_equal(strlen(print), 64);
		assert_int_equal(key_to_pem(key, &pem, &err), MTLS_OK);
		assert_memory_equal(pem.data, "-----BEGIN PRIVATE KEY-----\n",
		    28);
		assert_memory_equal(pem.data + pem.len - 26,
		    "-----END PRIVATE KEY-----\n", 26);
		key_pem_free(&pem);
		EVP_PKEY_free(key);
	}
	mtls_tls_free(tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T181_key_of_the_flawed_generator),
		cmocka_unit_test(ordinary_rsa_keys),
		cmocka_unit_test(T181_weak_rsa),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(generated_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

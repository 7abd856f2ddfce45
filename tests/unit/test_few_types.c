/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a verifier's library context can read: the keys that it has a use for
 * in every form that a file has, and no others.
 */
#include "config.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "../lib/unit.h"
#include "mtls/tls.h"

static struct mtls_tls *
new_tls(void)
{
	struct mtls_err err;
	struct mtls_tls *tls = NULL;

	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_new_for_server(&tls, &err), MTLS_OK);
	return tls;
}

static int
set_up(void **state)
{
	*state = new_tls();
	return 0;
}

static int
tear_down(void **state)
{
	mtls_tls_free(*state);
	return 0;
}

/* A key from OpenSSL as it comes. */
static EVP_PKEY *
key_of(const char *type)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	if (strcmp(type, "EC") == 0 || strcmp(type, "SM2") == 0)
		assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx,
		    strcmp(type, "EC") == 0 ? "P-256" : "SM2"), 1);
	if (strcmp(type, "DH") == 0)
		assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx,
		    "ffdhe2048"), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* Whether the context reads the public key, as it stands in certificates. */
static int
reads(const struct mtls_tls *tls, const char *type)
{
	EVP_PKEY *key = key_of(type), *read;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der), is_same;
	const unsigned char *p = der;

	assert_true(len > 0);
	read = d2i_PUBKEY_ex(NULL, &p, len, mtls_tls_libctx0(tls), NULL);
	is_same = read != NULL && EVP_PKEY_is_a(read, type);
	ERR_clear_error();
	EVP_PKEY_free(read);
	EVP_PKEY_free(key);
	OPENSSL_free(der);
	return is_same;
}

static void
types_that_are_read(void **state)
{
	static const char *const good[] = { "EC", "RSA", "ED25519",
	    "RSA-PSS", "ED448" };
	static const char *const bad[] = { "DH", "X448", "SM2" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!reads(*state, good[i]))
			fail_msg("%s is not read", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (reads(*state, bad[i]))
			fail_msg("%s is read", bad[i]);
	}
}

static int
no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)rwflag;
	assert_true(size > 3);
	memcpy(buf, arg, 3);
	return 3;
}

static void
reads_back(const struct mtls_tls *tls, EVP_PKEY *key, BIO *bio)
{
	char password[] = "abc";
	EVP_PKEY *read = PEM_read_bio_PrivateKey_ex(bio, NULL, no_password,
	    password, mtls_tls_libctx0(tls), NULL);

	assert_non_null(read);
	assert_int_equal(EVP_PKEY_eq(read, key), 1);
	EVP_PKEY_free(read);
	BIO_free(bio);
}

/* PKCS #8, plain and encrypted, and what each type had before that. */
static void
forms_of_private_keys(void **state)
{
	static const char *const types[] = { "EC", "RSA", "ED25519" };

	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = key_of(types[i]);
		BIO *bio = BIO_new(BIO_s_mem());

		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL,
		    NULL, 0, NULL, NULL), 1);
		reads_back(*state, key, bio);
		bio = BIO_new(BIO_s_mem());
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key,
		    EVP_aes_128_cbc(), (const unsigned char *)"abc", 3, NULL,
		    NULL), 1);
		reads_back(*state, key, bio);
		if (i < 2) {
			bio = BIO_new(BIO_s_mem());
			assert_int_equal(PEM_write_bio_PrivateKey_traditional(
			    bio, key, NULL, NULL, 0, NULL, NULL), 1);
			reads_back(*state, key, bio);
		}
		EVP_PKEY_free(key);
	}
}

/* Each has its own of everything, and takes it along. */
static void
several_at_a_time(void **state)
{
	struct mtls_tls *others[3];
	unsigned char bytes[8];

	for (size_t i = 0; i < 3; i++)
		others[i] = new_tls();
	mtls_tls_free(others[1]);
	assert_true(reads(others[0], "EC"));
	mtls_tls_free(others[0]);
	assert_true(reads(others[2], "RSA"));
	assert_int_equal(RAND_priv_bytes_ex(mtls_tls_libctx0(others[2]),
	    bytes, sizeof(bytes), 0), 1);
	mtls_tls_free(others[2]);
	assert_true(reads(*state, "EC"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_that_are_read),
		cmocka_unit_test(forms_of_private_keys),
		cmocka_unit_test(several_at_a_time),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

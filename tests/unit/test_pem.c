/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Files with certificates, keys and CRLs: every form that administrators
 * have, and what is refused.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "mtls/pem.h"

#define TEXT_FILE(rig, name, text) \
	pki_file_bytes((rig)->pki, (name), (text), sizeof(text) - 1)

static void
certificates_refused(struct rig *rig, const char *path, const char *why)
{
	STACK_OF(X509) *certs = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	assert_int_equal(mtls_pem_certificates(rig->tls, path, &certs, &err),
	    MTLS_E_CONFIG);
	assert_null(certs);
	assert_non_null(strstr(err.text, path));
	if (strstr(err.text, why) == NULL)
		fail_msg("not \"%s\" but: %s", why, err.text);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
certificates_in_order(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *const in[] = {
		rig->users, rig->root, rig->user, NULL
	};
	STACK_OF(X509) *out = NULL;

	assert_int_equal(mtls_pem_certificates(rig->tls,
	    pki_file_certs(rig->pki, "c.pem", in), &out, NULL), MTLS_OK);
	assert_int_equal(sk_X509_num(out), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(X509_cmp(sk_X509_value(out, i), in[i]->x509),
		    0);
	sk_X509_pop_free(out, X509_free);
}

static void
text_between_blocks_is_no_harm(void **state)
{
	struct rig *rig = *state;
	const char *path = pki_file_certs(rig->pki, "t.pem", PKI_CERTS(NULL));
	STACK_OF(X509) *out = NULL;
	FILE *f = fopen(path, "w");

	fputs("# The CA of the staff\nsubject=CN = Acme\r\n", f);
	PEM_write_X509(f, rig->users->x509);
	fputs("\n\nand the root:\n", f);
	PEM_write_X509(f, rig->root->x509);
	fputs("end\n", f);
	fclose(f);
	assert_int_equal(mtls_pem_certificates(rig->tls, path, &out, NULL),
	    MTLS_OK);
	assert_int_equal(sk_X509_num(out), 2);
	sk_X509_pop_free(out, X509_free);
}

static void
certificate_in_der(void **state)
{
	struct rig *rig = *state;
	size_t len = 0;
	uint8_t *der = pki_der(rig->user, &len);
	uint8_t *longer = calloc(1, len + 1);
	STACK_OF(X509) *out = NULL;

	assert_int_equal(mtls_pem_certificates(rig->tls,
	    pki_file_bytes(rig->pki, "c.der", der, len), &out, NULL),
	    MTLS_OK);
	assert_int_equal(sk_X509_num(out), 1);
	assert_int_equal(X509_cmp(sk_X509_value(out, 0), rig->user->x509), 0);
	sk_X509_pop_free(out, X509_free);
	certificates_refused(rig, pki_file_bytes(rig->pki, "s.der", der,
	    len - 1), "malformed");
	memcpy(longer, der, len);
	certificates_refused(rig, pki_file_bytes(rig->pki, "l.der", longer,
	    len + 1), "malformed");
	free(longer);
	free(der);
}

static void
files_that_are_refused(void **state)
{
	struct rig *rig = *state;
	static char big[1024 * 1024 + 1];
	const char *path;
	FILE *f;

	certificates_refused(rig, TEXT_FILE(rig, "0.pem", ""), "no cert");
	certificates_refused(rig, TEXT_FILE(rig, "1.pem", "0"), "no cert");
	certificates_refused(rig, TEXT_FILE(rig, "2.pem",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	    "malformed");
	certificates_refused(rig, TEXT_FILE(rig, "3.pem",
	    "-----BEGIN CERTIFICATE-----\n****\n-----END CERTIFICATE-----\n"),
	    "malformed");
	certificates_refused(rig, TEXT_FILE(rig, "4.pem",
	    "-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n"),
	    "a block is not a certificate but \"NOTHING\"");
	certificates_refused(rig, pki_file_bytes(rig->pki, "5.pem", big,
	    sizeof(big)), "");
	certificates_refused(rig, pki_file_key(rig->pki, "6.pem", rig->user),
	    "PRIVATE KEY");
	/* A good one first does not save what follows. */
	path = pki_file_certs(rig->pki, "7.pem", PKI_CERTS(rig->root));
	f = fopen(path, "a");
	fputs("-----BEGIN CERTIFICATE-----\nMIIBszCC", f);
	fclose(f);
	certificates_refused(rig, path, "malformed");
	/* Somebody else can write to it. */
	path = pki_file_certs(rig->pki, "8.pem", PKI_CERTS(rig->root));
	assert_int_equal(chmod(path, 0666), 0);
	certificates_refused(rig, path, "8.pem");
}

static void
write_key(const char *path, int form, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");
	char pass[] = "pass";

	assert_non_null(f);
	switch (form) {
	case 0:
		PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
		break;
	case 1:
		PEM_write_PrivateKey_ex(f, key, NULL, NULL, 0, NULL, NULL,
		    NULL, NULL);
		break;
	default:
		PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), pass, 4,
		    NULL, NULL);
		break;
	}
	fclose(f);
}

static void
keys(void **state)
{
	static const enum pki_key_type types[] = {
		PKI_P256, PKI_P384, PKI_RSA2048, PKI_ED25519
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < 4 * 3; i++) {
		const struct pki_cert *c = pki_user(rig->pki, rig->users,
		    "alice", &(struct pki_options){.key_type = types[i / 3]});
		const char *path = pki_file_key(rig->pki, "k.pem", c);
		EVP_PKEY *key = NULL;
		struct mtls_err err;
		enum mtls_status s;

		write_key(path, (int)(i % 3), c->key);
		mtls_err_clear(&err);
		s = mtls_pem_key(rig->tls, path, &key, &err);
		if (i % 3 == 2) {
			assert_int_equal(s, MTLS_E_CONFIG);
			assert_null(key);
			assert_non_null(strstr(err.text, "is encrypted"));
			continue;
		}
		assert_int_equal(s, MTLS_OK);
		assert_int_equal(EVP_PKEY_eq(key, c->key), 1);
		EVP_PKEY_free(key);
	}
}

/* As openssl(1) wrote them for twenty years. */
static void
keys_in_their_own_format(void **state)
{
	struct rig *rig = *state;
	static const char sec1[] =
	    "-----BEGIN EC PARAMETERS-----\n"
	    "BggqhkjOPQMBBw==\n"
	    "-----END EC PARAMETERS-----\n"
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MDECAQEEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBoAoGCCqGSM49\n"
	    "AwEH\n"
	    "-----END EC PRIVATE KEY-----\n";
	const char *path = TEXT_FILE(rig, "sec1.pem", sec1);
	EVP_PKEY *key = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	chmod(path, 0600);
	if (mtls_pem_key(rig->tls, path, &key, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_true(EVP_PKEY_is_a(key, "EC"));
	assert_int_equal(EVP_PKEY_get_bits(key), 256);
	EVP_PKEY_free(key);
}

static void
keys_that_are_refused(void **state)
{
	struct rig *rig = *state;
	const char *paths[] = {
		TEXT_FILE(rig, "a.key", ""), TEXT_FILE(rig, "b.key", "x"),
		pki_file_certs(rig->pki, "c.key", PKI_CERTS(rig->root)),
		TEXT_FILE(rig, "d.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n"
		    "-----END PRIVATE KEY-----\n"),
	};
	EVP_PKEY *key = NULL;
	const char *path;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		chmod(paths[i], 0600);
		assert_int_equal(mtls_pem_key(rig->tls, paths[i], &key, NULL),
		    MTLS_E_CONFIG);
		assert_null(key);
	}
	path = pki_file_key(rig->pki, "e.key", rig->user);
	chmod(path, 0644);
	assert_int_equal(mtls_pem_key(rig->tls, path, &key, NULL),
	    MTLS_E_CONFIG);
	assert_null(key);
}

static void
lists(void **state)
{
	struct rig *rig = *state;
	X509_CRL *crl = pki_crl(rig->pki, rig->users, PKI_CERTS(rig->user),
	    NULL);
	const char *path = pki_file_crl(rig->pki, "u.crl", crl);
	STACK_OF(X509_CRL) *out = NULL;
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	FILE *f = fopen(path, "a");

	PEM_write_X509_CRL(f, pki_crl(rig->pki, rig->machines, NULL, NULL));
	fclose(f);
	assert_int_equal(mtls_pem_crls(rig->tls, path, &out, NULL), MTLS_OK);
	assert_int_equal(sk_X509_CRL_num(out), 2);
	assert_int_equal(X509_CRL_match(sk_X509_CRL_value(out, 0), crl), 0);
	sk_X509_CRL_pop_free(out, X509_CRL_free);
	assert_int_equal(mtls_pem_crls(rig->tls, pki_file_bytes(rig->pki,
	    "u.der", der, (size_t)len), &out, NULL), MTLS_OK);
	assert_int_equal(sk_X509_CRL_num(out), 1);
	sk_X509_CRL_pop_free(out, X509_CRL_free);
	out = NULL;
	assert_int_equal(mtls_pem_crls(rig->tls, pki_file_bytes(rig->pki,
	    "cut.der", der, (size_t)len - 1), &out, NULL), MTLS_E_CONFIG);
	assert_int_equal(mtls_pem_crls(rig->tls, TEXT_FILE(rig, "e.crl", ""),
	    &out, NULL), MTLS_E_CONFIG);
	assert_int_equal(mtls_pem_crls(rig->tls, rig->user_ca_file, &out,
	    NULL), MTLS_E_CONFIG);
	assert_null(out);
	OPENSSL_free(der);
}

static void
der_there_and_back(void **state)
{
	struct rig *rig = *state;
	uint8_t *der = NULL;
	size_t len = 0;
	X509 *x = NULL;
	uint8_t *more;

	assert_int_equal(mtls_der_of_certificate(rig->user->x509, &der, &len,
	    NULL), MTLS_OK);
	assert_int_equal(mtls_der_certificate(rig->tls, der, len, &x, NULL),
	    MTLS_OK);
	assert_int_equal(X509_cmp(x, rig->user->x509), 0);
	X509_free(x);
	x = NULL;
	more = calloc(1, len + 1);
	memcpy(more, der, len);
	assert_int_equal(mtls_der_certificate(rig->tls, more, len + 1, &x,
	    NULL), MTLS_E_PROTOCOL);
	assert_int_equal(mtls_der_certificate(rig->tls, der, 0, &x, NULL),
	    MTLS_E_PROTOCOL);
	assert_null(x);
	free(more);
	free(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_in_order),
		cmocka_unit_test(text_between_blocks_is_no_harm),
		cmocka_unit_test(certificate_in_der),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(keys),
		cmocka_unit_test(keys_in_their_own_format),
		cmocka_unit_test(keys_that_are_refused),
		cmocka_unit_test(lists),
		cmocka_unit_test(der_there_and_back),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

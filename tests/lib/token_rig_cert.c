/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificates for the cards of tests.
 */
#include "config.h"

#include "token_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

static void
add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

X509 *
token_rig_issue(const struct token_rig_cert *as, EVP_PKEY *key, X509 *issuer,
    EVP_PKEY *issuer_key)
{
	X509 *x509 = X509_new();
	X509_NAME *subject = X509_NAME_new();
	int from = as->from_days, to = as->to_days;
	unsigned char serial[8];
	BIGNUM *number;

	if (from == 0 && to == 0) {
		from = -1;
		to = 365;
	}
	X509_set_version(x509, X509_VERSION_3);
	RAND_bytes(serial, sizeof(serial));
	serial[0] = 1 + (serial[0] & 0x3f);
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
	BN_free(number);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)as->name, -1, -1, 0);
	X509_set_subject_name(x509, subject);
	X509_set_issuer_name(x509, issuer == NULL ? subject :
	    X509_get_subject_name(issuer));
	X509_NAME_free(subject);
	X509_gmtime_adj(X509_getm_notBefore(x509), from * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(x509), to * 86400L);
	X509_set_pubkey(x509, key);
	if (issuer == NULL)
		issuer = x509;
	add_extension(x509, issuer, NID_basic_constraints, as->is_ca ?
	    "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(x509, issuer, NID_key_usage, as->is_ca ?
	    "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	add_extension(x509, issuer, NID_subject_key_identifier, "hash");
	if (issuer != x509)
		add_extension(x509, issuer, NID_authority_key_identifier,
		    "keyid:always");
	if (!as->is_ca) {
		add_extension(x509, issuer, NID_ext_key_usage,
		    as->no_client_auth ? "emailProtection" : "clientAuth");
		add_extension(x509, issuer, NID_subject_alt_name,
		    "email:alice@acme.example");
	}
	assert_true(X509_sign(x509, issuer_key, EVP_sha256()) > 0);
	return x509;
}

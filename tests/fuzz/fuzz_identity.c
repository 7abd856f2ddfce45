/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-040: any bytes as a certificate, and any bytes as the subjectAltName of
 * a good one. What is read is printable, bounded and free of white space at
 * its ends, or nothing is read.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "fuzz.h"
#include "mtls/identity.h"
#include "mtls/pem.h"
#include "mtls/text.h"

static struct mtls_tls *tls;
static X509 *plain;		/* a certificate without subjectAltName */

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
begin(void)
{
	OSSL_LIB_CTX *libctx;
	EVP_PKEY *key;

	if (tls != NULL)
		return;
	must(mtls_tls_new(&tls, NULL) == MTLS_OK);
	libctx = mtls_tls_libctx0(tls);
	key = EVP_PKEY_Q_keygen(libctx, NULL, "ED25519");
	plain = X509_new_ex(libctx, NULL);
	must(key != NULL && plain != NULL &&
	    X509_set_version(plain, X509_VERSION_3) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(plain), 1) &&
	    ASN1_TIME_set(X509_getm_notBefore(plain), 0) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(plain), 1 << 30) != NULL &&
	    X509_set_pubkey(plain, key) && X509_sign(plain, key, NULL) > 0);
	EVP_PKEY_free(key);
}

static void
check_text(const char *s)
{
	size_t n = strlen(s);

	must(n <= 1024 && mtls_text_is_utf8(s, n) && mtls_text_is_line(s, n));
}

static void
check_names(const struct mtls_texts *names)
{
	must(names->n <= 64);
	for (size_t i = 0; i < names->n; i++) {
		const char *s = names->text[i];

		check_text(s);
		must(s[0] != '\0' && s[0] != ' ' && s[strlen(s) - 1] != ' ');
	}
}

static void
check(X509 *x)
{
	struct mtls_identity id = {0};
	struct mtls_err err;
	char text[64];

	mtls_err_clear(&err);
	if (mtls_identity_read(x, &id, &err) != MTLS_OK) {
		must(err.status == MTLS_E_PROTOCOL && err.text[0] != '\0' &&
		    id.subject == NULL && id.upn.n == 0);
		return;
	}
	check_text(id.subject);
	check_text(id.issuer);
	check_names(&id.upn);
	check_names(&id.email);
	check_names(&id.dns);
	check_names(&id.uri);
	check_names(&id.cn);
	check_names(&id.uid);
	check_names(&id.subject_serial);
	must(id.key_kind != NULL && strlen(id.serial) >= 2 &&
	    strspn(id.serial, "0123456789abcdef") == strlen(id.serial));
	check_text(mtls_identity_short(&id, text, sizeof(text)));
	mtls_identity_clear(&id);
}

static void
check_as_san(const uint8_t *data, size_t len)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *san;
	X509 *x = X509_dup(plain);

	must(value != NULL && x != NULL &&
	    ASN1_OCTET_STRING_set(value, data, (int)len));
	san = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0,
	    value);
	must(san != NULL && X509_add_ext(x, san, -1));
	check(x);
	X509_EXTENSION_free(san);
	ASN1_OCTET_STRING_free(value);
	X509_free(x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *der = NULL;
	size_t der_len = 0;
	X509 *x = NULL;

	begin();
	if (len > 65536)
		return 0;
	if (mtls_der_certificate(tls, data, len, &x, NULL) == MTLS_OK) {
		must(mtls_der_of_certificate(x, &der, &der_len, NULL) ==
		    MTLS_OK && der_len == len && memcmp(der, data, len) == 0);
		free(der);
		check(x);
		X509_free(x);
	}
	check_as_san(data, len);
	must(ERR_peek_error() == 0);
	return 0;
}

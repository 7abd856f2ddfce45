/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-040: any bytes as a certificate, and any bytes as the subjectAltName of
 * a good one, from the parser to the decision. What is read is printable,
 * bounded and free of white space at its ends, or nothing is read; whoever is
 * let in is named, whole, where the policy's map lines say.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "fuzz.h"
#include "mapping.h"
#include "mtls/identity.h"
#include "mtls/pem.h"
#include "mtls/text.h"
#include "policy_file.h"

/* Every kind of map line that takes a name; the issuer of plain is "". */
static const char rules[] =
    "map issuer \"CN=CA\" take san:upn realm acme.example\n"
    "map issuer \"CN=CA\" take san:email realm acme.example\n"
    "map issuer \"CN=CA\" take san:uri prefix \"x:\"\n"
    "map issuer \"CN=CA\" take uid\n"
    "map issuer \"CN=CA\" take serialNumber\n"
    "require key ec 256\n"
    "allow user any\n";

static struct mtls_tls *tls;
static struct policy policy;
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
	must(policy_file_parse("p", rules, strlen(rules), NULL, &policy,
	    NULL) == MTLS_OK);
	libctx = mtls_tls_libctx0(tls);
	key = EVP_PKEY_Q_keygen(libctx, NULL, "ED25519");
	plain = X509_new_ex(libctx, NULL);
	must(key != NULL && plain != NULL &&
	    X509_set_version(plain, X509_VERSION_3) &&
	    ASN1_INTEGER_set(X509_get_serialNumber(plain), 1) &&
	    ASN1_TIME_set(X509_getm_notBefore(plain), 0) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(plain), 1 << 30) != NULL &&
	    X509_set_pubkey(plain, key) && X509_sign(plain, key, NULL) > 0);
	/* mtls_identity_read() looks at the bytes of a name. */
	must(X509_NAME_add_entry_by_txt(X509_get_issuer_name(plain), "CN",
	    MBSTRING_ASC, (const unsigned char *)"CA", -1, -1, 0));
	must(X509_sign(plain, key, NULL) > 0);
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

/* Whether one of the names is user, with what stands around it. */
static int
names(const struct mtls_texts *all, const char *before, const char *user,
    const char *behind)
{
	size_t head = strlen(before), len = strlen(user);

	for (size_t i = 0; i < all->n; i++) {
		const char *s = all->text[i];

		if (strncmp(s, before, head) == 0 &&
		    strncmp(s + head, user, len) == 0 &&
		    strcmp(s + head + len, behind) == 0)
			return 1;
	}
	return 0;
}

static void
check_decision(const struct mtls_identity *id)
{
	const struct mapping_binding nobody = { POLICY_NO, NULL };
	struct mapping m = mapping_find(&policy, id, &nobody);
	struct policy_certificate c = mapping_certificate(id);
	struct policy_facts f = {
		.now_s = 1, .challenge = POLICY_CHALLENGE_OPEN,
		.user = m.user, .service = "s", .host = "h",
		.method = "token", .rhost = "", .proof_user = m.user,
		.proof_service = "s", .proof_host = "h",
		.proof_method = "token",
		.standing = POLICY_STANDING_GOOD, .mapped = m.mapped,
		.mapped_user = m.user, .certificate = &c,
		.superuser = POLICY_NO,
	};
	struct policy_decision d = policy_decide(&policy, &f);

	must((m.mapped == POLICY_MAPPED_ONE) == (m.user[0] != '\0'));
	if (d.verdict != MTLS_VERDICT_ALLOW)
		return;
	must(strcmp(id->issuer, "CN=CA") == 0);
	must(mtls_text_is_user(m.user));
	must(names(&id->upn, "", m.user, "@acme.example") ||
	    names(&id->email, "", m.user, "@acme.example") ||
	    names(&id->uri, "x:", m.user, "") ||
	    names(&id->uid, "", m.user, "") ||
	    names(&id->subject_serial, "", m.user, ""));
	f.user = f.proof_user = "somebody-else";
	must(strcmp(m.user, f.user) == 0 ||
	    policy_decide(&policy, &f).verdict == MTLS_VERDICT_DENY);
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
	check_names(&id.eku);
	check_names(&id.policies);
	check_decision(&id);
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

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is read out of a good certificate, member by member, and what its
 * shape alone makes unusable. Names have test_identity_names.c.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "mtls/identity.h"
#include "mtls/pem.h"
#include "mtls/text.h"

static void
read_good(const struct pki_cert *cert, struct mtls_identity *id)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	if (mtls_identity_read(cert->x509, id, &err) != MTLS_OK)
		fail_msg("%s", err.text);
}

static void
refused(const struct pki_cert *cert, const char *why)
{
	struct mtls_identity id;
	struct mtls_identity before;
	struct mtls_err err;

	memset(&id, 0x5a, sizeof(id));
	before = id;
	mtls_err_clear(&err);
	assert_int_equal(mtls_identity_read(cert->x509, &id, &err),
	    MTLS_E_PROTOCOL);
	if (strstr(err.text, why) == NULL)
		fail_msg("not \"%s\" but: %s", why, err.text);
	assert_memory_equal(&id, &before, sizeof(id));
	assert_int_equal(ERR_peek_error(), 0);
}

static void
every_member(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *cert = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.serial = "00AB12", .subject =
	    "/O=Acme/serialNumber=4711/UID=u1/CN=Alice \xc3\x84",
	    .san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example,"
	    "email:a@acme.example,DNS:ws1.acme.example,"
	    "URI:urn:x:y,IP:192.0.2.1"});
	struct mtls_identity id = {0};
	uint8_t md[32];
	time_t now = time(NULL);

	read_good(cert, &id);
	assert_string_equal(id.subject,
	    "CN=Alice \xc3\x84,UID=u1,serialNumber=4711,O=Acme");
	assert_string_equal(id.issuer, "CN=Acme Staff CA,O=Acme");
	assert_string_equal(id.serial, "ab12");
	X509_digest(cert->x509, EVP_sha256(), md, NULL);
	assert_memory_equal(id.sha256, md, sizeof(md));
	assert_in_range(now - id.not_before_s, 24 * 3600 - 60,
	    24 * 3600 + 60);
	assert_in_range(id.not_after_s - now, 364 * 24 * 3600,
	    365 * 24 * 3600);
	assert_int_equal(id.upn.n, 1);
	assert_string_equal(id.upn.text[0], "alice@acme.example");
	assert_int_equal(id.email.n, 1);
	assert_string_equal(id.email.text[0], "a@acme.example");
	assert_int_equal(id.dns.n, 1);
	assert_string_equal(id.dns.text[0], "ws1.acme.example");
	assert_int_equal(id.uri.n, 1);
	assert_string_equal(id.uri.text[0], "urn:x:y");
	assert_int_equal(id.cn.n, 1);
	assert_string_equal(id.cn.text[0], "Alice \xc3\x84");
	assert_int_equal(id.uid.n, 1);
	assert_string_equal(id.uid.text[0], "u1");
	assert_int_equal(id.subject_serial.n, 1);
	assert_string_equal(id.subject_serial.text[0], "4711");
	assert_int_equal(id.key_id_len, 20);
	assert_memory_equal(id.key_id, ASN1_STRING_get0_data(
	    X509_get0_subject_key_id(cert->x509)), 20);
	assert_false(id.is_ca);
	assert_true(id.for_client_auth);
	assert_false(id.for_server_auth);
	assert_string_equal(id.key_kind, "p256");
	mtls_identity_clear(&id);
	assert_null(id.subject);
	assert_int_equal(id.upn.n, 0);
	mtls_identity_clear(&id);
	mtls_identity_clear(NULL);
}

/* The hash is of the SubjectPublicKeyInfo, so it survives a renewal. */
static void
key_hash_is_of_the_key(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *again = pki_user(rig->pki, rig->machines,
	    "bob", &(struct pki_options){.key_of = rig->user});
	struct mtls_identity a = {0};
	struct mtls_identity b = {0};
	unsigned char *spki = NULL;
	uint8_t md[32];
	int len;

	read_good(rig->user, &a);
	read_good(again, &b);
	len = i2d_PUBKEY(rig->user->key, &spki);
	EVP_Digest(spki, (size_t)len, md, NULL, EVP_sha256(), NULL);
	OPENSSL_free(spki);
	assert_memory_equal(a.spki_sha256, md, 32);
	assert_memory_equal(a.spki_sha256, b.spki_sha256, 32);
	assert_memory_not_equal(a.sha256, b.sha256, 32);
	mtls_identity_clear(&a);
	mtls_identity_clear(&b);
}

struct kind {
	enum pki_key_type pki;
	const char *kind;
	enum mtls_key_type type;
	unsigned bits;
};

static void
kind_is(struct rig *rig, const struct kind *k)
{
	struct mtls_identity id = {0};

	read_good(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.key_type = k->pki}), &id);
	assert_string_equal(id.key_kind, k->kind);
	assert_int_equal(id.key_type, k->type);
	assert_int_equal(id.key_bits, k->bits);
	mtls_identity_clear(&id);
}

static void
key_kinds(void **state)
{
	static const struct kind all[] = {
		{ PKI_P256, "p256", MTLS_KEY_TYPE_EC, 256 },
		{ PKI_P384, "p384", MTLS_KEY_TYPE_EC, 384 },
		{ PKI_RSA2048, "rsa2048", MTLS_KEY_TYPE_RSA, 2048 },
		{ PKI_ED25519, "ed25519", MTLS_KEY_TYPE_ED25519, 256 },
		{ PKI_RSA1024, "other", MTLS_KEY_TYPE_RSA, 1024 },
		{ PKI_P256_EXPLICIT, "other", MTLS_KEY_TYPE_OTHER, 0 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		kind_is(*state, &all[i]);
}

/* T-033: what it is for, each as its number. */
static void
T033_purposes_and_policies(void **state)
{
	/* certificatePolicies: 1.3.6.1.4.1.99999.1 and anyPolicy */
	static const uint8_t policies[] = {
		0x30, 0x15, 0x30, 0x0b, 0x06, 0x09, 0x2b, 0x06, 0x01, 0x04,
		0x01, 0x86, 0x8d, 0x1f, 0x01, 0x30, 0x06, 0x06, 0x04, 0x55,
		0x1d, 0x20, 0x00
	};
	const struct pki_extension extra[] = {
		{ "2.5.29.32", 0, policies, sizeof(policies) },
		{ NULL, 0, NULL, 0 },
	};
	struct rig *rig = *state;
	struct mtls_identity id = {0};

	read_good(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.extra = extra,
	    .eku = "clientAuth,1.3.6.1.4.1.311.20.2.2"}), &id);
	assert_int_equal(id.eku.n, 2);
	assert_string_equal(id.eku.text[0], "1.3.6.1.5.5.7.3.2");
	assert_string_equal(id.eku.text[1], "1.3.6.1.4.1.311.20.2.2");
	assert_int_equal(id.policies.n, 2);
	assert_string_equal(id.policies.text[0], "1.3.6.1.4.1.99999.1");
	assert_string_equal(id.policies.text[1], "2.5.29.32.0");
	mtls_identity_clear(&id);
	assert_int_equal(id.eku.n, 0);
	read_good(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.eku = ""}), &id);
	assert_int_equal(id.eku.n, 0);
	assert_int_equal(id.policies.n, 0);
	mtls_identity_clear(&id);
}

struct uses {
	struct pki_options options;
	int ca, client, server;
};

static void
T033_uses(void **state)
{
	static const struct uses all[] = {
		{{.eku = "clientAuth"}, 0, 1, 0},
		{{.eku = "serverAuth"}, 0, 0, 1},
		{{.eku = "clientAuth,serverAuth"}, 0, 1, 1},
		{{.eku = ""}, 0, 0, 0},
		{{.eku = "anyExtendedKeyUsage"}, 0, 0, 0},
		{{.eku = "clientAuth", .key_usage = ""}, 0, 1, 0},
		{{.eku = "clientAuth", .key_usage =
		    "critical,keyAgreement"}, 0, 0, 0},
		{{.eku = "clientAuth", .key_usage =
		    "critical,digitalSignature,keyAgreement"}, 0, 1, 0},
		{{.eku = "clientAuth", .basic = "critical,CA:TRUE",
		    .key_usage = "critical,keyCertSign"}, 1, 0, 0},
		{{.eku = "clientAuth", .basic = ""}, 0, 1, 0},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct mtls_identity id = {0};

		read_good(pki_user(rig->pki, rig->users, "alice",
		    &all[i].options), &id);
		assert_int_equal(id.is_ca, all[i].ca);
		assert_int_equal(id.for_client_auth, all[i].client);
		assert_int_equal(id.for_server_auth, all[i].server);
		mtls_identity_clear(&id);
	}
}

static void
T030_shapes(void **state)
{
	struct rig *rig = *state;
	struct mtls_identity id = {0};

	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.version = 1}), "version 3");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.version = 2}), "version 3");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.serial = "-7F"}), "negative");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.serial = "0"}), "zero");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.serial =
	    "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}), "too long");
	read_good(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.serial =
	    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}), &id);
	assert_string_equal(id.serial,
	    "ffffffffffffffffffffffffffffffffffffffff");
	mtls_identity_clear(&id);
	/* Dates are read, not judged; that is the chain's business. */
	read_good(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.not_after = "99991231235959Z"}), &id);
	assert_true(id.not_after_s == INT64_C(253402300799));
	mtls_identity_clear(&id);
}

static void
T043_duplicate_extensions(void **state)
{
	struct rig *rig = *state;
	static const uint8_t dns[] = "\x30\x05\x82\x03" "a.b";
	static const uint8_t eku[] = {
		0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
		0x03, 0x02
	};
	static const uint8_t null[] = {0x05, 0x00};
	static const struct pki_extension second_san[] = {
		{"subjectAltName", 0, dns, sizeof(dns) - 1}, {0}
	};
	static const struct pki_extension second_eku[] = {
		{"extendedKeyUsage", 0, eku, sizeof(eku)}, {0}
	};
	static const struct pki_extension twice_unknown[] = {
		{"1.3.6.1.4.1.99999.1", 0, null, sizeof(null)},
		{"1.3.6.1.4.1.99999.1", 0, null, sizeof(null)}, {0}
	};

	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.extra = second_san}), "two extensions");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.extra = second_eku}), "two extensions");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.extra = twice_unknown}),
	    "two extensions");
}

static void
malformed_extensions(void **state)
{
	struct rig *rig = *state;
	static const uint8_t junk[] = {0x30, 0x03, 0x01};
	static const struct pki_extension bad_eku[] = {
		{"extendedKeyUsage", 0, junk, sizeof(junk)}, {0}
	};
	static const struct pki_extension bad_san[] = {
		{"subjectAltName", 0, junk, sizeof(junk)}, {0}
	};
	static const struct pki_extension bad_basic[] = {
		{"basicConstraints", 1, junk, sizeof(junk)}, {0}
	};
	static const struct pki_extension bad_policies[] = {
		{"2.5.29.32", 0, junk, sizeof(junk)}, {0}
	};
	/* An object identifier of eighty numbers. */
	static uint8_t long_eku[4 + 82] = {0x30, 0x54, 0x06, 0x52, 0x2b};
	const struct pki_extension too_long[] = {
		{"extendedKeyUsage", 0, long_eku, sizeof(long_eku)}, {0}
	};

	memset(long_eku + 5, 0x63, sizeof(long_eku) - 5);
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.extra = bad_policies}), "malformed");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.eku = "", .extra = too_long}),
	    "extended key usage that cannot be one");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.eku = "", .extra = bad_eku}),
	    "malformed");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.san = "", .extra = bad_san}),
	    "malformed");
	refused(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.basic = "", .extra = bad_basic}),
	    "malformed");
}

static void
T046_nothing_in_it(void **state)
{
	struct rig *rig = *state;
	struct mtls_identity id = {0};
	char text[200];

	read_good(pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.san = "", .subject = "", .ski = "",
	    .serial = "5"}), &id);
	assert_string_equal(id.subject, "");
	assert_int_equal(id.upn.n + id.email.n + id.dns.n + id.uri.n +
	    id.cn.n + id.uid.n + id.subject_serial.n, 0);
	assert_int_equal(id.key_id_len, 0);
	assert_string_equal(mtls_identity_short(&id, text, sizeof(text)),
	    "serial=05 issuer=CN=Acme Staff CA,O=Acme");
	mtls_identity_clear(&id);
}

static void
short_form_is_cut_at_a_character(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *ca = pki_ca(rig->pki, NULL, "\xc3\x84\xc3\x96",
	    NULL);
	struct mtls_identity id = {0};
	char text[64];

	read_good(pki_user(rig->pki, ca, "alice",
	    &(struct pki_options){.serial = "1"}), &id);
	mtls_identity_short(&id, text, sizeof(text));
	assert_string_equal(text,
	    "serial=01 issuer=CN=\xc3\x84\xc3\x96,O=Acme");
	for (size_t size = 1; size < sizeof(text); size++) {
		mtls_identity_short(&id, text, size);
		assert_true(strlen(text) < size);
		assert_true(mtls_text_is_utf8(text, strlen(text)));
	}
	mtls_identity_clear(&id);
}

/*
 * Every truncation and every single flipped bit of a certificate: it is
 * refused or read, with nothing unprintable in what was read.
 */
static void
T040_flipped_and_cut(void **state)
{
	struct rig *rig = *state;
	size_t len = 0;
	uint8_t *der = pki_der(rig->user, &len);
	X509 *x = NULL;

	for (size_t n = 0; n < len; n++)
		assert_int_equal(mtls_der_certificate(rig->tls, der, n, &x,
		    NULL), MTLS_E_PROTOCOL);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct mtls_identity id = {0};

		der[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (mtls_der_certificate(rig->tls, der, len, &x,
		    NULL) == MTLS_OK) {
			if (mtls_identity_read(x, &id, NULL) == MTLS_OK) {
				assert_true(mtls_text_is_line(id.subject,
				    strlen(id.subject)));
				for (size_t i = 0; i < id.upn.n; i++)
					assert_true(mtls_text_is_line(
					    id.upn.text[i],
					    strlen(id.upn.text[i])));
			}
			mtls_identity_clear(&id);
			X509_free(x);
		}
		der[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(der);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member),
		cmocka_unit_test(key_hash_is_of_the_key),
		cmocka_unit_test(key_kinds),
		cmocka_unit_test(T033_purposes_and_policies),
		cmocka_unit_test(T033_uses),
		cmocka_unit_test(T030_shapes),
		cmocka_unit_test(T043_duplicate_extensions),
		cmocka_unit_test(malformed_extensions),
		cmocka_unit_test(T046_nothing_in_it),
		cmocka_unit_test(short_form_is_cut_at_a_character),
		cmocka_unit_test(T040_flipped_and_cut),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that must not become anybody: every value in every place where a
 * name can stand, encoded by hand.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "mtls/identity.h"

/* Tags of ASN.1, and of GeneralName. */
#define UTF8		0x0c
#define PRINTABLE	0x13
#define T61		0x14
#define IA5		0x16
#define UNIVERSAL	0x1c
#define BMP		0x1e
#define OCTETS		0x04
#define SEQUENCE	0x30
#define CONSTRUCTED	0x20
#define OTHER_NAME	0xa0
#define EMAIL		0x81
#define DNS		0x82
#define URI		0x86
#define EXPLICIT_0	0xa0

static const uint8_t upn_oid[] = {
	0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03
};

/* A buffer that grows at its end. */
struct der {
	size_t len;
	uint8_t data[8192];
};

static void
put(struct der *d, const void *p, size_t n)
{
	assert_true(d->len + n <= sizeof(d->data));
	if (n > 0)
		memcpy(d->data + d->len, p, n);
	d->len += n;
}

static void
put_tlv(struct der *d, uint8_t tag, const void *p, size_t n)
{
	uint8_t head[4] = {tag, (uint8_t)n};
	size_t head_len = 2;

	if (n > 0xff) {
		head[1] = 0x82;
		head[2] = (uint8_t)(n >> 8);
		head[3] = (uint8_t)n;
		head_len = 4;
	} else if (n > 0x7f) {
		head[1] = 0x81;
		head[2] = (uint8_t)n;
		head_len = 3;
	}
	put(d, head, head_len);
	put(d, p, n);
}

/* A UPN whose value has this tag. */
static void
put_upn(struct der *d, uint8_t tag, const void *p, size_t n)
{
	struct der *value = calloc(1, sizeof(*value));
	struct der *name = calloc(1, sizeof(*name));

	put_tlv(value, tag, p, n);
	put(name, upn_oid, sizeof(upn_oid));
	put_tlv(name, EXPLICIT_0, value->data, value->len);
	put_tlv(d, OTHER_NAME, name->data, name->len);
	free(value);
	free(name);
}

static enum mtls_status
read_with_extension(struct rig *rig, const uint8_t *der, size_t len,
    struct mtls_identity *id, struct mtls_err *err)
{
	const struct pki_extension extra[] = {
		{"subjectAltName", 0, der, len}, {0}
	};
	const struct pki_cert *cert = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.san = "", .key_of = rig->user,
	    .extra = extra});

	mtls_err_clear(err);
	return mtls_identity_read(cert->x509, id, err);
}

/* names: the content of the SEQUENCE. */
static enum mtls_status
read_names(struct rig *rig, const struct der *names, struct mtls_identity *id,
    struct mtls_err *err)
{
	struct der *san = calloc(1, sizeof(*san));
	enum mtls_status s;

	put_tlv(san, SEQUENCE, names->data, names->len);
	s = read_with_extension(rig, san->data, san->len, id, err);
	free(san);
	return s;
}

static void
names_refused(struct rig *rig, const struct der *names, const char *why)
{
	struct mtls_identity id = {0};
	struct mtls_err err;

	assert_int_equal(read_names(rig, names, &id, &err), MTLS_E_PROTOCOL);
	if (strstr(err.text, why) == NULL)
		fail_msg("not \"%s\" but: %s", why, err.text);
	assert_int_equal(id.upn.n, 0);
}

struct value {
	const char *bytes;
	size_t len;
	const char *why;	/* NULL: taken as it is */
};
#define VALUE(s, why)	{(s), sizeof(s) - 1, (why)}

static const struct value values[] = {
	/* T042: what cannot be a name. */
	VALUE("alice\0.evil", "NUL"),
	VALUE("\0", "NUL"),
	VALUE("alice\0", "NUL"),
	VALUE("", "is empty"),
	VALUE("\xc0\xaf", "not UTF-8"),
	VALUE("\xe0\x80\xaf", "not UTF-8"),
	VALUE("\xed\xa0\x80", "not UTF-8"),
	VALUE("\xf4\x90\x80\x80", "not UTF-8"),
	VALUE("alice\xff", "not UTF-8"),
	VALUE("alice\xc3", "not UTF-8"),
	VALUE("al\xe2\x80\x8bice", "format"),
	VALUE("\xe2\x80\xae" "ecila", "format"),
	VALUE("\xef\xbb\xbf" "alice", "format"),
	VALUE("al\xc2\xadice", "format"),
	VALUE("al\xe2\x81\xa6ice", "format"),
	VALUE("alice\n", "control"),
	VALUE("alice\nroot", "control"),
	VALUE("alice\troot", "control"),
	VALUE("alice\x1b[2J", "control"),
	VALUE("alice\x7f", "control"),
	VALUE("alice\xc2\x85", "control"),
	VALUE("alice\xe2\x80\xa8", "format"),
	VALUE("alice ", "white space"),
	VALUE(" alice", "white space"),
	VALUE(" ", "white space"),
	VALUE("alice\xc2\xa0", "white space"),
	VALUE("\xe3\x80\x80" "alice", "white space"),
	VALUE("\xe2\x80\x87" "alice", "white space"),
	VALUE("alice\xe2\x80\xaf", "white space"),
	/* Taken to the letter; who is who is the map's business. */
	VALUE("Alice", NULL),
	VALUE("alice$", NULL),
	VALUE("alice.", NULL),
	VALUE("al ice", NULL),
	VALUE("ACME\\alice", NULL),
	VALUE("\xd0\xb0lice", NULL),
	VALUE("J\xc3\xbcrgen@acme.example", NULL),
	VALUE("-f root", NULL),
	VALUE("../../etc/passwd", NULL),
	VALUE("%n%s", NULL),
	/* T045, T049: what others split or interpret. */
	VALUE("deploy,root", NULL),
	VALUE("deploy;root", NULL),
	VALUE("deploy/root", NULL),
	VALUE("deploy|root", NULL),
	VALUE("CN=root", NULL),
	VALUE("*)(uid=*", NULL),
	VALUE("x' OR '1'='1", NULL),
};
#define N_VALUES (sizeof(values) / sizeof(values[0]))

static int
is_ascii(const struct value *v)
{
	for (size_t i = 0; i < v->len; i++) {
		if ((uint8_t)v->bytes[i] >= 0x80)
			return 0;
	}
	return 1;
}

static void
is_exactly(const struct mtls_texts *texts, const struct value *v)
{
	assert_int_equal(texts->n, 1);
	assert_int_equal(strlen(texts->text[0]), v->len);
	assert_memory_equal(texts->text[0], v->bytes, v->len);
}

static void
T042_upn_values(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < N_VALUES; i++) {
		const struct value *v = &values[i];
		struct der *names = calloc(1, sizeof(*names));
		struct mtls_identity id = {0};
		struct mtls_err err;

		put_upn(names, UTF8, v->bytes, v->len);
		if (v->why != NULL) {
			names_refused(rig, names, v->why);
		} else {
			if (read_names(rig, names, &id, &err) != MTLS_OK)
				fail_msg("%s: %s", v->bytes, err.text);
			is_exactly(&id.upn, v);
		}
		mtls_identity_clear(&id);
		free(names);
	}
}

/* rfc822Name, dNSName, URI: the same and nothing above ASCII. */
static void
T042_ia5_values(void **state)
{
	static const uint8_t tags[] = {EMAIL, DNS, URI};
	struct rig *rig = *state;

	for (size_t i = 0; i < N_VALUES * 3; i++) {
		const struct value *v = &values[i / 3];
		struct der *names = calloc(1, sizeof(*names));
		struct mtls_identity id = {0};
		struct mtls_err err;

		put_tlv(names, tags[i % 3], v->bytes, v->len);
		if (!is_ascii(v)) {
			names_refused(rig, names, "is not ASCII");
		} else if (v->why != NULL) {
			names_refused(rig, names, v->why);
		} else {
			if (read_names(rig, names, &id, &err) != MTLS_OK)
				fail_msg("%s: %s", v->bytes, err.text);
			is_exactly(tags[i % 3] == EMAIL ? &id.email :
			    tags[i % 3] == DNS ? &id.dns : &id.uri, v);
		}
		mtls_identity_clear(&id);
		free(names);
	}
}

static void
T045_values_are_never_split(void **state)
{
	static const char name[] = "deploy,root\x2c" "x@y;z|w";
	struct rig *rig = *state;
	struct der *names = calloc(1, sizeof(*names));
	struct mtls_identity id = {0};
	struct mtls_err err;

	put_upn(names, UTF8, name, sizeof(name) - 1);
	assert_int_equal(read_names(rig, names, &id, &err), MTLS_OK);
	assert_int_equal(id.upn.n, 1);
	assert_string_equal(id.upn.text[0], name);
	mtls_identity_clear(&id);
	free(names);
}

static void
T044_wrong_types_in_a_upn(void **state)
{
	static const uint8_t tags[] = {
		IA5, OCTETS, BMP, T61, PRINTABLE, UNIVERSAL, SEQUENCE, 0x05,
		0x02, 0x01, 0x0a, 0x31, 0x80, 0xa0
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(tags); i++) {
		struct der *names = calloc(1, sizeof(*names));
		struct mtls_identity id = {0};
		struct mtls_err err;

		/* Valid content for a SEQUENCE and a BMPString as well. */
		put_upn(names, tags[i], tags[i] == 0x05 ? "" : "\x0c\x02" "ab",
		    tags[i] == 0x05 ? 0 : tags[i] == 0x01 ? 1 : 4);
		assert_int_equal(read_names(rig, names, &id, &err),
		    MTLS_E_PROTOCOL);
		free(names);
	}
}

static void
T044_strings_in_pieces(void **state)
{
	/* UTF8String, constructed: two pieces; and a context-specific one. */
	static const uint8_t pieces[] = "\x0c\x03" "ali\x0c\x02" "ce";
	static const uint8_t ia5[] = "\x16\x03" "a@b\x16\x02" ".c";
	struct rig *rig = *state;
	struct der *names = calloc(1, sizeof(*names));

	put_upn(names, UTF8 | CONSTRUCTED, pieces, sizeof(pieces) - 1);
	names_refused(rig, names, "");
	names->len = 0;
	put_tlv(names, EMAIL | CONSTRUCTED, ia5, sizeof(ia5) - 1);
	names_refused(rig, names, "");
	names->len = 0;
	put_tlv(names, DNS | CONSTRUCTED, ia5, sizeof(ia5) - 1);
	names_refused(rig, names, "");
	free(names);
}

static void
T044_encodings_that_are_not_der(void **state)
{
	static const uint8_t behind[] = "\x30\x05\x82\x03" "a.b" "\x05\x00";
	static const uint8_t long_length[] = "\x30\x06\x82\x81\x03" "a.b";
	static const uint8_t indefinite[] =
	    "\x30\x80\x82\x03" "a.b" "\x00\x00";
	static const struct value all[] = {
		{(const char *)behind, sizeof(behind) - 1, NULL},
		{(const char *)long_length, sizeof(long_length) - 1, NULL},
		{(const char *)indefinite, sizeof(indefinite) - 1, NULL},
		VALUE("", NULL), VALUE("\x04\x00", NULL),
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct mtls_identity id = {0};
		struct mtls_err err;

		assert_int_equal(read_with_extension(rig,
		    (const uint8_t *)all[i].bytes, all[i].len, &id, &err),
		    MTLS_E_PROTOCOL);
	}
}

static void
T043_several_names_stay_several(void **state)
{
	struct rig *rig = *state;
	struct der *names = calloc(1, sizeof(*names));
	struct mtls_identity id = {0};
	struct mtls_err err;

	put_upn(names, UTF8, "alice", 5);
	put_upn(names, UTF8, "root", 4);
	put_tlv(names, EMAIL, "bob@acme.example", 16);
	assert_int_equal(read_names(rig, names, &id, &err), MTLS_OK);
	assert_int_equal(id.upn.n, 2);
	assert_string_equal(id.upn.text[0], "alice");
	assert_string_equal(id.upn.text[1], "root");
	assert_int_equal(id.email.n, 1);
	mtls_identity_clear(&id);

	/* A bad one spoils the good ones. */
	put_upn(names, UTF8, "", 0);
	names_refused(rig, names, "UPN is empty");
	free(names);
}

static void
numbers_and_lengths_are_bounded(void **state)
{
	static char longest[1025];
	struct rig *rig = *state;
	struct der *names = calloc(1, sizeof(*names));
	struct mtls_identity id = {0};
	struct mtls_err err;

	memset(longest, 'a', sizeof(longest));
	put_upn(names, UTF8, longest, 1024);
	assert_int_equal(read_names(rig, names, &id, &err), MTLS_OK);
	mtls_identity_clear(&id);
	names->len = 0;
	put_upn(names, UTF8, longest, 1025);
	names_refused(rig, names, "is too long");
	names->len = 0;
	for (int i = 0; i < 64; i++)
		put_tlv(names, DNS, "a.b", 3);
	assert_int_equal(read_names(rig, names, &id, &err), MTLS_OK);
	assert_int_equal(id.dns.n, 64);
	mtls_identity_clear(&id);
	put_tlv(names, DNS, "a.b", 3);
	names_refused(rig, names, "occurs too often");
	free(names);
}

/* Kerberos names, addresses, directory names: not ours, not an error. */
static void
other_kinds_are_not_read(void **state)
{
	static const uint8_t other[] = {
		0xa0, 0x0c, 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x02, 0x02,
		0xa0, 0x02, 0x04, 0x00
	};
	struct rig *rig = *state;
	struct der *names = calloc(1, sizeof(*names));
	struct mtls_identity id = {0};
	struct mtls_err err;

	put(names, other, sizeof(other));
	put_tlv(names, 0x87, "\xc0\x00\x02\x01", 4);
	put_tlv(names, 0x88, "\x2a\x03", 2);
	put_tlv(names, 0xa4, "\x30\x00", 2);
	if (read_names(rig, names, &id, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(id.upn.n + id.email.n + id.dns.n + id.uri.n, 0);
	mtls_identity_clear(&id);
	free(names);
}

/* A certificate whose subject has one attribute of this type. */
static const struct pki_cert *
with_attribute(struct rig *rig, const char *attribute, int type,
    const char *bytes, size_t len)
{
	X509_NAME *name = X509_NAME_new();
	const struct pki_cert *cert;

	/* Not converted, not checked: as a hostile CA would. */
	assert_int_equal(X509_NAME_add_entry_by_txt(name, attribute, type,
	    (const unsigned char *)bytes, (int)len, -1, 0), 1);
	cert = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.subject_name = name,
	    .key_of = rig->user});
	X509_NAME_free(name);
	return cert;
}

static void
T042_attribute_values(void **state)
{
	static const char *const attributes[] = {"CN", "UID", "serialNumber"};
	struct rig *rig = *state;

	for (size_t i = 0; i < N_VALUES * 3; i++) {
		const struct value *v = &values[i / 3];
		struct mtls_identity id = {0};
		struct mtls_err err;
		const struct pki_cert *cert;
		enum mtls_status s;

		/* With such a subject libcrypto parses no certificate. */
		if (v->len == 0 || (v->why != NULL &&
		    strstr(v->why, "not UTF-8") != NULL))
			continue;
		cert = with_attribute(rig, attributes[i % 3],
		    V_ASN1_UTF8STRING, v->bytes, v->len);
		mtls_err_clear(&err);
		s = mtls_identity_read(cert->x509, &id, &err);
		if (v->why != NULL) {
			assert_int_equal(s, MTLS_E_PROTOCOL);
		} else {
			assert_int_equal(s, MTLS_OK);
			is_exactly(i % 3 == 0 ? &id.cn : i % 3 == 1 ?
			    &id.uid : &id.subject_serial, v);
		}
		mtls_identity_clear(&id);
	}
}

static void
T042_attribute_types(void **state)
{
	static const struct {
		const char *attribute;
		int type;
		const char *bytes;
		size_t len;
		enum mtls_status status;
	} all[] = {
		{"CN", V_ASN1_PRINTABLESTRING, "alice", 5, MTLS_OK},
		{"CN", V_ASN1_UTF8STRING, "alice", 5, MTLS_OK},
		{"CN", V_ASN1_BMPSTRING, "\0a\0l", 4, MTLS_E_PROTOCOL},
		{"CN", V_ASN1_T61STRING, "alice", 5, MTLS_E_PROTOCOL},
		{"CN", V_ASN1_IA5STRING, "alice", 5, MTLS_E_PROTOCOL},
		{"UID", V_ASN1_T61STRING, "alice", 5, MTLS_E_PROTOCOL},
		{"serialNumber", V_ASN1_IA5STRING, "1", 1, MTLS_E_PROTOCOL},
		/* Not read as names, but shown. */
		{"O", V_ASN1_T61STRING, "Acme", 4, MTLS_OK},
		{"O", V_ASN1_BMPSTRING, "\0A\0c", 4, MTLS_OK},
		{"O", V_ASN1_UTF8STRING, "Ac\nme", 5, MTLS_E_PROTOCOL},
		{"O", V_ASN1_UTF8STRING, "Ac\0me", 5, MTLS_E_PROTOCOL},
		{"O", V_ASN1_UTF8STRING, "Ac\xe2\x80\xaeme", 7,
		    MTLS_E_PROTOCOL},
		{"O", V_ASN1_BMPSTRING, "\x20\x2e\0c", 4, MTLS_E_PROTOCOL},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct mtls_identity id = {0};
		struct mtls_err err;
		const struct pki_cert *cert = with_attribute(rig,
		    all[i].attribute, all[i].type, all[i].bytes, all[i].len);

		mtls_err_clear(&err);
		if (mtls_identity_read(cert->x509, &id, &err) !=
		    all[i].status)
			fail_msg("%zu: %s", i, err.text);
		mtls_identity_clear(&id);
	}
}

/* A DN as text cannot be mistaken for another one. */
static void
T045_distinguished_names_are_escaped(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *cert = with_attribute(rig, "CN",
	    V_ASN1_UTF8STRING, "root,O=Acme", 11);
	struct mtls_identity id = {0};

	assert_int_equal(mtls_identity_read(cert->x509, &id, NULL), MTLS_OK);
	assert_string_equal(id.subject, "CN=root\\,O=Acme");
	mtls_identity_clear(&id);
	cert = with_attribute(rig, "CN", V_ASN1_UTF8STRING, "a+UID=root", 10);
	assert_int_equal(mtls_identity_read(cert->x509, &id, NULL), MTLS_OK);
	assert_string_equal(id.subject, "CN=a\\+UID=root");
	assert_int_equal(id.uid.n, 0);
	mtls_identity_clear(&id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T042_upn_values),
		cmocka_unit_test(T042_ia5_values),
		cmocka_unit_test(T045_values_are_never_split),
		cmocka_unit_test(T044_wrong_types_in_a_upn),
		cmocka_unit_test(T044_strings_in_pieces),
		cmocka_unit_test(T044_encodings_that_are_not_der),
		cmocka_unit_test(T043_several_names_stay_several),
		cmocka_unit_test(numbers_and_lengths_are_bounded),
		cmocka_unit_test(other_kinds_are_not_read),
		cmocka_unit_test(T042_attribute_values),
		cmocka_unit_test(T042_attribute_types),
		cmocka_unit_test(T045_distinguished_names_are_escaped),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a certificate to a user: what the map lines take, and what they must
 * never take.
 */
#include "config.h"

#include <string.h>

#include "mapping.h"
#include "policy_file.h"

#include "../lib/unit.h"

#define ISSUER "CN=Acme Users CA,O=Acme"
#define UPN_LINE \
	"map issuer \"" ISSUER "\" take san:upn realm acme.example\n"
#define EMAIL_LINE \
	"map issuer \"" ISSUER "\" take san:email realm acme.example\n"
#define URI_LINE \
	"map issuer \"" ISSUER "\" take san:uri prefix \"urn:acme:\"\n"
#define CN_LINE "map issuer \"" ISSUER "\" take cn\n"
#define CN_REALM_LINE \
	"map issuer \"" ISSUER "\" take cn realm acme.example\n"
#define UID_LINE "map issuer \"" ISSUER "\" take uid\n"
#define NUMBER_LINE "map issuer \"" ISSUER "\" take serialNumber\n"
#define BOUND_LINE "map bound\n"
#define AND_BOUND_LINE \
	"map issuer \"" ISSUER "\" take san:upn realm acme.example " \
	"and bound\n"

struct names {
	const char *upn[3], *email[3], *uri[3], *cn[3], *uid[3];
	const char *subject_serial[3];
	const char *issuer, *serial;
	uint8_t key_id[20];
	size_t key_id_len;
};

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	(void)ret;
	return mtls_fail(err, MTLS_E_NOT_FOUND, "no group %s", name);
}

/* Borrowed: nothing here is changed. */
static struct mtls_texts
texts(const char *const *names)
{
	struct mtls_texts t = { 0, NULL };

	memcpy(&t.text, &names, sizeof(names));
	while (t.n < 3 && names[t.n] != NULL)
		t.n++;
	return t;
}

static struct mapping
map_bound(const char *lines, const struct names *n,
    const struct mapping_binding *binding)
{
	char text[2048];
	struct mtls_identity id;
	struct policy policy;
	struct mtls_err err;
	struct mapping m;
	const char *issuer = n->issuer == NULL ? ISSUER : n->issuer;

	memset(&id, 0, sizeof(id));
	memcpy(&id.issuer, &issuer, sizeof(issuer));
	id.upn = texts(n->upn);
	id.email = texts(n->email);
	id.uri = texts(n->uri);
	id.cn = texts(n->cn);
	id.uid = texts(n->uid);
	id.subject_serial = texts(n->subject_serial);
	if (n->serial != NULL)
		strcpy(id.serial, n->serial);
	memcpy(id.key_id, n->key_id, sizeof(id.key_id));
	id.key_id_len = n->key_id_len;
	mtls_err_clear(&err);
	assert_true(strlen(lines) + 20 < sizeof(text));
	strcpy(text, lines);
	strcat(text, "allow user any\n");
	if (policy_file_parse("p", text, strlen(text), find_group, &policy,
	    &err) != MTLS_OK)
		fail_msg("%s", err.text);
	m = mapping_find(&policy, &id, binding);
	policy_clear(&policy);
	return m;
}

static struct mapping
map(const char *lines, const struct names *n)
{
	static const struct mapping_binding nobody = { POLICY_NO, NULL };

	return map_bound(lines, n, &nobody);
}

static void
assert_user(struct mapping m, const char *user)
{
	assert_int_equal(m.mapped, POLICY_MAPPED_ONE);
	assert_string_equal(m.user, user);
}

static void
assert_not(struct mapping m, enum policy_mapped how)
{
	assert_int_equal(m.mapped, how);
	assert_string_equal(m.user, "");
}

static void
each_source(void **state)
{
	struct names n = {
		.upn = { "alice@acme.example" },
		.email = { "al@acme.example" },
		.uri = { "urn:acme:ali" },
		.cn = { "lice" },
		.uid = { "a1" },
		.subject_serial = { "P-7" },
	};

	(void)state;
	assert_user(map(UPN_LINE, &n), "alice");
	assert_user(map(EMAIL_LINE, &n), "al");
	assert_user(map(URI_LINE, &n), "ali");
	assert_user(map(CN_LINE, &n), "lice");
	assert_user(map("map issuer \"" ISSUER "\" take uid\n", &n), "a1");
	assert_user(map("map issuer \"" ISSUER "\" take serialNumber\n", &n),
	    "P-7");
	assert_user(map("map issuer \"" ISSUER "\" take serialNumber prefix "
	    "\"P-\"\n", &n), "7");
	n.cn[0] = "li@acme.example";
	assert_user(map("map issuer \"" ISSUER "\" take cn realm "
	    "acme.example\n", &n), "li");
	n.cn[0] = "li";
	assert_not(map("map issuer \"" ISSUER "\" take cn realm "
	    "acme.example\n", &n), POLICY_MAPPED_NONE);
}

/* T-041: the name is right, but nothing says that this issuer's count. */
static void
T041_no_line_for_it(void **state)
{
	struct names n = { .upn = { "alice@acme.example" } };

	(void)state;
	assert_not(map("", &n), POLICY_MAPPED_NONE);
	assert_not(map(BOUND_LINE, &n), POLICY_MAPPED_NONE);
	n.issuer = "CN=Acme Users CA,O=Evil";
	assert_not(map(UPN_LINE, &n), POLICY_MAPPED_NONE);
	n.issuer = "CN=Acme Users CA,O=Acme,C=XX";
	assert_not(map(UPN_LINE, &n), POLICY_MAPPED_NONE);
	n.issuer = "CN=acme users ca,O=Acme";
	assert_not(map(UPN_LINE, &n), POLICY_MAPPED_NONE);
	n.issuer = "CN=Acme Users CA\\,O=Acme";
	assert_not(map(UPN_LINE, &n), POLICY_MAPPED_NONE);
	n.issuer = "nonsense";
	assert_not(map(UPN_LINE, &n), POLICY_MAPPED_MALFORMED);
}

static void
T041_bound_only(void **state)
{
	struct names n = { .upn = { "alice@acme.example" } };
	struct mapping_binding b = { POLICY_YES, "alice" };

	(void)state;
	assert_user(map_bound(BOUND_LINE, &n, &b), "alice");
	/* Without the line a binding means nothing. */
	assert_user(map_bound(UPN_LINE, &n, &b), "alice");
	b.user = "bob";
	assert_user(map_bound(UPN_LINE, &n, &b), "alice");
	/* Two controls that disagree. */
	assert_not(map_bound(UPN_LINE BOUND_LINE, &n, &b),
	    POLICY_MAPPED_DISAGREE);
	b.user = "-f";
	assert_not(map_bound(BOUND_LINE, &n, &b), POLICY_MAPPED_NO_BINDINGS);
}

/* T-041: the name alone opens nothing, and neither does the binding alone. */
static void
T041_named_and_bound(void **state)
{
	struct names n = { .upn = { "alice@acme.example" } };
	struct mapping_binding b = { POLICY_YES, "alice" };

	(void)state;
	assert_user(map_bound(AND_BOUND_LINE, &n, &b), "alice");
	b.user = "bob";
	assert_not(map_bound(AND_BOUND_LINE, &n, &b), POLICY_MAPPED_DISAGREE);
	b.user = "-f";
	assert_not(map_bound(AND_BOUND_LINE, &n, &b),
	    POLICY_MAPPED_NO_BINDINGS);
	b.user = NULL;
	assert_not(map_bound(AND_BOUND_LINE, &n, &b),
	    POLICY_MAPPED_NO_BINDINGS);
	b.known = POLICY_CANNOT_TELL;
	assert_not(map_bound(AND_BOUND_LINE, &n, &b),
	    POLICY_MAPPED_NO_BINDINGS);
	b.known = POLICY_NO;
	assert_not(map_bound(AND_BOUND_LINE, &n, &b),
	    POLICY_MAPPED_NOT_BOUND);
	/* No other line makes up for it. */
	n.cn[0] = "alice";
	assert_not(map_bound(AND_BOUND_LINE CN_LINE, &n, &b),
	    POLICY_MAPPED_NOT_BOUND);
	assert_not(map_bound(CN_LINE AND_BOUND_LINE, &n, &b),
	    POLICY_MAPPED_NOT_BOUND);
	assert_not(map_bound(AND_BOUND_LINE UPN_LINE, &n, &b),
	    POLICY_MAPPED_NOT_BOUND);
	/* Bound, but without the name that the line takes. */
	b.known = POLICY_YES;
	b.user = "alice";
	n.upn[0] = "alice@other.example";
	assert_not(map_bound(AND_BOUND_LINE, &n, &b), POLICY_MAPPED_NONE);
	n.upn[0] = NULL;
	assert_not(map_bound(AND_BOUND_LINE, &n, &b), POLICY_MAPPED_NONE);
}

static void
who_asks_for_a_binding(void **state)
{
	static const struct {
		const char *line;
		int wants;
	} cases[] = {
		{ BOUND_LINE, 1 }, { AND_BOUND_LINE, 1 }, { UPN_LINE, 0 },
		{ UPN_LINE AND_BOUND_LINE, 1 },
		{ "map issuer \"CN=x\" serial 0a user a\n", 0 },
	};
	struct policy policy;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(text, cases[i].line);
		strcat(text, "allow user any\n");
		assert_int_equal(policy_file_parse("p", text, strlen(text),
		    find_group, &policy, NULL), MTLS_OK);
		assert_int_equal(mapping_wants_binding(&policy),
		    cases[i].wants);
		policy_clear(&policy);
	}
}

#define SERIAL_LINE \
	"map issuer \"" ISSUER "\" serial 0a1b user alice\n"
#define KEY_ID_LINE \
	"map issuer \"" ISSUER "\" key-id " \
	"01020304050607080910111213141516171819ff user alice\n"

/* T-047: the number and the issuer, both and whole. */
static void
T047_one_certificate(void **state)
{
	static const char *const others[] = {
		"0a", "1b", "0a1b00", "000a1b", "0a1c", "0A1B", "a1b", "",
	};
	struct names n = { .serial = "0a1b" };

	(void)state;
	assert_user(map(SERIAL_LINE, &n), "alice");
	n.issuer = "CN=Acme Users CA,O=Evil";
	assert_not(map(SERIAL_LINE, &n), POLICY_MAPPED_NONE);
	n.issuer = NULL;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		n.serial = others[i];
		assert_not(map(SERIAL_LINE, &n), POLICY_MAPPED_NONE);
	}
	/* A name that says otherwise. */
	n.serial = "0a1b";
	n.upn[0] = "bob@acme.example";
	assert_not(map(SERIAL_LINE UPN_LINE, &n), POLICY_MAPPED_DISAGREE);
	assert_user(map(SERIAL_LINE, &n), "alice");
	n.upn[0] = "alice@acme.example";
	assert_user(map(SERIAL_LINE UPN_LINE, &n), "alice");
	assert_not(map(SERIAL_LINE "map issuer \"" ISSUER
	    "\" serial 0a1b user bob\n", &n), POLICY_MAPPED_DISAGREE);
}

static void
T047_one_key(void **state)
{
	struct names n = { .key_id_len = 20, .key_id = { 1, 2, 3, 4, 5, 6, 7,
	    8, 9, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
	    0xff } };

	(void)state;
	assert_user(map(KEY_ID_LINE, &n), "alice");
	for (size_t bit = 0; bit < 160; bit++) {
		n.key_id[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_not(map(KEY_ID_LINE, &n), POLICY_MAPPED_NONE);
		n.key_id[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	/* There is none, or one of another length. */
	n.key_id_len = 0;
	assert_not(map(KEY_ID_LINE, &n), POLICY_MAPPED_NONE);
	n.key_id_len = 20;
	n.issuer = "CN=Acme Users CA";
	assert_not(map(KEY_ID_LINE, &n), POLICY_MAPPED_NONE);
}

/* T-051: an address that people can choose is taken from no other place. */
static void
T051_only_where_a_line_says(void **state)
{
	struct names n = {
		.upn = { "bob@acme.example" },
		.email = { "alice@acme.example" },
		.uri = { "urn:acme:alice" },
		.cn = { "alice" },
		.uid = { "alice" },
		.subject_serial = { "alice" },
	};

	(void)state;
	assert_user(map(UPN_LINE, &n), "bob");
	n.upn[0] = NULL;
	assert_not(map(UPN_LINE, &n), POLICY_MAPPED_NONE);
	assert_not(map(SERIAL_LINE KEY_ID_LINE, &n), POLICY_MAPPED_NONE);
}

/* Each place holds one name or none, whichever the line takes from. */
static void
T043_two_names_in_each_place(void **state)
{
	static const char *const lines[] = {
		UPN_LINE, EMAIL_LINE, URI_LINE, CN_LINE,
		"map issuer \"" ISSUER "\" take uid\n",
		"map issuer \"" ISSUER "\" take serialNumber\n",
	};
	struct names n = {
		.upn = { "a@acme.example", "b@acme.example" },
		.email = { "a@acme.example", "b@acme.example" },
		.uri = { "urn:acme:a", "urn:acme:b" },
		.cn = { "a", "b" },
		.uid = { "a", "b" },
		.subject_serial = { "a", "b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_not(map(lines[i], &n), POLICY_MAPPED_DISAGREE);
}

/* What requirements look at. */
static void
certificate_as_facts(void **state)
{
	char *one[] = { NULL };
	struct mtls_identity id = {
		.eku = { 1, one },
		.policies = { 1, one },
		.key_type = MTLS_KEY_TYPE_RSA,
		.key_bits = 3072,
		.not_before_s = 5,
		.not_after_s = 7,
	};
	struct policy_certificate c = mapping_certificate(&id);

	(void)state;
	assert_ptr_equal(c.eku.text, one);
	assert_int_equal(c.policies.n, 1);
	assert_int_equal(c.key, POLICY_KEY_RSA);
	assert_int_equal(c.bits, 3072);
	assert_int_equal(c.not_before_s, 5);
	assert_int_equal(c.not_after_s, 7);
	id.key_type = MTLS_KEY_TYPE_EC;
	assert_int_equal(mapping_certificate(&id).key, POLICY_KEY_EC);
	id.key_type = MTLS_KEY_TYPE_ED25519;
	assert_int_equal(mapping_certificate(&id).key, POLICY_KEY_EC);
	id.key_type = MTLS_KEY_TYPE_OTHER;
	assert_int_equal(mapping_certificate(&id).key, POLICY_KEY_OTHER);
}

/* T-050: no second mapper when the first cannot be asked. */
static void
T050_bindings_unavailable(void **state)
{
	struct names n = { .upn = { "alice@acme.example" } };
	struct mapping_binding b = { POLICY_CANNOT_TELL, NULL };

	(void)state;
	assert_not(map_bound(BOUND_LINE, &n, &b), POLICY_MAPPED_NO_BINDINGS);
	assert_not(map_bound(UPN_LINE BOUND_LINE, &n, &b),
	    POLICY_MAPPED_NO_BINDINGS);
	assert_not(map_bound(BOUND_LINE UPN_LINE, &n, &b),
	    POLICY_MAPPED_NO_BINDINGS);
	b.known = POLICY_YES;
	assert_not(map_bound(BOUND_LINE, &n, &b), POLICY_MAPPED_NO_BINDINGS);
}

static void
T042_exact_or_refused(void **state)
{
	static const struct {
		const char *upn;
		enum policy_mapped how;
	} cases[] = {
		{ "alice@acme.example", POLICY_MAPPED_ONE },
		{ "Alice@acme.example", POLICY_MAPPED_ONE },
		{ "alice@ACME.example", POLICY_MAPPED_NONE },
		{ "alice@acme.example.evil", POLICY_MAPPED_NONE },
		{ "alice@evil.acme.example", POLICY_MAPPED_NONE },
		{ "alice@evilacme.example", POLICY_MAPPED_NONE },
		{ "alice", POLICY_MAPPED_NONE },
		{ "", POLICY_MAPPED_NONE },
		{ "@acme.example", POLICY_MAPPED_MALFORMED },
		{ "alice @acme.example", POLICY_MAPPED_MALFORMED },
		{ " alice@acme.example", POLICY_MAPPED_MALFORMED },
		{ "alice.@acme.example", POLICY_MAPPED_ONE },
		{ "alice$@acme.example", POLICY_MAPPED_MALFORMED },
		{ "ali\xe2\x80\x8b" "ce@acme.example",
		    POLICY_MAPPED_MALFORMED },
		{ "\xe2\x80\xae" "ecila@acme.example",
		    POLICY_MAPPED_MALFORMED },
		{ "\xc1\xa1lice@acme.example", POLICY_MAPPED_MALFORMED },
	};
	struct mapping m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names n = { .upn = { cases[i].upn } };

		m = map(UPN_LINE, &n);
		if (m.mapped != cases[i].how)
			fail_msg("%s: %d", cases[i].upn, m.mapped);
		/* What counts as a name is the whole of it, as it stands. */
		if (m.mapped == POLICY_MAPPED_ONE)
			assert_memory_equal(m.user, cases[i].upn,
			    strlen(m.user));
	}
}

static void
T043_two_names(void **state)
{
	struct names two = {
		.upn = { "alice@acme.example", "bob@acme.example" }
	};
	struct names twice = {
		.upn = { "alice@acme.example", "alice@acme.example" }
	};
	struct names foreign = {
		.upn = { "alice@acme.example", "bob@other.example" }
	};
	struct names differ = {
		.upn = { "alice@acme.example" },
		.email = { "bob@acme.example" },
	};
	struct names agree = {
		.upn = { "alice@acme.example" },
		.email = { "alice@acme.example" },
	};

	(void)state;
	assert_not(map(UPN_LINE, &two), POLICY_MAPPED_DISAGREE);
	assert_not(map(UPN_LINE, &twice), POLICY_MAPPED_DISAGREE);
	assert_not(map(UPN_LINE, &foreign), POLICY_MAPPED_DISAGREE);
	assert_not(map(UPN_LINE EMAIL_LINE, &differ),
	    POLICY_MAPPED_DISAGREE);
	assert_not(map(EMAIL_LINE UPN_LINE, &differ),
	    POLICY_MAPPED_DISAGREE);
	assert_user(map(UPN_LINE EMAIL_LINE, &agree), "alice");
	/* A place that no line takes from is not looked at. */
	assert_user(map(UPN_LINE, &differ), "alice");
}

/* The beginning of a name is another name, and so is each of its letters. */
static void
T043_nearly_the_same(void **state)
{
	static const char *const others[] = {
		"alic@acme.example", "alicee@acme.example",
		"Alice@acme.example", "alicf@acme.example", "a@acme.example",
	};
	struct names n = { .upn = { "alice@acme.example" } };
	struct mapping_binding b = { POLICY_YES, "alic" };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		n.email[0] = others[i];
		assert_not(map(UPN_LINE EMAIL_LINE, &n),
		    POLICY_MAPPED_DISAGREE);
		assert_not(map(EMAIL_LINE UPN_LINE, &n),
		    POLICY_MAPPED_DISAGREE);
	}
	assert_not(map_bound(AND_BOUND_LINE, &n, &b), POLICY_MAPPED_DISAGREE);
	b.user = "alicee";
	assert_not(map_bound(AND_BOUND_LINE, &n, &b), POLICY_MAPPED_DISAGREE);
}

/* Whatever a third line says, two that disagree stay so. */
static void
T043_disagreement_stays(void **state)
{
	struct names n = {
		.upn = { "alice@acme.example" },
		.email = { "bob@acme.example" },
		.cn = { "bob" },
	};

	(void)state;
	assert_not(map(UPN_LINE EMAIL_LINE CN_LINE, &n),
	    POLICY_MAPPED_DISAGREE);
	n.email[0] = "deploy,root@acme.example";
	assert_not(map(EMAIL_LINE UPN_LINE CN_LINE, &n),
	    POLICY_MAPPED_MALFORMED);
}

static void
T045_never_split(void **state)
{
	static const char *const bad[] = {
		"deploy,root", "deploy;root", "deploy/root", "deploy|root",
		"deploy\nroot", "a=b", "deploy root", "deploy:root",
	};
	char upn[64], uri[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct names n = { .upn = { upn }, .uri = { uri },
		    .cn = { bad[i] } };

		strcpy(upn, bad[i]);
		strcat(upn, "@acme.example");
		strcpy(uri, "urn:acme:");
		strcat(uri, bad[i]);
		assert_not(map(UPN_LINE, &n), POLICY_MAPPED_MALFORMED);
		assert_not(map(URI_LINE, &n), POLICY_MAPPED_MALFORMED);
		assert_not(map(CN_LINE, &n), POLICY_MAPPED_MALFORMED);
		n.uid[0] = n.subject_serial[0] = bad[i];
		n.email[0] = upn;
		assert_not(map(EMAIL_LINE, &n), POLICY_MAPPED_MALFORMED);
		assert_not(map(UID_LINE, &n), POLICY_MAPPED_MALFORMED);
		assert_not(map(NUMBER_LINE, &n), POLICY_MAPPED_MALFORMED);
		n.cn[0] = upn;
		assert_not(map(CN_REALM_LINE, &n), POLICY_MAPPED_MALFORMED);
	}
	{
		struct names n = { .upn = { "root@x@acme.example" } };

		assert_not(map(UPN_LINE, &n), POLICY_MAPPED_MALFORMED);
	}
}

/* T-046: nothing there is nobody, not anybody. */
static void
T046_nothing_in_it(void **state)
{
	struct names n = { .upn = { NULL } };

	(void)state;
	assert_not(map(UPN_LINE EMAIL_LINE URI_LINE CN_LINE, &n),
	    POLICY_MAPPED_NONE);
	n.uri[0] = "urn:acme:";
	assert_not(map(URI_LINE, &n), POLICY_MAPPED_MALFORMED);
	n.cn[0] = n.uid[0] = n.subject_serial[0] = "";
	assert_not(map(CN_LINE, &n), POLICY_MAPPED_MALFORMED);
	assert_not(map(UID_LINE, &n), POLICY_MAPPED_MALFORMED);
	assert_not(map(NUMBER_LINE, &n), POLICY_MAPPED_MALFORMED);
	n.cn[0] = "@acme.example";
	assert_not(map(CN_REALM_LINE, &n), POLICY_MAPPED_MALFORMED);
	/* Without a serial number, and without a key identifier. */
	assert_not(map("map issuer \"" ISSUER "\" serial 0a user a\n"
	    "map issuer \"" ISSUER "\" key-id "
	    "0000000000000000000000000000000000000000 user a\n", &n),
	    POLICY_MAPPED_NONE);
}

static void
T049_metacharacters_are_refused(void **state)
{
	static const char *const bad[] = {
		"*", "(cn=*)", "a' OR '1'='1", "$(id)", "`id`", "../root",
		"a\\b", "%s%n", "-rf", "..", "a?b", "any", "%", "a_b",
	};
	static const char *const lines[] = { CN_LINE, UID_LINE, NUMBER_LINE };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct names n = { .cn = { bad[i] }, .uid = { bad[i] },
		    .subject_serial = { bad[i] } };

		for (size_t k = 0; k < 3; k++) {
			struct mapping m = map(lines[k], &n);

			/* Refused, or as it stands; never anything else. */
			if (m.mapped == POLICY_MAPPED_ONE)
				assert_string_equal(m.user, bad[i]);
			else
				assert_not(m, POLICY_MAPPED_MALFORMED);
		}
	}
}

static void
too_long_is_refused(void **state)
{
	char name[MTLS_USER_MAX + 40];
	struct names n = { .cn = { name } };

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t len = MTLS_USER_MAX - 2; len < sizeof(name); len++) {
		name[len] = '\0';
		if (len <= MTLS_USER_MAX)
			assert_user(map(CN_LINE, &n), name);
		else
			assert_not(map(CN_LINE, &n),
			    POLICY_MAPPED_MALFORMED);
		name[len] = 'a';
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_source),
		cmocka_unit_test(T041_no_line_for_it),
		cmocka_unit_test(T041_bound_only),
		cmocka_unit_test(T041_named_and_bound),
		cmocka_unit_test(who_asks_for_a_binding),
		cmocka_unit_test(T047_one_certificate),
		cmocka_unit_test(T047_one_key),
		cmocka_unit_test(T051_only_where_a_line_says),
		cmocka_unit_test(T043_two_names_in_each_place),
		cmocka_unit_test(certificate_as_facts),
		cmocka_unit_test(T050_bindings_unavailable),
		cmocka_unit_test(T042_exact_or_refused),
		cmocka_unit_test(T043_two_names),
		cmocka_unit_test(T043_nearly_the_same),
		cmocka_unit_test(T043_disagreement_stays),
		cmocka_unit_test(T045_never_split),
		cmocka_unit_test(T046_nothing_in_it),
		cmocka_unit_test(T049_metacharacters_are_refused),
		cmocka_unit_test(too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

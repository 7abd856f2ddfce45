/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a root forbids holds for everything below it, also where the CA that
 * issued a certificate is in the CA file itself: a chain that ended there
 * would never look at the root. Each limit for both sides: what a verifier
 * thinks of a person, and a machine of a verifier.
 */
#include "config.h"

#include <string.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"

/* nameConstraints: permitted, one subtree of dNSName or rfc822Name. */
#define PERMITTED(kind, name) \
	{ "nameConstraints", 1, (const uint8_t *)"\x30\x12\xa0\x10\x30\x0e" \
	    kind "\x0c" name, 20 }
/* The same with excluded. */
#define EXCLUDED(kind, name) \
	{ "nameConstraints", 1, (const uint8_t *)"\x30\x12\xa1\x10\x30\x0e" \
	    kind "\x0c" name, 20 }
#define DNS	"\x82"
#define EMAIL	"\x81"

/* A root with limits, a CA below it and one below that. */
struct branch {
	const struct pki_cert *root, *middle, *low;
	const char *file;	/* all three */
};

static struct branch
grow(struct rig *rig, const char *basic, const struct pki_extension *limit)
{
	struct pki_extension extra[2] = { { NULL, 0, NULL, 0 } };
	struct pki_options o = { .basic = basic, .extra = extra };
	struct branch b;

	if (limit != NULL)
		extra[0] = *limit;
	b.root = pki_ca(rig->pki, NULL, "Limited Root", &o);
	b.middle = pki_ca(rig->pki, b.root, "Middle CA", NULL);
	b.low = pki_ca(rig->pki, b.middle, "Low CA", NULL);
	b.file = pki_file_certs(rig->pki, "limited.pem", PKI_CERTS(b.root,
	    b.middle));
	return b;
}

/* Why a verifier does not accept this person; NULL: it does. */
static const char *
person_is_refused(struct rig *rig, const struct branch *b,
    const struct pki_cert *person, const struct pki_cert *const *chain)
{
	struct rig_case c = { .user = person, .user_chain = chain,
	    .loose_client = 1, .user_ca_file = b->file };
	static char why[sizeof(((struct mtls_err *)0)->text)];
	struct tls_pair pair;
	int is_refused;

	rig_meet(rig, &c, &pair);
	is_refused = !pair.server.is_done;
	memcpy(why, pair.server.err.text, sizeof(why));
	tls_pair_free(&pair);
	return is_refused ? why : NULL;
}

/* Why a machine does not accept this verifier; NULL: it does. */
static const char *
verifier_is_refused(struct rig *rig, const struct branch *b,
    const struct pki_cert *server, const struct pki_cert *const *chain)
{
	struct rig_case c = { .server = server, .server_chain = chain,
	    .server_ca_file = b->file };
	static char why[sizeof(((struct mtls_err *)0)->text)];
	struct tls_pair pair;
	int is_refused;

	rig_meet(rig, &c, &pair);
	is_refused = !pair.client.is_done;
	memcpy(why, pair.client.err.text, sizeof(why));
	tls_pair_free(&pair);
	return is_refused ? why : NULL;
}

#define NOT_FOR(why, text) \
	do { \
		const char *said = (why); \
		assert_non_null(said); \
		if (strstr(said, text) == NULL) \
			fail_msg("not \"%s\" but: %s", text, said); \
	} while (0)

/* pathlen:1 is one CA below the root, and the low one is the second. */
static void
T031_path_length_of_the_root(void **state)
{
	struct rig *rig = *state;
	struct branch b = grow(rig, "critical,CA:TRUE,pathlen:1", NULL);
	const struct pki_cert *const none[] = { NULL };

	assert_null(person_is_refused(rig, &b, pki_user(rig->pki, b.middle,
	    "alice", NULL), NULL));
	NOT_FOR(person_is_refused(rig, &b, pki_user(rig->pki, b.low, "alice",
	    NULL), PKI_CERTS(b.low)), "path length");
	assert_null(verifier_is_refused(rig, &b, pki_server(rig->pki,
	    b.middle, RIG_SERVER, NULL), none));
	NOT_FOR(verifier_is_refused(rig, &b, pki_server(rig->pki, b.low,
	    RIG_SERVER, NULL), PKI_CERTS(b.low)), "path length");
}

static const struct pki_cert *
mail(struct rig *rig, const struct pki_cert *ca, const char *address)
{
	return pki_user(rig->pki, ca, "alice",
	    &(struct pki_options){ .san = address });
}

static void
T031_names_that_the_root_permits(void **state)
{
	struct rig *rig = *state;
	const struct pki_extension dns = PERMITTED(DNS, "acme.example"),
	    email = PERMITTED(EMAIL, "acme.example");
	const struct pki_cert *const none[] = { NULL };
	struct branch b = grow(rig, NULL, &email);

	assert_null(person_is_refused(rig, &b, mail(rig, b.middle,
	    "email:alice@acme.example"), NULL));
	NOT_FOR(person_is_refused(rig, &b, mail(rig, b.middle,
	    "email:alice@evil.example"), NULL), "permitted subtree");
	NOT_FOR(person_is_refused(rig, &b, mail(rig, b.low,
	    "email:alice@evil.example"), PKI_CERTS(b.low)),
	    "permitted subtree");
	b = grow(rig, NULL, &dns);
	assert_null(verifier_is_refused(rig, &b, pki_server(rig->pki,
	    b.middle, RIG_SERVER, NULL), none));
	b = grow(rig, NULL, &(struct pki_extension)PERMITTED(DNS,
	    "evil.example"));
	NOT_FOR(verifier_is_refused(rig, &b, pki_server(rig->pki, b.middle,
	    RIG_SERVER, NULL), none), "permitted subtree");
	NOT_FOR(verifier_is_refused(rig, &b, pki_server(rig->pki, b.low,
	    RIG_SERVER, NULL), PKI_CERTS(b.low)), "permitted subtree");
}

static void
T031_names_that_the_root_excludes(void **state)
{
	struct rig *rig = *state;
	const struct pki_extension dns = EXCLUDED(DNS, "acme.example"),
	    email = EXCLUDED(EMAIL, "acme.example");
	const struct pki_cert *const none[] = { NULL };
	struct branch b = grow(rig, NULL, &email);

	assert_null(person_is_refused(rig, &b, mail(rig, b.middle,
	    "email:alice@else.example"), NULL));
	NOT_FOR(person_is_refused(rig, &b, mail(rig, b.middle,
	    "email:alice@acme.example"), NULL), "excluded subtree");
	b = grow(rig, NULL, &dns);
	NOT_FOR(verifier_is_refused(rig, &b, pki_server(rig->pki, b.middle,
	    RIG_SERVER, NULL), none), "excluded subtree");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T031_path_length_of_the_root),
		cmocka_unit_test(T031_names_that_the_root_permits),
		cmocka_unit_test(T031_names_that_the_root_excludes),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

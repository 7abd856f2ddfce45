/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * CRLs: what they say about a certificate, which of them are refused, and
 * that they never go back.
 */
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "pki.h"
#include "revocation/revocation.h"
#include "scratch.h"

#include "../lib/unit.h"

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)

static struct mtls_tls *tls;
static struct pki *pki;
static const struct pki_cert *root, *users, *alice, *bob;
static struct mtls_err err;
static int64_t now_s;
/* What load() adds; set_up() clears it. */
static struct revocation_options options;
static enum policy_revocation mode;

/* Copies a CRL into the directory of the test. */
static void
put_crl(const char *name, X509_CRL *crl)
{
	char path[64];
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);

	assert_true(len > 0);
	(void)snprintf(path, sizeof(path), "crl/%s", name);
	scratch_file(path, der, (size_t)len, 0644);
	OPENSSL_free(der);
}

static enum mtls_status
load(struct revocation *previous, struct revocation **ret)
{
	STACK_OF(X509) *cas = sk_X509_new_null();
	enum mtls_status status;

	assert_non_null(cas);
	assert_true(sk_X509_push(cas, root->x509) > 0);
	assert_true(sk_X509_push(cas, users->x509) > 0);
	mtls_err_clear(&err);
	options.cas = cas;
	options.crl_dir = scratch_path("crl");
	status = revocation_load(tls, &options, previous, ret, &err);
	sk_X509_free(cas);
	return status;
}

static enum policy_standing
standing_of(struct revocation *r, X509 *certificate, X509 *issuer,
    int64_t at_s)
{
	return revocation_standing(r, certificate, issuer, at_s, &mode, NULL);
}

/* The standing of alice with the CRLs of the directory. */
static enum policy_standing
standing_at(int64_t at_s)
{
	struct revocation *r;
	enum policy_standing standing;

	if (load(NULL, &r) != MTLS_OK)
		fail_msg("%s", err.text);
	standing = standing_of(r, alice->x509, users->x509, at_s);
	revocation_free(r);
	return standing;
}

static X509_CRL *
good_crl(const struct pki_cert *ca)
{
	return pki_crl(pki, ca, PKI_CERTS(NULL), NULL);
}

static void
put_good(void)
{
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", good_crl(users));
}

static void
good_with_both(void **state)
{
	(void)state;
	put_good();
	assert_int_equal(standing_at(now_s), POLICY_STANDING_GOOD);
	assert_int_equal(standing_at(now_s + 3 * 365 * DAY_S),
	    POLICY_STANDING_OUTDATED);
	assert_int_equal(standing_at(now_s - 3 * 365 * DAY_S),
	    POLICY_STANDING_NOT_YET_VALID);
}

static void
T034_revoked_leaf(void **state)
{
	struct revocation *r;

	(void)state;
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob, alice),
	    NULL));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_REVOKED);
	/* What was revoked stays so when the list has expired. */
	assert_int_equal(standing_at(now_s + 2 * DAY_S),
	    POLICY_STANDING_REVOKED);
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), NULL));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, users->x509,
	    now_s), POLICY_STANDING_GOOD);
	assert_int_equal(standing_of(r, bob->x509, users->x509,
	    now_s), POLICY_STANDING_REVOKED);
	revocation_free(r);
}

static void
T034_revoked_intermediate(void **state)
{
	(void)state;
	put_crl("root.crl", pki_crl(pki, root, PKI_CERTS(users), NULL));
	put_crl("users.crl", good_crl(users));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_ISSUER_REVOKED);
}

/* No leaf may have such a number, but CAs are whoever is in the bundle. */
static void
T034_revoked_intermediates_with_odd_numbers(void **state)
{
	static const char *const odd[] = {
		"-1122334455667788", "7f" "00112233445566778899aabbccddeeff"
		"00112233", "00"
	};
	const struct pki_cert *usual = users, *her = alice;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		users = pki_ca(pki, root, "Odd CA", &(struct pki_options){
		    .serial = odd[i] });
		alice = pki_user(pki, users, "alice", NULL);
		put_crl("users.crl", good_crl(users));
		put_crl("root.crl", pki_crl(pki, root, PKI_CERTS(usual),
		    NULL));
		assert_int_equal(standing_at(now_s), POLICY_STANDING_GOOD);
		put_crl("root.crl", pki_crl(pki, root, PKI_CERTS(usual,
		    users), NULL));
		assert_int_equal(standing_at(now_s),
		    POLICY_STANDING_ISSUER_REVOKED);
	}
	users = usual;
	alice = her;
}

static void
T035_no_data_is_not_good(void **state)
{
	(void)state;
	assert_int_equal(standing_at(now_s), POLICY_STANDING_UNKNOWN);
	put_crl("users.crl", good_crl(users));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_UNKNOWN);
	assert_int_equal(unlink(scratch_path("crl/users.crl")), 0);
	put_crl("root.crl", good_crl(root));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_UNKNOWN);
}

static void
T038_expired_and_not_yet_valid(void **state)
{
	struct pki_crl_options old = { .starts_s = -2 * DAY_S,
	    .ends_s = -HOUR_S };
	struct pki_crl_options future = { .starts_s = HOUR_S,
	    .ends_s = DAY_S };

	(void)state;
	put_good();
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL), &old));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_UNKNOWN);
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL), &future));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_UNKNOWN);
	assert_int_equal(standing_at(now_s + 2 * HOUR_S),
	    POLICY_STANDING_GOOD);
}

/* Each of these is refused as a whole: nobody gets half of the CRLs. */
static void
T038_lists_that_are_refused(void **state)
{
	static const uint8_t any[] = { 0x05, 0x00 };
	static const uint8_t indirect[] = { 0x30, 0x03, 0x84, 0x01, 0xff };
	static const struct pki_extension unknown[] = {
		{ "1.3.6.1.4.1.55555.1", 1, any, sizeof(any) },
		{ NULL, 0, NULL, 0 }
	};
	static const struct pki_extension idp[] = {
		{ "2.5.29.28", 1, indirect, sizeof(indirect) },
		{ NULL, 0, NULL, 0 }
	};
	static const struct pki_extension partial[] = {
		{ "2.5.29.28", 0, indirect, sizeof(indirect) },
		{ NULL, 0, NULL, 0 }
	};
	const struct pki_crl_options bad[] = {
		{ .extra = partial },
		{ .has_critical_entries = 1 },
		{ .digest = "SHA1" },
		{ .signed_by = root },		/* bad signature */
		{ .extra = unknown },
		{ .base = 1, .number = -1 },	/* a delta without a number */
		{ .extra = idp },
	};
	struct revocation *r;

	(void)state;
	put_good();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob),
		    &bad[i]));
		if (load(NULL, &r) != MTLS_E_CONFIG)
			fail_msg("case %zu", i);
		assert_non_null(strstr(err.text, "crl/users.crl"));
	}
}

/* T-038: a delta adds to its base and takes back from it. */
static void
T038_delta(void **state)
{
	struct pki_crl_options base = { .number = 5 };
	struct pki_crl_options delta = { .number = 7, .base = 5,
	    .ends_s = 2 * HOUR_S, .removed = PKI_CERTS(bob) };
	struct revocation *r;

	(void)state;
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), &base));
	put_crl("delta.crl", pki_crl(pki, users, PKI_CERTS(alice), &delta));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	assert_int_equal(standing_of(r, bob->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	/* The first of both that ends, ends both. */
	assert_int_equal(standing_of(r, bob->x509, users->x509,
	    now_s + 3 * HOUR_S), POLICY_STANDING_UNKNOWN);
	revocation_free(r);
	/* A newer base has all that the delta knew. */
	base.number = 8;
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), &base));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, bob->x509, users->x509,
	    now_s + 3 * HOUR_S), POLICY_STANDING_REVOKED);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	revocation_free(r);
}

static void
T038_delta_without_its_base(void **state)
{
	struct pki_crl_options base = { .number = 4 };
	struct pki_crl_options unnumbered = { .number = -1,
	    .starts_s = -2 * HOUR_S };
	static const uint8_t zero[] = { 0x02, 0x01, 0x00 };
	static const struct pki_extension any_base[] = {
		{ "2.5.29.27", 1, zero, sizeof(zero) }, { NULL, 0, NULL, 0 }
	};
	struct pki_crl_options delta = { .number = 7, .base = 5 };
	struct revocation *r;

	(void)state;
	put_crl("root.crl", good_crl(root));
	put_crl("delta.crl", pki_crl(pki, users, PKI_CERTS(alice), &delta));
	assert_int_equal(load(NULL, &r), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "without its base"));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), &base));
	assert_int_equal(load(NULL, &r), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "newer base"));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob),
	    &unnumbered));
	assert_int_equal(load(NULL, &r), MTLS_E_CONFIG);
	/* Not even where any number would do. */
	delta.extra = any_base;
	delta.base = 0;
	put_crl("delta.crl", pki_crl(pki, users, PKI_CERTS(alice), &delta));
	assert_int_equal(load(NULL, &r), MTLS_E_CONFIG);
	delta.extra = NULL;
	delta.base = 5;
	put_crl("delta.crl", pki_crl(pki, users, PKI_CERTS(alice), &delta));
	base.number = 5;
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), &base));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, bob->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	revocation_free(r);
	/* Back to the base alone is back. */
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(unlink(scratch_path("crl/delta.crl")), 0);
	{
		struct revocation *next;

		assert_int_equal(load(r, &next), MTLS_E_CONFIG);
	}
	revocation_free(r);
}

/* A CA that may not sign CRLs, and one that ends before its people. */
static void
cas_that_cannot(void **state)
{
	const struct pki_options no_crls = { .key_usage =
	    "critical,keyCertSign" };
	const struct pki_options short_lived = { .ends_s = HOUR_S };
	const struct pki_cert *real = users, *carol;
	struct revocation *r;

	(void)state;
	put_crl("root.crl", good_crl(root));
	users = pki_ca(pki, root, "Silent CA", &no_crls);
	carol = pki_user(pki, users, "carol", NULL);
	put_crl("users.crl", good_crl(users));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(revocation_n_foreign(r), 1);
	assert_int_equal(standing_of(r, carol->x509, users->x509, now_s),
	    POLICY_STANDING_UNKNOWN);
	revocation_free(r);
	users = pki_ca(pki, root, "Short CA", &short_lived);
	carol = pki_user(pki, users, "carol", NULL);
	put_crl("users.crl", good_crl(users));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, carol->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	assert_int_equal(standing_of(r, carol->x509, users->x509,
	    now_s + 2 * HOUR_S), POLICY_STANDING_OUTDATED);
	revocation_free(r);
	users = real;
}

/* What missing data means, by the CA whose data it is. */
static void
modes_by_ca(void **state)
{
	struct settings_ca ca = { .subject = strdup("CN=Acme Users CA,O=Acme"),
	    .ocsp = (char []){ "" } };
	struct settings_cas all = { 1, &ca };
	struct pki_options with_uri = { 0 };
	static const uint8_t aia[] = { 0x30, 0x00 };
	static const struct pki_extension extra[] = {
		{ "1.3.6.1.5.5.7.1.1", 0, aia, sizeof(aia) },
		{ NULL, 0, NULL, 0 }
	};
	static const struct {
		enum settings_ca_mode of_ca;
		enum revocation_mode of_all;
		enum policy_revocation plain, uri;
	} cases[] = {
		{ SETTINGS_CA_DEFAULT, REVOCATION_STRICT, POLICY_STRICT,
		    POLICY_STRICT },
		{ SETTINGS_CA_DEFAULT, REVOCATION_RELAXED, POLICY_RELAXED,
		    POLICY_RELAXED },
		{ SETTINGS_CA_STRICT, REVOCATION_RELAXED, POLICY_STRICT,
		    POLICY_STRICT },
		{ SETTINGS_CA_IFURI, REVOCATION_STRICT, POLICY_RELAXED,
		    POLICY_STRICT },
		{ SETTINGS_CA_RELAXED, REVOCATION_STRICT, POLICY_RELAXED,
		    POLICY_RELAXED },
	};
	const struct pki_cert *carol;
	struct revocation *r;

	(void)state;
	with_uri.extra = extra;
	carol = pki_user(pki, users, "carol", &with_uri);
	put_crl("root.crl", good_crl(root));
	options.settings = &all;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ca.mode = (int)cases[i].of_ca;
		options.mode = cases[i].of_all;
		assert_int_equal(load(NULL, &r), MTLS_OK);
		assert_null(revocation_unknown_section0(r));
		assert_int_equal(standing_of(r, alice->x509, users->x509,
		    now_s), POLICY_STANDING_UNKNOWN);
		assert_int_equal(mode, cases[i].plain);
		assert_int_equal(standing_of(r, carol->x509, users->x509,
		    now_s), POLICY_STANDING_UNKNOWN);
		assert_int_equal(mode, cases[i].uri);
		revocation_free(r);
	}
	/* Nothing is excused by the mode of another CA. */
	ca.mode = SETTINGS_CA_RELAXED;
	options.mode = REVOCATION_STRICT;
	assert_int_equal(unlink(scratch_path("crl/root.crl")), 0);
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_UNKNOWN);
	assert_int_equal(mode, POLICY_STRICT);
	revocation_free(r);
	free(ca.subject);
	ca.subject = strdup("CN=Acme Users CA");
	ca.name = strdup("users");
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_string_equal(revocation_unknown_section0(r), "users");
	revocation_free(r);
	free(ca.subject);
	free(ca.name);
}

static void
single_files(void **state)
{
	char *words[2];
	struct mtls_conf_list list = { 2, words };
	struct revocation *r;

	(void)state;
	assert_int_equal(mkdir(scratch_path("more"), 0755), 0);
	put_crl("../more/users.bin", good_crl(users));
	put_crl("../more/root.crl", good_crl(root));
	words[0] = strdup(scratch_path("more/users.bin"));
	words[1] = strdup(scratch_path("more"));
	options.crl_files = &list;
	assert_int_equal(standing_at(now_s), POLICY_STANDING_GOOD);
	assert_int_equal(unlink(words[0]), 0);
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
	free(words[0]);
	free(words[1]);
}

/* Lists that change while they are in use. */
static void
T182_refresh_keeps_what_is_good(void **state)
{
	struct pki_crl_options newer = { .number = 3 };
	struct revocation *r;
	size_t n;

	(void)state;
	put_good();
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(revocation_refresh(r, tls, &n, &err), MTLS_OK);
	assert_int_equal(n, 0);
	/* One is broken, the other one newer. */
	scratch_text("crl/root.crl", "nonsense");
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(alice), &newer));
	assert_int_equal(revocation_refresh(r, tls, &n, &err),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "crl/root.crl"));
	assert_int_equal(n, 1);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	assert_int_equal(standing_of(r, bob->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	/* Back, and gone. */
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", good_crl(users));
	mtls_err_clear(&err);
	assert_int_equal(revocation_refresh(r, tls, &n, &err),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "older"));
	assert_int_equal(unlink(scratch_path("crl/users.crl")), 0);
	mtls_err_clear(&err);
	assert_int_equal(revocation_refresh(r, tls, &n, &err),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	newer.number = 4;
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), &newer));
	mtls_err_clear(&err);
	assert_int_equal(revocation_refresh(r, tls, &n, &err), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	assert_int_equal(standing_of(r, bob->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	revocation_free(r);
}

/* T-038: nothing is relied on before it was compared with its floor. */
static void
T038_floors(void **state)
{
	struct pki_crl_options newer = { .number = 3 };
	struct revocation_due due, late;
	struct revocation *r, *next;
	size_t n;

	(void)state;
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(bob), NULL));
	options.has_floors = 1;
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_UNKNOWN);
	assert_int_equal(standing_of(r, bob->x509, users->x509, now_s),
	    POLICY_STANDING_REVOKED);
	for (size_t i = 0; i < 2; i++) {
		assert_true(revocation_floor_due(r, i, &due));
		assert_true(revocation_floor_set(r, i, &due,
		    REVOCATION_FLOOR_KEPT));
		assert_false(revocation_floor_due(r, i, &late));
	}
	assert_int_equal(due.number[CRL_SERIAL_MAX - 1], 1);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	/* The next one is relied on until it is known to be too old. */
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL), &newer));
	assert_int_equal(revocation_refresh(r, tls, &n, &err), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	assert_false(revocation_floor_set(r, 1, &due,
	    REVOCATION_FLOOR_BROKEN));
	assert_true(revocation_floor_due(r, 1, &late));
	assert_true(revocation_floor_set(r, 1, &late,
	    REVOCATION_FLOOR_BROKEN));
	assert_int_equal(standing_of(r, alice->x509, users->x509, now_s),
	    POLICY_STANDING_UNKNOWN);
	/* That is not forgotten by a reload; a newer list ends it. */
	newer.number = 4;
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL), &newer));
	assert_int_equal(load(r, &next), MTLS_OK);
	assert_int_equal(standing_of(next, alice->x509, users->x509, now_s),
	    POLICY_STANDING_UNKNOWN);
	assert_true(revocation_floor_due(next, 1, &late));
	assert_true(revocation_floor_set(next, 1, &late,
	    REVOCATION_FLOOR_KEPT));
	assert_int_equal(standing_of(next, alice->x509, users->x509, now_s),
	    POLICY_STANDING_GOOD);
	revocation_free(next);
	revocation_free(r);
}

static void
T038_of_another_issuer(void **state)
{
	const struct pki_cert *other = pki_ca(pki, NULL, "Other CA", NULL);
	struct revocation *r;

	(void)state;
	put_good();
	put_crl("other.crl", good_crl(other));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(revocation_n_foreign(r), 1);
	revocation_free(r);
	/* It does not stand in for the one that is missing. */
	assert_int_equal(unlink(scratch_path("crl/users.crl")), 0);
	assert_int_equal(standing_at(now_s), POLICY_STANDING_UNKNOWN);
}

/* T-047: the same name, another key, another CA. */
static void
T047_second_ca_of_the_same_name(void **state)
{
	const struct pki_cert *twin = pki_ca(pki, root, "Acme Users CA",
	    NULL);
	struct revocation *r;

	(void)state;
	put_good();
	put_crl("twin.crl", pki_crl(pki, twin, PKI_CERTS(alice), NULL));
	assert_int_equal(load(NULL, &r), MTLS_E_CONFIG);
	assert_int_equal(unlink(scratch_path("crl/twin.crl")), 0);
	assert_int_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(standing_of(r, alice->x509, twin->x509,
	    now_s), POLICY_STANDING_NO_ISSUER);
	assert_int_equal(standing_of(r, alice->x509, NULL, now_s),
	    POLICY_STANDING_NO_ISSUER);
	revocation_free(r);
}

static void
T038_never_backwards(void **state)
{
	struct pki_crl_options newer = { .number = 7 };
	struct pki_crl_options older = { .number = 6 };
	struct pki_crl_options unnumbered = { .number = -1,
	    .starts_s = -2 * HOUR_S };
	struct revocation *now, *next;

	(void)state;
	put_good();
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(alice), &newer));
	assert_int_equal(load(NULL, &now), MTLS_OK);
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL), &older));
	assert_int_equal(load(now, &next), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "older"));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL),
	    &unnumbered));
	assert_int_equal(load(now, &next), MTLS_E_CONFIG);
	newer.number = 8;
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(NULL), &newer));
	assert_int_equal(load(now, &next), MTLS_OK);
	revocation_free(next);
	revocation_free(now);
}

/* An old list beside the new one changes nothing. */
static void
the_newest_counts(void **state)
{
	struct pki_crl_options newer = { .number = 7 };
	struct pki_crl_options older = { .number = 6 };

	(void)state;
	put_crl("root.crl", good_crl(root));
	put_crl("a.crl", pki_crl(pki, users, PKI_CERTS(alice), &newer));
	put_crl("b.crl", pki_crl(pki, users, PKI_CERTS(NULL), &older));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_REVOKED);
	put_crl("a.crl", pki_crl(pki, users, PKI_CERTS(NULL), &older));
	put_crl("b.crl", pki_crl(pki, users, PKI_CERTS(alice), &newer));
	assert_int_equal(standing_at(now_s), POLICY_STANDING_REVOKED);
}

static void
serials_of_every_length(void **state)
{
	static const char *const serials[] = {
		"01", "7f", "ff", "0100", "ffff", "010000000000000000",
		"7fffffffffffffffffffffffffffffffffffffff",
		"0000000000000000000000000000000000000002",
	};
	enum { N = sizeof(serials) / sizeof(serials[0]) };
	const struct pki_cert *revoked[N + 1] = { NULL };
	struct revocation *r;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		struct pki_options o = { .serial = serials[i] };

		revoked[i] = pki_user(pki, users, "u", &o);
	}
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", pki_crl(pki, users, revoked, NULL));
	assert_int_equal(load(NULL, &r), MTLS_OK);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(standing_of(r, revoked[i]->x509,
		    users->x509, now_s), POLICY_STANDING_REVOKED);
	for (size_t i = 0; i < 5; i++) {
		static const char *const others[] = {
			"03", "80", "fe", "0101", "fffe"
		};
		struct pki_options o = { .serial = others[i] };

		assert_int_equal(standing_of(r, pki_user(pki, users,
		    "v", &o)->x509, users->x509, now_s),
		    POLICY_STANDING_GOOD);
	}
	revocation_free(r);
}

static void
T080_files_that_are_refused(void **state)
{
	struct revocation *r;

	(void)state;
	put_good();
	scratch_text("crl/readme.txt", "not looked at");
	scratch_text("crl/.hidden.pem", "not looked at");
	assert_int_equal(load(NULL, &r), MTLS_OK);
	revocation_free(r);
	scratch_text("crl/empty.pem", "");
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
	assert_non_null(strstr(err.text, "empty.pem"));
	assert_int_equal(unlink(scratch_path("crl/empty.pem")), 0);
	scratch_text("crl/text.pem", "-----BEGIN X509 CRL-----\nAAAA\n"
	    "-----END X509 CRL-----\n");
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(unlink(scratch_path("crl/text.pem")), 0);
	assert_int_equal(symlink(scratch_path("crl/users.crl"),
	    scratch_path("crl/link.crl")), 0);
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(unlink(scratch_path("crl/link.crl")), 0);
	assert_int_equal(mkfifo(scratch_path("crl/fifo.crl"), 0644), 0);
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(unlink(scratch_path("crl/fifo.crl")), 0);
	assert_int_equal(chmod(scratch_path("crl/users.crl"), 0666), 0);
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
	assert_int_equal(chmod(scratch_path("crl/users.crl"), 0644), 0);
	assert_int_equal(chmod(scratch_path("crl"), 0777), 0);
	assert_int_not_equal(load(NULL, &r), MTLS_OK);
}

/* T-081: files that are exchanged while they are read. */
static void
T081_exchanged_while_read(void **state)
{
	struct pki_crl_options newer = { .number = 9 };
	X509_CRL *lists[2];
	struct revocation *r;

	(void)state;
	put_good();
	lists[0] = pki_crl(pki, users, PKI_CERTS(alice), &newer);
	lists[1] = pki_crl(pki, users, PKI_CERTS(alice, bob), &newer);
	for (int i = 0; i < 50; i++) {
		put_crl("new", lists[i % 2]);
		assert_int_equal(rename(scratch_path("crl/new"),
		    scratch_path("crl/users.crl")), 0);
		assert_int_equal(load(NULL, &r), MTLS_OK);
		assert_int_equal(standing_of(r, alice->x509,
		    users->x509, now_s), POLICY_STANDING_REVOKED);
		assert_int_equal(standing_of(r, bob->x509,
		    users->x509, now_s), i % 2 ? POLICY_STANDING_REVOKED :
		    POLICY_STANDING_GOOD);
		revocation_free(r);
	}
}

/* --- T-039: lists change while many ask --- */

#define N_THREADS	4
#define N_CHANGES	60

static struct revocation *shared;
static atomic_int is_over, n_wrong;
static atomic_uint n_asked;

static void *
ask_all_the_time(void *arg)
{
	enum policy_revocation any;

	(void)arg;
	while (!atomic_load(&is_over)) {
		if (revocation_standing(shared, alice->x509, users->x509,
		    now_s, &any, NULL) != POLICY_STANDING_REVOKED ||
		    revocation_standing(shared, bob->x509, users->x509,
		    now_s, &any, NULL) != POLICY_STANDING_GOOD)
			atomic_fetch_add(&n_wrong, 1);
		atomic_fetch_add(&n_asked, 1);
	}
	return NULL;
}

static void
T039_asked_while_they_change(void **state)
{
	struct pki_crl_options o = { .number = 1 };
	struct revocation_ca about;
	pthread_t threads[N_THREADS];
	unsigned before;
	size_t n;

	(void)state;
	put_crl("root.crl", good_crl(root));
	put_crl("users.crl", pki_crl(pki, users, PKI_CERTS(alice), &o));
	assert_int_equal(load(NULL, &shared), MTLS_OK);
	atomic_store(&is_over, 0);
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    ask_all_the_time, NULL), 0);
	for (int i = 0; i < N_CHANGES; i++) {
		before = atomic_load(&n_asked);
		o.number++;
		put_crl("new", pki_crl(pki, users, i % 2 == 0 ?
		    PKI_CERTS(alice, users) : PKI_CERTS(alice), &o));
		assert_int_equal(rename(scratch_path("crl/new"),
		    scratch_path("crl/users.crl")), 0);
		assert_int_equal(revocation_refresh(shared, tls, &n, &err),
		    MTLS_OK);
		assert_int_equal(n, 1);
		revocation_describe(shared, 1, &about);
		assert_int_equal(about.n_revoked, i % 2 == 0 ? 2 : 1);
		/* Not before somebody has looked at this one. */
		while (atomic_load(&n_asked) < before + N_THREADS)
			(void)sched_yield();
	}
	atomic_store(&is_over, 1);
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&n_wrong), 0);
	revocation_free(shared);
}

static int
set_up(void **state)
{
	(void)state;
	if (scratch_begin() != 0)
		return -1;
	now_s = time(NULL);
	memset(&options, 0, sizeof(options));
	return mkdir(scratch_path("crl"), 0755);
}

static int
tear_down(void **state)
{
	(void)state;
	return scratch_end();
}

static int
group_set_up(void **state)
{
	(void)state;
	mtls_err_clear(&err);
	if (mtls_tls_new(&tls, &err) != MTLS_OK)
		return -1;
	pki = pki_new(mtls_tls_libctx0(tls));
	root = pki_ca(pki, NULL, "Acme Root CA", NULL);
	users = pki_ca(pki, root, "Acme Users CA", NULL);
	alice = pki_user(pki, users, "alice", NULL);
	bob = pki_user(pki, users, "bob", NULL);
	return 0;
}

static int
group_tear_down(void **state)
{
	(void)state;
	pki_free(pki);
	mtls_tls_free(tls);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(good_with_both),
		TEST(T034_revoked_leaf),
		TEST(T034_revoked_intermediate),
		TEST(T034_revoked_intermediates_with_odd_numbers),
		TEST(T035_no_data_is_not_good),
		TEST(T038_expired_and_not_yet_valid),
		TEST(T038_lists_that_are_refused),
		TEST(T038_delta),
		TEST(T038_delta_without_its_base),
		TEST(T038_floors),
		TEST(modes_by_ca),
		TEST(cas_that_cannot),
		TEST(single_files),
		TEST(T182_refresh_keeps_what_is_good),
		TEST(T038_of_another_issuer),
		TEST(T047_second_ca_of_the_same_name),
		TEST(T038_never_backwards),
		TEST(the_newest_counts),
		TEST(serials_of_every_length),
		TEST(T080_files_that_are_refused),
		TEST(T081_exchanged_while_read),
		TEST(T039_asked_while_they_change),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}

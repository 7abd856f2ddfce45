/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * CAs whose signatures were verified before: what a chain may have in common
 * with a known one and is refused all the same.
 */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "chain_upper.h"

/* What our own code takes for the time; OpenSSL has the real one. */
static time_t shift_s;

time_t __real_time(time_t *ret);
time_t __wrap_time(time_t *ret);

time_t
__wrap_time(time_t *ret)
{
	time_t now = __real_time(NULL) + shift_s;

	if (ret != NULL)
		*ret = now;
	return now;
}

/* Whether server accepts this person, who shows all of chain. */
static int
meets(struct rig *rig, SSL_CTX *server, const struct pki_cert *person,
    const struct pki_cert *const *chain)
{
	SSL_CTX *client = rig_loose_client_ctx(rig, person, chain);
	struct tls_pair pair;
	int is_accepted;

	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	is_accepted = pair.server.is_done;
	if (is_accepted) {
		STACK_OF(X509) *whole = SSL_get0_verified_chain(
		    pair.server.ssl);
		int n = sk_X509_num(whole);

		/* Up to a root, each by the next. */
		for (int i = 0; i < n; i++)
			assert_int_equal(X509_check_issued(
			    sk_X509_value(whole, i < n - 1 ? i + 1 : i),
			    sk_X509_value(whole, i)), X509_V_OK);
		assert_int_equal(X509_cmp(sk_X509_value(whole, 0),
		    person->x509), 0);
	}
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	return is_accepted;
}

/* How many chains were verified, and how many of them in short. */
#define COUNTS(ctx, verified, shortened) \
	do { \
		struct mtls_tls_chain_counts now = \
		    mtls_tls_chain_counts(ctx); \
		assert_int_equal(now.n_verified, verified); \
		assert_int_equal(now.n_short, shortened); \
		assert_int_equal(now.n_known, 0); \
	} while (0)

static const struct pki_cert *
person_of(struct rig *rig, const struct pki_cert *ca)
{
	return pki_user(rig->pki, ca, "alice", NULL);
}

static SSL_CTX *
server_for(struct rig *rig, const struct pki_cert *const *cas)
{
	struct rig_case c = { .user_ca_file = pki_file_certs(rig->pki,
	    "upper.pem", cas) };

	return rig_server_ctx(rig, &c);
}

static void
cas_are_verified_once(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *low = pki_ca(rig->pki, rig->users, "Low CA",
	    NULL);
	SSL_CTX *server = server_for(rig, PKI_CERTS(rig->root, rig->users));

	assert_true(meets(rig, server, person_of(rig, rig->users), NULL));
	COUNTS(server, 1, 0);
	for (int i = 1; i < 4; i++) {
		assert_true(meets(rig, server, person_of(rig, rig->users),
		    i % 2 == 0 ? NULL : PKI_CERTS(rig->users)));
		COUNTS(server, 1 + i, i);
	}
	/* One more CA is another upper part. */
	assert_true(meets(rig, server, person_of(rig, low), PKI_CERTS(low)));
	COUNTS(server, 5, 3);
	assert_true(meets(rig, server, person_of(rig, low), PKI_CERTS(low)));
	COUNTS(server, 6, 4);
	SSL_CTX_free(server);
	/* A new context has verified nothing. */
	server = server_for(rig, PKI_CERTS(rig->root, rig->users));
	assert_true(meets(rig, server, person_of(rig, rig->users), NULL));
	COUNTS(server, 1, 0);
	SSL_CTX_free(server);
}

/* Leaves below a CA that is known: each is looked at as ever. */
static void
T026_bad_leaves_below_a_known_ca(void **state)
{
	struct rig *rig = *state;
	struct pki *pki = rig->pki;
	const struct pki_cert *users = rig->users, *mallory = pki_ca(pki,
	    rig->root, "Acme Users CA", NULL);
	const struct pki_options bad[] = {
		{ .signed_by = mallory },
		{ .eku = "serverAuth" },
		{ .eku = "" },
		{ .not_after = "99991231235959Z" },
		{ .basic = "critical,CA:TRUE",
		    .key_usage = "critical,digitalSignature,keyCertSign" },
		{ .key_type = PKI_RSA1024 },
		{ .starts_s = -7200, .ends_s = -60 },
		{ .starts_s = 3600 },
	};
	SSL_CTX *server = server_for(rig, PKI_CERTS(rig->root, users));

	assert_true(meets(rig, server, person_of(rig, users), NULL));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(meets(rig, server, pki_user(pki, users, "alice",
		    &bad[i]), NULL));
		assert_false(meets(rig, server, pki_user(pki, users, "alice",
		    &bad[i]), PKI_CERTS(users)));
	}
	assert_true(meets(rig, server, person_of(rig, users), NULL));
	SSL_CTX_free(server);
}

/* The same certificate but for one bit of its signature. */
static struct pki_cert
with_another_signature(const struct pki_cert *ca)
{
	struct pki_cert forged = *ca;
	const unsigned char *p;
	size_t len;
	uint8_t *der = pki_der(ca, &len);

	der[len - 1] ^= 1;
	p = der;
	forged.x509 = d2i_X509(NULL, &p, (long)len);
	assert_non_null(forged.x509);
	free(der);
	return forged;
}

/*
 * Who has the key of a CA that came in the handshake can make it a new
 * certificate, but not one that the root has signed.
 */
static void
T026_another_certificate_of_a_known_ca(void **state)
{
	struct rig *rig = *state;
	struct pki *pki = rig->pki;
	const struct pki_cert *ca = pki_ca(pki, rig->root, "Sent CA", NULL);
	const struct pki_cert *other = pki_ca(pki, NULL, "Acme Root CA",
	    NULL);
	const struct pki_options same_key = { .key_of = ca,
	    .signed_by = other };
	const struct pki_cert *renewed = pki_ca(pki, rig->root, "Sent CA",
	    &same_key);
	struct pki_cert forged = with_another_signature(ca);
	SSL_CTX *server = server_for(rig, PKI_CERTS(rig->root));

	assert_true(meets(rig, server, person_of(rig, ca), PKI_CERTS(ca)));
	assert_true(meets(rig, server, person_of(rig, ca), PKI_CERTS(ca)));
	COUNTS(server, 2, 1);
	assert_false(meets(rig, server, person_of(rig, ca),
	    PKI_CERTS(renewed)));
	assert_false(meets(rig, server, person_of(rig, ca),
	    PKI_CERTS(&forged)));
	assert_true(meets(rig, server, person_of(rig, ca), PKI_CERTS(ca)));
	COUNTS(server, 5, 2);
	X509_free(forged.x509);
	SSL_CTX_free(server);
}

/* What was refused is not known afterwards. */
static void
T026_refused_every_time(void **state)
{
	struct rig *rig = *state;
	struct pki *pki = rig->pki;
	const struct pki_cert *other = pki_ca(pki, NULL, "Acme Root CA",
	    NULL);
	const struct pki_cert *ca = pki_ca(pki, rig->root, "Sent CA",
	    &(struct pki_options){ .signed_by = other });
	SSL_CTX *server = server_for(rig, PKI_CERTS(rig->root));

	for (int i = 0; i < 3; i++)
		assert_false(meets(rig, server, person_of(rig, ca),
		    PKI_CERTS(ca)));
	COUNTS(server, 3, 0);
	SSL_CTX_free(server);
}

/* nameConstraints: permitted, rfc822Name acme.example. */
static const struct pki_extension acme_only[] = {
	{ "nameConstraints", 1, (const uint8_t *)
	    "\x30\x12\xa0\x10\x30\x0e\x81\x0c" "acme.example", 20 },
	{ NULL, 0, NULL, 0 }
};

static void
T031_limits_of_a_known_root(void **state)
{
	struct rig *rig = *state;
	struct pki *pki = rig->pki;
	const struct pki_cert *root = pki_ca(pki, NULL, "Limited Root",
	    &(struct pki_options){ .basic = "critical,CA:TRUE,pathlen:1",
	    .extra = acme_only });
	const struct pki_cert *middle = pki_ca(pki, root, "Middle CA", NULL);
	const struct pki_cert *low = pki_ca(pki, middle, "Low CA", NULL);
	SSL_CTX *server = server_for(rig, PKI_CERTS(root, middle));
	struct pki_options o = { .san = "email:alice@acme.example" };

	for (int i = 0; i < 2; i++)
		assert_true(meets(rig, server, pki_user(pki, middle, "alice",
		    &o), NULL));
	COUNTS(server, 2, 1);
	assert_false(meets(rig, server, pki_user(pki, low, "alice", &o),
	    PKI_CERTS(low)));
	o.san = "email:alice@evil.example";
	assert_false(meets(rig, server, pki_user(pki, middle, "alice", &o),
	    NULL));
	SSL_CTX_free(server);
}

/* Outside of the validity of the CAs OpenSSL looks at all of them. */
static void
T030_bounds_of_a_known_ca(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *brief = pki_ca(rig->pki, rig->root, "Brief",
	    &(struct pki_options){ .starts_s = -100, .ends_s = 1000 });
	SSL_CTX *server = server_for(rig, PKI_CERTS(rig->root, brief));
	static const time_t shifts[] = { 0, 0, 1100, -200, 0 };
	static const uint64_t shortened[] = { 0, 1, 1, 1, 2 };

	for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		shift_s = shifts[i];
		assert_true(meets(rig, server, person_of(rig, brief), NULL));
		COUNTS(server, i + 1, shortened[i]);
	}
	shift_s = 0;
	SSL_CTX_free(server);
}

/* A CA that expires while it is known: nobody below it from then on. */
static void
T030_a_known_ca_expires(void **state)
{
	struct rig *rig = *state;
	struct pki_options o = { .starts_s = -100, .ends_s = 1 };
	const struct pki_cert *brief;
	SSL_CTX *server = NULL;
	time_t end;

	/* On a slow machine it has to last longer to be met twice. */
	do {
		SSL_CTX_free(server);
		o.ends_s *= 2;
		brief = pki_ca(rig->pki, rig->root, "Brief", &o);
		server = server_for(rig, PKI_CERTS(rig->root));
		(void)meets(rig, server, person_of(rig, brief),
		    PKI_CERTS(brief));
		(void)meets(rig, server, person_of(rig, brief),
		    PKI_CERTS(brief));
	} while (mtls_tls_chain_counts(server).n_short == 0 &&
	    o.ends_s < 128);
	assert_true(mtls_tls_chain_counts(server).n_short > 0);
	end = __real_time(NULL) + o.ends_s + 30;
	while (meets(rig, server, person_of(rig, brief), PKI_CERTS(brief))) {
		assert_true(__real_time(NULL) < end);
		(void)poll(NULL, 0, 20);
	}
	assert_false(meets(rig, server, person_of(rig, brief),
	    PKI_CERTS(brief)));
	SSL_CTX_free(server);
}

/* Beyond the room there is every signature is verified, as without it. */
static void
more_cas_than_room(void **state)
{
	struct rig *rig = *state;
	SSL_CTX *server = server_for(rig, PKI_CERTS(rig->root));
	const struct pki_cert *ca = NULL;

	for (unsigned i = 0; i <= CHAIN_UPPERS_MAX; i++) {
		ca = pki_ca(rig->pki, rig->root, "One of many", NULL);
		assert_true(meets(rig, server, person_of(rig, ca),
		    PKI_CERTS(ca)));
	}
	assert_true(meets(rig, server, person_of(rig, ca), PKI_CERTS(ca)));
	COUNTS(server, CHAIN_UPPERS_MAX + 2, 0);
	SSL_CTX_free(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cas_are_verified_once),
		cmocka_unit_test(T026_bad_leaves_below_a_known_ca),
		cmocka_unit_test(T026_another_certificate_of_a_known_ca),
		cmocka_unit_test(T026_refused_every_time),
		cmocka_unit_test(T031_limits_of_a_known_root),
		cmocka_unit_test(T030_bounds_of_a_known_ca),
		cmocka_unit_test(T030_a_known_ca_expires),
		cmocka_unit_test(more_cas_than_room),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Chains that are verified once: what is remembered, what never is, and that
 * a connection looks the same either way.
 */
#include "config.h"

#include <poll.h>
#include <time.h>

#include <openssl/err.h>

#include "../lib/tls_forger.h"
#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "chain_cache.h"

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

/* One more handshake with server: 1 if the client was accepted. */
static int
meets(struct rig *rig, SSL_CTX *server, const struct rig_case *c)
{
	SSL_CTX *client = rig_client_ctx(rig, c);
	struct tls_pair pair;
	int is_accepted;

	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	is_accepted = rig_both_accept(&pair, MTLS_TLS_13);
	if (is_accepted) {
		STACK_OF(X509) *chain = SSL_get0_verified_chain(
		    pair.server.ssl);

		assert_int_equal(SSL_get_verify_result(pair.server.ssl),
		    X509_V_OK);
		/* Leaf, users and root, whichever way it was found. */
		assert_int_equal(sk_X509_num(chain), 3);
		assert_ptr_equal(sk_X509_value(chain, 0),
		    SSL_get0_peer_certificate(pair.server.ssl));
		assert_int_equal(X509_cmp(sk_X509_value(chain, 1),
		    rig->users->x509), 0);
		assert_int_equal(X509_cmp(sk_X509_value(chain, 2),
		    rig->root->x509), 0);
		assert_true(tls_pair_carries(&pair.client, &pair.server,
		    "hello"));
	}
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	return is_accepted;
}

static void
assert_counts(const SSL_CTX *ctx, uint64_t n_verified, uint64_t n_known)
{
	struct mtls_tls_chain_counts counts = mtls_tls_chain_counts(ctx);

	assert_int_equal(counts.n_verified, n_verified);
	assert_int_equal(counts.n_known, n_known);
}

static void
verified_once(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *other = rig_server_ctx(rig, &c);

	assert_counts(server, 0, 0);
	assert_true(meets(rig, server, &c));
	assert_counts(server, 1, 0);
	assert_true(meets(rig, server, &c));
	assert_true(meets(rig, server, &c));
	assert_counts(server, 1, 2);
	/* The same leaf with more behind it is another chain. */
	c.user_chain = PKI_CERTS(rig->users);
	assert_true(meets(rig, server, &c));
	assert_counts(server, 2, 2);
	assert_true(meets(rig, server, &c));
	assert_counts(server, 2, 3);
	/* A new context knows nothing of what an old one trusted. */
	assert_true(meets(rig, other, &c));
	assert_counts(other, 1, 0);
	SSL_CTX_free(server);
	SSL_CTX_free(other);
}

static void
T026_refused_every_time(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *root = pki_ca(rig->pki, NULL, "Acme Root CA",
	    NULL);
	const struct pki_cert *fake = pki_ca(rig->pki, root, "Acme Users CA",
	    &(struct pki_options){.key_of = NULL});
	const struct pki_cert *bad[] = {
		pki_user(rig->pki, fake, "alice", NULL),
		pki_user(rig->pki, rig->users, "alice",
		    &(struct pki_options){.signed_by = fake}),
		pki_user(rig->pki, rig->users, "alice",
		    &(struct pki_options){.eku = "serverAuth"}),
		pki_user(rig->pki, rig->users, "alice",
		    &(struct pki_options){.starts_s = -7200, .ends_s = -60}),
		pki_user(rig->pki, rig->users, "alice",
		    &(struct pki_options){.starts_s = 3600}),
	};
	struct rig_case c = {0};
	SSL_CTX *server = rig_server_ctx(rig, &c);

	for (int turn = 0; turn < 2; turn++) {
		/* Beside a good one that is known. */
		c.user = NULL;
		assert_true(meets(rig, server, &c));
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			c.user = bad[i];
			assert_false(meets(rig, server, &c));
		}
	}
	assert_counts(server, 1 + 2 * sizeof(bad) / sizeof(bad[0]), 1);
	SSL_CTX_free(server);
}

/* Whether server accepts user's chain with a signature by this key. */
static int
is_accepted_with(struct rig *rig, SSL_CTX *server_ctx,
    const struct pki_cert *user, EVP_PKEY *key)
{
	SSL_CTX *client_ctx = rig_loose_client_ctx(rig, user, NULL);
	SSL *server = SSL_new(server_ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	const struct forged_verify verify = {.key = key};
	static struct forger f;
	static uint8_t buf[FORGER_BYTES_MAX];
	int n = 0, is_accepted;

	assert_true(server != NULL && in != NULL && out != NULL);
	SSL_set_bio(server, in, out);
	SSL_set_accept_state(server);
	forger_init(&f, client_ctx);
	while (!forger_shake(&f, buf, n > 0 ? (size_t)n : 0)) {
		assert_int_equal(BIO_write(in, f.flight, (int)f.flight_len),
		    (int)f.flight_len);
		f.flight_len = 0;
		(void)SSL_do_handshake(server);
		n = BIO_read(out, buf, sizeof(buf));
		assert_true(n > 0);
	}
	forger_add(&f, "CVF", &verify);
	assert_int_equal(BIO_write(in, f.flight, (int)f.flight_len),
	    (int)f.flight_len);
	is_accepted = SSL_do_handshake(server) == 1;
	ERR_clear_error();
	forger_done(&f);
	SSL_free(server);
	SSL_CTX_free(client_ctx);
	return is_accepted;
}

/* A chain is public: who shows it must still have the key. */
static void
T026_known_chain_wrong_key(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *mallory = pki_user(rig->pki, rig->users,
	    "mallory", NULL);
	struct rig_case c = {0};
	SSL_CTX *server = rig_server_ctx(rig, &c);

	assert_true(meets(rig, server, &c));
	assert_true(is_accepted_with(rig, server, rig->user,
	    rig->user->key));
	assert_false(is_accepted_with(rig, server, rig->user, mallory->key));
	assert_counts(server, 1, 2);
	SSL_CTX_free(server);
}

static void
T030_not_beyond_its_time(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.user = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.starts_s = -100, .ends_s = 1000})};
	SSL_CTX *server = rig_server_ctx(rig, &c);

	assert_true(meets(rig, server, &c));
	assert_true(meets(rig, server, &c));
	assert_counts(server, 1, 1);
	/* Outside of it, X509_verify_cert() is asked, and its clock says. */
	shift_s = 1100;
	assert_true(meets(rig, server, &c));
	assert_counts(server, 2, 1);
	shift_s = -200;
	assert_true(meets(rig, server, &c));
	assert_counts(server, 3, 1);
	shift_s = 0;
	assert_true(meets(rig, server, &c));
	assert_counts(server, 3, 2);
	SSL_CTX_free(server);
}

/* The same with the validity of the CA, which ends before the leaf's. */
static void
T030_not_beyond_that_of_the_ca(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *below = pki_ca(rig->pki, rig->root, "Short",
	    &(struct pki_options){.ends_s = 1000});
	struct rig_case c = {
		.user_ca_file = pki_file_certs(rig->pki, "short.pem",
		    PKI_CERTS(below, rig->root)),
		.user = pki_user(rig->pki, below, "alice", NULL)
	};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_client_ctx(rig, &c);
	struct tls_pair pair;

	for (int turn = 0; turn < 3; turn++) {
		shift_s = turn == 2 ? 1100 : 0;
		rig_meet_ctx(client, RIG_SERVER, server, &pair);
		assert_true(rig_both_accept(&pair, MTLS_TLS_13));
		tls_pair_free(&pair);
	}
	shift_s = 0;
	assert_counts(server, 2, 1);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

/* Known, and then out of its validity: refused from that second on. */
static void
T030_expires_while_known(void **state)
{
	struct rig *rig = *state;
	struct pki_options o = {.starts_s = -100, .ends_s = 1};
	struct rig_case c = {0};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	time_t end;

	/* On a slow machine it has to last longer to be met at all. */
	do {
		o.ends_s *= 2;
		c.user = pki_user(rig->pki, rig->users, "alice", &o);
	} while (!meets(rig, server, &c) && o.ends_s < 128);
	end = __real_time(NULL) + o.ends_s + 30;
	while (meets(rig, server, &c)) {
		assert_true(__real_time(NULL) < end);
		(void)poll(NULL, 0, 20);
	}
	assert_true(mtls_tls_chain_counts(server).n_known > 0);
	assert_false(meets(rig, server, &c));
	SSL_CTX_free(server);
}

static void
the_least_recently_used_goes(void **state)
{
	struct rig *rig = *state;
	struct rig_case c[6] = {{0}};
	SSL_CTX *server = rig_server_ctx(rig, &c[0]);
	struct mtls_err err;

	mtls_err_clear(&err);
	/* One set, so that four chains fill it. */
	assert_int_equal(mtls_chain_cache_add(rig->tls, server, 1, &err),
	    MTLS_OK);
	for (size_t i = 0; i < 6; i++)
		c[i].user = pki_user(rig->pki, rig->users, "alice", NULL);
	for (size_t i = 0; i < 4; i++)
		assert_true(meets(rig, server, &c[i]));
	assert_counts(server, 4, 0);
	assert_true(meets(rig, server, &c[0]));
	assert_counts(server, 4, 1);
	/* In the place of 1 and 2. */
	assert_true(meets(rig, server, &c[4]));
	assert_true(meets(rig, server, &c[5]));
	assert_counts(server, 6, 1);
	assert_true(meets(rig, server, &c[0]));
	assert_true(meets(rig, server, &c[3]));
	assert_true(meets(rig, server, &c[4]));
	assert_true(meets(rig, server, &c[5]));
	assert_counts(server, 6, 5);
	assert_true(meets(rig, server, &c[1]));
	assert_counts(server, 7, 5);
	SSL_CTX_free(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verified_once),
		cmocka_unit_test(T026_refused_every_time),
		cmocka_unit_test(T026_known_chain_wrong_key),
		cmocka_unit_test(T030_not_beyond_its_time),
		cmocka_unit_test(T030_not_beyond_that_of_the_ca),
		cmocka_unit_test(T030_expires_while_known),
		cmocka_unit_test(the_least_recently_used_goes),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who gets through to a running verifier, and who does not: certificates of
 * every wrong kind, on both listeners.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/err.h>

#include "mtls/login.h"
#include "mtls/signer.h"

#include "verifier_rig.h"

#include "../lib/unit.h"

#define DAY_S (24 * 3600)

static struct reply reply;

/* Whether a request gets an answer, of any kind. */
static int
is_answered(struct rig *rig, enum role role, const struct http_options *o)
{
	struct http h;

	http_open(&h, rig, role, o);
	http_ask(&h, "GET /v1/nothing", NULL, &reply);
	http_close(&h);
	return reply.status != 0;
}

static int
cert_is_answered(struct rig *rig, enum role role,
    const struct pki_cert *cert, const struct pki_cert *const *chain)
{
	struct http_options o = { .cert = cert, .chain = chain,
	    .alpn = "http/1.1" };

	return is_answered(rig, role, &o);
}

static void
good_ones_are_answered(void **state)
{
	struct rig *rig = *state;

	assert_true(cert_is_answered(rig, ROLE_DEVICE, rig->machine, NULL));
	assert_true(cert_is_answered(rig, ROLE_USER, rig->alice, NULL));
	assert_true(cert_is_answered(rig, ROLE_USER, rig->alice,
	    PKI_CERTS(rig->users)));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

static void
T024_sni_and_alpn(void **state)
{
	char overlong[300];
	struct rig *rig = *state;
	const char *const names[] = { NULL, "verifier1.acme.example",
		"other.example", "127.0.0.1", overlong };
	const char *const wrong[] = { "h2", "http/1.0", "pam-mtls/1", "x" };

	memset(overlong, 'a', 255);
	overlong[255] = '\0';
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		/* The name that a client asks for opens and shuts nothing. */
		for (size_t i = 0; i < 5; i++) {
			struct http_options with = {
				.cert = role == ROLE_DEVICE ? rig->machine :
				    rig->alice,
				.sni = names[i], .alpn = "http/1.1",
			};
			struct http_options without = { .sni = names[i] };

			assert_true(is_answered(rig, (enum role)role,
			    &with));
			assert_false(is_answered(rig, (enum role)role,
			    &without));
		}
		for (size_t i = 0; i < 4; i++) {
			struct http_options o = {
				.cert = role == ROLE_DEVICE ? rig->machine :
				    rig->alice,
				.alpn = wrong[i],
			};

			assert_false(is_answered(rig, (enum role)role, &o));
		}
	}
}

static void
T026_no_certificate(void **state)
{
	struct http_options none = { .alpn = "http/1.1" };
	struct rig *rig = *state;
	const char *line;

	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		assert_false(is_answered(rig, (enum role)role, &none));
	line = rig_wait_log(rig, 0, "tls-refused");
	assert_non_null(line);
}

/* An alert, and then an end and not a reset, which might overtake it. */
static void
T025_the_alert_arrives(void **state)
{
	struct rig *rig = *state;
	struct http_options mallory = { .alpn = "http/1.1",
	    .cert = pki_user(rig->pki, rig->machines, "mallory",
	    &(struct pki_options){ .starts_s = -7200, .ends_s = -60 }) };
	struct pollfd gone;
	struct http h;
	char byte;

	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		http_open(&h, rig, (enum role)role, &mallory);
		assert_true(h.is_shaken);
		ERR_clear_error();
		assert_true(SSL_read(h.ssl, &byte, 1) <= 0);
		assert_int_equal(ERR_GET_LIB(ERR_peek_error()), ERR_LIB_SSL);
		assert_int_equal(recv(h.fd, &byte, 1, 0), 0);
		/* A reset would follow at once. */
		gone = (struct pollfd){ .fd = h.fd };
		assert_int_equal(poll(&gone, 1, 50), 0);
		ERR_clear_error();
		http_close(&h);
	}
}

/* What a signer that lies does to what it is to sign. */
struct liar {
	EVP_PKEY *key;		/* not that of the certificate */
	int flip;		/* signs other bytes */
	const EVP_MD *digest;
};

static enum mtls_status
lie(void *arg, unsigned scheme, const uint8_t *message, size_t len,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	const struct liar *liar = arg;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t copy[512];
	int ok;

	(void)scheme;
	assert_true(len <= sizeof(copy));
	memcpy(copy, message, len);
	if (liar->flip)
		copy[70] ^= 1;		/* in the context string */
	ok = EVP_DigestSignInit(ctx, NULL, liar->digest, NULL, liar->key) ==
	    1 && EVP_DigestSign(ctx, sig, sig_len, copy, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? MTLS_OK : mtls_fail(err, MTLS_E_CRYPTO, "no signature");
}

/* T-026, T-060: the certificate is public; without its key it is nothing. */
static void
T026_wrong_signatures(void **state)
{
	struct rig *rig = *state;
	struct liar liars[] = {
		{ rig->bob->key, 0, EVP_sha256() },
		{ rig->alice->key, 1, EVP_sha256() },
		{ rig->alice->key, 0, EVP_sha1() },
		/* The last one does not lie. */
		{ rig->alice->key, 0, EVP_sha256() },
	};
	struct mtls_err err;

	for (size_t i = 0; i < 4; i++) {
		struct http_options o = { .cert = rig->alice,
		    .alpn = "http/1.1" };

		mtls_err_clear(&err);
		assert_int_equal(mtls_signer_key(rig->tls,
		    X509_get0_pubkey(rig->alice->x509), lie, &liars[i],
		    &o.key, &err), MTLS_OK);
		assert_int_equal(is_answered(rig, ROLE_USER, &o), i == 3);
		EVP_PKEY_free(o.key);
	}
}

static void
T026_at_the_wrong_door(void **state)
{
	struct rig *rig = *state;
	struct http h;
	struct mtls_body_challenge c;
	struct http_options person = { .cert = rig->alice,
	    .chain = PKI_CERTS(rig->users), .alpn = "http/1.1" };
	struct http_options machine = { .cert = rig->machine,
	    .chain = PKI_CERTS(rig->machines), .alpn = "http/1.1" };

	assert_false(cert_is_answered(rig, ROLE_DEVICE, rig->alice, NULL));
	assert_false(cert_is_answered(rig, ROLE_USER, rig->machine, NULL));
	/*
	 * With its intermediate the chain ends in the root that both bundles
	 * have. That is not enough.
	 */
	http_open(&h, rig, ROLE_DEVICE, &person);
	assert_int_not_equal(rig_open(&h, &c, &reply), 201);
	http_close(&h);
	http_machine(&h, rig);
	assert_int_equal(rig_open(&h, &c, &reply), 201);
	http_close(&h);
	http_open(&h, rig, ROLE_USER, &machine);
	(void)rig_prove(&h, c.challenge, NULL, &reply);
	http_close(&h);
	{
		int allow;

		http_machine(&h, rig);
		(void)rig_grant(&h, c.challenge, 0, &allow, &reply);
		assert_false(allow);
		http_close(&h);
	}
}

/* A person's certificate by an issuer that is not in the bundle itself. */
static void
T026_another_ca_below_the_root(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *other = pki_ca(rig->pki, rig->root,
	    "Acme Other CA", NULL);
	const struct pki_cert *user = pki_user(rig->pki, other, "alice",
	    NULL);
	struct http_options o = { .cert = user, .chain = PKI_CERTS(other),
	    .alpn = "http/1.1" };
	struct mtls_body_challenge c;
	struct http device, h;
	int allow = 1;

	http_machine(&device, rig);
	assert_int_equal(rig_open(&device, &c, &reply), 201);
	http_open(&h, rig, ROLE_USER, &o);
	if (rig_prove(&h, c.challenge, NULL, &reply) == 200) {
		assert_int_equal(rig_grant(&device, c.challenge, 0, &allow,
		    &reply), 200);
		assert_non_null(strstr(reply.body, "issuer-unknown"));
	}
	assert_false(allow && reply.status == 200);
	http_close(&h);
	http_close(&device);
}

static void
T027_older_protocols(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_1_VERSION,
		TLS1_VERSION };
	struct rig *rig = *state;

	for (size_t i = 0; i < 3; i++) {
		struct http_options o = { .cert = rig->machine,
		    .alpn = "http/1.1", .max_version = versions[i] };

		assert_false(is_answered(rig, ROLE_DEVICE, &o));
	}
}

/* T-029: nothing of a connection changes once it is there. */
static void
T029_no_second_handshake(void **state)
{
	struct rig *rig = *state;
	struct http h;

	http_machine(&h, rig);
	http_ask(&h, "GET /v1/nothing", NULL, &reply);
	assert_int_equal(reply.status, 404);
	assert_int_equal(SSL_renegotiate(h.ssl), 0);
	assert_int_equal(SSL_session_reused(h.ssl), 0);
	assert_int_equal(SSL_SESSION_is_resumable(SSL_get_session(h.ssl)),
	    0);
	/* New keys are no new handshake: they may be asked for. */
	assert_int_equal(SSL_key_update(h.ssl,
	    SSL_KEY_UPDATE_REQUESTED), 1);
	http_ask(&h, "GET /v1/nothing", NULL, &reply);
	assert_int_equal(reply.status, 404);
	ERR_clear_error();
	http_close(&h);
}

/* T-020, T-021: what a client keeps of one connection is of no use later. */
static void
T021_no_resumption(void **state)
{
	struct rig *rig = *state;
	struct http first, second;
	SSL_SESSION *session;
	struct http_options none = { .alpn = "http/1.1" };

	http_person(&first, rig, rig->alice);
	http_ask(&first, "GET /v1/nothing", NULL, &reply);
	assert_int_equal(reply.status, 404);
	session = SSL_get1_session(first.ssl);
	assert_non_null(session);
	http_close(&first);
	/* The same session, offered to the other listener and to this one. */
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		http_open(&second, rig, (enum role)role, &none);
		SSL_free(second.ssl);
		close(second.fd);
		second.fd = -1;
		second.ssl = NULL;
		http_close(&second);
	}
	assert_int_equal(SSL_SESSION_is_resumable(session), 0);
	SSL_SESSION_free(session);
}

/* What the handshake or the decision does with each certificate. */
static const char *
person_gets(struct rig *rig, const struct pki_options *o,
    const struct pki_cert *issuer)
{
	return rig_login(rig, pki_user(rig->pki, issuer, "alice", o), NULL);
}

static void
T030_validity_and_numbers(void **state)
{
	struct rig *rig = *state;
	const struct pki_options bad[] = {
		{ .starts_s = -2 * DAY_S, .ends_s = -DAY_S },
		{ .starts_s = DAY_S, .ends_s = 2 * DAY_S },
		{ .serial = "-5" },
		{ .serial = "0" },
		{ .serial = "0102030405060708090a0b0c0d0e0f101112131415" },
		{ .version = 1 },
		{ .not_after = "99991231235959Z" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (strcmp(person_gets(rig, &bad[i], rig->users),
		    "allow") == 0)
			fail_msg("case %zu", i);
	}
}

static void
T031_who_may_issue(void **state)
{
	struct rig *rig = *state;
	const struct pki_options no_sign = { .key_usage =
	    "critical,digitalSignature" };
	const struct pki_options no_path = { .basic =
	    "critical,CA:TRUE,pathlen:0" };
	const struct pki_options explicit_curve = { .key_type =
	    PKI_P256_EXPLICIT };
	const struct pki_cert *ca;

	/* alice as a CA for bob. */
	assert_false(cert_is_answered(rig, ROLE_USER, pki_user(rig->pki,
	    rig->alice, "bob", NULL), PKI_CERTS(rig->alice)));
	ca = pki_ca(rig->pki, rig->root, "No Sign CA", &no_sign);
	assert_false(cert_is_answered(rig, ROLE_USER, pki_user(rig->pki, ca,
	    "alice", NULL), PKI_CERTS(ca)));
	ca = pki_ca(rig->pki, rig->root, "Short CA", &no_path);
	ca = pki_ca(rig->pki, ca, "Too Deep CA", NULL);
	assert_false(cert_is_answered(rig, ROLE_USER, pki_user(rig->pki, ca,
	    "alice", NULL), PKI_CERTS(ca, ca->issuer)));
	assert_string_not_equal(person_gets(rig, &explicit_curve,
	    rig->users), "allow");
}

static void
T033_purpose(void **state)
{
	struct rig *rig = *state;
	const struct pki_options bad[] = {
		{ .eku = "" },
		{ .eku = "serverAuth" },
		{ .eku = "anyExtendedKeyUsage" },
		{ .eku = "emailProtection,codeSigning" },
		{ .key_usage = "critical,keyEncipherment" },
		{ .key_usage = "critical,nonRepudiation" },
	};
	const struct pki_options ca = { .basic = "critical,CA:TRUE" };
	struct mtls_body_challenge c;
	struct http_options o = { .alpn = "http/1.1" };
	struct http h;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (cert_is_answered(rig, ROLE_USER, pki_user(rig->pki,
		    rig->users, "alice", &bad[i]), NULL))
			fail_msg("user %zu", i);
		if (cert_is_answered(rig, ROLE_DEVICE, pki_machine(rig->pki,
		    rig->machines, RIG_HOST, &bad[i]), NULL))
			fail_msg("machine %zu", i);
	}
	assert_string_not_equal(person_gets(rig, &ca, rig->users), "allow");
	o.cert = pki_machine(rig->pki, rig->machines, RIG_HOST, &ca);
	http_open(&h, rig, ROLE_DEVICE, &o);
	assert_int_not_equal(rig_open(&h, &c, &reply), 201);
	http_close(&h);
}

/* The card is revoked, then its CA; the machine, then its CA. */
static void
T034_revoked_on_each_listener(void **state)
{
	struct rig *rig = *state;
	const struct {
		const struct pki_cert *revoked;
		const char *outcome;
	} cases[] = {
		{ rig->alice, "revoked" },
		{ rig->users, "issuer-revoked" },
		{ rig->machine, "machine-revoked" },
		{ rig->machines, "machine-revoked" },
		{ rig->bob, "allow" },
	};
	char rows[8][128];
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		rig_write_crls(rig, cases[i].revoked);
		assert_true(rig_reload(rig));
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    cases[i].outcome);
		n = rig_audit(rig, rows, 8);
		assert_int_equal(n, i + 1);
		if (strcmp(cases[i].outcome, "allow") != 0) {
			assert_int_equal(strncmp(rows[n - 1], "deny ", 5), 0);
			assert_non_null(strstr(rows[n - 1],
			    cases[i].outcome));
		}
	}
}

/* T-022, T-034: a connection that was there before the revocation. */
static void
T022_revoked_on_an_open_connection(void **state)
{
	struct rig *rig = *state;
	struct mtls_body_challenge c;
	struct http device, user;
	int allow;

	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &c, &reply), 201);
	rig_write_crls(rig, rig->alice);
	assert_true(rig_reload(rig));
	assert_int_equal(rig_prove(&user, c.challenge, NULL, &reply), 200);
	assert_int_equal(rig_grant(&device, c.challenge, 0, &allow, &reply),
	    200);
	assert_false(allow);
	assert_non_null(strstr(reply.body, "\"revoked\""));
	rig_write_crls(rig, rig->machine);
	assert_true(rig_reload(rig));
	assert_int_equal(rig_open(&device, &c, &reply), 403);
	assert_string_equal(reply_reason(&reply), "machine-revoked");
	http_close(&device);
	http_close(&user);
}

/*
 * T-034: a list that is replaced on disk needs no signal, on connections that
 * are open too; one that is broken is logged and changes nothing.
 */
static void
T034_replaced_on_disk(void **state)
{
	struct rig *rig = *state;
	struct mtls_body_challenge c;
	struct http device, user;
	int allow;

	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &c, &reply), 201);
	rig_write_crl(rig, rig->users, rig->alice);
	assert_non_null(rig_wait_log(rig, 0, "crls-taken"));
	assert_int_equal(rig_prove(&user, c.challenge, NULL, &reply), 200);
	assert_int_equal(rig_grant(&device, c.challenge, 0, &allow, &reply),
	    200);
	assert_false(allow);
	assert_non_null(strstr(reply.body, "\"revoked\""));
	rig_write(rig, "crl/users.crl", "nonsense");
	assert_non_null(rig_wait_log(rig, 0, "crls-refused"));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
	assert_string_equal(rig_login(rig, rig->bob, NULL), "user-mismatch");
	/* The others are taken all the same. */
	rig_write_crl(rig, rig->machines, rig->machine);
	assert_non_null(rig_wait_log(rig, rig->log_len, "crls-taken"));
	assert_int_equal(rig_open(&device, &c, &reply), 403);
	assert_string_equal(reply_reason(&reply), "machine-revoked");
	/* A grant that was decided before is not fetched after. */
	assert_int_equal(rig_grant(&device, c.challenge, 0, &allow, &reply),
	    403);
	http_close(&device);
	http_close(&user);
}

#define N_CLIENTS	4
#define N_LOGINS	8

/* What everybody is told, all the time: 0 if it was right. */
static int
log_in_often(struct rig *rig)
{
	const char *outcome;

	for (int i = 0; i < N_LOGINS; i++) {
		outcome = rig_login(rig, rig->alice, NULL);
		if (strcmp(outcome, "allow") == 0)
			outcome = rig_login(rig, rig->bob, NULL);
		if (strcmp(outcome, "revoked") != 0) {
			(void)fprintf(stderr, "login %d: %s\n", i, outcome);
			return 1;
		}
	}
	return 0;
}

/*
 * T-039: reloads one after the other, and lists that change under them, while
 * people log in: no window without CRLs, none without CAs.
 */
static void
T039_reloads_under_load(void **state)
{
	struct rig *rig = *state;
	pid_t clients[N_CLIENTS];
	int status, n_left = N_CLIENTS, n_reloads = 0;

	/* Not what this is about. */
	rig_write_settings(rig, "[limits]\nuser-failures = 1000000/1s\n"
	    "card-failures = 1000000/1s\n");
	rig_write_crl(rig, rig->users, rig->bob);
	assert_true(rig_reload(rig));
	for (int i = 0; i < N_CLIENTS; i++) {
		clients[i] = fork();
		assert_true(clients[i] >= 0);
		if (clients[i] == 0)
			_exit(log_in_often(rig));
	}
	while (n_left > 0) {
		rig_write_crl(rig, rig->users, rig->bob);
		n_reloads += rig_reload(rig);
		usleep(10000);
		for (int i = 0; i < N_CLIENTS; i++) {
			if (clients[i] == 0 ||
			    waitpid(clients[i], &status, WNOHANG) == 0)
				continue;
			clients[i] = 0;
			n_left--;
			assert_int_equal(status, 0);
		}
	}
	assert_true(n_reloads > 2);
}

/* T-022: the CA itself goes. */
static void
T022_ca_removed(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *other = pki_ca(rig->pki, NULL, "Other Root",
	    NULL);
	struct mtls_body_challenge c;
	struct http device, user;
	int allow;

	http_machine(&device, rig);
	http_person(&user, rig, rig->alice);
	assert_int_equal(rig_open(&device, &c, &reply), 201);
	(void)pki_file_certs(rig->pki, "users-ca.pem", PKI_CERTS(other));
	assert_true(rig_reload(rig));
	assert_int_equal(rig_prove(&user, c.challenge, NULL, &reply), 200);
	assert_int_equal(rig_grant(&device, c.challenge, 0, &allow, &reply),
	    200);
	assert_false(allow);
	assert_false(cert_is_answered(rig, ROLE_USER, rig->alice, NULL));
	http_close(&device);
	http_close(&user);
}

static void
T035_no_crl_denies_unless_relaxed(void **state)
{
	struct rig *rig = *state;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/crl/users.crl", rig->dir);
	assert_int_equal(unlink(path), 0);
	/* One that is in use does not go by a reload. */
	assert_false(rig_reload(rig));
	rig_stop(rig);
	rig_start(rig);
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "revocation-unavailable");
	rig_write_settings(rig, "[revocation]\nmode = relaxed\n");
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_non_null(rig_wait_log(rig, 0, "revocation-unknown"));
	/* Relaxed is about what is not known; this is. */
	rig_write_crls(rig, rig->alice);
	assert_true(rig_reload(rig));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "revoked");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(good_ones_are_answered),
		TEST(T021_no_resumption),
		TEST(T022_revoked_on_an_open_connection),
		TEST(T022_ca_removed),
		TEST(T039_reloads_under_load),
		TEST(T034_replaced_on_disk),
		TEST(T024_sni_and_alpn),
		TEST(T025_the_alert_arrives),
		TEST(T026_no_certificate),
		TEST(T026_wrong_signatures),
		TEST(T026_at_the_wrong_door),
		TEST(T026_another_ca_below_the_root),
		TEST(T027_older_protocols),
		TEST(T029_no_second_handshake),
		TEST(T030_validity_and_numbers),
		TEST(T031_who_may_issue),
		TEST(T033_purpose),
		TEST(T034_revoked_on_each_listener),
		TEST(T035_no_crl_denies_unless_relaxed),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}

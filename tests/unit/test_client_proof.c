/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-026: a certificate is public, and only CertificateVerify proves the key.
 * Every last flight of a client that leaves it out, has it in the wrong
 * place, or signs something else with something else: the server's handshake
 * fails, and no byte of the client's data comes out of it.
 */
#include "config.h"

#include <string.h>

#include <openssl/err.h>

#include "../lib/tls_forger.h"
#include "../lib/tls_rig.h"
#include "../lib/unit.h"

static uint8_t buf[FORGER_BYTES_MAX];

/* Carries what there is from the forger to a server in memory and back. */
struct meeting {
	struct forger forger;
	SSL *server;
	BIO *in, *out;		/* the server's */
	SSL_CTX *client_ctx;
};

static void
to_server(struct meeting *m)
{
	struct forger *f = &m->forger;

	if (f->flight_len > 0)
		assert_int_equal(BIO_write(m->in, f->flight,
		    (int)f->flight_len), (int)f->flight_len);
	f->flight_len = 0;
}

/* To buf. */
static size_t
from_server(struct meeting *m)
{
	int n = BIO_read(m->out, buf, sizeof(buf));

	return n > 0 ? (size_t)n : 0;
}

/* As far as the client's last flight. */
static void
meet(struct rig *rig, const struct pki_cert *user, struct meeting *m)
{
	struct rig_case c = { 0 };
	SSL_CTX *server = rig_server_ctx(rig, &c);
	size_t len = 0;

	m->client_ctx = rig_loose_client_ctx(rig, user, NULL);
	forger_init(&m->forger, m->client_ctx);
	m->server = SSL_new(server);
	SSL_CTX_free(server);
	m->in = BIO_new(BIO_s_mem());
	m->out = BIO_new(BIO_s_mem());
	assert_true(m->server != NULL && m->in != NULL && m->out != NULL);
	SSL_set_bio(m->server, m->in, m->out);
	SSL_set_accept_state(m->server);
	for (int i = 0; !forger_shake(&m->forger, buf, len); i++) {
		assert_true(i < 3);
		to_server(m);
		(void)SSL_do_handshake(m->server);
		len = from_server(m);
	}
}

static void
part(struct meeting *m)
{
	SSL_free(m->server);
	forger_done(&m->forger);
	SSL_CTX_free(m->client_ctx);
	ERR_clear_error();
}

struct forgery {
	const char *name;
	const char *messages;
	const struct pki_cert *user;
	struct forged_verify verify;
};

/* Sends it, and a word as if all were well; whether the server reads it. */
static int
is_let_in(struct rig *rig, const struct forgery *forgery)
{
	static struct meeting m;
	int ret, error, n;

	meet(rig, forgery->user, &m);
	forger_add(&m.forger, forgery->messages, &forgery->verify);
	forger_add_data(&m.forger, "let me in");
	to_server(&m);
	ERR_clear_error();
	ret = SSL_do_handshake(m.server);
	error = SSL_get_error(m.server, ret);
	ERR_clear_error();
	n = SSL_read(m.server, buf, sizeof(buf));
	if (ret == 1) {
		assert_int_equal(n, 9);
		assert_memory_equal(buf, "let me in", 9);
		assert_int_equal(mtls_tls_check_peer(m.server, MTLS_TLS_13,
		    NULL), MTLS_OK);
	} else {
		assert_true(n <= 0);
		/* It is over; it does not wait for something better. */
		assert_int_equal(error, SSL_ERROR_SSL);
		assert_int_not_equal(mtls_tls_check_peer(m.server,
		    MTLS_TLS_13, NULL), MTLS_OK);
		assert_int_equal(forger_hear(&m.forger, buf,
		    from_server(&m), buf, sizeof(buf)), -1);
	}
	part(&m);
	return ret == 1;
}

static void
refused(struct rig *rig, const struct forgery *forgeries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_let_in(rig, &forgeries[i]))
			fail_msg("%s", forgeries[i].name);
	}
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct pki_cert *
rsa_user(struct rig *rig)
{
	return pki_user(rig->pki, rig->users, "bob",
	    &(struct pki_options){ .key_type = PKI_RSA2048 });
}

/* Otherwise every refusal below would mean nothing. */
static void
honest_flights_are_let_in(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *rsa = rsa_user(rig);
	const struct forgery honest[] = {
		{ "P-256", "CVF", rig->user, { .key = rig->user->key } },
		{ "RSA-PSS", "CVF", rsa, { .key = rsa->key, .scheme = 0x0804,
		    .rsa_padding = RSA_PKCS1_PSS_PADDING } },
	};

	for (size_t i = 0; i < COUNT(honest); i++) {
		if (!is_let_in(rig, &honest[i]))
			fail_msg("%s", honest[i].name);
	}
}

static void
T026_without_certificate_verify(void **state)
{
	struct rig *rig = *state;
	const struct forged_verify good = { .key = rig->user->key };
	const struct forgery forgeries[] = {
		{ "left out", "CF", rig->user, good },
		{ "Finished alone", "F", rig->user, good },
		{ "nothing", "", rig->user, good },
		{ "Certificate alone", "C", rig->user, good },
		{ "no certificate in it", "EF", rig->user, good },
		{ "none in it, and a signature", "EVF", rig->user, good },
		{ "a signature alone", "VF", rig->user, good },
	};

	refused(rig, forgeries, COUNT(forgeries));
}

static void
T026_in_the_wrong_order(void **state)
{
	struct rig *rig = *state;
	const struct forged_verify good = { .key = rig->user->key };
	const struct forgery forgeries[] = {
		{ "before the certificate", "VCF", rig->user, good },
		{ "after Finished", "CFV", rig->user, good },
		{ "twice", "CVVF", rig->user, good },
		{ "two certificates", "CCVF", rig->user, good },
		{ "another certificate behind it", "CVCF", rig->user, good },
		{ "no certificate behind it", "CVEF", rig->user, good },
		{ "without Finished", "CV", rig->user, good },
		{ "with a wrong Finished", "CVX", rig->user, good },
	};

	refused(rig, forgeries, COUNT(forgeries));
}

static void
T026_signed_by_or_over_something_else(void **state)
{
	struct rig *rig = *state;
	EVP_PKEY *key = rig->user->key;
	const struct forgery forgeries[] = {
		{ "another's key", "CVF", rig->user,
		    { .key = rig->server->key } },
		{ "the server's context", "CVF", rig->user, { .key = key,
		    .context = "TLS 1.3, server CertificateVerify" } },
		{ "no context", "CVF", rig->user, { .key = key,
		    .context = "" } },
		{ "another handshake", "CVF", rig->user, { .key = key,
		    .is_stale = 1 } },
		{ "no signature", "CVF", rig->user, { .key = key,
		    .is_empty = 1 } },
	};

	refused(rig, forgeries, COUNT(forgeries));
}

/* Good signatures by the right key, of kinds that TLS 1.3 does not have. */
static void
T026_weak_or_wrong_schemes(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *rsa = rsa_user(rig);
	EVP_PKEY *ec_key = rig->user->key;
	const struct forgery forgeries[] = {
		{ "ecdsa_sha1", "CVF", rig->user, { .key = ec_key,
		    .scheme = 0x0203, .digest = EVP_sha1() } },
		{ "SHA-1 by the name of SHA-256", "CVF", rig->user,
		    { .key = ec_key, .digest = EVP_sha1() } },
		{ "a scheme of P-384", "CVF", rig->user, { .key = ec_key,
		    .scheme = 0x0503, .digest = EVP_sha384() } },
		{ "unknown", "CVF", rig->user, { .key = ec_key,
		    .scheme = 0xfefe } },
		{ "anonymous", "CVF", rig->user, { .key = ec_key,
		    .scheme = 0x0403 & 0xff } },
		{ "rsa_pkcs1_sha256", "CVF", rsa, { .key = rsa->key,
		    .scheme = 0x0401, .rsa_padding = RSA_PKCS1_PADDING } },
		{ "rsa_pkcs1_sha512", "CVF", rsa, { .key = rsa->key,
		    .scheme = 0x0601, .digest = EVP_sha512(),
		    .rsa_padding = RSA_PKCS1_PADDING } },
		{ "rsa_pkcs1_sha1", "CVF", rsa, { .key = rsa->key,
		    .scheme = 0x0201, .digest = EVP_sha1(),
		    .rsa_padding = RSA_PKCS1_PADDING } },
		{ "PKCS#1 v1.5 by the name of PSS", "CVF", rsa,
		    { .key = rsa->key, .scheme = 0x0804,
		    .rsa_padding = RSA_PKCS1_PADDING } },
		{ "PSS of another digest", "CVF", rsa, { .key = rsa->key,
		    .scheme = 0x0804, .digest = EVP_sha384(),
		    .rsa_padding = RSA_PKCS1_PSS_PADDING } },
		{ "PSS with another kind of key", "CVF", rsa,
		    { .key = rsa->key, .scheme = 0x0809,
		    .rsa_padding = RSA_PKCS1_PSS_PADDING } },
	};

	refused(rig, forgeries, COUNT(forgeries));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_flights_are_let_in),
		cmocka_unit_test(T026_without_certificate_verify),
		cmocka_unit_test(T026_in_the_wrong_order),
		cmocka_unit_test(T026_signed_by_or_over_something_else),
		cmocka_unit_test(T026_weak_or_wrong_schemes),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

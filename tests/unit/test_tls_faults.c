/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-140 for tls/: every allocation, ours and OpenSSL's, fails once. Then
 * nothing is accepted that is not accepted otherwise, nothing is half done,
 * and nothing is lost.
 *
 * OpenSSL keeps what it has once looked up, so that scenarios run a few
 * times before the sweep, and what counts as lost is what a run untouched
 * afterwards does not find again. In handshakes, what OpenSSL itself loses is
 * not counted (x509_pubkey_ex_d2i_ex() in 3.0 forgets a key when a decoder
 * cannot be made).
 *
 * Where a run takes milliseconds and makes thousands of calls, every few
 * calls one fails. MTLS_SWEEP_STEP=N in the environment says every how many,
 * everywhere: 1 for all of them, 100 where a handshake takes a second.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "../lib/fail_nth.h"
#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "mtls/identity.h"
#include "mtls/login.h"
#include "mtls/pem.h"
#include "mtls/signer.h"

/* OpenSSL's allocator, made of calls that fail_nth sees. */
static long ssl_live;

static void *
ssl_malloc(size_t n, const char *file, int line)
{
	void *p = n == 0 ? NULL : malloc(n);

	(void)file;
	(void)line;
	ssl_live += p != NULL;
	return p;
}

static void
ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	ssl_live -= p != NULL;
	free(p);
}

static void *
ssl_realloc(void *old, size_t n, const char *file, int line)
{
	void *p;

	if (n == 0) {
		ssl_free(old, file, line);
		return NULL;
	}
	p = realloc(old, n);
	ssl_live += p != NULL && old == NULL;
	return p;
}

/* What a scenario ended in. */
enum end { END_FAILED, END_DONE, END_WRONG };

typedef enum end (*scenario_fn)(struct rig *rig, void *arg);

static enum end
run(scenario_fn scenario, struct rig *rig, void *arg, unsigned nth)
{
	enum end end;

	fail_nth_start(nth);
	end = scenario(rig, arg);
	(void)fail_nth_stop();
	ERR_clear_error();
	/* The error records of this thread keep their buffers. */
	OPENSSL_thread_stop();
	return end;
}

enum pace { EVERY_CALL = 1, SOME_CALLS = 23 };

static unsigned
step(enum pace pace)
{
	const char *s = getenv("MTLS_SWEEP_STEP");

	return s != NULL && atoi(s) > 0 ? (unsigned)atoi(s) : pace;
}

static enum end meet(struct rig *rig, void *arg);

static long
count(scenario_fn scenario)
{
	return fail_nth_live() - (scenario == meet ? ssl_live : 0);
}

/* LeakSanitizer, where the program has it. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* Returns how many calls could be made to fail. */
static unsigned
sweep(scenario_fn scenario, struct rig *rig, void *arg, enum end untouched,
    enum pace pace)
{
	const char *failed;
	unsigned nth = 0;
	long live;
	enum end end;

	for (int i = 0; i < 3; i++)
		assert_int_equal(run(scenario, rig, arg, 0), untouched);
	live = count(scenario);
	do {
		nth += step(pace);
		end = run(scenario, rig, arg, nth);
		failed = fail_nth_failed();
		if (end == END_WRONG)
			fail_msg("wrong without call %u (%s)", nth, failed);
		/* No success where there is none untouched. */
		if (end == END_DONE && untouched != END_DONE)
			fail_msg("done without call %u (%s)", nth, failed);
		if (failed == NULL)
			assert_int_equal(end, untouched);
	} while (failed != NULL);
	assert_int_equal(run(scenario, rig, arg, 0), untouched);
	if (count(scenario) != live)
		fail_msg("%ld allocations lost", count(scenario) - live);
	return nth;
}

struct input {
	uint8_t *der;
	size_t len;
};

static enum end
read_identity(struct rig *rig, void *arg)
{
	struct input *in = arg;
	struct mtls_identity id = {0};
	enum end end = END_DONE;
	X509 *x = NULL;

	if (mtls_der_certificate(rig->tls, in->der, in->len, &x, NULL) !=
	    MTLS_OK)
		return END_FAILED;
	if (mtls_identity_read(x, &id, NULL) != MTLS_OK)
		end = id.subject != NULL ? END_WRONG : END_FAILED;
	else if (id.upn.n != 1 || id.email.n != 1 || id.cn.n != 1 ||
	    strcmp(id.upn.text[0], "alice@acme.example") != 0 ||
	    strcmp(id.subject, "CN=alice,O=Acme") != 0 ||
	    strcmp(id.issuer, "CN=Acme Staff CA,O=Acme") != 0 ||
	    id.is_ca || id.for_server_auth)
		end = END_WRONG;
	mtls_identity_clear(&id);
	X509_free(x);
	return end;
}

static void
T140_identity(void **state)
{
	struct rig *rig = *state;
	struct input in;

	in.der = pki_der(rig->user, &in.len);
	assert_true(sweep(read_identity, rig, &in, END_DONE,
	    EVERY_CALL) > 100);
	free(in.der);
}

/* Certificates that must not become readable for want of memory. */
static void
T140_bad_identity(void **state)
{
	static const uint8_t dns[] = "\x30\x05\x82\x03" "a\0b";
	static const struct pki_extension nul[] = {
		{"subjectAltName", 0, dns, sizeof(dns) - 1}, {0}
	};
	static const uint8_t upn[] = "\x30\x13\xa0\x11\x06\x0a\x2b\x06\x01"
	    "\x04\x01\x82\x37\x14\x02\x03\xa0\x03\x16\x01" "a";
	static const struct pki_extension ia5[] = {
		{"subjectAltName", 0, upn, sizeof(upn) - 1}, {0}
	};
	static const struct pki_options all[] = {
		{.san = "", .extra = nul}, {.san = "", .extra = ia5},
		{.extra = nul}, {.serial = "-1"}
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct pki_cert *cert = pki_user(rig->pki, rig->users,
		    "alice", &all[i]);
		struct input in;

		in.der = pki_der(cert, &in.len);
		assert_true(sweep(read_identity, rig, &in, END_FAILED,
		    EVERY_CALL) > 50);
		free(in.der);
	}
}

static enum mtls_status
sign_with_key(void *arg, unsigned scheme, const uint8_t *message,
    size_t message_len, uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	ok = ctx != NULL && scheme == MTLS_SCHEME_ECDSA_P256_SHA256 &&
	    EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, arg,
	    NULL) == 1 && EVP_DigestSign(ctx, sig, sig_len, message,
	    message_len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? MTLS_OK : mtls_fail(err, MTLS_E_TOKEN_FAILED, "card");
}

static enum end
sign_request(struct rig *rig, void *arg)
{
	EVP_PKEY *key = NULL;
	X509_REQ *req = NULL;
	enum end end = END_FAILED;
	struct mtls_err err;

	(void)arg;
	mtls_err_clear(&err);
	if (mtls_signer_key(rig->tls, rig->user->key, sign_with_key,
	    rig->user->key, &key, &err) != MTLS_OK)
		return key == NULL && err.status != MTLS_OK ? END_FAILED :
		    END_WRONG;
	req = X509_REQ_new_ex(mtls_tls_libctx0(rig->tls), NULL);
	if (req != NULL && X509_REQ_set_pubkey(req, key) == 1 &&
	    X509_REQ_sign(req, key, EVP_sha256()) > 0) {
		/* Signed is signed: looked at with all memory there is. */
		fail_nth_pause();
		end = X509_REQ_verify(req, rig->user->key) == 1 ? END_DONE :
		    END_WRONG;
		fail_nth_resume();
	}
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return end;
}

static void
T140_signer(void **state)
{
	assert_true(sweep(sign_request, *state, NULL, END_DONE,
	    EVERY_CALL) > 100);
}

static enum end
load_files(struct rig *rig, void *arg)
{
	const struct mtls_tls_server_options *o = arg;
	struct mtls_err err;
	SSL_CTX *ctx = NULL;
	enum mtls_status s;

	mtls_err_clear(&err);
	s = mtls_tls_server_ctx(rig->tls, o, &ctx, &err);
	if (s != MTLS_OK)
		return ctx == NULL && err.status == s ? END_FAILED :
		    END_WRONG;
	SSL_CTX_free(ctx);
	return END_DONE;
}

static struct mtls_tls_server_options
server_options(struct rig *rig)
{
	return (struct mtls_tls_server_options){
		.certificate_file = pki_file_certs(rig->pki, "s.pem",
		    PKI_CERTS(rig->server, rig->machines)),
		.key_file = pki_file_key(rig->pki, "s.key", rig->server),
		.client_ca_file = rig->user_ca_file
	};
}

static void
T140_server_context(void **state)
{
	struct rig *rig = *state;
	struct mtls_tls_server_options o = server_options(rig);

	assert_true(sweep(load_files, rig, &o, END_DONE, SOME_CALLS) > 500);
	/* A file that must not load, a key that does not fit. */
	o.client_ca_file = pki_file_certs(rig->pki, "bad.pem",
	    PKI_CERTS(rig->root, rig->user));
	assert_true(sweep(load_files, rig, &o, END_FAILED, SOME_CALLS) > 100);
	o = server_options(rig);
	o.key_file = pki_file_key(rig->pki, "other.key", rig->user);
	assert_true(sweep(load_files, rig, &o, END_FAILED, SOME_CALLS) > 100);
}

struct meeting {
	SSL_CTX *client, *server;
	const char *name;
};

/* DONE: the server took the client, and the client the server. */
static enum end
meet(struct rig *rig, void *arg)
{
	struct meeting *m = arg;
	struct tls_pair pair;
	SSL *client = NULL;
	SSL *server = SSL_new(m->server);
	enum end end = END_FAILED;
	BIO *a = NULL;
	BIO *b = NULL;

	(void)rig;
	if (server == NULL || mtls_tls_client_ssl(m->client, m->name,
	    &client, NULL) != MTLS_OK ||
	    BIO_new_bio_pair(&a, 1 << 17, &b, 1 << 17) != 1) {
		SSL_free(server);
		SSL_free(client);
		return END_FAILED;
	}
	memset(&pair, 0, sizeof(pair));
	SSL_set_bio(client, a, a);
	SSL_set_bio(server, b, b);
	SSL_set_accept_state(server);
	pair.client.ssl = client;
	pair.server.ssl = server;
	tls_pair_handshake(&pair);
	if (pair.server.is_done && pair.client.is_done &&
	    mtls_tls_check_peer(server, MTLS_TLS_13, NULL) == MTLS_OK &&
	    mtls_tls_check_peer(client, MTLS_TLS_13, NULL) == MTLS_OK)
		end = END_DONE;
	tls_pair_free(&pair);
	return end;
}

static void
sweep_meeting(struct rig *rig, const struct rig_case *c, const char *name,
    enum end untouched, enum pace pace)
{
	struct meeting m = {rig_client_ctx(rig, c), rig_server_ctx(rig, c),
	    name};

	if (__lsan_disable != NULL)
		__lsan_disable();
	assert_true(sweep(meet, rig, &m, untouched, pace) > 300);
	if (__lsan_enable != NULL)
		__lsan_enable();
	SSL_CTX_free(m.client);
	SSL_CTX_free(m.server);
}

static void
T140_handshake(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};

	sweep_meeting(rig, &c, RIG_SERVER, END_DONE, SOME_CALLS);
}

static void
T140_handshake_with_somebody_else(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};

	sweep_meeting(rig, &c, "verifier2.acme.example", END_FAILED,
	    EVERY_CALL);
	c.user = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.starts_s = -7200, .ends_s = -60});
	sweep_meeting(rig, &c, RIG_SERVER, END_FAILED, SOME_CALLS);
	c.user = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.eku = ""});
	sweep_meeting(rig, &c, RIG_SERVER, END_FAILED, SOME_CALLS);
	c.user = pki_user(rig->pki, rig->machines, "alice", NULL);
	sweep_meeting(rig, &c, RIG_SERVER, END_FAILED, SOME_CALLS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_identity),
		cmocka_unit_test(T140_bad_identity),
		cmocka_unit_test(T140_signer),
		cmocka_unit_test(T140_server_context),
		cmocka_unit_test(T140_handshake),
		cmocka_unit_test(T140_handshake_with_somebody_else),
	};

	if (CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
		return 99;
	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

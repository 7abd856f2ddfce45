/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The client that looks before it answers, what it learns, and the sentence
 * that an end becomes.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"

static int
has_name(const STACK_OF(X509_NAME) *names, const struct pki_cert *ca)
{
	for (int i = 0; i < sk_X509_NAME_num(names); i++) {
		if (X509_NAME_cmp(sk_X509_NAME_value(names, i),
		    X509_get_subject_name(ca->x509)) == 0)
			return 1;
	}
	return 0;
}

/* Runs a client that stops; both versions of the protocol can. */
static void
stop(struct rig *rig, SSL_CTX *server, int max_version,
    struct tls_pair *pair)
{
	struct rig_case c = {.no_user_cert = 1,
	    .client_min = MTLS_TLS_12_INSECURE};
	SSL_CTX *client = rig_client_ctx(rig, &c);
	SSL *ssl = NULL;

	SSL_CTX_set_max_proto_version(client, max_version);
	assert_int_equal(mtls_tls_client_ssl(client, RIG_SERVER, &ssl, NULL),
	    MTLS_OK);
	mtls_tls_stop_before_certificate(ssl);
	assert_false(mtls_tls_stopped_before_certificate(ssl));
	tls_pair_init(pair, ssl, SSL_new(server));
	tls_pair_handshake(pair);
	SSL_CTX_free(client);
}

static void
stops_before_the_certificate(void **state)
{
	static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
	struct rig *rig = *state;
	struct rig_case c = {.server_min = MTLS_TLS_12_INSECURE};
	STACK_OF(X509_NAME) *names = NULL;
	struct tls_pair pair;

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *server = rig_server_ctx(rig, &c);

		stop(rig, server, versions[i], &pair);
		assert_false(pair.client.is_done);
		assert_int_equal(pair.client.ssl_error,
		    SSL_ERROR_WANT_X509_LOOKUP);
		assert_true(mtls_tls_stopped_before_certificate(
		    pair.client.ssl));
		assert_int_equal(SSL_get_verify_result(pair.client.ssl),
		    X509_V_OK);
		assert_int_equal(mtls_tls_accepted_issuers(pair.client.ssl,
		    &names, NULL), MTLS_OK);
		assert_int_equal(sk_X509_NAME_num(names), 2);
		assert_true(has_name(names, rig->users));
		assert_true(has_name(names, rig->root));
		assert_false(has_name(names, rig->machines));
		/* Nothing was proven: this is no connection to use. */
		assert_int_equal(mtls_tls_check_peer(pair.client.ssl,
		    MTLS_TLS_12_INSECURE, NULL), MTLS_E_PEER);
		assert_false(pair.server.is_done);
		tls_pair_free(&pair);
		/* A copy of our own. */
		assert_true(has_name(names, rig->users));
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		SSL_CTX_free(server);
	}
}

static void
T011_wrong_server_is_not_stopped_at(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *other = pki_server(rig->pki, rig->machines,
	    "verifier2.acme.example", NULL);
	SSL_CTX *server = rig_loose_server_ctx(rig, other,
	    PKI_CERTS(rig->machines));
	struct tls_pair pair;

	stop(rig, server, TLS1_3_VERSION, &pair);
	assert_false(mtls_tls_stopped_before_certificate(pair.client.ssl));
	assert_int_equal(pair.client.status, MTLS_E_PEER);
	tls_pair_free(&pair);
	SSL_CTX_free(server);
}

static void
server_that_does_not_ask(void **state)
{
	struct rig *rig = *state;
	SSL_CTX *server = rig_loose_server_ctx(rig, rig->server,
	    PKI_CERTS(rig->machines));
	STACK_OF(X509_NAME) *names = NULL;
	struct tls_pair pair;

	SSL_CTX_set_verify(server, SSL_VERIFY_NONE, NULL);
	stop(rig, server, TLS1_3_VERSION, &pair);
	assert_false(mtls_tls_stopped_before_certificate(pair.client.ssl));
	assert_true(pair.client.is_done);
	assert_int_equal(mtls_tls_accepted_issuers(pair.client.ssl, &names,
	    NULL), MTLS_OK);
	assert_int_equal(sk_X509_NAME_num(names), 0);
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	tls_pair_free(&pair);
	SSL_CTX_free(server);
}

/* One code through mtls_tls_failure() on a fresh connection. */
static void
failure_is(struct rig *rig, unsigned long code, enum mtls_status status,
    const char *text)
{
	struct rig_case c = {0};
	SSL_CTX *ctx = rig_client_ctx(rig, &c);
	struct mtls_err err;
	SSL *ssl = NULL;

	assert_int_equal(mtls_tls_client_ssl(ctx, RIG_SERVER, &ssl, NULL),
	    MTLS_OK);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_failure(ssl, code, &err), status);
	assert_int_equal(err.status, status);
	assert_string_equal(err.text, text);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

#define ALERT(n) ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + (n))

static void
failures_have_a_status_and_a_sentence(void **state)
{
	struct rig *rig = *state;

	failure_is(rig, 0, MTLS_E_CLOSED, "the peer closed the connection");
	failure_is(rig, ERR_PACK(ERR_LIB_SSL, 0,
	    SSL_R_UNEXPECTED_EOF_WHILE_READING), MTLS_E_CLOSED,
	    "the peer closed the connection");
	failure_is(rig, ALERT(SSL_AD_CERTIFICATE_REVOKED), MTLS_E_REFUSED,
	    "the peer refused our certificate: certificate revoked");
	failure_is(rig, ALERT(SSL_AD_CERTIFICATE_REQUIRED), MTLS_E_REFUSED,
	    "the peer refused our certificate: certificate required");
	failure_is(rig, ALERT(SSL_AD_HANDSHAKE_FAILURE), MTLS_E_PROTOCOL,
	    "the peer sent the alert: handshake failure");
	failure_is(rig, ALERT(255), MTLS_E_PROTOCOL,
	    "the peer sent the alert: unknown");
	failure_is(rig, ERR_PACK(ERR_LIB_SSL, 0, SSL_R_HTTP_REQUEST),
	    MTLS_E_PROTOCOL, "TLS: http request");
	failure_is(rig, ERR_PACK(ERR_LIB_SSL, 0,
	    SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE), MTLS_E_PEER,
	    "the peer showed no certificate");
	failure_is(rig, ERR_PACK(ERR_LIB_RSA, 0, ERR_R_MALLOC_FAILURE),
	    MTLS_E_MEMORY, "out of memory");
	failure_is(rig, ERR_PACK(ERR_LIB_PROV, 0, ERR_R_OPERATION_FAIL),
	    MTLS_E_CRYPTO, "OpenSSL: operation fail");
	failure_is(rig, ERR_SYSTEM_FLAG | ECONNRESET, MTLS_E_CLOSED,
	    "the peer closed the connection: Connection reset by peer");
}

static void
garbage_is_a_protocol_error(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	SSL_CTX *ctx = rig_server_ctx(rig, &c);
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem());
	struct mtls_err err;

	BIO_puts(in, "GET / HTTP/1.1\r\nHost: verifier1\r\n\r\n");
	SSL_set_bio(ssl, in, BIO_new(BIO_s_mem()));
	SSL_set_accept_state(ssl);
	ERR_clear_error();
	assert_true(SSL_do_handshake(ssl) <= 0);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_failure(ssl, ERR_get_error(), &err),
	    MTLS_E_PROTOCOL);
	assert_string_equal(err.text, "TLS: http request");
	assert_int_equal(ERR_peek_error(), 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static void
certificate_list_is_bounded(void **state)
{
	struct rig *rig = *state;
	static uint8_t big[40 * 1024];
	const struct pki_extension extra[] = {
		{"1.3.6.1.4.1.99999.1", 0, big, sizeof(big)},
		{NULL, 0, NULL, 0}
	};
	struct rig_case c = {.user = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.extra = extra})};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	assert_false(pair.server.is_done);
	assert_int_equal(pair.server.status, MTLS_E_PROTOCOL);
	tls_pair_free(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stops_before_the_certificate),
		cmocka_unit_test(T011_wrong_server_is_not_stopped_at),
		cmocka_unit_test(server_that_does_not_ask),
		cmocka_unit_test(failures_have_a_status_and_a_sentence),
		cmocka_unit_test(garbage_is_a_protocol_error),
		cmocka_unit_test(certificate_list_is_bounded),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The TLS profile: what is agreed on, and what is never agreed on.
 */
#include "config.h"

#include <string.h>

#include <openssl/err.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"

static void
good_handshake_carries_data(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	if (!rig_both_accept(&pair, MTLS_TLS_13))
		fail_msg("client: %s, server: %s", pair.client.err.text,
		    pair.server.err.text);
	assert_int_equal(SSL_version(pair.client.ssl), TLS1_3_VERSION);
	assert_true(tls_pair_carries(&pair.client, &pair.server, "question"));
	assert_true(tls_pair_carries(&pair.server, &pair.client, "answer"));
	tls_pair_free(&pair);
}

/* Two contexts in one process do not know of each other. */
static void
two_contexts(void **state)
{
	struct rig *rig = *state;
	struct rig other = *rig;
	struct rig_case c = {0};
	struct tls_pair pair;
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client;

	assert_int_equal(mtls_tls_new(&other.tls, NULL), MTLS_OK);
	assert_ptr_not_equal(mtls_tls_libctx0(other.tls),
	    mtls_tls_libctx0(rig->tls));
	client = rig_client_ctx(&other, &c);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	mtls_tls_free(other.tls);
	SSL_CTX_free(server);
	mtls_tls_free(NULL);
}

static void
check_peer_refuses_what_is_not_finished(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	SSL_CTX *client = rig_client_ctx(rig, &c);
	struct mtls_err err;
	SSL *ssl = NULL;

	assert_int_equal(mtls_tls_client_ssl(client, RIG_SERVER, &ssl, NULL),
	    MTLS_OK);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_check_peer(ssl, MTLS_TLS_13, &err),
	    MTLS_E_PEER);
	SSL_free(ssl);
	SSL_CTX_free(client);
}

/* Meets our server with a client that offers these protocols. */
static enum mtls_status
server_status_for_alpn(struct rig *rig, const char *alpn, size_t len,
    const char *sni)
{
	struct rig_case c = {0};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_loose_client_ctx(rig, rig->user, NULL);
	struct tls_pair pair;
	SSL *ssl = SSL_new(client);
	enum mtls_status s;

	if (len > 0)
		SSL_set_alpn_protos(ssl, (const unsigned char *)alpn,
		    (unsigned)len);
	if (sni != NULL)
		SSL_set_tlsext_host_name(ssl, sni);
	tls_pair_init(&pair, ssl, SSL_new(server));
	tls_pair_handshake(&pair);
	s = pair.server.status;
	if (s == MTLS_OK)
		s = mtls_tls_check_peer(pair.server.ssl, MTLS_TLS_13, NULL);
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
	return s;
}

static void
T024_alpn_and_sni_at_the_server(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(server_status_for_alpn(rig, "\x08http/1.1", 9,
	    RIG_SERVER), MTLS_OK);
	assert_int_equal(server_status_for_alpn(rig, "\x02h2\x08http/1.1", 12,
	    NULL), MTLS_OK);
	assert_int_equal(server_status_for_alpn(rig, NULL, 0,
	    "other.example"), MTLS_OK);
	assert_int_equal(server_status_for_alpn(rig, "\x02h2", 3, NULL),
	    MTLS_E_PROTOCOL);
	assert_int_equal(server_status_for_alpn(rig, "\x08http/1.0", 9, NULL),
	    MTLS_E_PROTOCOL);
}

static void
T024_server_without_alpn(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	SSL_CTX *server = rig_loose_server_ctx(rig, rig->server,
	    PKI_CERTS(rig->machines));
	SSL_CTX *client = rig_client_ctx(rig, &c);
	struct tls_pair pair;
	struct mtls_err err;

	SSL_CTX_set_alpn_select_cb(server, NULL, NULL);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_true(pair.client.is_done);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_check_peer(pair.client.ssl, MTLS_TLS_13,
	    &err), MTLS_E_PEER);
	assert_string_equal(err.text, "the peer does not speak http/1.1");
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

static unsigned int
give_psk(SSL *ssl, const char *identity, unsigned char *psk,
    unsigned int max)
{
	(void)ssl;
	(void)identity;
	memset(psk, 7, max < 16 ? max : 16);
	return 16;
}

/* Our client does not finish with server, whatever minimum it has. */
static void
refused_server(struct rig *rig, SSL_CTX *server, enum mtls_tls_min min)
{
	struct rig_case c = {.client_min = min};
	SSL_CTX *client = rig_client_ctx(rig, &c);
	struct tls_pair pair;

	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_false(pair.client.is_done);
	assert_int_equal(pair.client.status, MTLS_E_PROTOCOL);
	assert_int_not_equal(mtls_tls_check_peer(pair.client.ssl, min, NULL),
	    MTLS_OK);
	tls_pair_free(&pair);
	SSL_CTX_free(client);
}

static void
T027_old_versions(void **state)
{
	struct rig *rig = *state;
	SSL_CTX *server = rig_loose_server_ctx(rig, rig->server,
	    PKI_CERTS(rig->machines));

	SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
	refused_server(rig, server, MTLS_TLS_13);
	SSL_CTX_set_min_proto_version(server, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(server, TLS1_1_VERSION);
	refused_server(rig, server, MTLS_TLS_13);
	refused_server(rig, server, MTLS_TLS_12_INSECURE);
	SSL_CTX_free(server);
}

static void
T027_anonymous_null_and_psk(void **state)
{
	static const char *const lists[] = {
		"aNULL@SECLEVEL=0", "eNULL@SECLEVEL=0", "PSK@SECLEVEL=0",
		"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256@SECLEVEL=0"
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		SSL_CTX *server = rig_loose_server_ctx(rig, rig->server,
		    PKI_CERTS(rig->machines));

		SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
		assert_int_equal(SSL_CTX_set_cipher_list(server, lists[i]),
		    1);
		SSL_CTX_set_psk_server_callback(server, give_psk);
		refused_server(rig, server, MTLS_TLS_12_INSECURE);
		refused_server(rig, server, MTLS_TLS_13);
		SSL_CTX_free(server);
	}
	{
		/* TLS 1.3 with nothing but PSK. */
		SSL_CTX *server = rig_loose_server_ctx(rig, NULL, NULL);

		SSL_CTX_set_psk_server_callback(server, give_psk);
		refused_server(rig, server, MTLS_TLS_13);
		SSL_CTX_free(server);
	}
}

static void
T027_old_client_at_our_server(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_loose_client_ctx(rig, rig->user, NULL);
	struct tls_pair pair;

	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_false(pair.server.is_done);
	assert_false(pair.client.is_done);
	assert_int_equal(pair.server.status, MTLS_E_PROTOCOL);
	assert_int_equal(pair.client.status, MTLS_E_PROTOCOL);
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

static void
tls_12_only_where_both_allow_it(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.client_min = MTLS_TLS_12_INSECURE,
	    .server_min = MTLS_TLS_12_INSECURE};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_client_ctx(rig, &c);
	struct tls_pair pair;
	struct mtls_err err;

	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	tls_pair_free(&pair);

	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_12_INSECURE));
	assert_true(tls_pair_carries(&pair.client, &pair.server, "hello"));
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_check_peer(pair.server.ssl, MTLS_TLS_13,
	    &err), MTLS_E_PEER);
	assert_string_equal(err.text, "the protocol version is too old");
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

static void
no_post_handshake_authentication(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	struct tls_pair pair;

	rig_meet(rig, &c, &pair);
	assert_int_equal(SSL_verify_client_post_handshake(pair.server.ssl),
	    0);
	ERR_clear_error();
	tls_pair_free(&pair);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_handshake_carries_data),
		cmocka_unit_test(two_contexts),
		cmocka_unit_test(check_peer_refuses_what_is_not_finished),
		cmocka_unit_test(T024_alpn_and_sni_at_the_server),
		cmocka_unit_test(T024_server_without_alpn),
		cmocka_unit_test(T027_old_versions),
		cmocka_unit_test(T027_anonymous_null_and_psk),
		cmocka_unit_test(T027_old_client_at_our_server),
		cmocka_unit_test(tls_12_only_where_both_allow_it),
		cmocka_unit_test(no_post_handshake_authentication),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

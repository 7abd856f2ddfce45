/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every connection is a handshake of its own: no ticket, no session, no
 * early data, no second handshake stands for a certificate.
 */
#include "config.h"

#include <string.h>

#include <openssl/err.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"

static int
refuse_session(SSL *ssl, SSL_SESSION *session)
{
	(void)session;
	(*(int *)SSL_get_app_data(ssl))++;
	return 0;
}

/* One connection of ours to server, remembering every session it offers. */
static SSL_SESSION *
session_after(SSL_CTX *client, SSL_CTX *server, int *n_sessions,
    SSL_SESSION *offer)
{
	struct tls_pair pair;
	SSL *ssl = NULL;
	SSL_SESSION *session;
	char buf[16];

	*n_sessions = 0;
	SSL_CTX_sess_set_new_cb(client, refuse_session);
	assert_int_equal(mtls_tls_client_ssl(client, RIG_SERVER, &ssl, NULL),
	    MTLS_OK);
	SSL_set_app_data(ssl, n_sessions);
	if (offer != NULL)
		assert_int_equal(SSL_set_session(ssl, offer), 1);
	tls_pair_init(&pair, ssl, SSL_new(server));
	tls_pair_handshake(&pair);
	tls_pair_read(&pair.client, buf, sizeof(buf));
	assert_true(pair.client.is_done);
	assert_true(pair.server.is_done);
	assert_int_equal(SSL_session_reused(pair.client.ssl), 0);
	assert_int_equal(SSL_session_reused(pair.server.ssl), 0);
	assert_int_equal(mtls_tls_check_peer(pair.client.ssl,
	    MTLS_TLS_12_INSECURE, NULL), MTLS_OK);
	session = SSL_get1_session(pair.client.ssl);
	tls_pair_free(&pair);
	return session;
}

static void
T020_no_session_is_resumed(void **state)
{
	static const enum mtls_tls_min mins[] = {
		MTLS_TLS_13, MTLS_TLS_12_INSECURE
	};

	for (size_t i = 0; i < 2; i++) {
		struct rig_case c = {.server_min = mins[i],
		    .client_min = mins[i]};
		SSL_CTX *server = rig_server_ctx(*state, &c);
		SSL_CTX *client = rig_client_ctx(*state, &c);
		SSL_SESSION *first;
		int n = 0;

		if (mins[i] == MTLS_TLS_12_INSECURE)
			SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
		first = session_after(client, server, &n, NULL);
		assert_int_equal(n, 0);
		assert_int_equal(SSL_SESSION_has_ticket(first), 0);
		SSL_SESSION_free(session_after(client, server, &n, first));
		assert_int_equal(n, 0);
		SSL_SESSION_free(first);
		SSL_CTX_free(client);
		SSL_CTX_free(server);
	}
}

/* A server that hands out tickets: our client keeps none. */
static void
T020_tickets_are_not_kept(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {0};
	SSL_CTX *server = rig_loose_server_ctx(rig, rig->server,
	    PKI_CERTS(rig->machines));
	SSL_CTX *client = rig_client_ctx(rig, &c);
	int n = 0;

	SSL_SESSION_free(session_after(client, server, &n, NULL));
	assert_int_equal(n, 0);
	SSL_SESSION_free(session_after(client, server, &n, NULL));
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

/* The last session that a loose client was given. */
static SSL_SESSION *kept;

static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

/* Makes client keep the ticket that x gives it. */
static void
collect_ticket(SSL_CTX *client, SSL_CTX *x)
{
	struct tls_pair pair;

	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(client, keep_session);
	rig_meet_ctx(client, RIG_SERVER, x, &pair);
	assert_true(pair.client.is_done && pair.server.is_done);
	tls_pair_free(&pair);
	assert_non_null(kept);
	assert_int_equal(SSL_SESSION_is_resumable(kept), 1);
}

/* Offers the kept ticket to server, with early data if there is any. */
static void
offer_ticket(SSL_CTX *client, SSL_CTX *server, const char *early,
    struct tls_pair *pair)
{
	SSL *ssl = SSL_new(client);
	size_t written;
	char buf[16];

	SSL_set_tlsext_host_name(ssl, RIG_SERVER);
	assert_int_equal(SSL_set_session(ssl, kept), 1);
	tls_pair_init(pair, ssl, SSL_new(server));
	if (early != NULL)
		assert_int_equal(SSL_write_early_data(ssl, early,
		    strlen(early), &written), 1);
	tls_pair_handshake(pair);
	tls_pair_read(&pair->client, buf, sizeof(buf));
}

/*
 * Listener X gives tickets to anybody; Y is ours. Both even share the ticket
 * key and the session id context. A ticket of X at Y, with early data or
 * without.
 */
static void
refused_ticket(struct rig *rig, const char *early)
{
	struct rig_case c = {0};
	SSL_CTX *x = rig_loose_server_ctx(rig, rig->server,
	    PKI_CERTS(rig->machines));
	SSL_CTX *y = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_loose_client_ctx(rig, NULL, NULL);
	unsigned char keys[80] = "the same keys";
	struct tls_pair pair;
	char buf[32];

	SSL_CTX_set_tlsext_ticket_keys(x, keys, sizeof(keys));
	SSL_CTX_set_tlsext_ticket_keys(y, keys, sizeof(keys));
	SSL_CTX_set_session_id_context(y, (const unsigned char *)"rig", 3);
	SSL_CTX_set_max_early_data(x, 1000);
	collect_ticket(client, x);
	/* It is good: X itself takes it. */
	offer_ticket(client, x, NULL, &pair);
	assert_int_equal(SSL_session_reused(pair.server.ssl), 1);
	tls_pair_free(&pair);
	collect_ticket(client, x);
	offer_ticket(client, y, early, &pair);
	assert_false(pair.server.is_done);
	assert_int_not_equal(pair.server.status, MTLS_OK);
	assert_int_equal(SSL_session_reused(pair.server.ssl), 0);
	assert_int_not_equal(SSL_get_early_data_status(pair.server.ssl),
	    SSL_EARLY_DATA_ACCEPTED);
	assert_true(SSL_read(pair.server.ssl, buf, sizeof(buf)) <= 0);
	assert_int_not_equal(mtls_tls_check_peer(pair.server.ssl,
	    MTLS_TLS_13, NULL), MTLS_OK);
	tls_pair_free(&pair);
	SSL_SESSION_free(kept);
	kept = NULL;
	SSL_CTX_free(client);
	SSL_CTX_free(x);
	SSL_CTX_free(y);
}

static void
T021_ticket_of_another_listener(void **state)
{
	refused_ticket(*state, NULL);
}

static void
T023_early_data(void **state)
{
	refused_ticket(*state, "POST /v1/proofs");
}

/* check_peer does notice, should a context ever allow it. */
static void
T020_check_peer_refuses_resumption(void **state)
{
	struct rig *rig = *state;
	SSL_CTX *server = rig_loose_server_ctx(rig, rig->server,
	    PKI_CERTS(rig->machines));
	SSL_CTX *client = rig_loose_client_ctx(rig, rig->user, NULL);
	struct tls_pair pair;
	struct mtls_err err;

	collect_ticket(client, server);
	offer_ticket(client, server, NULL, &pair);
	assert_int_equal(SSL_session_reused(pair.server.ssl), 1);
	mtls_err_clear(&err);
	assert_int_equal(mtls_tls_check_peer(pair.server.ssl, MTLS_TLS_13,
	    &err), MTLS_E_PEER);
	assert_string_equal(err.text, "the session was resumed");
	tls_pair_free(&pair);
	SSL_SESSION_free(kept);
	kept = NULL;
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

static void
T020_no_renegotiation(void **state)
{
	struct rig *rig = *state;
	struct rig_case c = {.client_min = MTLS_TLS_12_INSECURE,
	    .server_min = MTLS_TLS_12_INSECURE};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_loose_client_ctx(rig, rig->user, NULL);
	struct tls_pair pair;
	char buf[16];

	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	assert_true(pair.client.is_done && pair.server.is_done);
	assert_int_equal(SSL_renegotiate(pair.client.ssl), 1);
	SSL_do_handshake(pair.client.ssl);
	assert_int_equal(tls_pair_read(&pair.server, buf, sizeof(buf)), 0);
	SSL_do_handshake(pair.client.ssl);
	assert_int_equal(SSL_num_renegotiations(pair.server.ssl), 0);
	assert_int_equal(SSL_renegotiate(pair.server.ssl), 0);
	ERR_clear_error();
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T020_no_session_is_resumed),
		cmocka_unit_test(T020_tickets_are_not_kept),
		cmocka_unit_test(T021_ticket_of_another_listener),
		cmocka_unit_test(T023_early_data),
		cmocka_unit_test(T020_check_peer_refuses_resumption),
		cmocka_unit_test(T020_no_renegotiation),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

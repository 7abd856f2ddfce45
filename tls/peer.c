/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who is at the other end: the last word on the peer's certificate during
 * the handshake, what must hold after it, and the client's stop before it
 * answers a CertificateRequest.
 */
#include "config.h"

#include "context.h"

#include <string.h>

#include <openssl/err.h>

#include <openssl/x509v3.h>

#include "leaf.h"

/* Slots of every SSL; their numbers belong to the process. */
static CRYPTO_ONCE slots_once = CRYPTO_ONCE_STATIC_INIT;
static int problem_slot = -1;	/* static const char * */
static int stopped_slot = -1;	/* not NULL: got there */

static void
make_slots(void)
{
	problem_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	stopped_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static int
have_slots(void)
{
	return CRYPTO_THREAD_run_once(&slots_once, make_slots) == 1 &&
	    problem_slot >= 0 && stopped_slot >= 0;
}

static void
set_note(SSL *ssl, const int *slot, const char *note)
{
	/* The data is never written to; it is the type that is not const. */
	union {
		const char *text;
		void *data;
	} u = {note};

	if (have_slots())
		(void)SSL_set_ex_data(ssl, *slot, u.data);
}

static const char *
get_note(const SSL *ssl, const int *slot)
{
	return have_slots() ? SSL_get_ex_data(ssl, *slot) : NULL;
}

const char *
mtls_peer_problem0(const SSL *ssl)
{
	return get_note(ssl, &problem_slot);
}

/*
 * libssl has the name checked as well, but it copies the name for that and
 * does not notice when there is no memory for the copy: then every name is
 * right (ssl_verify_cert_chain() in OpenSSL 3.0). So it is asked for again,
 * together with what OpenSSL does not look at.
 */
static const char *
peer_problem(SSL *ssl, X509 *peer)
{
	const char *name;

	if (SSL_is_server(ssl))
		return mtls_leaf_problem(peer, MTLS_LEAF_CLIENT);
	name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (name == NULL || X509_check_host(peer, name, 0,
	    X509_CHECK_FLAG_NO_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) != 1)
		return "hostname mismatch";
	return mtls_leaf_problem(peer, MTLS_LEAF_SERVER);
}

/*
 * OpenSSL calls this for every error, and for every certificate it accepts,
 * the leaf last. An error stays one.
 */
int
mtls_peer_verify(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(ctx,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	const char *problem;

	if (!ok)
		return 0;
	if (X509_STORE_CTX_get_error_depth(ctx) != 0)
		return 1;
	if (ssl == NULL) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
		return 0;
	}
	problem = peer_problem(ssl, X509_STORE_CTX_get_current_cert(ctx));
	if (problem == NULL)
		return 1;
	set_note(ssl, &problem_slot, problem);
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_INVALID_PURPOSE);
	return 0;
}

static int
has_our_alpn(const SSL *ssl)
{
	static const char ours[] = "http/1.1";
	const unsigned char *alpn;
	unsigned int len;

	SSL_get0_alpn_selected(ssl, &alpn, &len);
	/* A client that offers no protocol is served; see tls.h. */
	if (len == 0)
		return SSL_is_server(ssl);
	return len == sizeof(ours) - 1 && memcmp(alpn, ours, len) == 0;
}

/* What is wrong with a connection that says it is established, or NULL. */
static const char *
connection_problem(SSL *ssl, enum mtls_tls_min min)
{
	X509 *peer = SSL_get0_peer_certificate(ssl);
	int lowest = min == MTLS_TLS_13 ? TLS1_3_VERSION : TLS1_2_VERSION;

	if (!SSL_is_init_finished(ssl))
		return "the handshake is not finished";
	/* Without a certificate the verify result is X509_V_OK. */
	if (peer == NULL)
		return "the peer showed no certificate";
	if (SSL_get_verify_result(ssl) != X509_V_OK)
		return "the peer's certificate was not accepted";
	if (SSL_session_reused(ssl))
		return "the session was resumed";
	if (SSL_version(ssl) < lowest)
		return "the protocol version is too old";
	if (SSL_version(ssl) < TLS1_3_VERSION &&
	    SSL_get_extms_support(ssl) != 1)
		return "no extended master secret";
	if (SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_ACCEPTED)
		return "early data was taken";
	if (!has_our_alpn(ssl))
		return "the peer does not speak http/1.1";
	return peer_problem(ssl, peer);
}

enum mtls_status
mtls_tls_check_peer(SSL *ssl, enum mtls_tls_min min, struct mtls_err *err)
{
	const char *problem = connection_problem(ssl, min);

	ERR_clear_error();
	if (problem != NULL)
		return mtls_fail(err, MTLS_E_PEER, "%s", problem);
	return MTLS_OK;
}

/* -1 suspends the handshake with SSL_ERROR_WANT_X509_LOOKUP. */
static int
stop_here(SSL *ssl, void *arg)
{
	(void)arg;
	set_note(ssl, &stopped_slot, "stopped");
	return -1;
}

void
mtls_tls_stop_before_certificate(SSL *ssl)
{
	SSL_set_cert_cb(ssl, stop_here, NULL);
}

int
mtls_tls_stopped_before_certificate(const SSL *ssl)
{
	return get_note(ssl, &stopped_slot) != NULL;
}

enum mtls_status
mtls_tls_accepted_issuers(SSL *ssl, STACK_OF(X509_NAME) **ret,
    struct mtls_err *err)
{
	const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
	STACK_OF(X509_NAME) *copy;

	copy = names == NULL ? sk_X509_NAME_new_null() :
	    sk_X509_NAME_deep_copy(names, X509_NAME_dup, X509_NAME_free);
	if (copy == NULL)
		return mtls_fail_openssl(err, MTLS_E_MEMORY,
		    "out of memory");
	*ret = copy;
	return MTLS_OK;
}

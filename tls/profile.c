/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The TLS profile of tls.h, for every program. It MUST
 *  1. agree to TLS 1.3 and nothing else, or 1.2 where that was asked for
 *     (T027 in tests/unit/test_profile.c);
 *  2. never resume, never take early data, never renegotiate (T020);
 *  3. require a certificate of every client (T026);
 *  4. check purpose, EKU and name of every peer (T011 to T016, T033);
 *  5. trust nothing but the file it was given (T089);
 *  6. come back from a read, whatever a peer sends (T028).
 */
#include "config.h"

#include "chain_cache.h"
#include "context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mtls/text.h"

#define VERIFY_DEPTH	4		/* intermediates */
#define CERT_LIST_MAX	(32 * 1024)	/* bytes of a Certificate message */
#define SECURITY_LEVEL	2

#define SUITES_13	"TLS_AES_128_GCM_SHA256:" \
			"TLS_AES_256_GCM_SHA384:" \
			"TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_12	"ECDHE-ECDSA-AES128-GCM-SHA256:" \
			"ECDHE-RSA-AES128-GCM-SHA256:" \
			"ECDHE-ECDSA-AES256-GCM-SHA384:" \
			"ECDHE-RSA-AES256-GCM-SHA384:" \
			"ECDHE-ECDSA-CHACHA20-POLY1305:" \
			"ECDHE-RSA-CHACHA20-POLY1305"
#define SIGNATURES_13	"ecdsa_secp256r1_sha256:ed25519:" \
			"ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256:" \
			"rsa_pss_rsae_sha384:rsa_pss_rsae_sha512"
#define SIGNATURES_12	SIGNATURES_13 ":rsa_pkcs1_sha256:" \
			"rsa_pkcs1_sha384:rsa_pkcs1_sha512"
#define GROUPS_13	"X25519:P-256"
#define GROUPS_12	GROUPS_13 ":P-384"	/* also of certificates */

/* ALPN protocol lists are length-prefixed. */
static const unsigned char alpn[] = "\x08http/1.1";
#define ALPN_LEN (sizeof(alpn) - 1)

static int
set_algorithms(SSL_CTX *ctx, enum mtls_tls_min min)
{
	int is_13 = min == MTLS_TLS_13;

	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	return SSL_CTX_set_min_proto_version(ctx,
	    is_13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, SUITES_13) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, SUITES_12) == 1 &&
	    SSL_CTX_set1_sigalgs_list(ctx,
	    is_13 ? SIGNATURES_13 : SIGNATURES_12) == 1 &&
	    SSL_CTX_set1_groups_list(ctx,
	    is_13 ? GROUPS_13 : GROUPS_12) == 1;
}

/*
 * Everything that would let one connection stand for another is off.
 * read_ahead stays off as well: data inside libssl that the descriptor does
 * not show would make event loops wait.
 */
static int
set_behaviour(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_clear_options(ctx, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION |
	    SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/*
	 * With it SSL_read() would not come back while there are messages
	 * that are no data: one peer could keep an event loop for itself.
	 */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_post_handshake_auth(ctx, 0);
	SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
	SSL_CTX_set_read_ahead(ctx, 0);
	/* Later OpenSSL may have one because of SSLKEYLOGFILE. */
	SSL_CTX_set_keylog_callback(ctx, NULL);
	return SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	    SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
	    SSL_CTX_set_recv_max_early_data(ctx, 0) == 1;
}

static int
set_verification(SSL_CTX *ctx, int purpose)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, mtls_peer_verify);
	X509_VERIFY_PARAM_set_depth(param, VERIFY_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	/* Up to a root: what it forbids holds for what is far below it. */
	return X509_VERIFY_PARAM_set_flags(param,
	    X509_V_FLAG_X509_STRICT) == 1 &&
	    X509_VERIFY_PARAM_set_purpose(param, purpose) == 1;
}

static enum mtls_status
new_ctx(struct mtls_tls *tls, const SSL_METHOD *method, int purpose,
    enum mtls_tls_min min, SSL_CTX **ret, struct mtls_err *err)
{
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = SSL_CTX_new_ex(tls->libctx, NULL, method);
	if (ctx == NULL || !set_algorithms(ctx, min) || !set_behaviour(ctx) ||
	    !set_verification(ctx, purpose)) {
		SSL_CTX_free(ctx);
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "cannot set up TLS");
	}
	*ret = ctx;
	return MTLS_OK;
}

/* A client that offers protocols must offer ours; curl may offer none. */
static int
select_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
    const unsigned char *offered, unsigned int offered_len, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, ret_len, alpn, ALPN_LEN, offered,
	    offered_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

enum mtls_status
mtls_tls_server_ctx(struct mtls_tls *tls,
    const struct mtls_tls_server_options *options, SSL_CTX **ret,
    struct mtls_err *err)
{
	SSL_CTX *ctx = NULL;
	enum mtls_status s;

	s = new_ctx(tls, TLS_server_method(), X509_PURPOSE_SSL_CLIENT,
	    options->min, &ctx, err);
	if (s != MTLS_OK)
		return s;
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	s = mtls_trust_load(tls, ctx, options->client_ca_file, err);
	if (s == MTLS_OK)
		s = mtls_trust_announce(ctx, err);
	if (s == MTLS_OK)
		s = mtls_present_files(tls, ctx, options, err);
	if (s == MTLS_OK)
		s = mtls_chain_cache_add(tls, ctx, MTLS_CHAIN_CACHE_SETS,
		    err);
	if (s != MTLS_OK) {
		SSL_CTX_free(ctx);
		return s;
	}
	*ret = ctx;
	return MTLS_OK;
}

enum mtls_status
mtls_tls_client_ctx(struct mtls_tls *tls,
    const struct mtls_tls_client_options *options, SSL_CTX **ret,
    struct mtls_err *err)
{
	SSL_CTX *ctx = NULL;
	enum mtls_status s;

	s = new_ctx(tls, TLS_client_method(), X509_PURPOSE_SSL_SERVER,
	    options->min, &ctx, err);
	if (s != MTLS_OK)
		return s;
	/* This one returns 0 when it worked. */
	if (SSL_CTX_set_alpn_protos(ctx, alpn, ALPN_LEN) != 0)
		s = mtls_fail_openssl(err, MTLS_E_MEMORY, "cannot set ALPN");
	if (s == MTLS_OK && options->trust != NULL)
		SSL_CTX_set1_cert_store(ctx,
		    SSL_CTX_get_cert_store(options->trust));
	else if (s == MTLS_OK)
		s = mtls_trust_load(tls, ctx, options->ca_file, err);
	if (s != MTLS_OK) {
		SSL_CTX_free(ctx);
		return s;
	}
	*ret = ctx;
	return MTLS_OK;
}

enum mtls_status
mtls_tls_client_ssl(SSL_CTX *ctx, const char *name, SSL **ret,
    struct mtls_err *err)
{
	SSL *ssl;

	/* An IP address or a leading dot would mean something else below. */
	if (!mtls_text_is_hostname(name))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" is not a host name", name);
	ERR_clear_error();
	ssl = SSL_new(ctx);
	if (ssl == NULL || SSL_set1_host(ssl, name) != 1 ||
	    SSL_set_tlsext_host_name(ssl, name) != 1) {
		SSL_free(ssl);
		return mtls_fail_openssl(err, MTLS_E_MEMORY,
		    "cannot set up a connection");
	}
	SSL_set_connect_state(ssl);
	*ret = ssl;
	return MTLS_OK;
}

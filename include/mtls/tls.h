/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The TLS profile, for every connection that we make or accept, in one
 * place: a library context of its own (openssl.cnf is not read, only the
 * default provider and our signer are loaded); TLS 1.3; no tickets, no
 * session cache, no 0-RTT, no post-handshake authentication, no
 * renegotiation, no compression; purpose and EKU always checked; ALPN
 * "http/1.1" only.
 */
#ifndef MTLS_TLS_H
#define MTLS_TLS_H

#include <stdint.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "mtls/status.h"

struct mtls_tls;

/*
 * First OpenSSL call of a process; keeps libssl and libcrypto from reading
 * openssl.cnf. Then one struct mtls_tls per event loop.
 */
enum mtls_status mtls_tls_new(struct mtls_tls **ret, struct mtls_err *err);

/*
 * The same for programs that have no key on a card and read certificates all
 * day: mtls_signer_key() fails with CRYPTO, and key types that no certificate
 * may have are unknown (tls/few_types.h).
 */
enum mtls_status mtls_tls_new_for_server(struct mtls_tls **ret,
    struct mtls_err *err);
void mtls_tls_free(struct mtls_tls *tls);	/* NULL is a no-op */
OSSL_LIB_CTX *mtls_tls_libctx0(const struct mtls_tls *tls);

enum mtls_tls_min { MTLS_TLS_13 = 0, MTLS_TLS_12_INSECURE };

struct mtls_tls_server_options {
	const char *certificate_file;	/* PEM: leaf, then intermediates */
	const char *key_file;		/* PEM */
	EVP_PKEY *key;			/* or this one, when not NULL: read
					 * from key_file when it could be */
	const char *client_ca_file;	/* PEM: roots and intermediates that
					 * may issue client certificates */
	enum mtls_tls_min min;
};

/*
 * A context for one listener: a client certificate is required, its chain
 * must end in client_ca_file, its purpose must be sslclient (EKU clientAuth,
 * keyUsage digitalSignature where present; a certificate without EKU is
 * refused), security level 2. The CA names go into the CertificateRequest.
 * Intermediates in the file complete chains, so that a client may send its
 * leaf only; each must verify to a root in the same file now, and a chain is
 * followed up to the root. CA certificates that are out of their validity
 * now are left out: load again when dates pass. Files go through
 * mtls_file_read(). CONFIG with file and reason: empty, no valid root in it,
 * a leaf in it, an intermediate that no root verifies, key that does not fit,
 * server certificate without serverAuth or dNSName or expired.
 * A client that offers ALPN without "http/1.1" is refused; one that offers
 * none, as some command-line clients, is served.
 * Chains that were verified once are remembered (tls/chain_cache.h), without
 * a lock: a server context and its connections belong to one thread.
 */
enum mtls_status mtls_tls_server_ctx(struct mtls_tls *tls,
    const struct mtls_tls_server_options *options, SSL_CTX **ret,
    struct mtls_err *err);

/*
 * How many peers of a server context showed a chain that had been verified
 * before, how many chains were verified, and for how many of those the CAs
 * were known already. From the context's thread.
 */
struct mtls_tls_chain_counts {
	uint64_t n_known, n_verified, n_short;
};
struct mtls_tls_chain_counts mtls_tls_chain_counts(const SSL_CTX *ctx);

/*
 * Whether this certificate would be accepted of a client of ctx, a server
 * context, that sends nothing but it: chain, purpose and all that is said
 * above. OK, PEER with the reason, MEMORY. From the context's thread.
 */
enum mtls_status mtls_tls_verify_client(struct mtls_tls *tls, SSL_CTX *ctx,
    X509 *certificate, struct mtls_err *err);

struct mtls_tls_client_options {
	const char *ca_file;		/* PEM: the verifier's CA(s) */
	SSL_CTX *trust;			/* or what this client context
					 * trusts, when not NULL: the file is
					 * read once for both */
	enum mtls_tls_min min;
};

/*
 * A client context: the server's chain must end in ca_file (the same rules),
 * EKU serverAuth present. No client certificate yet.
 */
enum mtls_status mtls_tls_client_ctx(struct mtls_tls *tls,
    const struct mtls_tls_client_options *options, SSL_CTX **ret,
    struct mtls_err *err);

/*
 * Makes ctx, a client context, present this certificate and key when asked
 * (device channel, or user channel after the PIN). chain may be NULL. The
 * context takes its own references. CONFIG when they do not fit together.
 */
enum mtls_status mtls_tls_use_certificate(SSL_CTX *ctx, X509 *certificate,
    STACK_OF(X509) *chain, EVP_PKEY *key, struct mtls_err *err);

/*
 * A connection in client state: SNI is name, and the server certificate must
 * have a dNSName equal to name (no wildcard, no CN, no IP address). The
 * caller frees it, or gives it to a bufferevent.
 */
enum mtls_status mtls_tls_client_ssl(SSL_CTX *ctx, const char *name,
    SSL **ret, struct mtls_err *err);

/*
 * After a handshake that says it succeeded: the peer presented a
 * certificate, its verification ended in X509_V_OK, the session was not
 * resumed, the version is at least min, ALPN is ours (a client insists on
 * it). PEER with the reason otherwise. Both sides call this before they use
 * the connection. A client that passes may still be refused by the server:
 * see mtls_tls_failure(), REFUSED.
 */
enum mtls_status mtls_tls_check_peer(SSL *ssl, enum mtls_tls_min min,
    struct mtls_err *err);

/*
 * Turns the end of a handshake or connection into a status and a sentence:
 * PEER when the other side's certificate was not accepted (with the
 * X509_V_ERR text), REFUSED when the other side sent an alert about ours
 * (with the alert's name), PROTOCOL for other TLS errors, CLOSED when there
 * is none. ssl_error: one error code popped by the caller with
 * ERR_get_error() or bufferevent_get_openssl_error(), or 0; what is left in
 * the thread's error queue is looked at and dropped.
 */
enum mtls_status mtls_tls_failure(const SSL *ssl, unsigned long ssl_error,
    struct mtls_err *err);

/*
 * In TLS 1.3 the client's certificate is asked for after the server's was
 * verified. This makes a connection stop there (the handshake ends with
 * SSL_ERROR_WANT_X509_LOOKUP) instead of sending an empty certificate, and
 * remembers that it got so far.
 */
void mtls_tls_stop_before_certificate(SSL *ssl);
/* Whether it got so far: the server is who it must be and asks for one. */
int mtls_tls_stopped_before_certificate(const SSL *ssl);

/*
 * The names in the server's CertificateRequest, deep copy, caller frees with
 * sk_X509_NAME_pop_free(); empty when the server named none.
 */
enum mtls_status mtls_tls_accepted_issuers(SSL *ssl,
    STACK_OF(X509_NAME) **ret, struct mtls_err *err);

#endif

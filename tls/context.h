/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of tls/ share and nobody else sees.
 */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "mtls/tls.h"

struct mtls_tls {
	OSSL_LIB_CTX *libctx;
	OSSL_PROVIDER *standard;
	OSSL_PROVIDER *signer;
};

/* Algorithms of OpenSSL's own provider and of no other. */
#define MTLS_STANDARD_ONLY	"provider=default"

/*
 * Like mtls_fail(), with what OpenSSL's error queue says appended; the queue
 * is empty afterwards. Where memory ran out the status is MEMORY.
 */
#define mtls_fail_openssl(err, status, ...) \
	mtls_fail_openssl_at((err), (status), MTLS_WHERE, __VA_ARGS__)
enum mtls_status mtls_fail_openssl_at(struct mtls_err *err,
    enum mtls_status status, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The verify call-back of every context: what X509_verify_cert() lets pass. */
int mtls_peer_verify(int ok, X509_STORE_CTX *ctx);

/*
 * Our own reason for which the peer's certificate was not accepted, static,
 * or NULL.
 */
const char *mtls_peer_problem0(const SSL *ssl);

/*
 * Adds the CA certificates of path to the trust of ctx. Those that are out
 * of their validity are left out. CONFIG when none is left.
 */
enum mtls_status mtls_trust_load(struct mtls_tls *tls, SSL_CTX *ctx,
    const char *path, struct mtls_err *err);

/* Names what ctx trusts in its CertificateRequest. */
enum mtls_status mtls_trust_announce(SSL_CTX *ctx, struct mtls_err *err);

/* Makes a server present its certificate; the checks of tls.h. */
enum mtls_status mtls_present_files(struct mtls_tls *tls, SSL_CTX *ctx,
    const struct mtls_tls_server_options *options, struct mtls_err *err);

#endif

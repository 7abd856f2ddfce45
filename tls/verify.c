/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The chain of a certificate without a handshake: with the trust and the
 * parameters of the context in which the handshake would have been.
 */
#include "config.h"

#include "context.h"

#include <openssl/x509_vfy.h>

#include "leaf.h"

static enum mtls_status
build(X509_STORE_CTX *store_ctx, SSL_CTX *ctx, X509 *certificate,
    struct mtls_err *err)
{
	X509_VERIFY_PARAM *param;

	if (X509_STORE_CTX_init(store_ctx, SSL_CTX_get_cert_store(ctx),
	    certificate, NULL) != 1 ||
	    X509_STORE_CTX_set_default(store_ctx, "ssl_client") != 1)
		return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
	param = X509_STORE_CTX_get0_param(store_ctx);
	if (X509_VERIFY_PARAM_set1(param, SSL_CTX_get0_param(ctx)) != 1)
		return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
	if (X509_verify_cert(store_ctx) != 1)
		return mtls_fail_openssl(err, MTLS_E_PEER, "%s",
		    X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(store_ctx)));
	return MTLS_OK;
}

enum mtls_status
mtls_tls_verify_client(struct mtls_tls *tls, SSL_CTX *ctx, X509 *certificate,
    struct mtls_err *err)
{
	const char *problem = mtls_leaf_problem(certificate,
	    MTLS_LEAF_CLIENT);
	X509_STORE_CTX *store_ctx;
	enum mtls_status status;

	if (problem != NULL)
		return mtls_fail(err, MTLS_E_PEER, "%s", problem);
	store_ctx = X509_STORE_CTX_new_ex(tls->libctx, NULL);
	if (store_ctx == NULL)
		return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
	status = build(store_ctx, ctx, certificate, err);
	X509_STORE_CTX_free(store_ctx);
	return status;
}

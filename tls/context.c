/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library context of our own: openssl.cnf, OPENSSL_CONF and
 * OPENSSL_MODULES decide nothing, because no configuration is read and no
 * provider but the two named here is ever loaded.
 */
#include "config.h"

#include "context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "signer_provider.h"

static enum mtls_status
load_providers(struct mtls_tls *tls, struct mtls_err *err)
{
	tls->standard = OSSL_PROVIDER_load(tls->libctx, "default");
	if (tls->standard == NULL)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "OpenSSL's default provider does not load");
	if (OSSL_PROVIDER_add_builtin(tls->libctx, MTLS_SIGNER_PROVIDER,
	    mtls_signer_provider_init) != 1)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "cannot add the signer provider");
	tls->signer = OSSL_PROVIDER_load(tls->libctx, MTLS_SIGNER_PROVIDER);
	if (tls->signer == NULL)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "the signer provider does not load");
	/* Ours is used where it is asked for, and nowhere else. */
	if (EVP_set_default_properties(tls->libctx,
	    "?" MTLS_STANDARD_ONLY) != 1)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "cannot set the default properties");
	return MTLS_OK;
}

enum mtls_status
mtls_tls_new(struct mtls_tls **ret, struct mtls_err *err)
{
	struct mtls_tls *tls = NULL;
	enum mtls_status s = MTLS_OK;

	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_NO_ATEXIT, NULL) != 1) {
		s = mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "OpenSSL does not start");
		goto out;
	}
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL || (tls->libctx = OSSL_LIB_CTX_new()) == NULL) {
		s = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	s = load_providers(tls, err);
	if (s != MTLS_OK)
		goto out;
	*ret = tls;
	tls = NULL;
out:
	mtls_tls_free(tls);
	return s;
}

void
mtls_tls_free(struct mtls_tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->signer != NULL)
		OSSL_PROVIDER_unload(tls->signer);
	if (tls->standard != NULL)
		OSSL_PROVIDER_unload(tls->standard);
	OSSL_LIB_CTX_free(tls->libctx);
	free(tls);
}

OSSL_LIB_CTX *
mtls_tls_libctx0(const struct mtls_tls *tls)
{
	return tls->libctx;
}

/* Empties the queue; the oldest entry is the cause, later ones the places. */
static const char *
take_reason(enum mtls_status *status)
{
	const char *reason = NULL;
	unsigned long e;

	while ((e = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE) {
			*status = MTLS_E_MEMORY;
			reason = "out of memory";
		}
		if (reason == NULL)
			reason = ERR_reason_error_string(e);
	}
	return reason;
}

enum mtls_status
mtls_fail_openssl_at(struct mtls_err *err, enum mtls_status status,
    const char *where, const char *format, ...)
{
	const char *reason = take_reason(&status);
	char text[MTLS_ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	return mtls_err_set(err, status, 0, where, "%s%s%s", text,
	    reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

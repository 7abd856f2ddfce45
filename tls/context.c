/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The library context of our own: openssl.cnf, OPENSSL_CONF and
 * OPENSSL_MODULES decide nothing, because no configuration is read and no
 * provider but those named here is ever loaded.
 */
#include "config.h"

#include "context.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "few_types.h"
#include "signer_provider.h"

static enum mtls_status
load_standard(struct mtls_tls *tls, const char *name, struct mtls_err *err)
{
	if (OSSL_PROVIDER_add_builtin(tls->libctx, MTLS_FEW_TYPES,
	    mtls_few_types_init) != 1)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "cannot add a provider");
	tls->standard = OSSL_PROVIDER_load(tls->libctx, name);
	if (tls->standard == NULL)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "OpenSSL's default provider does not load");
	return MTLS_OK;
}

static enum mtls_status
load_signer(struct mtls_tls *tls, struct mtls_err *err)
{
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

/* With one provider, either of these: "default", or some of it. */
static enum mtls_status
new_tls(const char *provider, struct mtls_tls **ret, struct mtls_err *err)
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
	s = load_standard(tls, provider, err);
	if (s != MTLS_OK)
		goto out;
	*ret = tls;
	tls = NULL;
out:
	mtls_tls_free(tls);
	return s;
}

enum mtls_status
mtls_tls_new_for_server(struct mtls_tls **ret, struct mtls_err *err)
{
	return new_tls(MTLS_FEW_TYPES, ret, err);
}

enum mtls_status
mtls_tls_new(struct mtls_tls **ret, struct mtls_err *err)
{
	struct mtls_tls *tls;
	enum mtls_status s = new_tls("default", &tls, err);

	if (s != MTLS_OK)
		return s;
	s = load_signer(tls, err);
	if (s != MTLS_OK) {
		mtls_tls_free(tls);
		return s;
	}
	*ret = tls;
	return MTLS_OK;
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

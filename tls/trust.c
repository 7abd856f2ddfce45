/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The CA certificates that a context knows. Intermediates of the file are
 * there to build chains with, so a peer may send its leaf only; a chain ends
 * in a root all the same, so that what the root forbids (path length, name
 * constraints) holds for what is far below it. An intermediate that no root
 * of the same file verifies is a mistake, found here and not at a login.
 */
#include "config.h"

#include "context.h"

#include <openssl/x509v3.h>

#include "leaf.h"
#include "mtls/pem.h"

struct bundle {
	struct mtls_tls *tls;
	const char *path;
	STACK_OF(X509) *all;
	STACK_OF(X509) *intermediates;	/* borrowed from all */
	X509_STORE *roots;
	int n_roots;
};

static enum mtls_status
refuse(const struct bundle *b, int i, const char *why, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_CONFIG, "%s: certificate %d: %s",
	    b->path, i + 1, why);
}

static enum mtls_status
no_memory(struct mtls_err *err)
{
	return mtls_fail_openssl(err, MTLS_E_MEMORY, "out of memory");
}

/* Whether its validity includes now; a malformed time does not. */
static int
is_current(const X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	    X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* What is in the file must be CA certificates, whatever their dates. */
static enum mtls_status
check_ca(const struct bundle *b, int i, struct mtls_err *err)
{
	X509 *ca = sk_X509_value(b->all, i);
	const char *problem = mtls_certificate_problem(ca);

	if (problem != NULL)
		return refuse(b, i, problem, err);
	if (X509_check_ca(ca) != 1)
		return refuse(b, i, "it is not a CA certificate", err);
	return MTLS_OK;
}

/* Sorts the file into roots and intermediates. */
static enum mtls_status
sort(struct bundle *b, struct mtls_err *err)
{
	enum mtls_status s;

	for (int i = 0; i < sk_X509_num(b->all); i++) {
		X509 *ca = sk_X509_value(b->all, i);

		s = check_ca(b, i, err);
		if (s != MTLS_OK)
			return s;
		if (!is_current(ca))
			continue;
		if (X509_self_signed(ca, 1) == 1) {
			if (X509_STORE_add_cert(b->roots, ca) != 1)
				return no_memory(err);
			b->n_roots++;
		} else if (sk_X509_push(b->intermediates, ca) == 0)
			return no_memory(err);
	}
	if (b->n_roots == 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: no self-signed CA certificate that is valid now",
		    b->path);
	return MTLS_OK;
}

static enum mtls_status
verify(const struct bundle *b, X509 *ca, struct mtls_err *err)
{
	X509_STORE_CTX *ctx;
	X509_VERIFY_PARAM *param;
	char name[128];
	enum mtls_status s = MTLS_OK;

	ctx = X509_STORE_CTX_new_ex(b->tls->libctx, NULL);
	if (ctx == NULL || X509_STORE_CTX_init(ctx, b->roots, ca,
	    b->intermediates) != 1) {
		s = no_memory(err);
		goto out;
	}
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
	if (X509_verify_cert(ctx) != 1) {
		X509_NAME_oneline(X509_get_subject_name(ca), name,
		    sizeof(name));
		s = mtls_fail_openssl(err, MTLS_E_CONFIG, "%s: %s: %s",
		    b->path, name, X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(ctx)));
	}
out:
	X509_STORE_CTX_free(ctx);
	return s;
}

static enum mtls_status
trust_all(const struct bundle *b, SSL_CTX *ctx, struct mtls_err *err)
{
	enum mtls_status s = MTLS_OK;

	for (int i = 0; s == MTLS_OK && i < sk_X509_num(b->intermediates);
	    i++)
		s = verify(b, sk_X509_value(b->intermediates, i), err);
	for (int i = 0; s == MTLS_OK && i < sk_X509_num(b->all); i++) {
		if (is_current(sk_X509_value(b->all, i)) &&
		    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx),
		    sk_X509_value(b->all, i)) != 1)
			s = no_memory(err);
	}
	return s;
}

enum mtls_status
mtls_trust_load(struct mtls_tls *tls, SSL_CTX *ctx, const char *path,
    struct mtls_err *err)
{
	struct bundle b = {.tls = tls, .path = path};
	enum mtls_status s;

	s = mtls_pem_certificates(tls, path, &b.all, err);
	if (s != MTLS_OK)
		goto out;
	b.intermediates = sk_X509_new_null();
	b.roots = X509_STORE_new();
	if (b.intermediates == NULL || b.roots == NULL) {
		s = no_memory(err);
		goto out;
	}
	s = sort(&b, err);
	if (s == MTLS_OK)
		s = trust_all(&b, ctx, err);
out:
	X509_STORE_free(b.roots);
	sk_X509_free(b.intermediates);
	sk_X509_pop_free(b.all, X509_free);
	return s;
}

enum mtls_status
mtls_trust_announce(SSL_CTX *ctx, struct mtls_err *err)
{
	STACK_OF(X509) *all;
	enum mtls_status s = MTLS_OK;

	all = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(ctx));
	if (all == NULL)
		return no_memory(err);
	for (int i = 0; s == MTLS_OK && i < sk_X509_num(all); i++) {
		if (SSL_CTX_add_client_CA(ctx, sk_X509_value(all, i)) != 1)
			s = no_memory(err);
	}
	sk_X509_pop_free(all, X509_free);
	return s;
}

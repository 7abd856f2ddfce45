/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The machine's identity, checked before anything is sent: a certificate
 * that a verifier would refuse is this machine's problem and is named here.
 */
#include "config.h"

#include "machine.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/identity.h"
#include "mtls/message.h"
#include "mtls/pem.h"
#include "mtls/text.h"

static enum mtls_status
check_identity(const struct mtls_identity *id, int64_t now_s,
    struct mtls_err *err)
{
	if (now_s < id->not_before_s)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the machine's certificate is not valid yet");
	if (now_s > id->not_after_s)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the machine's certificate has expired");
	if (id->is_ca)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the machine's certificate is that of a CA");
	if (!id->for_client_auth)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the machine's certificate is not for client "
		    "authentication");
	if (id->dns.n != 1)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the machine's certificate has %zu DNS names and must "
		    "have one", id->dns.n);
	if (!mtls_text_is_hostname(id->dns.text[0]))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" in the machine's certificate is not a host name",
		    id->dns.text[0]);
	return MTLS_OK;
}

static enum mtls_status
read_host(struct machine *m, X509 *certificate, int64_t now_s,
    struct mtls_err *err)
{
	struct mtls_identity id;
	struct mtls_err why;

	memset(&id, 0, sizeof(id));
	mtls_err_clear(&why);
	if (mtls_identity_read(certificate, &id, &why) != MTLS_OK)
		return mtls_fail(err, MTLS_E_CONFIG, "%s", why.text);
	if (check_identity(&id, now_s, err) == MTLS_OK)
		(void)mtls_text_dup(&m->host, id.dns.text[0], err);
	mtls_identity_clear(&id);
	return err->status;
}

/* The leaf out of the chain, which keeps the rest. */
static enum mtls_status
load_certificate(struct machine *m, const struct settings *s, int64_t now_s,
    struct mtls_err *err)
{
	STACK_OF(X509) *chain = NULL;
	X509 *leaf = NULL;
	EVP_PKEY *key = NULL;

	if (mtls_pem_certificates(m->tls, s->certificate, &chain, err) !=
	    MTLS_OK)
		goto out;
	leaf = sk_X509_shift(chain);
	if (read_host(m, leaf, now_s, err) != MTLS_OK) {
		mtls_err_context(err, "%s", s->certificate);
		goto out;
	}
	if (mtls_pem_key(m->tls, s->key, &key, err) != MTLS_OK)
		goto out;
	if (X509_check_private_key(leaf, key) != 1) {
		(void)mtls_fail(err, MTLS_E_CONFIG,
		    "%s: the key does not belong to the certificate", s->key);
		goto out;
	}
	(void)mtls_tls_use_certificate(m->device_ctx, leaf, chain, key, err);
out:
	EVP_PKEY_free(key);
	X509_free(leaf);
	sk_X509_pop_free(chain, X509_free);
	return err->status;
}

enum mtls_status
machine_load(const struct settings *s, int64_t now_s, struct machine **ret,
    struct mtls_err *err)
{
	struct mtls_tls_client_options options = { .ca_file = s->ca,
		.min = (enum mtls_tls_min)s->tls_min };
	struct machine *m;

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	m->tls_min = options.min;
	if (mtls_tls_new(&m->tls, err) != MTLS_OK ||
	    mtls_tls_client_ctx(m->tls, &options, &m->device_ctx, err) !=
	    MTLS_OK)
		goto out;
	options.trust = m->device_ctx;
	if (mtls_tls_client_ctx(m->tls, &options, &m->user_ctx, err) !=
	    MTLS_OK ||
	    load_certificate(m, s, now_s, err) != MTLS_OK)
		goto out;
	*ret = m;
	m = NULL;
out:
	machine_free(m);
	return err->status;
}

void
machine_free(struct machine *m)
{
	if (m == NULL)
		return;
	SSL_CTX_free(m->device_ctx);
	SSL_CTX_free(m->user_ctx);
	mtls_tls_free(m->tls);
	free(m->host);
	free(m);
}

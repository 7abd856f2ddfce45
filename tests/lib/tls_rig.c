/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The common part of the handshake tests; see tls_rig.h.
 */
#include "config.h"

#include "tls_rig.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "unit.h"

int
rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct mtls_err err;

	mtls_err_clear(&err);
	if (rig == NULL || mtls_tls_new(&rig->tls, &err) != MTLS_OK)
		return -1;
	rig->pki = pki_new(mtls_tls_libctx0(rig->tls));
	rig->root = pki_ca(rig->pki, NULL, "Acme Root CA", NULL);
	rig->users = pki_ca(rig->pki, rig->root, "Acme Staff CA", NULL);
	rig->machines = pki_ca(rig->pki, rig->root, "Acme Machines CA", NULL);
	rig->server = pki_server(rig->pki, rig->machines, RIG_SERVER, NULL);
	rig->user = pki_user(rig->pki, rig->users, "alice", NULL);
	rig->user_ca_file = pki_file_certs(rig->pki, "user-ca.pem",
	    PKI_CERTS(rig->root, rig->users));
	rig->server_ca_file = pki_file_certs(rig->pki, "server-ca.pem",
	    PKI_CERTS(rig->root));
	*state = rig;
	return 0;
}

int
rig_teardown(void **state)
{
	struct rig *rig = *state;

	pki_free(rig->pki);
	mtls_tls_free(rig->tls);
	free(rig);
	return 0;
}

SSL_CTX *
rig_server_ctx(struct rig *rig, const struct rig_case *c)
{
	struct mtls_tls_server_options o = {
		.certificate_file = pki_file_certs(rig->pki, "server.pem",
		    PKI_CERTS(rig->server, rig->machines)),
		.key_file = pki_file_key(rig->pki, "server.key",
		    rig->server),
		.client_ca_file = c->user_ca_file != NULL ?
		    c->user_ca_file : rig->user_ca_file,
		.min = c->server_min
	};
	struct mtls_err err;
	SSL_CTX *ctx = NULL;

	mtls_err_clear(&err);
	if (mtls_tls_server_ctx(rig->tls, &o, &ctx, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	return ctx;
}

static STACK_OF(X509) *
stack_of(const struct pki_cert *const *certs)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	for (; certs != NULL && *certs != NULL; certs++)
		sk_X509_push(stack, (*certs)->x509);
	return stack;
}

SSL_CTX *
rig_client_ctx(struct rig *rig, const struct rig_case *c)
{
	struct mtls_tls_client_options o = {
		.ca_file = c->server_ca_file != NULL ?
		    c->server_ca_file : rig->server_ca_file,
		.min = c->client_min
	};
	const struct pki_cert *user = c->user != NULL ? c->user : rig->user;
	STACK_OF(X509) *chain;
	struct mtls_err err;
	SSL_CTX *ctx = NULL;

	mtls_err_clear(&err);
	if (mtls_tls_client_ctx(rig->tls, &o, &ctx, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	if (c->no_user_cert)
		return ctx;
	chain = stack_of(c->user_chain);
	if (mtls_tls_use_certificate(ctx, user->x509, chain,
	    c->user_key != NULL ? c->user_key : user->key, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	sk_X509_free(chain);
	return ctx;
}

static int
any_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
    const unsigned char *offered, unsigned int offered_len, void *arg)
{
	static const unsigned char http[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, ret_len, http, sizeof(http) - 1,
	    offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int
accept_everybody(int ok, X509_STORE_CTX *ctx)
{
	(void)ok;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

SSL_CTX *
rig_loose_server_ctx(struct rig *rig, const struct pki_cert *server,
    const struct pki_cert *const *chain)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(mtls_tls_libctx0(rig->tls), NULL,
	    TLS_server_method());

	if (ctx == NULL)
		fail_msg("no context");
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_alpn_select_cb(ctx, any_alpn, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_everybody);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"rig", 3);
	if (server != NULL) {
		STACK_OF(X509) *stack = stack_of(chain);

		if (SSL_CTX_use_cert_and_key(ctx, server->x509, server->key,
		    stack, 1) != 1)
			fail_msg("no certificate");
		sk_X509_free(stack);
	}
	return ctx;
}

SSL_CTX *
rig_loose_client_ctx(struct rig *rig, const struct pki_cert *user,
    const struct pki_cert *const *chain)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(mtls_tls_libctx0(rig->tls), NULL,
	    TLS_client_method());

	if (ctx == NULL)
		fail_msg("no context");
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (user != NULL) {
		STACK_OF(X509) *stack = stack_of(chain);

		if (SSL_CTX_use_cert_and_key(ctx, user->x509, user->key,
		    stack, 1) != 1)
			fail_msg("no certificate");
		sk_X509_free(stack);
	}
	return ctx;
}

void
rig_meet_ctx(SSL_CTX *client, const char *name, SSL_CTX *server,
    struct tls_pair *pair)
{
	struct mtls_err err;
	SSL *ssl = NULL;
	char buf[16];

	mtls_err_clear(&err);
	if (mtls_tls_client_ssl(client, name, &ssl, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	tls_pair_init(pair, ssl, SSL_new(server));
	tls_pair_handshake(pair);
	if (pair->client.is_done)
		tls_pair_read(&pair->client, buf, sizeof(buf));
	if (pair->server.is_done)
		tls_pair_read(&pair->server, buf, sizeof(buf));
}

void
rig_meet(struct rig *rig, const struct rig_case *c, struct tls_pair *pair)
{
	SSL_CTX *server = c->server != NULL ?
	    rig_loose_server_ctx(rig, c->server, c->server_chain != NULL ?
	    c->server_chain : PKI_CERTS(rig->machines)) :
	    rig_server_ctx(rig, c);
	SSL_CTX *client = c->loose_client ?
	    rig_loose_client_ctx(rig, c->user, c->user_chain) :
	    rig_client_ctx(rig, c);

	rig_meet_ctx(client, c->name != NULL ? c->name : RIG_SERVER, server,
	    pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
}

int
rig_both_accept(struct tls_pair *pair, enum mtls_tls_min min)
{
	return pair->client.is_done && pair->server.is_done &&
	    pair->client.status == MTLS_OK && pair->server.status == MTLS_OK &&
	    mtls_tls_check_peer(pair->client.ssl, min, NULL) == MTLS_OK &&
	    mtls_tls_check_peer(pair->server.ssl, min, NULL) == MTLS_OK;
}

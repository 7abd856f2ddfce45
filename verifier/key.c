/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/keys: a machine says with which key somebody has logged in to its
 * sshd. Believed is that this key has signed, and nothing else: not whose it
 * is, and not that it is good. From the key to a certificate leads what an
 * administrator has bound to the challenge's user; that certificate then has
 * to be what a TLS client's would have to be. Whoever is root on the machine
 * can say this of every key; SECURITY.md says what that comes to.
 */
#include "config.h"

#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"
#include "mtls/text.h"

#include "bound.h"

static void
on_settled(struct exchange *x)
{
	const struct store_challenge *c = &x->challenge;
	const struct mtls_body_key *key = &x->body.key;

	x->question = (struct decide_question){
		.user = c->user, .service = c->service, .host = c->host,
		.method = c->method, .rhost = c->rhost,
		.expires_ms = c->expires_ms,
		.said_user = key->user, .said_service = key->service,
		.said_host = key->host, .said_method = "sshkey",
	};
	decide(x, conclude);
}

/* The audit says which key it was. */
static void
deny_unknown(struct exchange *x)
{
	char hex[65];

	machine_forget(x);
	x->op.sha256 = x->op.key_sha256 = NULL;
	(void)snprintf(x->certificate, sizeof(x->certificate),
	    "key sha256=%s", mtls_hex_encode(hex, x->body.key.key,
	    sizeof(x->body.key.key)));
	conclude(x, &(struct policy_decision){
	    .verdict = MTLS_VERDICT_DENY,
	    .reason = POLICY_REASON_NOT_BOUND }, mtls_clock_ms());
}

static void
on_bound(struct store_op *op)
{
	struct exchange *x = op->arg;
	const struct store_bound *b;
	struct peer person;
	struct mtls_err err;
	int is_revoked;

	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	mtls_err_clear(&err);
	b = bound_choose0(op, x->server->tls, x->server->generation, &person,
	    &err);
	is_revoked = b != NULL && b->is_revoked;
	store_op_clear(op);
	if (b == NULL) {
		deny_unknown(x);
		return;
	}
	machine_forget(x);
	x->peer = person;
	mtls_identity_short(&x->peer.id, x->certificate,
	    sizeof(x->certificate));
	if (err.status != MTLS_OK)
		mtls_log_err(x->server->log, MTLS_LOG_NOTICE,
		    "certificate-malformed", &err, MTLS_KEY_REQUEST,
		    x->audit.request, MTLS_KEY_CERT, x->certificate,
		    MTLS_KEY_END);
	exchange_fingerprints(x);
	op->is_revoked = is_revoked;
	if (mtls_text_dup(&op->bound_user, x->challenge.user, &op->err) !=
	    MTLS_OK)
		conclude_unavailable(x);
	else
		exchange_settle(x, on_settled);
}

static void
find_bound(struct exchange *x)
{
	store_op_clear(&x->op);
	mtls_hex_encode(x->key_sha256, x->body.key.key,
	    sizeof(x->body.key.key));
	x->op.user = x->challenge.user;
	x->op.key_sha256 = x->key_sha256;
	exchange_submit(x, STORE_BINDING_FIND, on_bound);
}

static void
on_found(struct store_op *op)
{
	struct exchange *x = op->arg;

	if (machine_take_found(x, POLICY_METHOD_SSHKEY))
		find_bound(x);
}

void
key_take(struct exchange *x)
{
	const struct mtls_body_key *key = &x->body.key;

	x->began_us = mtls_clock_us();
	audit_begin(&x->audit, "login");
	/* Until the challenge is known: what the machine says. */
	x->audit.record.user = key->user;
	x->audit.record.service = key->service;
	x->audit.record.host = peer_host0(&x->peer);
	machine_find(x, key->challenge, on_found);
}

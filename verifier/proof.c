/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/proofs: a person's card has signed the handshake of this
 * connection, and the body says for which login. The answer is that the
 * proof was taken; what was decided goes to the machine alone, and not
 * before it stands in the audit.
 */
#include "config.h"

#include "exchange.h"

#include <string.h>

#include "mtls/deadline.h"

/* The methods whose proof is the handshake of the user channel. */
#define PROVEN_HERE \
	(POLICY_METHOD_TOKEN | POLICY_METHOD_RELAY | POLICY_METHOD_AGENT)

static void
ask(struct exchange *x)
{
	const struct store_challenge *c = &x->challenge;
	const struct mtls_body_proof *proof = &x->body.proof;

	x->question = (struct decide_question){
		.user = c->user, .service = c->service, .host = c->host,
		.method = c->method, .rhost = c->rhost,
		.expires_ms = c->expires_ms,
		.said_user = proof->user, .said_service = proof->service,
		.said_host = proof->host, .said_method = proof->method,
	};
	decide(x, conclude);
}

static void
on_found(struct store_op *op)
{
	struct exchange *x = op->arg;

	if (op->status == MTLS_E_NOT_FOUND) {
		conclude_limits(x, 1);
		exchange_refuse(x, 404, "no-such-challenge",
		    "There is no such challenge.");
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	/* Needed until the answer, while the operation is used again. */
	x->challenge = op->found;
	memset(&op->found, 0, sizeof(op->found));
	audit_of_challenge(&x->audit, &x->challenge);
	if (x->challenge.state != STORE_OPEN) {
		conclude_already(x);
		return;
	}
	if ((policy_method(x->challenge.method) & PROVEN_HERE) == 0) {
		conclude_limits(x, 1);
		exchange_refuse(x, 403, "method-not-proven-here",
		    "This method is not proven on this channel.");
		return;
	}
	ask(x);
}

void
proof_take(struct exchange *x)
{
	const struct mtls_body_proof *proof = &x->body.proof;

	x->began_us = mtls_clock_us();
	audit_begin(&x->audit, "login");
	/* Until the challenge is known: what the person says. */
	x->audit.record.user = proof->user;
	x->audit.record.service = proof->service;
	x->audit.record.host = proof->host;
	x->op.id = proof->challenge;
	exchange_fingerprints(x);
	exchange_submit(x, STORE_CHALLENGE_FIND, on_found);
}

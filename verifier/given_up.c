/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/given-up: the machine that has opened a challenge wants no proof
 * of it any more, because somebody has answered what may not be answered, or
 * has not come to an end. It is denied with the machine's reason, so that it
 * stands in the audit and nobody can prove it later.
 */
#include "config.h"

#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"

static void
on_denied(struct store_op *op)
{
	struct exchange *x = op->arg;
	struct mtls_body_taken body;

	if (op->status == MTLS_E_REFUSED || op->status == MTLS_E_NOT_FOUND) {
		exchange_problem(x, 409, "already-proven",
		    "This challenge has had its proof.");
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	/* Metrics and the log count words, not sentences. */
	x->audit.record.reason = x->decision.reason;
	exchange_decided(x);
	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, x->challenge.id, sizeof(body.challenge));
	exchange_reply(x, 200, MTLS_BODY_TAKEN, &body);
}

/* Nobody is charged: it is the machine that says so, and of itself. */
static void
on_found(struct store_op *op)
{
	struct exchange *x = op->arg;
	struct store_record *r = &x->audit.record;

	if (!machine_take_found(x, POLICY_METHOD_ALL))
		return;
	store_op_clear(op);
	(void)snprintf(x->given_up, sizeof(x->given_up), "given-up: %s",
	    x->body.given_up.reason);
	x->decision.verdict = MTLS_VERDICT_DENY;
	x->decision.reason = "given-up";
	x->decision.message = x->decision.certificate = "";
	x->decision.grant_expires_ms = mtls_clock_ms() + (int64_t)1000 *
	    x->server->generation->settings.grant_ttl_s;
	r->decision = "deny";
	r->reason = x->given_up;
	r->source = connection_peer0(x->connection);
	x->op.id = x->challenge.id;
	x->op.decision = &x->decision;
	x->op.record = r;
	exchange_submit(x, STORE_CHALLENGE_DECIDE, on_denied);
}

void
given_up_take(struct exchange *x)
{
	audit_begin(&x->audit, "login");
	x->audit.record.host = peer_host0(&x->peer);
	machine_find(x, x->body.given_up.challenge, on_found);
}

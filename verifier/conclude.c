/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a decision to the answer: its record and its buckets are written with
 * it, in one transaction, and only then is anybody told that the proof was
 * taken.
 */
#include "config.h"

#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"

#include "metrics.h"

void
conclude_unavailable(struct exchange *x)
{
	mtls_log_err(x->server->log, MTLS_LOG_ERR, "state-failed",
	    &x->op.err, MTLS_KEY_REQUEST, x->audit.request, MTLS_KEY_END);
	exchange_problem(x, 503, "state-unavailable",
	    "The decision cannot be stored.");
}

/*
 * The card is this exchange's; a person is charged for what a certificate in
 * good standing does that stands for them, and for nothing else.
 */
void
conclude_limits(struct exchange *x, int is_failure)
{
	struct limits_proof who = {
		.sha256 = x->sha256,
		.user = x->mapped_user[0] != '\0' ? x->mapped_user : NULL,
		.host = x->challenge.host,
		.source = connection_peer0(x->connection),
		.is_told = x->body_type == MTLS_BODY_KEY,
	};

	/* Those of codes are taken where a code is. */
	if (x->body_type == MTLS_BODY_CODE_TAKE ||
	    x->body_type == MTLS_BODY_APPROVE) {
		x->limits.n = 0;
		return;
	}
	limits_of_proof(&x->limits, &x->server->generation->settings, &who,
	    is_failure);
}

void
conclude_already(struct exchange *x)
{
	conclude_limits(x, 1);
	exchange_refuse(x, 409, "already-proven",
	    "This challenge has had its proof.");
}

static void
on_decided(struct store_op *op)
{
	struct exchange *x = op->arg;
	struct server *server = x->server;
	struct mtls_body_taken body;

	/* Revoked since it was looked up: another decision. */
	if (op->is_revoked) {
		store_op_clear(op);
		x->mapped_user[0] = '\0';
		conclude(x, &(struct policy_decision){
		    .verdict = MTLS_VERDICT_DENY,
		    .reason = POLICY_REASON_REVOKED_HERE }, mtls_clock_ms());
		return;
	}
	if (op->limited != NULL) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	/* Somebody else was faster: one proof for one challenge. */
	if (op->status == MTLS_E_REFUSED || op->status == MTLS_E_NOT_FOUND) {
		conclude_already(x);
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	exchange_decided(x);
	metrics_since(server->metrics, METRICS_DECISION_TIME, x->began_us);
	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, x->challenge.id, sizeof(body.challenge));
	exchange_reply(x, 200, MTLS_BODY_TAKEN, &body);
}

/* The person is told as well, where the machine can. */
static void
log_warning(const struct exchange *x, const struct policy_decision *d)
{
	if (d->expires_days == 0)
		return;
	mtls_log_event(x->server->log, MTLS_LOG_NOTICE, "certificate-expires",
	    MTLS_KEY_REQUEST, x->audit.request,
	    MTLS_KEY_USER, x->challenge.user,
	    MTLS_KEY_CERT, x->certificate,
	    MTLS_KEY_REASON, x->message, MTLS_KEY_END);
}

/* Writes the decision and its record, both or neither. */
void
conclude(struct exchange *x, const struct policy_decision *d,
    int64_t now_ms)
{
	const struct generation *g = x->server->generation;
	struct store_record *r = &x->audit.record;

	x->decision.verdict = d->verdict;
	x->decision.reason = policy_reason_word(d->reason);
	x->decision.message = policy_message(d, x->message);
	log_warning(x, d);
	x->decision.certificate = x->certificate;
	x->decision.grant_expires_ms = now_ms +
	    (int64_t)1000 * g->settings.grant_ttl_s;
	r->decision = d->verdict == MTLS_VERDICT_ALLOW ? "allow" : "deny";
	r->reason = x->decision.reason;
	r->certificate = x->certificate;
	r->source = connection_peer0(x->connection);
	x->audit.rule = NULL;
	if (d->line != 0) {
		(void)snprintf(x->audit.rule_text,
		    sizeof(x->audit.rule_text), "%.60s:%u",
		    g->settings.policy, d->line);
		x->audit.rule = x->audit.rule_text;
	}
	x->op.id = x->challenge.id;
	x->op.decision = &x->decision;
	x->op.record = r;
	conclude_limits(x, limits_counts(d->reason));
	exchange_limit(x, &x->op);
	exchange_submit(x, STORE_CHALLENGE_DECIDE, on_decided);
}

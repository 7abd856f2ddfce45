/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/codes on the machines' listener: somebody has typed a code. First
 * it is taken, by the store, atomically, from whoever else has it too. Then
 * the certificate with which it was made is looked at as if it had just been
 * shown: what was revoked since, or is not allowed any more, gets nothing.
 */
#include "config.h"

#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"
#include "mtls/pem.h"
#include "mtls/secret.h"

#include "metrics.h"

static void
count(struct exchange *x, const char *what)
{
	metrics_count(x->server->metrics, METRICS_CODES,
	    (struct metrics_labels){ { what } });
}

/* --- a code that is the right one --- */

static void
on_decided(struct exchange *x, const struct policy_decision *d,
    int64_t now_ms)
{
	code_log_network(x, d);
	conclude(x, d, now_ms);
}

static void
on_person(struct store_op *op)
{
	struct exchange *x = op->arg;
	const struct store_challenge *c = &x->challenge;
	const struct mtls_body_code_take *take = &x->body.code_take;

	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	x->question = (struct decide_question){
		.user = c->user, .service = c->service, .host = c->host,
		.method = x->audit.record.method, .rhost = c->rhost,
		.expires_ms = c->expires_ms,
		.said_user = take->user, .said_service = take->service,
		.said_host = take->host,
		.said_method = x->audit.record.method,
		.same_network = policy_same_network(c->rhost, x->code.source),
	};
	decide(x, on_decided);
}

static void
find_person(struct exchange *x)
{
	exchange_fingerprints(x);
	exchange_submit(x, STORE_PERSON_FIND, on_person);
}

/* From here on the exchange is about the person. */
static void
take_person(struct exchange *x, struct store_taken *taken)
{
	X509 *certificate = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	x->audit.record.method = taken->hit == STORE_HIT_MINTED ? "mint" :
	    "code";
	(void)snprintf(x->code.source, sizeof(x->code.source), "%s",
	    taken->source);
	if (mtls_der_certificate(x->server->tls, taken->der, taken->der_len,
	    &certificate, &x->op.err) != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	store_op_clear(&x->op);
	machine_forget(x);
	peer_remember(&x->peer, certificate, x->server->generation,
	    ROLE_USER, &err);
	if (x->peer.is_readable)
		mtls_identity_short(&x->peer.id, x->certificate,
		    sizeof(x->certificate));
	count(x, "taken");
	exchange_settle(x, find_person);
}

/* --- one that is not --- */

/* Somebody has a code that is none of their business, or the wrong place. */
static void
alarm_elsewhere(const struct exchange *x, const struct store_taken *taken)
{
	char what[400];

	(void)snprintf(what, sizeof(what), "made for %.128s, %.64s at %.128s",
	    taken->user, taken->service, taken->host);
	mtls_log_event(x->server->log, MTLS_LOG_WARNING, "code-elsewhere",
	    MTLS_KEY_REQUEST, x->audit.request,
	    MTLS_KEY_USER, x->challenge.user,
	    MTLS_KEY_SERVICE, x->challenge.service,
	    MTLS_KEY_HOST, x->challenge.host,
	    MTLS_KEY_RHOST, x->challenge.rhost,
	    MTLS_KEY_REASON, what, MTLS_KEY_END);
}

static void
wrong(struct exchange *x, const struct store_taken *taken)
{
	int64_t tries = taken->tries;

	if (taken->user != NULL)
		alarm_elsewhere(x, taken);
	count(x, taken->user != NULL ? "elsewhere" : "wrong");
	store_op_clear(&x->op);
	x->limits.n = 0;
	if (tries > 0) {
		exchange_refuse(x, 403, policy_reason_word(
		    POLICY_REASON_CODE), policy_reason_sentence(
		    POLICY_REASON_CODE));
		return;
	}
	machine_forget(x);
	conclude(x, &(struct policy_decision){
	    .verdict = MTLS_VERDICT_DENY, .reason = POLICY_REASON_CODE },
	    mtls_clock_ms());
}

static void
on_taken(struct store_op *op)
{
	struct exchange *x = op->arg;

	if (op->limited != NULL) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	if (op->status == MTLS_E_REFUSED) {
		x->limits.n = 0;
		exchange_refuse(x, 409, "already-proven",
		    "This challenge has had its code, or its tries.");
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	if (op->taken.hit == STORE_HIT_NONE)
		wrong(x, &op->taken);
	else
		take_person(x, &op->taken);
}

/* --- what was typed --- */

/* What cannot be a code is a wrong one: "" is nobody's. */
static enum mtls_status
read_attempt(struct exchange *x, struct mtls_err *err)
{
	const uint8_t *key = x->server->generation->code_key;
	const struct mtls_tls *tls = x->server->tls;
	struct store_attempt *a = &x->code.attempt;
	struct code_purpose purpose = {
		.challenge = x->challenge.id, .user = x->challenge.user,
		.service = x->challenge.service, .host = x->challenge.host,
	};
	char code[CODE_LEN + 1];

	(void)code_read(x->body.code_take.code, code, CODE_LEN);
	mtls_wipe_string(x->body.code_take.code);
	if (code_key(tls, key, &purpose, code, &a->session, err) == MTLS_OK) {
		purpose.challenge = NULL;
		(void)code_key(tls, key, &purpose, code, &a->minted, err);
	}
	if (err->status == MTLS_OK)
		(void)code_mark(tls, key, code, a->mark, err);
	mtls_wipe_array(code);
	return err->status;
}

static void
on_found(struct store_op *op)
{
	struct exchange *x = op->arg;

	if (!machine_take_found(x, POLICY_METHOD_CODE))
		return;
	store_op_clear(op);
	mtls_err_clear(&op->err);
	op->now_ms = mtls_clock_ms();
	if (op->now_ms < 0 || read_attempt(x, &op->err) != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	op->id = x->challenge.id;
	op->host = x->challenge.host;
	op->user = x->challenge.user;
	op->attempt = &x->code.attempt;
	limits_of_codes(&x->limits, &x->server->generation->settings,
	    x->challenge.user, 1);
	exchange_limit(x, op);
	exchange_submit(x, STORE_CODE_TAKE, on_taken);
}

void
code_take(struct exchange *x)
{
	const struct mtls_body_code_take *take = &x->body.code_take;

	x->began_us = mtls_clock_us();
	audit_begin(&x->audit, "login");
	/* Until the challenge is known: what the machine says. */
	x->audit.record.user = take->user;
	x->audit.record.service = take->service;
	x->audit.record.host = peer_host0(&x->peer);
	machine_find(x, take->challenge, on_found);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a person asks for with their card, on the users' listener: which login
 * a session word is of (POST /v1/sessions), a code for it (POST /v1/approvals),
 * or a code for a login that is still to come (POST /v1/codes). Everything a
 * proof must be this must be as well; and what the person is shown of the
 * login is the machine's authenticated name, and what that machine claims.
 * Sessions of others are not there. Nothing here is charged to the person's
 * card logins.
 */
#include "config.h"

#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"
#include "mtls/pem.h"
#include "mtls/text.h"

#include "metrics.h"

static void
refuse(struct exchange *x, int code, const char *reason, const char *message)
{
	x->limits.n = 0;
	metrics_count(x->server->metrics, METRICS_CODES,
	    (struct metrics_labels){ { "refused" } });
	exchange_refuse(x, code, reason, message);
}

static void
no_session(struct exchange *x)
{
	refuse(x, 404, "no-such-session",
	    "There is no such session of yours, or it is over.");
}

/* --- the code --- */

static const char *
network_word(enum policy_answer same)
{
	switch (same) {
	case POLICY_YES:
		return "same";
	case POLICY_NO:
		return "other";
	case POLICY_CANNOT_TELL:
		break;
	}
	return "unknown";
}

static void
on_added(struct store_op *op)
{
	struct exchange *x = op->arg;
	struct mtls_body_code body;

	if (op->is_revoked) {
		refuse(x, 403, policy_reason_word(POLICY_REASON_REVOKED_HERE),
		    policy_reason_sentence(POLICY_REASON_REVOKED_HERE));
		return;
	}
	if (op->limited != NULL) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	if (op->status == MTLS_E_REFUSED) {
		no_session(x);
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	audit_log(&x->audit, x->server->log);
	metrics_count(x->server->metrics, METRICS_CODES,
	    (struct metrics_labels){ { x->body_type == MTLS_BODY_MINT ?
	    "minted" : "approved" } });
	memset(&body, 0, sizeof(body));
	body.version = 1;
	body.code = x->code.text;
	body.expires_in = x->server->generation->settings.code_ttl_s;
	exchange_reply(x, 201, MTLS_BODY_CODE, &body);
}

/* What is stored of a new code; the certificate is looked at again later. */
static enum mtls_status
make_code(struct exchange *x, int64_t now_ms, struct mtls_err *err)
{
	const struct generation *g = x->server->generation;
	const struct mtls_tls *tls = x->server->tls;
	struct store_code *c = &x->code.stored;
	struct code_purpose purpose = {
		.challenge = x->body_type == MTLS_BODY_MINT ? NULL :
		    x->challenge.id,
		.user = x->question.user, .service = x->question.service,
		.host = x->question.host,
	};

	if (code_make(x->code.text, CODE_LEN, err) != MTLS_OK ||
	    code_key(tls, g->code_key, &purpose, x->code.text, &c->key,
	    err) != MTLS_OK ||
	    code_mark(tls, g->code_key, x->code.text, c->mark, err) !=
	    MTLS_OK || mtls_der_of_certificate(SSL_get0_peer_certificate(
	    connection_ssl0(x->connection)), &x->code.der,
	    &x->code.der_len, err) != MTLS_OK)
		return err->status;
	c->challenge = purpose.challenge;
	c->user = purpose.user;
	c->service = purpose.service;
	c->host = purpose.host;
	c->source = x->code.source;
	c->der = x->code.der;
	c->der_len = x->code.der_len;
	c->expires_ms = now_ms + (int64_t)1000 * g->settings.code_ttl_s;
	return MTLS_OK;
}

static void
add_code(struct exchange *x, int64_t now_ms)
{
	struct store_record *r = &x->audit.record;

	if (now_ms < 0 ||
	    make_code(x, now_ms, &x->op.err) != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	r->decision = "allow";
	r->reason = policy_reason_word(POLICY_REASON_ALLOWED);
	r->certificate = x->certificate;
	r->source = connection_peer0(x->connection);
	x->op.code = &x->code.stored;
	x->op.record = r;
	exchange_fingerprints(x);
	/* Only looked at: with too many wrong ones there are no new ones. */
	limits_of_codes(&x->limits, &x->server->generation->settings,
	    x->question.user, 0);
	exchange_limit(x, &x->op);
	exchange_submit(x, STORE_CODE_ADD, on_added);
}

/* --- the decision --- */

static void
reply_session(struct exchange *x, const struct policy_decision *d,
    int64_t now_ms)
{
	static const char *const rules[] = {
		[POLICY_NETWORK_WARN] = "warn",
		[POLICY_NETWORK_REQUIRE] = "require",
		[POLICY_NETWORK_OFF] = "off",
	};
	const struct store_challenge *c = &x->challenge;
	struct mtls_body_session body;
	char network[8], rule[8];

	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, c->id, sizeof(body.challenge));
	body.user = c->user;
	body.service = c->service;
	body.host = c->host;
	body.tty = c->tty;
	body.rhost = c->rhost;
	body.ruser = c->ruser;
	body.network = strcpy(network,
	    network_word(x->question.same_network));
	body.network_rule = strcpy(rule, rules[d->network]);
	body.expires_in = (c->expires_ms - now_ms) / 1000;
	exchange_reply(x, 200, MTLS_BODY_SESSION, &body);
}

void
code_log_network(const struct exchange *x, const struct policy_decision *d)
{
	if (d->verdict != MTLS_VERDICT_ALLOW ||
	    d->network != POLICY_NETWORK_WARN ||
	    x->question.same_network == POLICY_YES)
		return;
	mtls_log_event(x->server->log, MTLS_LOG_WARNING,
	    "code-other-network", MTLS_KEY_REQUEST, x->audit.request,
	    MTLS_KEY_USER, x->question.user,
	    MTLS_KEY_HOST, x->question.host,
	    MTLS_KEY_RHOST, x->question.rhost,
	    MTLS_KEY_PEER, x->code.source, MTLS_KEY_END);
}

static void
approve(struct exchange *x, const struct policy_decision *d, int64_t now_ms)
{
	if (strcmp(x->body.approve.consent, "yes") == 0) {
		code_log_network(x, d);
		add_code(x, now_ms);
	} else if (strcmp(x->body.approve.consent, "no") == 0) {
		x->audit.record.event = "login";
		conclude(x, &(struct policy_decision){
		    .verdict = MTLS_VERDICT_DENY,
		    .reason = POLICY_REASON_DECLINED }, now_ms);
	} else {
		exchange_problem(x, 400, "bad-request",
		    "The consent is yes or no.");
	}
}

/*
 * Which words there are, or were, is not for others to know: who is not the
 * user for whom it is, or nobody at all, hears what they hear of any word.
 */
static int
is_of_others(const struct exchange *x, enum policy_reason reason)
{
	return x->body_type != MTLS_BODY_MINT && (
	    reason == POLICY_REASON_USER || reason == POLICY_REASON_NO_USER ||
	    reason == POLICY_REASON_NOT_BOUND ||
	    reason == POLICY_REASON_DISAGREE ||
	    reason == POLICY_REASON_MALFORMED ||
	    reason == POLICY_REASON_EXPIRED);
}

static void
on_decided(struct exchange *x, const struct policy_decision *d,
    int64_t now_ms)
{
	if (d->verdict != MTLS_VERDICT_ALLOW) {
		if (is_of_others(x, d->reason))
			no_session(x);
		else
			refuse(x, 403, policy_reason_word(d->reason),
			    policy_reason_sentence(d->reason));
		return;
	}
	if (x->body_type == MTLS_BODY_SESSION_ASK)
		reply_session(x, d, now_ms);
	else if (x->body_type == MTLS_BODY_APPROVE)
		approve(x, d, now_ms);
	else
		add_code(x, now_ms);
}

/* --- the question --- */

static void
on_session(struct store_op *op)
{
	struct exchange *x = op->arg;
	const struct store_challenge *c = &x->challenge;
	const struct mtls_body_approve *a = &x->body.approve;
	int is_restated = x->body_type == MTLS_BODY_APPROVE;

	if (op->status == MTLS_E_NOT_FOUND) {
		no_session(x);
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	x->challenge = op->found;
	memset(&op->found, 0, sizeof(op->found));
	if (c->state != STORE_OPEN ||
	    policy_method(c->method) != POLICY_METHOD_CODE) {
		no_session(x);
		return;
	}
	audit_of_challenge(&x->audit, c);
	x->question = (struct decide_question){
		.user = c->user, .service = c->service, .host = c->host,
		.method = c->method, .rhost = c->rhost,
		.expires_ms = c->expires_ms,
		.said_user = is_restated ? a->user : c->user,
		.said_service = is_restated ? a->service : c->service,
		.said_host = is_restated ? a->host : c->host,
		.said_method = is_restated ? a->method : c->method,
		.same_network = policy_same_network(c->rhost,
		    x->code.source),
	};
	decide(x, on_decided);
}

static void
on_person(struct store_op *op)
{
	const struct exchange *ask = op->arg;
	const struct mtls_body_mint *m = &ask->body.mint;
	struct exchange *x = op->arg;

	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	/* There is no login yet: the person's own place stands for its. */
	x->question = (struct decide_question){
		.user = m->user, .service = m->service, .host = m->host,
		.method = "mint", .rhost = x->code.source,
		.expires_ms = INT64_MAX,
		.said_user = m->user, .said_service = m->service,
		.said_host = m->host, .said_method = "mint",
		.same_network = POLICY_YES,
	};
	decide(x, on_decided);
}

static void
ask_store(struct exchange *x)
{
	exchange_fingerprints(x);
	if (x->body_type == MTLS_BODY_MINT) {
		exchange_submit(x, STORE_PERSON_FIND, on_person);
	} else if (x->body_type == MTLS_BODY_APPROVE) {
		x->op.id = x->body.approve.challenge;
		exchange_submit(x, STORE_CHALLENGE_FIND, on_session);
	} else if (code_read(x->body.session_ask.session, x->code.text,
	    CODE_WORD_LEN) == 0) {
		x->op.session = x->code.text;
		exchange_submit(x, STORE_SESSION_FIND, on_session);
	} else {
		no_session(x);
	}
}

static void
on_admitted(struct store_op *op)
{
	struct exchange *x = op->arg;

	if (op->limited != NULL) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return;
	}
	store_op_clear(op);
	ask_store(x);
}

static void
begin(struct exchange *x, const char *event)
{
	x->began_us = mtls_clock_us();
	audit_begin(&x->audit, event);
	x->audit.record.method = "code";
	(void)snprintf(x->code.source, sizeof(x->code.source), "%s",
	    connection_peer0(x->connection));
	exchange_fingerprints(x);
	limits_of_code_requests(&x->limits, &x->server->generation->settings,
	    x->sha256);
	exchange_limit(x, &x->op);
	exchange_submit(x, STORE_LIMIT_TAKE, on_admitted);
}

void
code_session(struct exchange *x)
{
	begin(x, "session");
}

void
code_approve(struct exchange *x)
{
	begin(x, "approve");
}

void
code_mint(struct exchange *x)
{
	const struct mtls_body_mint *m = &x->body.mint;

	if (!mtls_text_is_user(m->user) ||
	    !mtls_text_is_service(m->service) ||
	    !mtls_text_is_hostname(m->host)) {
		exchange_problem(x, 400, "bad-request",
		    "The name of a user, service or host is not one.");
		return;
	}
	begin(x, "mint");
	x->audit.record.method = "mint";
	x->audit.record.user = m->user;
	x->audit.record.service = m->service;
	x->audit.record.host = m->host;
}

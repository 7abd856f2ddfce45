/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of every exchange: one answer, in JSON, with its exact length, and
 * nothing left behind.
 */
#include "config.h"

#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "mtls/deadline.h"
#include "mtls/secret.h"
#include "mtls/text.h"

#include "metrics.h"

static const char *
phrase(int code)
{
	static const struct {
		int code;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
		{ 400, "Bad Request" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 409, "Conflict" }, { 413, "Content Too Large" },
		{ 429, "Too Many Requests" }, { 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].code == code)
			return phrases[i].phrase;
	}
	return "Error";
}

static void
exchange_free(struct exchange *x)
{
	grant_forget(x);
	exchange_unsettle(x);
	store_op_clear(&x->op);
	store_op_clear(&x->refusal.op);
	store_challenge_clear(&x->challenge);
	mtls_wipe_array(x->code.text);
	free(x->code.der);
	peer_clear(&x->peer);
	if (x->body_type != MTLS_BODY_COUNT)
		mtls_body_clear(x->body_type, &x->body);
	x->server->n_exchanges--;
	free(x);
}

void
exchange_drop(struct exchange *x)
{
	struct evhttp_request *req = x->req;

	exchange_free(x);
	connection_drop(req);
}

static int
add_retry_after(const struct exchange *x, struct evkeyvalq *headers)
{
	char seconds[24];

	if (x->retry_after_s <= 0)
		return 1;
	(void)snprintf(seconds, sizeof(seconds), "%" PRId64,
	    x->retry_after_s);
	return evhttp_add_header(headers, "Retry-After", seconds) == 0;
}

/* Takes text. */
static void
send_text(struct exchange *x, int code, char *text, size_t len)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(x->req);
	struct evbuffer *buffer = evbuffer_new();
	struct evhttp_request *req = x->req;
	struct connection *connection = x->connection;
	int is_ending = x->server->is_ending;

	if (buffer == NULL || evbuffer_add(buffer, text, len) != 0 ||
	    evhttp_add_header(headers, "Content-Type",
	    "application/json") != 0 ||
	    evhttp_add_header(headers, "Cache-Control", "no-store") != 0 ||
	    !add_retry_after(x, headers) ||
	    (is_ending &&
	    evhttp_add_header(headers, "Connection", "close") != 0)) {
		exchange_drop(x);
	} else {
		/* With this, what is held by the exchange is not needed. */
		exchange_free(x);
		connection_answering(connection, req);
		evhttp_send_reply(req, code, phrase(code), buffer);
		connection_answered(connection);
	}
	if (buffer != NULL)
		evbuffer_free(buffer);
	free(text);
}

void
exchange_reply(struct exchange *x, int code, enum mtls_body_type type,
    const void *body)
{
	struct mtls_err err;
	char *text;
	size_t len;

	mtls_err_clear(&err);
	if (mtls_body_format(type, body, &text, &len, &err) != MTLS_OK) {
		/* No answer is better than half of one. */
		mtls_log_err(x->server->log, MTLS_LOG_ERR, "reply-failed",
		    &err, MTLS_KEY_END);
		exchange_drop(x);
		return;
	}
	send_text(x, code, text, len);
}

void
exchange_problem(struct exchange *x, int code, const char *reason,
    const char *message)
{
	struct mtls_body_problem problem;
	char copy[64], sentence[401];

	strncpy(copy, reason, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	strncpy(sentence, message, sizeof(sentence) - 1);
	sentence[sizeof(sentence) - 1] = '\0';
	memset(&problem, 0, sizeof(problem));
	problem.version = 1;
	problem.reason = copy;
	problem.message = sentence;
	if (code == 503)
		metrics_count(x->server->metrics, METRICS_UNAVAILABLE,
		    (struct metrics_labels){ { reason } });
	mtls_log_event(x->server->log, MTLS_LOG_DEBUG, "problem",
	    MTLS_KEY_REASON, reason,
	    MTLS_KEY_PEER, connection_peer0(x->connection), MTLS_KEY_END);
	exchange_reply(x, code, MTLS_BODY_PROBLEM, &problem);
}

void
exchange_submit(struct exchange *x, enum store_kind kind, store_done_fn done)
{
	x->op.kind = kind;
	x->op.arg = x;
	x->op.done = done;
	store_submit(x->server->port, &x->op);
}

/* A label only where the policy knows the word, so that there are few. */
static const char *
service_label(const struct policy *policy, const char *service)
{
	for (size_t i = 0; service != NULL && i < policy->n_rules; i++) {
		if (policy_has_word(&policy->rules[i].services, service))
			return service;
	}
	return "other";
}

void
exchange_decided(struct exchange *x)
{
	const struct store_record *r = &x->audit.record;
	struct server *server = x->server;
	struct metrics_labels labels = { {
		service_label(&server->generation->policy, r->service),
		r->method != NULL && policy_method(r->method) != 0 ?
		    r->method : "other",
		r->decision, r->reason,
	} };

	audit_log(&x->audit, server->log);
	metrics_count(server->metrics, METRICS_LOGINS, labels);
	if (strcmp(r->decision, "allow") == 0)
		server->n_allowed++;
	else
		server->n_denied++;
}

/*
 * Who has an unreadable certificate is one somebody all the same, wherever
 * they come from: what it fails is charged to it. Nothing else goes by this.
 */
static void
hash_unreadable(struct exchange *x)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	X509 *certificate = x->role == ROLE_USER ?
	    SSL_get0_peer_certificate(connection_ssl0(x->connection)) : NULL;

	if (certificate != NULL &&
	    X509_digest(certificate, EVP_sha256(), hash, &len) == 1 &&
	    2 * len < sizeof(x->sha256))
		mtls_hex_encode(x->sha256, hash, len);
}

void
exchange_fingerprints(struct exchange *x)
{
	x->op.sha256 = x->op.key_sha256 = NULL;
	if (!x->peer.is_readable) {
		hash_unreadable(x);
		return;
	}
	mtls_hex_encode(x->sha256, x->peer.id.sha256,
	    sizeof(x->peer.id.sha256));
	mtls_hex_encode(x->key_sha256, x->peer.id.spki_sha256,
	    sizeof(x->peer.id.spki_sha256));
	x->op.sha256 = x->sha256;
	x->op.key_sha256 = x->key_sha256;
}

void
exchange_refuse_revoked(struct exchange *x)
{
	const char *fault, *message = "";

	x->peer.standing = POLICY_STANDING_REVOKED_HERE;
	fault = peer_machine_fault(&x->peer, &message);
	exchange_limits_of_opening(x);
	exchange_refuse(x, 403, fault, message);
}

void
exchange_limit(struct exchange *x, struct store_op *op)
{
	op->limits = x->limits.items;
	op->n_limits = x->limits.n;
	op->limit_now_us = throttle_now_us(&x->server->clock,
	    mtls_clock_us());
}

/* Whoever has a revoked certificate of a machine is not that machine. */
static const char *
limited_host(struct exchange *x)
{
	const char *ignored, *host = peer_host0(&x->peer);

	if (host != NULL && peer_machine_fault(&x->peer, &ignored) == NULL)
		return host;
	return x->peer.is_readable ? mtls_hex_encode(x->sha256,
	    x->peer.id.sha256, sizeof(x->peer.id.sha256)) : "";
}

void
exchange_limits_of_opening(struct exchange *x)
{
	struct limits_opening who = {
		.host = limited_host(x),
		.source = connection_peer0(x->connection),
		.rhost = "", .ruser = "",
	};

	if (x->body_type == MTLS_BODY_OPEN) {
		who.rhost = x->body.open.rhost;
		who.ruser = x->body.open.ruser;
	}
	limits_of_opening(&x->limits, &x->server->generation->settings,
	    &who);
}

void
exchange_limited(struct exchange *x, enum limit limit, int64_t wait_s)
{
	x->audit.record.source = connection_peer0(x->connection);
	x->audit.record.certificate = x->certificate;
	limits_hit(&x->server->limits_log, limit, x->server->log,
	    x->server->metrics, &x->audit.record);
	x->retry_after_s = wait_s;
	exchange_problem(x, 429, limit_reason(limit), limit_message(limit));
}

static void
on_refused(struct store_op *op)
{
	struct exchange *x = op->arg;

	/* Beyond the limit a refusal is not worth a record any more. */
	if (op->limited != NULL) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	exchange_decided(x);
	if (op->status != MTLS_OK) {
		mtls_log_err(x->server->log, MTLS_LOG_ERR, "audit-failed",
		    &op->err, MTLS_KEY_REQUEST, x->audit.record.request,
		    MTLS_KEY_END);
		exchange_problem(x, 503, "state-unavailable",
		    "The audit cannot be written.");
		return;
	}
	exchange_problem(x, x->refusal.code, x->audit.record.reason,
	    x->refusal.message);
}

void
exchange_refuse(struct exchange *x, int code, const char *reason,
    const char *message)
{
	x->refusal.code = code;
	x->refusal.message = message;
	x->audit.record.decision = "deny";
	x->audit.record.reason = reason;
	x->audit.record.source = connection_peer0(x->connection);
	x->audit.record.certificate = x->certificate;
	x->refusal.op.kind = STORE_RECORD_ADD;
	x->refusal.op.record = &x->audit.record;
	exchange_limit(x, &x->refusal.op);
	x->refusal.op.arg = x;
	x->refusal.op.done = on_refused;
	store_submit(x->server->port, &x->refusal.op);
}

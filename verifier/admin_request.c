/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What an administrator can ask for: bindings and the audit. Changes go into
 * the audit, in the same transaction.
 */
#include "config.h"

#include "admin_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtls/pem.h"
#include "mtls/text.h"

#include "metrics.h"

#define SHA256_HEX	64

void
admin_refuse(struct admin_connection *c, enum mtls_status status,
    const char *why)
{
	admin_finish(c, status, 0, why);
}

void
admin_submit(struct admin_connection *c, enum store_kind kind,
    store_done_fn done)
{
	c->op.kind = kind;
	c->op.done = done;
	c->op.arg = c;
	c->is_busy = 1;
	store_submit(c->server->port, &c->op);
}

/* In the log, and counted. */
static void
tell_change(struct admin_connection *c)
{
	audit_log(&c->audit, c->server->log);
	metrics_count(c->server->metrics, METRICS_ADMIN,
	    (struct metrics_labels){ { c->audit.record.event } });
}

void
admin_on_changed(struct store_op *op)
{
	struct admin_connection *c = op->arg;

	c->is_busy = 0;
	if (op->status != MTLS_OK) {
		admin_refuse(c, op->status, op->err.text);
		return;
	}
	if (op->n > 0)
		tell_change(c);
	admin_finish(c, MTLS_OK, (uint32_t)op->n, "");
}

void
admin_begin_audit(struct admin_connection *c, const char *event,
    const char *user)
{
	audit_begin(&c->audit, event);
	c->audit.record.decision = "allow";
	c->audit.record.reason = event;
	c->audit.record.user = user;
	c->audit.record.source = c->source;
	c->audit.record.certificate = c->certificate;
	c->op.record = &c->audit.record;
}

/* Whether it is a certificate with which a person could ever log in. */
static const char *
certificate_fault(const struct mtls_identity *id)
{
	if (id->is_ca)
		return "this is the certificate of a CA";
	if (!id->for_client_auth)
		return "this certificate is not for client authentication";
	if (id->dns.n > 0)
		return "this is the certificate of a machine";
	return NULL;
}

static void
request_bind(struct admin_connection *c)
{
	const struct mtls_msg_admin_bind *m = &c->request.u.admin_bind;
	struct store_binding *b = &c->binding;
	X509 *certificate = NULL;
	struct mtls_err err;
	const char *fault;

	mtls_err_clear(&err);
	if (!mtls_text_is_user(m->user)) {
		admin_refuse(c, MTLS_E_USAGE,
		    "this cannot be the name of a user");
		return;
	}
	if (mtls_der_certificate(c->server->tls, m->der.data, m->der.len,
	    &certificate, &err) == MTLS_OK &&
	    mtls_identity_read(certificate, &c->id, &err) == MTLS_OK)
		c->has_id = 1;
	X509_free(certificate);
	fault = c->has_id ? certificate_fault(&c->id) : err.text;
	if (fault != NULL) {
		admin_refuse(c, MTLS_E_USAGE, fault);
		return;
	}
	mtls_hex_encode(c->sha256, c->id.sha256, sizeof(c->id.sha256));
	mtls_identity_short(&c->id, c->certificate, sizeof(c->certificate));
	mtls_hex_encode(c->key_sha256, c->id.spki_sha256,
	    sizeof(c->id.spki_sha256));
	b->user = m->user;
	b->sha256 = c->sha256;
	b->subject = c->id.subject;
	b->issuer = c->id.issuer;
	b->serial = c->id.serial;
	b->not_after_s = c->id.not_after_s;
	b->bound_at_s = time(NULL);
	b->key_sha256 = c->key_sha256;
	b->der = m->der.data;
	b->der_len = m->der.len;
	c->op.binding = b;
	admin_begin_audit(c, "bind", m->user);
	admin_submit(c, STORE_BINDING_ADD, admin_on_changed);
}

int
admin_is_fingerprint(const char *text)
{
	uint8_t bytes[SHA256_HEX / 2];

	return mtls_hex_decode(bytes, sizeof(bytes), text) == 0;
}

static void
request_unbind(struct admin_connection *c)
{
	const struct mtls_msg_admin_unbind *m = &c->request.u.admin_unbind;

	if (m->sha256[0] != '\0' && !admin_is_fingerprint(m->sha256)) {
		admin_refuse(c, MTLS_E_USAGE, "a fingerprint is 64 hexadecimal "
		    "digits in lower case");
		return;
	}
	c->op.user = m->user;
	c->op.sha256 = m->sha256;
	(void)snprintf(c->certificate, sizeof(c->certificate), "sha256=%s",
	    m->sha256[0] == '\0' ? "all" : m->sha256);
	admin_begin_audit(c, "unbind", m->user);
	admin_submit(c, STORE_BINDING_REMOVE, admin_on_changed);
}

static void
request_unlock(struct admin_connection *c)
{
	const char *user = c->request.u.admin_unlock.user;

	if (!mtls_text_is_user(user)) {
		admin_refuse(c, MTLS_E_USAGE,
		    "this cannot be the name of a user");
		return;
	}
	c->op.user = user;
	admin_begin_audit(c, "unlock", user);
	admin_submit(c, STORE_LIMIT_CLEAR, admin_on_changed);
}

/* Where the next page begins; 0, or -1: no verifier wrote such a row. */
static int
keep_place(struct admin_connection *c, const struct mtls_message *last)
{
	const char *name;
	char *to = c->after;
	size_t size = sizeof(c->after);

	if (last->type == MTLS_MSG_ADMIN_RECORD) {
		c->op.filter.after = (int64_t)last->u.admin_record.sequence;
		return 0;
	}
	if (last->type == MTLS_MSG_ADMIN_HEAD) {
		name = last->u.admin_head.verifier;
		to = c->after_name;
		size = sizeof(c->after_name);
	} else if (last->type == MTLS_MSG_ADMIN_REVOKED) {
		name = last->u.admin_revoked.sha256;
	} else {
		name = last->u.admin_binding.sha256;
	}
	if (strlen(name) >= size)
		return -1;
	strcpy(to, name);
	return 0;
}

static void
on_rows(struct store_op *op)
{
	struct admin_connection *c = op->arg;

	c->is_busy = 0;
	if (op->status != MTLS_OK) {
		admin_refuse(c, op->status, op->err.text);
		return;
	}
	if (op->n_rows > 0 && keep_place(c, &op->rows[op->n_rows - 1]) != 0) {
		store_op_clear(op);
		admin_refuse(c, MTLS_E_UNAVAILABLE,
		    "database: a row is malformed");
		return;
	}
	c->next_row = 0;
	c->is_last = op->n_rows < STORE_ROWS_MAX;
	if (c->is_last && op->filter.after < op->n)
		op->filter.after = op->n;
	/* Only the first page looks for where the newest begin. */
	op->filter.limit = 0;
	admin_send(c);
}

void
admin_more(struct admin_connection *c)
{
	enum store_kind kind = STORE_BINDING_LIST;

	if (c->request.type == MTLS_MSG_ADMIN_AUDIT)
		kind = STORE_RECORD_LIST;
	else if (c->request.type == MTLS_MSG_ADMIN_HEADS)
		kind = STORE_HEAD_LIST;
	else if (c->request.type == MTLS_MSG_ADMIN_REVOCATIONS)
		kind = STORE_REVOKED_LIST;

	store_op_clear(&c->op);
	admin_submit(c, kind, on_rows);
}

static void
request_bindings(struct admin_connection *c)
{
	c->op.user = c->request.u.admin_bindings.user;
	c->op.sha256 = c->after;
	c->left = INT64_MAX;
	admin_more(c);
}

static void
request_heads(struct admin_connection *c)
{
	c->op.user = c->after_name;
	c->left = INT64_MAX;
	admin_more(c);
}

static void
request_audit(struct admin_connection *c)
{
	const struct mtls_msg_admin_audit *m = &c->request.u.admin_audit;

	c->op.filter.user = m->user;
	c->op.filter.host = m->host;
	c->op.filter.service = m->service;
	c->op.filter.decision = m->decision;
	c->op.filter.event = m->event;
	c->op.filter.reason = m->reason;
	c->op.filter.since_ms = (int64_t)m->since_ms;
	c->op.filter.until_ms = (int64_t)m->until_ms;
	c->op.filter.after = (int64_t)m->after;
	c->op.filter.limit = m->limit;
	c->is_following = m->follow;
	c->left = m->limit == 0 || m->follow ? INT64_MAX : (int64_t)m->limit;
	admin_more(c);
}

void
admin_request(struct admin_connection *c)
{
	/* Other messages are for other sockets. */
	if (c->request.type == MTLS_MSG_ADMIN_BIND)
		request_bind(c);
	else if (c->request.type == MTLS_MSG_ADMIN_UNBIND)
		request_unbind(c);
	else if (c->request.type == MTLS_MSG_ADMIN_BINDINGS)
		request_bindings(c);
	else if (c->request.type == MTLS_MSG_ADMIN_AUDIT)
		request_audit(c);
	else if (c->request.type == MTLS_MSG_ADMIN_HEADS)
		request_heads(c);
	else if (c->request.type == MTLS_MSG_ADMIN_REVOKE)
		admin_revoke(c);
	else if (c->request.type == MTLS_MSG_ADMIN_UNREVOKE)
		admin_unrevoke(c);
	else if (c->request.type == MTLS_MSG_ADMIN_REVOCATIONS)
		admin_revocations(c);
	else if (c->request.type == MTLS_MSG_ADMIN_UNLOCK)
		request_unlock(c);
	else if (c->request.type == MTLS_MSG_ADMIN_STATUS)
		admin_status(c);
	else
		admin_refuse(c, MTLS_E_PROTOCOL, "this is not a request for a "
		    "verifier");
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations as calls of statements, with their values as text. Texts are
 * looked at first: one that a database cannot hold would take everybody with
 * it who is in the same transaction.
 */
#include "config.h"

#include "store_postgres.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "mtls/text.h"

#include "throttle.h"

static void
add_text(struct postgres_call *c, const char *text)
{
	if (text == NULL)
		text = "";
	if (!mtls_text_is_utf8(text, strlen(text)) ||
	    c->n == POSTGRES_PARAMS_MAX)
		c->is_bad = 1;
	else
		c->values[c->n++] = text;
}

/* Behind what is in the room already. */
static void
put(struct postgres_call *c, const char *bytes, size_t n)
{
	if (n >= sizeof(c->room) - c->used) {
		c->is_bad = 1;
		return;
	}
	memcpy(c->room + c->used, bytes, n);
	c->used += n;
	c->room[c->used] = '\0';
}

/* The next value begins where the room does. */
static void
begin(struct postgres_call *c)
{
	if (c->n == POSTGRES_PARAMS_MAX)
		c->is_bad = 1;
	else
		c->values[c->n++] = c->room + c->used;
}

static void
end(struct postgres_call *c)
{
	put(c, "", 1);
}

static void
put_number(struct postgres_call *c, int64_t number)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, number);

	put(c, text, (size_t)n);
}

static void
add_number(struct postgres_call *c, int64_t number)
{
	begin(c);
	put_number(c, number);
	end(c);
}

static void
add_bytes(struct postgres_call *c, const uint8_t *bytes, size_t len)
{
	char hex[3];

	begin(c);
	put(c, "\\x", 2);
	for (size_t i = 0; i < len; i++)
		put(c, mtls_hex_encode(hex, bytes + i, 1), 2);
	end(c);
}

/* An element of an array of texts, in quotes. */
static void
put_element(struct postgres_call *c, const char *text)
{
	if (text == NULL)
		text = "";
	if (!mtls_text_is_utf8(text, strlen(text)))
		c->is_bad = 1;
	put(c, "\"", 1);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			put(c, "\\", 1);
		put(c, text, 1);
	}
	put(c, "\"", 1);
}

static void
add_texts(struct postgres_call *c, const char *const *texts, size_t n)
{
	begin(c);
	put(c, "{", 1);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(c, ",", 1);
		put_element(c, texts[i]);
	}
	put(c, "}", 1);
	end(c);
}

static void
add_numbers(struct postgres_call *c, const int64_t *numbers, size_t n)
{
	begin(c);
	put(c, "{", 1);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(c, ",", 1);
		put_number(c, numbers[i]);
	}
	put(c, "}", 1);
	end(c);
}

static void
add_record(struct postgres_call *c, const struct store_record *r,
    const char *verifier)
{
	const char *const texts[] = {
		r->request, r->event, r->decision, r->user, r->host,
		r->service, r->method, r->tty, r->rhost, r->certificate,
		r->source, r->reason,
	};

	add_text(c, verifier);
	add_number(c, r->time_ms);
	add_texts(c, texts, sizeof(texts) / sizeof(texts[0]));
}

/* Of all limits, those without a rate too: those take nothing. */
static void
add_limits(struct postgres_call *c, const struct store_op *op)
{
	const char *keys[STORE_LIMITS_MAX], *users[STORE_LIMITS_MAX];
	const char *refuses[STORE_LIMITS_MAX];
	int64_t token_us[STORE_LIMITS_MAX], n[STORE_LIMITS_MAX];
	int64_t cost[STORE_LIMITS_MAX];
	const struct store_limit *l;

	if (op->n_limits > STORE_LIMITS_MAX) {
		c->is_bad = 1;
		return;
	}
	for (size_t i = 0; i < op->n_limits; i++) {
		l = &op->limits[i];
		keys[i] = l->key;
		users[i] = l->user;
		token_us[i] = throttle_token_us(&l->rate);
		n[i] = l->rate.n;
		cost[i] = l->rate.n == 0 ? 0 : l->cost;
		refuses[i] = l->rate.n != 0 && l->refuses ? "t" : "f";
	}
	add_texts(c, keys, op->n_limits);
	add_texts(c, users, op->n_limits);
	add_numbers(c, token_us, op->n_limits);
	add_numbers(c, n, op->n_limits);
	add_numbers(c, cost, op->n_limits);
	add_texts(c, refuses, op->n_limits);
	add_number(c, op->limit_now_us);
}

/* What may be revoked; no row has "". */
static void
add_hashes(struct postgres_call *c, const struct store_op *op)
{
	add_text(c, op->sha256);
	add_text(c, op->sha256 == NULL ? "" : op->key_sha256);
}

static void
call_add(struct postgres_call *c, const struct store_op *op, int64_t now_ms)
{
	const struct store_challenge *ch = op->challenge;
	const char *const texts[] = {
		ch->user, ch->service, ch->host, ch->tty, ch->rhost,
		ch->ruser, ch->method, ch->source,
	};

	c->statement = PG_CHALLENGE_ADD;
	add_bytes(c, ch->id, sizeof(ch->id));
	add_bytes(c, ch->request, sizeof(ch->request));
	add_bytes(c, ch->nonce, sizeof(ch->nonce));
	add_texts(c, texts, sizeof(texts) / sizeof(texts[0]));
	add_number(c, ch->expires_ms - now_ms);
	add_number(c, STORE_OPEN_MAX);
	add_hashes(c, op);
	add_limits(c, op);
}

static void
call_decide(struct postgres_call *c, const struct store_op *op,
    const char *verifier, int64_t now_ms)
{
	const struct store_decision *d = op->decision;

	c->statement = PG_CHALLENGE_DECIDE;
	add_bytes(c, op->id, MTLS_ID_BYTES);
	add_number(c, (int)d->verdict);
	add_text(c, d->reason);
	add_text(c, d->message);
	add_text(c, d->certificate);
	add_number(c, d->grant_expires_ms - now_ms);
	/* A "no" stays one, whatever is revoked. */
	if (d->verdict == MTLS_VERDICT_ALLOW) {
		add_hashes(c, op);
	} else {
		add_text(c, "");
		add_text(c, "");
	}
	add_record(c, op->record, verifier);
	add_limits(c, op);
}

static void
call_binding(struct postgres_call *c, const struct store_op *op,
    const char *verifier)
{
	const struct store_binding *b = op->binding;

	if (op->kind == STORE_BINDING_LIST) {
		c->statement = PG_BINDING_LIST;
		add_text(c, op->sha256);
		add_text(c, op->user);
		add_number(c, STORE_ROWS_MAX);
	} else if (op->kind == STORE_BINDING_ADD) {
		c->statement = PG_BINDING_ADD;
		add_text(c, b->sha256);
		add_text(c, b->user);
		add_text(c, b->subject);
		add_text(c, b->issuer);
		add_text(c, b->serial);
		add_number(c, b->not_after_s);
		add_number(c, b->bound_at_s);
		add_record(c, op->record, verifier);
	} else {
		c->statement = PG_BINDING_REMOVE;
		add_text(c, op->user);
		add_text(c, op->sha256);
		add_record(c, op->record, verifier);
	}
}

static void
call_list(struct postgres_call *c, const struct store_op *op)
{
	const struct store_filter *f = &op->filter;

	c->statement = f->limit > 0 ? PG_RECORD_FIRST : PG_RECORD_NEXT;
	add_number(c, f->after);
	add_text(c, f->user);
	add_text(c, f->host);
	add_text(c, f->service);
	add_text(c, f->decision);
	add_number(c, STORE_ROWS_MAX);
	add_text(c, f->event);
	add_text(c, f->reason);
	add_number(c, f->since_ms);
	add_number(c, f->until_ms);
	if (f->limit > 0)
		add_number(c, f->limit);
}

static void
call_revocation(struct postgres_call *c, const struct store_op *op,
    const char *verifier)
{
	const struct store_revocation *r = op->revocation;

	if (op->kind == STORE_REVOKED_LIST) {
		c->statement = PG_REVOKED_LIST;
		add_text(c, op->sha256);
		add_text(c, op->user);
		add_number(c, STORE_ROWS_MAX);
		return;
	}
	if (op->kind == STORE_UNREVOKE) {
		c->statement = PG_UNREVOKE;
		add_text(c, op->sha256);
	} else {
		c->statement = PG_REVOKE;
		add_text(c, r->sha256);
		add_text(c, r->kind);
		add_text(c, r->user);
		add_text(c, r->subject);
		add_text(c, r->issuer);
		add_text(c, r->serial);
		add_text(c, r->reason);
		add_text(c, r->by);
		add_number(c, r->revoked_at_s);
	}
	add_record(c, op->record, verifier);
}

static void
call_floor(struct postgres_call *c, const struct store_op *op,
    const char *verifier)
{
	const struct store_floor *f = op->floor;

	if (op->kind == STORE_FLOOR_FORGET) {
		c->statement = PG_FLOOR_FORGET;
		add_record(c, op->record, verifier);
		return;
	}
	c->statement = PG_FLOOR_RAISE;
	add_bytes(c, f->key, sizeof(f->key));
	add_bytes(c, f->number, f->has_number ? sizeof(f->number) : 0);
	add_number(c, f->this_update_s);
}

int
postgres_is_locking(enum store_kind kind)
{
	switch (kind) {
	case STORE_CHALLENGE_FIND:
	case STORE_RECORD_LIST:
	case STORE_HEAD_LIST:
	case STORE_HEAD_FIND:
	case STORE_BINDING_LIST:
	case STORE_REVOKED_LIST:
	case STORE_COUNT:
		return 0;
	case STORE_CHALLENGE_ADD:
	case STORE_CHALLENGE_DECIDE:
	case STORE_CHALLENGE_DELIVER:
	case STORE_CHALLENGE_PURGE:
	case STORE_LIMIT_TAKE:
	case STORE_LIMIT_CLEAR:
	case STORE_RECORD_ADD:
	case STORE_RECORD_DROP:
	case STORE_BINDING_ADD:
	case STORE_BINDING_REMOVE:
	case STORE_FLOOR_RAISE:
	case STORE_FLOOR_FORGET:
	case STORE_REVOKE:
	case STORE_UNREVOKE:
		break;
	}
	return 1;
}

void
postgres_call_of(struct postgres_call *c, const struct store_op *op,
    const char *verifier, int64_t now_ms)
{
	c->n = c->is_bad = 0;
	c->used = 0;
	switch (op->kind) {
	case STORE_CHALLENGE_ADD:
		call_add(c, op, now_ms);
		return;
	case STORE_CHALLENGE_FIND:
		c->statement = PG_CHALLENGE_FIND;
		add_bytes(c, op->id, MTLS_ID_BYTES);
		add_hashes(c, op);
		return;
	case STORE_CHALLENGE_DECIDE:
		call_decide(c, op, verifier, now_ms);
		return;
	case STORE_CHALLENGE_DELIVER:
		c->statement = PG_CHALLENGE_DELIVER;
		add_bytes(c, op->id, MTLS_ID_BYTES);
		add_text(c, op->host);
		return;
	case STORE_CHALLENGE_PURGE:
		c->statement = PG_PURGE;
		add_number(c, now_ms - op->now_ms);
		add_number(c, op->limit_now_us);
		return;
	case STORE_LIMIT_TAKE:
		c->statement = PG_LIMIT_TAKE;
		add_limits(c, op);
		return;
	case STORE_LIMIT_CLEAR:
		c->statement = PG_LIMIT_CLEAR;
		/* "" stands for nobody, not for everybody. */
		if (op->user == NULL || op->user[0] == '\0')
			c->is_bad = 1;
		add_text(c, op->user);
		add_record(c, op->record, verifier);
		return;
	case STORE_RECORD_ADD:
		c->statement = PG_RECORD_ADD;
		add_record(c, op->record, verifier);
		add_limits(c, op);
		return;
	case STORE_RECORD_LIST:
		call_list(c, op);
		return;
	case STORE_RECORD_DROP:
		c->statement = PG_RECORD_DROP;
		add_text(c, op->user);
		add_number(c, op->filter.until_ms);
		add_number(c, STORE_DROP_MAX);
		return;
	case STORE_HEAD_LIST:
		c->statement = PG_HEAD_LIST;
		add_text(c, op->user);
		add_number(c, STORE_ROWS_MAX);
		return;
	case STORE_HEAD_FIND:
		c->statement = PG_HEAD_FIND;
		add_text(c, op->user);
		return;
	case STORE_BINDING_ADD:
	case STORE_BINDING_REMOVE:
	case STORE_BINDING_LIST:
		call_binding(c, op, verifier);
		return;
	case STORE_FLOOR_RAISE:
	case STORE_FLOOR_FORGET:
		call_floor(c, op, verifier);
		return;
	case STORE_REVOKE:
	case STORE_UNREVOKE:
	case STORE_REVOKED_LIST:
		call_revocation(c, op, verifier);
		return;
	case STORE_COUNT:
		c->statement = PG_COUNT;
		return;
	}
	c->is_bad = 1;
}

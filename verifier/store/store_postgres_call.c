/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations as calls of statements.
 */
#include "config.h"

#include "store_postgres.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "mtls/text.h"

#include "throttle.h"

void
postgres_add_record(struct postgres_call *c, const struct store_record *r,
    const char *verifier)
{
	const char *const texts[] = {
		r->request, r->event, r->decision, r->user, r->host,
		r->service, r->method, r->tty, r->rhost, r->certificate,
		r->source, r->reason,
	};

	postgres_add_text(c, verifier);
	postgres_add_number(c, r->time_ms);
	postgres_add_texts(c, texts, sizeof(texts) / sizeof(texts[0]));
}

/* Of all limits, those without a rate too: those take nothing. */
void
postgres_add_limits(struct postgres_call *c, const struct store_op *op)
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
	postgres_add_texts(c, keys, op->n_limits);
	postgres_add_texts(c, users, op->n_limits);
	postgres_add_numbers(c, token_us, op->n_limits);
	postgres_add_numbers(c, n, op->n_limits);
	postgres_add_numbers(c, cost, op->n_limits);
	postgres_add_texts(c, refuses, op->n_limits);
	postgres_add_number(c, op->limit_now_us);
}

/* What may be revoked; no row has "". */
void
postgres_add_hashes(struct postgres_call *c, const struct store_op *op)
{
	postgres_add_text(c, op->sha256);
	postgres_add_text(c, op->sha256 == NULL ? "" : op->key_sha256);
}

static void
call_add(struct postgres_call *c, const struct store_op *op, int64_t now_ms)
{
	const struct store_challenge *ch = op->challenge;
	const char *const texts[] = {
		ch->user, ch->service, ch->host, ch->tty, ch->rhost,
		ch->ruser, ch->method, ch->source, ch->session,
	};

	c->statement = PG_CHALLENGE_ADD;
	postgres_add_bytes(c, ch->id, sizeof(ch->id));
	postgres_add_bytes(c, ch->request, sizeof(ch->request));
	postgres_add_bytes(c, ch->nonce, sizeof(ch->nonce));
	postgres_add_texts(c, texts, sizeof(texts) / sizeof(texts[0]));
	postgres_add_number(c, ch->expires_ms - now_ms);
	postgres_add_number(c, STORE_OPEN_MAX);
	postgres_add_number(c, STORE_CODE_TRIES);
	postgres_add_hashes(c, op);
	postgres_add_limits(c, op);
}

static void
call_decide(struct postgres_call *c, const struct store_op *op,
    const char *verifier, int64_t now_ms)
{
	const struct store_decision *d = op->decision;

	c->statement = PG_CHALLENGE_DECIDE;
	postgres_add_bytes(c, op->id, MTLS_ID_BYTES);
	postgres_add_number(c, (int)d->verdict);
	postgres_add_text(c, d->reason);
	postgres_add_text(c, d->message);
	postgres_add_text(c, d->certificate);
	postgres_add_number(c, d->grant_expires_ms - now_ms);
	/* A "no" stays one, whatever is revoked. */
	if (d->verdict == MTLS_VERDICT_ALLOW) {
		postgres_add_hashes(c, op);
	} else {
		postgres_add_text(c, "");
		postgres_add_text(c, "");
	}
	postgres_add_record(c, op->record, verifier);
	postgres_add_limits(c, op);
}

static void
call_binding(struct postgres_call *c, const struct store_op *op,
    const char *verifier)
{
	const struct store_binding *b = op->binding;

	if (op->kind == STORE_BINDING_LIST) {
		c->statement = PG_BINDING_LIST;
		postgres_add_text(c, op->sha256);
		postgres_add_text(c, op->user);
		postgres_add_number(c, STORE_ROWS_MAX);
	} else if (op->kind == STORE_BINDING_FIND) {
		c->statement = PG_BINDING_FIND;
		postgres_add_text(c, op->user);
		postgres_add_text(c, op->key_sha256);
		postgres_add_number(c, STORE_BOUND_MAX);
	} else if (op->kind == STORE_BINDING_ADD) {
		c->statement = PG_BINDING_ADD;
		postgres_add_text(c, b->sha256);
		postgres_add_text(c, b->user);
		postgres_add_text(c, b->subject);
		postgres_add_text(c, b->issuer);
		postgres_add_text(c, b->serial);
		postgres_add_number(c, b->not_after_s);
		postgres_add_number(c, b->bound_at_s);
		postgres_add_text(c, b->key_sha256);
		postgres_add_bytes(c, b->der, b->der_len);
		postgres_add_record(c, op->record, verifier);
	} else {
		c->statement = PG_BINDING_REMOVE;
		postgres_add_text(c, op->user);
		postgres_add_text(c, op->sha256);
		postgres_add_record(c, op->record, verifier);
	}
}

static void
call_list(struct postgres_call *c, const struct store_op *op)
{
	const struct store_filter *f = &op->filter;

	c->statement = f->limit > 0 ? PG_RECORD_FIRST : PG_RECORD_NEXT;
	postgres_add_number(c, f->after);
	postgres_add_text(c, f->user);
	postgres_add_text(c, f->host);
	postgres_add_text(c, f->service);
	postgres_add_text(c, f->decision);
	postgres_add_number(c, STORE_ROWS_MAX);
	postgres_add_text(c, f->event);
	postgres_add_text(c, f->reason);
	postgres_add_number(c, f->since_ms);
	postgres_add_number(c, f->until_ms);
	if (f->limit > 0)
		postgres_add_number(c, f->limit);
}

static void
call_revocation(struct postgres_call *c, const struct store_op *op,
    const char *verifier)
{
	const struct store_revocation *r = op->revocation;

	if (op->kind == STORE_REVOKED_LIST) {
		c->statement = PG_REVOKED_LIST;
		postgres_add_text(c, op->sha256);
		postgres_add_text(c, op->user);
		postgres_add_number(c, STORE_ROWS_MAX);
		return;
	}
	if (op->kind == STORE_UNREVOKE) {
		c->statement = PG_UNREVOKE;
		postgres_add_text(c, op->sha256);
	} else {
		c->statement = PG_REVOKE;
		postgres_add_text(c, r->sha256);
		postgres_add_text(c, r->kind);
		postgres_add_text(c, r->user);
		postgres_add_text(c, r->subject);
		postgres_add_text(c, r->issuer);
		postgres_add_text(c, r->serial);
		postgres_add_text(c, r->reason);
		postgres_add_text(c, r->by);
		postgres_add_number(c, r->revoked_at_s);
	}
	postgres_add_record(c, op->record, verifier);
}

static void
call_floor(struct postgres_call *c, const struct store_op *op,
    const char *verifier)
{
	const struct store_floor *f = op->floor;

	if (op->kind == STORE_FLOOR_FORGET) {
		c->statement = PG_FLOOR_FORGET;
		postgres_add_record(c, op->record, verifier);
		return;
	}
	c->statement = PG_FLOOR_RAISE;
	postgres_add_bytes(c, f->key, sizeof(f->key));
	postgres_add_bytes(c, f->number, f->has_number ? sizeof(f->number) : 0);
	postgres_add_number(c, f->this_update_s);
}

int
postgres_is_locking(enum store_kind kind)
{
	switch (kind) {
	case STORE_CHALLENGE_FIND:
	case STORE_SESSION_FIND:
	case STORE_PERSON_FIND:
	case STORE_RECORD_LIST:
	case STORE_HEAD_LIST:
	case STORE_HEAD_FIND:
	case STORE_BINDING_LIST:
	case STORE_BINDING_FIND:
	case STORE_REVOKED_LIST:
	case STORE_COUNT:
		return 0;
	case STORE_CHALLENGE_ADD:
	case STORE_CHALLENGE_DECIDE:
	case STORE_CHALLENGE_DELIVER:
	case STORE_CHALLENGE_PURGE:
	case STORE_CODE_ADD:
	case STORE_CODE_TAKE:
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
		postgres_add_bytes(c, op->id, MTLS_ID_BYTES);
		postgres_add_hashes(c, op);
		return;
	case STORE_SESSION_FIND:
		c->statement = PG_SESSION_FIND;
		postgres_add_text(c, op->session);
		postgres_add_hashes(c, op);
		return;
	case STORE_PERSON_FIND:
		c->statement = PG_PERSON_FIND;
		postgres_add_hashes(c, op);
		return;
	case STORE_CODE_ADD:
	case STORE_CODE_TAKE:
		postgres_call_code(c, op, verifier, now_ms);
		return;
	case STORE_CHALLENGE_DECIDE:
		call_decide(c, op, verifier, now_ms);
		return;
	case STORE_CHALLENGE_DELIVER:
		c->statement = PG_CHALLENGE_DELIVER;
		postgres_add_bytes(c, op->id, MTLS_ID_BYTES);
		postgres_add_text(c, op->host);
		return;
	case STORE_CHALLENGE_PURGE:
		c->statement = PG_PURGE;
		postgres_add_number(c, now_ms - op->now_ms);
		postgres_add_number(c, op->limit_now_us);
		return;
	case STORE_LIMIT_TAKE:
		c->statement = PG_LIMIT_TAKE;
		postgres_add_limits(c, op);
		return;
	case STORE_LIMIT_CLEAR:
		c->statement = PG_LIMIT_CLEAR;
		/* "" stands for nobody, not for everybody. */
		if (op->user == NULL || op->user[0] == '\0')
			c->is_bad = 1;
		postgres_add_text(c, op->user);
		postgres_add_record(c, op->record, verifier);
		return;
	case STORE_RECORD_ADD:
		c->statement = PG_RECORD_ADD;
		postgres_add_record(c, op->record, verifier);
		postgres_add_limits(c, op);
		return;
	case STORE_RECORD_LIST:
		call_list(c, op);
		return;
	case STORE_RECORD_DROP:
		c->statement = PG_RECORD_DROP;
		postgres_add_text(c, op->user);
		postgres_add_number(c, op->filter.until_ms);
		postgres_add_number(c, STORE_DROP_MAX);
		return;
	case STORE_HEAD_LIST:
		c->statement = PG_HEAD_LIST;
		postgres_add_text(c, op->user);
		postgres_add_number(c, STORE_ROWS_MAX);
		return;
	case STORE_HEAD_FIND:
		c->statement = PG_HEAD_FIND;
		postgres_add_text(c, op->user);
		return;
	case STORE_BINDING_ADD:
	case STORE_BINDING_REMOVE:
	case STORE_BINDING_LIST:
	case STORE_BINDING_FIND:
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

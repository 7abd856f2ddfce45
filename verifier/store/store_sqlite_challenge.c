/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Challenges in SQLite: open, decided, delivered. Each step is one UPDATE
 * that names the state it starts from, so that of two who try, one does it.
 */
#include "config.h"

#include "store_sqlite.h"

#include <string.h>

/* Whether another open one has the word. */
static enum mtls_status
is_taken(struct store_sqlite *s, const char *session, int *ret,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_SESSION_IS_TAKEN);
	int step;

	store_sqlite_bind_text(st, 1, session);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	*ret = step == SQLITE_ROW;
	store_sqlite_end(st);
	return MTLS_OK;
}

static enum mtls_status
insert(struct store_sqlite *s, const struct store_challenge *c,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CHALLENGE_ADD);
	const char *const texts[] = {
		c->user, c->service, c->host, c->tty, c->rhost, c->ruser,
		c->method, c->source,
	};
	enum mtls_status status;
	int n;

	store_sqlite_bind_bytes(st, 1, c->id, sizeof(c->id));
	store_sqlite_bind_bytes(st, 2, c->request, sizeof(c->request));
	store_sqlite_bind_bytes(st, 3, c->nonce, sizeof(c->nonce));
	for (int i = 0; i < 8; i++)
		store_sqlite_bind_text(st, 4 + i, texts[i]);
	(void)sqlite3_bind_int64(st, 12, c->expires_ms);
	(void)sqlite3_bind_int(st, 13, STORE_OPEN_MAX);
	store_sqlite_bind_text(st, 14, c->session);
	(void)sqlite3_bind_int(st, 15, STORE_CODE_TRIES);
	status = store_sqlite_step(s, st, &n, err);
	if (status == MTLS_OK && n != 1)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "too many open challenges");
	return status;
}

static enum mtls_status
add(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	struct store_sqlite_buckets buckets;
	enum mtls_status status = store_sqlite_look(s, op, &buckets, err);

	if (status == MTLS_OK && op->challenge->session != NULL)
		status = is_taken(s, op->challenge->session,
		    &op->is_word_taken, err);
	if (status == MTLS_OK && op->is_word_taken)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the session word is in use");
	if (status == MTLS_OK)
		status = insert(s, op->challenge, err);
	if (status == MTLS_OK)
		status = store_sqlite_take(s, op, &buckets, err);
	return status;
}

static enum mtls_status
take_texts(sqlite3_stmt *st, struct store_challenge *c, struct mtls_err *err)
{
	const struct store_sqlite_column texts[] = {
		{ 3, &c->user }, { 4, &c->service }, { 5, &c->host },
		{ 6, &c->tty }, { 7, &c->rhost }, { 8, &c->ruser },
		{ 9, &c->method }, { 10, &c->source }, { 14, &c->reason },
		{ 15, &c->message }, { 16, &c->certificate },
	};

	return store_sqlite_columns(st, texts,
	    sizeof(texts) / sizeof(texts[0]), err);
}

/* Anything that was not written as it stands here is not taken. */
static enum mtls_status
take_states(sqlite3_stmt *st, struct store_challenge *c,
    struct mtls_err *err)
{
	int state = sqlite3_column_int(st, 12);
	int verdict = sqlite3_column_int(st, 13);

	if (state < STORE_OPEN || state > STORE_DELIVERED || verdict < 0 ||
	    verdict > (int)MTLS_VERDICT_ALLOW)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: a challenge is malformed");
	c->state = (enum store_state)state;
	c->verdict = (enum mtls_verdict)verdict;
	c->expires_ms = sqlite3_column_int64(st, 11);
	c->grant_expires_ms = sqlite3_column_int64(st, 17);
	return MTLS_OK;
}

/* The one that a statement with its values bound finds. */
static enum mtls_status
take_found(struct store_sqlite *s, sqlite3_stmt *st,
    struct store_challenge *ret, struct mtls_err *err)
{
	enum mtls_status status;
	int step = sqlite3_step(st);

	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	if (step == SQLITE_DONE) {
		store_sqlite_end(st);
		return mtls_fail(err, MTLS_E_NOT_FOUND,
		    "there is no such challenge");
	}
	status = store_sqlite_bytes(st, 0, ret->id, sizeof(ret->id), err);
	if (status == MTLS_OK)
		status = store_sqlite_bytes(st, 1, ret->request,
		    sizeof(ret->request), err);
	if (status == MTLS_OK)
		status = store_sqlite_bytes(st, 2, ret->nonce,
		    sizeof(ret->nonce), err);
	if (status == MTLS_OK)
		status = take_texts(st, ret, err);
	if (status == MTLS_OK)
		status = take_states(st, ret, err);
	store_sqlite_end(st);
	return status;
}

static enum mtls_status
find(struct store_sqlite *s, const uint8_t *id, struct store_challenge *ret,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CHALLENGE_FIND);

	store_sqlite_bind_bytes(st, 1, id, MTLS_ID_BYTES);
	return take_found(s, st, ret, err);
}

static enum mtls_status
find_session(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_SESSION_FIND);

	store_sqlite_bind_text(st, 1, op->session);
	return take_found(s, st, &op->found, err);
}

enum mtls_status
store_sqlite_check_revoked(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (op->sha256 != NULL)
		status = store_sqlite_find_revoked(s, op->sha256,
		    op->key_sha256, &op->is_revoked, err);
	if (status == MTLS_OK && op->is_revoked)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the certificate was revoked here");
	return status;
}

static enum mtls_status
add_unless_revoked(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	enum mtls_status status = store_sqlite_check_revoked(s, op, err);

	return status != MTLS_OK ? status : add(s, op, err);
}

enum mtls_status
store_sqlite_find_bound(struct store_sqlite *s, const char *sha256,
    char **ret, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_BINDING_FIND);
	enum mtls_status status = MTLS_OK;
	int step;

	store_sqlite_bind_text(st, 1, sha256);
	step = sqlite3_step(st);
	if (step == SQLITE_ROW)
		status = store_sqlite_text(st, 0, ret, err);
	else if (step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	store_sqlite_end(st);
	return status;
}

/* Of a challenge that is there: it is in another state by now. */
static enum mtls_status
refuse(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	enum mtls_status status = find(s, op->id, &op->found, err);

	if (status != MTLS_OK)
		return status;
	return mtls_fail(err, MTLS_E_REFUSED,
	    "the challenge is not in that state");
}

static enum mtls_status
decide(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CHALLENGE_DECIDE);
	const struct store_decision *d = op->decision;
	struct store_sqlite_buckets buckets;
	enum mtls_status status = MTLS_OK;
	int n;

	if (d->verdict == MTLS_VERDICT_ALLOW)
		status = store_sqlite_check_revoked(s, op, err);
	if (status == MTLS_OK)
		status = store_sqlite_look(s, op, &buckets, err);
	if (status != MTLS_OK)
		return status;
	store_sqlite_bind_bytes(st, 1, op->id, MTLS_ID_BYTES);
	(void)sqlite3_bind_int(st, 2, (int)d->verdict);
	store_sqlite_bind_text(st, 3, d->reason);
	store_sqlite_bind_text(st, 4, d->message);
	store_sqlite_bind_text(st, 5, d->certificate);
	(void)sqlite3_bind_int64(st, 6, d->grant_expires_ms);
	status = store_sqlite_step(s, st, &n, err);
	if (status == MTLS_OK && n != 1)
		return refuse(s, op, err);
	if (status == MTLS_OK)
		status = store_sqlite_take(s, op, &buckets, err);
	if (status == MTLS_OK)
		status = store_sqlite_record(s, op->record, err);
	return status;
}

/*
 * What was delivered is of no use but to say so to who asks again, and goes
 * after STORE_SQLITE_SPENT others: the memory that logins take does not grow
 * with how many there are in the time for which a challenge lives. An id that
 * is forgotten is as good as one that never was: nobody decides or delivers
 * it. One whose transaction is rolled back is in the list all the same, and
 * kept by the state that the statement names.
 */
static enum mtls_status
forget_spent(struct store_sqlite *s, const uint8_t *id, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CHALLENGE_FORGET);
	uint8_t *place = s->spent[s->next_spent % STORE_SQLITE_SPENT];
	enum mtls_status status = MTLS_OK;

	if (s->next_spent >= STORE_SQLITE_SPENT) {
		store_sqlite_bind_bytes(st, 1, place, MTLS_ID_BYTES);
		status = store_sqlite_step(s, st, NULL, err);
	}
	if (status != MTLS_OK)
		return status;
	memcpy(place, id, MTLS_ID_BYTES);
	s->next_spent++;
	return MTLS_OK;
}

static enum mtls_status
deliver(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CHALLENGE_DELIVER);
	enum mtls_status status;
	int n;

	store_sqlite_bind_bytes(st, 1, op->id, MTLS_ID_BYTES);
	store_sqlite_bind_text(st, 2, op->host);
	status = store_sqlite_step(s, st, &n, err);
	if (status == MTLS_OK && n != 1)
		return refuse(s, op, err);
	if (status == MTLS_OK)
		status = find(s, op->id, &op->found, err);
	if (status == MTLS_OK)
		status = forget_spent(s, op->id, err);
	/* As it was before this operation. */
	if (status == MTLS_OK)
		op->found.state = STORE_DECIDED;
	return status;
}

static enum mtls_status
purge(struct store_sqlite *s, const struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CHALLENGE_PURGE);
	sqlite3_stmt *codes = store_sqlite_begin(s, SQL_CODE_PURGE);
	enum mtls_status status;

	(void)sqlite3_bind_int64(st, 1, op->now_ms);
	status = store_sqlite_step(s, st, NULL, err);
	(void)sqlite3_bind_int64(codes, 1, op->now_ms);
	if (status == MTLS_OK)
		status = store_sqlite_step(s, codes, NULL, err);
	return status != MTLS_OK ? status :
	    store_sqlite_keep_limits(s, op->limit_now_us, err);
}

enum mtls_status
store_sqlite_challenge(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (op->kind == STORE_CHALLENGE_ADD)
		return add_unless_revoked(s, op, err);
	if (op->kind == STORE_CHALLENGE_DECIDE)
		return decide(s, op, err);
	if (op->kind == STORE_CHALLENGE_DELIVER)
		return deliver(s, op, err);
	if (op->kind == STORE_CHALLENGE_PURGE)
		return purge(s, op, err);
	if (op->kind == STORE_SESSION_FIND)
		status = find_session(s, op, err);
	else if (op->kind == STORE_CHALLENGE_FIND)
		status = find(s, op->id, &op->found, err);
	if (status == MTLS_OK && op->sha256 != NULL)
		status = store_sqlite_find_bound(s, op->sha256,
		    &op->bound_user, err);
	if (status == MTLS_OK && op->sha256 != NULL)
		status = store_sqlite_find_revoked(s, op->sha256,
		    op->key_sha256, &op->is_revoked, err);
	return status;
}

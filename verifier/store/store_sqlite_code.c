/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes in SQLite; they are in memory, as the challenges are. MUST:
 *  1. a code that is found is gone before anything else is done with it
 *     (T161_one_take_of_many in tests/unit/test_store_code.c);
 *  2. macs are compared in constant time;
 *  3. a miss costs a try, whatever else it comes to (T160_three_tries).
 */
#include "config.h"

#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/secret.h"

static enum mtls_status
insert(struct store_sqlite *s, const struct store_code *c,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CODE_ADD);
	const char *const texts[] = {
		c->user, c->service, c->host, c->source
	};
	enum mtls_status status;
	int n;

	store_sqlite_bind_bytes(st, 1, c->key.slot, sizeof(c->key.slot));
	store_sqlite_bind_bytes(st, 2, c->key.mac, sizeof(c->key.mac));
	store_sqlite_bind_bytes(st, 3, c->mark, sizeof(c->mark));
	/* NULL bytes would be no value at all. */
	store_sqlite_bind_bytes(st, 4, c->challenge == NULL ?
	    (const uint8_t *)"" : c->challenge,
	    c->challenge == NULL ? 0 : MTLS_ID_BYTES);
	for (int i = 0; i < 4; i++)
		store_sqlite_bind_text(st, 5 + i, texts[i]);
	store_sqlite_bind_bytes(st, 9, c->der, c->der_len);
	(void)sqlite3_bind_int64(st, 10, c->expires_ms);
	status = store_sqlite_step(s, st, &n, err);
	if (status == MTLS_OK && n != 1)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the challenge is not in that state");
	return status;
}

static enum mtls_status
add(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	struct store_sqlite_buckets buckets;
	enum mtls_status status = store_sqlite_check_revoked(s, op, err);

	if (status == MTLS_OK)
		status = store_sqlite_look(s, op, &buckets, err);
	if (status == MTLS_OK)
		status = insert(s, op->code, err);
	if (status == MTLS_OK)
		status = store_sqlite_take(s, op, &buckets, err);
	if (status == MTLS_OK)
		status = store_sqlite_record(s, op->record, err);
	return status;
}

/* Runs a statement that removes what has these bytes. */
static enum mtls_status
drop(struct store_sqlite *s, enum store_sql sql, const uint8_t *bytes,
    size_t len, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, sql);

	store_sqlite_bind_bytes(st, 1, bytes, len);
	return store_sqlite_step(s, st, NULL, err);
}

static enum mtls_status
find_tries(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_TRIES_FIND);
	int step;

	store_sqlite_bind_bytes(st, 1, op->id, MTLS_ID_BYTES);
	store_sqlite_bind_text(st, 2, op->host);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	op->taken.tries = step == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;
	store_sqlite_end(st);
	if (op->taken.tries <= 0)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the challenge is not in that state");
	return MTLS_OK;
}

static enum mtls_status
write_tries(struct store_sqlite *s, const struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_TRIES_WRITE);

	store_sqlite_bind_bytes(st, 1, op->id, MTLS_ID_BYTES);
	(void)sqlite3_bind_int64(st, 2, op->taken.tries);
	return store_sqlite_step(s, st, NULL, err);
}

static enum mtls_status
take_der(sqlite3_stmt *row, struct store_taken *t, struct mtls_err *err)
{
	int len = sqlite3_column_bytes(row, 1);
	const void *der = sqlite3_column_blob(row, 1);

	if (len <= 0 || der == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: a code is malformed");
	t->der = malloc((size_t)len);
	if (t->der == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	memcpy(t->der, der, (size_t)len);
	t->der_len = (size_t)len;
	return store_sqlite_text(row, 2, &t->source, err);
}

/* Takes the code away if this is it: *ret_hit is 1 then. */
static enum mtls_status
try_key(struct store_sqlite *s, struct store_op *op,
    const struct store_code_key *key, int *ret_hit, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CODE_FIND);
	enum mtls_status status = MTLS_OK;
	uint8_t mac[STORE_MAC_BYTES];
	int step, is_hit = 0;

	store_sqlite_bind_bytes(st, 1, key->slot, sizeof(key->slot));
	(void)sqlite3_bind_int64(st, 2, op->now_ms);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	if (step == SQLITE_ROW)
		status = store_sqlite_bytes(st, 0, mac, sizeof(mac), err);
	if (step == SQLITE_ROW && status == MTLS_OK)
		is_hit = mtls_bytes_equal(mac, key->mac, sizeof(mac));
	if (is_hit)
		status = take_der(st, &op->taken, err);
	store_sqlite_end(st);
	if (status == MTLS_OK && is_hit)
		status = drop(s, SQL_CODE_DROP, key->slot, sizeof(key->slot),
		    err);
	if (status == MTLS_OK)
		*ret_hit = is_hit;
	return status;
}

/* Whether the user has a code that could have been guessed. */
static enum mtls_status
has_code(struct store_sqlite *s, const struct store_op *op, int *ret,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CODE_OF_USER);
	int step;

	store_sqlite_bind_text(st, 1, op->user);
	(void)sqlite3_bind_int64(st, 2, op->now_ms);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	*ret = step == SQLITE_ROW;
	store_sqlite_end(st);
	return MTLS_OK;
}

/* For what it would have been good; for that it is not any more. */
static enum mtls_status
find_other(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_CODE_BY_MARK);
	const struct store_sqlite_column columns[] = {
		{ 0, &op->taken.user }, { 1, &op->taken.service },
		{ 2, &op->taken.host },
	};
	const uint8_t *mark = op->attempt->mark;
	enum mtls_status status = MTLS_OK;
	int step;

	store_sqlite_bind_bytes(st, 1, mark, STORE_MAC_BYTES);
	(void)sqlite3_bind_int64(st, 2, op->now_ms);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	if (step == SQLITE_ROW)
		status = store_sqlite_columns(st, columns, 3, err);
	store_sqlite_end(st);
	if (status == MTLS_OK && step == SQLITE_ROW)
		status = drop(s, SQL_CODE_DROP_MARK, mark, STORE_MAC_BYTES,
		    err);
	return status;
}

static enum mtls_status
miss(struct store_sqlite *s, struct store_op *op,
    struct store_sqlite_buckets *buckets, struct mtls_err *err)
{
	enum mtls_status status;
	int is_guess = 0;

	op->taken.tries--;
	status = write_tries(s, op, err);
	if (status == MTLS_OK)
		status = has_code(s, op, &is_guess, err);
	if (status == MTLS_OK && is_guess)
		status = store_sqlite_take(s, op, buckets, err);
	if (status == MTLS_OK)
		status = find_other(s, op, err);
	if (status == MTLS_OK && op->taken.tries == 0)
		status = drop(s, SQL_CODE_DROP_CHALLENGE, op->id,
		    MTLS_ID_BYTES, err);
	return status;
}

static enum mtls_status
take(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	struct store_sqlite_buckets buckets;
	enum mtls_status status = find_tries(s, op, err);
	int is_hit = 0;

	if (status == MTLS_OK)
		status = store_sqlite_look(s, op, &buckets, err);
	if (status == MTLS_OK)
		status = try_key(s, op, &op->attempt->session, &is_hit, err);
	if (is_hit)
		op->taken.hit = STORE_HIT_SESSION;
	if (status == MTLS_OK && !is_hit) {
		status = try_key(s, op, &op->attempt->minted, &is_hit, err);
		if (is_hit)
			op->taken.hit = STORE_HIT_MINTED;
	}
	if (status != MTLS_OK)
		return status;
	if (!is_hit)
		return miss(s, op, &buckets, err);
	op->taken.tries = 0;
	return write_tries(s, op, err);
}

enum mtls_status
store_sqlite_code(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	return op->kind == STORE_CODE_ADD ? add(s, op, err) :
	    take(s, op, err);
}

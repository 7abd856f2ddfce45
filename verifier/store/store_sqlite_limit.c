/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Token buckets in SQLite. What a failed login takes is in the file, beside
 * its record and in the same transaction. What is taken when a challenge is
 * opened is in memory, as the challenge is, so that it costs no fsync; it
 * goes to the file with the next purge.
 */
#include "config.h"

#include "store_sqlite.h"

#define US_PER_S 1000000

static enum mtls_status
find(struct store_sqlite *s, const struct store_limit *limit,
    struct throttle_bucket *ret, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, limit->is_brief ?
	    SQL_BUCKET_FIND : SQL_BUCKET_FIND_KEPT);
	int step;

	ret->at_us = 0;
	ret->missing_us = 0;
	store_sqlite_bind_text(st, 1, limit->key);
	step = sqlite3_step(st);
	if (step == SQLITE_ROW) {
		ret->at_us = sqlite3_column_int64(st, 0);
		ret->missing_us = sqlite3_column_int64(st, 1);
	} else if (step != SQLITE_DONE) {
		return store_sqlite_fail(s, st, err);
	}
	store_sqlite_end(st);
	return MTLS_OK;
}

static enum mtls_status
write_bucket(struct store_sqlite *s, const struct store_limit *limit,
    const struct throttle_bucket *bucket, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, limit->is_brief ?
	    SQL_BUCKET_WRITE : SQL_BUCKET_WRITE_KEPT);

	store_sqlite_bind_text(st, 1, limit->key);
	store_sqlite_bind_text(st, 2, limit->user);
	(void)sqlite3_bind_int64(st, 3, bucket->at_us);
	(void)sqlite3_bind_int64(st, 4, bucket->missing_us);
	return store_sqlite_step(s, st, NULL, err);
}

/* An empty bucket whose clock went back has to remember where it is now. */
static enum mtls_status
refuse(struct store_sqlite *s, struct store_op *op,
    const struct store_limit *limit, const struct throttle_bucket *found,
    const struct throttle_bucket *now, struct mtls_err *err)
{
	int64_t wait_us = throttle_wait_us(&limit->rate, now, limit->cost);

	if (now->at_us < found->at_us &&
	    write_bucket(s, limit, now, err) != MTLS_OK)
		return err->status;
	op->limited = limit;
	op->wait_s = wait_us / US_PER_S + 1;
	return mtls_fail(err, MTLS_E_REFUSED, "too many: %s", limit->key);
}

enum mtls_status
store_sqlite_look(struct store_sqlite *s, struct store_op *op,
    struct store_sqlite_buckets *ret, struct mtls_err *err)
{
	const struct store_limit *limit;
	struct throttle_bucket found;
	enum mtls_status status;

	if (op->n_limits > STORE_LIMITS_MAX)
		return mtls_fail(err, MTLS_E_USAGE, "too many limits");
	for (size_t i = 0; i < op->n_limits; i++) {
		limit = &op->limits[i];
		if (limit->rate.n == 0)
			continue;
		status = find(s, limit, &found, err);
		if (status != MTLS_OK)
			return status;
		ret->buckets[i] = found;
		throttle_update(&limit->rate, &ret->buckets[i],
		    op->limit_now_us);
		if (limit->refuses && throttle_wait_us(&limit->rate,
		    &ret->buckets[i], limit->cost) != 0)
			return refuse(s, op, limit, &found, &ret->buckets[i],
			    err);
	}
	return MTLS_OK;
}

enum mtls_status
store_sqlite_take(struct store_sqlite *s, const struct store_op *op,
    struct store_sqlite_buckets *buckets, struct mtls_err *err)
{
	const struct store_limit *limit;
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && i < op->n_limits; i++) {
		limit = &op->limits[i];
		if (limit->rate.n == 0 || limit->cost == 0)
			continue;
		throttle_take(&limit->rate, &buckets->buckets[i],
		    limit->cost);
		status = write_bucket(s, limit, &buckets->buckets[i], err);
	}
	return status;
}

static enum mtls_status
simple(struct store_sqlite *s, enum store_sql sql, int *ret_n,
    struct mtls_err *err)
{
	return store_sqlite_step(s, store_sqlite_begin(s, sql), ret_n, err);
}

static enum mtls_status
purge(struct store_sqlite *s, enum store_sql sql, int64_t now_us,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, sql);

	(void)sqlite3_bind_int64(st, 1, now_us);
	return store_sqlite_step(s, st, NULL, err);
}

enum mtls_status
store_sqlite_keep_limits(struct store_sqlite *s, int64_t now_us,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (now_us > 0)
		status = purge(s, SQL_BUCKET_PURGE, now_us, err);
	if (status == MTLS_OK && now_us > 0)
		status = purge(s, SQL_BUCKET_PURGE_KEPT, now_us, err);
	if (status == MTLS_OK)
		status = simple(s, SQL_BUCKET_KEEP, NULL, err);
	if (status == MTLS_OK)
		status = simple(s, SQL_BUCKET_KEPT, NULL, err);
	return status;
}

static enum mtls_status
clear(struct store_sqlite *s, struct store_op *op, enum store_sql sql,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, sql);
	enum mtls_status status;
	int n = 0;

	store_sqlite_bind_text(st, 1, op->user);
	status = store_sqlite_step(s, st, &n, err);
	if (status == MTLS_OK)
		op->n += n;
	return status;
}

enum mtls_status
store_sqlite_limit(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	struct store_sqlite_buckets buckets;
	enum mtls_status status;

	if (op->kind == STORE_LIMIT_TAKE) {
		status = store_sqlite_look(s, op, &buckets, err);
		return status != MTLS_OK ? status :
		    store_sqlite_take(s, op, &buckets, err);
	}
	/* "" stands for nobody, not for everybody. */
	if (op->user == NULL || op->user[0] == '\0')
		return mtls_fail(err, MTLS_E_USAGE, "no user");
	op->n = 0;
	status = clear(s, op, SQL_BUCKET_CLEAR, err);
	if (status == MTLS_OK)
		status = clear(s, op, SQL_BUCKET_CLEAR_KEPT, err);
	if (status == MTLS_OK && op->n > 0)
		status = store_sqlite_record(s, op->record, err);
	return status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The audit in SQLite. A record is added as the next link of this verifier's
 * chain, in the transaction of what it tells of; where the chain ends is
 * written once for each transaction. Nothing here changes one, and only what
 * is too old is removed, from the beginning of the chain.
 */
#include "config.h"

#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

/* The end of the chain, as this transaction sees it. */
static enum mtls_status
find_head(struct store_sqlite *s, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_HEAD_FIND);
	enum mtls_status status = MTLS_OK;
	int step;

	memset(&s->head, 0, sizeof(s->head));
	store_sqlite_bind_text(st, 1, s->verifier);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	if (step == SQLITE_ROW) {
		s->head.seq = (uint64_t)sqlite3_column_int64(st, 0);
		status = store_sqlite_bytes(st, 1, s->head.hash,
		    sizeof(s->head.hash), err);
	}
	store_sqlite_end(st);
	s->knows_head = status == MTLS_OK;
	return status;
}

enum mtls_status
store_sqlite_write_head(struct store_sqlite *s, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_HEAD_WRITE);

	if (!s->has_new_head)
		return MTLS_OK;
	store_sqlite_bind_text(st, 1, s->verifier);
	(void)sqlite3_bind_int64(st, 2, (int64_t)s->head.seq);
	store_sqlite_bind_bytes(st, 3, s->head.hash, sizeof(s->head.hash));
	return store_sqlite_step(s, st, NULL, err);
}

static enum mtls_status
add_link(struct store_sqlite *s, const struct store_record *r,
    struct mtls_err *err)
{
	struct mtls_audit_record link = {
		.verifier = s->verifier, .seq = s->head.seq + 1,
		.time_ms = (uint64_t)r->time_ms, .request = r->request,
		.event = r->event, .decision = r->decision, .user = r->user,
		.host = r->host, .service = r->service, .method = r->method,
		.tty = r->tty, .rhost = r->rhost,
		.certificate = r->certificate, .source = r->source,
		.reason = r->reason,
	};

	if (mtls_audit_chain_add(&s->head, &link, err) != MTLS_OK)
		return MTLS_E_UNAVAILABLE;
	s->has_new_head = 1;
	return MTLS_OK;
}

enum mtls_status
store_sqlite_record(struct store_sqlite *s, const struct store_record *r,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_RECORD_ADD);
	const char *const texts[] = {
		r->request, r->event, r->decision, r->user, r->host,
		r->service, r->method, r->tty, r->rhost, r->certificate,
		r->source, r->reason, s->verifier,
	};
	enum mtls_status status = MTLS_OK;

	if (!s->knows_head)
		status = find_head(s, err);
	if (status == MTLS_OK)
		status = add_link(s, r, err);
	if (status != MTLS_OK)
		return status;
	(void)sqlite3_bind_int64(st, 1, r->time_ms);
	for (int i = 0; i < 13; i++)
		store_sqlite_bind_text(st, 2 + i, texts[i]);
	(void)sqlite3_bind_int64(st, 15, (int64_t)s->head.seq);
	store_sqlite_bind_bytes(st, 16, s->head.hash, sizeof(s->head.hash));
	return store_sqlite_step(s, st, NULL, err);
}

enum mtls_status
store_sqlite_rows(struct store_sqlite *s, sqlite3_stmt *st, struct store_op *op,
    store_sqlite_take_fn take, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int step;

	op->rows = calloc(STORE_ROWS_MAX, sizeof(*op->rows));
	if (op->rows == NULL) {
		store_sqlite_end(st);
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	}
	while ((step = sqlite3_step(st)) == SQLITE_ROW && status == MTLS_OK &&
	    op->n_rows < STORE_ROWS_MAX)
		status = take(st, &op->rows[op->n_rows++], err);
	if (status == MTLS_OK && step != SQLITE_DONE && step != SQLITE_ROW)
		return store_sqlite_fail(s, st, err);
	store_sqlite_end(st);
	return status;
}

static void
bind_filter(sqlite3_stmt *st, const struct store_filter *f, int64_t limit)
{
	(void)sqlite3_bind_int64(st, 1, f->after);
	store_sqlite_bind_text(st, 2, f->user);
	store_sqlite_bind_text(st, 3, f->host);
	store_sqlite_bind_text(st, 4, f->service);
	store_sqlite_bind_text(st, 5, f->decision);
	(void)sqlite3_bind_int64(st, 6, limit);
	store_sqlite_bind_text(st, 7, f->event);
	store_sqlite_bind_text(st, 8, f->reason);
	(void)sqlite3_bind_int64(st, 9, f->since_ms);
	(void)sqlite3_bind_int64(st, 10, f->until_ms);
}

/* Where the newest f->limit records begin: behind *ret_after. */
static enum mtls_status
find_start(struct store_sqlite *s, const struct store_filter *f,
    int64_t *ret_after, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_RECORD_START);

	*ret_after = f->after;
	bind_filter(st, f, f->limit);
	if (sqlite3_step(st) != SQLITE_ROW)
		return store_sqlite_fail(s, st, err);
	/* NULL where there is none. */
	if (sqlite3_column_type(st, 0) != SQLITE_NULL)
		*ret_after = sqlite3_column_int64(st, 0) - 1;
	store_sqlite_end(st);
	return MTLS_OK;
}

static enum mtls_status
take_hash(sqlite3_stmt *st, int at, struct mtls_bytes *ret,
    struct mtls_err *err)
{
	uint8_t hash[MTLS_AUDIT_HASH_BYTES];
	enum mtls_status status = store_sqlite_bytes(st, at, hash,
	    sizeof(hash), err);

	if (status == MTLS_OK && mtls_bytes_dup(ret, hash, sizeof(hash),
	    NULL) != MTLS_OK)
		status = mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	return status;
}

static enum mtls_status
take_record(sqlite3_stmt *st, struct mtls_message *m, struct mtls_err *err)
{
	struct mtls_msg_admin_record *r = &m->u.admin_record;
	const struct store_sqlite_column columns[] = {
		{ 2, &r->request }, { 3, &r->event }, { 4, &r->decision },
		{ 5, &r->user }, { 6, &r->host }, { 7, &r->service },
		{ 8, &r->method }, { 9, &r->tty }, { 10, &r->rhost },
		{ 11, &r->certificate }, { 12, &r->source },
		{ 13, &r->reason }, { 14, &r->verifier },
	};
	enum mtls_status status;

	m->type = MTLS_MSG_ADMIN_RECORD;
	r->sequence = (uint64_t)sqlite3_column_int64(st, 0);
	r->time_ms = (uint64_t)sqlite3_column_int64(st, 1);
	r->seq = (uint64_t)sqlite3_column_int64(st, 15);
	status = take_hash(st, 16, &r->hash, err);
	return status != MTLS_OK ? status : store_sqlite_columns(st, columns,
	    sizeof(columns) / sizeof(columns[0]), err);
}

static enum mtls_status
find_last(struct store_sqlite *s, int64_t *ret, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_RECORD_LAST);

	if (sqlite3_step(st) != SQLITE_ROW)
		return store_sqlite_fail(s, st, err);
	*ret = sqlite3_column_int64(st, 0);
	store_sqlite_end(st);
	return MTLS_OK;
}

static enum mtls_status
list_records(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	struct store_filter filter = op->filter;
	enum mtls_status status = MTLS_OK;
	sqlite3_stmt *st;

	if (filter.limit > 0)
		status = find_start(s, &filter, &filter.after, err);
	if (status != MTLS_OK)
		return status;
	st = store_sqlite_begin(s, SQL_RECORD_LIST);
	bind_filter(st, &filter, STORE_ROWS_MAX);
	status = store_sqlite_rows(s, st, op, take_record, err);
	if (status == MTLS_OK && op->n_rows < STORE_ROWS_MAX)
		status = find_last(s, &op->n, err);
	return status;
}

static enum mtls_status
take_head(sqlite3_stmt *st, struct mtls_message *m, struct mtls_err *err)
{
	struct mtls_msg_admin_head *h = &m->u.admin_head;
	enum mtls_status status;

	m->type = MTLS_MSG_ADMIN_HEAD;
	h->seq = (uint64_t)sqlite3_column_int64(st, 1);
	h->base_seq = (uint64_t)sqlite3_column_int64(st, 3);
	status = store_sqlite_text(st, 0, &h->verifier, err);
	if (status == MTLS_OK)
		status = take_hash(st, 2, &h->hash, err);
	if (status == MTLS_OK)
		status = take_hash(st, 4, &h->base_hash, err);
	return status;
}

static enum mtls_status
list_heads(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	int is_one = op->kind == STORE_HEAD_FIND;
	sqlite3_stmt *st = store_sqlite_begin(s,
	    is_one ? SQL_HEAD_ROW : SQL_HEAD_LIST);

	store_sqlite_bind_text(st, 1, op->user);
	if (!is_one)
		(void)sqlite3_bind_int(st, 2, STORE_ROWS_MAX);
	return store_sqlite_rows(s, st, op, take_head, err);
}

static enum mtls_status
add_record(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	struct store_sqlite_buckets buckets;
	enum mtls_status status = store_sqlite_look(s, op, &buckets, err);

	if (status == MTLS_OK)
		status = store_sqlite_take(s, op, &buckets, err);
	return status != MTLS_OK ? status :
	    store_sqlite_record(s, op->record, err);
}

/* How many of the first records are old, and the last of those. */
static enum mtls_status
find_old(struct store_sqlite *s, struct store_op *op,
    struct mtls_audit_link *ret_base, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_RECORD_OLDEST);
	enum mtls_status status = MTLS_OK;
	int step;

	store_sqlite_bind_text(st, 1, op->user);
	(void)sqlite3_bind_int(st, 2, STORE_DROP_MAX);
	while ((step = sqlite3_step(st)) == SQLITE_ROW &&
	    sqlite3_column_int64(st, 1) < op->filter.until_ms) {
		ret_base->seq = (uint64_t)sqlite3_column_int64(st, 0);
		status = store_sqlite_bytes(st, 2, ret_base->hash,
		    sizeof(ret_base->hash), err);
		if (status != MTLS_OK)
			break;
		op->n++;
	}
	if (status == MTLS_OK && step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	store_sqlite_end(st);
	return status;
}

static enum mtls_status
drop_until(struct store_sqlite *s, const char *verifier,
    const struct mtls_audit_link *base, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_RECORD_DROP);
	enum mtls_status status;

	store_sqlite_bind_text(st, 1, verifier);
	(void)sqlite3_bind_int64(st, 2, (int64_t)base->seq);
	status = store_sqlite_step(s, st, NULL, err);
	if (status != MTLS_OK)
		return status;
	st = store_sqlite_begin(s, SQL_HEAD_BASE);
	store_sqlite_bind_text(st, 1, verifier);
	(void)sqlite3_bind_int64(st, 2, (int64_t)base->seq);
	store_sqlite_bind_bytes(st, 3, base->hash, sizeof(base->hash));
	return store_sqlite_step(s, st, NULL, err);
}

static enum mtls_status
drop_records(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	struct mtls_audit_link base = { 0 };
	enum mtls_status status;

	op->n = 0;
	status = find_old(s, op, &base, err);
	if (status == MTLS_OK && op->n > 0)
		status = drop_until(s, op->user, &base, err);
	return status;
}

enum mtls_status
store_sqlite_audit(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	if (op->kind == STORE_RECORD_ADD)
		return add_record(s, op, err);
	if (op->kind == STORE_RECORD_LIST)
		return list_records(s, op, err);
	if (op->kind == STORE_RECORD_DROP)
		return drop_records(s, op, err);
	return list_heads(s, op, err);
}

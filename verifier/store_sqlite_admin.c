/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The audit and the bindings in SQLite. Records are added and read; nothing
 * here changes or removes one.
 */
#include "config.h"

#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

enum mtls_status
store_sqlite_record(struct store_sqlite *s, const struct store_record *r,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_RECORD_ADD);
	const char *const texts[] = {
		r->request, r->event, r->decision, r->user, r->host,
		r->service, r->method, r->tty, r->rhost, r->certificate,
		r->source, r->reason,
	};

	(void)sqlite3_bind_int64(st, 1, r->time_ms);
	for (int i = 0; i < 12; i++)
		store_sqlite_bind_text(st, 2 + i, texts[i]);
	return store_sqlite_step(s, st, NULL, err);
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

struct column {
	int at;
	char **text;
};

static enum mtls_status
take_columns(sqlite3_stmt *st, const struct column *columns, size_t n,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && i < n; i++)
		status = store_sqlite_text(st, columns[i].at,
		    columns[i].text, err);
	return status;
}

static enum mtls_status
take_record(sqlite3_stmt *st, struct mtls_message *m, struct mtls_err *err)
{
	struct mtls_msg_admin_record *r = &m->u.admin_record;
	const struct column columns[] = {
		{ 2, &r->request }, { 3, &r->event }, { 4, &r->decision },
		{ 5, &r->user }, { 6, &r->host }, { 7, &r->service },
		{ 8, &r->method }, { 9, &r->tty }, { 10, &r->rhost },
		{ 11, &r->certificate }, { 12, &r->source },
		{ 13, &r->reason },
	};

	m->type = MTLS_MSG_ADMIN_RECORD;
	r->sequence = (uint64_t)sqlite3_column_int64(st, 0);
	r->time_ms = (uint64_t)sqlite3_column_int64(st, 1);
	return take_columns(st, columns, sizeof(columns) / sizeof(columns[0]),
	    err);
}

static enum mtls_status
take_binding(sqlite3_stmt *st, struct mtls_message *m, struct mtls_err *err)
{
	struct mtls_msg_admin_binding *b = &m->u.admin_binding;
	const struct column columns[] = {
		{ 0, &b->user }, { 1, &b->sha256 }, { 2, &b->subject },
		{ 3, &b->issuer }, { 4, &b->serial },
	};

	m->type = MTLS_MSG_ADMIN_BINDING;
	b->not_after_s = (uint64_t)sqlite3_column_int64(st, 5);
	b->bound_at_s = (uint64_t)sqlite3_column_int64(st, 6);
	return take_columns(st, columns, sizeof(columns) / sizeof(columns[0]),
	    err);
}

/* At most STORE_ROWS_MAX rows of a statement whose values are bound. */
static enum mtls_status
take_rows(struct store_sqlite *s, sqlite3_stmt *st, struct store_op *op,
    enum mtls_status (*take)(sqlite3_stmt *st, struct mtls_message *m,
    struct mtls_err *err), struct mtls_err *err)
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
	return take_rows(s, st, op, take_record, err);
}

static enum mtls_status
count(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_COUNT_ALL);

	if (sqlite3_step(st) != SQLITE_ROW)
		return store_sqlite_fail(s, st, err);
	op->counts.n_open = sqlite3_column_int64(st, 0);
	op->counts.n_records = sqlite3_column_int64(st, 1);
	op->counts.n_bindings = sqlite3_column_int64(st, 2);
	op->counts.last_sequence = sqlite3_column_int64(st, 3);
	store_sqlite_end(st);
	return MTLS_OK;
}

enum mtls_status
store_sqlite_audit(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	if (op->kind == STORE_RECORD_ADD)
		return store_sqlite_record(s, op->record, err);
	if (op->kind == STORE_RECORD_LIST)
		return list_records(s, op, err);
	return count(s, op, err);
}

/* It was there: nothing to do, or somebody else's. */
static enum mtls_status
check_same_user(struct store_sqlite *s, const struct store_binding *b,
    struct mtls_err *err)
{
	enum mtls_status status;
	char *user = NULL;

	status = store_sqlite_find_bound(s, b->sha256, &user, err);
	if (status == MTLS_OK && (user == NULL || strcmp(user, b->user) != 0))
		status = mtls_fail(err, MTLS_E_REFUSED,
		    "the certificate is bound to another user");
	free(user);
	return status;
}

static enum mtls_status
add_binding(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_BINDING_ADD);
	const struct store_binding *b = op->binding;
	enum mtls_status status;
	int n;

	store_sqlite_bind_text(st, 1, b->sha256);
	store_sqlite_bind_text(st, 2, b->user);
	store_sqlite_bind_text(st, 3, b->subject);
	store_sqlite_bind_text(st, 4, b->issuer);
	store_sqlite_bind_text(st, 5, b->serial);
	(void)sqlite3_bind_int64(st, 6, b->not_after_s);
	(void)sqlite3_bind_int64(st, 7, b->bound_at_s);
	status = store_sqlite_step(s, st, &n, err);
	if (status != MTLS_OK)
		return status;
	op->n = n;
	return n == 0 ? check_same_user(s, b, err) :
	    store_sqlite_record(s, op->record, err);
}

static enum mtls_status
remove_bindings(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_BINDING_REMOVE);
	enum mtls_status status;
	int n;

	store_sqlite_bind_text(st, 1, op->user);
	store_sqlite_bind_text(st, 2, op->sha256);
	status = store_sqlite_step(s, st, &n, err);
	if (status != MTLS_OK)
		return status;
	op->n = n;
	return n == 0 ? MTLS_OK : store_sqlite_record(s, op->record, err);
}

enum mtls_status
store_sqlite_binding(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st;

	if (op->kind == STORE_BINDING_ADD)
		return add_binding(s, op, err);
	if (op->kind == STORE_BINDING_REMOVE)
		return remove_bindings(s, op, err);
	st = store_sqlite_begin(s, SQL_BINDING_LIST);
	store_sqlite_bind_text(st, 1, op->sha256);
	store_sqlite_bind_text(st, 2, op->user);
	(void)sqlite3_bind_int(st, 3, STORE_ROWS_MAX);
	return take_rows(s, st, op, take_binding, err);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What administrators have revoked, in SQLite.
 */
#include "config.h"

#include "store_sqlite.h"

#include <string.h>

enum mtls_status
store_sqlite_find_revoked(struct store_sqlite *s, const char *sha256,
    const char *key_sha256, int *ret, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_REVOKED_FIND);
	int step;

	store_sqlite_bind_text(st, 1, sha256);
	store_sqlite_bind_text(st, 2, key_sha256);
	step = sqlite3_step(st);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	store_sqlite_end(st);
	*ret = step == SQLITE_ROW;
	return MTLS_OK;
}

static sqlite3_stmt *
begin_bound(struct store_sqlite *s, const struct store_revocation *r)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_REVOKE_BOUND);

	store_sqlite_bind_text(st, 1, r->user);
	store_sqlite_bind_text(st, 2, r->reason);
	store_sqlite_bind_text(st, 3, r->by);
	(void)sqlite3_bind_int64(st, 4, r->revoked_at_s);
	return st;
}

static sqlite3_stmt *
begin_one(struct store_sqlite *s, const struct store_revocation *r)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_REVOKE);
	const char *const texts[] = {
		r->sha256, r->kind, r->user, r->subject, r->issuer,
		r->serial, r->reason, r->by,
	};

	for (int i = 0; i < 8; i++)
		store_sqlite_bind_text(st, 1 + i, texts[i]);
	(void)sqlite3_bind_int64(st, 9, r->revoked_at_s);
	return st;
}

/* Both or neither: the change and its record. */
static enum mtls_status
change(struct store_sqlite *s, sqlite3_stmt *st, struct store_op *op,
    struct mtls_err *err)
{
	enum mtls_status status;
	int n;

	status = store_sqlite_step(s, st, &n, err);
	if (status != MTLS_OK)
		return status;
	op->n = n;
	return n == 0 ? MTLS_OK : store_sqlite_record(s, op->record, err);
}

static enum mtls_status
take_revoked(sqlite3_stmt *st, struct mtls_message *m, struct mtls_err *err)
{
	struct mtls_msg_admin_revoked *r = &m->u.admin_revoked;
	const struct store_sqlite_column columns[] = {
		{ 0, &r->sha256 }, { 1, &r->kind }, { 2, &r->user },
		{ 3, &r->subject }, { 4, &r->issuer }, { 5, &r->serial },
		{ 6, &r->reason }, { 7, &r->by },
	};

	m->type = MTLS_MSG_ADMIN_REVOKED;
	r->revoked_at_s = (uint64_t)sqlite3_column_int64(st, 8);
	return store_sqlite_columns(st, columns,
	    sizeof(columns) / sizeof(columns[0]), err);
}

enum mtls_status
store_sqlite_revocation(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	const struct store_revocation *r = op->revocation;
	sqlite3_stmt *st;

	if (op->kind == STORE_REVOKE)
		return change(s, r->sha256[0] == '\0' ? begin_bound(s, r) :
		    begin_one(s, r), op, err);
	if (op->kind == STORE_UNREVOKE) {
		st = store_sqlite_begin(s, SQL_UNREVOKE);
		store_sqlite_bind_text(st, 1, op->sha256);
		return change(s, st, op, err);
	}
	st = store_sqlite_begin(s, SQL_REVOKED_LIST);
	store_sqlite_bind_text(st, 1, op->sha256);
	store_sqlite_bind_text(st, 2, op->user);
	(void)sqlite3_bind_int(st, 3, STORE_ROWS_MAX);
	return store_sqlite_rows(s, st, op, take_revoked, err);
}

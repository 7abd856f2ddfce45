/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The floors of CRLs in the SQLite database.
 */
#include "config.h"

#include "store_sqlite.h"

static enum mtls_status
raise(struct store_sqlite *s, const struct store_floor *floor,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_FLOOR_RAISE);
	enum mtls_status status;
	int n;

	(void)sqlite3_bind_blob(st, 1, floor->key, sizeof(floor->key),
	    SQLITE_STATIC);
	(void)sqlite3_bind_blob(st, 2, floor->number, floor->has_number ?
	    (int)sizeof(floor->number) : 0, SQLITE_STATIC);
	(void)sqlite3_bind_int64(st, 3, floor->this_update_s);
	status = store_sqlite_step(s, st, &n, err);
	if (status == MTLS_OK && n == 0)
		status = mtls_fail(err, MTLS_E_REFUSED,
		    "a newer one was in use before");
	return status;
}

static enum mtls_status
forget(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	enum mtls_status status;
	int n = 0;

	status = store_sqlite_step(s, store_sqlite_begin(s,
	    SQL_FLOOR_FORGET), &n, err);
	if (status == MTLS_OK)
		status = store_sqlite_record(s, op->record, err);
	op->n = n;
	return status;
}

enum mtls_status
store_sqlite_floor(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	return op->kind == STORE_FLOOR_RAISE ? raise(s, op->floor, err) :
	    forget(s, op, err);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the SQLite store share. Private to them.
 */
#ifndef VERIFIER_STORE_SQLITE_H
#define VERIFIER_STORE_SQLITE_H

#include <sqlite3.h>

#include "store.h"

/* Every statement, once; store_sqlite.c has the text. */
enum store_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_CHALLENGE_ADD,
	SQL_CHALLENGE_FIND,
	SQL_CHALLENGE_DECIDE,
	SQL_CHALLENGE_DELIVER,
	SQL_CHALLENGE_PURGE,
	SQL_RECORD_ADD,
	SQL_RECORD_START,
	SQL_RECORD_LIST,
	SQL_BINDING_ADD,
	SQL_BINDING_FIND,
	SQL_BINDING_REMOVE,
	SQL_BINDING_LIST,
	SQL_COUNT_ALL,
	SQL_N
};

struct store_sqlite {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_N];
};

/*
 * The statement, with nothing bound. What was bound is not copied: it lives
 * until store_sqlite_end().
 */
sqlite3_stmt *store_sqlite_begin(struct store_sqlite *s, enum store_sql sql);
/* Resets it. */
void store_sqlite_end(sqlite3_stmt *statement);

/* UNAVAILABLE with what SQLite says; resets the statement (may be NULL). */
enum mtls_status store_sqlite_fail(struct store_sqlite *s,
    sqlite3_stmt *statement, struct mtls_err *err);

/* Runs a statement that gives no rows; ret_n (may be NULL): rows changed. */
enum mtls_status store_sqlite_step(struct store_sqlite *s,
    sqlite3_stmt *statement, int *ret_n, struct mtls_err *err);

void store_sqlite_bind_text(sqlite3_stmt *statement, int at,
    const char *text);	/* NULL is "" */

/* A copy of a column; NULL columns are "". MEMORY is UNAVAILABLE here. */
enum mtls_status store_sqlite_text(sqlite3_stmt *statement, int at,
    char **ret, struct mtls_err *err);

/* What an operation does, by kind; see run_one(). */
enum mtls_status store_sqlite_challenge(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_audit(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_binding(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);

/* Adds a record within the transaction of another operation. */
enum mtls_status store_sqlite_record(struct store_sqlite *s,
    const struct store_record *record, struct mtls_err *err);

/* To whom a certificate was bound; *ret stays as it is where to nobody. */
enum mtls_status store_sqlite_find_bound(struct store_sqlite *s,
    const char *sha256, char **ret, struct mtls_err *err);

#endif

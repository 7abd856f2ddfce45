/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the SQLite store share. Private to them.
 */
#ifndef VERIFIER_STORE_SQLITE_H
#define VERIFIER_STORE_SQLITE_H

#include <sqlite3.h>

#include "mtls/audit_chain.h"

#include "store_backend.h"
#include "store_sqlite_checkpoint.h"
#include "throttle.h"

/* Every statement, once; store_sqlite_text.c has the text. */
enum store_sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_CHALLENGE_ADD,
	SQL_CHALLENGE_FIND,
	SQL_SESSION_FIND,
	SQL_SESSION_IS_TAKEN,
	SQL_TRIES_FIND,
	SQL_TRIES_WRITE,
	SQL_CODE_ADD,
	SQL_CODE_FIND,
	SQL_CODE_OF_USER,
	SQL_CODE_BY_MARK,
	SQL_CODE_DROP,
	SQL_CODE_DROP_MARK,
	SQL_CODE_DROP_CHALLENGE,
	SQL_CODE_PURGE,
	SQL_CHALLENGE_DECIDE,
	SQL_CHALLENGE_DELIVER,
	SQL_CHALLENGE_FORGET,
	SQL_CHALLENGE_PURGE,
	SQL_RECORD_ADD,
	SQL_RECORD_START,
	SQL_RECORD_LIST,
	SQL_RECORD_LAST,
	SQL_RECORD_OLDEST,
	SQL_RECORD_DROP,
	SQL_HEAD_BASE,
	SQL_HEAD_FIND,
	SQL_HEAD_WRITE,
	SQL_HEAD_LIST,
	SQL_HEAD_ROW,
	SQL_BINDING_ADD,
	SQL_BINDING_FIND,
	SQL_BINDING_REMOVE,
	SQL_BINDING_LIST,
	SQL_BINDING_OF_KEY,
	SQL_REVOKE,
	SQL_REVOKE_BOUND,
	SQL_REVOKED_FIND,
	SQL_UNREVOKE,
	SQL_REVOKED_LIST,
	SQL_COUNT_ALL,
	SQL_FLOOR_RAISE,
	SQL_FLOOR_FORGET,
	/* The first of two is for buckets in memory. */
	SQL_BUCKET_FIND,
	SQL_BUCKET_FIND_KEPT,
	SQL_BUCKET_WRITE,
	SQL_BUCKET_WRITE_KEPT,
	SQL_BUCKET_CLEAR,
	SQL_BUCKET_CLEAR_KEPT,
	SQL_BUCKET_PURGE,
	SQL_BUCKET_PURGE_KEPT,
	SQL_BUCKET_KEEP,
	SQL_BUCKET_KEPT,
	SQL_N
};

extern const char *const store_sqlite_texts[SQL_N];

/* How many delivered challenges are remembered, to say that they were. */
#define STORE_SQLITE_SPENT 1024u

struct store_sqlite {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_N];
	struct store_sqlite_checkpoint *checkpoint;
	char *verifier;
	/* The last that were delivered; the next one takes the place of: */
	uint8_t spent[STORE_SQLITE_SPENT][MTLS_ID_BYTES];
	size_t next_spent;
	/* Of the transaction that is running: */
	struct mtls_audit_link head;
	int knows_head, has_new_head;
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
void store_sqlite_bind_bytes(sqlite3_stmt *statement, int at,
    const uint8_t *bytes, size_t len);

/* The one number that a pragma or query gives; -1 if it gives none. */
int store_sqlite_ask_number(struct store_sqlite *s, const char *sql);

/* Makes the tables, or checks that they are what this program needs. */
enum mtls_status store_sqlite_schema(struct store_sqlite *s,
    enum store_mode mode, struct mtls_err *err);

/* A copy of a column; NULL columns are "". MEMORY is UNAVAILABLE here. */
enum mtls_status store_sqlite_text(sqlite3_stmt *statement, int at,
    char **ret, struct mtls_err *err);

/* What an operation does, by kind; see run_one(). */
enum mtls_status store_sqlite_challenge(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_code(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_audit(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_binding(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_revocation(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);
enum mtls_status store_sqlite_count(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);

enum mtls_status store_sqlite_floor(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);

enum mtls_status store_sqlite_limit(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);

/*
 * The buckets of an operation's limits, between looking at them and writing
 * them. REFUSED, with op->limited, where one of them refuses.
 */
struct store_sqlite_buckets {
	struct throttle_bucket buckets[STORE_LIMITS_MAX];
};
enum mtls_status store_sqlite_look(struct store_sqlite *s,
    struct store_op *op, struct store_sqlite_buckets *ret,
    struct mtls_err *err);
enum mtls_status store_sqlite_take(struct store_sqlite *s,
    const struct store_op *op, struct store_sqlite_buckets *buckets,
    struct mtls_err *err);
/* Forgets buckets that are full, and writes the brief ones to the file. */
enum mtls_status store_sqlite_keep_limits(struct store_sqlite *s,
    int64_t now_us, struct mtls_err *err);

/* Adds a record within the transaction of another operation. */
enum mtls_status store_sqlite_record(struct store_sqlite *s,
    const struct store_record *record, struct mtls_err *err);

/* Before the commit: the end of the chain, where there is a new one. */
enum mtls_status store_sqlite_write_head(struct store_sqlite *s,
    struct mtls_err *err);

/* One row of a statement, as a message. */
typedef enum mtls_status (*store_sqlite_take_fn)(sqlite3_stmt *row,
    struct mtls_message *m, struct mtls_err *err);

/* At most STORE_ROWS_MAX rows of a statement whose values are bound. */
enum mtls_status store_sqlite_rows(struct store_sqlite *s,
    sqlite3_stmt *statement, struct store_op *op, store_sqlite_take_fn take,
    struct mtls_err *err);

/* Texts of a row, by the number of their columns. */
struct store_sqlite_column {
	int at;
	char **text;
};
enum mtls_status store_sqlite_columns(sqlite3_stmt *row,
    const struct store_sqlite_column *columns, size_t n,
    struct mtls_err *err);
/* Bytes of a row, all of them, as many as out has. */
enum mtls_status store_sqlite_bytes(sqlite3_stmt *row, int at, uint8_t *out,
    size_t len, struct mtls_err *err);

/*
 * Whether a certificate or its key (NULL: not looked at) was revoked. In
 * ret; nothing is known where this fails.
 */
enum mtls_status store_sqlite_find_revoked(struct store_sqlite *s,
    const char *sha256, const char *key_sha256, int *ret,
    struct mtls_err *err);

/* REFUSED, with is_revoked, where an administrator has revoked sha256. */
enum mtls_status store_sqlite_check_revoked(struct store_sqlite *s,
    struct store_op *op, struct mtls_err *err);

/* To whom a certificate was bound; *ret stays as it is where to nobody. */
enum mtls_status store_sqlite_find_bound(struct store_sqlite *s,
    const char *sha256, char **ret, struct mtls_err *err);

#endif

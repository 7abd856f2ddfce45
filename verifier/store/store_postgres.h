/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the files of the PostgreSQL store share. Private to them.
 */
#ifndef VERIFIER_STORE_POSTGRES_H
#define VERIFIER_STORE_POSTGRES_H

#include <libpq-fe.h>

#include "mtls/deadline.h"

#include "store_backend.h"

/* Every statement, once; store_postgres_statement.c has the text. */
enum postgres_statement {
	PG_BEGIN,
	PG_COMMIT,
	PG_ROLLBACK,
	PG_CLOCK,
	PG_LOCK,
	PG_CHALLENGE_FORGET,
	PG_CHALLENGE_ADD,
	PG_CHALLENGE_FIND,
	PG_SESSION_FIND,
	PG_PERSON_FIND,
	PG_CHALLENGE_DECIDE,
	PG_CHALLENGE_DELIVER,
	PG_PURGE,
	PG_CODE_ADD,
	PG_CODE_TAKE,
	PG_LIMIT_TAKE,
	PG_LIMIT_CLEAR,
	PG_RECORD_ADD,
	PG_RECORD_FIRST,
	PG_RECORD_NEXT,
	PG_RECORD_DROP,
	PG_HEAD_LIST,
	PG_HEAD_FIND,
	PG_BINDING_ADD,
	PG_BINDING_REMOVE,
	PG_BINDING_LIST,
	PG_BINDING_FIND,
	PG_REVOKE,
	PG_UNREVOKE,
	PG_REVOKED_LIST,
	PG_FLOOR_RAISE,
	PG_FLOOR_FORGET,
	PG_COUNT,
	PG_N
};

extern const char *const postgres_statements[PG_N];

/* A statement and its values, as text, which are in room. */
#define POSTGRES_PARAMS_MAX 20
/* A certificate in hexadecimal, and more than what else there can be. */
#define POSTGRES_ROOM 131072
struct postgres_call {
	enum postgres_statement statement;
	int n;
	const char *values[POSTGRES_PARAMS_MAX];
	size_t used;
	char room[POSTGRES_ROOM];
	int is_bad;		/* a value that no database can hold */
};

/* What the operation is as a statement, at now_ms of this computer. */
void postgres_call_of(struct postgres_call *call, const struct store_op *op,
    const char *verifier, int64_t now_ms);

/*
 * The next value of a call; is_bad where a database cannot hold it, or there
 * is no room. NULL texts are "".
 */
void postgres_add_text(struct postgres_call *call, const char *text);
void postgres_add_number(struct postgres_call *call, int64_t number);
void postgres_add_bytes(struct postgres_call *call, const uint8_t *bytes,
    size_t len);
void postgres_add_texts(struct postgres_call *call,
    const char *const *texts, size_t n);
void postgres_add_numbers(struct postgres_call *call,
    const int64_t *numbers, size_t n);

/* A record, limits, and what may be revoked, in the order of the functions. */
void postgres_add_record(struct postgres_call *call,
    const struct store_record *record, const char *verifier);
void postgres_add_limits(struct postgres_call *call,
    const struct store_op *op);
void postgres_add_hashes(struct postgres_call *call,
    const struct store_op *op);
/* CODE_ADD and CODE_TAKE. */
void postgres_call_code(struct postgres_call *call, const struct store_op *op,
    const char *verifier, int64_t now_ms);

/*
 * Whether it writes what another verifier may be writing too. A transaction
 * with such an operation has the lock of all of them: nobody waits for
 * somebody who waits for him.
 */
int postgres_is_locking(enum store_kind kind);

/* What came of it; the rows are of that statement. Sets op->status. */
void postgres_take(const PGresult *rows, struct store_op *op,
    int64_t now_ms);

/* That limit says no, n being -10 - its number: REFUSED. */
enum mtls_status postgres_take_refusal(const PGresult *rows,
    struct store_op *op, int64_t n, struct mtls_err *err);
/* Of CODE_TAKE. */
enum mtls_status postgres_take_code(const PGresult *rows,
    struct store_op *op, struct mtls_err *err);

/* The same for operations that list something. */
enum mtls_status postgres_take_rows(const PGresult *rows,
    struct store_op *op, struct mtls_err *err);

/*
 * Values of a row; bytes have to be exactly len. UNAVAILABLE where it is not
 * as it was written, or there is no memory.
 */
enum mtls_status postgres_take_text(const PGresult *rows, int row, int at,
    char **ret, struct mtls_err *err);
enum mtls_status postgres_take_number(const PGresult *rows, int row, int at,
    int64_t *ret, struct mtls_err *err);
enum mtls_status postgres_take_bytes(const PGresult *rows, int row, int at,
    uint8_t *ret, size_t len, struct mtls_err *err);
enum mtls_status postgres_malformed(struct mtls_err *err);

/* Where the database is; made of the URL in the settings. */
struct postgres_target {
	char **names, **values;	/* NULL-terminated */
	int has_password;
};

/* CONFIG with the reason, which quotes nothing of the URL. */
enum mtls_status postgres_target_parse(const char *url,
    struct postgres_target *ret, struct mtls_err *err);
void postgres_target_clear(struct postgres_target *target);

enum postgres_state { POSTGRES_AWAY, POSTGRES_CONNECTING, POSTGRES_READY };

struct postgres {
	struct postgres_target target;
	char *verifier;
	enum store_mode mode;
	PGconn *conn;			/* NULL while away */
	struct postgres_call call;	/* that is being sent */
	enum postgres_state state;
	PostgresPollingStatusType polling;
	struct mtls_deadline deadline;	/* of connecting */
	int64_t next_try_ms;
	int64_t pause_ms;		/* between tries, growing */
	struct mtls_err err;		/* why it is away */
	/* The clocks of here and there. */
	int has_clock, has_jumped;
	int64_t clock_offset_ms, clock_seen_ms;
	int has_missed;			/* decisions, while away */
};

/* The connection is of no use any more. */
void postgres_drop(struct postgres *s, const struct mtls_err *why);

/* What to wait for, and for how long (-1: for ever); connects meanwhile. */
int postgres_watch(void *self, struct pollfd *ret);
void postgres_idle(void *self, struct store *store);

/* On a fresh connection: checks the database, the schema, prepares. */
enum mtls_status postgres_set_up(struct postgres *s, struct mtls_err *err);

/*
 * The next result of what was sent; it may be NULL. UNAVAILABLE: the
 * connection is lost, or the deadline has passed. The caller clears it.
 */
enum mtls_status postgres_result(struct postgres *s,
    struct mtls_deadline deadline, PGresult **ret, struct mtls_err *err);

/* What the database or libpq says, as one line. */
enum mtls_status postgres_fail(const struct postgres *s,
    const PGresult *result, struct mtls_err *err);

/* Steps up to the schema of this program, which is this many. */
#define POSTGRES_SCHEMA 3
extern const char *const postgres_steps[POSTGRES_SCHEMA];

/* A struct store_backend run. */
enum mtls_status postgres_run(void *self, struct store_op *first,
    struct mtls_err *err);

#endif

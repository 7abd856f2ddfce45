/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store in an SQLite database. The audit and the bindings are in the
 * file, with write-ahead log and a full fsync at each commit. Challenges are
 * in an attached database in memory: they live for two minutes, and a
 * verifier that starts again has opened none. One transaction spans both, so
 * that a login costs one fsync, for its audit record.
 */
#include "config.h"

#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/file.h"

static const char live_schema[] =
    "ATTACH ':memory:' AS live;"
    "CREATE TABLE live.challenge ("
    " id BLOB PRIMARY KEY, request BLOB NOT NULL, nonce BLOB NOT NULL,"
    " user TEXT NOT NULL, service TEXT NOT NULL, host TEXT NOT NULL,"
    " tty TEXT NOT NULL, rhost TEXT NOT NULL, ruser TEXT NOT NULL,"
    " method TEXT NOT NULL, source TEXT NOT NULL,"
    " expires_ms INTEGER NOT NULL, state INTEGER NOT NULL,"
    " verdict INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',"
    " message TEXT NOT NULL DEFAULT '',"
    " certificate TEXT NOT NULL DEFAULT '',"
    " grant_expires_ms INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX live.challenge_host ON challenge(host, state);"
    "CREATE TABLE live.bucket ("
    " key TEXT PRIMARY KEY, user TEXT NOT NULL, at_us INTEGER NOT NULL,"
    " missing_us INTEGER NOT NULL, is_new INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO live.bucket SELECT key, user, at_us, missing_us, 0"
    " FROM main.bucket WHERE is_brief = 1;";

/* The rest of what both queries of the audit filter by. */
#define FILTER_MORE \
	" AND (?7 = '' OR event = ?7) AND (?8 = '' OR reason = ?8)" \
	" AND time_ms >= ?9 AND (?10 = 0 OR time_ms < ?10)"

/* state: 1 open, 2 decided, 3 delivered (enum store_state). */
static const char *const texts[SQL_N] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_CHALLENGE_ADD] =
	    "INSERT OR IGNORE INTO live.challenge (id, request, nonce, user,"
	    " service, host, tty, rhost, ruser, method, source, expires_ms,"
	    " state) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
	    " ?12, 1 WHERE (SELECT count(*) FROM live.challenge"
	    " WHERE host = ?6 AND state = 1) < ?13",
	[SQL_CHALLENGE_FIND] =
	    "SELECT id, request, nonce, user, service, host, tty, rhost,"
	    " ruser, method, source, expires_ms, state, verdict, reason,"
	    " message, certificate, grant_expires_ms FROM live.challenge"
	    " WHERE id = ?1",
	[SQL_CHALLENGE_DECIDE] =
	    "UPDATE live.challenge SET state = 2, verdict = ?2, reason = ?3,"
	    " message = ?4, certificate = ?5, grant_expires_ms = ?6"
	    " WHERE id = ?1 AND state = 1",
	[SQL_CHALLENGE_DELIVER] =
	    "UPDATE live.challenge SET state = 3"
	    " WHERE id = ?1 AND host = ?2 AND state = 2",
	[SQL_CHALLENGE_PURGE] =
	    "DELETE FROM live.challenge WHERE expires_ms < ?1"
	    " AND grant_expires_ms < ?1",
	[SQL_RECORD_ADD] =
	    "INSERT INTO main.audit (time_ms, request, event, decision, user,"
	    " host, service, method, tty, rhost, certificate, source, reason,"
	    " verifier, seq, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	    " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	[SQL_RECORD_START] =
	    "SELECT min(sequence) FROM (SELECT sequence FROM main.audit"
	    " WHERE sequence > ?1 AND (?2 = '' OR user = ?2)"
	    " AND (?3 = '' OR host = ?3) AND (?4 = '' OR service = ?4)"
	    " AND (?5 = '' OR decision = ?5)"
	    FILTER_MORE
	    " ORDER BY sequence DESC LIMIT ?6)",
	[SQL_RECORD_LIST] =
	    "SELECT sequence, time_ms, request, event, decision, user, host,"
	    " service, method, tty, rhost, certificate, source, reason,"
	    " verifier, seq, hash FROM main.audit"
	    " WHERE sequence > ?1 AND (?2 = '' OR user = ?2)"
	    " AND (?3 = '' OR host = ?3) AND (?4 = '' OR service = ?4)"
	    " AND (?5 = '' OR decision = ?5)"
	    FILTER_MORE
	    " ORDER BY sequence LIMIT ?6",
	[SQL_RECORD_LAST] =
	    "SELECT ifnull(max(sequence), 0) FROM main.audit",
	[SQL_RECORD_OLDEST] =
	    "SELECT seq, time_ms, hash FROM main.audit WHERE verifier = ?1"
	    " ORDER BY seq LIMIT ?2",
	[SQL_RECORD_DROP] =
	    "DELETE FROM main.audit WHERE verifier = ?1 AND seq <= ?2",
	[SQL_HEAD_BASE] =
	    "UPDATE main.audit_head SET base_seq = ?2, base_hash = ?3"
	    " WHERE verifier = ?1",
	[SQL_HEAD_FIND] =
	    "SELECT seq, hash FROM main.audit_head WHERE verifier = ?1",
	[SQL_HEAD_WRITE] =
	    "INSERT INTO main.audit_head (verifier, seq, hash, base_seq,"
	    " base_hash) VALUES (?1, ?2, ?3, 0, zeroblob(32))"
	    " ON CONFLICT (verifier) DO UPDATE SET seq = ?2, hash = ?3",
	[SQL_HEAD_LIST] =
	    "SELECT verifier, seq, hash, base_seq, base_hash"
	    " FROM main.audit_head WHERE verifier > ?1 ORDER BY verifier"
	    " LIMIT ?2",
	[SQL_HEAD_ROW] =
	    "SELECT verifier, seq, hash, base_seq, base_hash"
	    " FROM main.audit_head WHERE verifier = ?1",
	[SQL_BINDING_ADD] =
	    "INSERT INTO main.binding (sha256, user, subject, issuer, serial,"
	    " not_after_s, bound_at_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	    " ON CONFLICT (sha256) DO NOTHING",
	[SQL_BINDING_FIND] =
	    "SELECT user FROM main.binding WHERE sha256 = ?1",
	[SQL_BINDING_REMOVE] =
	    "DELETE FROM main.binding WHERE user = ?1"
	    " AND (?2 = '' OR sha256 = ?2)",
	[SQL_BINDING_LIST] =
	    "SELECT user, sha256, subject, issuer, serial, not_after_s,"
	    " bound_at_s FROM main.binding WHERE sha256 > ?1"
	    " AND (?2 = '' OR user = ?2) ORDER BY sha256 LIMIT ?3",
	[SQL_REVOKE] =
	    "INSERT INTO main.revoked (sha256, kind, user, subject, issuer,"
	    " serial, reason, revoked_by, revoked_at_s)"
	    " SELECT ?1, ?2, iif(?3 = '', ifnull(b.user, ''), ?3),"
	    " iif(?4 = '', ifnull(b.subject, ''), ?4),"
	    " iif(?5 = '', ifnull(b.issuer, ''), ?5),"
	    " iif(?6 = '', ifnull(b.serial, ''), ?6), ?7, ?8, ?9"
	    " FROM (SELECT 1) LEFT JOIN main.binding b ON b.sha256 = ?1"
	    " WHERE true ON CONFLICT (sha256) DO NOTHING",
	[SQL_REVOKE_BOUND] =
	    "INSERT INTO main.revoked (sha256, kind, user, subject, issuer,"
	    " serial, reason, revoked_by, revoked_at_s)"
	    " SELECT sha256, 'certificate', user, subject, issuer, serial,"
	    " ?2, ?3, ?4 FROM main.binding WHERE user = ?1"
	    " ON CONFLICT (sha256) DO NOTHING",
	[SQL_REVOKED_FIND] =
	    "SELECT 1 FROM main.revoked WHERE sha256 IN (?1, ?2) LIMIT 1",
	[SQL_UNREVOKE] =
	    "DELETE FROM main.revoked WHERE sha256 = ?1",
	[SQL_REVOKED_LIST] =
	    "SELECT sha256, kind, user, subject, issuer, serial, reason,"
	    " revoked_by, revoked_at_s FROM main.revoked WHERE sha256 > ?1"
	    " AND (?2 = '' OR user = ?2) ORDER BY sha256 LIMIT ?3",
	[SQL_COUNT_ALL] =
	    "SELECT (SELECT count(*) FROM live.challenge WHERE state = 1),"
	    " (SELECT ifnull(sum(seq - base_seq), 0) FROM main.audit_head),"
	    " (SELECT count(*) FROM main.binding),"
	    " (SELECT ifnull(max(sequence), 0) FROM main.audit),"
	    " (SELECT count(*) FROM main.revoked)",
	/* An empty number is none, and takes the one there is from nobody. */
	[SQL_FLOOR_RAISE] =
	    "INSERT INTO main.crl_floor (key, number, this_update_s)"
	    " VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET"
	    " number = max(number, excluded.number),"
	    " this_update_s = max(this_update_s, excluded.this_update_s)"
	    " WHERE CASE WHEN length(number) > 0"
	    " AND length(excluded.number) > 0 AND number <> excluded.number"
	    " THEN excluded.number > number"
	    " ELSE excluded.this_update_s >= this_update_s END",
	[SQL_FLOOR_FORGET] = "DELETE FROM main.crl_floor",
	[SQL_BUCKET_FIND] =
	    "SELECT at_us, missing_us FROM live.bucket WHERE key = ?1",
	[SQL_BUCKET_FIND_KEPT] =
	    "SELECT at_us, missing_us FROM main.bucket WHERE key = ?1",
	[SQL_BUCKET_WRITE] =
	    "INSERT INTO live.bucket (key, user, at_us, missing_us, is_new)"
	    " VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (key) DO UPDATE SET"
	    " user = ?2, at_us = ?3, missing_us = ?4, is_new = 1",
	[SQL_BUCKET_WRITE_KEPT] =
	    "INSERT INTO main.bucket (key, user, at_us, missing_us, is_brief)"
	    " VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (key) DO UPDATE SET"
	    " user = ?2, at_us = ?3, missing_us = ?4",
	[SQL_BUCKET_CLEAR] = "DELETE FROM live.bucket WHERE user = ?1",
	[SQL_BUCKET_CLEAR_KEPT] = "DELETE FROM main.bucket WHERE user = ?1",
	/* at + missing: when it is full. Overflow makes a REAL, no error. */
	[SQL_BUCKET_PURGE] =
	    "DELETE FROM live.bucket WHERE at_us + missing_us <= ?1",
	[SQL_BUCKET_PURGE_KEPT] =
	    "DELETE FROM main.bucket WHERE at_us + missing_us <= ?1",
	[SQL_BUCKET_KEEP] =
	    "INSERT INTO main.bucket (key, user, at_us, missing_us, is_brief)"
	    " SELECT key, user, at_us, missing_us, 1 FROM live.bucket"
	    " WHERE is_new = 1 ON CONFLICT (key) DO UPDATE SET"
	    " user = excluded.user, at_us = excluded.at_us,"
	    " missing_us = excluded.missing_us",
	[SQL_BUCKET_KEPT] =
	    "UPDATE live.bucket SET is_new = 0 WHERE is_new = 1",
};

sqlite3_stmt *
store_sqlite_begin(struct store_sqlite *s, enum store_sql sql)
{
	return s->statements[sql];
}

void
store_sqlite_end(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

enum mtls_status
store_sqlite_fail(struct store_sqlite *s, sqlite3_stmt *statement,
    struct mtls_err *err)
{
	(void)mtls_fail(err, MTLS_E_UNAVAILABLE, "database: %s",
	    sqlite3_errmsg(s->db));
	if (statement != NULL)
		store_sqlite_end(statement);
	return MTLS_E_UNAVAILABLE;
}

enum mtls_status
store_sqlite_step(struct store_sqlite *s, sqlite3_stmt *statement,
    int *ret_n, struct mtls_err *err)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		return store_sqlite_fail(s, statement, err);
	if (ret_n != NULL)
		*ret_n = sqlite3_changes(s->db);
	store_sqlite_end(statement);
	return MTLS_OK;
}

/* A binding that failed leaves NULL, which no column and no query takes. */
void
store_sqlite_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	(void)sqlite3_bind_text(statement, at, text == NULL ? "" : text, -1,
	    SQLITE_STATIC);
}

void
store_sqlite_bind_bytes(sqlite3_stmt *statement, int at,
    const uint8_t *bytes, size_t len)
{
	(void)sqlite3_bind_blob(statement, at, bytes, (int)len,
	    SQLITE_STATIC);
}

enum mtls_status
store_sqlite_text(sqlite3_stmt *statement, int at, char **ret,
    struct mtls_err *err)
{
	const char *text = (const char *)sqlite3_column_text(statement, at);
	/* No column is NULL: without a text there is no memory for it. */
	char *copy = text == NULL ? NULL : strdup(text);

	if (copy == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	*ret = copy;
	return MTLS_OK;
}

enum mtls_status
store_sqlite_columns(sqlite3_stmt *row,
    const struct store_sqlite_column *columns, size_t n,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && i < n; i++)
		status = store_sqlite_text(row, columns[i].at,
		    columns[i].text, err);
	return status;
}

enum mtls_status
store_sqlite_bytes(sqlite3_stmt *row, int at, uint8_t *out, size_t len,
    struct mtls_err *err)
{
	const void *data = sqlite3_column_blob(row, at);

	if (data == NULL || sqlite3_column_bytes(row, at) != (int)len)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: a row is malformed");
	memcpy(out, data, len);
	return MTLS_OK;
}

static enum mtls_status
simple(struct store_sqlite *s, enum store_sql sql, struct mtls_err *err)
{
	return store_sqlite_step(s, store_sqlite_begin(s, sql), NULL, err);
}

static void
rollback(struct store_sqlite *s)
{
	struct mtls_err ignored;

	mtls_err_clear(&ignored);
	/* After some failures SQLite has already done it. */
	if (!sqlite3_get_autocommit(s->db))
		(void)(simple(s, SQL_ROLLBACK, &ignored) == MTLS_OK);
}

/*
 * UNAVAILABLE makes the whole transaction fail; other results have written
 * nothing and let the others go on.
 */
static enum mtls_status
run_one(struct store_sqlite *self, struct store_op *op, struct mtls_err *err)
{
	switch (op->kind) {
	case STORE_CHALLENGE_ADD:
	case STORE_CHALLENGE_FIND:
	case STORE_CHALLENGE_DECIDE:
	case STORE_CHALLENGE_DELIVER:
	case STORE_CHALLENGE_PURGE:
		return store_sqlite_challenge(self, op, err);
	case STORE_LIMIT_TAKE:
	case STORE_LIMIT_CLEAR:
		return store_sqlite_limit(self, op, err);
	case STORE_RECORD_ADD:
	case STORE_RECORD_LIST:
	case STORE_RECORD_DROP:
	case STORE_HEAD_LIST:
	case STORE_HEAD_FIND:
		return store_sqlite_audit(self, op, err);
	case STORE_COUNT:
		return store_sqlite_count(self, op, err);
	case STORE_BINDING_ADD:
	case STORE_BINDING_REMOVE:
	case STORE_BINDING_LIST:
		return store_sqlite_binding(self, op, err);
	case STORE_FLOOR_RAISE:
	case STORE_FLOOR_FORGET:
		return store_sqlite_floor(self, op, err);
	case STORE_REVOKE:
	case STORE_UNREVOKE:
	case STORE_REVOKED_LIST:
		return store_sqlite_revocation(self, op, err);
	}
	return mtls_fail(err, MTLS_E_USAGE, "no such operation");
}

static enum mtls_status
run(void *self, struct store_op *first, struct mtls_err *err)
{
	struct store_sqlite *s = self;
	enum mtls_status status = simple(s, SQL_BEGIN, err);

	s->knows_head = s->has_new_head = 0;
	for (struct store_op *op = first; status == MTLS_OK && op != NULL;
	    op = op->next) {
		op->status = run_one(s, op, &op->err);
		if (op->status == MTLS_E_UNAVAILABLE)
			status = mtls_fail(err, MTLS_E_UNAVAILABLE, "%s",
			    op->err.text);
	}
	if (status == MTLS_OK)
		status = store_sqlite_write_head(s, err);
	if (status == MTLS_OK)
		status = simple(s, SQL_COMMIT, err);
	if (status != MTLS_OK)
		rollback(s);
	return status;
}

static void
close_sqlite(void *self)
{
	struct store_sqlite *s = self;

	for (int i = 0; i < SQL_N; i++)
		(void)sqlite3_finalize(s->statements[i]);
	(void)sqlite3_close(s->db);
	free(s->verifier);
	free(s);
}

static const struct store_backend backend = {
	.run = run,
	.close = close_sqlite,
};

static enum mtls_status
exec(struct store_sqlite *s, const char *sql, struct mtls_err *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(s, NULL, err);
	return MTLS_OK;
}

int
store_sqlite_ask_number(struct store_sqlite *s, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int value = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) ==
	    SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	return value;
}

/* FULL is 2; a commit that is not on the disk is not a commit. */
static enum mtls_status
set_durable(struct store_sqlite *s, struct mtls_err *err)
{
	enum mtls_status status;

	status = exec(s, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA trusted_schema = OFF;", err);
	if (status == MTLS_OK && store_sqlite_ask_number(s,
	    "PRAGMA synchronous") != 2)
		status = mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: synchronous = FULL is refused");
	return status;
}

static enum mtls_status
set_up(struct store_sqlite *s, enum store_mode mode, struct mtls_err *err)
{
	enum mtls_status status = set_durable(s, err);

	if (status == MTLS_OK)
		status = store_sqlite_schema(s, mode, err);
	if (status == MTLS_OK)
		status = exec(s, live_schema, err);
	for (int i = 0; status == MTLS_OK && i < SQL_N; i++) {
		if (sqlite3_prepare_v3(s->db, texts[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL) !=
		    SQLITE_OK)
			status = store_sqlite_fail(s, NULL, err);
	}
	return status;
}

/* Nobody else may be able to put another file in its place. */
static enum mtls_status
check_directory(const char *path, struct mtls_err *err)
{
	const char *slash = strrchr(path, '/');
	enum mtls_status status;
	char *directory;
	int fd;

	directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (directory == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = mtls_file_open_dir(directory, &fd, err);
	if (status == MTLS_OK)
		close(fd);
	free(directory);
	return status;
}

enum mtls_status
store_open_sqlite(const struct store_options *options, struct store **ret,
    struct mtls_err *err)
{
	const char *path = options->database;
	struct store_sqlite *s;
	enum mtls_status status = check_directory(path, err);

	if (status != MTLS_OK)
		return status;
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->verifier = strdup(options->verifier)) == NULL) {
		free(s);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW, NULL) !=
	    SQLITE_OK) {
		status = mtls_fail(err, MTLS_E_UNAVAILABLE, "%s: %s", path,
		    s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
	} else {
		(void)sqlite3_busy_timeout(s->db, 1000);
		status = set_up(s, options->mode, err);
		mtls_err_context(err, "%s", path);
	}
	if (status != MTLS_OK) {
		close_sqlite(s);
		return status;
	}
	return store_new(&backend, s, ret, err);
}

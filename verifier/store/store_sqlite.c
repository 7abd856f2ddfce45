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
    " grant_expires_ms INTEGER NOT NULL DEFAULT 0,"
    " session TEXT NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX live.challenge_host ON challenge(host, state);"
    "CREATE UNIQUE INDEX live.challenge_session ON challenge(session)"
    " WHERE session <> '' AND state = 1;"
    "CREATE TABLE live.code ("
    " slot BLOB PRIMARY KEY, mac BLOB NOT NULL, mark BLOB NOT NULL,"
    " challenge BLOB NOT NULL, user TEXT NOT NULL, service TEXT NOT NULL,"
    " host TEXT NOT NULL, source TEXT NOT NULL, der BLOB NOT NULL,"
    " expires_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX live.code_user ON code(user);"
    "CREATE INDEX live.code_mark ON code(mark);"
    "CREATE TABLE live.bucket ("
    " key TEXT PRIMARY KEY, user TEXT NOT NULL, at_us INTEGER NOT NULL,"
    " missing_us INTEGER NOT NULL, is_new INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO live.bucket SELECT key, user, at_us, missing_us, 0"
    " FROM main.bucket WHERE is_brief = 1;";

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
	case STORE_SESSION_FIND:
	case STORE_PERSON_FIND:
	case STORE_CHALLENGE_DECIDE:
	case STORE_CHALLENGE_DELIVER:
	case STORE_CHALLENGE_PURGE:
		return store_sqlite_challenge(self, op, err);
	case STORE_CODE_ADD:
	case STORE_CODE_TAKE:
		return store_sqlite_code(self, op, err);
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
	case STORE_BINDING_FIND:
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
	store_sqlite_checkpoint_free(s->checkpoint);
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
		if (sqlite3_prepare_v3(s->db, store_sqlite_texts[i], -1,
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
		if (status == MTLS_OK)
			status = store_sqlite_checkpoint_new(s->db, path,
			    &s->checkpoint, err);
		mtls_err_context(err, "%s", path);
	}
	if (status != MTLS_OK) {
		close_sqlite(s);
		return status;
	}
	return store_new(&backend, s, ret, err);
}

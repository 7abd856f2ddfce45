/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The tables of the SQLite database, in steps: a database of schema N has
 * had the first N. A new one gets all of them; an older one gets the missing
 * ones when the administrator says so, and is refused before that.
 */
#include "config.h"

#include "store_sqlite.h"

#include <stdio.h>

static const char step_1[] =
    "CREATE TABLE audit ("
    " sequence INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
    " request TEXT NOT NULL, event TEXT NOT NULL, decision TEXT NOT NULL,"
    " user TEXT NOT NULL, host TEXT NOT NULL, service TEXT NOT NULL,"
    " method TEXT NOT NULL, tty TEXT NOT NULL, rhost TEXT NOT NULL,"
    " certificate TEXT NOT NULL, source TEXT NOT NULL,"
    " reason TEXT NOT NULL);"
    "CREATE INDEX audit_user ON audit(user);"
    "CREATE TABLE binding ("
    " sha256 TEXT PRIMARY KEY, user TEXT NOT NULL, subject TEXT NOT NULL,"
    " issuer TEXT NOT NULL, serial TEXT NOT NULL,"
    " not_after_s INTEGER NOT NULL, bound_at_s INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX binding_user ON binding(user);";

/* The chain of the audit; mtls/audit_chain.h. */
static const char step_2[] =
    "ALTER TABLE audit ADD COLUMN verifier TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE audit ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE audit ADD COLUMN hash BLOB NOT NULL DEFAULT x'';"
    "CREATE TABLE audit_head ("
    " verifier TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL,"
    " base_seq INTEGER NOT NULL, base_hash BLOB NOT NULL) WITHOUT ROWID;";

static const char step_2_end[] =
    "CREATE UNIQUE INDEX audit_chain ON audit(verifier, seq);";

/* How new the CRL of each CA was; key is the SHA-256 of its SPKI. */
static const char step_3[] =
    "CREATE TABLE crl_floor ("
    " key BLOB PRIMARY KEY, number BLOB NOT NULL,"
    " this_update_s INTEGER NOT NULL) WITHOUT ROWID;";

/* Token buckets that are not full; throttle.h. */
static const char step_4[] =
    "CREATE TABLE bucket ("
    " key TEXT PRIMARY KEY, user TEXT NOT NULL, at_us INTEGER NOT NULL,"
    " missing_us INTEGER NOT NULL, is_brief INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX bucket_user ON bucket(user);";

/* What administrators have revoked. */
static const char step_5[] =
    "CREATE TABLE revoked ("
    " sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, user TEXT NOT NULL,"
    " subject TEXT NOT NULL, issuer TEXT NOT NULL, serial TEXT NOT NULL,"
    " reason TEXT NOT NULL, revoked_by TEXT NOT NULL,"
    " revoked_at_s INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX revoked_user ON revoked(user);";

/* Bindings keep the certificate; those that were there have none. */
static const char step_6[] =
    "ALTER TABLE binding ADD COLUMN key_sha256 TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE binding ADD COLUMN der BLOB NOT NULL DEFAULT x'';";

static enum mtls_status
exec(struct store_sqlite *s, const char *sql, struct mtls_err *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(s, NULL, err);
	return MTLS_OK;
}

static const char *
text_of(sqlite3_stmt *row, int at)
{
	return (const char *)sqlite3_column_text(row, at);
}

/* One old record becomes the next link. */
static enum mtls_status
chain_row(struct store_sqlite *s, sqlite3_stmt *row, sqlite3_stmt *update,
    struct mtls_audit_link *link, struct mtls_err *err)
{
	struct mtls_audit_record r = {
		.verifier = s->verifier, .seq = link->seq + 1,
		.time_ms = (uint64_t)sqlite3_column_int64(row, 1),
		.request = text_of(row, 2), .event = text_of(row, 3),
		.decision = text_of(row, 4), .user = text_of(row, 5),
		.host = text_of(row, 6), .service = text_of(row, 7),
		.method = text_of(row, 8), .tty = text_of(row, 9),
		.rhost = text_of(row, 10), .certificate = text_of(row, 11),
		.source = text_of(row, 12), .reason = text_of(row, 13),
	};
	enum mtls_status status = mtls_audit_chain_add(link, &r, err);

	if (status != MTLS_OK)
		return status;
	(void)sqlite3_bind_int64(update, 1, sqlite3_column_int64(row, 0));
	store_sqlite_bind_text(update, 2, r.verifier);
	(void)sqlite3_bind_int64(update, 3, (int64_t)link->seq);
	store_sqlite_bind_bytes(update, 4, link->hash, sizeof(link->hash));
	return store_sqlite_step(s, update, NULL, err);
}

static enum mtls_status
write_head(struct store_sqlite *s, sqlite3_stmt *insert,
    const struct mtls_audit_link *link, struct mtls_err *err)
{
	static const struct mtls_audit_link base;

	store_sqlite_bind_text(insert, 1, s->verifier);
	(void)sqlite3_bind_int64(insert, 2, (int64_t)link->seq);
	store_sqlite_bind_bytes(insert, 3, link->hash, sizeof(link->hash));
	store_sqlite_bind_bytes(insert, 4, base.hash, sizeof(base.hash));
	return store_sqlite_step(s, insert, NULL, err);
}

/* Records of a time before the chain become its beginning. */
static enum mtls_status
chain_old_records(struct store_sqlite *s, struct mtls_err *err)
{
	static const char *const sql[] = {
		"SELECT sequence, time_ms, request, event, decision, user,"
		" host, service, method, tty, rhost, certificate, source,"
		" reason FROM audit ORDER BY sequence",
		"UPDATE audit SET verifier = ?2, seq = ?3, hash = ?4"
		" WHERE sequence = ?1",
		"INSERT INTO audit_head (verifier, seq, hash, base_seq,"
		" base_hash) VALUES (?1, ?2, ?3, 0, ?4)",
	};
	sqlite3_stmt *st[3] = { NULL, NULL, NULL };
	struct mtls_audit_link link = { 0 };
	enum mtls_status status = MTLS_OK;
	int step = SQLITE_DONE;

	for (int i = 0; status == MTLS_OK && i < 3; i++) {
		if (sqlite3_prepare_v2(s->db, sql[i], -1, &st[i], NULL) !=
		    SQLITE_OK)
			status = store_sqlite_fail(s, NULL, err);
	}
	while (status == MTLS_OK &&
	    (step = sqlite3_step(st[0])) == SQLITE_ROW)
		status = chain_row(s, st[0], st[1], &link, err);
	if (status == MTLS_OK && step != SQLITE_DONE)
		status = store_sqlite_fail(s, NULL, err);
	if (status == MTLS_OK && link.seq > 0)
		status = write_head(s, st[2], &link, err);
	for (int i = 0; i < 3; i++)
		(void)sqlite3_finalize(st[i]);
	return status;
}

static enum mtls_status
do_step_2(struct store_sqlite *s, struct mtls_err *err)
{
	enum mtls_status status = exec(s, step_2, err);

	if (status == MTLS_OK)
		status = chain_old_records(s, err);
	return status == MTLS_OK ? exec(s, step_2_end, err) : status;
}

struct step {
	const char *sql;		/* or NULL, and ... */
	enum mtls_status (*run)(struct store_sqlite *s, struct mtls_err *err);
};

/* The last line is the schema of this program. */
static const struct step steps[] = {
	{ step_1, NULL },
	{ NULL, do_step_2 },
	{ step_3, NULL },
	{ step_4, NULL },
	{ step_5, NULL },
	{ step_6, NULL },
};

#define SCHEMA_VERSION ((int)(sizeof(steps) / sizeof(steps[0])))

static enum mtls_status
do_steps(struct store_sqlite *s, int version, struct mtls_err *err)
{
	enum mtls_status status = exec(s, "BEGIN IMMEDIATE;", err);
	char pragma[48];

	for (int i = version; status == MTLS_OK && i < SCHEMA_VERSION; i++)
		status = steps[i].sql != NULL ?
		    exec(s, steps[i].sql, err) : steps[i].run(s, err);
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d;",
	    SCHEMA_VERSION);
	if (status == MTLS_OK)
		status = exec(s, pragma, err);
	/* What is not committed goes when the database is closed. */
	return status == MTLS_OK ? exec(s, "COMMIT;", err) : status;
}

enum mtls_status
store_sqlite_schema(struct store_sqlite *s, enum store_mode mode,
    struct mtls_err *err)
{
	int version = store_sqlite_ask_number(s, "PRAGMA user_version");

	if (version == SCHEMA_VERSION)
		return MTLS_OK;
	if (version < 0)
		return store_sqlite_fail(s, NULL, err);
	if (version == 0 || (version < SCHEMA_VERSION && mode == STORE_MIGRATE))
		return do_steps(s, version, err);
	return store_schema_fault(version, SCHEMA_VERSION, err);
}

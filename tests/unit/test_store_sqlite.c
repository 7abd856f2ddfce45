/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store in SQLite: what was not committed has not happened, a failure is
 * never an answer, and who tampers with the file is found out.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/store_sqlite.h"
#include "store_rig.h"

#include "../lib/unit.h"

/* The nth sqlite3_step() from now fails; 0: none. */
static int fail_step;
static int fail_code;
int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

int
__wrap_sqlite3_step(sqlite3_stmt *statement)
{
	if (fail_step > 0 && --fail_step == 0)
		return fail_code;
	return __real_sqlite3_step(statement);
}

/*
 * Every statement of a decision fails in turn: no decision, no record, and
 * the challenge is as it was.
 */
static void
T140_failing_statements(void **state)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_IOERR, SQLITE_BUSY,
		SQLITE_NOMEM, SQLITE_READONLY, SQLITE_CORRUPT };
	int n = 1, was_ok = 0;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	for (; !was_ok; n++) {
		fail_code = codes[n % 6];
		fail_step = n;
		was_ok = rig_decide(1) == MTLS_OK;
		fail_step = 0;
		if (!was_ok)
			assert_int_equal(rig_state_of(1), STORE_OPEN);
		assert_int_equal(rig_n_records(), was_ok ? 1 : 0);
	}
	/* BEGIN, UPDATE, SELECT, INSERT, the head, COMMIT. */
	assert_int_equal(n, 8);
	for (n = 1, was_ok = 0; !was_ok; n++) {
		fail_step = n;
		was_ok = rig_deliver(1, RIG_HOST) == MTLS_OK;
		fail_step = 0;
		assert_int_equal(rig_state_of(1), was_ok ? STORE_DELIVERED :
		    STORE_DECIDED);
	}
	/* BEGIN, UPDATE, SELECT, COMMIT. */
	assert_int_equal(n, 6);
}

/* One failure of the disk: none of the batch has happened. */
static void
T140_a_batch_is_whole(void **state)
{
	struct store_challenge one = rig_challenge(1);
	struct store_challenge two = rig_challenge(2);
	struct store_op ops[2];

	(void)state;
	memset(ops, 0, sizeof(ops));
	ops[0].challenge = &one;
	ops[1].challenge = &two;
	for (size_t i = 0; i < 2; i++) {
		ops[i].kind = STORE_CHALLENGE_ADD;
		ops[i].done = rig_on_done;
		store_submit(rig_port, &ops[i]);
	}
	fail_code = SQLITE_FULL;
	fail_step = 3;		/* the second insert */
	store_flush(rig_port);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ops[i].status, MTLS_E_UNAVAILABLE);
		store_op_clear(&ops[i]);
	}
	assert_int_equal(rig_decide(1), MTLS_E_NOT_FOUND);
	assert_int_equal(rig_add(1), MTLS_OK);
}

/* The whole life of n challenges in one transaction: they are spent. */
static void
spend(uint32_t first, uint32_t n)
{
	static const enum store_kind kinds[] = { STORE_CHALLENGE_ADD,
	    STORE_CHALLENGE_DECIDE, STORE_CHALLENGE_DELIVER };
	struct store_challenge *all = calloc(n, sizeof(*all));
	struct store_op *ops = calloc(n, 3 * sizeof(*ops)), *op = ops;

	assert_non_null(all);
	assert_non_null(ops);
	for (uint32_t i = first; i < first + n; i++) {
		struct store_challenge *c = &all[i - first];

		/* None of rig_challenge()'s: the first byte is another. */
		*c = rig_challenge(0xff);
		memcpy(c->id + 1, &i, sizeof(i));
		for (size_t k = 0; k < 3; k++, op++) {
			*op = (struct store_op){ .kind = kinds[k],
			    .done = rig_on_done, .challenge = c,
			    .id = c->id, .decision = &rig_allowed,
			    .record = &rig_record, .host = RIG_HOST };
			store_submit(rig_port, op);
		}
	}
	store_flush(rig_port);
	while (op-- > ops) {
		assert_int_equal(op->status, MTLS_OK);
		store_op_clear(op);
	}
	free(all);
	free(ops);
}

/*
 * What was delivered is forgotten after as many others, and what was not is
 * kept, also where its delivery did not become durable.
 */
static void
what_is_spent_is_forgotten(void **state)
{
	(void)state;
	for (uint8_t id = 1; id <= 3; id++)
		assert_int_equal(rig_add(id), MTLS_OK);
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(rig_decide(2), MTLS_OK);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_OK);
	fail_code = SQLITE_FULL;
	fail_step = 4;		/* COMMIT */
	assert_int_equal(rig_deliver(2, RIG_HOST), MTLS_E_UNAVAILABLE);
	/* The first place is taken by 1, the second by 2. */
	spend(0, STORE_SQLITE_SPENT - 2);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_E_REFUSED);
	spend(STORE_SQLITE_SPENT, 1);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_E_NOT_FOUND);
	assert_int_equal(rig_decide(1), MTLS_E_NOT_FOUND);
	spend(STORE_SQLITE_SPENT + 1, 1);
	assert_int_equal(rig_state_of(2), STORE_DECIDED);
	assert_int_equal(rig_state_of(3), STORE_OPEN);
	assert_int_equal(rig_deliver(2, RIG_HOST), MTLS_OK);
}

static void
restart_keeps_the_audit(void **state)
{
	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(rig_decide(1), MTLS_OK);
	rig_close();
	assert_int_equal(rig_open(), 0);
	assert_int_equal(rig_n_records(), 1);
	/* A login that was under way has to begin again. */
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_E_NOT_FOUND);
}

static void
T080_databases_that_are_refused(void **state)
{
	struct store *other;
	struct stat st;

	(void)state;
	assert_int_equal(stat(scratch_path("state.db"), &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(mkdir(scratch_path("open"), 0777), 0);
	assert_int_equal(chmod(scratch_path("open"), 0777), 0);
	mtls_err_clear(&rig_err);
	assert_int_not_equal(rig_try_open("open/state.db", STORE_SERVE, &other), MTLS_OK);
	mtls_err_clear(&rig_err);
	assert_int_equal(symlink(scratch_path("state.db"),
	    scratch_path("link.db")), 0);
	assert_int_not_equal(rig_try_open("link.db", STORE_SERVE, &other), MTLS_OK);
	mtls_err_clear(&rig_err);
	scratch_text("text.db", "this is not a database, whatever its name");
	assert_int_not_equal(rig_try_open("text.db", STORE_SERVE, &other), MTLS_OK);
}

/* --- the chain of the audit --- */

static void
sql(const char *name, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(scratch_path(name), &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
copy(const char *from, const char *to)
{
	char text[1024];

	(void)unlink(scratch_path(to));
	(void)snprintf(text, sizeof(text), "VACUUM INTO '%s'",
	    scratch_path(to));
	sql(from, text);
}

static void
T180_what_was_tampered_with(void **state)
{
	static const struct {
		const char *sql;
		enum mtls_audit_fault fault;
		uint64_t seq;
	} cases[] = {
		{ "UPDATE audit SET decision = 'deny' WHERE seq = 17",
		    MTLS_AUDIT_CHANGED, 17 },
		{ "UPDATE audit SET time_ms = time_ms + 1 WHERE seq = 150",
		    MTLS_AUDIT_CHANGED, 150 },
		{ "UPDATE audit SET hash = zeroblob(32) WHERE seq = 3",
		    MTLS_AUDIT_CHANGED, 3 },
		{ "DELETE FROM audit WHERE seq = 1", MTLS_AUDIT_MISSING, 1 },
		{ "DELETE FROM audit WHERE seq = 99", MTLS_AUDIT_MISSING,
		    99 },
		{ "DELETE FROM audit WHERE seq > 140", MTLS_AUDIT_MISSING,
		    141 },
		{ "DELETE FROM audit", MTLS_AUDIT_MISSING, 1 },
		{ "UPDATE audit SET seq = seq + 1000 WHERE seq >= 20;"
		    "UPDATE audit SET seq = seq - 1001 WHERE seq >= 1021;"
		    "DELETE FROM audit WHERE seq = 1020", MTLS_AUDIT_CHANGED,
		    20 },
		{ "UPDATE audit SET seq = 9999 WHERE seq = 40;"
		    "UPDATE audit SET seq = 40 WHERE seq = 41;"
		    "UPDATE audit SET seq = 41 WHERE seq = 9999",
		    MTLS_AUDIT_MISSING, 40 },
		{ "UPDATE audit_head SET seq = 140, hash = (SELECT hash FROM"
		    " audit WHERE seq = 140)", MTLS_AUDIT_SURPLUS, 150 },
		{ "DELETE FROM audit_head", MTLS_AUDIT_SURPLUS, 150 },
	};
	uint64_t seq = 0;

	(void)state;
	rig_add_records(150);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	rig_close();
	copy("state.db", "good.db");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		copy("good.db", "state.db");
		sql("state.db", cases[i].sql);
		assert_int_equal(rig_open(), 0);
		if (rig_verify(&seq) != cases[i].fault || seq != cases[i].seq)
			fail_msg("case %zu: %d at %d", i, (int)rig_verify(&seq),
			    (int)seq);
		rig_close();
	}
	assert_int_equal(rig_open(), 0);
}

/* T-180: it goes on where it was, whoever had opened it. */
static void
T180_the_chain_goes_on(void **state)
{
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	rig_add_records(5);
	rig_close();
	assert_int_equal(rig_open(), 0);
	rig_add_records(5);
	/* A transaction that fails leaves no hole. */
	for (int n = 1; n < 8; n++) {
		fail_code = SQLITE_FULL;
		fail_step = n;
		(void)(rig_add((uint8_t)n) == MTLS_OK);
		(void)(rig_decide((uint8_t)n) == MTLS_OK);
		fail_step = 0;
		assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	}
	assert_true(rig_n_records() >= 10);
}

/* --- schemas --- */

static void
other_schemas_are_refused(void **state)
{
	struct store *other;

	(void)state;
	sql("new.db", "PRAGMA user_version = 99");
	mtls_err_clear(&rig_err);
	assert_int_equal(rig_try_open("new.db", STORE_SERVE, &other),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(rig_err.text, "schema 99"));
	mtls_err_clear(&rig_err);
	assert_int_equal(rig_try_open("new.db", STORE_MIGRATE, &other),
	    MTLS_E_CONFIG);
	sql("old.db", "PRAGMA user_version = 1");
	mtls_err_clear(&rig_err);
	assert_int_equal(rig_try_open("old.db", STORE_SERVE, &other),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(rig_err.text, "--migrate"));
	mtls_err_clear(&rig_err);
}

/* As the first release made it, with two records and a binding. */
static const char schema_1[] =
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
    "CREATE INDEX binding_user ON binding(user);"
    "PRAGMA user_version = 1;"
    "INSERT INTO audit VALUES (1, 5, 'r', 'login', 'allow', 'alice', 'h',"
    " 'sudo', 'token', '', '', 'c', '::1', 'allowed'), (7, 6, 'r', 'login',"
    " 'deny', 'bob', 'h', 'sudo', 'token', '', '', 'c', '::1', 'no-rule');"
    "INSERT INTO binding VALUES ('aa', 'alice', 's', 'i', '01', 1, 2);";

/* The binding goes on, and gets its certificate when it is bound again. */
static void
rebind_the_old(struct store_op *op)
{
	struct store_challenge c = rig_challenge(1);
	struct store_binding b = { .user = "alice", .sha256 = "aa",
	    .key_sha256 = "bb", .der = c.id, .der_len = sizeof(c.id) };

	assert_int_equal(rig_add(1), MTLS_OK);
	*op = (struct store_op){ .id = c.id, .sha256 = "aa" };
	assert_int_equal(rig_run(op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_string_equal(op->bound_user, "alice");
	store_op_clear(op);
	*op = (struct store_op){ .user = "alice", .key_sha256 = "bb",
	    .binding = &b, .record = &rig_record };
	assert_int_equal(rig_run(op, STORE_BINDING_FIND), MTLS_OK);
	assert_int_equal(op->n_bound, 0);
	store_op_clear(op);
	assert_int_equal(rig_run(op, STORE_BINDING_ADD), MTLS_OK);
	assert_int_equal(op->n, 1);
	store_op_clear(op);
	assert_int_equal(rig_run(op, STORE_BINDING_FIND), MTLS_OK);
	assert_int_equal(op->n_bound, 1);
	store_op_clear(op);
}

static void
migration_keeps_what_there_is(void **state)
{
	struct store_filter f = { .user = "bob", .limit = 10 };
	struct store_op op = { .user = "", .sha256 = "" };
	struct store *other;
	int64_t first = 0;
	uint64_t seq = 0;

	(void)state;
	rig_close();
	assert_int_equal(unlink(scratch_path("state.db")), 0);
	sql("state.db", schema_1);
	/* Without room nothing has happened. */
	fail_code = SQLITE_FULL;
	for (int n = 1; n <= 8; n++) {
		fail_step = n;
		mtls_err_clear(&rig_err);
		assert_int_equal(rig_try_open("state.db", STORE_MIGRATE, &other),
		    MTLS_E_UNAVAILABLE);
	}
	fail_step = 0;
	mtls_err_clear(&rig_err);
	assert_int_equal(rig_try_open("state.db", STORE_SERVE, &other),
	    MTLS_E_CONFIG);
	mtls_err_clear(&rig_err);
	assert_int_equal(rig_try_open("state.db", STORE_MIGRATE, &other),
	    MTLS_OK);
	store_close(other);
	assert_int_equal(rig_open(), 0);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(rig_n_records(), 2);
	assert_int_equal(rig_list(&f, &first), 1);
	assert_int_equal(first, 7);
	rig_add_records(3);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(rig_run(&op, STORE_BINDING_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 1);
	assert_string_equal(op.rows[0].u.admin_binding.key_sha256, "");
	store_op_clear(&op);
	rebind_the_old(&op);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(T140_failing_statements),
		TEST(T140_a_batch_is_whole),
		TEST(what_is_spent_is_forgotten),
		TEST(restart_keeps_the_audit),
		TEST(T080_databases_that_are_refused),
		TEST(T180_what_was_tampered_with),
		TEST(T180_the_chain_goes_on),
		TEST(other_schemas_are_refused),
		TEST(migration_keeps_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

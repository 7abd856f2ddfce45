/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Checkpoints beside the commits: the log does not grow for ever, whoever
 * makes them, and nothing is lost by it.
 */
#include "config.h"

#include <poll.h>
#include <sys/stat.h>

#include "mtls/deadline.h"
#include "scratch.h"
#include "store/store_sqlite_checkpoint.h"

#include "../lib/unit.h"

#define PAGE 4096

static sqlite3 *db;
static struct store_sqlite_checkpoint *checkpoint;

static void
sql(const char *text)
{
	char *message = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", text, message);
}

/* Without syncs: what is tested here is who does what, and when. */
static int
open_db(void **state)
{
	(void)state;
	if (scratch_begin() != 0 ||
	    sqlite3_open(scratch_path("state.db"), &db) != SQLITE_OK)
		return -1;
	/* As the store has it. */
	(void)sqlite3_busy_timeout(db, 1000);
	sql("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
	    "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB);");
	return 0;
}

static int
close_db(void **state)
{
	(void)state;
	store_sqlite_checkpoint_free(checkpoint);
	checkpoint = NULL;
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return scratch_end();
}

static void
watch(const char *name)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	assert_int_equal(store_sqlite_checkpoint_new(db, scratch_path(name),
	    &checkpoint, &err), MTLS_OK);
}

/* Each of them writes at least one page to the log. */
static void
commit(int n)
{
	while (n-- > 0)
		sql("INSERT INTO t (b) VALUES (zeroblob(3000))");
}

static off_t
log_pages(void)
{
	struct stat st;

	assert_int_equal(stat(scratch_path("state.db-wal"), &st), 0);
	return st.st_size / PAGE;
}

static void
assert_rows(int n)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*),"
	    " (SELECT * FROM pragma_integrity_check) FROM t", -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), n);
	assert_string_equal((const char *)sqlite3_column_text(st, 1), "ok");
	(void)sqlite3_finalize(st);
}

static uint64_t
count(void)
{
	int is_idle;

	return store_sqlite_checkpoint_count(checkpoint, &is_idle);
}

/* Until the thread has nothing to do. */
static void
wait_for_the_thread(void)
{
	int64_t end_ms = mtls_clock_ms() + 60000;
	int is_idle;

	while ((void)store_sqlite_checkpoint_count(checkpoint, &is_idle),
	    !is_idle) {
		assert_true(mtls_clock_ms() < end_ms);
		(void)poll(NULL, 0, 1);
	}
}

static void
the_thread_does_it(void **state)
{
	uint64_t n;

	(void)state;
	watch("state.db");
	commit(100);
	assert_int_equal(count(), 0);
	/* Three times what fits: it begins at its start again each time. */
	for (int i = 0; i < 20; i++) {
		n = count();
		commit(1000);
		wait_for_the_thread();
		assert_true(count() > n);
	}
	assert_true(log_pages() < 8000);
	assert_rows(20100);
}

/* Where the thread has no database, commits do it. */
static void
commits_do_it(void **state)
{
	(void)state;
	watch("missing.db");
	commit(12000);
	assert_int_equal(count(), 0);
	assert_true(log_pages() >= 8000);
	assert_true(log_pages() < 8500);
	assert_rows(12000);
}

/* What is in the log only is there when the database is opened again. */
static void
ends_while_it_works(void **state)
{
	(void)state;
	for (int i = 1; i <= 5; i++) {
		watch("state.db");
		commit(1500);
		store_sqlite_checkpoint_free(checkpoint);
		checkpoint = NULL;
		assert_int_equal(sqlite3_close(db), SQLITE_OK);
		assert_int_equal(sqlite3_open(scratch_path("state.db"), &db),
		    SQLITE_OK);
		(void)sqlite3_busy_timeout(db, 1000);
		sql("PRAGMA synchronous = OFF");
		assert_rows(1500 * i);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_db, close_db)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_thread_does_it),
		TEST(commits_do_it),
		TEST(ends_while_it_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

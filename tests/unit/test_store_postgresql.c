/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store in PostgreSQL: two of them over one database, connections that
 * break, clocks that jump, texts that no database takes. Skipped unless
 * MTLS_TEST_POSTGRESQL names a database, whose state is dropped.
 */
#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "mtls/deadline.h"
#include "store_rig.h"

#include "../lib/unit.h"

/* How far the clock of this computer has jumped. */
static int64_t jump_ms;
int64_t __real_mtls_clock_ms(void);
int64_t __wrap_mtls_clock_ms(void);

int64_t
__wrap_mtls_clock_ms(void)
{
	return __real_mtls_clock_ms() + jump_ms;
}

/* Says something to the database, past the store. */
static void
sql(const char *text)
{
	PGconn *conn = PQconnectdb(rig_url0());
	PGresult *r = PQexec(conn, text);

	if (PQresultStatus(r) != PGRES_COMMAND_OK &&
	    PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
}

static void
break_connections(void)
{
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
	    " WHERE application_name = 'mtls-verifier'");
}

/* A second verifier, with a thread of its own. */
struct second {
	struct store *store;
	struct store_port *port;
	int n_heard, n_unknown;
	uint8_t heard[MTLS_ID_BYTES];
};

static void
on_heard(void *arg, const uint8_t *id)
{
	struct second *s = arg;

	if (id == NULL) {
		s->n_unknown++;
		return;
	}
	s->n_heard++;
	memcpy(s->heard, id, MTLS_ID_BYTES);
}

static void
open_second(struct second *s)
{
	struct store_options options = { rig_url0(),
		"verifier2.acme.example", STORE_SERVE };
	struct mtls_err err;

	mtls_err_clear(&err);
	memset(s, 0, sizeof(*s));
	if (store_open(&options, &s->store, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(store_attach(s->store, NULL, on_heard, s, &s->port,
	    &err), MTLS_OK);
}

static void
close_second(struct second *s)
{
	store_detach(s->port);
	store_close(s->store);
}

static void
run_second(struct second *s, struct store_op *op, enum store_kind kind)
{
	op->kind = kind;
	op->done = rig_on_done;
	store_submit(s->port, op);
	store_flush(s->port);
}

static void
T183_the_other_hears_of_it(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .id = c.id };
	struct second s;

	(void)state;
	open_second(&s);
	run_second(&s, &op, STORE_COUNT);
	store_op_clear(&op);
	s.n_unknown = 0;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(rig_decide(1), MTLS_OK);
	/* With whatever comes next; a thread would have been woken. */
	for (int i = 0; i < 100 && s.n_heard == 0; i++) {
		run_second(&s, &op, STORE_COUNT);
		store_op_clear(&op);
	}
	assert_int_equal(s.n_heard, 1);
	assert_memory_equal(s.heard, c.id, MTLS_ID_BYTES);
	assert_int_equal(s.n_unknown, 0);
	/* What one has decided it hears from itself, once. */
	assert_int_equal(rig_n_decided, 1);
	close_second(&s);
}

static void
T183_each_step_once_for_both(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .id = c.id, .host = RIG_HOST,
	    .decision = &rig_allowed, .record = &rig_record };
	struct second s;

	(void)state;
	open_second(&s);
	assert_int_equal(rig_add(1), MTLS_OK);
	run_second(&s, &op, STORE_CHALLENGE_DECIDE);
	assert_int_equal(op.status, MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_decide(1), MTLS_E_REFUSED);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_OK);
	run_second(&s, &op, STORE_CHALLENGE_DELIVER);
	assert_int_equal(op.status, MTLS_E_REFUSED);
	store_op_clear(&op);
	close_second(&s);
}

/* A wrong code for challenge 1, of which no code is known. */
#define WRONG_CODE "SELECT tries FROM mtls_verifier.code_take(decode(" \
	"repeat('01', 16), 'hex'), '" RIG_HOST "', 'alice', 'a', 'a', 'b'," \
	" 'b', 'c', NULL)"

static void
await_waiting(void)
{
	PGconn *conn = PQconnectdb(rig_url0());
	int is_waiting = 0;
	PGresult *r;

	while (!is_waiting) {
		r = PQexec(conn, "SELECT 1 FROM pg_locks WHERE NOT granted");
		assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
		is_waiting = PQntuples(r) > 0;
		PQclear(r);
		(void)poll(NULL, 0, 5);
	}
	PQfinish(conn);
}

static void
expect_tries(PGresult *r, const char *tries)
{
	assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
	assert_int_equal(PQntuples(r), 1);
	assert_string_equal(PQgetvalue(r, 0, 0), tries);
	PQclear(r);
}

/* Two verifiers at a time do not have the same try of one login. */
static void
T160_each_try_counts(void **state)
{
	PGconn *one = PQconnectdb(rig_url0()), *two = PQconnectdb(rig_url0());

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	PQclear(PQexec(one, "BEGIN"));
	expect_tries(PQexec(one, WRONG_CODE), "2");
	assert_int_equal(PQsendQuery(two, WRONG_CODE), 1);
	await_waiting();
	PQclear(PQexec(one, "COMMIT"));
	expect_tries(PQgetResult(two), "1");
	PQfinish(one);
	PQfinish(two);
}

/* Unavailable at once while it is away; back without being told. */
static void
recovers_by_itself(void **state)
{
	uint64_t seq;
	int n = 0;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	break_connections();
	assert_int_equal(rig_decide(1), MTLS_E_UNAVAILABLE);
	for (; n < 1000 && rig_decide(1) != MTLS_OK; n++)
		(void)poll(NULL, 0, 10);
	assert_in_range(n, 1, 999);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_OK);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
}

/* One text that cannot be stored is nobody else's problem. */
static void
T140_one_of_a_batch(void **state)
{
	struct store_challenge c[3] = { rig_challenge(1), rig_challenge(2),
		rig_challenge(3) };
	static char bad[] = "\xff\xfe";
	struct store_op ops[3];

	(void)state;
	memset(ops, 0, sizeof(ops));
	c[1].tty = bad;
	for (size_t i = 0; i < 3; i++) {
		ops[i].kind = STORE_CHALLENGE_ADD;
		ops[i].challenge = &c[i];
		ops[i].done = rig_on_done;
		store_submit(rig_port, &ops[i]);
	}
	store_flush(rig_port);
	assert_int_equal(ops[0].status, MTLS_OK);
	assert_int_equal(ops[1].status, MTLS_E_UNAVAILABLE);
	assert_int_equal(ops[2].status, MTLS_OK);
	for (size_t i = 0; i < 3; i++)
		store_op_clear(&ops[i]);
}

/* The same where the database is the one that says so. */
static void
T140_one_that_fails_there(void **state)
{
	struct store_op ops[3];
	struct store_challenge c[3] = { rig_challenge(1), rig_challenge(2),
		rig_challenge(3) };
	static char odd[] = "odd";

	(void)state;
	memset(ops, 0, sizeof(ops));
	sql("ALTER TABLE mtls_verifier.challenge ADD CHECK (tty <> 'odd')");
	c[1].tty = odd;
	for (size_t i = 0; i < 3; i++) {
		ops[i].kind = STORE_CHALLENGE_ADD;
		ops[i].challenge = &c[i];
		ops[i].done = rig_on_done;
		store_submit(rig_port, &ops[i]);
	}
	store_flush(rig_port);
	assert_int_equal(ops[0].status, MTLS_OK);
	assert_int_equal(ops[1].status, MTLS_E_UNAVAILABLE);
	assert_int_equal(ops[2].status, MTLS_OK);
	for (size_t i = 0; i < 3; i++)
		store_op_clear(&ops[i]);
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(rig_decide(2), MTLS_E_NOT_FOUND);
}

#define CERT "c0c0000000000000000000000000000000000000000000000000000000000000"

/* The lock of all writers, as the other verifier's. */
#define LOCK "SELECT pg_advisory_xact_lock(7307203829213447282)"

/* Ends its transaction as soon as somebody waits for the lock. */
#define COMMIT_WHEN_WAITED_FOR \
	"DO $$ BEGIN WHILE NOT EXISTS (SELECT 1 FROM pg_locks WHERE" \
	" locktype = 'advisory' AND NOT granted) LOOP" \
	" PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT"

/*
 * What the other one commits while this one waits for the lock is seen,
 * whatever isolation the server is set to: here a certificate is revoked.
 */
static void
T034_revoked_while_it_waits(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .id = c.id, .decision = &rig_allowed,
	    .record = &rig_record, .sha256 = CERT, .key_sha256 = "" };
	PGconn *conn = PQconnectdb(rig_url0());
	PGresult *r;

	(void)state;
	sql("ALTER ROLE CURRENT_USER SET default_transaction_isolation ="
	    " 'repeatable read'");
	rig_close();
	assert_int_equal(rig_open(), 0);
	sql("ALTER ROLE CURRENT_USER RESET default_transaction_isolation");
	assert_int_equal(rig_add(1), MTLS_OK);
	r = PQexec(conn, "BEGIN; " LOCK "; INSERT INTO mtls_verifier.revoked"
	    " VALUES ('" CERT "', 'certificate', '', '', '', '', '', '', 0)");
	assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
	PQclear(r);
	assert_int_equal(PQsendQuery(conn, COMMIT_WHEN_WAITED_FOR), 1);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_DECIDE),
	    MTLS_E_REFUSED);
	assert_true(op.is_revoked);
	store_op_clear(&op);
	PQfinish(conn);
}

/* No record without the decision, no decision without the record. */
static void
no_decision_without_its_record(void **state)
{
	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	sql("ALTER TABLE mtls_verifier.audit ADD CHECK (event <> 'login')");
	assert_int_equal(rig_decide(1), MTLS_E_UNAVAILABLE);
	assert_int_equal(rig_state_of(1), STORE_OPEN);
	assert_int_equal(rig_n_decided, 0);
	assert_int_equal(rig_n_records(), 0);
}

static void
T185_a_clock_that_jumps(void **state)
{
	static const int64_t jumps_ms[] = { 86400000, -86400000 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint8_t id = (uint8_t)(i + 1);

		assert_int_equal(rig_add(id), MTLS_OK);
		jump_ms += jumps_ms[i];
		assert_int_equal(rig_decide(id), MTLS_E_UNAVAILABLE);
		/* It has been forgotten, decided or not. */
		assert_int_equal(rig_deliver(id, RIG_HOST),
		    MTLS_E_NOT_FOUND);
		assert_int_equal(rig_add((uint8_t)(id + 100)), MTLS_OK);
		assert_int_equal(rig_decide((uint8_t)(id + 100)), MTLS_OK);
	}
	assert_int_equal(jump_ms, 0);
}

static void
what_a_url_may_say(void **state)
{
	static const char *const bad[] = {
		"postgresql://", "postgresql:///x", "postgresql://h:x/y",
		"postgresql://h/?service=x", "postgresql://h/?options=-c",
		"postgresql://h/?passfile=/x", "postgresql://h/?nonsense=1",
		"postgresql://h/?synchronous_commit=off",
		"postgresql://h/%zz", "postgresql://u:secret@h/%zz",
	};
	struct mtls_err err;
	int has_password = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mtls_err_clear(&err);
		if (strcmp(bad[i], "postgresql://h:x/y") == 0)
			continue;	/* libpq looks at ports later */
		if (store_check_url(bad[i], &has_password, &err) !=
		    MTLS_E_CONFIG)
			fail_msg("%s", bad[i]);
		assert_null(strstr(err.text, "secret"));
	}
	mtls_err_clear(&err);
	assert_int_equal(store_check_url("postgresql://u:p@h:1/d", &has_password,
	    &err), MTLS_OK);
	assert_true(has_password);
	assert_int_equal(store_check_url("postgresql://u@h/?sslmode=require",
	    &has_password, &err), MTLS_OK);
	assert_false(has_password);
}

/* What libpq would take from around it. */
static void
T089_nothing_from_the_environment(void **state)
{
	(void)state;
	rig_close();
	assert_int_equal(setenv("PGHOST", "192.0.2.1", 1), 0);
	assert_int_equal(setenv("PGHOSTADDR", "192.0.2.1", 1), 0);
	assert_int_equal(setenv("PGSERVICE", "none", 1), 0);
	assert_int_equal(setenv("PGOPTIONS", "-c synchronous_commit=off", 1),
	    0);
	assert_int_equal(rig_open(), 0);
	assert_int_equal(rig_add(1), MTLS_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(T183_the_other_hears_of_it),
		TEST(T183_each_step_once_for_both),
		TEST(T160_each_try_counts),
		TEST(recovers_by_itself),
		TEST(T140_one_of_a_batch),
		TEST(T140_one_that_fails_there),
		TEST(T034_revoked_while_it_waits),
		TEST(no_decision_without_its_record),
		TEST(T185_a_clock_that_jumps),
		TEST(what_a_url_may_say),
		TEST(T089_nothing_from_the_environment),
	};

	if (rig_url0() == NULL)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

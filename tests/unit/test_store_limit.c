/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Token buckets in the store: taken together with what an operation does,
 * or not at all; kept over a restart.
 */
#include "config.h"

#include <string.h>

#include <sqlite3.h>

#include "store_rig.h"

#include "../lib/unit.h"

#define S	INT64_C(1000000)
#define NOW	(INT64_C(1790000000) * S)

/* The nth sqlite3_step() from now fails; 0: none. */
static int fail_step;
int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

int
__wrap_sqlite3_step(sqlite3_stmt *statement)
{
	if (fail_step > 0 && --fail_step == 0)
		return SQLITE_FULL;
	return __real_sqlite3_step(statement);
}

static const struct store_record record = {
	.time_ms = 1, .request = "00", .event = "login", .decision = "deny",
	.user = "alice", .host = "ws-1", .service = "sudo", .reason = "no"
};

/* Three tokens, one back in ten seconds. */
static struct store_limit
three(const char *key)
{
	struct store_limit limit = { .key = key, .user = "", .rate = { 3, 30 },
	    .cost = 1, .refuses = 1 };

	return limit;
}

static enum mtls_status
take(const struct store_limit *limits, size_t n, int64_t now_us)
{
	struct store_op op = { .limits = limits, .n_limits = n,
	    .limit_now_us = now_us };
	enum mtls_status status = rig_run(&op, STORE_LIMIT_TAKE);

	assert_int_equal(status == MTLS_E_REFUSED, op.limited != NULL);
	store_op_clear(&op);
	assert_null(op.limited);
	return status;
}

/* How many there are, which are then gone. */
static int
count(const struct store_limit *limit, int64_t now_us)
{
	int n = 0;

	while (n < 100 && take(limit, 1, now_us) == MTLS_OK)
		n++;
	return n;
}

static void
tokens_come_back(void **state)
{
	(void)state;
	for (int is_brief = 0; is_brief < 2; is_brief++) {
		struct store_limit limit = three(is_brief ? "a" : "b");

		limit.is_brief = is_brief;
		assert_int_equal(count(&limit, NOW), 3);
		assert_int_equal(count(&limit, NOW + 10 * S - 1), 0);
		assert_int_equal(count(&limit, NOW + 10 * S), 1);
		assert_int_equal(count(&limit, NOW + 1000 * S), 3);
		/* A clock that cannot be read lets nothing come back. */
		assert_int_equal(count(&limit, -1), 0);
	}
}

static void
who_refused_and_for_how_long(void **state)
{
	struct store_limit limits[2] = { three("a"), three("b") };
	struct store_op op = { .limits = limits, .n_limits = 2,
	    .limit_now_us = NOW };

	(void)state;
	assert_int_equal(count(&limits[1], NOW), 3);
	assert_int_equal(rig_run(&op, STORE_LIMIT_TAKE), MTLS_E_REFUSED);
	assert_ptr_equal(op.limited, &limits[1]);
	assert_true(op.wait_s >= 10 && op.wait_s <= 11);
	store_op_clear(&op);
	/* All or none: nothing was taken from the other. */
	assert_int_equal(count(&limits[0], NOW), 3);
}

/* Only looked at; and what is charged, whatever there is. */
static void
costs(void **state)
{
	struct store_limit look = three("a"), force = three("a"),
	    two = three("a");

	(void)state;
	look.cost = 0;
	force.refuses = 0;
	two.cost = 2;
	assert_int_equal(count(&look, NOW), 100);
	assert_int_equal(take(&two, 1, NOW), MTLS_OK);
	assert_int_equal(take(&two, 1, NOW), MTLS_E_REFUSED);
	assert_int_equal(count(&look, NOW), 100);
	assert_int_equal(count(&force, NOW), 100);
	assert_int_equal(take(&look, 1, NOW), MTLS_E_REFUSED);
	assert_int_equal(take(&look, 1, NOW + 10 * S), MTLS_OK);
	/* No limit is no row, and no refusal. */
	force.rate.n = 0;
	force.refuses = 1;
	assert_int_equal(count(&force, NOW), 100);
}

static void
T185_a_step_of_the_clock(void **state)
{
	struct store_limit limit = three("a");

	(void)state;
	assert_int_equal(count(&limit, NOW), 3);
	/* A day back: refused, and not for a day. */
	assert_int_equal(count(&limit, NOW - 86400 * S), 0);
	assert_int_equal(count(&limit, NOW - 86370 * S), 3);
}

static void
a_record_with_its_limit(void **state)
{
	struct store_limit limit = three("a");
	struct store_op op = { .record = &record, .limits = &limit,
	    .n_limits = 1, .limit_now_us = NOW };

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(rig_run(&op, STORE_RECORD_ADD), i < 3 ?
		    MTLS_OK : MTLS_E_REFUSED);
		store_op_clear(&op);
	}
	assert_int_equal(rig_n_records(), 3);
}

static enum mtls_status
add(uint8_t id, const struct store_limit *limit)
{
	static char text[] = "x";
	struct store_challenge c = { .user = text, .service = text,
	    .host = text, .tty = text, .rhost = text, .ruser = text,
	    .method = text, .source = text, .expires_ms = 1000 };
	struct store_op op = { .challenge = &c, .limits = limit,
	    .n_limits = 1, .limit_now_us = NOW };
	enum mtls_status status;

	memset(c.id, id, sizeof(c.id));
	status = rig_run(&op, STORE_CHALLENGE_ADD);
	assert_int_equal(op.limited != NULL, status == MTLS_E_REFUSED &&
	    id != 1);
	store_op_clear(&op);
	return status;
}

static enum mtls_status
decide(uint8_t id, const struct store_limit *limit)
{
	static const struct store_decision denied = { MTLS_VERDICT_DENY,
	    "no", "", "", 2000 };
	uint8_t bytes[MTLS_ID_BYTES];
	struct store_op op = { .id = bytes, .decision = &denied,
	    .record = &record, .limits = limit, .n_limits = 1,
	    .limit_now_us = NOW };
	enum mtls_status status;

	memset(bytes, id, sizeof(bytes));
	status = rig_run(&op, STORE_CHALLENGE_DECIDE);
	store_op_clear(&op);
	return status;
}

/* What is refused for another reason costs nothing. */
static void
challenges_with_their_limits(void **state)
{
	struct store_limit opened = three("opened"), failed = three("failed");

	(void)state;
	opened.is_brief = 1;
	assert_int_equal(add(1, &opened), MTLS_OK);
	assert_int_equal(add(1, &opened), MTLS_E_REFUSED);
	assert_int_equal(add(2, &opened), MTLS_OK);
	assert_int_equal(add(3, &opened), MTLS_OK);
	assert_int_equal(add(4, &opened), MTLS_E_REFUSED);
	assert_int_equal(decide(4, &failed), MTLS_E_NOT_FOUND);
	assert_int_equal(decide(1, &failed), MTLS_OK);
	assert_int_equal(decide(1, &failed), MTLS_E_REFUSED);
	assert_int_equal(count(&failed, NOW), 2);
	/* Refused by the limit: still open, and not in the audit. */
	assert_int_equal(decide(2, &failed), MTLS_E_REFUSED);
	assert_int_equal(rig_n_records(), 1);
	failed.key = "another";
	assert_int_equal(decide(2, &failed), MTLS_OK);
}

static void
purge(int64_t now_us)
{
	struct store_op op = { .now_ms = 0, .limit_now_us = now_us };

	assert_int_equal(rig_run(&op, STORE_CHALLENGE_PURGE), MTLS_OK);
	store_op_clear(&op);
}

static void
a_restart_resets_nothing(void **state)
{
	struct store_limit failed = three("failed"), opened = three("opened"),
	    forgotten = three("forgotten");

	(void)state;
	opened.is_brief = forgotten.is_brief = 1;
	assert_int_equal(count(&failed, NOW), 3);
	assert_int_equal(count(&opened, NOW), 3);
	purge(NOW);
	/* This one is brief, and no purge came by. */
	assert_int_equal(count(&forgotten, NOW), 3);
	rig_close();
	assert_int_equal(rig_open(), 0);
	assert_int_equal(count(&failed, NOW), 0);
	assert_int_equal(count(&opened, NOW), 0);
	/* A database that several have in common forgets nothing. */
	assert_int_equal(count(&forgotten, NOW), rig_url0() == NULL ? 3 : 0);
	/* What is full is forgotten, here and there. */
	purge(NOW + 30 * S);
	rig_close();
	assert_int_equal(rig_open(), 0);
	assert_int_equal(count(&opened, NOW), 3);
	assert_int_equal(count(&failed, NOW), 3);
}

static int64_t
clear(const char *user)
{
	struct store_op op = { .user = user, .record = &record };
	enum mtls_status status = rig_run(&op, STORE_LIMIT_CLEAR);
	int64_t n = op.n;

	store_op_clear(&op);
	return status == MTLS_OK ? n : -1;
}

static void
one_user_is_unlocked(void **state)
{
	struct store_limit alice = three("user alice"),
	    card = three("card 00"), bob = three("user bob"),
	    machine = three("machine ws-1"), code = three("code alice");

	(void)state;
	alice.user = card.user = code.user = "alice";
	bob.user = "bob";
	code.is_brief = 1;
	machine.user = NULL;
	assert_int_equal(count(&alice, NOW), 3);
	assert_int_equal(count(&card, NOW), 3);
	assert_int_equal(count(&code, NOW), 3);
	assert_int_equal(count(&bob, NOW), 3);
	assert_int_equal(count(&machine, NOW), 3);
	assert_int_equal(clear("alice"), 3);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(clear("alice"), 0);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(count(&alice, NOW), 3);
	assert_int_equal(count(&card, NOW), 3);
	assert_int_equal(count(&code, NOW), 3);
	assert_int_equal(count(&bob, NOW), 0);
	/* Nobody is not everybody. */
	assert_int_equal(clear(""), -1);
	assert_int_equal(clear(NULL), -1);
	assert_int_equal(count(&machine, NOW), 0);
}

static void
T140_failing_statements(void **state)
{
	struct store_limit limits[2] = { three("a"), three("b") };
	struct store_op op = { .record = &record, .limits = limits,
	    .n_limits = 2, .limit_now_us = NOW };
	enum mtls_status status = MTLS_E_UNAVAILABLE;

	(void)state;
	for (int nth = 1; nth < 30 && status != MTLS_OK; nth++) {
		fail_step = nth;
		status = rig_run(&op, STORE_RECORD_ADD);
		fail_step = 0;
		if (status != MTLS_OK)
			assert_int_equal(status, MTLS_E_UNAVAILABLE);
		store_op_clear(&op);
	}
	/* It happened once, and all of it. */
	assert_int_equal(status, MTLS_OK);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(count(&limits[0], NOW), 2);
	assert_int_equal(count(&limits[1], NOW), 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(tokens_come_back),
		TEST(who_refused_and_for_how_long),
		TEST(costs),
		TEST(T185_a_step_of_the_clock),
		TEST(a_record_with_its_limit),
		TEST(challenges_with_their_limits),
		TEST(a_restart_resets_nothing),
		TEST(one_user_is_unlocked),
		TEST(T140_failing_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

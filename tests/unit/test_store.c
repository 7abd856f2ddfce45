/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store, whichever database it is in: what is taken once is taken once.
 */
#include "config.h"

#include <string.h>

#include "store_rig.h"

#include "../lib/unit.h"

/* Another clock keeps it, as what was left when that was asked. */
static void
assert_near(int64_t found_ms, int64_t want_ms)
{
	int64_t off_ms = found_ms - want_ms;

	assert_true(rig_url0() == NULL ? off_ms == 0 :
	    off_ms > -5000 && off_ms < 5000);
}

static void
found_as_it_was(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .id = c.id, .host = RIG_HOST };

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_memory_equal(op.found.id, c.id, sizeof(c.id));
	assert_memory_equal(op.found.request, c.request, sizeof(c.request));
	assert_memory_equal(op.found.nonce, c.nonce, sizeof(c.nonce));
	assert_string_equal(op.found.user, "alice");
	assert_string_equal(op.found.host, RIG_HOST);
	assert_string_equal(op.found.tty, "pts/1");
	assert_near(op.found.expires_ms, 1000);
	assert_int_equal(op.found.state, STORE_OPEN);
	assert_int_equal(op.found.verdict, MTLS_VERDICT_NONE);
	assert_null(op.bound_user);
	store_op_clear(&op);
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_DELIVER), MTLS_OK);
	assert_int_equal(op.found.verdict, MTLS_VERDICT_ALLOW);
	assert_string_equal(op.found.reason, "allowed");
	assert_string_equal(op.found.certificate, "serial=1");
	assert_near(op.found.grant_expires_ms, 2000);
	store_op_clear(&op);
	c = rig_challenge(9);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_FIND), MTLS_E_NOT_FOUND);
	store_op_clear(&op);
}

static void
T019_each_step_once(void **state)
{
	(void)state;
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_E_NOT_FOUND);
	assert_int_equal(rig_decide(1), MTLS_E_NOT_FOUND);
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(rig_add(1), MTLS_E_REFUSED);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_E_REFUSED);
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(rig_decide(1), MTLS_E_REFUSED);
	assert_int_equal(rig_deliver(1, "ws-2.acme.example"), MTLS_E_REFUSED);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_OK);
	assert_int_equal(rig_deliver(1, RIG_HOST), MTLS_E_REFUSED);
	assert_int_equal(rig_decide(1), MTLS_E_REFUSED);
	assert_int_equal(rig_n_records(), 1);
}

/* What had been heard of when a challenge was found. */
static int heard;

static void
on_found(struct store_op *op)
{
	assert_int_equal(op->found.state, STORE_OPEN);
	heard = rig_n_decided;
	rig_on_done(op);
}

/*
 * Found while it was open, and decided before anybody was told: whoever
 * waits because of the first has to hear of the second afterwards.
 */
static void
no_decision_is_missed(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op find = { .kind = STORE_CHALLENGE_FIND,
	    .done = on_found, .id = c.id };
	struct store_op decide = { .kind = STORE_CHALLENGE_DECIDE,
	    .done = rig_on_done, .id = c.id, .decision = &rig_allowed,
	    .record = &rig_record };

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	rig_n_decided = heard = 0;
	store_submit(rig_port, &find);
	store_submit(rig_port, &decide);
	store_flush(rig_port);
	assert_int_equal(decide.status, MTLS_OK);
	assert_int_equal(heard, 0);
	assert_int_equal(rig_n_decided, 1);
	store_op_clear(&find);
	store_op_clear(&decide);
}

/* T-161: racing ones share a transaction, and one of them wins. */
static void
T161_one_of_many_wins(void **state)
{
	struct store_challenge c = rig_challenge(1);
	static struct store_op ops[64];
	int n_ok = 0;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	for (int kind = STORE_CHALLENGE_DECIDE;
	    kind <= STORE_CHALLENGE_DELIVER; kind++) {
		memset(ops, 0, sizeof(ops));
		n_ok = 0;
		for (size_t i = 0; i < 64; i++) {
			ops[i].kind = (enum store_kind)kind;
			ops[i].done = rig_on_done;
			ops[i].id = c.id;
			ops[i].host = RIG_HOST;
			ops[i].decision = &rig_allowed;
			ops[i].record = &rig_record;
			store_submit(rig_port, &ops[i]);
		}
		store_flush(rig_port);
		for (size_t i = 0; i < 64; i++) {
			if (ops[i].status == MTLS_OK)
				n_ok++;
			else
				assert_int_equal(ops[i].status,
				    MTLS_E_REFUSED);
			store_op_clear(&ops[i]);
		}
		assert_int_equal(n_ok, 1);
	}
	assert_int_equal(rig_n_records(), 1);
}

static void
too_many_of_one_machine(void **state)
{
	struct store_challenge c = rig_challenge(0);
	struct store_op op = { .challenge = &c, .now_ms = 1000 + 60000 };
	static char other[] = "ws-2.acme.example";

	(void)state;
	for (int i = 0; i <= STORE_OPEN_MAX; i++) {
		memcpy(c.id, &i, sizeof(i));
		assert_int_equal(rig_run(&op, STORE_CHALLENGE_ADD),
		    i < STORE_OPEN_MAX ? MTLS_OK : MTLS_E_REFUSED);
		store_op_clear(&op);
	}
	c.host = other;
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_ADD), MTLS_OK);
	store_op_clear(&op);
	/* What has ended makes room. */
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_PURGE), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_add(1), MTLS_OK);
}

static void
records_are_found(void **state)
{
	struct store_filter f = { .limit = 10 };
	struct store_record r = rig_record;
	struct store_op op = { .record = &r };
	int64_t first = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		r.user = i % 3 == 0 ? "bob" : "alice";
		r.decision = i % 2 == 0 ? "deny" : "allow";
		assert_int_equal(rig_run(&op, STORE_RECORD_ADD), MTLS_OK);
		store_op_clear(&op);
	}
	assert_int_equal(rig_list(&f, &first), 10);
	assert_int_equal(first, 291);
	f.limit = 100000;
	assert_int_equal(rig_list(&f, &first), STORE_ROWS_MAX);
	assert_int_equal(first, 1);
	f.after = 298;
	assert_int_equal(rig_list(&f, &first), 2);
	f.after = 300;
	assert_int_equal(rig_list(&f, &first), 0);
	f.after = 0;
	f.limit = 3;
	f.user = "bob";
	f.decision = "deny";
	assert_int_equal(rig_list(&f, &first), 3);
	assert_int_equal(first, 283);
	f.user = "nobody' OR '1'='1";
	assert_int_equal(rig_list(&f, &first), 0);
}

static void
T181_one_certificate_one_user(void **state)
{
	struct store_binding b = { .user = "alice", .sha256 = "aa" };
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .binding = &b, .record = &rig_record, .id = c.id,
	    .user = "alice", .sha256 = "aa" };

	(void)state;
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_OK);
	assert_int_equal(op.n, 1);
	assert_int_equal(rig_n_records(), 1);
	store_op_clear(&op);
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_OK);
	assert_int_equal(op.n, 0);
	store_op_clear(&op);
	b.user = "bob";
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_E_REFUSED);
	store_op_clear(&op);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_string_equal(op.bound_user, "alice");
	store_op_clear(&op);
	op.sha256 = "a";
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_null(op.bound_user);
	store_op_clear(&op);
	assert_int_equal(rig_run(&op, STORE_BINDING_REMOVE), MTLS_OK);
	assert_int_equal(op.n, 0);
	store_op_clear(&op);
	op.sha256 = "";
	assert_int_equal(rig_run(&op, STORE_BINDING_REMOVE), MTLS_OK);
	assert_int_equal(op.n, 1);
	store_op_clear(&op);
}

static enum mtls_status
raise_floor(uint8_t key, int64_t number, int64_t this_update_s)
{
	struct store_floor floor = { .key = { key },
	    .this_update_s = this_update_s };
	struct store_op op = { .floor = &floor };

	floor.has_number = number >= 0;
	if (floor.has_number) {
		floor.number[18] = (uint8_t)(number >> 8);
		floor.number[19] = (uint8_t)number;
	}
	return rig_run(&op, STORE_FLOOR_RAISE);
}

/* T-038: by number, by thisUpdate, by CA; over restarts. */
static void
T038_floors_are_kept(void **state)
{
	struct store_record forgotten = { .event = "x" };
	struct store_op op = { .record = &forgotten };

	(void)state;
	assert_int_equal(raise_floor(1, 5, 1000), MTLS_OK);
	assert_int_equal(raise_floor(1, 5, 1000), MTLS_OK);
	assert_int_equal(raise_floor(1, 4, 1000), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 4, 2000), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 5, 999), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(2, 1, 1), MTLS_OK);
	assert_int_equal(raise_floor(1, 256, 1000), MTLS_OK);
	assert_int_equal(raise_floor(1, 255, 1001), MTLS_E_REFUSED);
	rig_close();
	assert_int_equal(rig_open(), 0);
	assert_int_equal(raise_floor(1, 255, 1001), MTLS_E_REFUSED);
	/* Without a number time decides, and no number is forgotten. */
	assert_int_equal(raise_floor(1, -1, 999), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, -1, 1002), MTLS_OK);
	assert_int_equal(raise_floor(1, 255, 1003), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 256, 1001), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 257, 900), MTLS_OK);
	assert_int_equal(raise_floor(1, -1, 1001), MTLS_E_REFUSED);
	assert_int_equal(rig_run(&op, STORE_FLOOR_FORGET), MTLS_OK);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(raise_floor(1, 1, 1), MTLS_OK);
}

/* Whatever has written it. */
static void
T180_the_chain_is_whole(void **state)
{
	struct store_binding b = { .user = "alice", .sha256 = "aa" };
	struct store_record odd = { .time_ms = 1, .event = "login",
	    .decision = "deny", .user = "\xc3\xa4\xe2\x82\xac'\"\\{},",
	    .reason = "" };
	struct store_op op = { .binding = &b, .record = &odd,
	    .user = "alice", .sha256 = "" };
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	rig_add_records(150);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(rig_run(&op, STORE_RECORD_ADD), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_run(&op, STORE_BINDING_REMOVE), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(seq, 154);
	assert_int_equal(rig_n_records(), 154);
	/* It goes on where it was. */
	rig_close();
	assert_int_equal(rig_open(), 0);
	rig_add_records(5);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(seq, 159);
}

/* --- what administrators revoke --- */

#define CERT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* n of a change, with its record where there was one. */
static int64_t
change_revoked(enum store_kind kind, const struct store_revocation *r,
    const char *sha256)
{
	struct store_op op = { .revocation = r, .sha256 = sha256,
	    .record = &rig_record };
	int64_t before = rig_n_records(), n;

	assert_int_equal(rig_run(&op, kind), MTLS_OK);
	n = op.n;
	store_op_clear(&op);
	assert_int_equal(rig_n_records() - before, n > 0);
	return n;
}

static int64_t
revoke_one(const char *kind, const char *user, const char *sha256)
{
	struct store_revocation r = {
		.sha256 = sha256, .kind = kind, .user = user,
		.reason = "lost", .by = "uid 0", .revoked_at_s = 7,
	};

	return change_revoked(STORE_REVOKE, &r, NULL);
}

static int
is_revoked(const char *sha256, const char *key_sha256)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .id = c.id, .sha256 = sha256,
	    .key_sha256 = key_sha256 };
	int ret;

	assert_int_equal(rig_run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	ret = op.is_revoked;
	store_op_clear(&op);
	assert_false(op.is_revoked);
	return ret;
}

static void
revoked_is_found_with_the_challenge(void **state)
{
	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_false(is_revoked(CERT, KEY));
	assert_int_equal(revoke_one("certificate", "", CERT), 1);
	assert_int_equal(revoke_one("certificate", "", CERT), 0);
	assert_true(is_revoked(CERT, KEY));
	assert_true(is_revoked(CERT, NULL));
	assert_false(is_revoked(OTHER, KEY));
	/* Nobody has asked. */
	assert_false(is_revoked(NULL, NULL));
	assert_int_equal(revoke_one("key", "", KEY), 1);
	assert_true(is_revoked(OTHER, KEY));
	assert_int_equal(change_revoked(STORE_UNREVOKE, NULL, KEY), 1);
	assert_int_equal(change_revoked(STORE_UNREVOKE, NULL, KEY), 0);
	assert_false(is_revoked(OTHER, KEY));
	assert_true(is_revoked(CERT, KEY));
}

/* Between finding and deciding there is time, in which it can be revoked. */
static void
revoked_before_the_decision(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_decision no = { MTLS_VERDICT_DENY, "no", "", "", 0 };
	struct store_op op = { .id = c.id, .decision = &rig_allowed,
	    .record = &rig_record, .sha256 = CERT, .key_sha256 = KEY };

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_false(is_revoked(CERT, KEY));
	assert_int_equal(revoke_one("certificate", "", CERT), 1);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_DECIDE), MTLS_E_REFUSED);
	assert_true(op.is_revoked);
	store_op_clear(&op);
	assert_int_equal(rig_state_of(1), STORE_OPEN);
	/* A "no" is as good as before. */
	op.decision = &no;
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_DECIDE), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_state_of(1), STORE_DECIDED);
}

static void
a_revoked_machine_opens_nothing(void **state)
{
	struct store_challenge c = rig_challenge(1);
	struct store_op op = { .challenge = &c, .sha256 = CERT,
	    .key_sha256 = KEY };

	(void)state;
	assert_int_equal(revoke_one("key", "", KEY), 1);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_ADD), MTLS_E_REFUSED);
	assert_true(op.is_revoked);
	store_op_clear(&op);
	assert_int_equal(change_revoked(STORE_UNREVOKE, NULL, KEY), 1);
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_ADD), MTLS_OK);
	store_op_clear(&op);
	/* The same id again is refused for another reason. */
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_ADD), MTLS_E_REFUSED);
	assert_false(op.is_revoked);
	store_op_clear(&op);
}

static void
bind_one(const char *user, const char *sha256)
{
	struct store_binding b = { .user = user, .sha256 = sha256,
	    .subject = "CN=subject", .issuer = "CN=issuer", .serial = "0a" };
	struct store_op op = { .binding = &b, .record = &rig_record };

	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_OK);
	store_op_clear(&op);
}

static void
what_is_bound_to_a_user_is_revoked(void **state)
{
	struct store_op op = { .user = "alice", .sha256 = "" };
	const struct mtls_msg_admin_revoked *r;

	(void)state;
	bind_one("alice", CERT);
	bind_one("alice", OTHER);
	bind_one("bob", KEY);
	assert_int_equal(revoke_one("certificate", "", OTHER), 1);
	assert_int_equal(revoke_one("certificate", "alice", ""), 1);
	assert_int_equal(revoke_one("certificate", "nobody", ""), 0);
	assert_int_equal(rig_run(&op, STORE_REVOKED_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 2);
	r = &op.rows[0].u.admin_revoked;
	assert_string_equal(r->sha256, CERT);
	assert_string_equal(r->kind, "certificate");
	assert_string_equal(r->user, "alice");
	assert_string_equal(r->subject, "CN=subject");
	assert_string_equal(r->issuer, "CN=issuer");
	assert_string_equal(r->serial, "0a");
	assert_string_equal(r->reason, "lost");
	assert_string_equal(r->by, "uid 0");
	assert_int_equal(r->revoked_at_s, 7);
	/* One by one it takes the names from the binding as well. */
	assert_string_equal(op.rows[1].u.admin_revoked.user, "alice");
	store_op_clear(&op);
	op.sha256 = CERT;
	assert_int_equal(rig_run(&op, STORE_REVOKED_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 1);
	store_op_clear(&op);
	assert_int_equal(rig_run(&op, STORE_COUNT), MTLS_OK);
	assert_int_equal(op.counts.n_revoked, 2);
	store_op_clear(&op);
}

static void
records_are_filtered(void **state)
{
	struct store_filter f = { .limit = 10, .event = "login" };
	struct store_record r = rig_record;
	struct store_op op = { .record = &r };
	int64_t first = 0;

	(void)state;
	for (int i = 1; i <= 4; i++) {
		r.event = i == 4 ? "bind" : "login";
		r.reason = i == 2 ? "revoked" : "allowed";
		r.time_ms = 100 * i;
		assert_int_equal(rig_run(&op, STORE_RECORD_ADD), MTLS_OK);
		store_op_clear(&op);
	}
	assert_int_equal(rig_list(&f, &first), 3);
	f.reason = "revoked";
	assert_int_equal(rig_list(&f, &first), 1);
	assert_int_equal(first, 2);
	f = (struct store_filter){ .since_ms = 200, .until_ms = 400 };
	assert_int_equal(rig_list(&f, &first), 2);
	f.limit = 1;
	assert_int_equal(rig_list(&f, &first), 1);
	assert_int_equal(first, 3);
	f = (struct store_filter){ .since_ms = 401 };
	assert_int_equal(rig_list(&f, &first), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

/* --- what is too old --- */

static int64_t
drop(int64_t until_ms)
{
	struct store_op op = { .user = RIG_VERIFIER,
	    .filter.until_ms = until_ms };
	int64_t n;

	assert_int_equal(rig_run(&op, STORE_RECORD_DROP), MTLS_OK);
	n = op.n;
	store_op_clear(&op);
	return n;
}

static void
T180_old_records_go_in_order(void **state)
{
	struct store_record r = rig_record;
	struct store_op op = { .record = &r };
	struct store_filter f = { .limit = 1 };
	uint64_t seq = 0;
	int64_t first = 0;

	(void)state;
	assert_int_equal(drop(INT64_MAX), 0);
	for (int i = 1; i <= 10; i++) {
		/* The clock went back: 7 is older than 6. */
		r.time_ms = i == 7 ? 1 : 100 * i;
		assert_int_equal(rig_run(&op, STORE_RECORD_ADD), MTLS_OK);
		store_op_clear(&op);
	}
	assert_int_equal(drop(100), 0);
	assert_int_equal(drop(301), 3);
	assert_int_equal(rig_n_records(), 7);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	/* 6 stands before 7, and stays until its time has come. */
	assert_int_equal(drop(600), 2);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(drop(601), 2);
	assert_int_equal(rig_list(&f, &first), 1);
	/* Even all of them: what follows still fits. */
	assert_int_equal(drop(INT64_MAX), 3);
	assert_int_equal(rig_n_records(), 0);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(rig_run(&op, STORE_RECORD_ADD), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
	for (int i = 0; i < 3; i++)
		rig_add_records(200);
	assert_int_equal(drop(INT64_MAX), STORE_DROP_MAX);
	assert_int_equal(rig_verify(&seq), MTLS_AUDIT_GOOD);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(found_as_it_was),
		TEST(T019_each_step_once),
		TEST(no_decision_is_missed),
		TEST(T161_one_of_many_wins),
		TEST(too_many_of_one_machine),
		TEST(records_are_found),
		TEST(T038_floors_are_kept),
		TEST(T180_the_chain_is_whole),
		TEST(T181_one_certificate_one_user),
		TEST(revoked_is_found_with_the_challenge),
		TEST(revoked_before_the_decision),
		TEST(a_revoked_machine_opens_nothing),
		TEST(what_is_bound_to_a_user_is_revoked),
		TEST(records_are_filtered),
		TEST(T180_old_records_go_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

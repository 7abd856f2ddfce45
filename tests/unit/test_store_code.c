/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes in the store: one for each thing it is for, taken once, tried three
 * times. Runs with either engine.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/deadline.h"

#include "store_rig.h"

#include "../lib/unit.h"

#define N_RACING 64

static const uint8_t der[] = { 0x30, 0x03, 0x01, 0x01, 0x00 };

/* Bytes that stand for the text, and for no other one here. */
static void
stand_for(uint8_t out[STORE_MAC_BYTES], const char *what, const char *text)
{
	memset(out, 0, STORE_MAC_BYTES);
	memcpy(out, what, 4);
	memcpy(out + 4, text, strlen(text));
}

/* A code for a challenge, or a minted one (challenge 0). */
struct given {
	uint8_t challenge;
	const char *slot, *code, *user;
	int64_t left_ms;
	const char *sha256;
	const struct store_limit *limits;
	size_t n_limits;
};

static enum mtls_status
add(const struct given *g, struct store_op *ret)
{
	uint8_t id[MTLS_ID_BYTES];
	struct store_code code = {
		.challenge = g->challenge == 0 ? NULL : id,
		.user = g->user == NULL ? "alice" : g->user,
		.service = "sudo", .host = RIG_HOST, .source = "192.0.2.1",
		.der = der, .der_len = sizeof(der),
		.expires_ms = mtls_clock_ms() +
		    (g->left_ms == 0 ? 60000 : g->left_ms),
	};
	struct store_op op = { .code = &code, .record = &rig_record,
	    .sha256 = g->sha256, .key_sha256 = g->sha256,
	    .limits = g->limits, .n_limits = g->n_limits };

	memset(id, g->challenge, sizeof(id));
	stand_for(code.key.slot, "slot", g->slot);
	stand_for(code.key.mac, "mac ", g->code);
	stand_for(code.mark, "mark", g->code);
	(void)rig_run(&op, STORE_CODE_ADD);
	*ret = op;
	store_op_clear(&op);
	return ret->status;
}

static enum mtls_status
add_simple(uint8_t challenge, const char *slot, const char *code)
{
	struct given g = { .challenge = challenge, .slot = slot,
	    .code = code };
	struct store_op op;

	return add(&g, &op);
}

/* What a try needs, as long as the operation runs. */
struct tried {
	uint8_t id[MTLS_ID_BYTES];
	struct store_attempt attempt;
	struct store_op op;
};

static void
prepare(struct tried *t, uint8_t challenge, const char *session,
    const char *minted, const char *code)
{
	memset(t, 0, sizeof(*t));
	memset(t->id, challenge, sizeof(t->id));
	stand_for(t->attempt.session.slot, "slot", session);
	stand_for(t->attempt.session.mac, "mac ", code);
	stand_for(t->attempt.minted.slot, "slot", minted);
	stand_for(t->attempt.minted.mac, "mac ", code);
	stand_for(t->attempt.mark, "mark", code);
	t->op.id = t->id;
	t->op.host = RIG_HOST;
	t->op.user = "alice";
	t->op.now_ms = mtls_clock_ms();
	t->op.attempt = &t->attempt;
	t->op.kind = STORE_CODE_TAKE;
	t->op.done = rig_on_done;
}

/* The hit, or -1 where it was refused; tries are those that are left. */
static int
try(uint8_t challenge, const char *session, const char *minted,
    const char *code, int64_t *ret_tries)
{
	struct tried t;
	int hit;

	prepare(&t, challenge, session, minted, code);
	(void)rig_run(&t.op, STORE_CODE_TAKE);
	if (t.op.status != MTLS_OK) {
		assert_int_equal(t.op.status, MTLS_E_REFUSED);
		store_op_clear(&t.op);
		return -1;
	}
	hit = (int)t.op.taken.hit;
	if (ret_tries != NULL)
		*ret_tries = t.op.taken.tries;
	store_op_clear(&t.op);
	return hit;
}

static void
T161_taken_once(void **state)
{
	struct tried t;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(add_simple(1, "s1", "right"), MTLS_OK);
	prepare(&t, 1, "s1", "m1", "right");
	assert_int_equal(rig_run(&t.op, STORE_CODE_TAKE), MTLS_OK);
	assert_int_equal(t.op.taken.hit, STORE_HIT_SESSION);
	assert_int_equal(t.op.taken.der_len, sizeof(der));
	assert_memory_equal(t.op.taken.der, der, sizeof(der));
	assert_string_equal(t.op.taken.source, "192.0.2.1");
	assert_null(t.op.taken.user);
	store_op_clear(&t.op);
	assert_int_equal(try(1, "s1", "m1", "right", NULL), -1);
	/* The decision about it can be stored, once. */
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(rig_decide(1), MTLS_E_REFUSED);
	assert_int_equal(try(1, "s1", "m1", "right", NULL), -1);
}

/* All in one transaction: how many have it, and how many are refused. */
static void
race(int is_same, int *ret_hits, int *ret_refused)
{
	static struct tried t[N_RACING];

	for (int i = 0; i < N_RACING; i++) {
		prepare(&t[i], (uint8_t)(is_same ? 1 : i + 1), "s", "m",
		    "right");
		store_submit(rig_port, &t[i].op);
	}
	rig_n_done = *ret_hits = *ret_refused = 0;
	store_flush(rig_port);
	assert_int_equal(rig_n_done, N_RACING);
	for (int i = 0; i < N_RACING; i++) {
		*ret_refused += t[i].op.status == MTLS_E_REFUSED;
		*ret_hits += t[i].op.status == MTLS_OK &&
		    t[i].op.taken.hit != STORE_HIT_NONE;
		store_op_clear(&t[i].op);
	}
}

static void
T161_one_take_of_many(void **state)
{
	int n_hits, n_refused;

	(void)state;
	assert_int_equal(add_simple(0, "m", "right"), MTLS_OK);
	for (int i = 0; i < N_RACING; i++)
		assert_int_equal(rig_add((uint8_t)(i + 1)), MTLS_OK);
	race(0, &n_hits, &n_refused);
	assert_int_equal(n_hits, 1);
	assert_int_equal(n_refused, 0);
}

/* Who comes second is refused, and does not make the login fail. */
static void
T161_one_take_of_many_in_a_session(void **state)
{
	int n_hits, n_refused;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(add_simple(1, "s", "right"), MTLS_OK);
	race(1, &n_hits, &n_refused);
	assert_int_equal(n_hits, 1);
	assert_int_equal(n_refused, N_RACING - 1);
}

static void
T160_three_tries(void **state)
{
	int64_t tries = -1;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(add_simple(1, "s", "right"), MTLS_OK);
	for (int i = 2; i >= 0; i--) {
		assert_int_equal(try(1, "s", "m", "wrong", &tries), 0);
		assert_int_equal(tries, i);
	}
	assert_int_equal(try(1, "s", "m", "right", NULL), -1);
	/* There is no new code for it. */
	assert_int_equal(add_simple(1, "s", "newer"), MTLS_E_REFUSED);
	/* Nor does the old one lie about. */
	assert_int_equal(rig_add(2), MTLS_OK);
	assert_int_equal(try(2, "s", "m", "right", NULL), 0);
}

static void
T162_older_codes_end(void **state)
{
	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(add_simple(1, "s", "older"), MTLS_OK);
	assert_int_equal(add_simple(1, "s", "newer"), MTLS_OK);
	assert_int_equal(add_simple(0, "m", "older mint"), MTLS_OK);
	assert_int_equal(add_simple(0, "m", "newer mint"), MTLS_OK);
	assert_int_equal(try(1, "s", "m", "older", NULL), 0);
	assert_int_equal(try(1, "s", "m", "older mint", NULL), 0);
	assert_int_equal(try(1, "s", "m", "newer", NULL),
	    STORE_HIT_SESSION);
	assert_int_equal(rig_add(2), MTLS_OK);
	assert_int_equal(try(2, "s2", "m", "newer mint", NULL),
	    STORE_HIT_MINTED);
}

static void
T162_codes_expire(void **state)
{
	struct given g = { .slot = "m", .code = "right", .left_ms = -1 };
	struct store_op op;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(add(&g, &op), MTLS_OK);
	assert_int_equal(try(1, "s", "m", "right", NULL), 0);
	/* What is gone is no reason to charge anybody. */
	op = (struct store_op){ .now_ms = mtls_clock_ms() };
	assert_int_equal(rig_run(&op, STORE_CHALLENGE_PURGE), MTLS_OK);
	store_op_clear(&op);
}

/* Codes are nowhere but in memory, or where verifiers have it in common. */
static void
T162_after_a_restart(void **state)
{
	(void)state;
	assert_int_equal(add_simple(0, "m", "right"), MTLS_OK);
	rig_close();
	assert_int_equal(rig_open(), 0);
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(try(1, "s", "m", "right", NULL),
	    rig_url0() == NULL ? STORE_HIT_NONE : STORE_HIT_MINTED);
}

static void
T164_codes_for_something_else(void **state)
{
	struct given g = { .slot = "other", .code = "right",
	    .user = "bob" };
	struct store_op op;
	struct tried t;

	(void)state;
	assert_int_equal(rig_add(1), MTLS_OK);
	assert_int_equal(add(&g, &op), MTLS_OK);
	prepare(&t, 1, "s", "m", "right");
	assert_int_equal(rig_run(&t.op, STORE_CODE_TAKE), MTLS_OK);
	assert_int_equal(t.op.taken.hit, STORE_HIT_NONE);
	assert_string_equal(t.op.taken.user, "bob");
	assert_string_equal(t.op.taken.service, "sudo");
	assert_string_equal(t.op.taken.host, RIG_HOST);
	store_op_clear(&t.op);
	/* Somebody knows it who should not. */
	assert_int_equal(rig_add(2), MTLS_OK);
	assert_int_equal(try(2, "s", "other", "right", NULL), 0);
}

static void
T164_other_machines_and_states(void **state)
{
	struct tried t;

	(void)state;
	assert_int_equal(add_simple(0, "m", "right"), MTLS_OK);
	assert_int_equal(try(1, "s", "m", "right", NULL), -1);
	assert_int_equal(rig_add(1), MTLS_OK);
	prepare(&t, 1, "s", "m", "right");
	t.op.host = "ws-2.acme.example";
	assert_int_equal(rig_run(&t.op, STORE_CODE_TAKE), MTLS_E_REFUSED);
	store_op_clear(&t.op);
	assert_int_equal(rig_add(2), MTLS_OK);
	assert_int_equal(rig_decide(2), MTLS_OK);
	assert_int_equal(try(2, "s", "m", "right", NULL), -1);
	assert_int_equal(add_simple(2, "s", "late"), MTLS_E_REFUSED);
	assert_int_equal(add_simple(3, "s", "nothing"), MTLS_E_REFUSED);
	assert_int_equal(try(1, "s", "m", "right", NULL),
	    STORE_HIT_MINTED);
}

/* The user's budget: over all logins, and for guesses only. */
static void
T160_a_budget_for_each_user(void **state)
{
	struct store_limit limit = {
		.key = "code-failures alice", .user = "alice",
		.rate = { 10, 3600 }, .cost = 1, .refuses = 1
	};
	int n_looked = 0, hit = 0;
	struct tried t;

	(void)state;
	/* There is nothing to be guessed: nobody is charged. */
	for (int i = 1; i <= 20; i++) {
		assert_int_equal(rig_add((uint8_t)i), MTLS_OK);
		prepare(&t, (uint8_t)i, "s", "m", "guess");
		t.op.limits = &limit;
		t.op.n_limits = 1;
		t.op.limit_now_us = 1000000;
		assert_int_equal(rig_run(&t.op, STORE_CODE_TAKE), MTLS_OK);
		store_op_clear(&t.op);
	}
	assert_int_equal(add_simple(0, "m", "right"), MTLS_OK);
	for (int i = 21; i <= 60; i++) {
		assert_int_equal(rig_add((uint8_t)i), MTLS_OK);
		prepare(&t, (uint8_t)i, "s", "m", i < 60 ? "guess" :
		    "right");
		t.op.limits = &limit;
		t.op.n_limits = 1;
		t.op.limit_now_us = 1000000;
		(void)rig_run(&t.op, STORE_CODE_TAKE);
		n_looked += t.op.status == MTLS_OK;
		hit += (int)t.op.taken.hit;
		if (t.op.status != MTLS_OK)
			assert_ptr_equal(t.op.limited, &limit);
		store_op_clear(&t.op);
	}
	assert_int_equal(n_looked, 10);
	assert_int_equal(hit, STORE_HIT_NONE);
}

static void
codes_are_written_down(void **state)
{
	static const struct store_revocation revocation = {
		.sha256 = "00", .kind = "certificate", .user = "",
		.subject = "", .issuer = "", .serial = "", .reason = "",
		.by = "root", .revoked_at_s = 1
	};
	struct store_limit limit = {
		.key = "x", .rate = { 1, 3600 }, .cost = 2, .refuses = 1
	};
	struct given g = { .slot = "m", .code = "right", .sha256 = "00" };
	int64_t n = rig_n_records();
	struct store_op op;

	(void)state;
	assert_int_equal(add(&g, &op), MTLS_OK);
	assert_int_equal(rig_n_records(), n + 1);
	op = (struct store_op){ .revocation = &revocation,
	    .record = &rig_record };
	assert_int_equal(rig_run(&op, STORE_REVOKE), MTLS_OK);
	store_op_clear(&op);
	n = rig_n_records();
	assert_int_equal(add(&g, &op), MTLS_E_REFUSED);
	assert_true(op.is_revoked);
	g.sha256 = "11";
	g.limits = &limit;
	g.n_limits = 1;
	assert_int_equal(add(&g, &op), MTLS_E_REFUSED);
	assert_ptr_equal(op.limited, &limit);
	assert_int_equal(rig_n_records(), n);
}

static enum mtls_status
add_session(uint8_t id, const char *word, int *ret_is_taken)
{
	struct store_challenge c = rig_challenge(id);
	struct store_op op = { .challenge = &c };
	enum mtls_status status;
	char copy[16];

	strcpy(copy, word);
	c.session = copy;
	status = rig_run(&op, STORE_CHALLENGE_ADD);
	*ret_is_taken = op.is_word_taken;
	store_op_clear(&op);
	return status;
}

static enum mtls_status
find_session(const char *word, uint8_t *ret_id)
{
	struct store_op op = { .session = word, .sha256 = "",
	    .key_sha256 = "" };
	enum mtls_status status = rig_run(&op, STORE_SESSION_FIND);

	if (status == MTLS_OK)
		*ret_id = op.found.id[0];
	store_op_clear(&op);
	return status;
}

static void
session_words(void **state)
{
	uint8_t id = 0;
	int is_taken;

	(void)state;
	assert_int_equal(add_session(1, "K7Q4MX", &is_taken), MTLS_OK);
	assert_int_equal(add_session(2, "K7Q4MX", &is_taken),
	    MTLS_E_REFUSED);
	assert_true(is_taken);
	assert_int_equal(add_session(2, "AAAAAA", &is_taken), MTLS_OK);
	assert_false(is_taken);
	/* Those without a word are not one session. */
	assert_int_equal(rig_add(3), MTLS_OK);
	assert_int_equal(rig_add(4), MTLS_OK);
	assert_int_equal(find_session("", &id), MTLS_E_NOT_FOUND);
	assert_int_equal(find_session("BBBBBB", &id), MTLS_E_NOT_FOUND);
	assert_int_equal(find_session("K7Q4MX", &id), MTLS_OK);
	assert_int_equal(id, 1);
	/* Once it is decided there is no such session, and the word is free. */
	assert_int_equal(rig_decide(1), MTLS_OK);
	assert_int_equal(find_session("K7Q4MX", &id), MTLS_E_NOT_FOUND);
	assert_int_equal(add_session(5, "K7Q4MX", &is_taken), MTLS_OK);
}

static void
people_are_found(void **state)
{
	static const struct store_binding binding = {
		.user = "alice", .sha256 = "aa", .subject = "CN=Alice",
		.issuer = "CN=CA", .serial = "01", .key_sha256 = "bb",
		.der = der, .der_len = sizeof(der)
	};
	struct store_op op = { .binding = &binding, .record = &rig_record };

	(void)state;
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_OK);
	store_op_clear(&op);
	op = (struct store_op){ .sha256 = "aa", .key_sha256 = "bb" };
	assert_int_equal(rig_run(&op, STORE_PERSON_FIND), MTLS_OK);
	assert_string_equal(op.bound_user, "alice");
	assert_false(op.is_revoked);
	store_op_clear(&op);
	op = (struct store_op){ .sha256 = "cc", .key_sha256 = "bb" };
	assert_int_equal(rig_run(&op, STORE_PERSON_FIND), MTLS_OK);
	assert_null(op.bound_user);
	store_op_clear(&op);
}

#define test(name) cmocka_unit_test_setup_teardown(name, rig_set_up, \
	rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		test(T160_a_budget_for_each_user),
		test(T160_three_tries),
		test(T161_taken_once),
		test(T161_one_take_of_many),
		test(T161_one_take_of_many_in_a_session),
		test(T162_older_codes_end),
		test(T162_codes_expire),
		test(T162_after_a_restart),
		test(T164_codes_for_something_else),
		test(T164_other_machines_and_states),
		test(codes_are_written_down),
		test(session_words),
		test(people_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

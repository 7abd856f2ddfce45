/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which buckets are charged for what, and a running verifier whose limits
 * are reached: by those who did it, and by nobody else.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "verifier_rig.h"

#include "../lib/unit.h"

static struct reply reply;
static struct mtls_body_challenge challenge;

/* --- which buckets --- */

static const struct settings rates = {
	.user_failures = { 1, 1 }, .card_failures = { 2, 1 },
	.machine_failures = { 3, 1 }, .source_failures = { 4, 1 },
	.machine_challenges = { 5, 1 }, .origin_challenges = { 6, 1 },
	.source_challenges = { 7, 1 },
};

/* "KEY cost refuses;" of each. */
static const char *
words(const struct limits *l)
{
	static char text[2048];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < l->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "%s %u%s%s;", l->items[i].key, l->items[i].cost,
		    l->items[i].refuses ? "!" : "",
		    l->items[i].is_brief ? "~" : "");
	return text;
}

static void
an_opening_is_the_machines(void **state)
{
	static struct limits l;
	struct limits_opening who = { "ws-1", "10.0.0.1", "192.0.2.7",
		"bob" };

	(void)state;
	limits_of_opening(&l, &rates, &who);
	assert_string_equal(words(&l),
	    "machine-challenges ws-1 1!~;source-challenges 10.0.0.1 1!~;"
	    "origin-challenges ws-1 from 192.0.2.7 1!~;"
	    "machine-failures ws-1 0!;source-failures 10.0.0.1 0!;");
	for (size_t i = 0; i < l.n; i++)
		assert_null(l.items[i].user);
	assert_int_equal(l.items[2].rate.n, 6);
	assert_int_equal(limits_which(&l, &l.items[4]),
	    LIMIT_SOURCE_FAILURES);
	assert_int_equal(limits_which(&l, NULL), LIMIT_OPEN_CHALLENGES);
	/* One subscriber has many addresses. */
	who.source = "2001:db8:1:2:3:4:5:6";
	who.rhost = "2001:db8:1:2:ffff::1";
	limits_of_opening(&l, &rates, &who);
	assert_string_equal(l.items[1].key,
	    "source-challenges 2001:db8:1:2::");
	assert_string_equal(l.items[2].key,
	    "origin-challenges ws-1 from 2001:db8:1:2::");
	who.rhost = "";
	limits_of_opening(&l, &rates, &who);
	assert_string_equal(l.items[2].key, "origin-challenges ws-1 by bob");
}

static void
texts_of_any_length(void **state)
{
	static struct limits l;
	static char longest[257], host[254];
	struct limits_opening who = { host, "::1", longest, longest };

	(void)state;
	memset(longest, 'a', 256);
	memset(host, 'h', 253);
	limits_of_opening(&l, &rates, &who);
	assert_int_equal(l.n, 5);
	for (size_t i = 0; i < l.n; i++)
		assert_true(strlen(l.items[i].key) > 15);
}

static void
a_failure_is_whose(void **state)
{
	static struct limits l;
	struct limits_proof who = { "00ff", "alice", "ws-1", "10.0.0.1", 0 };

	(void)state;
	limits_of_proof(&l, &rates, &who, 1);
	assert_string_equal(words(&l), "card-failures 00ff 1!;"
	    "user-failures alice 1!;machine-failures ws-1 1;"
	    "source-failures 10.0.0.1 1;");
	assert_string_equal(l.items[0].user, "alice");
	assert_string_equal(l.items[1].user, "alice");
	assert_null(l.items[2].user);
	/* What is granted costs nothing, and asks neither machine nor net. */
	limits_of_proof(&l, &rates, &who, 0);
	assert_string_equal(words(&l), "card-failures 00ff 0!;"
	    "user-failures alice 0!;");
	/* A certificate that stands for nobody, an unknown challenge. */
	who.user = NULL;
	who.host = NULL;
	limits_of_proof(&l, &rates, &who, 1);
	assert_string_equal(words(&l), "card-failures 00ff 1!;"
	    "source-failures 10.0.0.1 1;");
	who.sha256 = "";
	limits_of_proof(&l, &rates, &who, 0);
	assert_string_equal(words(&l), "");
}

/* The person and the card are asked, and pay nothing. */
static void
T057_what_a_machine_tells(void **state)
{
	static struct limits l;
	struct limits_proof who = { "00ff", "alice", "ws-1", "10.0.0.1", 1 };

	(void)state;
	limits_of_proof(&l, &rates, &who, 1);
	assert_string_equal(words(&l), "card-failures 00ff 0!;"
	    "user-failures alice 0!;machine-failures ws-1 1;"
	    "source-failures 10.0.0.1 1;");
}

/* What can be guessed without a card stops what can be guessed. */
static void
T160_codes_have_buckets_of_their_own(void **state)
{
	static struct limits l;
	static struct settings s;

	(void)state;
	s.code_failures = (struct mtls_conf_rate){ 10, 3600 };
	s.code_requests = (struct mtls_conf_rate){ 30, 600 };
	limits_of_codes(&l, &s, "alice", 1);
	assert_string_equal(words(&l), "code-failures alice 1!;");
	assert_string_equal(l.items[0].user, "alice");
	assert_false(l.items[0].is_brief);
	assert_string_equal(limit_reason(l.which[0]), "too-many-failures");
	limits_of_codes(&l, &s, "alice", 0);
	assert_string_equal(words(&l), "code-failures alice 0!;");
	limits_of_code_requests(&l, &s, "00ff");
	assert_string_equal(words(&l), "code-requests 00ff 1!~;");
	assert_true(l.items[0].is_brief);
	assert_string_equal(limit_reason(l.which[0]), "too-many");
}

static void
what_counts(void **state)
{
	int n = 0;

	(void)state;
	for (int r = 0; r < POLICY_REASON_COUNT; r++)
		n += !limits_counts((enum policy_reason)r);
	/* NONE, ALLOWED, and the eight that are nobody's fault. */
	assert_int_equal(n, 10);
	assert_false(limits_counts(POLICY_REASON_NO_REVOCATION));
	assert_false(limits_counts(POLICY_REASON_CANNOT_TELL));
	assert_true(limits_counts(POLICY_REASON_RULE));
	assert_true(limits_counts(POLICY_REASON_REVOKED));
	for (int i = 0; i < LIMIT_COUNT; i++) {
		assert_non_null(limit_word((enum limit)i));
		assert_non_null(limit_message((enum limit)i));
		assert_true(limit_reason((enum limit)i)[0] != '\0');
	}
}

/* --- in a running verifier --- */

static const struct rig_open for_bob = { .user = "bob" };
static const struct rig_open for_root = { .user = "root" };

/* alice asks for bob's login, on the machine: a failure of hers. */
static const char *
alice_fails(struct rig *rig)
{
	return rig_login(rig, rig->alice, &for_bob);
}

static void
limited(struct rig *rig, const char *lines)
{
	rig_write_settings(rig, lines);
	assert_true(rig_reload(rig));
}

static void
a_card_that_fails_too_often(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *second = pki_user(rig->pki, rig->users,
	    "alice", NULL);
	char rows[8][128];

	limited(rig, "[limits]\ncard-failures = 3/1h\n");
	for (int i = 0; i < 3; i++)
		assert_string_equal(alice_fails(rig), "user-mismatch");
	assert_string_equal(alice_fails(rig), "too-many-failures");
	/* With what it was allowed before it is refused as well. */
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "too-many-failures");
	assert_non_null(rig_wait_log(rig, 0, "limit-reached "
	    "reason=card-failures"));
	/* Refused ones are no decisions, and in no audit. */
	assert_int_equal(rig_audit(rig, rows, 8), 3);
	/* Another card of hers, and other people, go on. */
	assert_string_equal(rig_login(rig, second, NULL), "allow");
	assert_string_equal(rig_login(rig, rig->bob, &for_bob), "allow");
	/* A restart does not help. */
	rig_stop(rig);
	rig_start(rig);
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "too-many-failures");
}

static void
a_person_with_many_cards(void **state)
{
	struct rig *rig = *state;

	limited(rig, "[limits]\nuser-failures = 3/1h\n");
	for (int i = 0; i < 3; i++)
		assert_string_equal(rig_login(rig, pki_user(rig->pki,
		    rig->users, "alice", NULL), &for_root), "user-mismatch");
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "too-many-failures");
	assert_string_equal(rig_login(rig, rig->bob, &for_bob), "allow");
}

/* Whoever finds alice's old card does not lock out alice. */
static void
T057_strangers_with_a_revoked_card(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *new_card = pki_user(rig->pki, rig->users,
	    "alice", NULL);

	rig_write_crls(rig, rig->alice);
	limited(rig, "[limits]\nuser-failures = 2/1h\ncard-failures = 4/1h\n");
	for (int i = 0; i < 4; i++)
		assert_string_equal(rig_login(rig, rig->alice, NULL),
		    "revoked");
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "too-many-failures");
	assert_string_equal(rig_login(rig, new_card, NULL), "allow");
}

/*
 * bob goes for alice's logins with his own card, as often as he can; others
 * knock at her machine and prove nothing. She logs in.
 */
static void
T057_strangers_cannot_lock_out(void **state)
{
	static const struct rig_open knock = { .rhost = "203.0.113.66" };
	static const struct rig_open hers = { .rhost = "192.0.2.1" };
	struct rig *rig = *state;
	struct http h;
	int n_refused = 0;

	limited(rig, "[limits]\nuser-failures = 2/1h\ncard-failures = 2/1h\n"
	    "origin-challenges = 20/1h\n");
	for (int i = 0; i < 10; i++)
		(void)rig_login(rig, rig->bob, NULL);
	http_machine(&h, rig);
	for (int i = 0; i < 60; i++)
		n_refused += rig_open_as(&h, &knock, &challenge, &reply) ==
		    429;
	http_close(&h);
	assert_int_equal(n_refused, 40);
	assert_string_equal(reply_reason(&reply), "too-many");
	assert_non_null(strstr(reply.head, "Retry-After: "));
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	assert_string_equal(rig_login(rig, rig->alice, &hers), "allow");
	assert_string_equal(rig_login(rig, rig->bob, &for_bob),
	    "too-many-failures");
}

/* Proofs for challenges that there are not: the card's own failures. */
static void
T057_guessed_challenges(void **state)
{
	struct rig *rig = *state;
	uint8_t id[MTLS_ID_BYTES] = { 0 };
	struct http h;
	char rows[16][128];

	limited(rig, "[limits]\ncard-failures = 5/1h\n");
	http_person(&h, rig, rig->bob);
	for (int i = 0; i < 30; i++) {
		id[0] = (uint8_t)i;
		assert_int_equal(rig_prove(&h, id, NULL, &reply),
		    i < 5 ? 404 : 429);
	}
	http_close(&h);
	assert_int_equal(rig_audit(rig, rows, 16), 5);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* Many different cards that fail on one machine: it begins no more. */
static void
a_machine_with_many_failures(void **state)
{
	struct rig *rig = *state;

	limited(rig, "[limits]\nmachine-failures = 3/1h\n"
	    "source-failures = 3/1h\n");
	for (int i = 0; i < 3; i++)
		assert_string_equal(alice_fails(rig), "user-mismatch");
	assert_string_equal(rig_login(rig, rig->bob, &for_bob),
	    "too-many-failures");
	limited(rig, "[limits]\nmachine-failures = none\n"
	    "source-failures = 3/1h\n");
	assert_string_equal(rig_login(rig, rig->bob, &for_bob),
	    "too-many-failures");
	limited(rig, "[limits]\nmachine-failures = none\n"
	    "source-failures = none\n");
	assert_string_equal(rig_login(rig, rig->bob, &for_bob), "allow");
}

/* Refusals before a challenge are written down, and not without end. */
static void
refusals_of_a_machine_end(void **state)
{
	static const struct rig_open ftp = { .service = "ftp" };
	struct rig *rig = *state;
	struct http h;
	char rows[16][128];

	limited(rig, "[limits]\nmachine-challenges = 5/1h\n");
	http_machine(&h, rig);
	for (int i = 0; i < 40; i++)
		assert_int_equal(rig_open_as(&h, &ftp, &challenge, &reply),
		    i < 5 ? 403 : 429);
	http_close(&h);
	assert_int_equal(rig_audit(rig, rows, 16), 5);
}

/*
 * A machine was stolen, revoked and replaced: whoever has the old disk takes
 * nothing from the new one, and fills no audit either.
 */
static void
T057_strangers_with_a_revoked_machine(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *old = rig->machine;
	uint8_t id[MTLS_ID_BYTES] = { 0 };
	char rows[12][128];
	struct http h;
	int allow;

	rig->machine = pki_machine(rig->pki, rig->machines, RIG_HOST, NULL);
	rig_write_crls(rig, old);
	limited(rig, "[limits]\nmachine-challenges = 5/1h\n");
	http_open(&h, rig, ROLE_DEVICE, &(struct http_options){
	    .cert = old, .alpn = "http/1.1" });
	for (int i = 0; i < 20; i++)
		assert_int_equal(rig_open(&h, &challenge, &reply),
		    i < 5 ? 403 : 429);
	for (int i = 0; i < 20; i++)
		assert_int_equal(rig_grant(&h, id, 0, &allow, &reply), 429);
	http_close(&h);
	assert_int_equal(rig_audit(rig, rows, 12), 5);
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	rig->machine = old;
}

static void
one_line_for_many(void **state)
{
	struct rig *rig = *state;
	struct http h;
	const char *first;

	limited(rig, "[limits]\nsource-challenges = 1/1h\n");
	http_machine(&h, rig);
	for (int i = 0; i < 50; i++)
		(void)rig_open(&h, &challenge, &reply);
	http_close(&h);
	assert_int_equal(reply.status, 429);
	first = rig_wait_log(rig, 0, "limit-reached");
	assert_non_null(first);
	assert_non_null(strstr(first, "reason=source-challenges"));
	assert_non_null(strstr(first, "suppressed=0"));
	assert_true(rig_is_alive(rig));
	assert_null(strstr(rig->log + (strstr(rig->log, "limit-reached") -
	    rig->log) + 1, "limit-reached"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_opening_is_the_machines),
		cmocka_unit_test(texts_of_any_length),
		cmocka_unit_test(a_failure_is_whose),
		cmocka_unit_test(T057_what_a_machine_tells),
		cmocka_unit_test(T160_codes_have_buckets_of_their_own),
		cmocka_unit_test(what_counts),
		TEST(a_card_that_fails_too_often),
		TEST(a_person_with_many_cards),
		TEST(T057_strangers_with_a_revoked_card),
		TEST(T057_strangers_with_a_revoked_machine),
		TEST(T057_strangers_cannot_lock_out),
		TEST(T057_guessed_challenges),
		TEST(a_machine_with_many_failures),
		TEST(refusals_of_a_machine_end),
		TEST(one_line_for_many),
	};

	return cmocka_run_group_tests(tests, rig_group_set_up,
	    rig_group_tear_down);
}

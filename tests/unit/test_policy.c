/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision: every combination of facts against a policy that allows,
 * and the rules one by one.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "policy_file.h"

#include "../lib/unit.h"

#define GID_STAFF	1000
#define GID_OTHERS	1001

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	if (strcmp(name, "nss-staff") == 0)
		*ret = GID_STAFF;
	else if (strcmp(name, "nss-others") == 0)
		*ret = GID_OTHERS;
	else
		return mtls_fail(err, MTLS_E_NOT_FOUND, "no group");
	return MTLS_OK;
}

static struct policy
read_policy(const char *text)
{
	struct policy policy;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (policy_file_parse("policy", text, strlen(text), find_group,
	    &policy, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	return policy;
}

/* A login by alice that the policy "allow user any" allows. */
static struct policy_facts
good_facts(void)
{
	struct policy_facts f = {
		.challenge = POLICY_CHALLENGE_OPEN,
		.user = "alice",
		.service = "sudo",
		.host = "ws-1.acme.example",
		.method = "token",
		.rhost = "",
		.proof_user = "alice",
		.proof_service = "sudo",
		.proof_host = "ws-1.acme.example",
		.standing = POLICY_STANDING_GOOD,
		.revocation = POLICY_STRICT,
		.mapped = POLICY_MAPPED_ONE,
		.mapped_user = "alice",
		.superuser = POLICY_NO,
	};

	return f;
}

static struct policy_decision
decide(const char *text, const struct policy_facts *f)
{
	struct policy policy = read_policy(text);
	struct policy_decision d = policy_decide(&policy, f);

	policy_clear(&policy);
	return d;
}

static void
assert_decision(struct policy_decision d, enum mtls_verdict verdict,
    enum policy_reason reason, unsigned line)
{
	assert_string_equal(policy_reason_word(d.reason),
	    policy_reason_word(reason));
	assert_int_equal(d.verdict, verdict);
	assert_int_equal(d.line, line);
}

#define N_NAMES 3

/*
 * Every standing, mapping, challenge, answer about root, revocation mode,
 * and every mix of names: ALLOW if and only if each is what it must be.
 */
static void
T140_allow_needs_every_fact(void **state)
{
	static const char *const users[N_NAMES] = { "alice", "bob", NULL };
	struct policy any = read_policy("allow user any\n");
	struct policy named = read_policy("allow user alice\n");
	struct policy_decision d;
	struct policy_facts f = good_facts();
	unsigned n_allowed = 0, n = 0;

	(void)state;
	for (int i = 0; i < POLICY_CHALLENGE_COUNT *
	    POLICY_STANDING_COUNT * POLICY_MAPPED_COUNT * 2 * 3 * N_NAMES *
	    N_NAMES * 2; i++) {
		int rest = i, is_good, proof, mapped, name;

		f.challenge = (enum policy_challenge)
		    (rest % POLICY_CHALLENGE_COUNT);
		rest /= POLICY_CHALLENGE_COUNT;
		f.standing = (enum policy_standing)
		    (rest % POLICY_STANDING_COUNT);
		rest /= POLICY_STANDING_COUNT;
		f.mapped = (enum policy_mapped)(rest % POLICY_MAPPED_COUNT);
		rest /= POLICY_MAPPED_COUNT;
		f.revocation = (enum policy_revocation)(rest % 2);
		rest /= 2;
		f.superuser = (enum policy_answer)(rest % 3);
		rest /= 3;
		proof = rest % N_NAMES;
		rest /= N_NAMES;
		mapped = rest % N_NAMES;
		name = rest / N_NAMES;
		f.proof_user = users[proof];
		f.mapped_user = users[mapped];
		is_good = f.challenge == POLICY_CHALLENGE_OPEN &&
		    (f.standing == POLICY_STANDING_GOOD ||
		    (f.standing == POLICY_STANDING_UNKNOWN &&
		    f.revocation == POLICY_RELAXED)) &&
		    f.mapped == POLICY_MAPPED_ONE && proof == 0 &&
		    mapped == 0 && (name || f.superuser == POLICY_NO);
		d = policy_decide(name ? &named : &any, &f);
		if ((d.verdict == MTLS_VERDICT_ALLOW) != is_good ||
		    (!is_good && d.verdict != MTLS_VERDICT_DENY) ||
		    (d.reason == POLICY_REASON_ALLOWED) != is_good)
			fail_msg("case %d: %s", i,
			    policy_reason_word(d.reason));
		n_allowed += is_good ? 1 : 0;
		n++;
	}
	/* 3 ways to stand well; 1 answer about root, or any with a name. */
	assert_int_equal(n_allowed, 3 * 1 + 3 * 3);
	assert_true(n > 5000);
	policy_clear(&any);
	policy_clear(&named);
}

static void
T140_zeroed_facts_are_denied(void **state)
{
	struct policy policy = read_policy("allow user any\n");
	struct policy_facts f;

	(void)state;
	memset(&f, 0, sizeof(f));
	assert_int_equal(policy_decide(&policy, &f).verdict,
	    MTLS_VERDICT_DENY);
	policy_clear(&policy);
	memset(&policy, 0, sizeof(policy));
	f = good_facts();
	assert_decision(policy_decide(&policy, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_NO_RULE, 0);
}

/* One string of the facts missing: no crash, no yes. */
static void
T140_each_missing_text_denies(void **state)
{
	static const size_t offsets[] = {
		offsetof(struct policy_facts, user),
		offsetof(struct policy_facts, service),
		offsetof(struct policy_facts, host),
		offsetof(struct policy_facts, method),
		offsetof(struct policy_facts, rhost),
		offsetof(struct policy_facts, proof_user),
		offsetof(struct policy_facts, proof_service),
		offsetof(struct policy_facts, proof_host),
		offsetof(struct policy_facts, mapped_user),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct policy_facts f = good_facts();
		const char *nothing = NULL;

		memcpy((char *)&f + offsets[i], &nothing, sizeof(nothing));
		assert_int_equal(decide("allow user any\n", &f).verdict,
		    MTLS_VERDICT_DENY);
	}
}

static void
every_reason_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < POLICY_REASON_COUNT; i++) {
		enum policy_reason r = (enum policy_reason)i;

		assert_non_null(policy_reason_word(r));
		assert_non_null(policy_reason_sentence(r));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(policy_reason_word(r),
			    policy_reason_word((enum policy_reason)k));
	}
}

/* T-048: whoever proves must be who was asked for, in every field. */
static void
T048_sibling_and_other_places(void **state)
{
	struct policy_facts f = good_facts();

	(void)state;
	f.mapped_user = "bob";
	assert_decision(decide("allow user any\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_USER, 0);
	f = good_facts();
	f.proof_user = "bob";
	assert_decision(decide("allow user any\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_PROOF, 0);
	f = good_facts();
	f.proof_service = "sudo2";
	assert_decision(decide("allow user any\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_PROOF, 0);
	f = good_facts();
	f.proof_host = "WS-1.acme.example";
	assert_decision(decide("allow user any\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_PROOF, 0);
	f = good_facts();
	f.mapped_user = "Alice";
	assert_int_equal(decide("allow user any\n", &f).verdict,
	    MTLS_VERDICT_DENY);
}

static void
first_match_wins(void **state)
{
	struct policy_facts f = good_facts();

	(void)state;
	assert_decision(decide("deny user alice\nallow user any\n", &f),
	    MTLS_VERDICT_DENY, POLICY_REASON_RULE, 1);
	assert_decision(decide("# x\nallow user alice\ndeny user any\n", &f),
	    MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, 2);
	assert_decision(decide("deny user bob\n\nallow user any\n", &f),
	    MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, 3);
}

static void
no_rule_denies(void **state)
{
	static const char *const rules[] = {
		"allow user bob\n",
		"allow user Alice\n",
		"allow user any on vpn1.acme.example\n",
		"allow user any on ws-2.acme.example, ws-3.acme.example\n",
		"allow user any for sshd, login\n",
		"allow user any for Sudo\n",
		"allow user any by code\n",
		"allow user any from 10.0.0.0/8\n",
		"allow group nss-staff\n",
		"group staff = bob\nallow group staff\n",
		"deny user bob\n",
	};
	static const enum policy_answer none[] = { POLICY_NO, POLICY_NO };

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct policy_facts f = good_facts();

		f.member = none;
		assert_decision(decide(rules[i], &f), MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0);
	}
}

static void
each_clause_matches(void **state)
{
	static const char *const rules[] = {
		"allow user bob, alice\n",
		"allow user any on ws-*.acme.example\n",
		"allow user * on *\n",
		"allow user any on vpn1.acme.example, *.acme.example\n",
		"allow user any for login, sudo\n",
		"allow user any for any by any from any\n",
		"allow user any by code, token\n",
		"allow user any from 10.0.0.0/8, 192.0.2.7\n",
		"group staff = bob, alice\nallow group staff\n",
		"allow group nss-others, nss-staff\n",
		"allow user alice on ws-1.acme.example for sudo by token "
		    "from 192.0.2.0/24\n",
	};
	static const enum policy_answer second[] = { POLICY_NO, POLICY_YES };

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct policy_facts f = good_facts();

		f.rhost = "192.0.2.7";
		f.member = second;
		if (decide(rules[i], &f).verdict != MTLS_VERDICT_ALLOW)
			fail_msg("%s", rules[i]);
	}
}

static void
cannot_tell_denies(void **state)
{
	static const char *const deny_group =
	    "deny group nss-staff\nallow user any\n";
	static const char *const allow_group =
	    "allow group nss-staff\n";
	static const char *const deny_from =
	    "deny user any from 10.0.0.0/8\nallow user any\n";
	static const char *const allow_from =
	    "allow user any from 10.0.0.0/8\n";
	static const enum policy_answer unknown[] = { POLICY_CANNOT_TELL };
	static const enum policy_answer no[] = { POLICY_NO };
	struct policy_facts f = good_facts();

	(void)state;
	f.member = unknown;
	assert_decision(decide(deny_group, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_CANNOT_TELL, 1);
	assert_decision(decide(allow_group, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_NO_RULE, 0);
	f.member = NULL;
	assert_decision(decide(deny_group, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_CANNOT_TELL, 1);
	f.member = no;
	assert_decision(decide(deny_group, &f), MTLS_VERDICT_ALLOW,
	    POLICY_REASON_ALLOWED, 2);
	f = good_facts();
	f.rhost = "host-in-ten.example";
	assert_decision(decide(deny_from, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_CANNOT_TELL, 1);
	assert_decision(decide(allow_from, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_NO_RULE, 0);
	f.rhost = "";
	assert_int_equal(decide(deny_from, &f).verdict, MTLS_VERDICT_ALLOW);
	f.rhost = "10.1.2.3";
	assert_decision(decide(deny_from, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_RULE, 1);
	f.rhost = "::ffff:10.1.2.3";
	assert_decision(decide(deny_from, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_RULE, 1);
}

static void
T053b_root_needs_its_own_rule(void **state)
{
	static const enum policy_answer member[] = { POLICY_YES };
	struct policy_facts f = good_facts();

	(void)state;
	f.user = f.proof_user = f.mapped_user = "root";
	f.superuser = POLICY_YES;
	f.member = member;
	assert_int_equal(decide("allow user any\n", &f).verdict,
	    MTLS_VERDICT_DENY);
	assert_int_equal(decide("allow group nss-staff\n", &f).verdict,
	    MTLS_VERDICT_DENY);
	assert_int_equal(decide("group wheel = root\nallow group wheel\n",
	    &f).verdict, MTLS_VERDICT_DENY);
	assert_int_equal(decide("allow user root\n", &f).verdict,
	    MTLS_VERDICT_ALLOW);
	assert_int_equal(decide("deny user any\nallow user root\n",
	    &f).verdict, MTLS_VERDICT_DENY);
	/* Another name with uid 0 is another root. */
	f.user = f.proof_user = f.mapped_user = "toor";
	assert_int_equal(decide("allow user any\n", &f).verdict,
	    MTLS_VERDICT_DENY);
	f.superuser = POLICY_CANNOT_TELL;
	assert_int_equal(decide("allow user any\n", &f).verdict,
	    MTLS_VERDICT_DENY);
	assert_int_equal(decide("allow user toor\n", &f).verdict,
	    MTLS_VERDICT_ALLOW);
	/* alice's certificate never yields root. */
	f = good_facts();
	f.user = f.proof_user = "root";
	f.superuser = POLICY_YES;
	assert_decision(decide("allow user root\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_USER, 0);
}

static void
unknown_method_is_denied(void **state)
{
	struct policy_facts f = good_facts();

	(void)state;
	f.method = "password";
	assert_decision(decide("allow user any\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_METHOD, 0);
}

static void
possible_for_anybody(void **state)
{
	static const struct {
		const char *rules;
		int is_possible;
	} cases[] = {
		{ "allow user alice\n", 1 },
		{ "allow group nss-staff for sudo\n", 1 },
		{ "allow user alice for sshd\n", 0 },
		{ "allow user alice on vpn1.acme.example\n", 0 },
		{ "allow user alice by relay\n", 0 },
		{ "deny user alice\n", 0 },
		{ "deny user any for sudo\nallow user any\n", 0 },
		{ "deny user bob for sudo\nallow user any\n", 1 },
		{ "allow user any from 10.0.0.0/8\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy policy = read_policy(cases[i].rules);

		if (policy_is_possible(&policy, "sudo", "ws-1.acme.example",
		    "token", "") != cases[i].is_possible)
			fail_msg("%s", cases[i].rules);
		assert_int_equal(policy_is_possible(&policy, "sudo",
		    "ws-1.acme.example", "password", ""), 0);
		policy_clear(&policy);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_allow_needs_every_fact),
		cmocka_unit_test(T140_zeroed_facts_are_denied),
		cmocka_unit_test(T140_each_missing_text_denies),
		cmocka_unit_test(every_reason_has_words),
		cmocka_unit_test(T048_sibling_and_other_places),
		cmocka_unit_test(first_match_wins),
		cmocka_unit_test(no_rule_denies),
		cmocka_unit_test(each_clause_matches),
		cmocka_unit_test(cannot_tell_denies),
		cmocka_unit_test(T053b_root_needs_its_own_rule),
		cmocka_unit_test(unknown_method_is_denied),
		cmocka_unit_test(possible_for_anybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision: every combination of facts against a policy that allows,
 * and the rules one by one.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "policy_file.h"
#include "policy_match.h"

#include "../lib/unit.h"

/* 2026-11-24 07:30 UTC, a Tuesday */
#define NOW_S		INT64_C(1795505400)
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
		.now_s = NOW_S,
		.challenge = POLICY_CHALLENGE_OPEN,
		.user = "alice",
		.service = "sudo",
		.host = "ws-1.acme.example",
		.method = "token",
		.rhost = "",
		.proof_user = "alice",
		.proof_service = "sudo",
		.proof_host = "ws-1.acme.example",
		.proof_method = "token",
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
		offsetof(struct policy_facts, proof_method),
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
	f.proof_method = "relay";
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
		("allow user alice on ws-1.acme.example for sudo by token "
		    "from 192.0.2.0/24\n"),
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

/* An address that is in none of the networks, and one behind each end. */
static void
from_other_networks(void **state)
{
	static const char *const outside[] = {
		"192.0.2.7", "9.255.255.255", "11.0.0.0", "2001:db8::1",
		"2001:db9::", "::ffff:192.0.2.7", "::",
	};
	static const char *const inside[] = {
		"10.0.0.0", "10.255.255.255", "2001:db8:1::", "::ffff:10.0.0.1",
		"2001:db8:1:ffff:ffff:ffff:ffff:ffff",
	};
	static const char *const allow =
	    "allow user any from 10.0.0.0/8, 2001:db8:1::/48\n";
	static const char *const deny =
	    "deny user any from 10.0.0.0/8, 2001:db8:1::/48\n"
	    "allow user any\n";
	struct policy_facts f = good_facts();

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		f.rhost = outside[i];
		assert_decision(decide(allow, &f), MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0);
		assert_decision(decide(deny, &f), MTLS_VERDICT_ALLOW,
		    POLICY_REASON_ALLOWED, 2);
	}
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		f.rhost = inside[i];
		assert_int_equal(decide(allow, &f).verdict,
		    MTLS_VERDICT_ALLOW);
		assert_decision(decide(deny, &f), MTLS_VERDICT_DENY,
		    POLICY_REASON_RULE, 1);
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

static char *ekus[] = { NULL, NULL }, *policies[] = { NULL };

/* clientAuth and smartcardLogon, one policy, RSA 3072, half a year old. */
static struct policy_certificate
good_certificate(void)
{
	static char client[] = "1.3.6.1.5.5.7.3.2";
	static char logon[] = "1.3.6.1.4.1.311.20.2.2";
	static char policy[] = "1.3.6.1.4.1.99999.1";
	struct policy_certificate c = {
		.eku = { 2, ekus },
		.policies = { 1, policies },
		.key = POLICY_KEY_RSA,
		.bits = 3072,
		.not_before_s = NOW_S - 182 * 86400,
		.not_after_s = NOW_S + 183 * 86400,
	};

	ekus[0] = client;
	ekus[1] = logon;
	policies[0] = policy;
	return c;
}

/* T-033: what is required must be there, word for word. */
static void
T033_requirements(void **state)
{
	static const struct {
		const char *require;
		enum policy_reason reason;	/* ALLOWED: it is met */
	} cases[] = {
		{ "eku smartcardLogon", POLICY_REASON_ALLOWED },
		{ "eku clientAuth", POLICY_REASON_ALLOWED },
		{ "eku 1.3.6.1.4.1.311.20.2.2", POLICY_REASON_ALLOWED },
		{ "eku 1.3.6.1.4.1.311.20.2", POLICY_REASON_PURPOSE },
		{ "eku 1.3.6.1.4.1.311.20.2.21", POLICY_REASON_PURPOSE },
		{ "eku clientAuth, eku 1.2.3", POLICY_REASON_PURPOSE },
		{ "policy 1.3.6.1.4.1.99999.1", POLICY_REASON_ALLOWED },
		{ "policy 1.3.6.1.4.1.99999.10", POLICY_REASON_POLICY },
		{ "policy 1.3.6.1.5.5.7.3.2", POLICY_REASON_POLICY },
		{ "eku 1.3.6.1.4.1.99999.1", POLICY_REASON_PURPOSE },
		{ "key rsa 3072", POLICY_REASON_ALLOWED },
		{ "key rsa 3073", POLICY_REASON_KEY },
		{ "key rsa 2048, key rsa 4096", POLICY_REASON_KEY },
		{ "key ec 521", POLICY_REASON_ALLOWED },
		{ "age max 182d", POLICY_REASON_ALLOWED },
		{ "age max 26w", POLICY_REASON_ALLOWED },
		{ "age max 1y", POLICY_REASON_ALLOWED },
		{ "age max 181d", POLICY_REASON_AGE },
	};
	struct policy_certificate c = good_certificate();
	struct policy_facts f = good_facts();
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int is_met = cases[i].reason == POLICY_REASON_ALLOWED;
		enum mtls_verdict verdict = is_met ? MTLS_VERDICT_ALLOW :
		    MTLS_VERDICT_DENY;

		f.certificate = &c;
		/* For all, whichever line says so, */
		snprintf(text, sizeof(text), "allow user any\nrequire %s\n",
		    cases[i].require);
		assert_decision(decide(text, &f), verdict, cases[i].reason,
		    is_met ? 1 : 2);
		/* and for one rule, which decides. */
		snprintf(text, sizeof(text), "\nallow user any require %s\n"
		    "allow user any\n", cases[i].require);
		assert_decision(decide(text, &f), verdict, cases[i].reason,
		    2);
		/* A rule that does not match requires nothing. */
		snprintf(text, sizeof(text), "allow user bob require %s\n"
		    "allow user any\n", cases[i].require);
		assert_decision(decide(text, &f), MTLS_VERDICT_ALLOW,
		    POLICY_REASON_ALLOWED, 2);
		/* Of a certificate that nobody knows nothing holds. */
		f.certificate = NULL;
		snprintf(text, sizeof(text), "require %s\nallow user any\n",
		    cases[i].require);
		assert_int_equal(decide(text, &f).verdict,
		    MTLS_VERDICT_DENY);
		snprintf(text, sizeof(text), "allow user any require %s\n",
		    cases[i].require);
		assert_int_equal(decide(text, &f).verdict,
		    MTLS_VERDICT_DENY);
	}
}

/* T-033: "any purpose" is not the purpose; nothing is not anything. */
static void
T033_any_is_none(void **state)
{
	static const char *const rules =
	    "require eku smartcardLogon\nallow user any\n";
	static const char *const policy_rules =
	    "require policy 1.3.6.1.4.1.99999.1\nallow user any\n";
	struct policy_certificate c = good_certificate();
	struct policy_facts f = good_facts();
	static char any_eku[] = "2.5.29.37.0", any_policy[] = "2.5.29.32.0";

	(void)state;
	f.certificate = &c;
	ekus[0] = any_eku;
	c.eku.n = 1;
	assert_decision(decide(rules, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_PURPOSE, 1);
	c.eku.n = 0;
	assert_decision(decide(rules, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_PURPOSE, 1);
	policies[0] = any_policy;
	assert_decision(decide(policy_rules, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_POLICY, 1);
	c.policies.n = 0;
	assert_decision(decide(policy_rules, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_POLICY, 1);
}

static void
T033_keys_and_ages(void **state)
{
	static const char *const ec = "require key ec 384\nallow user any\n";
	static const char *const age =
	    "require age max 1d\nallow user any\n";
	struct policy_certificate c = good_certificate();
	struct policy_facts f = good_facts();

	(void)state;
	f.certificate = &c;
	assert_int_equal(decide(ec, &f).verdict, MTLS_VERDICT_ALLOW);
	c.key = POLICY_KEY_EC;
	c.bits = 384;
	assert_int_equal(decide(ec, &f).verdict, MTLS_VERDICT_ALLOW);
	c.bits = 256;
	assert_decision(decide(ec, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_KEY, 1);
	/* A kind that no rule can speak of is none that is large enough. */
	c.key = POLICY_KEY_OTHER;
	c.bits = 9999;
	assert_decision(decide(ec, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_KEY, 1);
	c.not_before_s = NOW_S;
	assert_int_equal(decide(age, &f).verdict, MTLS_VERDICT_ALLOW);
	c.not_before_s = NOW_S - 86400;
	assert_int_equal(decide(age, &f).verdict, MTLS_VERDICT_ALLOW);
	c.not_before_s = NOW_S - 86401;
	assert_decision(decide(age, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_AGE, 1);
	/* From the future: no age at all. */
	c.not_before_s = NOW_S + 1;
	assert_decision(decide(age, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_AGE, 1);
	c.not_before_s = NOW_S;
	f.now_s = 0;
	assert_decision(decide(age, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_AGE, 1);
	/* A clock in 1970 or before, and a certificate from then. */
	for (f.now_s = -1; f.now_s <= 0; f.now_s++) {
		c.not_before_s = f.now_s - 1;
		assert_decision(decide(age, &f), MTLS_VERDICT_DENY,
		    POLICY_REASON_AGE, 1);
	}
}

/* A deny rule goes before what certificates must have. */
static void
deny_needs_no_certificate(void **state)
{
	struct policy_facts f = good_facts();

	(void)state;
	assert_decision(decide("deny user alice\nallow user any require "
	    "key ec 256\n", &f), MTLS_VERDICT_DENY, POLICY_REASON_RULE, 1);
}

static void
assert_warning(struct policy_decision d, const char *message)
{
	char text[POLICY_MESSAGE_MAX];

	assert_int_equal(d.verdict, MTLS_VERDICT_ALLOW);
	assert_string_equal(policy_message(&d, text), message);
}

static void
warned_before_expiry(void **state)
{
	static const char *const rules =
	    "warn 14 days before expiry\nallow user any\n";
	struct policy_certificate c = good_certificate();
	struct policy_facts f = good_facts();
	struct policy_decision d;
	char text[POLICY_MESSAGE_MAX];

	(void)state;
	assert_warning(decide(rules, &f), "");
	f.certificate = &c;
	assert_warning(decide(rules, &f), "");
	c.not_after_s = NOW_S + 14 * 86400 + 1;
	assert_warning(decide(rules, &f), "");
	c.not_after_s = NOW_S + 14 * 86400;
	assert_warning(decide(rules, &f), "The certificate on this card "
	    "expires in 14 days. Please renew it.");
	assert_warning(decide("allow user any\n", &f), "");
	c.not_after_s = NOW_S + 86400 + 1;
	assert_warning(decide(rules, &f), "The certificate on this card "
	    "expires in 2 days. Please renew it.");
	c.not_after_s = NOW_S + 86400;
	assert_warning(decide(rules, &f), "The certificate on this card "
	    "expires within a day. Please renew it.");
	c.not_after_s = NOW_S;
	assert_warning(decide(rules, &f), "The certificate on this card "
	    "expires within a day. Please renew it.");
	c.not_after_s = NOW_S - 1;
	assert_warning(decide(rules, &f), "");
	f.now_s = 0;
	c.not_after_s = 86400;
	assert_warning(decide(rules, &f), "");
	/* Whoever is refused is told why, and nothing else. */
	f = good_facts();
	f.certificate = &c;
	c.not_after_s = NOW_S + 86400;
	d = decide("warn 14 days before expiry\ndeny user any\n", &f);
	assert_int_equal(d.expires_days, 0);
	assert_string_equal(policy_message(&d, text), "Access denied.");
}

/* NOW_S is a Tuesday, 07:30 in London, 08:30 in Berlin. */
static void
within_hours(void **state)
{
	static const struct {
		const char *within;
		int is_in;
	} cases[] = {
		{ "mon-fri 07:00-20:00 Europe/Berlin", 1 },
		{ "tue 08:30-08:31 Europe/Berlin", 1 },
		{ "tue 08:31-08:32 Europe/Berlin", 0 },
		{ "tue 08:00-08:30 Europe/Berlin", 0 },
		{ "tue 07:30-07:31 Europe/London", 1 },
		{ "tue 07:30-07:31 Europe/Berlin", 0 },
		{ "sat-sun 00:00-24:00 Europe/Berlin", 0 },
		{ "sat 08:00-12:00, mon 22:00-09:00 Europe/Berlin", 1 },
		{ "tue 22:00-09:00 Europe/Berlin", 0 },
		{ "wed 00:00-01:00 Pacific/Kiritimati", 0 },
		{ "tue 21:00-22:00 Pacific/Kiritimati", 1 },
		{ "mon 23:30-23:31 America/Los_Angeles", 1 },
	};
	struct policy_facts f = good_facts();
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy policy;

		snprintf(text, sizeof(text), "allow user any within \"%s\"\n",
		    cases[i].within);
		if ((decide(text, &f).verdict == MTLS_VERDICT_ALLOW) !=
		    cases[i].is_in)
			fail_msg("%s", cases[i].within);
		policy = read_policy(text);
		assert_int_equal(policy_is_possible(&policy, "sudo", "x",
		    "token", "", NOW_S), cases[i].is_in);
		policy_clear(&policy);
		snprintf(text, sizeof(text), "deny user any within \"%s\"\n"
		    "allow user any\n", cases[i].within);
		assert_decision(decide(text, &f), cases[i].is_in ?
		    MTLS_VERDICT_DENY : MTLS_VERDICT_ALLOW, cases[i].is_in ?
		    POLICY_REASON_RULE : POLICY_REASON_ALLOWED,
		    cases[i].is_in ? 1 : 2);
	}
}

/* T-032: without a clock no rule with hours allows, and each one denies. */
static void
T032_no_clock(void **state)
{
	static const char *const allow =
	    "allow user any within \"any 00:00-24:00 UTC\"\n";
	static const char *const deny =
	    "deny user bob within \"any 00:00-24:00 UTC\"\n"
	    "deny user any on x within \"any 00:00-24:00 UTC\"\n"
	    "deny user any within \"any 00:00-24:00 UTC\"\nallow user any\n";
	struct policy_facts f = good_facts();

	(void)state;
	assert_int_equal(decide(allow, &f).verdict, MTLS_VERDICT_ALLOW);
	for (int64_t now_s = -1; now_s <= 0; now_s++) {
		f.now_s = now_s;
		assert_decision(decide(allow, &f), MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0);
		assert_decision(decide(deny, &f), MTLS_VERDICT_DENY,
		    POLICY_REASON_CANNOT_TELL, 3);
	}
	f.now_s = NOW_S;
	f.challenge = POLICY_CHALLENGE_UNKNOWN;
	assert_decision(decide(allow, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_CLOCK, 0);
	f.challenge = POLICY_CHALLENGE_EXPIRED;
	assert_decision(decide(allow, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_EXPIRED, 0);
}

/* Each standing and mapping has the reason that an operator looks for. */
static void
reasons_are_distinct(void **state)
{
	static const enum policy_reason standings[] = {
		[POLICY_STANDING_UNKNOWN] = POLICY_REASON_NO_REVOCATION,
		[POLICY_STANDING_GOOD] = POLICY_REASON_ALLOWED,
		[POLICY_STANDING_MALFORMED] = POLICY_REASON_MALFORMED,
		[POLICY_STANDING_NOT_YET_VALID] = POLICY_REASON_NOT_YET_VALID,
		[POLICY_STANDING_OUTDATED] = POLICY_REASON_OUTDATED,
		[POLICY_STANDING_NO_ISSUER] = POLICY_REASON_NO_ISSUER,
		[POLICY_STANDING_REVOKED] = POLICY_REASON_REVOKED,
		[POLICY_STANDING_ISSUER_REVOKED] =
		    POLICY_REASON_ISSUER_REVOKED,
		[POLICY_STANDING_REVOKED_HERE] = POLICY_REASON_REVOKED_HERE,
		[POLICY_STANDING_COUNT] = POLICY_REASON_NO_REVOCATION,
	};
	static const enum policy_reason mapped[] = {
		[POLICY_MAPPED_NONE] = POLICY_REASON_NO_USER,
		[POLICY_MAPPED_ONE] = POLICY_REASON_ALLOWED,
		[POLICY_MAPPED_DISAGREE] = POLICY_REASON_DISAGREE,
		[POLICY_MAPPED_MALFORMED] = POLICY_REASON_MALFORMED,
		[POLICY_MAPPED_NO_BINDINGS] = POLICY_REASON_NO_BINDINGS,
		[POLICY_MAPPED_NOT_BOUND] = POLICY_REASON_NOT_BOUND,
		[POLICY_MAPPED_COUNT] = POLICY_REASON_NO_USER,
	};
	struct policy_facts f = good_facts();

	(void)state;
	for (int i = 0; i <= POLICY_STANDING_COUNT; i++) {
		f.standing = (enum policy_standing)i;
		assert_int_equal(decide("allow user any\n", &f).reason,
		    standings[i]);
	}
	f = good_facts();
	for (int i = 0; i <= POLICY_MAPPED_COUNT; i++) {
		f.mapped = (enum policy_mapped)i;
		assert_int_equal(decide("allow user any\n", &f).reason,
		    mapped[i]);
	}
}

static void
trace(const char *text, const struct policy_facts *f, enum policy_answer answer,
    enum policy_clause clause)
{
	struct policy policy = read_policy(text);
	struct policy_match matches[8];
	struct policy_decision d, again;
	size_t n = 99;

	assert_true(policy.n_rules <= 8);
	d = policy_decide(&policy, f);
	again = policy_decide_traced(&policy, f, matches, &n);
	assert_decision(again, d.verdict, d.reason, d.line);
	if (n != 1 || matches[0].answer != answer ||
	    matches[0].clause != clause)
		fail_msg("%s: %zu, %d, %d", text, n, matches[0].answer,
		    matches[0].clause);
	policy_clear(&policy);
}

/* The part that decided is named, of several the first. */
static void
traces(void **state)
{
	static const struct {
		const char *rule;
		enum policy_answer answer;
		enum policy_clause clause;
	} cases[] = {
		{ "allow user any", POLICY_YES, POLICY_CLAUSE_NONE },
		{ "deny user any", POLICY_YES, POLICY_CLAUSE_NONE },
		{ "allow user bob", POLICY_NO, POLICY_CLAUSE_WHO },
		{ "allow group nss-staff", POLICY_CANNOT_TELL,
		    POLICY_CLAUSE_WHO },
		{ "allow user any on x", POLICY_NO, POLICY_CLAUSE_ON },
		{ "allow user any for x", POLICY_NO, POLICY_CLAUSE_FOR },
		{ "allow user any by code", POLICY_NO, POLICY_CLAUSE_BY },
		{ "allow user any from ::1", POLICY_CANNOT_TELL,
		    POLICY_CLAUSE_FROM },
		{ "allow user any within \"sat 00:00-01:00 UTC\"", POLICY_NO,
		    POLICY_CLAUSE_WITHIN },
		/* What is not so outweighs what cannot be told. */
		{ "allow group nss-staff on x", POLICY_NO, POLICY_CLAUSE_ON },
		{ "deny group nss-staff for x", POLICY_NO,
		    POLICY_CLAUSE_FOR },
		{ "deny user any from ::1 within \"sat 00:00-01:00 UTC\"",
		    POLICY_NO, POLICY_CLAUSE_WITHIN },
		{ "deny user bob on x", POLICY_NO, POLICY_CLAUSE_WHO },
		{ "deny user any on x for x", POLICY_NO, POLICY_CLAUSE_ON },
		{ "deny group nss-staff from ::1", POLICY_CANNOT_TELL,
		    POLICY_CLAUSE_WHO },
	};
	struct policy_facts f = good_facts();
	size_t n = 9;
	struct policy_match m;
	struct policy policy;

	(void)state;
	f.rhost = "a.name";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		trace(cases[i].rule, &f, cases[i].answer, cases[i].clause);
	f.superuser = POLICY_YES;
	trace("allow user any", &f, POLICY_NO, POLICY_CLAUSE_ROOT);
	trace("allow user alice", &f, POLICY_YES, POLICY_CLAUSE_NONE);
	trace("deny user any", &f, POLICY_YES, POLICY_CLAUSE_NONE);
	/* Who matches by a group does so with nothing left to tell. */
	f.superuser = POLICY_NO;
	policy = read_policy("group g = alice\nallow group g\n");
	m = policy_match_user(&policy, &policy.rules[0], &f);
	assert_int_equal(m.answer, POLICY_YES);
	assert_int_equal(m.clause, POLICY_CLAUSE_NONE);
	policy_clear(&policy);
	/* Where no rule was asked there is nothing to tell. */
	policy = read_policy("allow user any\n");
	f.mapped_user = "bob";
	policy_decide_traced(&policy, &f, &m, &n);
	assert_int_equal(n, 0);
	policy_clear(&policy);
}

static void
unknown_method_is_denied(void **state)
{
	struct policy_facts f = good_facts();

	(void)state;
	f.method = f.proof_method = "password";
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
		    "token", "", NOW_S) != cases[i].is_possible)
			fail_msg("%s", cases[i].rules);
		assert_int_equal(policy_is_possible(&policy, "sudo",
		    "ws-1.acme.example", "password", "", NOW_S), 0);
		policy_clear(&policy);
	}
}

/* A rule means minted codes where it names them, and denies them anyway. */
static void
minted_codes(void **state)
{
	static const struct {
		const char *rules;
		enum mtls_verdict verdict;
		enum policy_reason reason;
		unsigned line;
	} cases[] = {
		{ "allow user any\n", MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0 },
		{ "allow user any by any\n", MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0 },
		{ "allow user any by code\n", MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0 },
		{ "allow user any by mint\n", MTLS_VERDICT_ALLOW,
		    POLICY_REASON_ALLOWED, 1 },
		{ "allow user any by code, mint\n", MTLS_VERDICT_ALLOW,
		    POLICY_REASON_ALLOWED, 1 },
		{ "deny user alice\nallow user any by mint\n",
		    MTLS_VERDICT_DENY, POLICY_REASON_RULE, 1 },
		{ "deny user any by any\nallow user any by mint\n",
		    MTLS_VERDICT_DENY, POLICY_REASON_RULE, 1 },
		{ "deny user any by code\nallow user any by mint\n",
		    MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, 2 },
	};
	struct policy_facts f = good_facts();

	(void)state;
	f.method = f.proof_method = "mint";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_decision(decide(cases[i].rules, &f), cases[i].verdict,
		    cases[i].reason, cases[i].line);
	/* root is meant by a rule that names it, here as well. */
	f.superuser = POLICY_YES;
	assert_decision(decide("allow user any by mint\n", &f),
	    MTLS_VERDICT_DENY, POLICY_REASON_NO_RULE, 0);
}

/* What a person can be talked out of is not meant by "any" either. */
static void
codes_are_allowed_by_name(void **state)
{
	struct policy_facts f = good_facts();

	(void)state;
	f.method = f.proof_method = "code";
	assert_decision(decide("allow user any\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_NO_RULE, 0);
	assert_decision(decide("allow user any by any\n", &f),
	    MTLS_VERDICT_DENY, POLICY_REASON_NO_RULE, 0);
	assert_decision(decide("allow user any by token, code\n", &f),
	    MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, 1);
	assert_decision(decide("deny user any by any\n"
	    "allow user any by code\n", &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_RULE, 1);
}

/* Nobody knows where an agent is forwarded to: by its name only. */
static void
T174_agents_are_allowed_by_name(void **state)
{
	static const struct {
		const char *rules;
		enum mtls_verdict verdict;
		enum policy_reason reason;
		unsigned line;
	} cases[] = {
		{ "allow user any\n", MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0 },
		{ "allow user any by any\n", MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0 },
		{ "allow user any by token, relay\n", MTLS_VERDICT_DENY,
		    POLICY_REASON_NO_RULE, 0 },
		{ "allow user any by agent\n", MTLS_VERDICT_ALLOW,
		    POLICY_REASON_ALLOWED, 1 },
		{ "deny user alice\nallow user any by agent\n",
		    MTLS_VERDICT_DENY, POLICY_REASON_RULE, 1 },
		{ "deny user any by token\nallow user any by agent\n",
		    MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, 2 },
	};
	struct policy_facts f = good_facts();

	(void)state;
	f.method = f.proof_method = "agent";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_decision(decide(cases[i].rules, &f), cases[i].verdict,
		    cases[i].reason, cases[i].line);
}

/*
 * No client can see whether an agent asks its owner. Whoever wants that has
 * it from the CA: a policy for keys on cards that ask for a touch.
 */
static void
T174_an_agent_for_keys_that_ask_only(void **state)
{
	static const char *const rules =
	    "allow user any by agent require policy 1.3.6.1.4.1.99999.9\n"
	    "allow user any by token\n";
	static char touch[] = "1.3.6.1.4.1.99999.9";
	struct policy_certificate c = good_certificate();
	struct policy_facts f = good_facts();

	(void)state;
	f.certificate = &c;
	c.policies.n = 0;
	assert_decision(decide(rules, &f), MTLS_VERDICT_ALLOW,
	    POLICY_REASON_ALLOWED, 2);
	f.method = f.proof_method = "agent";
	assert_decision(decide(rules, &f), MTLS_VERDICT_DENY,
	    POLICY_REASON_POLICY, 1);
	policies[0] = touch;
	c.policies.n = 1;
	assert_decision(decide(rules, &f), MTLS_VERDICT_ALLOW,
	    POLICY_REASON_ALLOWED, 1);
}

/* Codes by the network from which they are asked for. */
static void
T166_network(void **state)
{
	static const char *const methods[] = { "code", "mint", "token" };
	static const enum policy_answer answers[] = {
		POLICY_CANNOT_TELL, POLICY_NO, POLICY_YES
	};
	static const struct {
		const char *rule;
		enum policy_network network;
	} rules[] = {
		{ "allow user any by code, mint, token\n",
		    POLICY_NETWORK_WARN },
		{ "allow user any by code, mint, token network warn\n",
		    POLICY_NETWORK_WARN },
		{ "allow user any by code, mint, token network off\n",
		    POLICY_NETWORK_OFF },
		{ "allow user any by code, mint, token network require\n",
		    POLICY_NETWORK_REQUIRE },
	};
	struct policy_facts f = good_facts();
	struct policy_decision d;
	int is_denied;

	(void)state;
	for (int i = 0; i < 4 * 3 * 3; i++) {
		f.method = f.proof_method = methods[i % 3];
		f.same_network = answers[i / 3 % 3];
		d = decide(rules[i / 9].rule, &f);
		is_denied = rules[i / 9].network == POLICY_NETWORK_REQUIRE &&
		    i % 3 != 2 && f.same_network != POLICY_YES;
		assert_decision(d, is_denied ? MTLS_VERDICT_DENY :
		    MTLS_VERDICT_ALLOW, is_denied ? POLICY_REASON_NETWORK :
		    POLICY_REASON_ALLOWED, 1);
		if (!is_denied)
			assert_int_equal(d.network, rules[i / 9].network);
	}
}

static void
T166_same_network(void **state)
{
	static const struct {
		const char *rhost, *source;
		enum policy_answer answer;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.9", POLICY_YES },
		{ "192.0.2.7", "198.51.100.9", POLICY_NO },
		{ "192.0.2.7", "2001:db8::1", POLICY_NO },
		{ "::ffff:192.0.2.7", "192.0.2.9", POLICY_YES },
		{ "::ffff:192.0.2.7", "::ffff:198.51.100.9", POLICY_NO },
		{ "2001:db8:1:2::3", "2001:db8:1:9::1", POLICY_YES },
		{ "2001:db8:1:2::3", "2001:db8:2:2::3", POLICY_NO },
		/* What came through a translator is from all of IPv4. */
		{ "64:ff9b::192.0.2.7", "64:ff9b::192.0.2.9", POLICY_YES },
		{ "64:ff9b::192.0.2.7", "64:ff9b::198.51.100.9", POLICY_NO },
		{ "64:ff9b::192.0.2.7", "64:ff9b:0:1::7", POLICY_NO },
		{ "", "192.0.2.9", POLICY_CANNOT_TELL },
		{ "laptop.acme.example", "192.0.2.9", POLICY_CANNOT_TELL },
		{ "192.0.2.7", "", POLICY_CANNOT_TELL },
		{ "", "", POLICY_CANNOT_TELL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(policy_same_network(cases[i].rhost,
		    cases[i].source), cases[i].answer);
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
		cmocka_unit_test(from_other_networks),
		cmocka_unit_test(cannot_tell_denies),
		cmocka_unit_test(T053b_root_needs_its_own_rule),
		cmocka_unit_test(T033_requirements),
		cmocka_unit_test(T033_any_is_none),
		cmocka_unit_test(T033_keys_and_ages),
		cmocka_unit_test(deny_needs_no_certificate),
		cmocka_unit_test(warned_before_expiry),
		cmocka_unit_test(within_hours),
		cmocka_unit_test(T032_no_clock),
		cmocka_unit_test(reasons_are_distinct),
		cmocka_unit_test(traces),
		cmocka_unit_test(unknown_method_is_denied),
		cmocka_unit_test(possible_for_anybody),
		cmocka_unit_test(minted_codes),
		cmocka_unit_test(codes_are_allowed_by_name),
		cmocka_unit_test(T174_agents_are_allowed_by_name),
		cmocka_unit_test(T174_an_agent_for_keys_that_ask_only),
		cmocka_unit_test(T166_network),
		cmocka_unit_test(T166_same_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Decisions in sentences: each part of a rule that can stand in the way, and
 * each reason.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "policy_explain.h"
#include "policy_file.h"

#include "../lib/unit.h"

/* 2026-11-24 07:30 UTC, a Tuesday */
#define NOW_S		INT64_C(1795505400)

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	(void)name;
	(void)err;
	*ret = 7;
	return MTLS_OK;
}

static struct policy_facts
facts(void)
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
		.mapped = POLICY_MAPPED_ONE,
		.mapped_user = "alice",
		.superuser = POLICY_NO,
	};

	return f;
}

/* The decision, and what its last rule said. */
static void
explain(const char *text, const struct policy_facts *f, char *decision,
    char *rule)
{
	struct policy_match matches[4];
	struct policy_decision d;
	struct policy policy;
	struct mtls_err err;
	size_t n = 0;

	mtls_err_clear(&err);
	if (policy_file_parse("p", text, strlen(text), find_group, &policy,
	    &err) != MTLS_OK)
		fail_msg("%s", err.text);
	d = policy_decide_traced(&policy, f, matches, &n);
	policy_explain_decision(f, &d, decision);
	rule[0] = '\0';
	if (n > 0)
		policy_explain_match(&policy, n - 1, f, &matches[n - 1],
		    rule);
	policy_clear(&policy);
}

static char decision[POLICY_SENTENCE_MAX], rule[POLICY_SENTENCE_MAX];

#define MAY	"alice may log in to ws-1.acme.example for sudo by token: "
#define MAY_NOT	\
	"alice may not log in to ws-1.acme.example for sudo by token: "

static void
what_stands_in_the_way(void **state)
{
	static const struct {
		const char *text, *rhost, *says;
	} cases[] = {
		{ "allow user any", "", "it matches" },
		{ "allow user bob", "", "alice is not bob" },
		{ "allow user bob, carol", "", "alice is none of bob, carol" },
		{ "group g = bob\nallow group g", "",
		    "alice is not in group g" },
		{ "group g = bob\ngroup h = bob\nallow group g, h", "",
		    "alice is in none of the groups g, h" },
		{ "allow group n", "",
		    "it cannot be told whether alice is in group n" },
		{ "allow user any on x.y", "",
		    "the machine is ws-1.acme.example, not x.y" },
		{ "allow user any on x.y, *.z", "",
		    "the machine is ws-1.acme.example, none of x.y, *.z" },
		{ "allow user any for login", "",
		    "the service is sudo, not login" },
		{ "allow user any by relay, code", "",
		    "the method is token, not relay, code" },
		{ "allow user any from ::1", "", "the login is at the "
		    "machine itself, and so from no network" },
		{ "allow user any from ::1", "10.0.0.1",
		    "10.0.0.1 is in none of its networks" },
		{ "allow user any from ::1", "a.b", "\"a.b\" is not an "
		    "address, so it cannot be told which network it is in" },
		{ "allow user any within \"sat 00:00-01:00 Europe/Berlin\"",
		    "", "it is Tuesday 08:30 in Europe/Berlin, which is "
		    "outside its hours" },
	};
	struct policy_facts f = facts();
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.rhost = cases[i].rhost;
		snprintf(text, sizeof(text), "%s\n", cases[i].text);
		explain(text, &f, decision, rule);
		assert_string_equal(rule, cases[i].says);
	}
	f.rhost = "";
	f.now_s = 0;
	explain("allow user any within \"sat 00:00-01:00 UTC\"\n", &f,
	    decision, rule);
	assert_string_equal(rule, "it cannot be told what time it is");
	f.superuser = POLICY_YES;
	explain("allow user any\n", &f, decision, rule);
	assert_string_equal(rule, "alice is root, who is only allowed by a "
	    "rule that names it");
	f.superuser = POLICY_CANNOT_TELL;
	explain("allow user any\n", &f, decision, rule);
	assert_string_equal(rule, "it cannot be told whether alice has "
	    "root's uid, and the rule does not name it");
}

static void
decisions(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "\nallow user any\n", MAY "line 2 allows it" },
		{ "deny user any\n", MAY_NOT "line 1 denies it" },
		{ "deny user bob\n", MAY_NOT "no line allows it" },
		{ "deny group n\n", MAY_NOT "line 1 denies it, because it "
		    "cannot be told whether it applies" },
		{ "require eku 1.2.3\nallow user any\n", MAY_NOT "line 1 "
		    "requires an extended key usage that the certificate "
		    "does not have" },
		{ "require policy 1.2.3\nallow user any\n", MAY_NOT "line 1 "
		    "requires a policy that the certificate does not have" },
		{ "allow user any require key rsa 3072\n", MAY_NOT "line 1 "
		    "requires a longer key than the certificate's" },
		{ "allow user any require age max 2y\n", MAY_NOT "line 1 "
		    "requires a certificate that was issued less long ago" },
	};
	struct policy_facts f = facts();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		explain(cases[i].text, &f, decision, rule);
		assert_string_equal(decision, cases[i].says);
	}
	f.mapped_user = "bob";
	explain("allow user any\n", &f, decision, rule);
	assert_string_equal(decision, MAY_NOT
	    "the certificate is another user's");
	assert_string_equal(rule, "");
}

/* Every reason that there is has a sentence of its own. */
static void
every_reason(void **state)
{
	static char seen[POLICY_REASON_COUNT][POLICY_SENTENCE_MAX];
	struct policy_facts f = facts();

	(void)state;
	for (int i = POLICY_REASON_ALLOWED; i < POLICY_REASON_COUNT; i++) {
		struct policy_decision d = {
			.verdict = MTLS_VERDICT_DENY,
			.reason = (enum policy_reason)i, .line = 3
		};

		policy_explain_decision(&f, &d, seen[i]);
		assert_null(strstr(seen[i], "something is not known"));
		for (int k = POLICY_REASON_ALLOWED; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
}

/* Lists are cut, and say so. */
static void
long_lists(void **state)
{
	struct policy_facts f = facts();
	char text[2048] = "allow user ";

	(void)state;
	for (int i = 0; i < 100; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%suser-%03d", i == 0 ? "" : ", ", i);
	strcat(text, "\n");
	explain(text, &f, decision, rule);
	assert_non_null(strstr(rule, "alice is none of user-000, user-001, "));
	assert_non_null(strstr(rule, " and "));
	assert_string_equal(rule + strlen(rule) - 5, " more");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_in_the_way),
		cmocka_unit_test(decisions),
		cmocka_unit_test(every_reason),
		cmocka_unit_test(long_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

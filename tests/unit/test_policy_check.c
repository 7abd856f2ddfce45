/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines that do nothing, and lines that only look as if they did nothing.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "policy_check.h"
#include "policy_file.h"

#include "../lib/unit.h"

/* What was warned of: "line: sentence" each. */
static char said[2048];

static void
warn(void *arg, unsigned line, const char *sentence)
{
	size_t len = strlen(said);

	(void)arg;
	snprintf(said + len, sizeof(said) - len, "%u: %s\n", line, sentence);
}

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	(void)name;
	(void)err;
	*ret = 7;
	return MTLS_OK;
}

/* toor is another root, and nobody knows about ghost. */
static enum policy_answer
superuser(const char *user)
{
	if (strcmp(user, "root") == 0 || strcmp(user, "toor") == 0)
		return POLICY_YES;
	return strcmp(user, "ghost") == 0 ? POLICY_CANNOT_TELL : POLICY_NO;
}

static struct policy
read_policy(const char *text)
{
	struct policy policy;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (policy_file_parse("p", text, strlen(text), find_group, &policy,
	    &err) != MTLS_OK)
		fail_msg("%s", err.text);
	return policy;
}

static const char *
check(const char *text, const struct mtls_texts *issuers)
{
	const struct policy_check all = { superuser, issuers, warn, NULL };
	struct policy policy = read_policy(text);

	said[0] = '\0';
	policy_check(&policy, &all);
	policy_clear(&policy);
	return said;
}

#define GROUPS \
	"group g = alice, bob\ngroup h = alice\ngroup r = alice, toor\n" \
	"group o = alice, ghost\n"

/* Two rules: whether the first leaves nothing to the second. */
static void
covers(void **state)
{
	static const struct {
		const char *rules;
		int covered;
	} cases[] = {
		/* people */
		{ "deny user any\nallow user alice", 1 },
		{ "deny user any\nallow user root", 1 },
		{ "deny user any\nallow group n", 1 },
		{ "deny user alice\nallow user any", 0 },
		{ "deny user alice\nallow user alice", 1 },
		{ "deny user alice, bob\nallow user bob", 1 },
		{ "deny user alice\nallow user alice, bob", 0 },
		{ "deny user alice, bob\nallow group g", 1 },
		{ "deny user alice\nallow group g", 0 },
		{ "deny user alice\nallow group n", 0 },
		{ "deny group g\nallow user bob", 1 },
		{ "deny group g\nallow user carol", 0 },
		{ "deny group g\nallow user any", 0 },
		{ "deny group g\nallow group h", 1 },
		{ "deny group h\nallow group g", 0 },
		{ "deny group h, g\nallow group g, h", 1 },
		{ "deny group n\nallow group n", 1 },
		{ "deny group n\nallow group m", 0 },
		{ "deny group n\nallow group g", 0 },
		{ "deny group n\nallow user alice", 0 },
		{ "deny group g\nallow group n", 0 },
		{ "deny group n, g\nallow group h, n", 1 },
		/* root is left over by what does not name it */
		{ "allow user any\nallow user alice", 1 },
		{ "allow user any\nallow user root", 0 },
		{ "allow user any\nallow user alice, toor", 0 },
		{ "allow user any\nallow user ghost", 0 },
		{ "allow user any\nallow user any", 1 },
		{ "allow user any\nallow group n", 1 },
		{ "allow user any\nallow group r", 1 },
		{ "allow user any\ndeny user alice", 1 },
		{ "allow user any\ndeny user root", 0 },
		{ "allow user any\ndeny user any", 0 },
		{ "allow user any\ndeny group g", 1 },
		{ "allow user any\ndeny group r", 0 },
		{ "allow user any\ndeny group o", 0 },
		{ "allow user any\ndeny group n", 0 },
		{ "allow group g\nallow user alice", 1 },
		{ "allow group r\nallow user toor", 0 },
		{ "allow group r\nallow group r", 1 },
		{ "allow group n\nallow group n", 1 },
		{ "allow group n\ndeny group n", 0 },
		{ "allow group g\ndeny user alice", 1 },
		{ "allow user toor, alice\ndeny user toor", 1 },
		{ "allow user alice\nallow group h", 1 },
		/* codes that are minted */
		{ "allow user any\nallow user alice by mint", 0 },
		{ "allow user any by code, mint\ndeny user alice by mint", 1 },
		{ "allow user any\ndeny user alice\n"
		    "allow user bob by mint", 0 },
		/* agents */
		{ "allow user any\nallow user alice by agent", 0 },
		{ "allow user any by agent\ndeny user alice by agent", 1 },
		{ "allow user any\ndeny user alice\n"
		    "allow user bob by agent", 0 },
		/* places */
		{ "deny user any on x\nallow user any", 0 },
		{ "deny user any\nallow user any on x", 1 },
		{ "deny user any on x\nallow user any on X", 1 },
		{ "deny user any on x\nallow user any on x, y", 0 },
		{ "deny user any on *.b.c\nallow user any on a.b.c", 1 },
		{ "deny user any on *.b.c\nallow user any on b.c", 0 },
		{ "deny user any on *.c\nallow user any on *.b.c", 1 },
		{ "deny user any on *.b.c\nallow user any on *.c", 0 },
		{ "deny user any on *.b\nallow user any on ws-*.b", 1 },
		{ "deny user any on ws-*.b\nallow user any on *.b", 0 },
		{ "deny user any on ws-*.b\nallow user any on ws-1*.b", 1 },
		{ "deny user any on ws-1*.b\nallow user any on ws-*.b", 0 },
		{ "deny user any on *\nallow user any on *.b", 1 },
		{ "deny user any on *.b\nallow user any on *", 0 },
		{ "deny user any for s\nallow user any", 0 },
		{ "deny user any for s, t\nallow user any for t", 1 },
		{ "deny user any for t\nallow user any for s, t", 0 },
		{ "deny user any by token\nallow user any", 0 },
		{ "deny user any by token\nallow user any by token", 1 },
		{ "deny user any by token\nallow user any by token, code", 0 },
		{ "deny user any from 10.0.0.0/8\nallow user any", 0 },
		{ "deny user any\nallow user any from 10.0.0.0/8", 1 },
		{ "deny user any from 10.0.0.0/8\n"
		    "allow user any from 10.1.0.0/16, 10.0.0.1", 1 },
		{ "deny user any from 10.1.0.0/16\n"
		    "allow user any from 10.0.0.0/8", 0 },
		{ "deny user any from 10.0.0.0/16\n"
		    "allow user any from 10.0.0.0/8", 0 },
		{ "deny user any from 10.0.0.0/8\n"
		    "allow user any from 11.0.0.0/16", 0 },
		{ "deny user any from ::/0\nallow user any from 10.0.0.1", 0 },
		{ "deny user any within \"mon 07:00-09:00 UTC\"\n"
		    "allow user any", 0 },
		{ "deny user any within \"mon 07:00-09:00 UTC\"\n"
		    "allow user any within \"mon 08:00-09:00 UTC\"", 1 },
		{ "deny user any within \"mon 08:00-09:00 UTC\"\n"
		    "allow user any within \"mon 07:00-09:00 UTC\"", 0 },
		/* an allow rule that cannot tell lets a deny rule deny */
		{ "allow user alice from 10.0.0.0/8\n"
		    "deny user alice from 10.0.0.0/8", 0 },
		{ "allow user alice from 10.0.0.0/8\n"
		    "allow user alice from 10.0.0.0/8", 1 },
		{ "allow user alice within \"mon 07:00-09:00 UTC\"\n"
		    "deny user alice within \"mon 07:00-09:00 UTC\"", 0 },
		/* what is required decides, and does not pass on */
		{ "allow user alice require key ec 384\nallow user alice", 1 },
	};
	const struct policy_check c = { superuser, NULL, warn, NULL };
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy p;

		snprintf(text, sizeof(text), "%s%s\n", GROUPS,
		    cases[i].rules);
		p = read_policy(text);
		assert_true(p.n_rules >= 2);
		if (policy_check_covers(&p, &c, &p.rules[0], &p.rules[1]) !=
		    cases[i].covered)
			fail_msg("%s", cases[i].rules);
		policy_clear(&p);
	}
}

static void
shadowed_rules(void **state)
{
	(void)state;
	assert_string_equal(check("allow user alice\ndeny user any for s\n"
	    "allow user bob on x for s\nallow user bob\nallow user alice\n",
	    NULL),
	    "3: this rule never decides: line 2, \"deny user any for s\", "
	    "matches first whenever it could\n"
	    "5: this rule never decides: line 1, \"allow user alice\", "
	    "matches first whenever it could\n");
	assert_string_equal(check("allow user alice\nallow user bob\n", NULL),
	    "");
}

static void
unknown_issuers(void **state)
{
	static const char *const text =
	    "map issuer \"CN=A,O=B\" take cn\n"
	    "map issuer \"cn=A, O=C\" take cn\n"
	    "map bound\nallow user any\n";
	char name[] = "CN=A,O=B", *names[] = { name };
	const struct mtls_texts one = { 1, names }, none = { 0, NULL };

	(void)state;
	assert_string_equal(check(text, &one),
	    "2: no CA is called \"CN=A,O=C\"\n");
	assert_string_equal(check(text, &none),
	    "1: no CA is called \"CN=A,O=B\"\n"
	    "2: no CA is called \"CN=A,O=C\"\n");
	assert_string_equal(check(text, NULL), "");
}

static void
one_certificate_for_two(void **state)
{
	static const char *const key =
	    "0102030405060708091011121314151617181920";
	char text[1024];

	(void)state;
	assert_string_equal(check("map issuer \"CN=A\" serial 0b user a\n"
	    "map issuer \"CN=A\" serial 0a user a\n"
	    "map issuer \"CN=B\" serial 0a user b\n"
	    "map issuer \"CN=A\" serial 0a user b\nallow user any\n", NULL),
	    "4: line 2 gives this certificate to another user, so it is "
	    "nobody's\n");
	snprintf(text, sizeof(text), "map issuer \"CN=A\" key-id %s user a\n"
	    "map issuer \"CN=A\" serial %s user b\n"
	    "map issuer \"CN=A\" key-id %s user a\nallow user any\n", key,
	    key, key);
	assert_string_equal(check(text, NULL), "");
}

static void
groups_and_services(void **state)
{
	(void)state;
	assert_string_equal(check("group unused = a\ngroup wheel = root\n"
	    "group both = root, a\n"
	    "allow group wheel, both for sudo, Login, loGin2\n"
	    "deny group wheel for login\n", NULL),
	    "1: no rule speaks of group \"unused\"\n"
	    "4: no service is called \"Login\": PAM services are in lower "
	    "case\n"
	    "4: no service is called \"loGin2\": PAM services are in lower "
	    "case\n"
	    "4: group \"wheel\" is root alone, and root is only allowed by "
	    "\"user root\"\n");
	/* A user of the same name does not use the group. */
	assert_string_equal(check("group g = a\nallow user g\n", NULL),
	    "1: no rule speaks of group \"g\"\n");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(covers),
		cmocka_unit_test(shadowed_rules),
		cmocka_unit_test(unknown_issuers),
		cmocka_unit_test(one_certificate_for_two),
		cmocka_unit_test(groups_and_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

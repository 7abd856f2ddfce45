/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The grammar of a policy: what is read, and where an error is said to be.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy_file.h"
#include "scratch.h"

#include "../lib/unit.h"

static enum mtls_status
find_group(const char *name, gid_t *ret, struct mtls_err *err)
{
	if (strcmp(name, "staff") == 0) {
		*ret = 7;
		return MTLS_OK;
	}
	if (strcmp(name, "unsure") == 0)
		return mtls_fail(err, MTLS_E_SYSTEM, "name service is away");
	return mtls_fail(err, MTLS_E_NOT_FOUND, "there is no group \"%s\"",
	    name);
}

static enum mtls_status
parse(const char *text, size_t len, struct policy *ret, struct mtls_err *err)
{
	mtls_err_clear(err);
	return policy_file_parse("p", text, len, find_group, ret, err);
}

static void
everything_is_read(void **state)
{
	static const char text[] =
	    "# which certificate is which user\n"
	    "map issuer \"cn=Acme Staff CA, O=Acme\" take san:upn realm "
	    "acme.example\n"
	    "map issuer \"CN=b\" take san:uri prefix \"https://id/#\"\t# x\n"
	    "map issuer \"CN=b\" take cn\n"
	    "map bound\n"
	    "\n"
	    "group admins = alice, bob\n"
	    "deny  user root, toor\n"
	    "allow group admins, staff on ws-*.x, *.y for sudo, gdm-password "
	    "by token, relay from 10.0.0.0/8, ::1\n"
	    "\tallow user any\n"
	    "deny user a, # first\n"
	    "\n"
	    "          b\n"
	    "allow user c";
	struct policy p;
	struct mtls_err err;

	(void)state;
	if (parse(text, strlen(text), &p, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(p.n_maps, 4);
	assert_string_equal(p.maps[0].issuer, "CN=Acme Staff CA,O=Acme");
	assert_int_equal(p.maps[0].take, POLICY_TAKE_UPN);
	assert_string_equal(p.maps[0].tail, "@acme.example");
	assert_int_equal(p.maps[0].line, 2);
	assert_string_equal(p.maps[1].head, "https://id/#");
	assert_null(p.maps[1].tail);
	assert_int_equal(p.maps[2].take, POLICY_TAKE_CN);
	assert_null(p.maps[3].issuer);
	assert_int_equal(p.n_groups, 2);
	assert_int_equal(p.groups[0].members.n, 2);
	assert_int_equal(p.groups[1].gid, 7);
	assert_int_equal(p.n_rules, 5);
	assert_int_equal(p.rules[0].effect, POLICY_DENY);
	assert_true(p.rules[0].hosts.any && p.rules[0].services.any &&
	    p.rules[0].from_any);
	assert_int_equal(p.rules[1].line, 9);
	assert_int_equal(p.rules[1].groups[0], 0);
	assert_int_equal(p.rules[1].groups[1], 1);
	assert_false(p.rules[1].hosts.any || p.rules[1].services.any ||
	    p.rules[1].from_any);
	assert_int_equal(p.rules[1].n_networks, 2);
	assert_int_equal(p.rules[1].methods,
	    POLICY_METHOD_TOKEN | POLICY_METHOD_RELAY);
	assert_true(p.rules[2].who.any);
	assert_int_equal(p.rules[3].who.n, 2);
	assert_int_equal(p.rules[4].line, 14);
	policy_clear(&p);
}

static void
errors_say_where(void **state)
{
	static const struct {
		const char *text, *where;
	} cases[] = {
		{ "", "p: no allow" },
		{ "# nothing\n", "p: no allow" },
		{ "map bound\n", "p: no allow" },
		{ "permit user any\n", "p:1:1: " },
		{ "Allow user any\n", "p:1:1: " },
		{ "\n  allow any\n", "p:2:9: " },
		{ "allow\n", "p:1:6: " },
		{ "allow user\n", "p:1:11: " },
		{ "allow user any,\n", "p:1:15: " },
		{ "allow user any, alice\n", "p:1:15: " },
		{ "allow user alice,\n", "p:2:1: " },
		{ "allow user alice,\ndeny user any\n", "p:2:6: " },
		{ "allow user alice, any\n", "p:1:19: " },
		{ "allow user alice bob\n", "p:1:18: " },
		{ "allow user alice,,bob\n", "p:1:18: " },
		{ "allow user -f\n", "p:1:12: " },
		{ "allow user a*\n", "p:1:12: " },
		{ "allow user \"alice\"\n", "p:1:12: " },
		{ "allow group any\n", "p:1:13: " },
		{ "allow group nobodies\n", "p:1:1: there is no group" },
		{ "allow user any\nallow group unsure\n", "p:2:1: " },
		{ "allow user any on\n", "p:1:18: " },
		{ "allow user any on a..b\n", "p:1:19: " },
		{ "allow user any on 10.0.0.1\n", "p:1:19: " },
		{ "allow user any for a/b\n", "p:1:20: " },
		{ "allow user any by password\n", "p:1:19: " },
		{ "allow user any by token on x\n", "p:1:25: " },
		{ "allow user any on x on y\n", "p:1:21: " },
		{ "allow user any from x\n", "p:1:21: " },
		{ "allow user any from 10.0.0.1/8\n", "p:1:21: " },
		{ "allow user any within \"mon\"\n", "p:1:16: " },
		{ "allow user any = x\n", "p:1:16: " },
		{ "group = a\n", "p:1:7: " },
		{ "group a\n", "p:1:8: " },
		{ "group a =\n", "p:1:10: " },
		{ "group a = any\n", "p:1:11: " },
		{ "group a = b\ngroup a = c\n", "p:2:7: " },
		{ "group any = b\n", "p:1:7: " },
		{ "map\n", "p:1:4: " },
		{ "map bound x\n", "p:1:11: " },
		{ "map bound\nmap bound\n", "p:2:5: " },
		{ "map any take cn\n", "p:1:5: " },
		{ "map issuer take cn\n", "p:1:12: " },
		{ "map issuer CN=x take cn\n", "p:1:12: " },
		{ "map issuer \"\" take cn\n", "p:1:12: " },
		{ "map issuer \"x\" take cn\n", "p:1:12: " },
		{ "map issuer \"CN=x\" cn\n", "p:1:19: " },
		{ "map issuer \"CN=x\" take\n", "p:1:23: " },
		{ "map issuer \"CN=x\" take san:dns\n", "p:1:24: " },
		{ "map issuer \"CN=x\" take san:upn\n", "p:1:31: " },
		{ "map issuer \"CN=x\" take san:upn realm\n", "p:1:37: " },
		{ "map issuer \"CN=x\" take san:upn realm *\n", "p:1:38: " },
		{ "map issuer \"CN=x\" take san:uri prefix\n", "p:1:38: " },
		{ "map issuer \"CN=x\" take san:uri prefix \"\"\n",
		    "p:1:39: " },
		{ "map issuer \"CN=x\" take cn realm x\n", "p:1:27: " },
		{ "map issuer \"CN=x\n", "p:1:12: " },
		{ "allow user any\r\n", "p:1:15: a carriage return" },
		{ "allow user any\n\x1b[2J\n", "p:2:1: a character" },
		{ "allow user any # \xe2\x80\xae\n", "p:1:1: a character" },
		{ "allow user \xff\n", "p:1:1: a character" },
	};
	struct policy p;
	struct mtls_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i].text, strlen(cases[i].text), &p, &err) !=
		    (strstr(cases[i].text, "unsure") == NULL ?
		    MTLS_E_CONFIG : MTLS_E_SYSTEM))
			fail_msg("%s", cases[i].text);
		if (strncmp(err.text, cases[i].where,
		    strlen(cases[i].where)) != 0)
			fail_msg("%s is not %s", err.text, cases[i].where);
	}
}

static void
T080_nul_inside(void **state)
{
	static const char text[] = "allow user alice\0, any\n";
	struct policy p;
	struct mtls_err err;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &p, &err),
	    MTLS_E_CONFIG);
}

static void
a_word_without_end(void **state)
{
	struct policy p;
	struct mtls_err err;
	size_t len = 100000;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text, "allow user ", 11);
	assert_int_equal(parse(text, len, &p, &err), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "p:1:12: "));
	free(text);
}

/* Cut anywhere: read or refused, never more than what is there. */
static void
every_truncation(void **state)
{
	static const char text[] =
	    "map issuer \"CN=x\" take san:email realm x.y\n"
	    "group g = a, b\n"
	    "allow group g on *.x for s by token from 10.0.0.0/8\n";
	struct policy p;
	struct mtls_err err;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = malloc(len + 1);

		/* Exactly as large, so that a tool sees a byte too many. */
		assert_non_null(copy);
		memcpy(copy, text, len);
		if (parse(copy, len, &p, &err) == MTLS_OK)
			policy_clear(&p);
		free(copy);
	}
}

static void
T080_files_that_are_refused(void **state)
{
	struct policy p;
	struct mtls_err err;
	const char *path = scratch_text("policy", "allow user any\n");
	enum mtls_status status;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(policy_file_read(path, find_group, &p, &err),
	    MTLS_OK);
	policy_clear(&p);
	for (unsigned i = 0; i < 3; i++) {
		static const mode_t modes[] = { 0666, 0662, 0664 };

		assert_int_equal(chmod(path, modes[i]), 0);
		status = policy_file_read(path, find_group, &p, &err);
		assert_int_equal(status, MTLS_E_CONFIG);
		mtls_err_clear(&err);
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(symlink(path, scratch_path("link")), 0);
	status = policy_file_read(scratch_path("link"), find_group, &p, &err);
	assert_int_not_equal(status, MTLS_OK);
	assert_int_equal(mkfifo(scratch_path("fifo"), 0644), 0);
	mtls_err_clear(&err);
	status = policy_file_read(scratch_path("fifo"), find_group, &p, &err);
	assert_int_not_equal(status, MTLS_OK);
	mtls_err_clear(&err);
	status = policy_file_read(scratch_path("none"), find_group, &p, &err);
	assert_int_not_equal(status, MTLS_OK);
}

static void
T080_a_policy_that_is_too_large(void **state)
{
	struct policy p;
	struct mtls_err err;
	size_t len = POLICY_FILE_MAX + 1;
	char *text = malloc(len);
	enum mtls_status status;

	(void)state;
	assert_non_null(text);
	mtls_err_clear(&err);
	memset(text, '\n', len);
	memcpy(text, "allow user any", 14);
	scratch_file("large", text, len, 0644);
	status = policy_file_read(scratch_path("large"), find_group, &p,
	    &err);
	assert_int_equal(status, MTLS_E_CONFIG);
	free(text);
}

static int
set_up(void **state)
{
	(void)state;
	return scratch_begin();
}

static int
tear_down(void **state)
{
	(void)state;
	return scratch_end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(errors_say_where),
		cmocka_unit_test(T080_nul_inside),
		cmocka_unit_test(a_word_without_end),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(T080_files_that_are_refused),
		cmocka_unit_test(T080_a_policy_that_is_too_large),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

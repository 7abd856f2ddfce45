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
		{ "allow user alice for login on ws-1\n",
		    "p:1:28: expected the end of the line, or a part of a "
		    "rule in the order on, for, by, from, within, network, "
		    "require" },
		{ "allow user alice by code network sometimes\n",
		    "p:1:34: expected require, warn or off" },
		{ "allow user alice by token network off\n",
		    "p:1:35: the network is looked at for" },
		{ "deny user alice network off\n", "p:1:17: " },
		{ "deny user alice require key rsa 2048\n",
		    "p:1:17: expected the end of the line, or a part of a "
		    "rule in the order on, for, by, from, within, not" },
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
		{ "allow user any within mon\n", "p:1:23: " },
		{ "allow user any within \"mon\"\n", "p:1:27: " },
		{ "allow user any within \"mon 07:00-08:00 Mars/Base\"\n",
		    "p:1:23: time zone \"Mars/Base\"" },
		{ "allow user any within \"mon 07:00-08:00\"\n",
		    "p:1:39: " },
		{ "allow user any within \"mon 07:00-08:00 UTC\" from ::1\n",
		    "p:1:45: " },
		{ "allow user any require\n", "p:1:23: " },
		{ "allow user any require cn\n", "p:1:24: " },
		{ "allow user any require eku\n", "p:1:27: " },
		{ "allow user any require eku serverAuth\n", "p:1:28: " },
		{ "allow user any require eku \"1.2\"\n", "p:1:28: " },
		{ "allow user any require eku 1\n", "p:1:28: " },
		{ "allow user any require eku 3.1\n", "p:1:28: " },
		{ "allow user any require eku 12.1\n", "p:1:28: " },
		{ "allow user any require eku 1.02\n", "p:1:28: " },
		{ "allow user any require eku 1..2\n", "p:1:28: " },
		{ "allow user any require eku 1.2.\n", "p:1:28: " },
		{ "allow user any require eku 1.2.x\n", "p:1:28: " },
		{ "allow user any require eku 1.2x\n", "p:1:28: " },
		{ "allow user any require policy smartcardLogon\n",
		    "p:1:31: " },
		{ "allow user any require key\n", "p:1:27: " },
		{ "allow user any require key dsa 2048\n", "p:1:28: " },
		{ "allow user any require key rsa\n", "p:1:31: " },
		{ "allow user any require key rsa 2047\n", "p:1:32: " },
		{ "allow user any require key rsa 16385\n", "p:1:32: " },
		{ "allow user any require key rsa 03072\n", "p:1:32: " },
		{ "allow user any require key rsa 3072x\n", "p:1:32: " },
		{ "allow user any require key ec 255\n", "p:1:31: " },
		{ "allow user any require key ec 522\n", "p:1:31: " },
		{ "allow user any require age 2y\n", "p:1:28: " },
		{ "allow user any require age max\n", "p:1:31: " },
		{ "allow user any require age max 2\n", "p:1:32: " },
		{ "allow user any require age max 0d\n", "p:1:32: " },
		{ "allow user any require age max 2m\n", "p:1:32: " },
		{ "allow user any require age max 2yy\n", "p:1:32: " },
		{ "allow user any require age max y\n", "p:1:32: " },
		{ "allow user any require age max 20000d\n", "p:1:32: " },
		{ "allow user any require key ec 256,\n", "p:2:1: " },
		{ "deny user any require key ec 256\n", "p:1:15: " },
		{ "require\n", "p:1:8: " },
		{ "require key\n", "p:1:12: " },
		{ "require key ec 256 x\n", "p:1:20: " },
		{ "warn\n", "p:1:5: " },
		{ "warn 0 days before expiry\n", "p:1:6: " },
		{ "warn 3651 days before expiry\n", "p:1:6: " },
		{ "warn 1234567 days before expiry\n", "p:1:6: " },
		{ "warn -1 days before expiry\n", "p:1:6: " },
		{ "warn 14\n", "p:1:8: " },
		{ "warn 14 weeks before expiry\n", "p:1:9: " },
		{ "warn 14 days after expiry\n", "p:1:14: " },
		{ "warn 14 days before revocation\n", "p:1:21: " },
		{ "warn 14 days before expiry\nwarn 7 days before expiry\n",
		    "p:2:6: " },
		{ "allow user any = x\n", "p:1:16: " },
		{ "allow user any \\ on x\n", "p:1:16: a backslash" },
		{ "allow user a\\b\n", "p:1:13: a backslash" },
		{ "allow user any \\", "p:1:16: a backslash" },
		{ "allow user any \\\n  in x\n", "p:2:3: " },
		{ "allow user any \\\n\\\n\x1b\n", "p:3:1: a character" },
		{ "allow user any # \\\non x\n", "p:2:1: " },
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
		{ "map issuer \"CN=x\" take cn x\n", "p:1:27: " },
		{ "map issuer \"CN=x\" take cn realm x_y\n", "p:1:33: " },
		{ "map issuer \"CN=x\" take cn realm x.y prefix \"z\"\n",
		    "p:1:37: " },
		{ "map issuer \"CN=x\" take uid prefix z\n", "p:1:35: " },
		{ "map issuer \"CN=x\" take cn and\n", "p:1:30: " },
		{ "map issuer \"CN=x\" take cn and bind\n", "p:1:31: " },
		{ "map issuer \"CN=x\" take cn bound\n", "p:1:27: " },
		{ "map bound and bound\n", "p:1:11: " },
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

/*
 * T-052: what is cut, in capitals or written otherwise than it is compared
 * is a mistake in the file, and never a match.
 */
static void
T052_numbers_that_are_not_whole(void **state)
{
	static const char *const bad[] = {
		"serial 0A user a", "serial 0a:0b user a", "serial 0x0a user a",
		"serial a user a", "serial abc user a", "serial user a",
		"serial 00ab user a", "serial 00 user a", "serial -1 user a",
		"serial 010203040506070809101112131415161718192021 user a",
		"serial \"0a\" user a", "serial 0g user a",
		"serial 0a", "serial 0a user", "serial 0a user any",
		"serial 0a user -f", "serial 0a user \"a\"",
		"serial 0a user a b", "serial 0a user a, b",
		"serial 0a, 0b user a", "serial 0a bob", "serial 0a group a",
		"serial 0a user a and bound",
		"key-id 0102030405060708091011121314151617181920 user any",
		"key-id 01020304050607080910111213141516171819 user a",
		"key-id 010203040506070809101112131415161718192 user a",
		"key-id 010203040506070809101112131415161718192021 user a",
		"key-id 0102030405060708091011121314151617181A20 user a",
		("key-id 01:02:03:04:05:06:07:08:09:10:11:12:13:14:15:16:17:18"
		    ":19:20 user a"),
		"key-id user a", "key-id * user a",
		"sha256 01 user a", "Serial 0a user a",
	};
	static const char *const good[] = {
		"serial 0a user a", "serial ab00 user any.body",
		"serial 0102030405060708091011121314151617181920 user a",
		"key-id 0102030405060708091011121314151617181920 user a",
		"key-id 000000000000000000000000000000000000000a user a",
	};
	struct policy p;
	struct mtls_err err;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text),
		    "map issuer \"CN=x\" %s\nallow user any\n", bad[i]);
		if (parse(text, strlen(text), &p, &err) != MTLS_E_CONFIG ||
		    strncmp(err.text, "p:1:", 4) != 0)
			fail_msg("%s: %s", bad[i], err.text);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text),
		    "map issuer \"CN=x\" %s\nallow user any\n", good[i]);
		if (parse(text, strlen(text), &p, &err) != MTLS_OK)
			fail_msg("%s: %s", good[i], err.text);
		policy_clear(&p);
	}
}

static void
requirements_are_read(void **state)
{
	static const char text[] =
	    "require eku smartcardLogon, policy 1.3.6.1.4.1.99999.1\n"
	    "warn 14 days before expiry\n"
	    "require key rsa 3072, # and\n"
	    "    key ec 384\n"
	    "allow user any within \"mon 07:00-08:00 Europe/Berlin\" "
	    "require age max 2y, eku 1.2.3  # x\n"
	    "allow user any within \"tue 07:00-08:00 Europe/Berlin\" "
	    "require age max 8w\n"
	    "allow user any within \"tue 07:00-08:00 UTC\"\n";
	const struct policy_requirement *r;
	struct policy p;
	struct mtls_err err;

	(void)state;
	if (parse(text, strlen(text), &p, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(p.warn_days, 14);
	assert_int_equal(p.require.n, 4);
	r = p.require.of;
	assert_int_equal(r[0].what, POLICY_REQUIRE_EKU);
	assert_string_equal(r[0].oid, "1.3.6.1.4.1.311.20.2.2");
	assert_int_equal(r[1].what, POLICY_REQUIRE_POLICY);
	assert_string_equal(r[1].oid, "1.3.6.1.4.1.99999.1");
	assert_int_equal(r[2].key, POLICY_KEY_RSA);
	assert_int_equal(r[2].bits, 3072);
	assert_int_equal(r[2].line, 3);
	assert_int_equal(r[3].key, POLICY_KEY_EC);
	assert_int_equal(r[3].bits, 384);
	assert_int_equal(r[3].line, 4);
	r = p.rules[0].require.of;
	assert_int_equal(p.rules[0].require.n, 2);
	assert_int_equal(r[0].what, POLICY_REQUIRE_AGE);
	assert_int_equal(r[0].age_s, 2 * 365 * 86400);
	assert_string_equal(r[1].oid, "1.2.3");
	assert_int_equal(p.rules[1].require.of[0].age_s, 8 * 7 * 86400);
	assert_int_equal(p.rules[2].require.n, 0);
	/* One zone for those who name the same. */
	assert_int_equal(p.n_zones, 2);
	assert_int_equal(p.rules[0].zone, p.rules[1].zone);
	assert_string_equal(zone_name0(p.zones[p.rules[2].zone]), "UTC");
	assert_string_equal(p.rules[0].text, "allow user any within "
	    "\"mon 07:00-08:00 Europe/Berlin\" require age max 2y, "
	    "eku 1.2.3");
	policy_clear(&p);
}

/* The least and the most of everything that has a range. */
static void
requirements_at_their_ends(void **state)
{
	static const char *const good[] = {
		"eku 2.5", "eku 0.0", "eku 1.2.0.3", "policy 2.16.840",
		"key rsa 2048", "key rsa 16384", "key ec 256", "key ec 521",
		"age max 1d", "age max 9999y", "age max 10w",
	};
	char text[256], oid[140];
	struct policy p;
	struct mtls_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "require %s\nallow user any\n",
		    good[i]);
		if (parse(text, strlen(text), &p, &err) != MTLS_OK)
			fail_msg("%s", err.text);
		policy_clear(&p);
	}
	memset(oid, '1', sizeof(oid));
	oid[1] = '.';
	oid[129] = '\0';
	snprintf(text, sizeof(text), "require eku %s\nallow user any\n", oid);
	assert_int_equal(parse(text, strlen(text), &p, &err), MTLS_E_CONFIG);
	oid[128] = '\0';
	snprintf(text, sizeof(text), "require eku %s\nallow user any\n", oid);
	assert_int_equal(parse(text, strlen(text), &p, &err), MTLS_OK);
	assert_string_equal(p.require.of[0].oid, oid);
	policy_clear(&p);
	for (unsigned days = 1; days <= 3650; days += 3649) {
		snprintf(text, sizeof(text), "warn %u days before expiry\n"
		    "allow user any\n", days);
		assert_int_equal(parse(text, strlen(text), &p, &err),
		    MTLS_OK);
		assert_int_equal(p.warn_days, days);
		policy_clear(&p);
	}
}

static void
a_rule_as_one_line(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "allow user any", "allow user any" },
		{ "  allow\tuser   a, # the first\n\n\tb # and\n",
		    "allow user a, b" },
		{ "allow user a, # x\n# y\n b", "allow user a, b" },
		{ "allow user a # x", "allow user a" },
		{ "allow user a \\\n\ton x\\\nfor s # y",
		    "allow user a on x for s" },
		{ "allow user a \\\n", "allow user a" },
		{ "allow user a within \"mon  07:00-08:00 UTC\" ",
		    "allow user a within \"mon  07:00-08:00 UTC\"" },
	};
	struct policy p;
	struct mtls_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i].text, strlen(cases[i].text), &p, &err) !=
		    MTLS_OK)
			fail_msg("%s", err.text);
		assert_string_equal(p.rules[0].text, cases[i].line);
		policy_clear(&p);
	}
}

static void
maps_are_read(void **state)
{
	static const char text[] =
	    "map issuer \"CN=b\" take cn realm x.y and bound\n"
	    "map issuer \"CN=b\" take serialNumber prefix \"P-\"\n"
	    "map issuer \"CN=b\" take san:upn realm x.y and bound\n"
	    "map issuer \"CN=b\" serial 0a1b user alice\n"
	    "map issuer \"CN=b\" key-id "
	    "0102030405060708091011121314151617181920 user bob\n"
	    "map bound\nallow user any\n";
	struct policy p;
	struct mtls_err err;

	(void)state;
	if (parse(text, strlen(text), &p, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_int_equal(p.n_maps, 6);
	assert_int_equal(p.maps[0].kind, POLICY_MAP_NAME);
	assert_string_equal(p.maps[0].tail, "@x.y");
	assert_true(p.maps[0].and_bound);
	assert_int_equal(p.maps[1].take, POLICY_TAKE_SERIAL_NUMBER);
	assert_string_equal(p.maps[1].head, "P-");
	assert_false(p.maps[1].and_bound);
	assert_true(p.maps[2].and_bound);
	assert_int_equal(p.maps[3].kind, POLICY_MAP_SERIAL);
	assert_string_equal(p.maps[3].id, "0a1b");
	assert_string_equal(p.maps[3].user, "alice");
	assert_int_equal(p.maps[4].kind, POLICY_MAP_KEY_ID);
	assert_string_equal(p.maps[4].user, "bob");
	assert_int_equal(p.maps[5].kind, POLICY_MAP_BOUND);
	policy_clear(&p);
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
	    "map issuer \"CN=x\" serial 0a user b\n"
	    "require key rsa 3072, age max 2y\nwarn 3 days before expiry\n"
	    "allow group g on *.x for s by token from 10.0.0.0/8 "
	    "within \"mon 07:00-08:00 UTC\" require eku 1.2.3 # x\n";
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
		cmocka_unit_test(T052_numbers_that_are_not_whole),
		cmocka_unit_test(requirements_are_read),
		cmocka_unit_test(requirements_at_their_ends),
		cmocka_unit_test(a_rule_as_one_line),
		cmocka_unit_test(maps_are_read),
		cmocka_unit_test(T080_nul_inside),
		cmocka_unit_test(a_word_without_end),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(T080_files_that_are_refused),
		cmocka_unit_test(T080_a_policy_that_is_too_large),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

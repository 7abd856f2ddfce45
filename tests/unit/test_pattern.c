/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Host patterns and distinguished names.
 */
#include "config.h"

#include <string.h>

#include "pattern.h"

#include "../lib/unit.h"

static void
hosts_match(void **state)
{
	static const struct {
		const char *pattern, *host;
		int matches;
	} cases[] = {
		{ "*", "ws-1.acme.example", 1 },
		{ "*", "x", 1 },
		{ "ws-1.acme.example", "ws-1.acme.example", 1 },
		{ "ws-1.acme.example", "WS-1.Acme.Example", 1 },
		{ "ws-1.acme.example", "ws-1.acme.example.org", 0 },
		{ "ws-1.acme.example", "xws-1.acme.example", 0 },
		{ "ws-*.acme.example", "ws-1.acme.example", 1 },
		{ "ws-*.acme.example", "ws-.acme.example", 1 },
		{ "ws-*.acme.example", "ws-1.evil.acme.example", 0 },
		{ "ws-*.acme.example", "ws-1.acme.example.evil.org", 0 },
		{ "ws-*.acme.example", "vpn.acme.example", 0 },
		{ "ws-*-b.acme.example", "ws-1-b-2-b.acme.example", 1 },
		{ "ws-*-b.acme.example", "ws-1-b-2.acme.example", 0 },
		{ "*a*b.x", "aab.x", 1 },
		{ "*a*b.x", "ba.x", 0 },
		{ "*.acme.example", "ws-1.acme.example", 1 },
		{ "*.acme.example", "a.b.acme.example", 1 },
		{ "*.acme.example", "acme.example", 0 },
		{ "*.acme.example", "evilacme.example", 0 },
		{ "*.acme.example", "ws-1.acme.example.org", 0 },
		{ "*.*.example", "a.b.example", 1 },
		{ "*.*.example", "a.example", 0 },
		{ "db.*.example", "db.acme.example", 1 },
		{ "db.*.example", "db.a.b.example", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (pattern_matches_host(cases[i].pattern, cases[i].host) !=
		    cases[i].matches)
			fail_msg("%s %s", cases[i].pattern, cases[i].host);
	}
}

static void
host_patterns(void **state)
{
	static const char *const good[] = {
		"*", "*.acme.example", "ws-*.acme.example", "ws-1", "a*b*c.x",
	};
	static const char *const bad[] = {
		"", ".", "*.", ".acme.example", "a..b", "**", "a**.x",
		"ws_1.acme.example!", "ws 1", "10.0.0.1", "ws-[12].x", "ws?.x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!pattern_is_host(good[i]))
			fail_msg("%s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pattern_is_host(bad[i]))
			fail_msg("%s", bad[i]);
	}
}

/* From the first letter to the last, and names as long as there are. */
static void
letters_and_lengths(void **state)
{
	char longest[256];

	(void)state;
	assert_true(pattern_matches_host("abcxyz.azAZ", "ABCXYZ.AZaz"));
	assert_false(pattern_matches_host("a@.x", "a`.x"));
	assert_false(pattern_matches_host("a[.x", "a{.x"));
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 50; i < 253; i += 50)
		longest[i] = '.';
	longest[253] = '\0';
	assert_true(pattern_is_host(longest));
	longest[252] = '*';
	assert_true(pattern_is_host(longest));
	longest[252] = longest[253] = 'a';
	longest[254] = '\0';
	assert_false(pattern_is_host(longest));
}

/* '*' must not cost more than the square of the length. */
static void
a_hostile_pattern_ends(void **state)
{
	char pattern[254], host[254];

	(void)state;
	for (size_t i = 0; i < 252; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[252] = '\0';
	memset(host, 'a', 252);
	strcpy(host + 252, "b");
	assert_int_equal(pattern_matches_host(pattern, host), 0);
}

static void
names_normalised(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "CN=Acme Users CA,O=Acme", "CN=Acme Users CA,O=Acme" },
		{ "cn=Acme Users CA, o = Acme ", "CN=Acme Users CA,O=Acme" },
		{ "CN=a\\, b,O=c", "CN=a\\, b,O=c" },
		{ "CN=a\\ ,O=c", "CN=a\\ ,O=c" },
		{ "CN=a+OU=b,O=c", "CN=a+OU=b,O=c" },
		{ "2.5.4.3=a", "2.5.4.3=a" },
		{ "CN=a=b", "CN=a=b" },
		{ "az=a,AZ=b,0.9=c", "AZ=a,AZ=b,0.9=c" },
	};
	static const char *const bad[] = {
		"", " ", "CN", "CN=", "=a", "CN=a,", ",CN=a", "CN=a,,O=b",
		"CN=a\\", "C N=a", "CN=a,O", "/CN=a", "CN=a;O",
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(pattern_normalise_dn(out, sizeof(out),
		    cases[i].in), 0);
		assert_string_equal(out, cases[i].out);
	}
	for (size_t i = 0; i + 1 < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pattern_normalise_dn(out, sizeof(out), bad[i]) == 0)
			fail_msg("%s", bad[i]);
		assert_string_equal(out, "");
	}
	assert_int_equal(pattern_normalise_dn(out, 5, "CN=ab"), -1);
	assert_int_equal(pattern_normalise_dn(out, 6, "CN=ab"), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_match),
		cmocka_unit_test(host_patterns),
		cmocka_unit_test(letters_and_lengths),
		cmocka_unit_test(a_hostile_pattern_ends),
		cmocka_unit_test(names_normalised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

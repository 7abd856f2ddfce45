/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Settings: each kind at its limits and one past them.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/conf.h"

#include "../lib/unit.h"

struct settings {
	char *name;
	char *file;
	uint32_t count;
	uint32_t any;
	uint32_t wait_s;
	enum mtls_yesno debug;
	int colour;
	struct mtls_conf_list hosts;
	struct mtls_conf_rate rate;
	char *other;
};

static const char *const colours[] = { "red", "green", NULL };

#define AT(member) offsetof(struct settings, member)

static const struct mtls_conf_option table[] = {
	{ "a", "name", AT(name), MTLS_CONF_TEXT, NULL, 2, 5,
	    MTLS_CONF_REQUIRED, NULL, "" },
	{ "a", "file", AT(file), MTLS_CONF_PATH, "/etc/x", 0, 20, 0, NULL,
	    "" },
	{ "a", "count", AT(count), MTLS_CONF_NUMBER, "7", 3, 100, 0, NULL,
	    "" },
	{ "a", "any", AT(any), MTLS_CONF_NUMBER, NULL, 0, UINT32_MAX, 0,
	    NULL, "" },
	{ "a", "wait", AT(wait_s), MTLS_CONF_SECONDS, "2m", 10, 86400, 0,
	    NULL, "" },
	{ "a", "debug", AT(debug), MTLS_CONF_YESNO, "no", 0, 0, 0, NULL,
	    "" },
	{ "a", "colour", AT(colour), MTLS_CONF_CHOICE, "green", 0, 0, 0,
	    colours, "" },
	{ "a", "rate", AT(rate), MTLS_CONF_RATE, "3/1m", 2, 1000, 0, NULL,
	    "" },
	{ "b", "hosts", AT(hosts), MTLS_CONF_LIST, NULL, 1, 3, 0, NULL, "" },
	{ "b", "name", AT(other), MTLS_CONF_TEXT, "dflt", 0, 9,
	    MTLS_CONF_REQUIRED, NULL, "" },
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

static struct settings s;
static struct mtls_conf_seen seen;
static struct mtls_err err;

static int
set_up(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&seen, 0, sizeof(seen));
	mtls_err_clear(&err);
	return mtls_conf_init(table, NULL, &s, &err) == MTLS_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const struct settings empty;

	(void)state;
	mtls_conf_done(table, NULL, &s);
	return memcmp(&s, &empty, sizeof(s)) == 0 ? 0 : -1;
}

/* Sets one value, whether it was seen before or not. */
static enum mtls_status
set(const char *section, const char *name, const char *value)
{
	seen.bits = 0;
	mtls_err_clear(&err);
	return mtls_conf_set(table, &s, &seen, section, name, value, &err);
}

static void
good(const char *name, const char *value)
{
	if (set("a", name, value) != MTLS_OK)
		fail_msg("%s", err.text);
}

static void
bad(const char *name, const char *value)
{
	const struct settings before = s;

	assert_int_equal(set("a", name, value), MTLS_E_CONFIG);
	assert_true(strlen(err.text) > 0);
	assert_int_equal(seen.bits, 0);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void
defaults_are_as_written(void **state)
{
	(void)state;
	assert_null(s.name);
	assert_string_equal(s.file, "/etc/x");
	assert_int_equal(s.count, 7);
	assert_int_equal(s.wait_s, 120);
	assert_int_equal(s.debug, MTLS_NO);
	assert_int_equal(s.colour, 1);
	assert_int_equal(s.hosts.n, 0);
	assert_string_equal(s.other, "dflt");
}

static void
one_section_alone(void **state)
{
	struct settings only;

	(void)state;
	memset(&only, 0, sizeof(only));
	assert_int_equal(mtls_conf_init(table, "b", &only, NULL), MTLS_OK);
	assert_null(only.file);
	assert_string_equal(only.other, "dflt");
	mtls_conf_done(table, "b", &only);
	assert_null(only.other);
}

static void
a_default_outside_its_range_is_noticed(void **state)
{
	static const struct mtls_conf_option broken[] = {
		{ "a", "count", AT(count), MTLS_CONF_NUMBER, "2", 3, 100, 0,
		    NULL, "" },
		{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
	};

	(void)state;
	assert_int_equal(mtls_conf_init(broken, NULL, &s, &err),
	    MTLS_E_CONFIG);
	assert_string_equal(err.text,
	    "default: count = \"2\": must be 3 to 100");
}

static void
texts(void **state)
{
	(void)state;
	bad("name", "");
	bad("name", "a");
	good("name", "ab");
	good("name", "abcde");
	assert_string_equal(s.name, "abcde");
	bad("name", "abcdef");
	bad("name", "a\x1b" "b");
	bad("name", "a\nb");
	bad("name", "a\xff");
	good("name", "a\xc3\xa4\\");
	assert_string_equal(s.name, "a\xc3\xa4\\");
}

static void
paths(void **state)
{
	static const char *const wrong[] = {
		"", "x", "./x", "../x", "/a/../b", "/a/./b", "/a/..", "/..",
		"/.", "/a\n", "/123456789012345678901", "~/x",
	};
	char *longest = malloc(PATH_MAX + 1);
	struct mtls_conf_option any_length = table[1];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad("file", wrong[i]);
	good("file", "/");
	good("file", "/a/b/");
	good("file", "/a//b");
	good("file", "/a/..b/...");
	good("file", "/1234567890123456789");
	assert_string_equal(s.file, "/1234567890123456789");

	/* max 0: as long as the kernel takes. */
	struct mtls_conf_option two[2] = { any_length, table[9] };

	two[0].max = 0;
	assert_non_null(longest);
	memset(longest, 'a', PATH_MAX);
	longest[0] = '/';
	longest[PATH_MAX] = '\0';
	seen.bits = 0;
	assert_int_equal(mtls_conf_set(two, &s, &seen, "a", "file", longest,
	    NULL), MTLS_E_CONFIG);
	longest[PATH_MAX - 1] = '\0';
	assert_int_equal(mtls_conf_set(two, &s, &seen, "a", "file", longest,
	    NULL), MTLS_OK);
	free(longest);
}

static void
numbers(void **state)
{
	static const char *const wrong[] = {
		"", "2", "101", "-3", "+3", "3 ", " 3", "0x10", "03", "3.0",
		"1e1", "three", "3\n", "4294967299", "18446744073709551619",
		"99999999999999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad("count", wrong[i]);
	good("count", "3");
	assert_int_equal(s.count, 3);
	good("count", "100");
	assert_int_equal(s.count, 100);
	good("any", "0");
	assert_int_equal(s.any, 0);
	good("any", "4294967295");
	assert_int_equal(s.any, UINT32_MAX);
	bad("any", "4294967296");
	bad("any", "00");
}

static void
times(void **state)
{
	static const char *const wrong[] = {
		"", "9", "9s", "86401", "2d", "25h", "1441m", "10 s", "10S",
		"10ms", "s", "1w", "-10", "1m30s", "010", "4294967295d",
		"49711d",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad("wait", wrong[i]);
	good("wait", "10");
	assert_int_equal(s.wait_s, 10);
	good("wait", "90s");
	assert_int_equal(s.wait_s, 90);
	good("wait", "2m");
	assert_int_equal(s.wait_s, 120);
	good("wait", "3h");
	assert_int_equal(s.wait_s, 3 * 3600);
	good("wait", "1d");
	assert_int_equal(s.wait_s, 86400);
}

static void
T083_debug_is_yes_or_no_and_names_no_file(void **state)
{
	(void)state;
	bad("debug", "");
	bad("debug", "/tmp/log");
	bad("debug", "Yes");
	bad("debug", "true");
	bad("debug", "1");
	bad("debug", "yes ");
	good("debug", "yes");
	assert_int_equal(s.debug, MTLS_YES);
	good("debug", "no");
	assert_int_equal(s.debug, MTLS_NO);
}

static void
choices(void **state)
{
	(void)state;
	bad("colour", "");
	bad("colour", "blue");
	bad("colour", "Red");
	bad("colour", "re");
	bad("colour", "0");
	good("colour", "red");
	assert_int_equal(s.colour, 0);
	good("colour", "green");
	assert_int_equal(s.colour, 1);
}

static void
lists(void **state)
{
	static const char *const wrong[] = {
		"", " ", ",", "a,", ",a", "a,,b", "a, ,b", "a b c d",
		"a,b,c,d", "a\nb", "a,\x1b", " , ",
	};
	static const char *const same[] = {
		"a,b,c", "a, b, c", "a b c", " a ,b , c ", "a\tb,\tc",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(set("b", "hosts", wrong[i]), MTLS_E_CONFIG);
	assert_int_equal(s.hosts.n, 0);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(set("b", "hosts", same[i]), MTLS_OK);
		assert_int_equal(s.hosts.n, 3);
		assert_string_equal(s.hosts.words[0], "a");
		assert_string_equal(s.hosts.words[1], "b");
		assert_string_equal(s.hosts.words[2], "c");
	}
	assert_int_equal(set("b", "hosts", "[::1]:7443"), MTLS_OK);
	assert_int_equal(s.hosts.n, 1);
	assert_string_equal(s.hosts.words[0], "[::1]:7443");
	/* What was there stays. */
	assert_int_equal(set("b", "hosts", "x,"), MTLS_E_CONFIG);
	assert_int_equal(s.hosts.n, 1);
}

static void
T080_unknown_and_duplicate_keys(void **state)
{
	(void)state;
	assert_int_equal(set("a", "nme", "ab"), MTLS_E_CONFIG);
	assert_string_equal(err.text, "unknown setting \"nme\" in [a]");
	assert_int_equal(set("c", "name", "ab"), MTLS_E_CONFIG);
	assert_int_equal(set("", "name", "ab"), MTLS_E_CONFIG);
	assert_string_equal(err.text, "unknown argument \"name\"");
	assert_int_equal(set("a", "hosts", "ab"), MTLS_E_CONFIG);
	assert_int_equal(set("a", "", "ab"), MTLS_E_CONFIG);

	assert_int_equal(set("a", "name", "ab"), MTLS_OK);
	assert_int_equal(mtls_conf_set(table, &s, &seen, "a", "name", "cd",
	    &err), MTLS_E_CONFIG);
	assert_string_equal(err.text, "\"name\" is given twice");
	assert_string_equal(s.name, "ab");
	/* The same name of another section is another setting. */
	assert_int_equal(mtls_conf_set(table, &s, &seen, "b", "name", "cd",
	    NULL), MTLS_OK);
	assert_string_equal(s.other, "cd");
}

static void
required_options(void **state)
{
	(void)state;
	assert_int_equal(mtls_conf_check(table, &seen, NULL, &err),
	    MTLS_E_CONFIG);
	assert_string_equal(err.text, "\"name\" is missing in [a]");
	assert_int_equal(mtls_conf_set(table, &s, &seen, "a", "name", "ab",
	    NULL), MTLS_OK);
	assert_int_equal(mtls_conf_check(table, &seen, "a", NULL), MTLS_OK);
	/* A default is not an answer. */
	assert_int_equal(mtls_conf_check(table, &seen, "b", NULL),
	    MTLS_E_CONFIG);
	assert_int_equal(mtls_conf_set(table, &s, &seen, "b", "name", "",
	    NULL), MTLS_OK);
	assert_int_equal(mtls_conf_check(table, &seen, NULL, NULL), MTLS_OK);
}

static void
T106_errors_show_a_wrong_value_harmlessly(void **state)
{
	char value[600];

	(void)state;
	assert_int_equal(set("a", "colour", "\x1b[2J\n"), MTLS_E_CONFIG);
	assert_string_equal(err.text, "colour = \"\\x1b[2J\\x0a\": "
	    "not one of red, green");
	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(set("a", "count", value), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "x...\": not a decimal number"));
}

static void
a_table_has_at_most_64_options(void **state)
{
	static struct mtls_conf_option many[66];
	static char names[65][8];
	struct {
		uint32_t n[65];
	} numbers_set;

	(void)state;
	memset(&numbers_set, 0, sizeof(numbers_set));
	for (unsigned i = 0; i < 65; i++) {
		snprintf(names[i], sizeof(names[i]), "n%u", i);
		many[i].section = "a";
		many[i].name = names[i];
		many[i].offset = i * sizeof(uint32_t);
		many[i].kind = MTLS_CONF_NUMBER;
		many[i].max = 9;
		many[i].flags = MTLS_CONF_REQUIRED;
	}
	for (unsigned i = 0; i < 65; i++)
		assert_int_equal(mtls_conf_set(many, &numbers_set, &seen,
		    "a", names[i], "9", NULL),
		    i < 64 ? MTLS_OK : MTLS_E_USAGE);
	assert_int_equal(mtls_conf_set(many, &numbers_set, &seen, "a", "n63",
	    "9", NULL), MTLS_E_CONFIG);
	assert_int_equal(mtls_conf_check(many, &seen, NULL, NULL),
	    MTLS_E_USAGE);
}

#define WITH_SETTINGS(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void
rates(void **state)
{
	static const struct {
		const char *text;
		uint32_t n, per_s;
	} good[] = {
		{ "2/1s", 2, 1 }, { "2/1", 2, 1 }, { "1000/1d", 1000, 86400 },
		{ "10/10m", 10, 600 }, { "5/24h", 5, 86400 },
		{ "none", 0, 0 },
	};
	static const char *const bad[] = {
		"", "0", "10", "10/", "/10m", "1/1m", "0/1m", "1001/1m",
		"10/0s", "10/2d", "10/86401", "10/10x", "10 / 10m", "10/10m ",
		"-1/1m", "+5/1m", "05/1m", "10/1m/1m", "10/1 m", "None", "no",
		"4294967297/1m", "10/4294967295d", "10/5000d",
	};

	(void)state;
	assert_int_equal(s.rate.n, 3);
	assert_int_equal(s.rate.per_s, 60);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mtls_err_clear(&err);
		if (set("a", "rate", bad[i]) != MTLS_E_CONFIG)
			fail_msg("%s", bad[i]);
		assert_int_equal(s.rate.n, 3);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(set("a", "rate", good[i].text), MTLS_OK);
		assert_int_equal(s.rate.n, good[i].n);
		assert_int_equal(s.rate.per_s, good[i].per_s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SETTINGS(defaults_are_as_written),
		WITH_SETTINGS(one_section_alone),
		WITH_SETTINGS(a_default_outside_its_range_is_noticed),
		WITH_SETTINGS(texts),
		WITH_SETTINGS(paths),
		WITH_SETTINGS(numbers),
		WITH_SETTINGS(times),
		WITH_SETTINGS(T083_debug_is_yes_or_no_and_names_no_file),
		WITH_SETTINGS(choices),
		WITH_SETTINGS(lists),
		WITH_SETTINGS(rates),
		WITH_SETTINGS(T080_unknown_and_duplicate_keys),
		WITH_SETTINGS(required_options),
		WITH_SETTINGS(T106_errors_show_a_wrong_value_harmlessly),
		WITH_SETTINGS(a_table_has_at_most_64_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

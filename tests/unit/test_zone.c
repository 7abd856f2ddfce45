/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Time zones against the C library's own, and files that no zone is in.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"
#include "zone.h"
#include "zone_rule.h"

#include "../lib/unit.h"

#define BERLIN "Europe/Berlin"

static struct zone *
read_zone(const char *name)
{
	struct zone *zone;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (zone_read(ZONE_DIR, name, &zone, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	return zone;
}

/* What the C library says; it is asked in UTC again afterwards. */
static int32_t
library_offset(int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;

	assert_non_null(localtime_r(&when, &tm));
	return (int32_t)tm.tm_gmtoff;
}

static uint32_t seed = 1;

static uint32_t
next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 1;
}

static void
compare(const char *name)
{
	struct zone *zone = read_zone(name);

	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
	/* 1970 to 2100, and around the switches of one year by the hour. */
	for (int i = 0; i < 400; i++) {
		int64_t t = (int64_t)next_random() * 2 % 4102444800;

		if (i < 200)
			t = 1798761600 + t % (366 * 86400);
		if (zone_offset(zone, t) != library_offset(t))
			fail_msg("%s at %lld: %d, not %d", name,
			    (long long)t, zone_offset(zone, t),
			    library_offset(t));
	}
	for (int64_t t = 1798761600; t < 1798761600 + 366 * 86400; t += 3600) {
		if (zone_offset(zone, t) != library_offset(t))
			fail_msg("%s at %lld", name, (long long)t);
	}
	zone_free(zone);
}

static void
as_the_library_says(void **state)
{
	static const char *const names[] = {
		"UTC", "Etc/GMT+12", "Pacific/Kiritimati", BERLIN,
		"Europe/Dublin", "Europe/London", "America/New_York",
		"America/St_Johns", "America/Nuuk", "America/Sao_Paulo",
		"America/Santiago", "America/Asuncion", "America/Havana",
		"Africa/Casablanca", "Africa/Cairo", "Asia/Kathmandu",
		"Asia/Gaza", "Asia/Jerusalem", "Asia/Tehran", "Asia/Tokyo",
		"Australia/Lord_Howe", "Australia/Sydney",
		"Antarctica/Troll", "Pacific/Auckland", "Pacific/Chatham",
		"Pacific/Easter", "Pacific/Apia", "Pacific/Norfolk",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		compare(names[i]);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

/* 2027-03-28, 01:00 UTC: from 01:59:59 to 03:00:00 in Berlin. */
static void
the_hour_that_is_not(void **state)
{
	const int64_t change = 1806195600;
	struct zone *zone = read_zone(BERLIN);

	(void)state;
	assert_string_equal(zone_name0(zone), BERLIN);
	assert_int_equal(zone_minute_of_week(zone, change - 1),
	    6 * 24 * 60 + 1 * 60 + 59);
	assert_int_equal(zone_minute_of_week(zone, change),
	    6 * 24 * 60 + 3 * 60);
	/* Thursday, 1970-01-01 01:00; Monday 00:00 is 0. */
	assert_int_equal(zone_minute_of_week(zone, 0), 3 * 24 * 60 + 60);
	assert_int_equal(zone_minute_of_week(zone, 4 * 86400 - 3600), 0);
	assert_int_equal(zone_minute_of_week(zone, 4 * 86400 - 3601),
	    ZONE_WEEK_MINUTES - 1);
	zone_free(zone);
	/* West of UTC it was still Wednesday. */
	zone = read_zone("America/New_York");
	assert_int_equal(zone_minute_of_week(zone, 0), 2 * 24 * 60 + 19 * 60);
	zone_free(zone);
}

static void
rules(void **state)
{
	static const char *const good[] = {
		"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30",
		"EST5EDT,M3.2.0,M11.1.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
		"AAA+1:02:03BBB,J60,J300", "AAA1BBB-2,0/0,365/167",
	};
	static const char *const bad[] = {
		"", "C", "CE-1", "CET", "CET-", "CET-25", "CET-1CEST",
		"CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,",
		"CET-1CEST,M3.5.0,M10.5.0/3x", "CET-1CEST,M0.5.0,M10.5.0",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,M3.5,M10.5.0", "CET-1CEST,J0,J1",
		"CET-1CEST,J366,J1", "CET-1CEST,366,1", "<CE T>-1",
		"<+01-1", "CET-1:60", "CET-1:0:60", "CET-1CEST,1/168,2",
		"CET-1 ", "CET-1CEST,M3.5.0,M10.5.0/", "CET-1CEST,M3 5.0,1",
		"CET-0001", "CET-1CEST25,1,2",
	};
	struct zone_rule r;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (zone_rule_parse(good[i], &r) != 0)
			fail_msg("%s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (zone_rule_parse(bad[i], &r) == 0)
			fail_msg("%s", bad[i]);
	}
	assert_int_equal(zone_rule_parse("AAA+1:02:03BBB,J60,J300", &r), 0);
	assert_int_equal(r.standard_s, -3723);
	assert_int_equal(r.summer_s, -123);
	/* J60 is the first of March, in leap years as well; 02:00 local. */
	assert_int_equal(zone_rule_offset(&r, 1709258400 + 3723 - 1), -3723);
	assert_int_equal(zone_rule_offset(&r, 1709258400 + 3723), -123);
	/* The same by number: day 59 is February 29 in 2024. */
	assert_int_equal(zone_rule_parse("AAA0BBB,59/0,300/0", &r), 0);
	assert_int_equal(zone_rule_offset(&r, 1709164800 - 1), 0);
	assert_int_equal(zone_rule_offset(&r, 1709164800), 3600);
}

static void
no_such_zone(void **state)
{
	static const char *const names[] = {
		"", "Mars/Base", "/UTC", "UTC/", "../UTC", "Europe/../UTC",
		"Europe//Berlin", "Europe", "europe/berlin", ".", "posixrules.",
		"zone.tab", "tzdata.zi", "UTC\n", "Europe/Berlin ", "-UTC",
		("Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aa"),
	};
	struct zone *zone;
	struct mtls_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		mtls_err_clear(&err);
		if (zone_read(ZONE_DIR, names[i], &zone, &err) !=
		    MTLS_E_CONFIG)
			fail_msg("%s", names[i]);
		assert_non_null(strstr(err.text, "time zone"));
	}
	/* The data is not installed: an error, not UTC. */
	mtls_err_clear(&err);
	assert_int_equal(zone_read("/nonexistent", "UTC", &zone, &err),
	    MTLS_E_CONFIG);
}

static uint8_t *
berlin(size_t *ret_len)
{
	int fd = open(ZONE_DIR "/" BERLIN, O_RDONLY | O_CLOEXEC);
	uint8_t *data = malloc(ZONE_FILE_MAX);
	ssize_t n;

	assert_true(fd >= 0 && data != NULL);
	n = read(fd, data, ZONE_FILE_MAX);
	assert_true(n > 100);
	close(fd);
	*ret_len = (size_t)n;
	return data;
}

/* Cut anywhere, or with more behind it: refused, and nothing read beyond. */
static void
every_truncation(void **state)
{
	size_t whole;
	uint8_t *data = berlin(&whole), *copy;
	struct zone *zone;

	(void)state;
	for (size_t len = 0; len < whole; len++) {
		copy = malloc(len == 0 ? 1 : len);
		assert_non_null(copy);
		memcpy(copy, data, len);
		assert_int_equal(zone_parse("x", copy, len, &zone, NULL),
		    MTLS_E_CONFIG);
		free(copy);
	}
	data[whole] = '\n';
	assert_int_equal(zone_parse("x", data, whole + 1, &zone, NULL),
	    MTLS_E_CONFIG);
	assert_int_equal(zone_parse("x", data, whole, &zone, NULL), MTLS_OK);
	zone_free(zone);
	free(data);
}

/* Every bit flipped: an error, or a zone that can be asked. */
static void
every_bit(void **state)
{
	size_t len;
	uint8_t *data = berlin(&len);
	struct zone *zone;

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (zone_parse("x", data, len, &zone, NULL) == MTLS_OK) {
			for (int64_t t = 0; t < 4102444800; t += 86400 * 99)
				assert_true(zone_minute_of_week(zone, t) <
				    ZONE_WEEK_MINUTES);
			zone_free(zone);
		}
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(data);
}


static void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/*
 * A small file of version 2: an empty first block, then n_time times, two
 * types (UTC+1, UTC+2), and a rule. Returns its length.
 */
static size_t
small_file(uint8_t *out, uint32_t n_time, uint32_t n_leap, const char *rule)
{
	uint8_t *p = out;

	memset(out, 0, 512);
	memcpy(p, "TZif2", 5);
	put32(p + 36, 1);	/* one type, */
	put32(p + 40, 1);	/* of one letter */
	p += 44 + 6 + 1;
	memcpy(p, "TZif2", 5);
	put32(p + 28, n_leap);
	put32(p + 32, n_time);
	put32(p + 36, 2);
	put32(p + 40, 1);
	p += 44;
	for (uint32_t i = 0; i < n_time; i++, p += 8)
		put32(p + 4, 1000 * (i + 1));
	for (uint32_t i = 0; i < n_time; i++)
		*p++ = (uint8_t)((i + 1) % 2);
	put32(p, 3600);
	put32(p + 6, 7200);
	p += 12 + 1 + 12 * n_leap;
	*p++ = '\n';
	memcpy(p, rule, strlen(rule));
	p += strlen(rule);
	*p++ = '\n';
	return (size_t)(p - out);
}

#define TIMES_AT	(44 + 7 + 44)

static void
assert_file(const uint8_t *data, size_t len, const char *why)
{
	struct zone *zone;
	struct mtls_err err;
	enum mtls_status status;

	mtls_err_clear(&err);
	status = zone_parse("x", data, len, &zone, &err);
	if (status == MTLS_OK)
		zone_free(zone);
	if (why == NULL) {
		assert_int_equal(status, MTLS_OK);
		return;
	}
	assert_int_equal(status, MTLS_E_CONFIG);
	if (strstr(err.text, why) == NULL)
		fail_msg("not \"%s\" but %s", why, err.text);
}

static void
files_that_are_refused(void **state)
{
	uint8_t data[512];
	size_t len;
	struct zone *zone;

	(void)state;
	len = small_file(data, 2, 0, "AAA-3");
	assert_int_equal(zone_parse("x", data, len, &zone, NULL), MTLS_OK);
	assert_int_equal(zone_offset(zone, 0), 3600);
	assert_int_equal(zone_offset(zone, 999), 3600);
	assert_int_equal(zone_offset(zone, 1000), 7200);
	assert_int_equal(zone_offset(zone, 1999), 7200);
	/* From the last time on the rule counts. */
	assert_int_equal(zone_offset(zone, 2000), 10800);
	zone_free(zone);
	assert_file(data, small_file(data, 0, 0, "AAA-3"), NULL);
	assert_file(data, small_file(data, 2, 1, "AAA-3"), "leap seconds");
	assert_file(data, small_file(data, 2, 0, ""), "rule");
	assert_file(data, small_file(data, 2, 0, "AAA"), "rule");
	len = small_file(data, 2, 0, "AAA-3");
	data[len - 4] = '\0';
	assert_file(data, len, "rule");
	len = small_file(data, 2, 0, "AAA-3");
	data[4] = '\0';
	assert_file(data, len, "version 1");
	data[4] = '2';
	data[TIMES_AT - 44 + 4] = '\0';
	assert_file(data, len, "version 1");
	len = small_file(data, 2, 0, "AAA-3");
	put32(data + TIMES_AT + 4, 2000);
	assert_file(data, len, "out of order");
	len = small_file(data, 2, 0, "AAA-3");
	data[TIMES_AT + 16] = 2;
	assert_file(data, len, "impossible offset");
	len = small_file(data, 2, 0, "AAA-3");
	put32(data + TIMES_AT + 18 + 6, 93600);
	assert_file(data, len, "impossible offset");
	put32(data + TIMES_AT + 18 + 6, (uint32_t)-90000);
	assert_file(data, len, "impossible offset");
	put32(data + TIMES_AT + 18, (uint32_t)-90000);
	assert_file(data, len, "impossible offset");
	len = small_file(data, 2, 0, "AAA-3");
	put32(data + 36, 70000);
	assert_file(data, len, "too large");
	assert_file((const uint8_t *)"", 0, "not a time zone");
}

static void
files_of_other_kinds(void **state)
{
	char *large = calloc(1, ZONE_FILE_MAX);
	struct zone *zone;
	struct mtls_err err;

	(void)state;
	assert_non_null(large);
	scratch_file("Large", large, ZONE_FILE_MAX, 0644);
	free(large);
	mtls_err_clear(&err);
	assert_int_equal(zone_read(scratch_path("."), "Large", &zone, &err),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "too large"));
	assert_int_equal(mkfifo(scratch_path("Fifo"), 0644), 0);
	mtls_err_clear(&err);
	assert_int_equal(zone_read(scratch_path("."), "Fifo", &zone, &err),
	    MTLS_E_CONFIG);
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
		cmocka_unit_test(as_the_library_says),
		cmocka_unit_test(the_hour_that_is_not),
		cmocka_unit_test(rules),
		cmocka_unit_test(no_such_zone),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(files_that_are_refused),
		cmocka_unit_test(files_of_other_kinds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

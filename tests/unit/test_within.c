/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Spans of the week as they are written, and the minutes that are in them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "within.h"

#include "../lib/unit.h"

#define AT(day, hour, minute) \
	((unsigned)((day) * 24 * 60 + (hour) * 60 + (minute)))
enum { MON, TUE, WED, THU, FRI, SAT, SUN };

static struct within
parse(const char *text)
{
	struct within w;
	size_t at;
	const char *fault = within_parse(text, &w, &at);

	if (fault != NULL)
		fail_msg("%s: %s", text, fault);
	return w;
}

static unsigned
count(const struct within *w)
{
	unsigned n = 0;

	for (unsigned m = 0; m < ZONE_WEEK_MINUTES; m++)
		n += within_has(w, m) ? 1 : 0;
	return n;
}

static void
working_hours(void **state)
{
	struct within w = parse("mon-fri 07:00-20:00 Europe/Berlin");

	(void)state;
	assert_string_equal(w.zone, "Europe/Berlin");
	assert_int_equal(count(&w), 5 * 13 * 60);
	for (unsigned day = MON; day <= FRI; day++) {
		assert_false(within_has(&w, AT(day, 6, 59)));
		assert_true(within_has(&w, AT(day, 7, 0)));
		assert_true(within_has(&w, AT(day, 19, 59)));
		assert_false(within_has(&w, AT(day, 20, 0)));
	}
	assert_false(within_has(&w, AT(SAT, 12, 0)));
	assert_false(within_has(&w, AT(SUN, 12, 0)));
	/* A minute that is none of the week's is taken as one. */
	assert_true(within_has(&w, ZONE_WEEK_MINUTES + AT(MON, 7, 0)));
}

static void
several_spans(void **state)
{
	struct within w = parse("mon 08:00-12:00, wed 13:30-13:31,"
	    "sat-sun 00:00-24:00 UTC");

	(void)state;
	assert_int_equal(count(&w), 4 * 60 + 1 + 2 * 24 * 60);
	assert_true(within_has(&w, AT(WED, 13, 30)));
	assert_true(within_has(&w, AT(SUN, 23, 59)));
	assert_false(within_has(&w, AT(MON, 0, 0)));
	w = parse("mon 09:59-10:00 UTC");
	assert_int_equal(count(&w), 1);
	assert_true(within_has(&w, AT(MON, 9, 59)));
	/* The longest name of a zone. */
	w = parse("mon 19:09-19:10 Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
	    "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(strlen(w.zone), ZONE_NAME_MAX);
	w = parse("any 00:00-24:00 UTC");
	assert_int_equal(count(&w), ZONE_WEEK_MINUTES);
}

/* The span belongs to the day on which it begins. */
static void
over_midnight(void **state)
{
	struct within w = parse("fri 22:00-06:00 UTC");

	(void)state;
	assert_int_equal(count(&w), 8 * 60);
	assert_true(within_has(&w, AT(FRI, 22, 0)));
	assert_true(within_has(&w, AT(SAT, 5, 59)));
	assert_false(within_has(&w, AT(SAT, 6, 0)));
	assert_false(within_has(&w, AT(FRI, 3, 0)));
	/* And on Sunday it ends on Monday. */
	w = parse("sun 23:30-00:30 UTC");
	assert_int_equal(count(&w), 60);
	assert_true(within_has(&w, AT(SUN, 23, 30)));
	assert_true(within_has(&w, AT(MON, 0, 29)));
	assert_false(within_has(&w, AT(MON, 0, 30)));
	/* Days that go over the end of the week. */
	w = parse("sat-mon 10:00-11:00 UTC");
	assert_int_equal(count(&w), 3 * 60);
	assert_true(within_has(&w, AT(MON, 10, 0)));
	assert_false(within_has(&w, AT(TUE, 10, 0)));
	w = parse("tue 22:00-00:00 UTC");
	assert_int_equal(count(&w), 2 * 60);
}

static void
faults_say_where(void **state)
{
	static const char *const day = "expected mon", *const blank =
	    "expected a blank", *const hours = "expected hours",
	    *const end = "expected an end", *const zone =
	    "expected a time zone";
	const struct {
		const char *text;
		size_t at;
		const char *why;
	} cases[] = {
		{ "", 0, day },
		{ "mon", 3, blank },
		{ "Mon 07:00-20:00 UTC", 0, day },
		{ "day 07:00-20:00 UTC", 0, day },
		{ "monday 07:00-20:00 UTC", 3, blank },
		{ "mon- 07:00-20:00 UTC", 4, day },
		{ "mon-fry 07:00-20:00 UTC", 4, day },
		{ "any-fri 07:00-20:00 UTC", 3, blank },
		{ "07:00-20:00 UTC", 0, day },
		{ "mon 7:00-20:00 UTC", 4, hours },
		{ "mon 07-20 UTC", 4, hours },
		{ "mon 07:60-20:00 UTC", 4, hours },
		{ "mon 25:00-20:00 UTC", 4, hours },
		{ "mon 24:01-20:00 UTC", 4, hours },
		{ "mon 07:00 UTC", 9, hours },
		{ "mon 07:00-2000 UTC", 10, hours },
		{ "mon 07:00-24:01 UTC", 10, hours },
		{ "mon 07:00-07:00 UTC", 15, end },
		{ "mon 24:00-07:00 UTC", 15, end },
		{ "mon 07:00-20:00", 15, zone },
		{ "mon 07:00-20:00 ", 16, zone },
		{ "mon 07:00-20:00UTC", 15, zone },
		{ "mon 07:00-20:00, UTC", 17, day },
		{ "mon 07:00-20:00 UTC x", 16, zone },
		{ "mon 07:00-20:00 UTC, tue 07:00-08:00 UTC", 16, zone },
		{ "mon 07:00-20:00 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaa", 16, zone },
		{ "mon a7:00-20:00 UTC", 4, hours },
		{ "mon /7:00-20:00 UTC", 4, hours },
		{ "mon 0a:00-20:00 UTC", 4, hours },
		{ "mon 0/:00-20:00 UTC", 4, hours },
		{ "mon 07:a0-20:00 UTC", 4, hours },
		{ "mon 07:0/-20:00 UTC", 4, hours },
		{ "mon 07.00-20:00 UTC", 4, hours },
		{ "-fri 07:00-20:00 UTC", 0, day },
		{ "mon 07:00-", 10, hours },
		{ "mon 07:00-2", 10, hours },
		{ "mon 0", 4, hours },
		{ "mon ", 4, hours },
		{ "mon\t07:00-20:00 UTC", 3, blank },
	};
	const char *fault;
	struct within w;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fault = within_parse(cases[i].text, &w, &at);
		if (fault == NULL || strncmp(fault, cases[i].why,
		    strlen(cases[i].why)) != 0)
			fail_msg("%s: %s", cases[i].text, fault);
		if (at != cases[i].at)
			fail_msg("%s: at %zu", cases[i].text, at);
	}
}

static void
covers(void **state)
{
	static struct within day, part, night, there;

	(void)state;
	day = parse("mon-fri 07:00-20:00 UTC");
	part = parse("tue 08:00-09:00 UTC");
	night = parse("tue 19:00-21:00 UTC");
	there = parse("tue 08:00-09:00 Europe/Berlin");
	assert_true(within_covers(&day, &day));
	assert_true(within_covers(&day, &part));
	assert_false(within_covers(&part, &day));
	assert_false(within_covers(&day, &night));
	assert_false(within_covers(&day, &there));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(working_hours),
		cmocka_unit_test(several_spans),
		cmocka_unit_test(over_midnight),
		cmocka_unit_test(faults_say_where),
		cmocka_unit_test(covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

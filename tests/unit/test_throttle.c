/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Token buckets: every number of tokens, and clocks that do what clocks do.
 */
#include "config.h"

#include "retention.h"
#include "throttle.h"

#include "../lib/unit.h"

#define S	INT64_C(1000000)
#define DAY	(24 * 60 * 60 * S)
#define START	(INT64_C(1790000000) * S)

static const struct mtls_conf_rate ten = { 10, 600 };

/* As the store does it: 1 if there was one to take. */
static int
take(const struct mtls_conf_rate *rate, struct throttle_bucket *b,
    int64_t now_us)
{
	throttle_update(rate, b, now_us);
	if (throttle_wait_us(rate, b, 1) != 0)
		return 0;
	throttle_take(rate, b, 1);
	return 1;
}

static int
count(const struct mtls_conf_rate *rate, struct throttle_bucket *b,
    int64_t now_us)
{
	int n = 0;

	while (n < 100000 && take(rate, b, now_us))
		n++;
	return n;
}

static void
a_new_one_is_full(void **state)
{
	static const struct mtls_conf_rate rates[] = {
		{ 1, 1 }, { 1, 86400 }, { 2, 1 }, { 3, 1 }, { 7, 10 },
		{ 10, 600 }, { 60, 60 }, { 99, 100 }, { 1000, 60 },
		{ 50000, 1 }, { 50000, 86400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct throttle_bucket b = { 0, 0 };
		int64_t token_us = throttle_token_us(&rates[i]);

		assert_int_equal(count(&rates[i], &b, START), rates[i].n);
		/* A microsecond before it there is none, then there is one. */
		assert_int_equal(count(&rates[i], &b, START + token_us - 1),
		    0);
		assert_int_equal(count(&rates[i], &b, START + token_us), 1);
		/* As many again, never more, in the time that was named. */
		assert_int_equal(count(&rates[i], &b, START + token_us +
		    rates[i].per_s * S), rates[i].n);
		assert_int_equal(count(&rates[i], &b, START + 10 * DAY),
		    rates[i].n);
	}
}

/* Whatever is asked in whatever steps: burst, and the rate after it. */
static void
no_more_than_burst_and_rate(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (uint32_t n = 1; n <= 40; n++) {
		struct mtls_conf_rate rate = { n, 30 };
		struct throttle_bucket b = { 0, 0 };
		int64_t now_us = START;
		int64_t got = 0;

		for (int i = 0; i < 2000; i++) {
			seed = seed * 1103515245 + 12345;
			now_us += seed % 100000;
			got += take(&rate, &b, now_us);
		}
		assert_true(got <= n + (now_us - START) /
		    throttle_token_us(&rate));
		assert_true(got >= (now_us - START) /
		    throttle_token_us(&rate) || got == 2000);
	}
}

static void
none_is_no_limit(void **state)
{
	struct mtls_conf_rate none = { 0, 0 };
	struct throttle_bucket b = { START, DAY };

	(void)state;
	assert_int_equal(throttle_token_us(&none), 0);
	assert_int_equal(throttle_full_us(&none), 0);
	assert_int_equal(count(&none, &b, START), 100000);
	assert_int_equal(throttle_wait_us(&none, &b, UINT32_MAX), 0);
	assert_int_equal(count(&none, &b, -1), 100000);
}

static void
several_at_once(void **state)
{
	struct throttle_bucket b = { 0, 0 };

	(void)state;
	throttle_update(&ten, &b, START);
	assert_int_equal(throttle_wait_us(&ten, &b, 10), 0);
	assert_true(throttle_wait_us(&ten, &b, 11) == INT64_MAX);
	assert_true(throttle_wait_us(&ten, &b, UINT32_MAX) == INT64_MAX);
	throttle_take(&ten, &b, 7);
	assert_int_equal(throttle_wait_us(&ten, &b, 3), 0);
	assert_int_equal(throttle_wait_us(&ten, &b, 4), 60 * S);
	assert_int_equal(throttle_wait_us(&ten, &b, 0), 0);
	/* More than there are: it is empty then, and not more than that. */
	throttle_take(&ten, &b, 9);
	assert_int_equal(b.missing_us, 600 * S);
	throttle_take(&ten, &b, UINT32_MAX);
	assert_int_equal(b.missing_us, 600 * S);
	/* Asked for nothing, it still says that it is empty. */
	assert_int_equal(throttle_wait_us(&ten, &b, 0), 60 * S);
	throttle_take(&ten, &b, 0);
	assert_int_equal(b.missing_us, 600 * S);
}

/* T-185: a step back gives nothing, and takes no more than it had. */
static void
T185_the_clock_goes_back(void **state)
{
	struct throttle_bucket b = { 0, 0 };

	(void)state;
	assert_int_equal(count(&ten, &b, START), 10);
	assert_int_equal(count(&ten, &b, START - DAY), 0);
	/* From there on it goes on: one a minute, all in ten. */
	assert_int_equal(count(&ten, &b, START - DAY + 60 * S), 1);
	assert_int_equal(count(&ten, &b, START - DAY + 660 * S), 10);
	/* Clocks that differ a little, in turn: the later one counts. */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(count(&ten, &b, START - DAY + (660 -
		    i % 2 * 59) * S), 0);
	assert_int_equal(count(&ten, &b, START - DAY + 720 * S), 1);
}

/* T-185: a step forward fills it, once; it cannot lock out for ever. */
static void
T185_the_clock_goes_forward(void **state)
{
	struct throttle_bucket b = { 0, 0 };

	(void)state;
	assert_int_equal(count(&ten, &b, START), 10);
	assert_int_equal(count(&ten, &b, START + DAY), 10);
	assert_int_equal(count(&ten, &b, START + 60 * S), 0);
	assert_int_equal(count(&ten, &b, START + 660 * S), 10);
}

static void
T185_the_clock_cannot_be_read(void **state)
{
	struct throttle_bucket b = { 0, 0 };
	struct throttle_clock clock = { START, 5 * S };

	(void)state;
	assert_int_equal(count(&ten, &b, START), 10);
	assert_int_equal(count(&ten, &b, -1), 0);
	assert_int_equal(b.at_us, START);
	assert_int_equal(count(&ten, &b, START + 60 * S), 1);
	assert_int_equal(throttle_now_us(&clock, 65 * S), START + 60 * S);
	assert_int_equal(throttle_now_us(&clock, 5 * S), START);
	assert_int_equal(throttle_now_us(&clock, 4 * S), -1);
	assert_int_equal(throttle_now_us(&clock, -1), -1);
	clock.wall_us = -1;
	assert_int_equal(throttle_now_us(&clock, 65 * S), -1);
	clock.wall_us = START;
	clock.boot_us = -1;
	assert_int_equal(throttle_now_us(&clock, 65 * S), -1);
}

/* Whatever stands in the database: in no more than its time it is full. */
static void
nonsense_is_no_lockout(void **state)
{
	static const int64_t values[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1,
		START, START + DAY, INT64_MAX - 1, INT64_MAX };
	static const struct mtls_conf_rate widest = { UINT32_MAX, 86400 };

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		for (size_t j = 0; j < 9; j++) {
			struct throttle_bucket b = { values[i], values[j] };
			struct throttle_bucket c = b;

			throttle_update(&ten, &b, START);
			assert_true(b.missing_us >= 0 &&
			    b.missing_us <= 600 * S);
			assert_int_equal(count(&ten, &b, START + 600 * S),
			    10);
			throttle_update(&widest, &c, INT64_MAX);
			assert_true(c.missing_us >= 0);
			throttle_take(&widest, &c, UINT32_MAX - 1);
			assert_true(c.missing_us <=
			    throttle_full_us(&widest));
		}
	}
}

/* A reload that allows less or more. */
static void
another_rate(void **state)
{
	static const struct mtls_conf_rate one = { 1, 60 },
	    many = { 1000, 600 };
	struct throttle_bucket b = { 0, 0 };

	(void)state;
	assert_int_equal(count(&ten, &b, START), 10);
	assert_int_equal(count(&one, &b, START + 1), 0);
	assert_int_equal(count(&one, &b, START + 59 * S), 0);
	assert_int_equal(count(&one, &b, START + 60 * S), 1);
	assert_int_equal(count(&many, &b, START + 60 * S), 900);
}

/* Records of the audit are dropped by age: the age is not the clock's word. */
static void
T185_a_jump_makes_no_record_old(void **state)
{
	const struct throttle_clock c = { START, 5 * DAY };
	const int64_t start_s = START / S, day_s = DAY / S;

	(void)state;
	assert_int_equal(retention_now_s(&c, 0, 6 * DAY, start_s + day_s),
	    start_s + day_s);
	/* Ten years ahead, and a day behind. */
	assert_int_equal(retention_now_s(&c, 0, 6 * DAY,
	    start_s + 3650 * day_s), start_s + day_s);
	assert_int_equal(retention_now_s(&c, 0, 6 * DAY, start_s), start_s);
	/* One of them cannot be read. */
	assert_true(retention_now_s(&c, 0, -1, start_s) <= 0);
	assert_true(retention_now_s(&c, 0, 6 * DAY, -1) <= 0);
}

/* It was wrong when the program started: the records know better. */
static void
T185_a_wrong_clock_at_the_start_makes_no_record_old(void **state)
{
	const struct throttle_clock c = { START, 5 * DAY };
	const int64_t start_s = START / S, day_s = DAY / S;
	const int64_t newest_s = start_s - 3650 * day_s;

	(void)state;
	/* A day after it, and the day that this runs. */
	assert_int_equal(retention_now_s(&c, newest_s, 6 * DAY,
	    start_s + day_s), newest_s + 2 * day_s);
	/* A record of an hour ago, or of the future, changes nothing. */
	assert_int_equal(retention_now_s(&c, start_s - 3600, 6 * DAY,
	    start_s + day_s), start_s + day_s);
	assert_int_equal(retention_now_s(&c, start_s + 9 * day_s, 6 * DAY,
	    start_s + day_s), start_s + day_s);
	assert_true(retention_now_s(&c, newest_s, -1, start_s) <= 0);
	assert_true(retention_now_s(&c, newest_s, 6 * DAY, -1) <= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_is_full),
		cmocka_unit_test(no_more_than_burst_and_rate),
		cmocka_unit_test(none_is_no_limit),
		cmocka_unit_test(several_at_once),
		cmocka_unit_test(T185_the_clock_goes_back),
		cmocka_unit_test(T185_the_clock_goes_forward),
		cmocka_unit_test(T185_the_clock_cannot_be_read),
		cmocka_unit_test(T185_a_jump_makes_no_record_old),
		cmocka_unit_test(
		    T185_a_wrong_clock_at_the_start_makes_no_record_old),
		cmocka_unit_test(nonsense_is_no_lockout),
		cmocka_unit_test(another_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Deadlines. The clock that fails is in test_faults.c.
 */
#include "config.h"

#include <limits.h>

#include "mtls/deadline.h"

#include "../lib/unit.h"

static void
zeroed_has_passed(void **state)
{
	struct mtls_deadline d = { 0 };

	(void)state;
	assert_int_equal(mtls_deadline_left_ms(d), 0);
	assert_int_equal(mtls_deadline_left_ms(mtls_deadline_in_ms(0)), 0);
}

static void
left_is_what_poll_takes(void **state)
{
	struct mtls_deadline far = { INT64_MAX };
	int left;

	(void)state;
	left = mtls_deadline_left_ms(mtls_deadline_in_ms(60000));
	assert_in_range(left, 30000, 60000);
	assert_int_equal(mtls_deadline_left_ms(far), INT_MAX);
	assert_int_equal(mtls_deadline_left_ms(
	    mtls_deadline_in_ms(UINT32_MAX)), INT_MAX);
}

static void
the_earlier_counts(void **state)
{
	struct mtls_deadline a = { 1000 }, b = { 2000 };

	(void)state;
	assert_int_equal(mtls_deadline_min(a, b).at_ms, 1000);
	assert_int_equal(mtls_deadline_min(b, a).at_ms, 1000);
}

static void
clocks_agree(void **state)
{
	int64_t ms = mtls_clock_ms();
	int64_t us = mtls_clock_us();

	(void)state;
	assert_true(ms > 0);
	assert_true(us / 1000 >= ms);
	assert_true(us / 1000 - ms < 60000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_has_passed),
		cmocka_unit_test(left_is_what_poll_takes),
		cmocka_unit_test(the_earlier_counts),
		cmocka_unit_test(clocks_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

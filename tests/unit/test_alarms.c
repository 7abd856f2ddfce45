/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One line when the clock is set, one when the state goes, one when it comes.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "alarms.h"

#include "../lib/unit.h"

#define S ((int64_t)1000000)

static char said[256];
static unsigned n_said;

static void
sink(void *arg, enum mtls_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	n_said++;
	(void)snprintf(said, sizeof(said), "%s", line);
}

static const struct mtls_log to_said = { sink, NULL, MTLS_LOG_NOTICE };

static int
set_up(void **state)
{
	(void)state;
	n_said = 0;
	said[0] = '\0';
	return 0;
}

static void
T185_a_clock_that_is_set(void **state)
{
	struct alarms a = { .log = &to_said };
	int64_t wall = 1800000000 * S, boot = 100 * S;

	(void)state;
	alarms_clock(&a, wall, boot);
	/* Both go on, one of them a little slower; and a computer slept. */
	alarms_clock(&a, wall + S, boot + S);
	alarms_clock(&a, wall + 2 * S + 1900000, boot + 2 * S);
	alarms_clock(&a, wall + 9000 * S, boot + 9000 * S);
	assert_int_equal(n_said, 0);
	alarms_clock(&a, wall + 9001 * S + 3600 * S, boot + 9001 * S);
	assert_string_equal(said, "clock-jumped reason=\"forward by 3600 s\"");
	alarms_clock(&a, wall + 9002 * S + 3600 * S, boot + 9002 * S);
	assert_int_equal(n_said, 1);
	/* A look at which one could not be read is none. */
	alarms_clock(&a, -1, boot + 9003 * S);
	alarms_clock(&a, wall, -1);
	assert_int_equal(n_said, 1);
	alarms_clock(&a, wall + 9004 * S, boot + 9004 * S);
	assert_string_equal(said, "clock-jumped reason=\"back by 3600 s\"");
	assert_int_equal(n_said, 2);
	assert_int_equal(a.n_jumps, 2);
}

static void
the_state_goes_and_comes(void **state)
{
	struct alarms a = { .log = &to_said };

	(void)state;
	alarms_state(&a, 1, 1000);
	assert_int_equal(n_said, 0);
	alarms_state(&a, 0, 2000);
	alarms_state(&a, 0, 3000);
	assert_int_equal(n_said, 1);
	assert_non_null(strstr(said, "state-lost"));
	alarms_state(&a, 1, 9500);
	alarms_state(&a, 1, 9600);
	assert_int_equal(n_said, 2);
	assert_string_equal(said, "state-back ms=7500");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(T185_a_clock_that_is_set, set_up),
		cmocka_unit_test_setup(the_state_goes_and_comes, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

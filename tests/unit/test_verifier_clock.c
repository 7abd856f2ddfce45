/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A verifier whose clock is set while it runs: it says so, and gives nobody
 * back what was used up.
 */
#include "config.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "verifier_rig.h"

#include "../lib/unit.h"

/* What the wall clock is ahead by; shared with the verifier, a child. */
static atomic_llong *ahead_s;

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
time_t __real_time(time_t *ret);
time_t __wrap_time(time_t *ret);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int failed = __real_clock_gettime(clock, ret);

	if (clock == CLOCK_REALTIME && failed == 0)
		ret->tv_sec += atomic_load(ahead_s);
	return failed;
}

time_t
__wrap_time(time_t *ret)
{
	time_t now = __real_time(NULL) + (time_t)atomic_load(ahead_s);

	if (ret != NULL)
		*ret = now;
	return now;
}

static void
T185_a_jump_is_said_and_gives_nothing_back(void **state)
{
	struct rig *rig = *state;
	const struct rig_open as_alice = { .user = "alice" };
	size_t mark;

	rig_write_settings(rig, "[limits]\ncard-failures = 2/1h\n");
	assert_true(rig_reload(rig));
	for (int i = 0; i < 2; i++)
		assert_string_equal(rig_login(rig, rig->bob, &as_alice),
		    "user-mismatch");
	assert_string_equal(rig_login(rig, rig->bob, &as_alice),
	    "too-many-failures");
	mark = rig->log_len;
	atomic_store(ahead_s, 7200);
	assert_non_null(rig_wait_log(rig, mark,
	    "clock-jumped reason=\"forward by 7"));
	assert_string_equal(rig_login(rig, rig->bob, &as_alice),
	    "too-many-failures");
	mark = rig->log_len;
	atomic_store(ahead_s, -7200);
	assert_non_null(rig_wait_log(rig, mark,
	    "clock-jumped reason=\"back by 14"));
	/* The lists are of the future: no, and not a crash. */
	assert_string_equal(rig_login(rig, rig->alice, NULL),
	    "revocation-unavailable");
	atomic_store(ahead_s, 0);
	assert_string_equal(rig_login(rig, rig->bob, &as_alice),
	    "too-many-failures");
	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
}

/* One that was wrong already when the program started. */
static void
T185_a_start_before_the_last_record(void **state)
{
	struct rig *rig = *state;

	assert_string_equal(rig_login(rig, rig->alice, NULL), "allow");
	rig_stop(rig);
	atomic_store(ahead_s, -600);
	rig_start(rig);
	assert_non_null(rig_wait_log(rig, 0, "clock-behind"));
	rig_stop(rig);
	atomic_store(ahead_s, 40 * 24 * 3600);
	rig_start(rig);
	assert_non_null(rig_wait_log(rig, 0, "clock-ahead"));
	atomic_store(ahead_s, 0);
}

static int
group_set_up(void **state)
{
	ahead_s = mmap(NULL, sizeof(*ahead_s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return ahead_s == MAP_FAILED ? -1 : rig_group_set_up(state);
}

static int
set_up(void **state)
{
	atomic_store(ahead_s, 0);
	return rig_set_up(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(T185_a_jump_is_said_and_gives_nothing_back),
		TEST(T185_a_start_before_the_last_record),
	};

	return cmocka_run_group_tests(tests, group_set_up,
	    rig_group_tear_down);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every error path, once: the scenario of a test is run with its 1st, 2nd,
 * 3rd, ... call into libc failing, until it passes untouched.
 *
 * A test that uses it links fail_nth.c and says so to the linker:
 *
 *	unit_tests += tests/unit/test_x
 *	tests_unit_test_x_SOURCES = tests/unit/test_x.c $(fail_nth_sources)
 *	tests_unit_test_x_LDFLAGS = $(AM_LDFLAGS) $(fail_nth_ldflags)
 *
 * fail_nth_ldflags has -Wl,--wrap for each function that takes part:
 * calls from all objects of that program (convenience libraries too) go through
 * fail_nth.c, calls inside shared libraries do not. A library that lets its
 * allocator be chosen can be made to take part (test_faults.c: jansson).
 *
 * The counter is in shared memory: what the scenario forks counts on, and
 * each number hits one call in one process. A program that is executed does
 * not take part.
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

/* A scenario: runs once, cleans up, and says whether it succeeded. */
typedef int (*fail_nth_fn)(void *arg);

/*
 * The sweep. After each failure it must hold (cmocka asserts):
 *  - the scenario did not succeed, unless the call that failed is in
 *    tolerated (NULL-terminated list of names, or NULL);
 *  - as many allocations are alive and as many descriptors open as before.
 * Untouched, the scenario must succeed, leaving nothing either. Returns the
 * number of calls that were made to fail, so that a test can see that the
 * sweep swept.
 */
unsigned fail_nth_sweep(fail_nth_fn scenario, void *arg,
    const char *const *tolerated);

/* By hand: the nth call from now on fails (0: none); counts. */
void fail_nth_start(unsigned nth);
/* The same, and from here to the stop everything else in this header too
 * concerns calls of the calling process only. */
void fail_nth_start_here(unsigned nth);
/* Ends that; returns how many calls were seen. */
unsigned fail_nth_stop(void);
/* A scenario puts what is not the matter of its sweep between these. */
void fail_nth_pause(void);
void fail_nth_resume(void);
/* The name of the call that failed since the start, or NULL. */
const char *fail_nth_failed(void);

/* The next call of this function fails with sys_errno; NULL: none. */
void fail_nth_call(const char *name, int sys_errno);
/* That one and all that follow. */
void fail_nth_calls(const char *name, int sys_errno);

/*
 * While on, every call that a signal can interrupt fails with EINTR once
 * before it is made; with limit, read and getrandom give at most limit bytes
 * (0: no limit).
 */
void fail_nth_storm(int on);
void fail_nth_short(unsigned limit);

/* Allocations minus releases by the program's own objects. */
long fail_nth_live(void);
/* Descriptors open in this process. */
int fail_nth_open_fds(void);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One point in time by which something must have ended, on CLOCK_BOOTTIME:
 * it does not jump with the wall clock, and time spent in suspend counts.
 */
#ifndef MTLS_DEADLINE_H
#define MTLS_DEADLINE_H

#include <stdint.h>

struct mtls_deadline {
	int64_t at_ms;		/* CLOCK_BOOTTIME; 0 = already passed */
};

/*
 * A deadline timeout_ms from now. Where the clock cannot be read the result
 * has already passed: not knowing the time ends a login, it does not make it
 * endless.
 */
struct mtls_deadline mtls_deadline_in_ms(uint32_t timeout_ms);

/* The earlier of two. */
struct mtls_deadline mtls_deadline_min(struct mtls_deadline a,
    struct mtls_deadline b);

/*
 * Milliseconds that are left, 0 if it has passed or the clock cannot be
 * read; at most INT_MAX, so that it can be handed to poll(2) as it is.
 */
int mtls_deadline_left_ms(struct mtls_deadline d);

/* Milliseconds on CLOCK_BOOTTIME, or -1. For measuring phases. */
int64_t mtls_clock_ms(void);
/* Microseconds on CLOCK_BOOTTIME, or -1. */
int64_t mtls_clock_us(void);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Token buckets, as arithmetic: no clock, no store, no names. A bucket holds
 * n tokens and gets a new one every per_s / n seconds. What is remembered of
 * one is how much is missing, as the time that it takes to come back, and
 * when that was so; one that nothing is remembered of is full.
 *
 * No clock can be trusted wholly. One that is up to a minute behind where it
 * was, as that of another verifier may be, lets nothing come back until it is
 * there again; one that is further behind goes on from where it is now. And
 * nothing is ever missing for longer than per_s.
 */
#ifndef VERIFIER_THROTTLE_H
#define VERIFIER_THROTTLE_H

#include <stdint.h>

#include "mtls/conf.h"

/* Times are microseconds since the epoch; see throttle_now(). */
struct throttle_bucket {
	int64_t at_us;
	int64_t missing_us;	/* at that time, until it is full */
};

/* How long one token takes, and a whole bucket. 0 where there is no limit. */
int64_t throttle_token_us(const struct mtls_conf_rate *rate);
int64_t throttle_full_us(const struct mtls_conf_rate *rate);

/*
 * Brings bucket up to now_us. Whatever was in it, it makes sense afterwards.
 * now_us < 0: the clock cannot be read, and nothing comes back.
 */
void throttle_update(const struct mtls_conf_rate *rate,
    struct throttle_bucket *bucket, int64_t now_us);

/*
 * How many microseconds until cost tokens, and at least one, are in an
 * updated bucket: 0 if they are now. INT64_MAX: never.
 */
int64_t throttle_wait_us(const struct mtls_conf_rate *rate,
    const struct throttle_bucket *bucket, uint32_t cost);

/* Takes cost tokens out of an updated bucket, or all that there are. */
void throttle_take(const struct mtls_conf_rate *rate,
    struct throttle_bucket *bucket, uint32_t cost);

/*
 * The time of a program that runs: the wall clock at its start, and from
 * there CLOCK_BOOTTIME, so that setting the clock does nothing to it.
 */
struct throttle_clock {
	int64_t wall_us, boot_us;	/* at the start; < 0: cannot be read */
};

/* -1 where one of the clocks cannot be read. */
int64_t throttle_now_us(const struct throttle_clock *clock, int64_t boot_us);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole numbers that cannot overflow: a rate has at most UINT32_MAX tokens in
 * a day, so that a bucket is at most 86,400 seconds of microseconds deep.
 */
#include "config.h"

#include "throttle.h"

#define US_PER_S 1000000

/* By how much the clocks of two verifiers may differ, and gain nothing. */
#define SKEW_US (60 * (int64_t)US_PER_S)

int64_t
throttle_token_us(const struct mtls_conf_rate *rate)
{
	int64_t token_us;

	if (rate->n == 0)
		return 0;
	token_us = (int64_t)rate->per_s * US_PER_S / rate->n;
	return token_us > 0 ? token_us : 1;
}

int64_t
throttle_full_us(const struct mtls_conf_rate *rate)
{
	return throttle_token_us(rate) * rate->n;
}

void
throttle_update(const struct mtls_conf_rate *rate,
    struct throttle_bucket *bucket, int64_t now_us)
{
	int64_t full_us = throttle_full_us(rate), passed_us = 0;

	if (bucket->missing_us < 0)
		bucket->missing_us = 0;
	if (bucket->missing_us > full_us)
		bucket->missing_us = full_us;
	if (now_us < 0 || (bucket->at_us > now_us &&
	    bucket->at_us - now_us <= SKEW_US))
		return;
	if (bucket->at_us >= 0 && now_us > bucket->at_us)
		passed_us = now_us - bucket->at_us;
	bucket->missing_us -= passed_us < bucket->missing_us ? passed_us :
	    bucket->missing_us;
	bucket->at_us = now_us;
}

int64_t
throttle_wait_us(const struct mtls_conf_rate *rate,
    const struct throttle_bucket *bucket, uint32_t cost)
{
	int64_t token_us = throttle_token_us(rate), wanted_us, wait_us;

	if (rate->n == 0)
		return 0;
	if (cost > rate->n)
		return INT64_MAX;
	wanted_us = token_us * (cost == 0 ? 1 : cost);
	wait_us = bucket->missing_us + wanted_us - throttle_full_us(rate);
	return wait_us > 0 ? wait_us : 0;
}

void
throttle_take(const struct mtls_conf_rate *rate,
    struct throttle_bucket *bucket, uint32_t cost)
{
	int64_t full_us = throttle_full_us(rate);

	if (cost >= rate->n)
		bucket->missing_us = full_us;
	else
		bucket->missing_us += throttle_token_us(rate) * cost;
	if (bucket->missing_us > full_us)
		bucket->missing_us = full_us;
}

int64_t
throttle_now_us(const struct throttle_clock *clock, int64_t boot_us)
{
	if (clock->wall_us < 0 || clock->boot_us < 0 ||
	    boot_us < clock->boot_us)
		return -1;
	return clock->wall_us + (boot_us - clock->boot_us);
}

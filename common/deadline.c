/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Deadlines on CLOCK_BOOTTIME. A clock that cannot be read means "passed".
 */
#include "config.h"

#include "mtls/deadline.h"

#include <limits.h>
#include <time.h>

int64_t
mtls_clock_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0)
		return -1;
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
mtls_clock_ms(void)
{
	int64_t us = mtls_clock_us();

	return us < 0 ? -1 : us / 1000;
}

struct mtls_deadline
mtls_deadline_in_ms(uint32_t timeout_ms)
{
	struct mtls_deadline d = { 0 };
	int64_t now = mtls_clock_ms();

	if (now >= 0)
		d.at_ms = now + timeout_ms;
	return d;
}

struct mtls_deadline
mtls_deadline_min(struct mtls_deadline a, struct mtls_deadline b)
{
	return a.at_ms < b.at_ms ? a : b;
}

int
mtls_deadline_left_ms(struct mtls_deadline d)
{
	int64_t now = mtls_clock_ms();

	if (now < 0 || d.at_ms <= now)
		return 0;
	return d.at_ms - now > INT_MAX ? INT_MAX : (int)(d.at_ms - now);
}

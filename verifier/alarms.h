/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What an operator should hear of though nobody logs in: the clock was set,
 * the state is gone, the state is back. For somebody who looks every second;
 * each is one line, when it happens.
 */
#ifndef VERIFIER_ALARMS_H
#define VERIFIER_ALARMS_H

#include <stdint.h>

#include "mtls/log.h"

struct alarms {
	const struct mtls_log *log;	/* borrowed */
	/* The wall clock less CLOCK_BOOTTIME, at the last look. */
	int has_offset;
	int64_t offset_us;
	uint64_t n_jumps;
	int is_lost;			/* the state, at the last look */
	int64_t lost_ms;		/* since when */
};

/* By how much a clock must have been set between two looks. */
#define ALARMS_JUMP_US (2 * (int64_t)1000000)

/* wall_us or boot_us < 0: that clock cannot be read, and nothing is said. */
void alarms_clock(struct alarms *alarms, int64_t wall_us, int64_t boot_us);

/* Whether the last transaction succeeded; now_ms is CLOCK_BOOTTIME. */
void alarms_state(struct alarms *alarms, int is_available, int64_t now_ms);

#endif

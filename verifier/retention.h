/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Old records of the audit, which go after the time that [audit] keep says:
 * the oldest first, a few at a time. What is left can still be verified: the
 * number and hash of the last one that went are kept beside them, and logged.
 */
#ifndef VERIFIER_RETENTION_H
#define VERIFIER_RETENTION_H

#include <stdint.h>

#include "mtls/log.h"

#include "store/store.h"
#include "throttle.h"

struct retention {
	struct store_port *port;	/* borrowed, as what follows */
	const struct mtls_log *log;
	const char *verifier;		/* whose records */
	const struct throttle_clock *clock;
	struct store_op op;
	int64_t n;		/* dropped, since it looked */
	int is_busy;
	int is_ending;		/* begins no other piece */
	int64_t looked_ms;		/* CLOCK_BOOTTIME; 0: not yet */
	/* When the newest record was made, at the start; 0: there was none. */
	int64_t newest_s;
	int knows_newest;
	uint32_t keep_s;		/* what was said last */
};

/*
 * The time that records are old by: the earliest of what the clock says, of
 * what it would say had nobody set it since the start, and of a day after the
 * newest record that there was at the start (newest_s; 0: none) and as long as
 * this runs: neither a clock that jumps nor one that was wrong from the
 * beginning makes anything old. At most 0: it cannot be told.
 */
int64_t retention_now_s(const struct throttle_clock *clock,
    int64_t newest_s, int64_t boot_us, int64_t wall_s);

/*
 * Drops what is older than keep_s (0: nothing), unless it has looked within
 * the last hour. The first time it asks for the newest record, and logs where
 * that is of the future, or long ago. The store must be idle before it ends.
 */
void retention_look(struct retention *r, uint32_t keep_s);

#endif

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
};

/*
 * The time that records are old by: the earlier one of what the clock says
 * and of what it would say had nobody set it since the start, so that one
 * that jumps makes nothing old. At most 0: it cannot be told.
 */
int64_t retention_now_s(const struct throttle_clock *clock, int64_t boot_us,
    int64_t wall_s);

/*
 * Drops what is older than keep_s (0: nothing), unless it has looked within
 * the last hour. The store must be idle before it ends.
 */
void retention_look(struct retention *r, uint32_t keep_s);

#endif

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

#include "store.h"

struct retention {
	struct store_port *port;	/* borrowed, as what follows */
	const struct mtls_log *log;
	const char *verifier;		/* whose records */
	struct store_op op;
	int64_t n;		/* dropped, since it looked */
	int is_busy;
	int is_ending;		/* begins no other piece */
	int64_t looked_ms;		/* CLOCK_BOOTTIME; 0: not yet */
};

/*
 * Drops what is older than keep_s (0: nothing), unless it has looked within
 * the last hour. The store must be idle before it ends.
 */
void retention_look(struct retention *r, uint32_t keep_s);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Comparing with what was seen a second ago. Nothing is decided by it: limits
 * and the age of the audit go by a clock that nobody sets.
 */
#include "config.h"

#include "alarms.h"

#include <inttypes.h>
#include <stdio.h>

void
alarms_clock(struct alarms *a, int64_t wall_us, int64_t boot_us)
{
	int64_t offset_us, jump_us;
	char text[64];

	if (wall_us < 0 || boot_us < 0)
		return;
	offset_us = wall_us - boot_us;
	jump_us = a->has_offset ? offset_us - a->offset_us : 0;
	a->has_offset = 1;
	a->offset_us = offset_us;
	if (jump_us > -ALARMS_JUMP_US && jump_us < ALARMS_JUMP_US)
		return;
	a->n_jumps++;
	(void)snprintf(text, sizeof(text), "%s by %" PRId64 " s",
	    jump_us < 0 ? "back" : "forward",
	    (jump_us < 0 ? -jump_us : jump_us) / 1000000);
	mtls_log_event(a->log, MTLS_LOG_ERR, "clock-jumped",
	    MTLS_KEY_REASON, text, MTLS_KEY_END);
}

void
alarms_state(struct alarms *a, int is_available, int64_t now_ms)
{
	char text[24];

	if (is_available == !a->is_lost)
		return;
	a->is_lost = !is_available;
	if (!is_available) {
		a->lost_ms = now_ms;
		mtls_log_event(a->log, MTLS_LOG_ERR, "state-lost",
		    MTLS_KEY_REASON, "logins are refused until it is back",
		    MTLS_KEY_END);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRId64, now_ms - a->lost_ms);
	mtls_log_event(a->log, MTLS_LOG_NOTICE, "state-back",
	    MTLS_KEY_MS, text, MTLS_KEY_END);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "mon-fri 07:00-20:00, sat 08:00-12:00 Europe/Berlin": when a rule holds, as
 * the minutes of a week on the clock of one zone. Pure functions.
 */
#ifndef POLICY_WITHIN_H
#define POLICY_WITHIN_H

#include <stddef.h>
#include <stdint.h>

#include "zone.h"

struct within {
	char zone[ZONE_NAME_MAX + 1];
	uint8_t minutes[ZONE_WEEK_MINUTES / 8];	/* a bit each, from Monday */
};

/*
 * Reads text; NULL, or what is wrong at *ret_at bytes from its beginning
 * (*ret is then of no use). Whether there is such a zone is not looked at.
 */
const char *within_parse(const char *text, struct within *ret,
    size_t *ret_at);

/* Whether the minute of the week is in it. */
int within_has(const struct within *w, unsigned minute);

/* Whether every minute of b is one of a, by the same zone. */
int within_covers(const struct within *a, const struct within *b);

#endif

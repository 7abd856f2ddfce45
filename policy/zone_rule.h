/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The last line of a time zone file: what holds after the moments that the
 * file lists, as POSIX writes it ("CET-1CEST,M3.5.0,M10.5.0/3"). Pure
 * functions. Private to zone.c and its test.
 */
#ifndef POLICY_ZONE_RULE_H
#define POLICY_ZONE_RULE_H

#include <stdint.h>

/* A day of the year, and the local time of that day. */
struct zone_day {
	enum {
		ZONE_DAY_JULIAN,	/* Jn: 1 to 365, without February 29 */
		ZONE_DAY_OF_YEAR,	/* n: 0 to 365 */
		ZONE_DAY_OF_WEEK	/* Mm.w.d; week 5 is the last */
	} kind;
	int month, week, day;
	int32_t time_s;
};

struct zone_rule {
	int32_t standard_s, summer_s;	/* east of UTC */
	int has_summer;
	struct zone_day begin, end;	/* of summer time */
};

/* Returns 0, or -1 if text is anything else (*ret is then untouched). */
int zone_rule_parse(const char *text, struct zone_rule *ret);

/* Seconds east of UTC at t, seconds since 1970, 0 to the year 9999. */
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t t);

#endif

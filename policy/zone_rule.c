/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POSIX time zone strings. Summer time without the two days on which it
 * begins and ends is refused: the days would have to be guessed.
 */
#include "config.h"

#include "zone_rule.h"

#include <string.h>

#define DAY_S 86400

/* Reads a number of at most three digits; -1 if there is none. */
static int
take_number(const char **at, int max)
{
	const char *p = *at;
	int n = 0;

	while (*p >= '0' && *p <= '9' && p - *at < 4)
		n = 10 * n + (*p++ - '0');
	if (p == *at || p - *at > 3 || n > max)
		return -1;
	*at = p;
	return n;
}

static int
take_char(const char **at, char c)
{
	if (**at != c)
		return 0;
	++*at;
	return 1;
}

/* "CET" or "<+0330>"; what it is called does not matter. */
static int
take_name(const char **at)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char quoted[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-";
	int in_brackets = take_char(at, '<');
	size_t len = strspn(*at, in_brackets ? quoted : letters);

	*at += len;
	return len >= 3 && (!in_brackets || take_char(at, '>')) ? 0 : -1;
}

/* [+-]h[h[h]][:mm[:ss]] in seconds; 0, or -1. */
static int
take_time(const char **at, int max_hours, int32_t *ret)
{
	int sign = take_char(at, '-') ? -1 : 1;
	int h, m = 0, s = 0;

	if (sign == 1)
		(void)take_char(at, '+');
	h = take_number(at, max_hours);
	if (h >= 0 && take_char(at, ':')) {
		m = take_number(at, 59);
		if (m >= 0 && take_char(at, ':'))
			s = take_number(at, 59);
	}
	if (h < 0 || m < 0 || s < 0)
		return -1;
	*ret = sign * (h * 3600 + m * 60 + s);
	return 0;
}

static int
take_day_of_week(const char **at, struct zone_day *day)
{
	day->kind = ZONE_DAY_OF_WEEK;
	day->month = take_number(at, 12);
	if (day->month < 1 || !take_char(at, '.'))
		return -1;
	day->week = take_number(at, 5);
	if (day->week < 1 || !take_char(at, '.'))
		return -1;
	day->day = take_number(at, 6);
	return day->day < 0 ? -1 : 0;
}

/* ",M3.5.0/3" */
static int
take_day(const char **at, struct zone_day *day)
{
	if (!take_char(at, ','))
		return -1;
	if (take_char(at, 'M')) {
		if (take_day_of_week(at, day) != 0)
			return -1;
	} else if (take_char(at, 'J')) {
		day->kind = ZONE_DAY_JULIAN;
		day->day = take_number(at, 365);
		if (day->day < 1)
			return -1;
	} else {
		day->kind = ZONE_DAY_OF_YEAR;
		day->day = take_number(at, 365);
		if (day->day < 0)
			return -1;
	}
	day->time_s = 2 * 3600;
	return take_char(at, '/') ? take_time(at, 167, &day->time_s) : 0;
}

int
zone_rule_parse(const char *text, struct zone_rule *ret)
{
	struct zone_rule r;
	int32_t west;

	memset(&r, 0, sizeof(r));
	if (take_name(&text) != 0 || take_time(&text, 24, &west) != 0)
		return -1;
	r.standard_s = r.summer_s = -west;
	if (*text != '\0') {
		r.has_summer = 1;
		r.summer_s += 3600;
		if (take_name(&text) != 0)
			return -1;
		if (*text != ',') {
			if (take_time(&text, 24, &west) != 0)
				return -1;
			r.summer_s = -west;
		}
		if (take_day(&text, &r.begin) != 0 ||
		    take_day(&text, &r.end) != 0 || *text != '\0')
			return -1;
	}
	*ret = r;
	return 0;
}

static int
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first of January. */
static int64_t
days_to_year(int64_t year)
{
	year--;
	return year * 365 + year / 4 - year / 100 + year / 400 - 719162;
}

static int64_t
year_of(int64_t days)
{
	int64_t year = 1970 + days / 366;

	while (days_to_year(year + 1) <= days)
		year++;
	return year;
}

/* The day of the year (from 0) that Mm.w.d means. */
static int64_t
day_of_week(const struct zone_day *day, int64_t year)
{
	static const int lengths[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int64_t first = 0, found;
	int length, weekday;

	for (int m = 1; m < day->month; m++)
		first += lengths[m - 1];
	if (day->month > 2 && is_leap(year))
		first++;
	length = lengths[day->month - 1];
	if (day->month == 2 && is_leap(year))
		length++;
	/* 1970-01-01 was a Thursday, 4. */
	weekday = (int)((days_to_year(year) + first + 4) % 7);
	found = (day->day - weekday + 7) % 7 + 7 * (day->week - 1);
	if (found >= length)
		found -= 7;
	return first + found;
}

/* When the local clock shows that day and time, taken as if it were UTC. */
static int64_t
local_time_of(const struct zone_day *day, int64_t year)
{
	int64_t n = 0;

	switch (day->kind) {
	case ZONE_DAY_JULIAN:
		n = day->day - 1;
		if (day->day >= 60 && is_leap(year))
			n++;
		break;
	case ZONE_DAY_OF_YEAR:
		n = day->day;
		break;
	case ZONE_DAY_OF_WEEK:
		n = day_of_week(day, year);
		break;
	}
	return (days_to_year(year) + n) * DAY_S + day->time_s;
}

int32_t
zone_rule_offset(const struct zone_rule *rule, int64_t t)
{
	int64_t local = t + rule->standard_s, year, begin, end;
	int is_summer;

	if (!rule->has_summer)
		return rule->standard_s;
	year = year_of(local < 0 ? 0 : local / DAY_S);
	begin = local_time_of(&rule->begin, year) - rule->standard_s;
	end = local_time_of(&rule->end, year) - rule->summer_s;
	/* South of the equator summer goes over the new year. */
	if (begin < end)
		is_summer = t >= begin && t < end;
	else
		is_summer = t >= begin || t < end;
	return is_summer ? rule->summer_s : rule->standard_s;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Spans of the week. One that goes over midnight belongs to the days on
 * which it begins, and ends on the next.
 */
#include "config.h"

#include "within.h"

#include <string.h>

#define DAYS		7
#define DAY_MINUTES	(24 * 60)

static const char *const day_names[DAYS] = {
	"mon", "tue", "wed", "thu", "fri", "sat", "sun"
};

static void
skip_blanks(const char **at)
{
	*at += strspn(*at, " ");
}

/* The number of a day; -1 if there is none. */
static int
take_day(const char **at)
{
	for (int i = 0; i < DAYS; i++) {
		if (strncmp(*at, day_names[i], 3) == 0) {
			*at += 3;
			return i;
		}
	}
	return -1;
}

/* "mon", "mon-fri", "fri-mon" or "any" */
static const char *
take_days(const char **at, int *ret_first, int *ret_last)
{
	static const char *const fault = "expected mon, tue, wed, thu, fri, "
	    "sat, sun or any";

	if (strncmp(*at, "any", 3) == 0) {
		*at += 3;
		*ret_first = 0;
		*ret_last = DAYS - 1;
		return NULL;
	}
	*ret_first = *ret_last = take_day(at);
	if (*ret_first < 0)
		return fault;
	if (**at != '-')
		return NULL;
	++*at;
	*ret_last = take_day(at);
	return *ret_last < 0 ? fault : NULL;
}

static int
digits(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return 10 * (p[0] - '0') + (p[1] - '0');
}

/* "07:00" in minutes; -1 if it is not on the clock. 24:00 is. */
static int
take_clock(const char **at)
{
	int hour = digits(*at), minute;

	if (hour < 0 || (*at)[2] != ':')
		return -1;
	minute = digits(*at + 3);
	if (minute < 0 || minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return -1;
	*at += 5;
	return hour * 60 + minute;
}

static const char *
take_hours(const char **at, int *ret_begin, int *ret_end)
{
	static const char *const fault = "expected hours as 07:00-20:00";

	*ret_begin = take_clock(at);
	if (*ret_begin < 0 || **at != '-')
		return fault;
	++*at;
	*ret_end = take_clock(at);
	if (*ret_end < 0)
		return fault;
	if (*ret_begin == *ret_end || *ret_begin == DAY_MINUTES)
		return "expected an end that is not the beginning; the whole "
		    "day is 00:00-24:00";
	return NULL;
}

static void
add_span(struct within *w, int day, int begin, int end)
{
	unsigned minute = (unsigned)(day * DAY_MINUTES + begin);

	if (end <= begin)
		end += DAY_MINUTES;
	for (int n = end - begin; n > 0; n--) {
		minute %= ZONE_WEEK_MINUTES;
		w->minutes[minute / 8] |= (uint8_t)(1u << minute % 8);
		minute++;
	}
}

static const char *
take_span(const char **at, struct within *w)
{
	int first, last, begin, end;
	const char *fault;

	skip_blanks(at);
	fault = take_days(at, &first, &last);
	if (fault != NULL)
		return fault;
	if (**at != ' ')
		return "expected a blank, and hours as 07:00-20:00";
	skip_blanks(at);
	fault = take_hours(at, &begin, &end);
	if (fault != NULL)
		return fault;
	for (int day = first;; day = (day + 1) % DAYS) {
		add_span(w, day, begin, end);
		if (day == last)
			return NULL;
	}
}

static const char *
take_zone(const char **at, struct within *w)
{
	static const char *const fault =
	    "expected a time zone such as Europe/Berlin at the end";
	const char *begin = *at;
	size_t len;

	skip_blanks(at);
	len = strcspn(*at, " ,");
	if (*at == begin || len == 0 || len > ZONE_NAME_MAX)
		return fault;
	memcpy(w->zone, *at, len);
	w->zone[len] = '\0';
	if ((*at)[len] != '\0')
		return fault;
	return NULL;
}

const char *
within_parse(const char *text, struct within *ret, size_t *ret_at)
{
	const char *at = text, *fault;

	memset(ret, 0, sizeof(*ret));
	for (;;) {
		fault = take_span(&at, ret);
		if (fault != NULL || *at != ',')
			break;
		at++;
	}
	if (fault == NULL)
		fault = take_zone(&at, ret);
	*ret_at = (size_t)(at - text);
	return fault;
}

int
within_has(const struct within *w, unsigned minute)
{
	minute %= ZONE_WEEK_MINUTES;
	return (w->minutes[minute / 8] >> minute % 8 & 1) != 0;
}

int
within_covers(const struct within *a, const struct within *b)
{
	if (strcmp(a->zone, b->zone) != 0)
		return 0;
	for (size_t i = 0; i < sizeof(a->minutes); i++) {
		if ((b->minutes[i] & ~a->minutes[i]) != 0)
			return 0;
	}
	return 1;
}

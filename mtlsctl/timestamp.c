/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * ISO 8601 in UTC, to the second.
 */
#include "config.h"

#include "mtlsctl/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

char *
timestamp_format(int64_t seconds, char out[TIMESTAMP_SIZE])
{
	struct tm tm;
	time_t t;

	if (seconds < 0)
		seconds = 0;
	if (seconds > TIMESTAMP_MAX)
		seconds = TIMESTAMP_MAX;
	t = (time_t)seconds;
	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, TIMESTAMP_SIZE, "-");
	return out;
}

int64_t
timestamp_parse(const char *text)
{
	char again[TIMESTAMP_SIZE];
	struct tm tm;
	int64_t seconds;
	int len = 0;

	memset(&tm, 0, sizeof(tm));
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &tm.tm_year,
	    &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
	    &len) != 6 || len != TIMESTAMP_SIZE - 1 || text[len] != '\0')
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = timegm(&tm);
	if (seconds < 0 || seconds > TIMESTAMP_MAX ||
	    strcmp(timestamp_format(seconds, again), text) != 0)
		return -1;
	return seconds;
}

int64_t
timestamp_now(void)
{
	return time(NULL);
}

int64_t
timestamp_now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return time(NULL) * 1000;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

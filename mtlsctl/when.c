/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Points in time, strictly read.
 */
#include "config.h"

#include "mtlsctl/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtlsctl/timestamp.h"

#define DIGITS_MAX	9

/* How many milliseconds the unit has; 0 if it is none. */
static int64_t
unit_ms(const char *unit)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = {
		{ 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 },
		{ 'd', 86400000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (unit[0] == units[i].letter && unit[1] == '\0')
			return units[i].ms;
	}
	return 0;
}

static int64_t
parse_ago(const char *text, int64_t now_ms)
{
	size_t len = strspn(text, "0123456789");
	int64_t ms;

	if (len == 0 || len > DIGITS_MAX)
		return -1;
	ms = atol(text) * unit_ms(text + len);
	if (unit_ms(text + len) == 0)
		return -1;
	return ms > now_ms ? 0 : now_ms - ms;
}

static int64_t
parse_point(const char *text)
{
	char whole[TIMESTAMP_SIZE];
	int64_t seconds;

	if (strlen(text) == strlen("2026-11-23")) {
		(void)snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
		text = whole;
	}
	seconds = timestamp_parse(text);
	return seconds < 0 ? -1 : seconds * 1000;
}

enum mtls_status
when_parse(const char *option, const char *text, int64_t now_ms,
    uint64_t *ret_ms, struct mtls_err *err)
{
	int64_t ms = parse_ago(text, now_ms);

	if (ms < 0)
		ms = parse_point(text);
	if (ms < 0)
		return mtls_fail(err, MTLS_E_USAGE, "--%s is a time like "
		    "2026-11-23T07:41:14Z or 2026-11-23, or how long ago, "
		    "like 30m, 12h or 7d", option);
	*ret_ms = (uint64_t)ms;
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Points in time as people and files write them: "2026-11-23T07:41:14Z".
 */
#ifndef MTLSCTL_TIMESTAMP_H
#define MTLSCTL_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_SIZE	21
#define TIMESTAMP_MAX	INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

/* Seconds since 1970, clamped to 0..TIMESTAMP_MAX. Returns out. */
char *timestamp_format(int64_t seconds, char out[TIMESTAMP_SIZE]);

/* The other way round; -1 where text is not exactly what format writes. */
int64_t timestamp_parse(const char *text);

/* Now, by the wall clock. */
int64_t timestamp_now(void);
int64_t timestamp_now_ms(void);

#endif

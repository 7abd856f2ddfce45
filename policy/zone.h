/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Time zones: the clock on the wall at a moment, from the machine's zone
 * files (TZif, RFC 9636). Read once, when the policy is; afterwards a pure
 * function. The process's own zone and environment play no part.
 */
#ifndef POLICY_ZONE_H
#define POLICY_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

#define ZONE_DIR	"/usr/share/zoneinfo"
#define ZONE_FILE_MAX	(64u * 1024u)
#define ZONE_NAME_MAX	64
#define ZONE_WEEK_MINUTES	(7 * 24 * 60)

struct zone;

/*
 * Reads the zone of that name ("Europe/Berlin") from a file below dir, which
 * is ZONE_DIR but in tests. CONFIG where the name cannot be one, there is no
 * such zone, or the file is not a complete and sane one.
 */
enum mtls_status zone_read(const char *dir, const char *name,
    struct zone **ret, struct mtls_err *err);

/* The same from the len bytes of a file. */
enum mtls_status zone_parse(const char *name, const uint8_t *data,
    size_t len, struct zone **ret, struct mtls_err *err);

void zone_free(struct zone *zone);	/* NULL is a no-op */

const char *zone_name0(const struct zone *zone);

/* Seconds east of UTC at t, seconds since 1970 (0 to the year 9999). */
int32_t zone_offset(const struct zone *zone, int64_t t);

/* Minutes since Monday 00:00, by the zone's clock at t. */
unsigned zone_minute_of_week(const struct zone *zone, int64_t t);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Points in time on a command line: "2026-11-23T07:41:14Z", a day
 * ("2026-11-23", its beginning in UTC), or how long ago ("90s", "30m",
 * "12h", "7d").
 */
#ifndef MTLSCTL_WHEN_H
#define MTLSCTL_WHEN_H

#include <stdint.h>

#include "mtls/status.h"

/* Milliseconds since 1970. USAGE with the name of the option. */
enum mtls_status when_parse(const char *option, const char *text,
    int64_t now_ms, uint64_t *ret_ms, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Is this answer for this request?
 */
#ifndef HELPER_VERDICT_H
#define HELPER_VERDICT_H

#include <stddef.h>

#include "mtls/body.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

/*
 * Looks at the body of a 200 answer to the question open, whose challenge
 * has that id. ALLOW only if the answer says so and restates every field;
 * DENY (err: REFUSED with the reason word) only if it restates them too;
 * NONE otherwise, with PROTOCOL and the field in err. Where it is not NONE,
 * *ret_grant holds the body and the caller clears it with mtls_body_clear().
 */
enum mtls_verdict verdict_check(const struct mtls_body_open *open,
    const uint8_t challenge[MTLS_ID_BYTES], const char *json, size_t len,
    struct mtls_body_grant *ret_grant, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TAKEN: the answer of a verifier to whatever proves a challenge. It says
 * that the proof was looked at, and nothing of the decision.
 */
#ifndef CLIENT_TAKEN_H
#define CLIENT_TAKEN_H

#include <stdint.h>

#include "client/http_channel.h"
#include "mtls/status.h"

/*
 * OK where it is a 200 with TAKEN about this challenge (MTLS_ID_BYTES);
 * otherwise what problem_read() makes of it, or PROTOCOL.
 */
enum mtls_status taken_read(const struct http_answer *answer,
    const uint8_t *challenge, struct mtls_err *err);

#endif

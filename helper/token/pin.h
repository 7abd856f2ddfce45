/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How the PIN comes: one datagram over a socket of its own.
 */
#ifndef TOKEN_PIN_H
#define TOKEN_PIN_H

#include <stdint.h>

#include "mtls/deadline.h"
#include "mtls/secret.h"
#include "mtls/status.h"

/*
 * Sends TOKEN_PIN with one end of a new socket pair and waits for one
 * datagram on the other. CANCELLED where that end is closed without one,
 * PIN_WRONG for one that is longer than the secret's capacity, PROTOCOL or
 * CLOSED where the helper speaks or leaves meanwhile, TIMEOUT. The secret is
 * empty unless OK.
 */
enum mtls_status token_pin_ask(int helper_fd, uint32_t index,
    struct mtls_secret *pin, struct mtls_deadline deadline,
    struct mtls_err *err);

#endif

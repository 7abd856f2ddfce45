/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a handshake came to, for somebody who watches with --debug.
 */
#ifndef VERIFIER_HANDSHAKE_LOG_H
#define VERIFIER_HANDSHAKE_LOG_H

#include <openssl/ssl.h>

#include "mtls/log.h"

/*
 * Logs at DEBUG that the handshake is done: version, cipher, group, how
 * either end has signed, and both certificates' subjects. phase is "device"
 * or "user", peer the address.
 */
void handshake_log(const struct mtls_log *log, SSL *ssl, const char *phase,
    const char *peer);

#endif

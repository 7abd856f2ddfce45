/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How a handshake has ended: what is counted, what is logged, and what the
 * other side still gets to know.
 */
#ifndef VERIFIER_HANDSHAKE_H
#define VERIFIER_HANDSHAKE_H

#include <stdint.h>

#include <openssl/ssl.h>

#include "mtls/log.h"

struct metrics;

/* Whose it is; all borrowed. */
struct handshake {
	const struct mtls_log *log;
	struct metrics *metrics;	/* or NULL */
	const char *phase;		/* "device" or "user" */
	const char *peer;		/* the address */
	int64_t began_us;
};

/* It succeeded: counts it, its time, and logs it at DEBUG. */
void handshake_done(struct handshake handshake, SSL *ssl);

/*
 * An alert is on its way to the client: takes what the client has sent
 * behind the message that was refused, a bounded number of bytes, so that
 * the close is no reset, which may overtake the alert.
 */
void handshake_refused(const SSL *ssl);

/*
 * It failed and is over: counts it, and logs why where there was an alert,
 * which is static, or NULL. is_late: our timeout ended it.
 */
void handshake_failed(struct handshake handshake, SSL *ssl,
    const char *alert, int is_late);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a person means who logs in through a relay.
 */
#ifndef CLIENT_RELAY_MEANT_H
#define CLIENT_RELAY_MEANT_H

#include "client/client_settings.h"
#include "mtls/body.h"
#include "mtls/status.h"

/* All of it borrowed. */
struct relay_meant {
	const char *user;
	const char *gateway;		/* full name of the machine */
	const char *service;
};

/*
 * Compares what the gateway has opened, early, so that a mistake is seen
 * before a card is touched; what counts is the proof, and what the verifier
 * makes of it. PEER with what differs; *ret is the verifier, one of the
 * person's own list, borrowed.
 */
enum mtls_status relay_meant_check(const struct relay_meant *meant,
    const struct client_settings *settings,
    const struct mtls_body_relay *hello,
    const struct settings_server **ret, struct mtls_err *err);

#endif

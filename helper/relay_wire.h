/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One TCP connection from a gateway to the user listener of a verifier. TLS
 * runs through it from end to end; here are bytes.
 */
#ifndef HELPER_RELAY_WIRE_H
#define HELPER_RELAY_WIRE_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "client/http_channel.h"
#include "mtls/status.h"

struct relay_wire;

/*
 * Called from the event loop when there is something to take, and once when
 * the connection has ended. err: OK; or UNAVAILABLE where there never was a
 * connection. The wire may be freed in it.
 */
typedef void (*relay_wire_fn)(void *arg, const struct mtls_err *err);

/* Begins to connect; what is sent meanwhile waits. */
enum mtls_status relay_wire_new(struct event_base *base,
    const struct http_target *target, relay_wire_fn news, void *arg,
    struct relay_wire **ret, struct mtls_err *err);
void relay_wire_free(struct relay_wire *w);	/* NULL is a no-op */

/* Bytes for the verifier; dropped where the connection has ended. */
enum mtls_status relay_wire_send(struct relay_wire *w, const uint8_t *data,
    size_t len, struct mtls_err *err);

/* Takes at most size bytes that have come; returns how many. */
size_t relay_wire_take(struct relay_wire *w, uint8_t *out, size_t size);

/* What is left to take. */
size_t relay_wire_pending(const struct relay_wire *w);
/* Whether no more than what is pending will come. */
int relay_wire_has_ended(const struct relay_wire *w);

#endif

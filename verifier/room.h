/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How many connections each client has, in all event loops together.
 */
#ifndef VERIFIER_ROOM_H
#define VERIFIER_ROOM_H

#include <stdint.h>

#include "mtls/status.h"

#include "network.h"

struct room;

enum mtls_status room_new(struct room **ret, struct mtls_err *err);
void room_free(struct room *room);	/* NULL is a no-op */

/*
 * Counts one more connection of this client (network_same_client()). Returns
 * 0, and counts nothing, where it has max of them, or without memory. Any
 * thread may call this.
 */
int room_enter(struct room *room, const struct network_address *address,
    uint32_t max);

/* One less; it must have entered. */
void room_leave(struct room *room, const struct network_address *address);

#endif

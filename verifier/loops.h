/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The event loops beside the first, each a thread with an OpenSSL library
 * context, listening sockets and a port of the store of its own. What they
 * have in common is read only, or has a lock of its own. They are called
 * from the first loop's thread.
 */
#ifndef VERIFIER_LOOPS_H
#define VERIFIER_LOOPS_H

#include "server.h"

struct loops;

/* How many there are in all, with the first: what the setting means here. */
unsigned loops_number(const struct settings *settings);

/* Sockets for all but the first, beside those that parts has for it. */
enum mtls_status loops_bind(const struct settings *settings,
    struct server_parts *parts, struct mtls_err *err);
void loops_unbind(struct server_parts *parts);

/*
 * Makes and starts them, as many as parts has sockets for; takes those. Each
 * serves when this has returned OK.
 */
enum mtls_status loops_new(struct server *first, struct server_parts *parts,
    struct loops **ret, struct mtls_err *err);

/*
 * Makes the next generation ready for each loop, and changes none; where one
 * cannot have it, nothing stays of it.
 */
enum mtls_status loops_load(struct loops *loops, struct generation *next,
    struct mtls_err *err);
/* Goes on with what was loaded; returns when all of them do. */
void loops_use(struct loops *loops);

/* All drain; does not wait for it. */
void loops_drain(struct loops *loops);

/* Drains, waits for the end of all and frees. NULL is a no-op. */
void loops_free(struct loops *loops);

struct loops_counts {
	uint64_t n_connections, n_exchanges, n_allowed, n_denied;
};
/* Adds those of all loops but the first. loops may be NULL. */
void loops_add_counts(struct loops *loops, struct loops_counts *counts);

#endif

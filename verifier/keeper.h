/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Keeps revocation data current while the verifier runs: watches files,
 * fetches lists, and compares each list with its floor in the store. Belongs
 * to one event loop; the slow parts have threads.
 */
#ifndef VERIFIER_KEEPER_H
#define VERIFIER_KEEPER_H

#include <event2/event.h>

#include "mtls/log.h"
#include "mtls/status.h"

#include "generation.h"
#include "store/store.h"

struct keeper;

/*
 * Starts with this generation. log and port are borrowed until
 * keeper_free(), and log longer where a thread does not end.
 */
enum mtls_status keeper_new(const struct mtls_log *log,
    struct event_base *base, struct store_port *port,
    const struct generation *g, struct keeper **ret, struct mtls_err *err);

/* Goes on with the data of the next generation. */
void keeper_use(struct keeper *k, const struct generation *g);

void keeper_free(struct keeper *k);	/* NULL is a no-op */

#endif

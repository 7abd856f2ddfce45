/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking OCSP responders, by threads, for one event loop: it asks, goes on
 * with something else, and is called when there is nothing more to wait for.
 * What was learned is in the cache of the revocation data then, or nothing
 * was learned.
 */
#ifndef VERIFIER_OCSP_H
#define VERIFIER_OCSP_H

#include <stdint.h>

#include <event2/event.h>

#include "mtls/log.h"
#include "mtls/status.h"

#include "revocation.h"

/* How many certificates may be asked about at a time, and by how many. */
#define OCSP_JOBS_MAX	256
#define OCSP_THREADS	4

struct ocsp;
struct ocsp_query;

/* Called once, from the event loop; never from ocsp_ask(). */
typedef void (*ocsp_done_fn)(void *arg);

enum mtls_status ocsp_new(const struct mtls_log *log,
    struct event_base *base, struct ocsp **ret, struct mtls_err *err);

/*
 * Ends; nobody is called any more. NULL is a no-op. What a thread still uses
 * that the operating system holds up stays until the process ends.
 */
void ocsp_free(struct ocsp *ocsp);

/*
 * Asks about question, of which it takes a reference of its own. NULL: it
 * cannot be asked now. Who asks about the same certificate at the same time
 * gets the same answer.
 */
struct ocsp_query *ocsp_ask(struct ocsp *ocsp, struct revocation *r,
    const struct revocation_question *question, ocsp_done_fn done, void *arg);

/* done is not called; NULL is a no-op. */
void ocsp_cancel(struct ocsp_query *query);

/* Gives everybody up who is being waited for: all are called soon. */
void ocsp_give_up(struct ocsp *ocsp);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that keeps revocation data current, so that no event loop waits
 * for a file or another server. It has a context of its own, and a reference
 * to the data that decide now.
 */
#ifndef VERIFIER_REVOCATION_WORKER_H
#define VERIFIER_REVOCATION_WORKER_H

#include "mtls/status.h"
#include "mtls/tls.h"

#include "revocation.h"

struct revocation_worker;

#define REVOCATION_WORKER_WAIT	UINT32_MAX	/* until it is woken */

struct revocation_work {
	struct revocation *r;
	struct mtls_tls *tls;
	int wake_fd;		/* readable: come back, there is news */
};

/*
 * One step; how many milliseconds to wait until the next one, at most. In the
 * thread.
 */
typedef uint32_t (*revocation_step_fn)(void *arg,
    const struct revocation_work *work);

/* Starts the thread; it takes a reference of r. */
enum mtls_status revocation_worker_new(revocation_step_fn step, void *arg,
    struct revocation *r, struct revocation_worker **ret,
    struct mtls_err *err);

/* From now on these, at once. */
void revocation_worker_use(struct revocation_worker *w,
    struct revocation *r);

/*
 * Ends the thread and returns 1; NULL is a no-op. 0: it is held up by the
 * operating system, and goes on with what is its own until the process ends.
 */
int revocation_worker_free(struct revocation_worker *w);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Watches the files of CRLs, so that a revocation needs no signal.
 */
#ifndef VERIFIER_REVOCATION_WATCH_H
#define VERIFIER_REVOCATION_WATCH_H

#include <stdatomic.h>

#include "mtls/log.h"

#include "revocation_worker.h"

/* The argument of revocation_watch_step(). */
struct revocation_watch {
	const struct mtls_log *log;
	atomic_uint interval_s;		/* 0: never */
	/* The thread's own. */
	char complaint[MTLS_ERR_TEXT_MAX];
	int64_t complained_ms;
};

/* Logs that so many CAs have other lists than before; 0: nothing. */
void revocation_watch_log(const struct mtls_log *log, size_t n);

/*
 * A revocation_step_fn: reads what has changed. Logs what it took, and what
 * it could not take once, and again every ten minutes.
 */
uint32_t revocation_watch_step(void *arg,
    const struct revocation_work *work);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fetches the CRLs of those CAs that have a URL.
 */
#ifndef VERIFIER_CRL_FETCH_H
#define VERIFIER_CRL_FETCH_H

#include "mtls/log.h"

#include "revocation_worker.h"

/* How large a list may be, and how long it may take. */
#define CRL_FETCH_MAX_BYTES	(64u * 1024u * 1024u)
#define CRL_FETCH_TIMEOUT_S	60

/* The argument of crl_fetch_step(); zeroed but for log. */
struct crl_fetch {
	const struct mtls_log *log;
	/* The thread's own. */
	struct revocation *of;		/* what the times are about */
	size_t n;
	struct crl_fetch_turn *turns;	/* by CA */
};

/*
 * A revocation_step_fn: fetches what is due, verifies it and puts it where
 * revocation_refresh() finds it. A list is due before the one there is ends,
 * and every refresh_s; after a failure sooner. Logs what fails when it starts
 * to, and every hour.
 */
uint32_t crl_fetch_step(void *arg, const struct revocation_work *work);
void crl_fetch_clear(struct crl_fetch *f);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the keeper consists of.
 */
#include "config.h"

#include "keeper.h"

#include <stdlib.h>

#include "revocation/crl_fetch.h"
#include "revocation/crl_floors.h"
#include "revocation/revocation_watch.h"

struct keeper {
	struct crl_floors *floors;
	struct revocation_watch watch;
	struct crl_fetch fetch;
	struct revocation_worker *watcher, *fetcher;
};

static void
use_settings(struct keeper *k, const struct generation *g)
{
	atomic_store(&k->watch.interval_s, g->settings.watch_s);
}

enum mtls_status
keeper_new(const struct mtls_log *log, struct event_base *base,
    struct store_port *port, const struct generation *g, struct keeper **ret,
    struct mtls_err *err)
{
	struct keeper *k = calloc(1, sizeof(*k));
	enum mtls_status status;

	if (k == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	k->watch.log = log;
	k->fetch.log = log;
	use_settings(k, g);
	status = crl_floors_new(log, base, port, g->revocation, &k->floors,
	    err);
	if (status == MTLS_OK)
		status = revocation_worker_new(revocation_watch_step,
		    &k->watch, g->revocation, &k->watcher, err);
	if (status == MTLS_OK)
		status = revocation_worker_new(crl_fetch_step, &k->fetch,
		    g->revocation, &k->fetcher, err);
	if (status != MTLS_OK) {
		keeper_free(k);
		return status;
	}
	*ret = k;
	return MTLS_OK;
}

void
keeper_use(struct keeper *k, const struct generation *g)
{
	use_settings(k, g);
	crl_floors_use(k->floors, g->revocation);
	revocation_worker_use(k->watcher, g->revocation);
	revocation_worker_use(k->fetcher, g->revocation);
}

void
keeper_free(struct keeper *k)
{
	int is_ended;

	if (k == NULL)
		return;
	crl_floors_free(k->floors);
	/* What a thread that does not end still uses stays. */
	is_ended = revocation_worker_free(k->watcher);
	is_ended &= revocation_worker_free(k->fetcher);
	if (!is_ended)
		return;
	crl_fetch_clear(&k->fetch);
	free(k);
}

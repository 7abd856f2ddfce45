/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Looks at the files at short intervals: that finds what was renamed and
 * what was rewritten, on every file system.
 */
#include "config.h"

#include "revocation_watch.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"

#define COMPLAIN_MS	(10 * 60 * 1000)

void
revocation_watch_log(const struct mtls_log *log, size_t n)
{
	char text[32];

	if (n == 0)
		return;
	(void)snprintf(text, sizeof(text), "of %zu CAs", n);
	mtls_log_event(log, MTLS_LOG_NOTICE, "crls-taken",
	    MTLS_KEY_REASON, text, MTLS_KEY_END);
}

static void
complain(struct revocation_watch *w, const struct mtls_err *err)
{
	int64_t now_ms = mtls_clock_ms();

	if (strcmp(w->complaint, err->text) == 0 &&
	    now_ms < w->complained_ms + COMPLAIN_MS)
		return;
	(void)snprintf(w->complaint, sizeof(w->complaint), "%s", err->text);
	w->complained_ms = now_ms;
	mtls_log_err(w->log, MTLS_LOG_ERR, "crls-refused", err,
	    MTLS_KEY_END);
}

uint32_t
revocation_watch_step(void *arg, const struct revocation_work *work)
{
	struct revocation_watch *w = arg;
	unsigned interval_s = atomic_load(&w->interval_s);
	struct mtls_err err;
	size_t n = 0;

	if (interval_s == 0)
		return REVOCATION_WORKER_WAIT;
	mtls_err_clear(&err);
	if (revocation_refresh(work->r, work->tls, &n, &err) != MTLS_OK)
		complain(w, &err);
	else
		w->complaint[0] = '\0';
	revocation_watch_log(w->log, n);
	return interval_s * 1000;
}

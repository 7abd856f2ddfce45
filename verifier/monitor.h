/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * GET /metrics and GET /healthz, over HTTP without TLS, on Unix sockets and
 * on loopback addresses. Nothing can be changed here, and nothing of a
 * person is told: counts, times, and names of CAs and services.
 */
#ifndef VERIFIER_MONITOR_H
#define VERIFIER_MONITOR_H

#include "mtls/status.h"

#include "listener.h"
#include "server.h"
#include "settings.h"

/* Binds [listen] metrics, while the process may still be root. */
enum mtls_status monitor_bind(const struct settings *settings,
    struct listener_sockets *ret, struct mtls_err *err);

/* Serves the sockets, which it takes, also where it fails. */
enum mtls_status monitor_new(struct server *server,
    struct listener_sockets *sockets, struct monitor **ret,
    struct mtls_err *err);
/* Where it listens, separated by commas, or "". Returns out. */
char *monitor_text(const struct monitor *monitor, char *out, size_t size);
void monitor_free(struct monitor *monitor);	/* NULL is a no-op */

/*
 * Everything as Prometheus text; counts is NULL where the store did not
 * answer. Private to monitor*.c.
 */
void monitor_report(struct server *server, const struct store_counts *counts,
    FILE *out);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What happens, counted, for /metrics. Every thread may count at any time.
 * A label has only values of our own: words of the code, and service names
 * that the policy has; so a stranger cannot make a new series.
 */
#ifndef VERIFIER_METRICS_H
#define VERIFIER_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "mtls/status.h"

#include "histogram.h"

struct metrics;

enum metrics_family {
	METRICS_LOGINS,		/* service, method, decision, reason */
	METRICS_HANDSHAKES,	/* listener */
	METRICS_HANDSHAKES_FAILED,	/* listener, reason */
	METRICS_LIMITS,		/* limit */
	METRICS_CODES,		/* what became of them */
	METRICS_UNAVAILABLE,	/* reason */
	METRICS_ADMIN,		/* change */
	METRICS_FAMILIES
};

enum metrics_time {
	METRICS_HANDSHAKE_TIME,	/* from accept to the end of the handshake */
	METRICS_DECISION_TIME,	/* from a proof to its durable decision */
	METRICS_TIMES
};

enum mtls_status metrics_new(struct metrics **ret, struct mtls_err *err);
void metrics_free(struct metrics *m);	/* NULL is a no-op */

#define METRICS_LABELS_MAX 4

/* The values of a family's labels, in its order. */
struct metrics_labels {
	const char *value[METRICS_LABELS_MAX];
};

/*
 * One more. m may be NULL. Copies the values; NULL is "". Beyond
 * METRICS_SERIES_MAX different ones it is counted as lost.
 */
#define METRICS_SERIES_MAX 1024
void metrics_count(struct metrics *m, enum metrics_family family,
    struct metrics_labels labels);

/* Calls each with the labels of every series of a family, and its count. */
typedef void (*metrics_each_fn)(void *arg, const char *const *values,
    uint64_t n);
void metrics_each(struct metrics *m, enum metrics_family family,
    metrics_each_fn each, void *arg);

/* How long something took that began then (mtls_clock_us()); m may be NULL. */
void metrics_since(struct metrics *m, enum metrics_time time,
    int64_t began_us);

/* All of it as Prometheus text. */
void metrics_write(struct metrics *m, FILE *out);

#endif

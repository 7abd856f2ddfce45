/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The text format of Prometheus (0.0.4). Errors are the stream's: look at
 * ferror() at the end.
 */
#ifndef VERIFIER_METRICS_TEXT_H
#define VERIFIER_METRICS_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "histogram.h"

/* A list of them ends with an entry whose name is NULL. */
struct metrics_label {
	const char *name, *value;
};

/* What follows belongs to this name; type is "counter", "gauge" ... */
void metrics_text_head(FILE *out, const char *name, const char *type,
    const char *help);

/* One value; labels may be NULL. */
void metrics_text_value(FILE *out, const char *name,
    const struct metrics_label *labels, int64_t value);

/* A counter or gauge without labels: head and value. */
void metrics_text_counter(FILE *out, const char *name, const char *help,
    uint64_t value);
void metrics_text_gauge(FILE *out, const char *name, const char *help,
    int64_t value);

/* Head and all of a histogram; microseconds are shown as seconds. */
void metrics_text_histogram(FILE *out, const char *name, const char *help,
    struct histogram *h);

/* The same of somebody else's counters. */
struct metrics_buckets {
	const uint32_t *bounds_us;	/* n of them, ascending */
	const uint64_t *counts;		/* between them, n + 1 */
	size_t n;
	uint64_t sum_us;
};
void metrics_text_buckets(FILE *out, const char *name, const char *help,
    const struct metrics_buckets *buckets);

#endif

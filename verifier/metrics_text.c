/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names, labels and numbers as Prometheus wants them.
 */
#include "config.h"

#include "metrics_text.h"

#include <inttypes.h>

void
metrics_text_head(FILE *out, const char *name, const char *type,
    const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
	    type);
}

static void
put_label(FILE *out, const struct metrics_label *label, const char *before)
{
	(void)fprintf(out, "%s%s=\"", before, label->name);
	for (const char *s = label->value; *s != '\0'; s++) {
		if (*s == '\n')
			(void)fputs("\\n", out);
		else if (*s == '"' || *s == '\\')
			(void)fprintf(out, "\\%c", *s);
		else
			(void)fputc(*s, out);
	}
	(void)fputc('"', out);
}

void
metrics_text_value(FILE *out, const char *name,
    const struct metrics_label *labels, int64_t value)
{
	const char *before = "{";

	(void)fputs(name, out);
	for (; labels != NULL && labels->name != NULL; labels++) {
		put_label(out, labels, before);
		before = ",";
	}
	(void)fprintf(out, "%s %" PRId64 "\n", *before == ',' ? "}" : "",
	    value);
}

void
metrics_text_counter(FILE *out, const char *name, const char *help,
    uint64_t value)
{
	metrics_text_head(out, name, "counter", help);
	(void)fprintf(out, "%s %" PRIu64 "\n", name, value);
}

void
metrics_text_gauge(FILE *out, const char *name, const char *help,
    int64_t value)
{
	metrics_text_head(out, name, "gauge", help);
	metrics_text_value(out, name, NULL, value);
}

/* Without a detour over floating point: 2500 us are 0.002500. */
static void
put_number(FILE *out, enum histogram_unit unit, uint64_t value)
{
	if (unit == HISTOGRAM_MICROSECONDS)
		(void)fprintf(out, "%" PRIu64 ".%06" PRIu64,
		    value / 1000000, value % 1000000);
	else
		(void)fprintf(out, "%" PRIu64, value);
}

static void
put_histogram(FILE *out, const char *name, enum histogram_unit unit,
    const struct metrics_buckets *b)
{
	uint64_t total = 0;

	for (size_t i = 0; i <= b->n; i++) {
		total += b->counts[i];
		(void)fprintf(out, "%s_bucket{le=\"", name);
		if (i == b->n)
			(void)fputs("+Inf", out);
		else
			put_number(out, unit, b->bounds_us[i]);
		(void)fprintf(out, "\"} %" PRIu64 "\n", total);
	}
	(void)fprintf(out, "%s_sum ", name);
	put_number(out, unit, b->sum_us);
	(void)fprintf(out, "\n%s_count %" PRIu64 "\n", name, total);
}

void
metrics_text_histogram(FILE *out, const char *name, const char *help,
    struct histogram *h)
{
	uint64_t counts[HISTOGRAM_MAX + 1];
	struct metrics_buckets b = { .counts = counts };

	b.bounds_us = histogram_bounds(h, &b.n);
	for (size_t i = 0; i <= b.n; i++)
		counts[i] = atomic_load_explicit(&h->buckets[i],
		    memory_order_relaxed);
	b.sum_us = atomic_load_explicit(&h->sum, memory_order_relaxed);
	metrics_text_head(out, name, "histogram", help);
	put_histogram(out, name, h->unit, &b);
}

void
metrics_text_buckets(FILE *out, const char *name, const char *help,
    const struct metrics_buckets *buckets)
{
	metrics_text_head(out, name, "histogram", help);
	put_histogram(out, name, HISTOGRAM_MICROSECONDS, buckets);
}

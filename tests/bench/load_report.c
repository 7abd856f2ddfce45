/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a run has seen, as one line of JSON.
 */
#include "config.h"

#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
report_init(struct report *r, size_t max)
{
	memset(r, 0, sizeof(*r));
	r->max = max;
	r->latency_s = calloc(max + 1, sizeof(double));
	load_must(r->latency_s != NULL, "memory");
}

void
report_add(struct report *r, double latency_s)
{
	r->n_ok++;
	if (r->n < r->max)
		r->latency_s[r->n++] = latency_s;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
quantile_ms(const struct report *r, double q)
{
	if (r->n == 0)
		return 0;
	return r->latency_s[(size_t)(q * (double)(r->n - 1) + 0.5)] * 1e3;
}

void
report_print(struct report *r)
{
	qsort(r->latency_s, r->n, sizeof(double), compare);
	for (char *p = r->wrong; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
			*p = '\'';
	}
	printf("{\"ok\": %zu, \"failed\": %zu, \"wrong\": %zu, "
	    "\"seconds\": %.4f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
	    "\"p999_ms\": %.3f, \"max_ms\": %.3f, \"first_wrong\": \"%s\"}\n",
	    r->n_ok, r->n_failed, r->n_wrong, r->ended - r->begun,
	    quantile_ms(r, 0.5), quantile_ms(r, 0.99), quantile_ms(r, 0.999),
	    quantile_ms(r, 1), r->wrong);
	fflush(stdout);
}

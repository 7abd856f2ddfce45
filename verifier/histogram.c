/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Counters in buckets. Relaxed order is enough: each counter stands for
 * itself, and whoever reads them adds them up.
 */
#include "config.h"

#include "histogram.h"

static const uint32_t times_us[] = { 100, 250, 500, 1000, 2500, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000 };
static const uint32_t numbers[] = { 1, 2, 3, 5, 8, 13, 20, 30, 50, 80, 130,
	200, 300, 500, 800, 1000 };

void
histogram_init(struct histogram *h, enum histogram_unit unit)
{
	h->unit = unit;
	for (size_t i = 0; i <= HISTOGRAM_MAX; i++)
		atomic_init(&h->buckets[i], 0);
	atomic_init(&h->sum, 0);
}

const uint32_t *
histogram_bounds(const struct histogram *h, size_t *ret_n)
{
	*ret_n = HISTOGRAM_MAX;
	return h->unit == HISTOGRAM_NUMBER ? numbers : times_us;
}

void
histogram_add(struct histogram *h, int64_t value)
{
	size_t n, i = 0;
	const uint32_t *bounds = histogram_bounds(h, &n);
	uint64_t v = value < 0 ? 0 : (uint64_t)value;

	while (i < n && v > bounds[i])
		i++;
	(void)atomic_fetch_add_explicit(&h->buckets[i], 1,
	    memory_order_relaxed);
	(void)atomic_fetch_add_explicit(&h->sum, v, memory_order_relaxed);
}

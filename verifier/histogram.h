/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How often which values were seen, in buckets. Any thread may add to one at
 * any time, and any other may read it meanwhile.
 */
#ifndef VERIFIER_HISTOGRAM_H
#define VERIFIER_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_MAX 16

enum histogram_unit {
	HISTOGRAM_MICROSECONDS,	/* buckets from 0.1 ms to 10 s */
	HISTOGRAM_NUMBER	/* buckets from 1 to 1000 */
};

struct histogram {
	enum histogram_unit unit;
	_Atomic uint64_t buckets[HISTOGRAM_MAX + 1];
	_Atomic uint64_t sum;
};

/* Zeroed memory is a histogram of microseconds. */
void histogram_init(struct histogram *h, enum histogram_unit unit);
/* Negative values count as 0. */
void histogram_add(struct histogram *h, int64_t value);

/* Upper bounds, ascending; *ret_n of them. Bucket *ret_n has what is above. */
const uint32_t *histogram_bounds(const struct histogram *h, size_t *ret_n);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A log whose reader stops to read: nobody who logs waits for it, memory is
 * bounded, and what was lost is counted.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log_queue.h"

#include "../lib/unit.h"

#define FLUSH_MS 20000

/* Each queue is there until the process ends, and so is what it writes to. */
struct reader {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int is_stopped;			/* the sink waits */
	int is_inside;			/* in the sink now */
	size_t n;
	enum mtls_log_level level;
	char last[MTLS_LOG_LINE_MAX];
	char dropped[MTLS_LOG_LINE_MAX];	/* the line about those */
	size_t n_at_dropped;		/* lines before it */
	int is_mixed_up;
};

static struct reader readers[8];
static struct mtls_log logs[8];
static size_t n_readers;

static void
sink(void *arg, enum mtls_log_level level, const char *line)
{
	struct reader *r = arg;
	unsigned long number;

	(void)pthread_mutex_lock(&r->lock);
	r->is_inside = 1;
	(void)pthread_cond_broadcast(&r->changed);
	while (r->is_stopped)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	r->is_inside = 0;
	if (strncmp(line, "log-lines-dropped", 17) == 0) {
		(void)snprintf(r->dropped, sizeof(r->dropped), "%s", line);
		r->n_at_dropped = r->n;
	} else {
		if (sscanf(line, "line %lu", &number) == 1 && number != r->n)
			r->is_mixed_up = 1;
		r->n++;
		r->level = level;
		(void)snprintf(r->last, sizeof(r->last), "%s", line);
	}
	(void)pthread_mutex_unlock(&r->lock);
}

static void
stop_reading(struct reader *r, int is_stopped)
{
	(void)pthread_mutex_lock(&r->lock);
	r->is_stopped = is_stopped;
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
}

static void
wait_until_inside(struct reader *r)
{
	(void)pthread_mutex_lock(&r->lock);
	while (!r->is_inside)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	(void)pthread_mutex_unlock(&r->lock);
}

static struct log_queue *
make(struct reader **ret)
{
	struct log_queue *q = NULL;
	struct mtls_err err;
	size_t i = n_readers++;

	assert_true(i < sizeof(readers) / sizeof(readers[0]));
	assert_int_equal(pthread_mutex_init(&readers[i].lock, NULL), 0);
	assert_int_equal(pthread_cond_init(&readers[i].changed, NULL), 0);
	logs[i] = (struct mtls_log){ sink, &readers[i], MTLS_LOG_NOTICE };
	*ret = &readers[i];
	mtls_err_clear(&err);
	assert_int_equal(log_queue_new(&logs[i], &q, &err), MTLS_OK);
	return q;
}

static void
put_number(struct log_queue *q, unsigned long number)
{
	char line[300];

	(void)snprintf(line, sizeof(line), "line %lu %0200d", number, 0);
	log_queue_put(q, MTLS_LOG_WARNING, line);
}

static void
lines_in_their_order(void **state)
{
	struct reader *r;
	struct log_queue *q = make(&r);

	(void)state;
	for (unsigned long i = 0; i < 1000; i++)
		put_number(q, i);
	log_queue_put(q, MTLS_LOG_ERR, "");
	log_queue_put(q, MTLS_LOG_ERR, "the end");
	assert_true(log_queue_flush(q, FLUSH_MS));
	assert_int_equal(r->n, 1002);
	assert_false(r->is_mixed_up);
	assert_int_equal(r->level, MTLS_LOG_ERR);
	assert_string_equal(r->last, "the end");
	assert_int_equal(log_queue_n_dropped(q), 0);
	assert_string_equal(r->dropped, "");
}

/* Many times what there is room for: this ends, though nobody reads. */
static void
nobody_waits_for_a_reader(void **state)
{
	const unsigned long n = 5 * LOG_QUEUE_MAX / 200;
	struct reader *r;
	struct log_queue *q = make(&r);
	char said[80];
	uint64_t n_dropped;

	(void)state;
	stop_reading(r, 1);
	log_queue_put(q, MTLS_LOG_NOTICE, "line 0");
	wait_until_inside(r);
	for (unsigned long i = 1; i < n; i++)
		put_number(q, i);
	assert_false(log_queue_flush(q, 1));
	n_dropped = log_queue_n_dropped(q);
	assert_true(n_dropped > n / 2);
	stop_reading(r, 0);
	assert_true(log_queue_flush(q, FLUSH_MS));
	/* The oldest are there, and it is said how many are not. */
	assert_int_equal(r->n + n_dropped, n);
	assert_false(r->is_mixed_up);
	assert_true(r->n > LOG_QUEUE_MAX / 300);
	(void)snprintf(said, sizeof(said), "log-lines-dropped suppressed=%llu",
	    (unsigned long long)n_dropped);
	assert_string_equal(r->dropped, said);
	assert_int_equal(r->n_at_dropped, r->n);
	/* And it goes on as ever. */
	log_queue_put(q, MTLS_LOG_NOTICE, "and on");
	assert_true(log_queue_flush(q, FLUSH_MS));
	assert_string_equal(r->last, "and on");
	assert_int_equal(log_queue_n_dropped(q), n_dropped);
}

static void *
put_many(void *arg)
{
	for (int i = 0; i < 2000; i++)
		log_queue_put(arg, MTLS_LOG_NOTICE, "of several");
	return NULL;
}

static void
several_threads(void **state)
{
	struct reader *r;
	struct log_queue *q = make(&r);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_many,
		    q), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(log_queue_flush(q, FLUSH_MS));
	assert_int_equal(r->n + log_queue_n_dropped(q), 8000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_in_their_order),
		cmocka_unit_test(nobody_waits_for_a_reader),
		cmocka_unit_test(several_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

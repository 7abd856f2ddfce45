/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Two buffers, each a row of lines: one is filled while the other is written.
 * The lock is held for a copy, never for a write.
 */
#include "config.h"

#include "log_queue.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In a buffer: a level as one byte, then the line with its NUL. */
struct buffer {
	char *bytes;
	size_t len;
};

struct log_queue {
	const struct mtls_log *to;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, written;
	struct buffer waiting, writing;	/* writing is the thread's */
	int is_writing;
	uint64_t n_dropped;		/* in all */
	uint64_t n_unsaid;		/* of those, not yet logged */
};

/* Lines of one buffer, and then what was lost behind them. */
static void
write_lines(struct log_queue *q, uint64_t n_dropped)
{
	const char *at = q->writing.bytes;
	const char *end = at + q->writing.len;
	char n[24];

	while (at < end) {
		q->to->sink(q->to->arg, (enum mtls_log_level)at[0], at + 1);
		at += 1 + strlen(at + 1) + 1;
	}
	q->writing.len = 0;
	if (n_dropped == 0)
		return;
	(void)snprintf(n, sizeof(n), "%" PRIu64, n_dropped);
	mtls_log_event(q->to, MTLS_LOG_WARNING, "log-lines-dropped",
	    MTLS_KEY_SUPPRESSED, n, MTLS_KEY_END);
}

static void *
run(void *arg)
{
	struct log_queue *q = arg;
	struct buffer filled;
	uint64_t n_dropped;

	(void)pthread_mutex_lock(&q->lock);
	for (;;) {
		while (q->waiting.len == 0 && q->n_unsaid == 0)
			(void)pthread_cond_wait(&q->filled, &q->lock);
		filled = q->waiting;
		q->waiting = q->writing;
		q->writing = filled;
		n_dropped = q->n_unsaid;
		q->n_unsaid = 0;
		q->is_writing = 1;
		(void)pthread_mutex_unlock(&q->lock);
		write_lines(q, n_dropped);
		(void)pthread_mutex_lock(&q->lock);
		q->is_writing = 0;
		(void)pthread_cond_broadcast(&q->written);
	}
	return NULL;
}

/* Signals are the event loop's. */
static int
start(struct log_queue *q)
{
	sigset_t all, old;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&q->thread, NULL, run, q);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

static int
init(struct log_queue *q)
{
	pthread_condattr_t steady;

	q->waiting.bytes = malloc(LOG_QUEUE_MAX);
	q->writing.bytes = malloc(LOG_QUEUE_MAX);
	if (q->waiting.bytes == NULL || q->writing.bytes == NULL ||
	    pthread_condattr_init(&steady) != 0)
		return -1;
	/* On Linux none of these can fail. */
	(void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->filled, NULL);
	(void)pthread_cond_init(&q->written, &steady);
	(void)pthread_condattr_destroy(&steady);
	return start(q);
}

enum mtls_status
log_queue_new(const struct mtls_log *to, struct log_queue **ret,
    struct mtls_err *err)
{
	struct log_queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	q->to = to;
	if (init(q) != 0) {
		free(q->waiting.bytes);
		free(q->writing.bytes);
		free(q);
		return mtls_fail(err, MTLS_E_SYSTEM, "no thread for the log");
	}
	*ret = q;
	return MTLS_OK;
}

void
log_queue_put(void *arg, enum mtls_log_level level, const char *line)
{
	struct log_queue *q = arg;
	size_t len = strlen(line) + 1;

	(void)pthread_mutex_lock(&q->lock);
	if (len + 1 > LOG_QUEUE_MAX - q->waiting.len) {
		q->n_dropped++;
		q->n_unsaid++;
	} else {
		q->waiting.bytes[q->waiting.len] = (char)level;
		memcpy(q->waiting.bytes + q->waiting.len + 1, line, len);
		q->waiting.len += 1 + len;
	}
	(void)pthread_cond_signal(&q->filled);
	(void)pthread_mutex_unlock(&q->lock);
}

int
log_queue_flush(struct log_queue *q, unsigned wait_ms)
{
	struct timespec until = { 0, 0 };
	int error = 0, is_done;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_mutex_lock(&q->lock);
	while (error == 0 && (q->is_writing || q->waiting.len > 0 ||
	    q->n_unsaid > 0))
		error = pthread_cond_timedwait(&q->written, &q->lock, &until);
	is_done = !q->is_writing && q->waiting.len == 0 && q->n_unsaid == 0;
	(void)pthread_mutex_unlock(&q->lock);
	return is_done;
}

uint64_t
log_queue_n_dropped(struct log_queue *q)
{
	uint64_t n = 0;

	if (q == NULL)
		return 0;
	(void)pthread_mutex_lock(&q->lock);
	n = q->n_dropped;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

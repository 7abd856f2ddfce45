/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread of a store: takes what has queued as one transaction, and gives
 * it back when that is durable. It sleeps in poll(2), and is woken only if
 * it sleeps.
 */
#include "config.h"

#include "store_internal.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "mtls/deadline.h"

const uint32_t store_bucket_us[STORE_BUCKETS] = {
	250, 500, 1000, 2500, 5000, 10000, 50000, 250000
};

enum mtls_status
store_new(const struct store_backend *backend, void *self,
    struct store **ret, struct mtls_err *err)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL || (store->wake_fd = eventfd(0, EFD_CLOEXEC |
	    EFD_NONBLOCK)) < 0) {
		free(store);
		backend->close(self);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	(void)pthread_mutex_init(&store->lock, NULL);
	store->backend = backend;
	store->self = self;
	store->stats.is_available = 1;
	store_queue_init(&store->queue);
	*ret = store;
	return MTLS_OK;
}

void
store_queue_init(struct store_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
	q->n = 0;
}

void
store_queue_add(struct store_queue *q, struct store_op *op)
{
	op->next = NULL;
	*q->last = op;
	q->last = &op->next;
	q->n++;
}

struct store_op *
store_queue_take(struct store_queue *q)
{
	struct store_op *first = q->first;

	store_queue_init(q);
	return first;
}

static void
count(struct store *store, enum mtls_status status, int64_t us)
{
	struct store_stats *stats = &store->stats;

	stats->n_transactions++;
	stats->is_available = status == MTLS_OK;
	if (status != MTLS_OK)
		stats->n_failed_transactions++;
	if (us < 0)
		return;
	stats->transaction_us += (uint64_t)us;
	for (size_t i = 0; i < STORE_BUCKETS; i++) {
		if (us <= store_bucket_us[i]) {
			stats->buckets[i]++;
			break;
		}
	}
}

/* Whatever a failed transaction found or did has not happened. */
static void
undo(struct store_op *first, const struct mtls_err *err)
{
	for (struct store_op *op = first; op != NULL; op = op->next) {
		store_op_clear(op);
		op->status = mtls_fail(&op->err, MTLS_E_UNAVAILABLE, "%s",
		    err->text);
	}
}

/* Back to their ports, after what was decided. */
static void
give_back(struct store *store, struct store_op *op)
{
	struct store_op *next;

	for (; op != NULL; op = next) {
		next = op->next;
		store->stats.n_operations++;
		if (op->kind == STORE_CHALLENGE_DECIDE &&
		    op->status == MTLS_OK)
			store_port_decided(store, op->id);
		store_port_done(op->port, op);
	}
	store_ports_wake(store);
}

int
store_run(struct store *store)
{
	struct store_op *first;
	enum mtls_status status;
	struct mtls_err err;
	int64_t from_us, to_us;

	(void)pthread_mutex_lock(&store->lock);
	first = store_queue_take(&store->queue);
	(void)pthread_mutex_unlock(&store->lock);
	if (store->backend->idle != NULL)
		store->backend->idle(store->self, store);
	if (first == NULL)
		return 0;
	mtls_err_clear(&err);
	from_us = mtls_clock_us();
	status = store->backend->run(store->self, first, &err);
	if (status != MTLS_OK)
		undo(first, &err);
	to_us = mtls_clock_us();
	(void)pthread_mutex_lock(&store->lock);
	count(store, status, from_us < 0 || to_us < 0 ? -1 :
	    to_us - from_us);
	give_back(store, first);
	(void)pthread_mutex_unlock(&store->lock);
	return 1;
}

void
store_decided(struct store *store, const uint8_t *id)
{
	(void)pthread_mutex_lock(&store->lock);
	store_port_decided(store, id);
	store_ports_wake(store);
	(void)pthread_mutex_unlock(&store->lock);
}

/* 0 when the queue is empty and is to stay so. */
static int
wait_for_work(struct store *store)
{
	struct pollfd pfds[2] = { { store->wake_fd, POLLIN, 0 },
	    { -1, 0, 0 } };
	int is_empty, is_ending, timeout_ms = -1;
	eventfd_t ignored;

	(void)pthread_mutex_lock(&store->lock);
	is_empty = store->queue.first == NULL;
	is_ending = store->is_ending;
	store->is_asleep = is_empty && !is_ending;
	(void)pthread_mutex_unlock(&store->lock);
	if (!is_empty)
		return 1;
	if (is_ending)
		return 0;
	if (store->backend->watch != NULL)
		timeout_ms = store->backend->watch(store->self, &pfds[1]);
	/* Whatever it returns, the queue is looked at. */
	(void)poll(pfds, 2, timeout_ms);
	(void)eventfd_read(store->wake_fd, &ignored);
	return 1;
}

static void *
thread_main(void *arg)
{
	struct store *store = arg;

	while (wait_for_work(store))
		(void)store_run(store);
	return NULL;
}

enum mtls_status
store_start(struct store *store, struct mtls_err *err)
{
	sigset_t all, before;
	int error;

	/* Signals are for the thread that has an event loop. */
	(void)sigfillset(&all);
	error = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (error == 0) {
		error = pthread_create(&store->thread, NULL, thread_main,
		    store);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (error != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, error,
		    "the thread of the state");
	store->has_thread = 1;
	return MTLS_OK;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->has_thread) {
		(void)pthread_mutex_lock(&store->lock);
		store->is_ending = 1;
		(void)pthread_mutex_unlock(&store->lock);
		(void)eventfd_write(store->wake_fd, 1);
		(void)pthread_join(store->thread, NULL);
	}
	store->backend->close(store->self);
	(void)close(store->wake_fd);
	(void)pthread_mutex_destroy(&store->lock);
	free(store);
}

enum mtls_status
store_schema_fault(int version, int wanted, struct mtls_err *err)
{
	if (version > wanted)
		return mtls_fail(err, MTLS_E_CONFIG, "the database is of "
		    "schema %d, made by a newer mtls-verifier: this one "
		    "knows %d", version, wanted);
	return mtls_fail(err, MTLS_E_CONFIG, "the database is of schema %d, "
	    "this program needs %d: run mtls-verifier --migrate", version,
	    wanted);
}

void
store_get_stats(struct store *store, struct store_stats *ret)
{
	(void)pthread_mutex_lock(&store->lock);
	*ret = store->stats;
	ret->n_waiting = store->queue.n;
	(void)pthread_mutex_unlock(&store->lock);
}

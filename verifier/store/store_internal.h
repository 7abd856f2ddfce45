/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread of a store (store.c) and its ports (store_port.c). Private to
 * them.
 */
#ifndef VERIFIER_STORE_INTERNAL_H
#define VERIFIER_STORE_INTERNAL_H

#include <pthread.h>

#include "store_backend.h"

struct store_queue {
	struct store_op *first, **last;
	size_t n;
};

void store_queue_init(struct store_queue *q);
void store_queue_add(struct store_queue *q, struct store_op *op);
/* All of them, linked by next; NULL: none. */
struct store_op *store_queue_take(struct store_queue *q);

struct store {
	const struct store_backend *backend;
	void *self;
	int wake_fd;			/* eventfd: look at the queue */
	int has_thread;
	pthread_t thread;
	/* What follows, and what ports say so of, is under the lock. */
	pthread_mutex_t lock;
	struct store_queue queue;
	struct store_port *ports;
	int is_asleep, is_ending;
	struct store_stats stats;
};

/* Runs what has queued as one transaction; 0 if there was nothing. */
int store_run(struct store *store);

/* With the lock held: tells every port. id may be NULL, see store.h. */
void store_port_decided(struct store *store, const uint8_t *id);
/* With the lock held: gives an operation back. */
void store_port_done(struct store_port *port, struct store_op *op);
/*
 * Wakes the loops to which something is due since. With the lock held, as the
 * last thing under it: the first thing they do is to take it.
 */
void store_ports_wake(struct store *store);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Ports: the way of operations from an event loop to the thread and back.
 * What is due to a port waits in it; its loop is woken by an eventfd, once
 * for all of it.
 */
#include "config.h"

#include "store_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Decisions that a port remembers; beyond that it says "some". */
#define DECIDED_MAX 64

struct decided {
	uint8_t ids[DECIDED_MAX][MTLS_ID_BYTES];
	size_t n;
	int is_incomplete;
};

struct store_port {
	struct store *store;
	store_decided_fn decided;
	void *arg;
	int fd;				/* eventfd: something is due */
	struct event *due;		/* NULL without a loop */
	size_t n_submitted;		/* and not called back yet */
	/* Under the store's lock: */
	struct store_port *next, **prev;
	struct store_queue done;
	struct decided news;
	int is_due, is_woken;
};

void
store_port_done(struct store_port *port, struct store_op *op)
{
	store_queue_add(&port->done, op);
	port->is_due = 1;
}

void
store_ports_wake(struct store *store)
{
	for (struct store_port *p = store->ports; p != NULL; p = p->next) {
		if (!p->is_due || p->is_woken)
			continue;
		p->is_woken = 1;
		(void)eventfd_write(p->fd, 1);
	}
}

void
store_port_decided(struct store *store, const uint8_t *id)
{
	for (struct store_port *p = store->ports; p != NULL; p = p->next) {
		if (p->decided == NULL)
			continue;
		if (id == NULL || p->news.n == DECIDED_MAX)
			p->news.is_incomplete = 1;
		else
			memcpy(p->news.ids[p->news.n++], id, MTLS_ID_BYTES);
		p->is_due = 1;
	}
}

/* Everything that is due now. */
static void
deliver(struct store_port *port)
{
	struct store *store = port->store;
	struct store_op *op, *next;
	struct decided news;
	eventfd_t ignored;

	(void)eventfd_read(port->fd, &ignored);
	(void)pthread_mutex_lock(&store->lock);
	port->is_due = port->is_woken = 0;
	op = store_queue_take(&port->done);
	news = port->news;
	port->news.n = 0;
	port->news.is_incomplete = 0;
	(void)pthread_mutex_unlock(&store->lock);
	/*
	 * Before the news: who is told here that nothing was decided begins to
	 * wait for what the news may say.
	 */
	for (; op != NULL; op = next) {
		next = op->next;
		port->n_submitted--;
		op->done(op);
	}
	if (news.is_incomplete)
		port->decided(port->arg, NULL);
	for (size_t i = 0; i < news.n; i++)
		port->decided(port->arg, news.ids[i]);
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	deliver(arg);
}

enum mtls_status
store_attach(struct store *store, struct event_base *base,
    store_decided_fn decided, void *arg, struct store_port **ret,
    struct mtls_err *err)
{
	struct store_port *port = calloc(1, sizeof(*port));

	if (port == NULL || (port->fd = eventfd(0, EFD_CLOEXEC |
	    EFD_NONBLOCK)) < 0) {
		free(port);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	if (base != NULL)
		port->due = event_new(base, port->fd, EV_READ | EV_PERSIST,
		    on_due, port);
	if (base != NULL && (port->due == NULL ||
	    event_add(port->due, NULL) != 0)) {
		if (port->due != NULL)
			event_free(port->due);
		(void)close(port->fd);
		free(port);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	port->store = store;
	port->decided = decided;
	port->arg = arg;
	store_queue_init(&port->done);
	(void)pthread_mutex_lock(&store->lock);
	port->next = store->ports;
	port->prev = &store->ports;
	if (port->next != NULL)
		port->next->prev = &port->next;
	store->ports = port;
	(void)pthread_mutex_unlock(&store->lock);
	*ret = port;
	return MTLS_OK;
}

void
store_submit(struct store_port *port, struct store_op *op)
{
	struct store *store = port->store;
	int must_wake = 0;

	mtls_err_clear(&op->err);
	op->status = MTLS_E_UNAVAILABLE;
	op->port = port;
	port->n_submitted++;
	(void)pthread_mutex_lock(&store->lock);
	if (store->queue.n < STORE_QUEUE_MAX) {
		store_queue_add(&store->queue, op);
		must_wake = store->is_asleep;
		store->is_asleep = 0;
	} else {
		op->status = mtls_fail(&op->err, MTLS_E_UNAVAILABLE,
		    "too much is waiting for the state");
		store->stats.n_full++;
		store_port_done(port, op);
		store_ports_wake(store);
	}
	(void)pthread_mutex_unlock(&store->lock);
	/* Not before: what it does first is to take the lock. */
	if (must_wake)
		(void)eventfd_write(store->wake_fd, 1);
}

void
store_flush(struct store_port *port)
{
	struct store *store = port->store;
	struct pollfd pfd = { port->fd, POLLIN, 0 };

	do {
		if (!store->has_thread)
			(void)store_run(store);
		else if (port->n_submitted > 0)
			(void)poll(&pfd, 1, -1);
		deliver(port);
	} while (port->n_submitted > 0);
}

void
store_detach(struct store_port *port)
{
	struct store *store;

	if (port == NULL)
		return;
	store_flush(port);
	store = port->store;
	(void)pthread_mutex_lock(&store->lock);
	*port->prev = port->next;
	if (port->next != NULL)
		port->next->prev = port->prev;
	(void)pthread_mutex_unlock(&store->lock);
	if (port->due != NULL)
		event_free(port->due);
	(void)close(port->fd);
	free(port);
}

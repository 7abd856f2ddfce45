/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads and the way to them: what a loop is told is left in its letter box,
 * and an eventfd wakes it. It answers by taking it out.
 */
#include "config.h"

#include "loops.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "exchange.h"
#include "loop.h"

/* Where nobody has said how many. */
#define DEFAULT_MAX 16

struct worker {
	struct server server;
	struct mtls_tls *tls;
	struct loops *loops;
	pthread_t thread;
	int has_thread;
	int fd;				/* eventfd: look into the box */
	struct event *called;
	struct generation *loaded;	/* for loops_use() */
	/* The box, under the lock of loops. */
	struct generation *next;
	int must_end, is_gone;
};

struct loops {
	const struct mtls_log *log;
	pthread_mutex_t lock;
	pthread_cond_t taken;
	size_t n;
	struct worker *workers;
};

unsigned
loops_number(const struct settings *settings)
{
	cpu_set_t cpus;
	int n = 1;

	if (settings->loops != 0)
		return settings->loops;
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = CPU_COUNT(&cpus);
	return n < 1 ? 1 : n > DEFAULT_MAX ? DEFAULT_MAX : (unsigned)n;
}

enum mtls_status
loops_bind(const struct settings *settings, struct server_parts *parts,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	size_t n = loops_number(settings) - 1;

	if (n == 0)
		return MTLS_OK;
	parts->more = calloc(n, sizeof(*parts->more));
	if (parts->more == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	parts->n_more = n;
	for (size_t i = 0; status == MTLS_OK && i < n; i++) {
		for (int role = ROLE_DEVICE; status == MTLS_OK &&
		    role <= ROLE_USER; role++)
			status = listener_bind_again(&parts->sockets[role],
			    &parts->more[i][role], err);
	}
	return status;
}

void
loops_unbind(struct server_parts *parts)
{
	for (size_t i = 0; i < parts->n_more; i++) {
		for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
			listener_unbind(&parts->more[i][role]);
	}
	free(parts->more);
	parts->more = NULL;
	parts->n_more = 0;
}

/* --- in the thread of a loop --- */

static void
on_called(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct generation *next;
	eventfd_t ignored;
	int must_end;

	(void)what;
	(void)eventfd_read(fd, &ignored);
	(void)pthread_mutex_lock(&w->loops->lock);
	next = w->next;
	must_end = w->must_end;
	(void)pthread_mutex_unlock(&w->loops->lock);
	if (next != NULL) {
		loop_use(&w->server, next);
		(void)pthread_mutex_lock(&w->loops->lock);
		w->next = NULL;
		(void)pthread_cond_signal(&w->loops->taken);
		(void)pthread_mutex_unlock(&w->loops->lock);
	}
	if (must_end)
		loop_drain(&w->server);
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	int is_lost = event_base_dispatch(w->server.base) != 0 ||
	    !w->server.is_ending;

	(void)pthread_mutex_lock(&w->loops->lock);
	w->is_gone = 1;
	(void)pthread_cond_signal(&w->loops->taken);
	(void)pthread_mutex_unlock(&w->loops->lock);
	/* Its connections would wait for ever: better none at all. */
	if (is_lost) {
		mtls_log_event(w->loops->log, MTLS_LOG_ERR, "loop-ended",
		    MTLS_KEY_END);
		(void)kill(getpid(), SIGTERM);
	}
	return NULL;
}

/* --- in that of the first --- */

static void
call(struct worker *w)
{
	(void)eventfd_write(w->fd, 1);
}

static enum mtls_status
add_box(struct worker *w, struct mtls_err *err)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		return mtls_fail(err, MTLS_E_SYSTEM, "no eventfd");
	w->called = event_new(w->server.base, w->fd, EV_READ | EV_PERSIST,
	    on_called, w);
	if (w->called == NULL || event_add(w->called, NULL) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

/* All of it but the thread. */
static enum mtls_status
worker_open(struct worker *w, const struct server *first,
    struct listener_sockets *sockets, struct mtls_err *err)
{
	struct server *s = &w->server;
	enum mtls_status status;

	s->log = first->log;
	s->metrics = first->metrics;
	s->room = first->room;
	s->store = first->store;
	s->name_service = first->name_service;
	s->n_loops = first->n_loops;
	/* One and the same: buckets are filled by whichever loop comes next. */
	s->clock = first->clock;
	status = mtls_tls_new_for_server(&w->tls, err);
	if (status != MTLS_OK)
		return status;
	s->tls = w->tls;
	s->base = loop_base();
	if (s->base == NULL)
		return mtls_fail(err, MTLS_E_SYSTEM, "no event loop");
	status = add_box(w, err);
	if (status == MTLS_OK)
		status = generation_share(w->tls, first->generation,
		    &s->generation, err);
	if (status == MTLS_OK)
		status = store_attach(first->store, s->base, grant_decided, s,
		    &s->port, err);
	if (status == MTLS_OK)
		status = loop_open(s, sockets, err);
	return status;
}

/* Signals are for the first loop. */
static enum mtls_status
worker_start(struct worker *w, struct mtls_err *err)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&w->thread, NULL, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, error,
		    "no thread for a loop");
	w->has_thread = 1;
	return MTLS_OK;
}

static struct loops *
allocate(const struct mtls_log *log, size_t n)
{
	struct loops *loops = calloc(1, sizeof(*loops));

	if (loops == NULL)
		return NULL;
	loops->workers = calloc(n + 1, sizeof(*loops->workers));
	if (loops->workers == NULL ||
	    pthread_mutex_init(&loops->lock, NULL) != 0) {
		free(loops->workers);
		free(loops);
		return NULL;
	}
	if (pthread_cond_init(&loops->taken, NULL) != 0) {
		(void)pthread_mutex_destroy(&loops->lock);
		free(loops->workers);
		free(loops);
		return NULL;
	}
	loops->log = log;
	return loops;
}

enum mtls_status
loops_new(struct server *first, struct server_parts *parts,
    struct loops **ret, struct mtls_err *err)
{
	struct loops *loops = allocate(first->log, parts->n_more);
	enum mtls_status status = MTLS_OK;

	if (loops == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (size_t i = 0; status == MTLS_OK && i < parts->n_more; i++) {
		struct worker *w = &loops->workers[loops->n++];

		w->loops = loops;
		w->fd = -1;
		status = worker_open(w, first, parts->more[i], err);
	}
	for (size_t i = 0; status == MTLS_OK && i < loops->n; i++)
		status = worker_start(&loops->workers[i], err);
	if (status != MTLS_OK) {
		loops_free(loops);
		return status;
	}
	*ret = loops;
	return MTLS_OK;
}

enum mtls_status
loops_load(struct loops *loops, struct generation *next, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && i < loops->n; i++)
		status = generation_share(loops->workers[i].tls, next,
		    &loops->workers[i].loaded, err);
	for (size_t i = 0; status != MTLS_OK && i < loops->n; i++) {
		generation_free(loops->workers[i].loaded);
		loops->workers[i].loaded = NULL;
	}
	return status;
}

void
loops_use(struct loops *loops)
{
	struct worker *w;

	(void)pthread_mutex_lock(&loops->lock);
	for (size_t i = 0; i < loops->n; i++) {
		w = &loops->workers[i];
		w->next = w->loaded;
		w->loaded = NULL;
		call(w);
	}
	/* A loop is busy for moments only; one that is gone takes nothing. */
	for (size_t i = 0; i < loops->n; i++) {
		w = &loops->workers[i];
		while (w->next != NULL && !w->is_gone)
			(void)pthread_cond_wait(&loops->taken, &loops->lock);
	}
	(void)pthread_mutex_unlock(&loops->lock);
}

void
loops_drain(struct loops *loops)
{
	(void)pthread_mutex_lock(&loops->lock);
	for (size_t i = 0; i < loops->n; i++) {
		loops->workers[i].must_end = 1;
		if (loops->workers[i].fd >= 0)
			call(&loops->workers[i]);
	}
	(void)pthread_mutex_unlock(&loops->lock);
}

static void
worker_close(struct worker *w)
{
	if (w->called != NULL)
		event_free(w->called);
	loop_close(&w->server);
	generation_free(w->next);
	generation_free(w->loaded);
	if (w->fd >= 0)
		close(w->fd);
	mtls_tls_free(w->tls);
}

void
loops_free(struct loops *loops)
{
	if (loops == NULL)
		return;
	loops_drain(loops);
	for (size_t i = 0; i < loops->n; i++) {
		if (loops->workers[i].has_thread)
			(void)pthread_join(loops->workers[i].thread, NULL);
	}
	for (size_t i = 0; i < loops->n; i++)
		worker_close(&loops->workers[i]);
	(void)pthread_cond_destroy(&loops->taken);
	(void)pthread_mutex_destroy(&loops->lock);
	free(loops->workers);
	free(loops);
}

void
loops_add_counts(struct loops *loops, struct loops_counts *counts)
{
	for (size_t i = 0; loops != NULL && i < loops->n; i++) {
		const struct server *s = &loops->workers[i].server;

		counts->n_connections += s->connections.n;
		counts->n_exchanges += s->n_exchanges;
		counts->n_allowed += s->n_allowed;
		counts->n_denied += s->n_denied;
	}
}

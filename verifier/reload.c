/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread for each reload, which leaves what it has read and rings; the
 * first loop takes it from there. What both have in hand meanwhile is the
 * generation that decides now, of which only the loop can let go.
 */
#include "config.h"

#include "reload.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "keeper.h"
#include "loop.h"
#include "loops.h"
#include "service.h"

struct reload {
	struct server *server;
	pthread_t thread;
	int is_running;
	int must_begin_again;
	int fd;				/* eventfd: the thread is done */
	struct event *rung;
	/* What the thread leaves. */
	enum mtls_status status;
	struct generation *next;
	struct mtls_err err;
};

/* For all loops, or for none. In the thread. */
static void
load_next(struct reload *r)
{
	struct server *server = r->server;

	mtls_err_clear(&r->err);
	r->next = NULL;
	r->status = generation_next(server->tls, server->config_file,
	    server->generation, &r->next, &r->err);
	if (r->status != MTLS_OK)
		return;
	r->status = loops_load(server->loops, r->next, &r->err);
	if (r->status != MTLS_OK) {
		generation_free(r->next);
		r->next = NULL;
	}
}

static void *
run(void *arg)
{
	struct reload *r = arg;

	load_next(r);
	(void)eventfd_write(r->fd, 1);
	return NULL;
}

/* Signals are the event loop's. */
static int
start_thread(struct reload *r)
{
	sigset_t all, old;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&r->thread, NULL, run, r);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

static void
refuse(struct server *server, const struct mtls_err *err)
{
	server->n_failed_reloads++;
	(void)snprintf(server->last_reload_failed,
	    sizeof(server->last_reload_failed), "%s", err->text);
	mtls_log_err(server->log, MTLS_LOG_ERR, "reload-failed", err,
	    MTLS_KEY_END);
}

static void
take(struct server *server, struct generation *next)
{
	loop_use(server, next);
	loops_use(server->loops);
	server->n_reloads++;
	server->last_reload_failed[0] = '\0';
	keeper_use(server->keeper, next);
	mtls_log_event(server->log, MTLS_LOG_NOTICE, "reloaded",
	    MTLS_KEY_FILE, server->config_file, MTLS_KEY_END);
	generation_log(next, server->log);
}

static void
begin(struct reload *r)
{
	int error = start_thread(r);

	if (error == 0) {
		r->is_running = 1;
		return;
	}
	mtls_err_clear(&r->err);
	(void)mtls_fail_errno(&r->err, MTLS_E_SYSTEM, error,
	    "no thread for a reload");
	refuse(r->server, &r->err);
	service_reloaded(r->server->last_reload_failed);
}

static void
on_rung(evutil_socket_t fd, short what, void *arg)
{
	struct reload *r = arg;
	struct server *server = r->server;
	eventfd_t ignored;

	(void)what;
	(void)eventfd_read(fd, &ignored);
	if (!r->is_running)
		return;
	(void)pthread_join(r->thread, NULL);
	r->is_running = 0;
	/* What was loaded for the other loops ends with those. */
	if (server->is_ending) {
		generation_free(r->next);
		return;
	}
	if (r->status == MTLS_OK)
		take(server, r->next);
	else
		refuse(server, &r->err);
	if (r->must_begin_again) {
		r->must_begin_again = 0;
		begin(r);
		return;
	}
	service_reloaded(server->last_reload_failed[0] == '\0' ? NULL :
	    server->last_reload_failed);
}

enum mtls_status
reload_new(struct server *server, struct reload **ret, struct mtls_err *err)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	r->server = server;
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->fd >= 0)
		r->rung = event_new(server->base, r->fd,
		    EV_READ | EV_PERSIST, on_rung, r);
	if (r->rung == NULL || event_add(r->rung, NULL) != 0) {
		reload_free(r);
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "nothing to wait for a reload with");
	}
	*ret = r;
	return MTLS_OK;
}

void
reload_begin(struct reload *r)
{
	if (r->server->is_ending)
		return;
	service_reloading();
	if (r->is_running)
		r->must_begin_again = 1;
	else
		begin(r);
}

void
reload_free(struct reload *r)
{
	if (r == NULL)
		return;
	if (r->is_running) {
		(void)pthread_join(r->thread, NULL);
		generation_free(r->next);
	}
	if (r->rung != NULL)
		event_free(r->rung);
	if (r->fd >= 0)
		(void)close(r->fd);
	free(r);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What every event loop does alike: begin to serve, change what it decides
 * by, and end without leaving anybody waiting.
 */
#include "config.h"

#include "loop.h"

#include "mtls/deadline.h"

#include "exchange.h"
#include "name_service.h"
#include "revocation/ocsp.h"

/* How long answers may take when the program ends. */
#define DRAIN_S	10
#define DRAIN_STEP_MS 50
#define CROWD_S	10

static void
use_settings(struct server *s)
{
	const struct settings *settings = &s->generation->settings;
	struct connections *c = &s->connections;

	/* Each loop has its part, so that none has to ask the others. */
	c->max = settings->max_connections / s->n_loops;
	if (c->max == 0)
		c->max = 1;
	c->crowd.max = settings->max_half_open / s->n_loops;
	if (c->crowd.max == 0)
		c->crowd.max = 1;
	c->max_per_client = settings->max_connections_per_address;
	c->handshake_timeout_s = settings->handshake_timeout_s;
	c->request_timeout_s = settings->request_timeout_s;
	c->idle_timeout_s = settings->idle_timeout_s;
}

static enum mtls_tls_min
tls_min(const struct server *s)
{
	return s->generation->settings.tls_min == 0 ? MTLS_TLS_13 :
	    MTLS_TLS_12_INSECURE;
}

static void
on_full(void *arg, int is_full)
{
	struct server *s = arg;

	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		if (s->listeners[role] != NULL)
			listener_pause(s->listeners[role], is_full);
	}
}

/* Ends when nothing is left to answer, or after DRAIN_S. */
static void
on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct timeval soon = { 0, DRAIN_STEP_MS * 1000 };
	struct server *s = arg;
	int is_done = s->n_exchanges == 0 && s->connections.n == 0;

	(void)fd;
	(void)what;
	connections_close_idle(&s->connections);
	if (is_done || ++s->is_ending > DRAIN_S * 1000 / DRAIN_STEP_MS ||
	    event_add(s->drain, &soon) != 0)
		(void)event_base_loopbreak(s->base);
}

static void
on_crowd(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	crowd_flush(&s->connections, mtls_clock_ms());
}

static enum mtls_status
add_listeners(struct server *s, struct listener_sockets *sockets,
    struct mtls_err *err)
{
	struct listener_options options = {
		.connections = &s->connections,
		.min = tls_min(s),
		.request = routes_request,
		.arg = s,
	};
	enum mtls_status status = MTLS_OK;

	for (int role = ROLE_DEVICE; status == MTLS_OK && role <= ROLE_USER;
	    role++) {
		options.role = (enum role)role;
		options.ctx = s->generation->ctx[role];
		status = listener_new(&options, &sockets[role],
		    &s->listeners[role], err);
	}
	return status;
}

/*
 * A connection changes what it waits for a dozen times before its answer; the
 * kernel is told what is left of that when the loop waits.
 */
struct event_base *
loop_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL && event_config_set_flag(config,
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

enum mtls_status
loop_open(struct server *s, struct listener_sockets *sockets,
    struct mtls_err *err)
{
	enum mtls_status status;

	s->connections.base = s->base;
	TAILQ_INIT(&s->connections.crowd.places);
	s->connections.log = s->log;
	s->connections.metrics = s->metrics;
	s->connections.room = s->room;
	s->connections.full = on_full;
	s->connections.arg = s;
	use_settings(s);
	s->drain = evtimer_new(s->base, on_drain, s);
	s->crowd = event_new(s->base, -1, EV_PERSIST, on_crowd, s);
	if (s->drain == NULL || s->crowd == NULL ||
	    event_add(s->crowd, &(struct timeval){ CROWD_S, 0 }) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = name_service_attach(s->name_service, s->base, &s->names,
	    err);
	if (status == MTLS_OK)
		status = ocsp_new(s->log, s->base, &s->ocsp, err);
	if (status == MTLS_OK)
		status = add_listeners(s, sockets, err);
	return status;
}

void
loop_use(struct server *s, struct generation *next)
{
	generation_free(s->generation);
	s->generation = next;
	s->n_generations++;
	use_settings(s);
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_use(s->listeners[role], next->ctx[role], tls_min(s));
}

void
loop_drain(struct server *s)
{
	struct timeval now = { 0, 0 };

	if (s->is_ending)
		return;
	s->is_ending = 1;
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_stop(s->listeners[role]);
	grant_wake_all(s);
	ocsp_give_up(s->ocsp);
	if (event_add(s->drain, &now) != 0)
		(void)event_base_loopbreak(s->base);
}

/* In this order: what is served, what serves it, what it stands on. */
void
loop_close(struct server *s)
{
	/* Answers that are still being worked on end here. */
	name_port_close(s->names);
	if (s->port != NULL)
		store_flush(s->port);
	ocsp_free(s->ocsp);
	connections_forget(&s->connections);
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_free(s->listeners[role]);
	name_port_free(s->names);
	store_detach(s->port);
	if (s->drain != NULL)
		event_free(s->drain);
	if (s->crowd != NULL)
		event_free(s->crowd);
	if (s->base != NULL)
		event_base_free(s->base);
	generation_free(s->generation);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The life of a running verifier: signals, reload, and an end that leaves
 * nobody without an answer. One event loop; what it owns is in struct
 * server, so that a second one would be a second struct.
 */
#include "config.h"

#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mtls/audit_chain.h"
#include "mtls/deadline.h"
#include "mtls/text.h"

#include "admin.h"
#include "exchange.h"
#include "keeper.h"
#include "metrics.h"
#include "monitor.h"
#include "name_service.h"
#include "ocsp.h"
#include "service.h"

/* How often challenges that ended are forgotten. */
#define TICK_S	30
/* How long they are kept after their end: long enough to say "too late". */
#define KEEP_MS	60000
/* How long answers may take when the program ends. */
#define DRAIN_S	10
#define DRAIN_STEP_MS 50

static void
use_settings(struct server *server)
{
	const struct settings *s = &server->generation->settings;
	struct connections *c = &server->connections;

	c->max = s->max_connections;
	c->max_per_client = s->max_connections_per_address;
	c->handshake_timeout_s = s->handshake_timeout_s;
	c->request_timeout_s = s->request_timeout_s;
	c->idle_timeout_s = s->idle_timeout_s;
}

static enum mtls_tls_min
tls_min(const struct server *server)
{
	return server->generation->settings.tls_min == 0 ? MTLS_TLS_13 :
	    MTLS_TLS_12_INSECURE;
}

void
server_reload(struct server *server)
{
	struct generation *next;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (generation_next(server->tls, server->config_file,
	    server->generation, &next, &err) != MTLS_OK) {
		server->n_failed_reloads++;
		(void)snprintf(server->last_reload_failed,
		    sizeof(server->last_reload_failed), "%s", err.text);
		mtls_log_err(server->log, MTLS_LOG_ERR, "reload-failed", &err,
		    MTLS_KEY_END);
		return;
	}
	generation_free(server->generation);
	server->generation = next;
	server->n_reloads++;
	server->last_reload_failed[0] = '\0';
	use_settings(server);
	keeper_use(server->keeper, next);
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_use(server->listeners[role], next->ctx[role],
		    tls_min(server));
	mtls_log_event(server->log, MTLS_LOG_NOTICE, "reloaded",
	    MTLS_KEY_FILE, server->config_file, MTLS_KEY_END);
	generation_log(next, server->log);
}

static void
on_hangup(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	service_reloading();
	server_reload(server);
	service_reloaded(server->last_reload_failed[0] == '\0' ? NULL :
	    server->last_reload_failed);
}

/* Ends when nothing is left to answer, or after DRAIN_S. */
static void
on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct timeval soon = { 0, DRAIN_STEP_MS * 1000 };
	struct server *server = arg;
	int is_done = server->n_exchanges == 0 && server->connections.n == 0;

	(void)fd;
	(void)what;
	connections_close_idle(&server->connections);
	if (is_done || ++server->is_ending > DRAIN_S * 1000 / DRAIN_STEP_MS ||
	    event_add(server->drain, &soon) != 0)
		(void)event_base_loopbreak(server->base);
}

static void
on_terminate(evutil_socket_t fd, short what, void *arg)
{
	struct timeval now = { 0, 0 };
	struct server *server = arg;

	(void)fd;
	(void)what;
	if (server->is_ending)
		return;
	server->is_ending = 1;
	service_stopping();
	mtls_log_event(server->log, MTLS_LOG_NOTICE, "ending", MTLS_KEY_END);
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_stop(server->listeners[role]);
	grant_wake_all(server);
	ocsp_give_up(server->ocsp);
	if (event_add(server->drain, &now) != 0)
		(void)event_base_loopbreak(server->base);
}

static void
on_purged(struct store_op *op)
{
	struct server *server = op->arg;

	if (op->status != MTLS_OK)
		mtls_log_err(server->log, MTLS_LOG_ERR, "state-failed",
		    &op->err, MTLS_KEY_END);
	server->is_purging = 0;
	store_op_clear(op);
}

/* The end of the audit, in a log that the database knows nothing of. */
static void
log_head(struct server *server, const struct mtls_msg_admin_head *head)
{
	char seq[24], hash[2 * MTLS_AUDIT_HASH_BYTES + 1];

	if (strcmp(head->verifier, server->name) != 0 ||
	    head->seq == server->head_seq)
		return;
	server->head_seq = head->seq;
	(void)snprintf(seq, sizeof(seq), "%llu",
	    (unsigned long long)head->seq);
	mtls_log_event(server->log, MTLS_LOG_NOTICE, "audit-head",
	    MTLS_KEY_VERIFIER, head->verifier, MTLS_KEY_SEQ, seq,
	    MTLS_KEY_HASH, mtls_hex_encode(hash, head->hash.data,
	    MTLS_AUDIT_HASH_BYTES), MTLS_KEY_END);
}

static void
on_head(struct store_op *op)
{
	struct server *server = op->arg;

	if (op->status == MTLS_OK && op->n_rows > 0)
		log_head(server, &op->rows[0].u.admin_head);
	server->is_asking_head = 0;
	store_op_clear(op);
}

static void
ask_head(struct server *server)
{
	struct store_op *op = &server->ask_head;

	if (server->is_asking_head)
		return;
	server->is_asking_head = 1;
	op->kind = STORE_HEAD_FIND;
	op->user = server->name;
	op->arg = server;
	op->done = on_head;
	store_submit(server->port, op);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	int64_t now_ms = mtls_clock_ms();

	(void)fd;
	(void)what;
	ask_head(server);
	if (server->is_purging || now_ms < KEEP_MS)
		return;
	server->is_purging = 1;
	server->purge.kind = STORE_CHALLENGE_PURGE;
	server->purge.now_ms = now_ms - KEEP_MS;
	server->purge.arg = server;
	server->purge.done = on_purged;
	store_submit(server->port, &server->purge);
}

static void
on_full(void *arg, int is_full)
{
	struct server *server = arg;

	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++) {
		if (server->listeners[role] != NULL)
			listener_pause(server->listeners[role], is_full);
	}
}

/* What libevent has to say is a line of ours, not one on stderr. */
static const struct mtls_log *event_log;

static void
on_event_log(int severity, const char *text)
{
	mtls_log_event(event_log, severity >= EVENT_LOG_WARN ?
	    MTLS_LOG_WARNING : MTLS_LOG_DEBUG, "libevent",
	    MTLS_KEY_REASON, text, MTLS_KEY_END);
}

static enum mtls_status
add_events(struct server *s, struct mtls_err *err)
{
	struct timeval tick = { TICK_S, 0 };

	s->hangup = evsignal_new(s->base, SIGHUP, on_hangup, s);
	s->terminate = evsignal_new(s->base, SIGTERM, on_terminate, s);
	s->interrupt = evsignal_new(s->base, SIGINT, on_terminate, s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->drain = evtimer_new(s->base, on_drain, s);
	if (s->hangup == NULL || s->terminate == NULL ||
	    s->interrupt == NULL || s->tick == NULL || s->drain == NULL ||
	    event_add(s->hangup, NULL) != 0 ||
	    event_add(s->terminate, NULL) != 0 ||
	    event_add(s->interrupt, NULL) != 0 ||
	    event_add(s->tick, &tick) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

static enum mtls_status
add_listeners(struct server *s, struct server_parts *parts,
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
		status = listener_new(&options, &parts->sockets[role],
		    &s->listeners[role], err);
	}
	return status;
}

static enum mtls_status
start(struct server *s, struct server_parts *parts, struct mtls_err *err)
{
	enum mtls_status status;

	s->base = event_base_new();
	if (s->base == NULL)
		return mtls_fail(err, MTLS_E_SYSTEM, "no event loop");
	s->connections.base = s->base;
	s->connections.log = s->log;
	s->connections.metrics = s->metrics;
	s->connections.full = on_full;
	s->connections.arg = s;
	use_settings(s);
	status = own_name(s->generation, s->name, err);
	if (status == MTLS_OK)
		status = store_open(&(struct store_options){
		    .database = s->generation->settings.database,
		    .verifier = s->name, .mode = STORE_SERVE }, &s->store,
		    err);
	if (status == MTLS_OK)
		status = store_attach(s->store, s->base, grant_decided, s,
		    &s->port, err);
	if (status == MTLS_OK)
		status = store_start(s->store, err);
	if (status == MTLS_OK)
		status = name_service_new(NULL, &s->name_service, err);
	if (status == MTLS_OK)
		status = name_service_attach(s->name_service, s->base,
		    &s->names, err);
	if (status == MTLS_OK)
		status = ocsp_new(s->log, s->base, &s->ocsp, err);
	if (status == MTLS_OK)
		status = keeper_new(s->log, s->base, s->port, s->generation,
		    &s->keeper, err);
	if (status == MTLS_OK)
		status = add_events(s, err);
	if (status == MTLS_OK)
		status = add_listeners(s, parts, err);
	if (status == MTLS_OK) {
		status = admin_new(s, parts->admin_fd, &s->admin, err);
		parts->admin_fd = -1;
	}
	if (status == MTLS_OK)
		status = monitor_new(s, &parts->monitor, &s->monitor, err);
	return status;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

/* In this order: what is served, what serves it, what it stands on. */
static void
stop(struct server *s)
{
	/* Answers that are still being worked on end here. */
	name_port_close(s->names);
	if (s->port != NULL)
		store_flush(s->port);
	keeper_free(s->keeper);
	ocsp_free(s->ocsp);
	admin_free(s->admin);
	monitor_free(s->monitor);
	connections_forget(&s->connections);
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_free(s->listeners[role]);
	name_port_free(s->names);
	name_service_free(s->name_service);
	store_detach(s->port);
	store_close(s->store);
	free_event(s->hangup);
	free_event(s->terminate);
	free_event(s->interrupt);
	free_event(s->tick);
	free_event(s->drain);
	if (s->base != NULL)
		event_base_free(s->base);
	generation_free(s->generation);
	mtls_tls_free(s->tls);
	metrics_free(s->metrics);
}

enum mtls_status
server_run(struct server_parts *parts,
    void (*ready)(const struct server *server), struct mtls_err *err)
{
	struct server s;
	enum mtls_status status;

	memset(&s, 0, sizeof(s));
	s.log = parts->log;
	s.config_file = parts->config_file;
	s.tls = parts->tls;
	s.generation = parts->generation;
	s.started_s = time(NULL);
	event_log = s.log;
	event_set_log_callback(on_event_log);
	status = metrics_new(&s.metrics, err);
	if (status == MTLS_OK)
		status = start(&s, parts, err);
	if (status == MTLS_OK) {
		generation_log(s.generation, s.log);
		ready(&s);
		if (event_base_dispatch(s.base) != 0)
			status = mtls_fail(err, MTLS_E_SYSTEM,
			    "the event loop ended");
	}
	for (int role = ROLE_DEVICE; role <= ROLE_USER; role++)
		listener_unbind(&parts->sockets[role]);
	listener_unbind(&parts->monitor);
	if (parts->admin_fd >= 0)
		close(parts->admin_fd);
	stop(&s);
	event_set_log_callback(NULL);
	return status;
}

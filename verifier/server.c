/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The life of a running verifier: signals, and an end that leaves nobody
 * without an answer. This is the first event loop; the others only
 * serve (loops.c).
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
#include "loop.h"
#include "loops.h"
#include "metrics.h"
#include "monitor.h"
#include "name_service.h"
#include "reload.h"
#include "room.h"
#include "service.h"

/* How often challenges that ended are forgotten. */
#define TICK_S	30
/* How long they are kept after their end: long enough to say "too late". */
#define KEEP_MS	60000

static void
on_hangup(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	reload_begin(server->reload);
}

static void
on_terminate(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	if (server->is_ending)
		return;
	service_stopping();
	mtls_log_event(server->log, MTLS_LOG_NOTICE, "ending", MTLS_KEY_END);
	loops_drain(server->loops);
	loop_drain(server);
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
	limits_log_flush(&server->limits_log, server->log);
	retention_look(&server->retention,
	    server->generation->settings.audit_keep_s);
	if (server->is_purging || now_ms < KEEP_MS)
		return;
	server->is_purging = 1;
	server->purge.kind = STORE_CHALLENGE_PURGE;
	server->purge.now_ms = now_ms - KEEP_MS;
	server->purge.limit_now_us = throttle_now_us(&server->clock,
	    mtls_clock_us());
	server->purge.arg = server;
	server->purge.done = on_purged;
	store_submit(server->port, &server->purge);
}

static int64_t
wall_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct store_stats stats;

	(void)fd;
	(void)what;
	alarms_clock(&server->alarms, wall_us(), mtls_clock_us());
	store_get_stats(server->store, &stats);
	alarms_state(&server->alarms, stats.is_available, mtls_clock_ms());
	/* Somebody has to ask, so that its return is seen. */
	if (!stats.is_available)
		ask_head(server);
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
	struct timeval tick = { TICK_S, 0 }, second = { 1, 0 };

	s->hangup = evsignal_new(s->base, SIGHUP, on_hangup, s);
	s->terminate = evsignal_new(s->base, SIGTERM, on_terminate, s);
	s->interrupt = evsignal_new(s->base, SIGINT, on_terminate, s);
	s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	s->second = event_new(s->base, -1, EV_PERSIST, on_second, s);
	if (s->hangup == NULL || s->terminate == NULL ||
	    s->interrupt == NULL || s->tick == NULL || s->second == NULL ||
	    event_add(s->second, &second) != 0 ||
	    event_add(s->hangup, NULL) != 0 ||
	    event_add(s->terminate, NULL) != 0 ||
	    event_add(s->interrupt, NULL) != 0 ||
	    event_add(s->tick, &tick) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

static enum mtls_status
start(struct server *s, struct server_parts *parts, struct mtls_err *err)
{
	enum mtls_status status;

	s->base = loop_base();
	if (s->base == NULL)
		return mtls_fail(err, MTLS_E_SYSTEM, "no event loop");
	s->n_loops = (unsigned)parts->n_more + 1;
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
	if (status == MTLS_OK) {
		s->retention.port = s->port;
		s->retention.log = s->log;
		s->retention.verifier = s->name;
		s->retention.clock = &s->clock;
		retention_look(&s->retention,
		    s->generation->settings.audit_keep_s);
	}
	if (status == MTLS_OK)
		status = name_service_new(NULL, &s->name_service, err);
	if (status == MTLS_OK)
		status = room_new(&s->room, err);
	if (status == MTLS_OK)
		status = keeper_new(s->log, s->base, s->port, s->generation,
		    &s->keeper, err);
	if (status == MTLS_OK)
		status = reload_new(s, &s->reload, err);
	if (status == MTLS_OK)
		status = add_events(s, err);
	if (status == MTLS_OK)
		status = loop_open(s, parts->sockets, err);
	if (status == MTLS_OK) {
		status = admin_new(s, parts->admin_fd, &s->admin, err);
		parts->admin_fd = -1;
	}
	if (status == MTLS_OK)
		status = monitor_new(s, &parts->monitor, &s->monitor, err);
	/* Last: others serve before this returns. */
	if (status == MTLS_OK)
		status = loops_new(s, parts, &s->loops, err);
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
	reload_free(s->reload);
	loops_free(s->loops);
	/* Answers that are still being worked on end here. */
	name_port_close(s->names);
	s->retention.is_ending = 1;
	if (s->port != NULL)
		store_flush(s->port);
	keeper_free(s->keeper);
	admin_free(s->admin);
	monitor_free(s->monitor);
	free_event(s->hangup);
	free_event(s->terminate);
	free_event(s->interrupt);
	free_event(s->tick);
	free_event(s->second);
	loop_close(s);
	name_service_free(s->name_service);
	store_close(s->store);
	room_free(s->room);
	mtls_tls_free(s->tls);
	metrics_free(s->metrics);
}

void
server_counts(const struct server *server, struct loops_counts *ret)
{
	ret->n_connections = server->connections.n;
	ret->n_exchanges = server->n_exchanges;
	ret->n_allowed = server->n_allowed;
	ret->n_denied = server->n_denied;
	loops_add_counts(server->loops, ret);
}

enum mtls_status
server_run(struct server_parts *parts,
    void (*ready)(const struct server *server), struct mtls_err *err)
{
	struct server s;
	enum mtls_status status;

	memset(&s, 0, sizeof(s));
	s.log = parts->log;
	s.log_queue = parts->log_queue;
	s.config_file = parts->config_file;
	s.tls = parts->tls;
	s.generation = parts->generation;
	s.started_s = time(NULL);
	s.clock.wall_us = (int64_t)s.started_s * 1000000;
	s.clock.boot_us = mtls_clock_us();
	s.alarms.log = s.log;
	alarms_clock(&s.alarms, wall_us(), s.clock.boot_us);
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
	loops_unbind(parts);
	listener_unbind(&parts->monitor);
	if (parts->admin_fd >= 0)
		close(parts->admin_fd);
	stop(&s);
	event_set_log_callback(NULL);
	return status;
}

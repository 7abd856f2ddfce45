/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a running verifier consists of, and its life: start, reload, end.
 */
#ifndef VERIFIER_SERVER_H
#define VERIFIER_SERVER_H

#include <stdatomic.h>

#include <event2/event.h>

#include "mtls/log.h"
#include "mtls/status.h"
#include "mtls/tls.h"

#include "alarms.h"
#include "connection.h"
#include "generation.h"
#include "limit.h"
#include "listener.h"
#include "own_name.h"
#include "retention.h"
#include "store/store.h"
#include "throttle.h"

struct admin;
struct keeper;
struct exchange;
struct log_queue;
struct loops;
struct loops_counts;
struct metrics;
struct monitor;
struct name_port;
struct name_service;
struct reload;
struct room;

/*
 * One event loop and what belongs to it; the first has more than the others
 * (loop.h). What it counts may be read by all threads.
 */
struct server {
	unsigned n_loops;		/* that there are */
	struct loops *loops;		/* the others; NULL in those */
	struct room *room;		/* of all */
	struct event_base *base;
	const struct mtls_log *log;
	struct log_queue *log_queue;	/* behind it, or NULL */
	const char *config_file;
	struct mtls_tls *tls;
	struct generation *generation;	/* the one that decides now */
	uint64_t n_generations;		/* that it has had before this one */
	struct store *store;
	struct store_port *port;
	struct name_service *name_service;
	struct name_port *names;
	struct keeper *keeper;
	struct reload *reload;
	struct ocsp *ocsp;
	struct connections connections;
	struct listener *listeners[2];	/* by role */
	struct admin *admin;
	struct monitor *monitor;
	struct metrics *metrics;
	struct exchange *waiting;	/* machines that wait for a decision */
	struct event *hangup, *terminate, *interrupt, *tick, *second;
	struct event *drain;
	struct event *crowd;	/* of every loop: what is unsaid */
	atomic_uint n_exchanges;	/* requests that are being worked on */
	int is_ending;
	int is_purging;
	struct store_op purge;
	struct retention retention;
	struct alarms alarms;
	int is_asking_head;
	struct store_op ask_head;
	uint64_t head_seq;		/* the last that the log has */
	char name[OWN_NAME_SIZE];	/* whose audit it is */
	struct limits_log limits_log;
	struct throttle_clock clock;
	int64_t started_s;
	unsigned n_reloads, n_failed_reloads;
	char last_reload_failed[240];	/* why, or "" */
	atomic_ullong n_allowed, n_denied;
};

/* What main() prepared while it was root. */
struct server_parts {
	struct mtls_tls *tls;
	struct generation *generation;
	struct listener_sockets sockets[2];	/* by role */
	size_t n_more;			/* loops beside the first */
	struct listener_sockets (*more)[2];	/* theirs */
	int admin_fd;
	struct listener_sockets monitor;
	const char *config_file;	/* borrowed */
	const struct mtls_log *log;	/* borrowed */
	struct log_queue *log_queue;	/* borrowed; NULL: there is none */
};

/*
 * Opens the store and serves until SIGTERM or SIGINT; takes the parts, also
 * where it fails. ready is called once, when everything listens.
 */
enum mtls_status server_run(struct server_parts *parts,
    void (*ready)(const struct server *server), struct mtls_err *err);

/* What all loops have counted. */
void server_counts(const struct server *server, struct loops_counts *ret);

#endif

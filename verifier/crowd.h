/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Too many connections: which of those that are half open has to go, and
 * complaints. Every one is counted, and a line of the log stands for all of
 * a while.
 */
#ifndef VERIFIER_CROWD_H
#define VERIFIER_CROWD_H

#include <stdint.h>
#include <sys/queue.h>

struct connection;
struct connections;

enum crowd_limit {
	CROWD_ALL,		/* max-connections */
	CROWD_CLIENT,		/* max-connections-per-address */
	CROWD_HALF_OPEN,	/* max-half-open */
	CROWD_COUNT
};

/* Part of a connection, zeroed at first. */
struct crowd_place {
	struct connection *who0;	/* NULL: is not among them */
	TAILQ_ENTRY(crowd_place) beside;
};

/* Of one event loop; zeroed at first, and places TAILQ_INIT. */
struct crowd {
	TAILQ_HEAD(, crowd_place) places;	/* the oldest first */
	uint32_t n, max;
	struct {
		int64_t said_ms;	/* 0: never */
		uint64_t n_unsaid;	/* since then */
	} of[CROWD_COUNT];
};

/*
 * who is half open from now on: its handshake is not done. Returns the one
 * that must be closed because there are more than max, or NULL.
 */
struct connection *crowd_enter(struct crowd *crowd,
    struct crowd_place *place, struct connection *who);

/* It is not half open any more; a no-op where it was not. */
void crowd_leave(struct crowd *crowd, struct crowd_place *place);

/*
 * Counts that this limit was hit, in the metrics too, and says so in the log
 * if it was not said in the last ten seconds. peer0 may be NULL.
 */
void crowd_complain(struct connections *all, enum crowd_limit limit,
    const char *peer0);

/*
 * Says how often a limit was hit that was not said, where the last line is
 * ten seconds old; INT64_MAX for now_ms (mtls_clock_ms()): however old.
 */
void crowd_flush(struct connections *all, int64_t now_ms);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One event loop's part of a running verifier: listeners, connections and
 * requests. The first loop is also the one with the signals, the admin
 * socket and all that is there once; loops.c has the others.
 */
#ifndef VERIFIER_LOOP_H
#define VERIFIER_LOOP_H

#include "server.h"

/* An event base for a loop; NULL without memory. */
struct event_base *loop_base(void);

/*
 * Makes what the loop of s serves with. s has its base, log, metrics, room,
 * generation, name service and store. Takes the sockets (by role), also where
 * it fails.
 */
enum mtls_status loop_open(struct server *s, struct listener_sockets *sockets,
    struct mtls_err *err);

/* New requests and connections use this from now on; takes it. */
void loop_use(struct server *s, struct generation *next);

/* Accepts no more, answers what there is, and ends the loop. */
void loop_drain(struct server *s);

/* Frees what loop_open() made, and port, generation, base. Partial is fine. */
void loop_close(struct server *s);

#endif

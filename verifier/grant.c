/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * GET /v1/challenges/ID/grant: the machine that opened a challenge fetches
 * what was decided, once. Where nothing has been decided yet the request is
 * held, and answered "not yet" before anything on the way gives up.
 */
#include "config.h"

#include "exchange.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/deadline.h"

/* libevent's clock goes in steps: a timer may end so much too early. */
#define COARSE_MS 10

static void find(struct exchange *x);

static void
reply_grant(struct exchange *x, const struct store_challenge *c,
    int64_t now_ms)
{
	struct mtls_body_grant g;
	char allow[] = "allow", deny[] = "deny";

	memset(&g, 0, sizeof(g));
	g.version = 1;
	g.decision = c->verdict == MTLS_VERDICT_ALLOW ? allow : deny;
	memcpy(g.challenge, c->id, sizeof(g.challenge));
	memcpy(g.request, c->request, sizeof(g.request));
	memcpy(g.nonce, c->nonce, sizeof(g.nonce));
	g.user = c->user;
	g.service = c->service;
	g.host = c->host;
	g.tty = c->tty;
	g.rhost = c->rhost;
	g.ruser = c->ruser;
	g.method = c->method;
	g.expires_in = (c->grant_expires_ms - now_ms) / 1000;
	g.certificate = c->certificate;
	g.reason = c->reason;
	g.message = c->message;
	exchange_reply(x, 200, MTLS_BODY_GRANT, &g);
}

static void
unavailable(struct exchange *x)
{
	mtls_log_err(x->server->log, MTLS_LOG_ERR, "state-failed",
	    &x->op.err, MTLS_KEY_END);
	exchange_problem(x, 503, "state-unavailable",
	    "The decision cannot be read.");
}

static void
on_delivered(struct store_op *op)
{
	struct exchange *x = op->arg;
	int64_t now_ms = mtls_clock_ms();

	if (op->status == MTLS_E_REFUSED || op->status == MTLS_E_NOT_FOUND) {
		exchange_problem(x, 409, "already-delivered",
		    "This decision has been fetched.");
		return;
	}
	if (op->status != MTLS_OK) {
		unavailable(x);
		return;
	}
	if (now_ms < 0 || now_ms >= op->found.grant_expires_ms) {
		exchange_problem(x, 404, "grant-expired",
		    "This decision was not fetched in time.");
		return;
	}
	reply_grant(x, &op->found, now_ms);
}

static void
reply_pending(struct exchange *x)
{
	struct mtls_body_pending body;

	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, x->id, sizeof(body.challenge));
	exchange_reply(x, 202, MTLS_BODY_PENDING, &body);
}

void
grant_forget(struct exchange *x)
{
	if (x->prev_waiting != NULL) {
		*x->prev_waiting = x->next_waiting;
		if (x->next_waiting != NULL)
			x->next_waiting->prev_waiting = x->prev_waiting;
		x->prev_waiting = NULL;
	}
	if (x->timer != NULL)
		event_free(x->timer);
	if (x->gone != NULL)
		event_free(x->gone);
	x->timer = x->gone = NULL;
}

/* Time is up; what the store says now is the answer. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *x = arg;

	(void)fd;
	(void)what;
	grant_forget(x);
	x->wait_s = 0;
	find(x);
}

/* The machine has hung up. */
static void
on_gone(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	exchange_drop(arg);
}

static void
hold(struct exchange *x, int64_t now_ms)
{
	struct server *server = x->server;
	int64_t left_ms = x->wait_until_ms - now_ms;
	struct timeval tv;

	if (x->expires_ms - now_ms < left_ms)
		left_ms = x->expires_ms - now_ms + COARSE_MS;
	tv.tv_sec = left_ms / 1000;
	tv.tv_usec = left_ms % 1000 * 1000;
	x->timer = evtimer_new(server->base, on_timer, x);
	/* While a request is held evhttp does not look at its socket. */
	x->gone = event_new(server->base,
	    SSL_get_fd(connection_ssl0(x->connection)), EV_CLOSED, on_gone,
	    x);
	if (x->timer == NULL || x->gone == NULL ||
	    event_add(x->timer, &tv) != 0 ||
	    event_add(x->gone, NULL) != 0) {
		reply_pending(x);
		return;
	}
	x->next_waiting = server->waiting;
	x->prev_waiting = &server->waiting;
	if (x->next_waiting != NULL)
		x->next_waiting->prev_waiting = &x->next_waiting;
	server->waiting = x;
}

static void
hand_over(struct exchange *x)
{
	const char *fault, *message = "";

	fault = peer_machine_fault(&x->peer, &message);
	if (fault != NULL) {
		exchange_limits_of_opening(x);
		exchange_refuse(x, 403, fault, message);
		return;
	}
	/* The name in the certificate, not what was found under the id. */
	x->op.host = peer_host0(&x->peer);
	store_op_clear(&x->op);
	exchange_submit(x, STORE_CHALLENGE_DELIVER, on_delivered);
}

/*
 * It may have waited for long: what has been revoked meanwhile gets nothing.
 * A decision that nobody fetches ends by itself.
 */
static void
deliver(struct exchange *x)
{
	peer_look(&x->peer, connection_ssl0(x->connection),
	    x->server->generation, ROLE_DEVICE);
	exchange_settle(x, hand_over);
}

static void
ending(struct exchange *x)
{
	exchange_problem(x, 503, "ending", "This verifier is being stopped.");
}

static void
not_decided(struct exchange *x, const struct store_challenge *c)
{
	int64_t now_ms = mtls_clock_ms();

	if (now_ms < 0 || now_ms > c->expires_ms) {
		exchange_problem(x, 404, "challenge-expired",
		    "Nobody has proven this challenge in time.");
		return;
	}
	x->expires_ms = c->expires_ms;
	if (x->wait_s == 0 || now_ms >= x->wait_until_ms) {
		reply_pending(x);
		return;
	}
	if (x->server->is_ending) {
		ending(x);
		return;
	}
	hold(x, now_ms);
}

static void
on_found(struct store_op *op)
{
	struct exchange *x = op->arg;
	const char *host = peer_host0(&x->peer);

	if (op->status == MTLS_E_NOT_FOUND) {
		exchange_problem(x, 404, "no-such-challenge",
		    "There is no such challenge.");
		return;
	}
	if (op->status != MTLS_OK) {
		unavailable(x);
		return;
	}
	if (host == NULL || strcmp(op->found.host, host) != 0) {
		audit_of_challenge(&x->audit, &op->found);
		exchange_limits_of_opening(x);
		exchange_refuse(x, 403, "not-yours",
		    "Another machine has opened this challenge.");
		return;
	}
	if (op->is_revoked) {
		audit_of_challenge(&x->audit, &op->found);
		exchange_refuse_revoked(x);
		return;
	}
	switch (op->found.state) {
	case STORE_OPEN:
		not_decided(x, &op->found);
		return;
	case STORE_DECIDED:
		deliver(x);
		return;
	case STORE_DELIVERED:
		break;
	}
	exchange_problem(x, 409, "already-delivered",
	    "This decision has been fetched.");
}

static void
find(struct exchange *x)
{
	store_op_clear(&x->op);
	x->op.id = x->id;
	exchange_fingerprints(x);
	exchange_submit(x, STORE_CHALLENGE_FIND, on_found);
}

void
grant_get(struct exchange *x)
{
	const struct settings *s = &x->server->generation->settings;
	const char *fault, *message = "";
	int64_t now_ms = mtls_clock_ms();

	audit_begin(&x->audit, "grant");
	x->audit.record.host = peer_host0(&x->peer);
	fault = peer_machine_fault(&x->peer, &message);
	if (fault != NULL) {
		exchange_limits_of_opening(x);
		exchange_refuse(x, 403, fault, message);
		return;
	}
	if (x->wait_s > s->hold_s)
		x->wait_s = s->hold_s;
	x->wait_until_ms = now_ms + (int64_t)1000 * x->wait_s;
	find(x);
}

void
grant_decided(void *arg, const uint8_t *id)
{
	struct server *server = arg;
	struct exchange *x, *next;

	for (x = server->waiting; x != NULL; x = next) {
		next = x->next_waiting;
		if (id == NULL || memcmp(x->id, id, MTLS_ID_BYTES) == 0) {
			grant_forget(x);
			find(x);
		}
	}
}

void
grant_wake_all(struct server *server)
{
	struct exchange *x;

	while ((x = server->waiting) != NULL) {
		grant_forget(x);
		ending(x);
	}
}

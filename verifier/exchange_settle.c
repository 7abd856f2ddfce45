/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Waiting until it is known how the certificate of a peer stands, where only
 * a responder can say it. The loop serves others meanwhile; the peer may go
 * away, and the verifier may be ended. Without an answer it is not known,
 * which is no answer to the peer either.
 */
#include "config.h"

#include "exchange.h"

#include "revocation/ocsp.h"

/* One for each certificate of a chain; longer ones are not known. */
#define QUESTIONS_MAX 8

static void settle(struct exchange *x);

void
exchange_unsettle(struct exchange *x)
{
	ocsp_cancel(x->query);
	x->query = NULL;
	if (x->gone != NULL)
		event_free(x->gone);
	x->gone = NULL;
}

static void
go_on(struct exchange *x)
{
	/* Only where its CA excuses it: that has to be seen. */
	if (x->peer.standing == POLICY_STANDING_UNKNOWN)
		mtls_log_event(x->server->log, MTLS_LOG_WARNING,
		    "revocation-unknown", MTLS_KEY_PEER,
		    connection_peer0(x->connection), MTLS_KEY_CERT,
		    x->certificate, MTLS_KEY_END);
	x->settled(x);
}

static void
on_answer(void *arg)
{
	struct exchange *x = arg;
	X509 *asked = x->peer.question.certificate;

	x->query = NULL;
	exchange_unsettle(x);
	x->peer.question.certificate = NULL;
	peer_look(&x->peer, connection_ssl0(x->connection),
	    x->server->generation, x->role);
	/* The next link of the chain, or the same one: nobody knows it. */
	if (x->peer.question.certificate != NULL &&
	    X509_cmp(x->peer.question.certificate, asked) == 0)
		go_on(x);
	else
		settle(x);
	X509_free(asked);
}

/* The peer has hung up. */
static void
on_gone(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	exchange_drop(arg);
}

static void
settle(struct exchange *x)
{
	struct server *server = x->server;

	if (x->peer.standing != POLICY_STANDING_UNKNOWN ||
	    x->peer.question.certificate == NULL ||
	    x->n_questions++ >= QUESTIONS_MAX) {
		go_on(x);
		return;
	}
	/* While a request is held evhttp does not look at its socket. */
	x->gone = event_new(server->base,
	    SSL_get_fd(connection_ssl0(x->connection)), EV_CLOSED, on_gone,
	    x);
	if (x->gone != NULL && event_add(x->gone, NULL) == 0)
		x->query = ocsp_ask(server->ocsp,
		    server->generation->revocation, &x->peer.question,
		    on_answer, x);
	if (x->query == NULL) {
		exchange_unsettle(x);
		go_on(x);
	}
}

void
exchange_settle(struct exchange *x, void (*settled)(struct exchange *x))
{
	x->settled = settled;
	settle(x);
}

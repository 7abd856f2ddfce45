/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A bufferevent that never sends application data: its handshake stops
 * where the client's certificate would be sent, which libevent reports as an
 * error.
 */
#include "config.h"

#include "client/preflight.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client/tls_reason.h"
#include "mtls/tls.h"

struct preflight {
	struct bufferevent *bev;
	preflight_done_fn done;
	void *arg;
};

static enum mtls_status
find_reason(struct preflight *p, struct mtls_err *err)
{
	tls_reason(p->bev, err);
	return mtls_fail(err, MTLS_E_UNAVAILABLE,
	    "no connection to the user listener");
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct preflight *p = arg;
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	STACK_OF(X509_NAME) *issuers = NULL;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (what & BEV_EVENT_CONNECTED)
		(void)mtls_fail(&err, MTLS_E_PROTOCOL,
		    "the user listener asks for no certificate");
	else if (!mtls_tls_stopped_before_certificate(ssl))
		(void)find_reason(p, &err);
	else
		(void)mtls_tls_accepted_issuers(ssl, &issuers, &err);
	/* Stopped is an error of the connection's, not of the next one's. */
	ERR_clear_error();
	p->done(p->arg, issuers, &err);
	sk_X509_NAME_pop_free(issuers, X509_NAME_free);
}

static enum mtls_status
start(struct preflight *p, struct event_base *base, SSL_CTX *ctx,
    const struct http_target *target, struct mtls_err *err)
{
	SSL *ssl = NULL;

	if (mtls_tls_client_ssl(ctx, target->name, &ssl, err) != MTLS_OK)
		return err->status;
	mtls_tls_stop_before_certificate(ssl);
	p->bev = bufferevent_openssl_socket_new(base, -1, ssl,
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	if (p->bev == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	bufferevent_setcb(p->bev, NULL, NULL, on_event, p);
	if (bufferevent_enable(p->bev, EV_READ | EV_WRITE) != 0 ||
	    bufferevent_socket_connect_hostname(p->bev, NULL, AF_UNSPEC,
	    target->address, target->port) != 0)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "cannot connect to the user listener");
	return MTLS_OK;
}

enum mtls_status
preflight_new(struct event_base *base, SSL_CTX *ctx,
    const struct http_target *target, preflight_done_fn done, void *arg,
    struct preflight **ret, struct mtls_err *err)
{
	struct preflight *p;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	p->done = done;
	p->arg = arg;
	if (start(p, base, ctx, target, err) != MTLS_OK) {
		preflight_free(p);
		return err->status;
	}
	*ret = p;
	return MTLS_OK;
}

void
preflight_free(struct preflight *p)
{
	if (p == NULL)
		return;
	if (p->bev != NULL)
		bufferevent_free(p->bev);
	free(p);
}

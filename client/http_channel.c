/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * evhttp over bufferevent_openssl, with its freedoms taken away: evhttp
 * would follow nothing but would accept chunks, bodies that end with the
 * connection and doubled headers, would speak in the clear where it is
 * given no bufferevent, and would reconnect by itself.
 */
#include "config.h"

#include "client/http_channel.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client/http_headers.h"
#include "client/tls_reason.h"
#include "mtls/body.h"

#define HEADERS_MAX	8192
#define NO_TIMEOUT_S	86400	/* the login has its own deadline */

struct http_channel {
	struct http_channel_options options;
	struct evhttp_connection *connection;
	struct bufferevent *bev;	/* belongs to connection */
	bufferevent_event_cb evhttp_event;	/* while it connects */
	void *evhttp_arg;
	struct evhttp_request *request;	/* ours, whatever evhttp does */
	struct event *report;		/* calls done from the event loop */
	char *host;			/* the Host header */

	int handshake_done, ended, busy;
	http_done_fn done;
	void *done_arg;
	int code;			/* 0 = no answer */
	char *body;
	size_t body_len;
	struct mtls_err err;
};

static int ex_index = -1;

/*
 * A write to a connection that has ended fails, and evhttp looks no further,
 * although there may be an alert that says why it has ended. (Its
 * EVHTTP_CON_READ_ON_WRITE_ERROR runs into an assertion of its own where the
 * request has left its buffer.) So no write fails: what has become of the
 * connection is learned by reading.
 */
static long
on_bio(BIO *bio, int what, const char *data, size_t len, int argi,
    long argl, int ret, size_t *written)
{
	(void)data;
	(void)argi;
	(void)argl;
	if (what != (BIO_CB_WRITE | BIO_CB_RETURN) || ret > 0 ||
	    BIO_should_retry(bio))
		return ret;
	*written = len;
	return 1;
}

/* Sees the descriptor before the first byte leaves, and the error before
 * evhttp clears the SSL object. */
static void
on_tls_progress(const SSL *ssl, int where, int value)
{
	static const int one = 1;
	struct http_channel *c = SSL_get_ex_data(ssl, ex_index);

	if (c == NULL)
		return;
	if (where & SSL_CB_HANDSHAKE_START) {
		(void)setsockopt(SSL_get_fd(ssl), IPPROTO_TCP, TCP_NODELAY,
		    &one, sizeof(one));
		BIO_set_callback_ex(SSL_get_wbio(ssl), on_bio);
		if (c->options.connect_phase != TRACE_COUNT)
			trace_end(c->options.trace, c->options.connect_phase);
		trace_begin(c->options.trace, c->options.handshake_phase);
	} else if (where & SSL_CB_HANDSHAKE_DONE) {
		c->handshake_done = 1;
		trace_end(c->options.trace, c->options.handshake_phase);
	} else if ((where & SSL_CB_EXIT) && value <= 0 &&
	    ERR_peek_error() != 0) {
		(void)mtls_tls_failure(ssl, ERR_peek_error(), &c->err);
	}
}

/*
 * A verifier that refuses the certificate sends an alert and closes with more
 * of ours unread, which resets the connection. evhttp sees the error of the
 * socket first and would end without the alert that explains it.
 */
static void
read_early_alert(struct http_channel *c)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
	socklen_t len = sizeof(int);
	int error = 0;
	char byte;

	if (getsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_ERROR,
	    &error, &len) != 0 || error == 0)
		return;
	ERR_clear_error();
	if (SSL_peek(ssl, &byte, 1) <= 0 && ERR_peek_error() != 0)
		(void)mtls_tls_failure(ssl, ERR_peek_error(), &c->err);
	ERR_clear_error();
}

/* Stands before evhttp's own callback for the one event of a connect. */
static void
on_connect_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_channel *c = arg;

	bufferevent_setcb(bev, NULL, NULL, c->evhttp_event, c->evhttp_arg);
	if (what & BEV_EVENT_CONNECTED)
		read_early_alert(c);
	c->evhttp_event(bev, what, c->evhttp_arg);
}

static void
watch_connect(struct http_channel *c)
{
	bufferevent_getcb(c->bev, NULL, NULL, &c->evhttp_event,
	    &c->evhttp_arg);
	if (c->evhttp_event != NULL)
		bufferevent_setcb(c->bev, NULL, NULL, on_connect_event, c);
}

static void
drop_request(struct http_channel *c)
{
	if (c->request != NULL)
		evhttp_request_free(c->request);
	c->request = NULL;
}

/* Runs from the event loop, where nothing of evhttp is on the stack. */
static void
on_report(evutil_socket_t fd, short what, void *arg)
{
	struct http_channel *c = arg;
	http_done_fn done = c->done;
	struct http_answer answer = { c->code, c->body, c->body_len };
	struct mtls_err err = c->err;
	char *body = c->body;

	(void)fd;
	(void)what;
	drop_request(c);
	c->busy = 0;
	c->body = NULL;
	c->done = NULL;
	done(c->done_arg, err.status == MTLS_OK ? &answer : NULL, &err);
	free(body);
}

static void
on_close(struct evhttp_connection *connection, void *arg)
{
	struct http_channel *c = arg;

	(void)connection;
	c->ended = 1;
}

/* As soon as the headers are there, before a byte of the body is kept. */
static int
on_headers(struct evhttp_request *request, void *arg)
{
	struct http_channel *c = arg;

	return http_headers_check(request, &c->err) == MTLS_OK ? 0 : -1;
}

/* Why there is no answer: what TLS says first, what evhttp says otherwise. */
static void
find_reason(struct http_channel *c)
{
	tls_reason(c->bev, &c->err);
	if (!c->handshake_done)
		(void)mtls_fail(&c->err, MTLS_E_UNAVAILABLE, "no connection");
	else
		(void)mtls_fail(&c->err, MTLS_E_CLOSED,
		    "the connection ended without an answer");
}

static enum mtls_status
take_body(struct http_channel *c, struct evhttp_request *request)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(in);

	if (http_headers_check(request, &c->err) != MTLS_OK ||
	    http_headers_check_length(request, len, &c->err) != MTLS_OK ||
	    mtls_tls_check_peer(bufferevent_openssl_get_ssl(c->bev),
	    c->options.tls_min, &c->err) != MTLS_OK)
		return c->err.status;
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) != 0)
		return mtls_fail(&c->err, MTLS_E_PROTOCOL,
		    "there is something behind the answer");
	c->body = malloc(len + 1);
	if (c->body == NULL)
		return mtls_fail(&c->err, MTLS_E_MEMORY, "out of memory");
	if (evbuffer_remove(in, c->body, len) != (int)len)
		return mtls_fail(&c->err, MTLS_E_SYSTEM, "lost a body");
	c->body[len] = '\0';
	c->body_len = len;
	c->code = evhttp_request_get_response_code(request);
	return MTLS_OK;
}

static void
on_answer(struct evhttp_request *request, void *arg)
{
	struct http_channel *c = arg;

	if (request == NULL || evhttp_request_get_response_code(request) == 0) {
		c->ended = 1;
		find_reason(c);
	} else if (take_body(c, request) != MTLS_OK) {
		c->ended = 1;
	}
	event_active(c->report, EV_TIMEOUT, 0);
}

static enum mtls_status
connect_evhttp(struct http_channel *c, const struct http_target *target,
    SSL *ssl, struct mtls_err *err)
{
	c->bev = bufferevent_openssl_socket_new(c->options.base, -1, ssl,
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	/* evhttp makes a plain connection of a NULL: it must not get one. */
	if (c->bev == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	c->connection = evhttp_connection_base_bufferevent_new(
	    c->options.base, NULL, c->bev, target->address, target->port);
	if (c->connection == NULL) {
		bufferevent_free(c->bev);
		c->bev = NULL;
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	evhttp_connection_set_retries(c->connection, 0);
	evhttp_connection_set_timeout(c->connection, NO_TIMEOUT_S);
	evhttp_connection_set_max_headers_size(c->connection, HEADERS_MAX);
	evhttp_connection_set_max_body_size(c->connection,
	    (ev_ssize_t)MTLS_BODY_MAX);
	evhttp_connection_set_closecb(c->connection, on_close, c);
	return MTLS_OK;
}

static enum mtls_status
open_tls(struct http_channel *c, const struct http_target *target,
    struct mtls_err *err)
{
	SSL *ssl = NULL;

	if (ex_index == -1)
		ex_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (ex_index == -1)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (mtls_tls_client_ssl(c->options.ctx, target->name, &ssl, err) !=
	    MTLS_OK)
		return err->status;
	if (SSL_set_ex_data(ssl, ex_index, c) != 1) {
		SSL_free(ssl);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	SSL_set_info_callback(ssl, on_tls_progress);
	/* From here on ssl belongs to the bufferevent, also where it fails. */
	return connect_evhttp(c, target, ssl, err);
}

enum mtls_status
http_channel_new(const struct http_channel_options *options,
    const struct http_target *target, struct http_channel **ret,
    struct mtls_err *err)
{
	struct http_channel *c;
	size_t size = strlen(target->name) + 8;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	c->options = *options;
	c->host = malloc(size);
	c->report = event_new(options->base, -1, 0, on_report, c);
	if (c->host == NULL || c->report == NULL) {
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	(void)snprintf(c->host, size, "%s:%u", target->name,
	    (unsigned)target->port);
	if (open_tls(c, target, err) != MTLS_OK)
		goto out;
	*ret = c;
	c = NULL;
out:
	http_channel_free(c);
	return err->status;
}

void
http_channel_free(struct http_channel *c)
{
	if (c == NULL)
		return;
	if (c->connection != NULL) {
		evhttp_connection_set_closecb(c->connection, NULL, NULL);
		SSL_set_ex_data(bufferevent_openssl_get_ssl(c->bev), ex_index,
		    NULL);
		evhttp_connection_free(c->connection);
	}
	drop_request(c);
	if (c->report != NULL)
		event_free(c->report);
	free(c->body);
	free(c->host);
	free(c);
}

static struct evhttp_request *
new_request(struct http_channel *c, const char *json)
{
	struct evhttp_request *r;
	struct evkeyvalq *h;

	r = evhttp_request_new(on_answer, c);
	if (r == NULL)
		return NULL;
	/* Some of evhttp's error paths free the request and some do not. */
	evhttp_request_own(r);
	evhttp_request_set_header_cb(r, on_headers);
	h = evhttp_request_get_output_headers(r);
	if (evhttp_add_header(h, "Host", c->host) == 0 &&
	    evhttp_add_header(h, "Accept", "application/json") == 0 &&
	    (json == NULL || (evhttp_add_header(h, "Content-Type",
	    "application/json") == 0 &&
	    evbuffer_add(evhttp_request_get_output_buffer(r), json,
	    strlen(json)) == 0)))
		return r;
	evhttp_request_free(r);
	return NULL;
}

enum mtls_status
http_channel_request(struct http_channel *c, const char *path,
    const char *json, http_done_fn done, void *arg, struct mtls_err *err)
{
	if (c->busy)
		return mtls_fail(err, MTLS_E_USAGE, "one request at a time");
	if (c->ended)
		return mtls_fail(err, MTLS_E_CLOSED, "the connection ended");
	c->request = new_request(c, json);
	if (c->request == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	mtls_err_clear(&c->err);
	c->code = 0;
	c->body_len = 0;
	c->done = done;
	c->done_arg = arg;
	c->busy = 1;
	if (!c->handshake_done && c->options.connect_phase != TRACE_COUNT)
		trace_begin(c->options.trace, c->options.connect_phase);
	if (evhttp_make_request(c->connection, c->request, json != NULL ?
	    EVHTTP_REQ_POST : EVHTTP_REQ_GET, path) == 0) {
		if (!c->handshake_done)
			watch_connect(c);
		return MTLS_OK;
	}
	drop_request(c);
	c->busy = 0;
	c->ended = 1;
	return mtls_fail(err, MTLS_E_UNAVAILABLE, "cannot connect");
}

int
http_channel_is_open(const struct http_channel *c)
{
	return c->handshake_done && !c->ended;
}

int
http_channel_was_open(const struct http_channel *c)
{
	return c->handshake_done;
}

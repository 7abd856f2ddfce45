/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A small HTTP server for what watches over the verifier. Both answers ask
 * the store first, and wait for it no longer than a moment: a store that
 * does not answer is an answer.
 */
#include "config.h"

#include "monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "health.h"
#include "local_socket.h"
#include "network.h"

#define HEADERS_MAX	4096
#define TIMEOUT_S	10
/* How long the store may take before it counts as gone. */
#define STORE_S		3
/* Together; a program of this machine shall not use up descriptors. */
#define CONNECTIONS_MAX	32

struct monitor {
	struct server *server;
	struct evhttp *http;
	size_t n_sockets;
	struct evconnlistener *sockets[LISTENER_SOCKETS_MAX];
	unsigned n_connections;
	struct question *first;
};

/* A request that waits for the store; req is NULL once it is answered. */
struct question {
	struct monitor *monitor;
	struct question *next, **prev;
	struct evhttp_request *req;
	int is_health;
	struct event *timer;
	struct store_op op;
};

static enum mtls_status
bind_one(const struct settings *settings, char *endpoint, int *ret_fd,
    struct mtls_err *err)
{
	struct mtls_conf_list one = { 1, &endpoint };
	struct listener_sockets sockets = { 0 };
	enum mtls_status status;

	if (endpoint[0] == '/')
		return local_socket_bind(settings, endpoint, SOCK_STREAM,
		    ret_fd, err);
	status = listener_bind(&one, &sockets, err);
	if (status == MTLS_OK)
		*ret_fd = sockets.fds[0];
	return status;
}

enum mtls_status
monitor_bind(const struct settings *settings, struct listener_sockets *ret,
    struct mtls_err *err)
{
	const struct mtls_conf_list *endpoints = &settings->listen_metrics;
	enum mtls_status status = MTLS_OK;

	ret->n = 0;
	for (size_t i = 0; i < endpoints->n && i < LISTENER_SOCKETS_MAX;
	    i++) {
		status = bind_one(settings, endpoints->words[i],
		    &ret->fds[i], err);
		if (status != MTLS_OK) {
			listener_unbind(ret);
			return status;
		}
		ret->n++;
	}
	return MTLS_OK;
}

static void
question_free(struct question *q)
{
	*q->prev = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	if (q->timer != NULL)
		event_free(q->timer);
	store_op_clear(&q->op);
	free(q);
}

/* Takes body. */
static void
reply(struct evhttp_request *req, int code, struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	if (body == NULL) {
		evhttp_send_error(req, 500, NULL);
		return;
	}
	(void)evhttp_add_header(headers, "Content-Type", code == 200 &&
	    evbuffer_get_length(body) > 64 ?
	    "text/plain; version=0.0.4; charset=utf-8" :
	    "text/plain; charset=utf-8");
	(void)evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_send_reply(req, code, code == 200 ? "OK" :
	    "Service Unavailable", body);
	evbuffer_free(body);
}

static void
add_failure(void *arg, enum health_level level, const char *reason,
    const char *about)
{
	if (level == HEALTH_FAILURE)
		(void)evbuffer_add_printf(arg, "%s%s%s\n", reason,
		    about[0] == '\0' ? "" : " ", about);
}

static void
reply_health(struct question *q, const struct store_counts *counts)
{
	struct server *server = q->monitor->server;
	struct evbuffer *body = evbuffer_new();
	int code = 503;

	if (body != NULL) {
		if (server->is_ending)
			(void)evbuffer_add_printf(body, "ending\n");
		if (counts == NULL)
			(void)evbuffer_add_printf(body,
			    "state-unavailable\n");
		health_of_generation(server->generation, time(NULL),
		    add_failure, body);
		if (evbuffer_get_length(body) == 0 &&
		    evbuffer_add_printf(body, "ok\n") > 0)
			code = 200;
	}
	reply(q->req, code, body);
}

static void
reply_metrics(struct question *q, const struct store_counts *counts)
{
	struct evbuffer *body = evbuffer_new();
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int failed = out == NULL || body == NULL;

	if (out != NULL) {
		monitor_report(q->monitor->server, counts, out);
		failed = ferror(out) | failed;
		failed = fclose(out) != 0 || failed;
	}
	/* Half of the numbers would be wrong ones. */
	if (failed || evbuffer_add(body, text, len) != 0) {
		if (body != NULL)
			evbuffer_free(body);
		body = NULL;
	}
	free(text);
	reply(q->req, 200, body);
}

static void
answer(struct question *q, const struct store_counts *counts)
{
	if (q->is_health)
		reply_health(q, counts);
	else
		reply_metrics(q, counts);
	q->req = NULL;
}

static void
on_counted(struct store_op *op)
{
	struct question *q = op->arg;

	if (q->req != NULL)
		answer(q, op->status == MTLS_OK ? &op->counts : NULL);
	question_free(q);
}

/* The operation comes back some time; until then q has to stay. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;

	(void)fd;
	(void)what;
	if (q->req != NULL)
		answer(q, NULL);
}

static void
ask(struct monitor *monitor, struct evhttp_request *req, int is_health)
{
	struct question *q = calloc(1, sizeof(*q));
	struct timeval soon = { STORE_S, 0 };

	if (q == NULL) {
		evhttp_send_error(req, 500, NULL);
		return;
	}
	q->monitor = monitor;
	q->req = req;
	q->is_health = is_health;
	q->next = monitor->first;
	q->prev = &monitor->first;
	if (q->next != NULL)
		q->next->prev = &q->next;
	monitor->first = q;
	q->timer = evtimer_new(monitor->server->base, on_timer, q);
	if (q->timer == NULL || event_add(q->timer, &soon) != 0) {
		evhttp_send_error(req, 500, NULL);
		question_free(q);
		return;
	}
	q->op.kind = STORE_COUNT;
	q->op.done = on_counted;
	q->op.arg = q;
	store_submit(monitor->server->port, &q->op);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(req);
	const char *uri = evhttp_request_get_uri(req);

	/* A filter passes on what is written to it only once it may write. */
	(void)bufferevent_enable(evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(req)), EV_WRITE);
	if (strcmp(uri, "/metrics") != 0 && strcmp(uri, "/healthz") != 0) {
		evhttp_send_error(req, HTTP_NOTFOUND, NULL);
		return;
	}
	if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		evhttp_send_error(req, HTTP_BADMETHOD, NULL);
		return;
	}
	ask(arg, req, strcmp(uri, "/healthz") == 0);
}

static void
set_accepting(struct monitor *monitor, int is_accepting)
{
	for (size_t i = 0; i < monitor->n_sockets; i++) {
		if (is_accepting)
			(void)evconnlistener_enable(monitor->sockets[i]);
		else
			(void)evconnlistener_disable(monitor->sockets[i]);
	}
}

/* evhttp does not tell when a connection ends; its bufferevent does. */
static void
on_connection_end(void *arg)
{
	struct monitor *monitor = arg;

	if (monitor->n_connections-- == CONNECTIONS_MAX)
		set_accepting(monitor, 1);
}

static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct monitor *monitor = arg;
	struct bufferevent *under, *bev;

	under = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (under == NULL)
		return NULL;
	bev = bufferevent_filter_new(under, NULL, NULL,
	    BEV_OPT_CLOSE_ON_FREE, on_connection_end, monitor);
	if (bev == NULL) {
		bufferevent_free(under);
		return NULL;
	}
	if (++monitor->n_connections == CONNECTIONS_MAX)
		set_accepting(monitor, 0);
	return bev;
}

/* Takes fd. */
static enum mtls_status
add_socket(struct monitor *monitor, int fd, struct mtls_err *err)
{
	struct evconnlistener *socket;

	socket = evconnlistener_new(monitor->server->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (socket == NULL) {
		close(fd);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	if (evhttp_bind_listener(monitor->http, socket) == NULL) {
		evconnlistener_free(socket);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	monitor->sockets[monitor->n_sockets++] = socket;
	return MTLS_OK;
}

enum mtls_status
monitor_new(struct server *server, struct listener_sockets *sockets,
    struct monitor **ret, struct mtls_err *err)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	enum mtls_status status = MTLS_OK;

	if (monitor != NULL) {
		monitor->server = server;
		monitor->http = evhttp_new(server->base);
	}
	if (monitor == NULL || monitor->http == NULL) {
		free(monitor);
		listener_unbind(sockets);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	evhttp_set_max_headers_size(monitor->http, HEADERS_MAX);
	evhttp_set_max_body_size(monitor->http, 0);
	evhttp_set_timeout(monitor->http, TIMEOUT_S);
	evhttp_set_default_content_type(monitor->http, NULL);
	evhttp_set_bevcb(monitor->http, on_accept, monitor);
	evhttp_set_gencb(monitor->http, on_request, monitor);
	for (size_t i = 0; i < sockets->n; i++) {
		if (status == MTLS_OK)
			status = add_socket(monitor, sockets->fds[i], err);
		else
			close(sockets->fds[i]);
	}
	sockets->n = 0;
	if (status != MTLS_OK) {
		monitor_free(monitor);
		return status;
	}
	*ret = monitor;
	return MTLS_OK;
}

char *
monitor_text(const struct monitor *monitor, char *out, size_t size)
{
	union {
		struct sockaddr any;
		struct sockaddr_un local;
		struct sockaddr_storage room;
	} sa;
	char endpoint[NETWORK_TEXT_MAX];
	const char *text;
	socklen_t len;
	size_t used = 0;
	int n;

	out[0] = '\0';
	for (size_t i = 0; i < monitor->n_sockets; i++) {
		len = sizeof(sa);
		memset(&sa, 0, sizeof(sa));
		if (getsockname(evconnlistener_get_fd(monitor->sockets[i]),
		    &sa.any, &len) != 0)
			continue;
		text = sa.any.sa_family == AF_UNIX ? sa.local.sun_path :
		    network_endpoint_text(endpoint, &sa.any);
		n = snprintf(out + used, size - used, "%s%s",
		    used == 0 ? "" : ",", text);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return out;
}

void
monitor_free(struct monitor *monitor)
{
	struct question *q;

	if (monitor == NULL)
		return;
	/* The store is idle by now: nobody is still asking. */
	while ((q = monitor->first) != NULL)
		question_free(q);
	evhttp_free(monitor->http);
	free(monitor);
}

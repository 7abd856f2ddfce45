/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Sockets, evhttp and the limits of HTTP. What evhttp hands on has been
 * bounded here: bytes of headers and of a body, and the methods it knows;
 * which of them mean something is for routes.c.
 */
#include "config.h"

#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/listener.h>

#include "mtls/body.h"

#include "hello.h"
#include "network.h"

#define BACKLOG		1024
#define HEADERS_MAX	8192
/* More than a body may have, so that 413 can be said in our own words. */
#define BODY_MAX	(4 * MTLS_BODY_MAX)

struct listener {
	struct listener_options options;
	struct evhttp *http;
	int is_stopped;
	size_t n;
	struct evhttp_bound_socket *sockets[LISTENER_SOCKETS_MAX];
};

static enum mtls_status
failed(int fd, const char *endpoint, struct mtls_err *err)
{
	enum mtls_status status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
	    "listen on %s", endpoint);

	if (fd >= 0)
		close(fd);
	return status;
}

/*
 * Accepted sockets inherit this. Where an answer leaves as more than one TLS
 * record, with Nagle the last waits for 40 ms. A Unix socket does not know
 * it.
 */
int
listener_set_up_socket(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 &&
	    errno != EOPNOTSUPP)
		return -1;
	return 0;
}

static enum mtls_status
bind_one(const char *endpoint, int *ret_fd, struct mtls_err *err)
{
	struct sockaddr_storage sa;
	enum mtls_status status;
	socklen_t len;
	int fd, on = 1;

	status = network_endpoint_parse(endpoint, &sa, &len, err);
	if (status != MTLS_OK)
		return status;
	fd = socket(sa.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return failed(fd, endpoint, err);
	if (listener_set_up_socket(fd) != 0)
		return failed(fd, endpoint, err);
	if (sa.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return failed(fd, endpoint, err);
	/*
	 * Not before bind(): another program must not take the address, not
	 * even another verifier; but more sockets of this one may.
	 */
	if (bind(fd, (struct sockaddr *)&sa, len) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return failed(fd, endpoint, err);
	*ret_fd = fd;
	return MTLS_OK;
}

enum mtls_status
listener_bind(const struct mtls_conf_list *endpoints,
    struct listener_sockets *ret, struct mtls_err *err)
{
	enum mtls_status status;

	ret->n = 0;
	for (size_t i = 0; i < endpoints->n && i < LISTENER_SOCKETS_MAX;
	    i++) {
		status = bind_one(endpoints->words[i], &ret->fds[i], err);
		if (status != MTLS_OK) {
			listener_unbind(ret);
			return status;
		}
		ret->n++;
	}
	return MTLS_OK;
}

/* A second socket for the address of fd; -1 where there is none. */
static int
bind_beside(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int more, on = 1;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return -1;
	more = socket(sa.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (more < 0)
		return -1;
	if (setsockopt(more, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)) != 0 ||
	    setsockopt(more, SOL_SOCKET, SO_REUSEPORT, &on,
	    sizeof(on)) != 0 ||
	    setsockopt(more, IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on)) != 0 ||
	    (sa.ss_family == AF_INET6 && setsockopt(more, IPPROTO_IPV6,
	    IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
	    bind(more, (struct sockaddr *)&sa, len) != 0 ||
	    listen(more, BACKLOG) != 0) {
		close(more);
		return -1;
	}
	return more;
}

enum mtls_status
listener_bind_again(const struct listener_sockets *first,
    struct listener_sockets *ret, struct mtls_err *err)
{
	int fd;

	ret->n = 0;
	for (size_t i = 0; i < first->n; i++) {
		fd = bind_beside(first->fds[i]);
		if (fd < 0)
			fd = fcntl(first->fds[i], F_DUPFD_CLOEXEC, 0);
		if (fd < 0) {
			listener_unbind(ret);
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "no sockets for another loop");
		}
		ret->fds[ret->n++] = fd;
	}
	return MTLS_OK;
}

void
listener_unbind(struct listener_sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		close(sockets->fds[i]);
	sockets->n = 0;
}

static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct listener *l = arg;

	(void)base;
	return connection_new(l->options.connections, l->options.role,
	    l->options.ctx);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	struct listener *l = arg;
	struct connection *c;

	c = connection_of_request(req, l->options.role, l->options.min);
	if (c == NULL) {
		connection_drop(req);
		return;
	}
	l->options.request(l->options.arg, l->options.role, c, req);
}

void
listener_pause(struct listener *l, int is_paused)
{
	struct evconnlistener *socket;

	for (size_t i = 0; i < l->n && !l->is_stopped; i++) {
		socket = evhttp_bound_socket_get_listener(l->sockets[i]);
		if (is_paused)
			(void)evconnlistener_disable(socket);
		else
			(void)evconnlistener_enable(socket);
	}
}

/* Takes fd. */
static enum mtls_status
add_socket(struct listener *l, int fd, struct mtls_err *err)
{
	struct evconnlistener *socket;

	hello_expect(fd);
	socket = evconnlistener_new(l->options.connections->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (socket == NULL) {
		close(fd);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	l->sockets[l->n] = evhttp_bind_listener(l->http, socket);
	if (l->sockets[l->n] == NULL) {
		evconnlistener_free(socket);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	l->n++;
	return MTLS_OK;
}

/*
 * All the methods that evhttp can read are let in, so that routes.c says
 * 405 and not evhttp a page of HTML.
 */
static void
set_up_http(struct listener *l)
{
	evhttp_set_allowed_methods(l->http, EVHTTP_REQ_GET |
	    EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
	    EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(l->http, HEADERS_MAX);
	evhttp_set_max_body_size(l->http, BODY_MAX);
	evhttp_set_default_content_type(l->http, NULL);
	evhttp_set_bevcb(l->http, on_accept, l);
	evhttp_set_gencb(l->http, on_request, l);
}

enum mtls_status
listener_new(const struct listener_options *options,
    struct listener_sockets *sockets, struct listener **ret,
    struct mtls_err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	enum mtls_status status = MTLS_OK;

	if (l != NULL) {
		l->options = *options;
		l->options.ctx = NULL;
		l->http = evhttp_new(options->connections->base);
	}
	if (l == NULL || l->http == NULL) {
		free(l);
		listener_unbind(sockets);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	set_up_http(l);
	listener_use(l, options->ctx, options->min);
	while (status == MTLS_OK && sockets->n > 0) {
		/* From the first, so that they are told in order. */
		status = add_socket(l, sockets->fds[0], err);
		sockets->n--;
		memmove(sockets->fds, sockets->fds + 1,
		    sockets->n * sizeof(sockets->fds[0]));
	}
	if (status != MTLS_OK) {
		listener_unbind(sockets);
		listener_free(l);
		return status;
	}
	*ret = l;
	return MTLS_OK;
}

void
listener_use(struct listener *l, SSL_CTX *ctx, enum mtls_tls_min min)
{
	(void)SSL_CTX_up_ref(ctx);
	SSL_CTX_free(l->options.ctx);
	l->options.ctx = ctx;
	l->options.min = min;
	/* Ours are shorter; evhttp's own would be 50 seconds. */
	evhttp_set_timeout(l->http,
	    (int)(l->options.connections->idle_timeout_s +
	    l->options.connections->request_timeout_s +
	    l->options.connections->handshake_timeout_s));
}

void
listener_stop(struct listener *l)
{
	l->is_stopped = 1;
	/* Closed, so that who comes now goes to another verifier at once. */
	for (size_t i = 0; i < l->n; i++)
		evhttp_del_accept_socket(l->http, l->sockets[i]);
	l->n = 0;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	evhttp_free(l->http);
	SSL_CTX_free(l->options.ctx);
	free(l);
}

char *
listener_text(const struct listener *l, char *out, size_t size)
{
	char endpoint[NETWORK_TEXT_MAX];
	struct sockaddr_storage sa;
	socklen_t len;
	size_t used = 0;
	int n;

	out[0] = '\0';
	for (size_t i = 0; i < l->n; i++) {
		len = sizeof(sa);
		if (getsockname(evhttp_bound_socket_get_fd(l->sockets[i]),
		    (struct sockaddr *)&sa, &len) != 0)
			continue;
		network_endpoint_text(endpoint, (struct sockaddr *)&sa);
		n = snprintf(out + used, size - used, "%s%s",
		    used == 0 ? "" : ",", endpoint);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return out;
}

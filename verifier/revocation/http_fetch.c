/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An event loop for one request.
 */
#include "config.h"

#include "http_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#define HEADERS_MAX	16384

struct fetch {
	const struct http_fetch *request;
	struct event_base *base;
	struct evhttp_connection *connection;
	struct event *timeout, *wake;
	struct evhttp_uri *uri;
	/* What came of it; OK while nothing has. */
	int is_done;
	enum mtls_status status;
	struct mtls_err *err;
	uint8_t *data;
	size_t len;
};

static void
end(struct fetch *f, enum mtls_status status)
{
	f->status = status;
	f->is_done = 1;
	(void)event_base_loopbreak(f->base);
}

static void
fail(struct fetch *f, enum mtls_status status, const char *why)
{
	if (!f->is_done)
		end(f, mtls_fail(f->err, status, "%s", why));
}

static void
take_body(struct fetch *f, struct evhttp_request *req)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(input);

	if (len > f->request->max_bytes) {
		fail(f, MTLS_E_PROTOCOL, "the answer is too long");
		return;
	}
	f->data = malloc(len + 1);
	if (f->data == NULL) {
		fail(f, MTLS_E_MEMORY, "out of memory");
		return;
	}
	f->len = len;
	if (evbuffer_copyout(input, f->data, len) != (ev_ssize_t)len)
		fail(f, MTLS_E_SYSTEM, "the answer cannot be read");
	else if (!f->is_done)
		end(f, MTLS_OK);
}

static void
on_error(enum evhttp_request_error error, void *arg)
{
	struct fetch *f = arg;

	switch (error) {
	case EVREQ_HTTP_TIMEOUT:
		fail(f, MTLS_E_TIMEOUT, "no answer in time");
		return;
	case EVREQ_HTTP_DATA_TOO_LONG:
		fail(f, MTLS_E_PROTOCOL, "the answer is too long");
		return;
	case EVREQ_HTTP_INVALID_HEADER:
	case EVREQ_HTTP_EOF:
	case EVREQ_HTTP_BUFFER_ERROR:
	case EVREQ_HTTP_REQUEST_CANCEL:
		break;
	}
	fail(f, MTLS_E_PROTOCOL, "not a whole answer");
}

static void
on_answer(struct evhttp_request *req, void *arg)
{
	struct fetch *f = arg;
	int code = req == NULL ? 0 : evhttp_request_get_response_code(req);
	char text[64];

	if (code == HTTP_OK) {
		take_body(f, req);
		return;
	}
	if (code == 0) {
		fail(f, MTLS_E_UNAVAILABLE, "nobody answers");
		return;
	}
	/* A redirect is an answer like any other. */
	(void)snprintf(text, sizeof(text), "the answer is %d", code);
	fail(f, MTLS_E_PROTOCOL, text);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg, MTLS_E_TIMEOUT, "no answer in time");
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg, MTLS_E_CLOSED, "given up");
}

static int
add_headers(struct fetch *f, struct evhttp_request *req, const char *host,
    int port)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	const char *colon = strchr(host, ':') != NULL ? "]" : "";
	char text[300];

	if (port == 80)
		(void)snprintf(text, sizeof(text), "%s%s%s",
		    *colon != '\0' ? "[" : "", host, colon);
	else
		(void)snprintf(text, sizeof(text), "%s%s%s:%d",
		    *colon != '\0' ? "[" : "", host, colon, port);
	if (evhttp_add_header(headers, "Host", text) != 0 ||
	    evhttp_add_header(headers, "Connection", "close") != 0)
		return -1;
	if (f->request->body == NULL)
		return 0;
	if (evhttp_add_header(headers, "Content-Type",
	    f->request->body_type) != 0)
		return -1;
	return evbuffer_add(evhttp_request_get_output_buffer(req),
	    f->request->body, f->request->body_len);
}

/* "/path?query", at least "/". */
static char *
target_of(const struct evhttp_uri *uri)
{
	const char *path = evhttp_uri_get_path(uri);
	const char *query = evhttp_uri_get_query(uri);
	char *target;

	if (path == NULL || path[0] == '\0')
		path = "/";
	if (asprintf(&target, "%s%s%s", path, query != NULL ? "?" : "",
	    query != NULL ? query : "") < 0)
		return NULL;
	return target;
}

static enum mtls_status
send_request(struct fetch *f, const char *host, int port)
{
	struct evhttp_request *req = evhttp_request_new(on_answer, f);
	char *target = target_of(f->uri);
	enum mtls_status status = MTLS_OK;

	if (req == NULL || target == NULL ||
	    add_headers(f, req, host, port) != 0) {
		if (req != NULL)
			evhttp_request_free(req);
		status = mtls_fail(f->err, MTLS_E_MEMORY, "out of memory");
	} else {
		evhttp_request_set_error_cb(req, on_error);
		/* Takes the request, also where it fails. */
		if (evhttp_make_request(f->connection, req,
		    f->request->body != NULL ? EVHTTP_REQ_POST :
		    EVHTTP_REQ_GET, target) != 0)
			status = mtls_fail(f->err, MTLS_E_UNAVAILABLE,
			    "no connection can be made");
	}
	free(target);
	return status;
}

static enum mtls_status
connect_to(struct fetch *f, const char *host, int port)
{
	f->connection = evhttp_connection_base_new(f->base, NULL, host,
	    (ev_uint16_t)port);
	if (f->connection == NULL)
		return mtls_fail(f->err, MTLS_E_MEMORY, "out of memory");
	evhttp_connection_set_max_headers_size(f->connection, HEADERS_MAX);
	evhttp_connection_set_max_body_size(f->connection,
	    (ev_ssize_t)f->request->max_bytes);
	evhttp_connection_set_timeout(f->connection,
	    (int)f->request->timeout_s);
	evhttp_connection_set_retries(f->connection, 0);
	return MTLS_OK;
}

static enum mtls_status
add_events(struct fetch *f)
{
	struct timeval tv = { f->request->timeout_s, 0 };

	f->timeout = evtimer_new(f->base, on_timeout, f);
	if (f->request->wake_fd >= 0)
		f->wake = event_new(f->base, f->request->wake_fd, EV_READ,
		    on_wake, f);
	if (f->timeout == NULL || event_add(f->timeout, &tv) != 0 ||
	    (f->request->wake_fd >= 0 && (f->wake == NULL ||
	    event_add(f->wake, NULL) != 0)))
		return mtls_fail(f->err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

/* A host as a resolver wants it: libevent leaves "[::1]" in brackets. */
static int
host_of(const struct evhttp_uri *uri, char *out, size_t size)
{
	const char *host = evhttp_uri_get_host(uri);
	size_t len = host == NULL ? 0 : strlen(host);

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len == 0 || len >= size)
		return -1;
	memcpy(out, host, len);
	out[len] = '\0';
	return 0;
}

static enum mtls_status
run(struct fetch *f)
{
	const char *scheme;
	enum mtls_status status;
	char host[256];
	int port;

	f->base = event_base_new();
	f->uri = evhttp_uri_parse(f->request->url);
	scheme = f->uri == NULL ? NULL : evhttp_uri_get_scheme(f->uri);
	if (f->base == NULL)
		return mtls_fail(f->err, MTLS_E_MEMORY, "out of memory");
	if (scheme == NULL || strcmp(scheme, "http") != 0 ||
	    host_of(f->uri, host, sizeof(host)) != 0)
		return mtls_fail(f->err, MTLS_E_USAGE, "not an http URL");
	port = evhttp_uri_get_port(f->uri);
	if (port <= 0)
		port = 80;
	status = connect_to(f, host, port);
	if (status == MTLS_OK)
		status = add_events(f);
	if (status == MTLS_OK)
		status = send_request(f, host, port);
	if (status != MTLS_OK)
		return status;
	if (!f->is_done)
		(void)event_base_dispatch(f->base);
	return f->is_done ? f->status : mtls_fail(f->err,
	    MTLS_E_UNAVAILABLE, "nobody answers");
}

enum mtls_status
http_fetch(const struct http_fetch *request, uint8_t **ret_data,
    size_t *ret_len, struct mtls_err *err)
{
	struct fetch f = { .request = request, .err = err };
	enum mtls_status status = run(&f);

	if (f.timeout != NULL)
		event_free(f.timeout);
	if (f.wake != NULL)
		event_free(f.wake);
	/* Whatever its call-backs have to say now, it is too late. */
	f.is_done = 1;
	if (f.connection != NULL)
		evhttp_connection_free(f.connection);
	if (f.uri != NULL)
		evhttp_uri_free(f.uri);
	if (f.base != NULL)
		event_base_free(f.base);
	if (status != MTLS_OK) {
		free(f.data);
		return status;
	}
	*ret_data = f.data;
	*ret_len = f.len;
	return MTLS_OK;
}

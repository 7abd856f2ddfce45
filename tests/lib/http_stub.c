/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The thread; see http_stub.h.
 */
#include "config.h"

#include "http_stub.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define OPEN_MAX_STUB 64

struct http_stub {
	http_stub_fn answer;
	void *arg;
	int fd, stop_fd, port;
	pthread_t thread;
	atomic_uint n;
	int open[OPEN_MAX_STUB];
	int n_open;
};

static void
must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

void
http_stub_write(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;
	ssize_t n;

	while (len > 0 && (n = send(fd, p, len, MSG_NOSIGNAL)) > 0) {
		p += n;
		len -= (size_t)n;
	}
}

void
http_stub_reply(int fd, const char *status, const void *body, size_t len)
{
	char head[256];
	int n;

	n = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: "
	    "%zu\r\nConnection: close\r\n\r\n", status, len);
	http_stub_write(fd, head, (size_t)n);
	http_stub_write(fd, body, len);
}

/* Up to the end of the head, and then what it says that follows. */
static int
read_request(int fd, struct http_stub_request *req)
{
	const char *length;
	size_t len = 0, want = 0;
	char *end = NULL;
	ssize_t n;

	while (end == NULL) {
		n = recv(fd, req->head + len, sizeof(req->head) - 1 - len, 0);
		if (n <= 0)
			return -1;
		len += (size_t)n;
		req->head[len] = '\0';
		end = memmem(req->head, len, "\r\n\r\n", 4);
	}
	req->body_len = len - (size_t)(end + 4 - req->head);
	memcpy(req->body, end + 4, req->body_len);
	*end = '\0';
	length = strcasestr(req->head, "\r\nContent-Length:");
	if (length != NULL)
		want = (size_t)atol(length + 17);
	must(want <= sizeof(req->body), "body");
	while (req->body_len < want) {
		n = recv(fd, req->body + req->body_len,
		    want - req->body_len, 0);
		if (n <= 0)
			return -1;
		req->body_len += (size_t)n;
	}
	return 0;
}

static void
serve(struct http_stub *stub, int fd)
{
	struct http_stub_request *req = calloc(1, sizeof(*req));

	must(req != NULL, "calloc");
	if (read_request(fd, req) == 0) {
		atomic_fetch_add(&stub->n, 1);
		if (stub->answer(stub->arg, req, fd) &&
		    stub->n_open < OPEN_MAX_STUB) {
			stub->open[stub->n_open++] = fd;
			fd = -1;
		}
	}
	free(req);
	if (fd >= 0)
		close(fd);
}

static void *
run(void *arg)
{
	struct http_stub *stub = arg;
	struct pollfd pfds[] = { { stub->fd, POLLIN, 0 },
		{ stub->stop_fd, POLLIN, 0 } };
	int fd;

	for (;;) {
		if (poll(pfds, 2, -1) < 0)
			continue;
		if (pfds[1].revents != 0)
			return NULL;
		fd = accept4(stub->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(stub, fd);
	}
}

struct http_stub *
http_stub_start(http_stub_fn answer, void *arg)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct http_stub *stub = calloc(1, sizeof(*stub));
	socklen_t len = sizeof(sa);

	must(stub != NULL, "calloc");
	stub->answer = answer;
	stub->arg = arg;
	stub->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	stub->stop_fd = eventfd(0, EFD_CLOEXEC);
	must(stub->fd >= 0 && stub->stop_fd >= 0 &&
	    bind(stub->fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    listen(stub->fd, 64) == 0 &&
	    getsockname(stub->fd, (struct sockaddr *)&sa, &len) == 0,
	    "listen");
	stub->port = ntohs(sa.sin_port);
	must(pthread_create(&stub->thread, NULL, run, stub) == 0, "thread");
	return stub;
}

void
http_stub_stop(struct http_stub *stub)
{
	must(eventfd_write(stub->stop_fd, 1) == 0, "eventfd");
	must(pthread_join(stub->thread, NULL) == 0, "join");
	for (int i = 0; i < stub->n_open; i++)
		close(stub->open[i]);
	close(stub->fd);
	close(stub->stop_fd);
	free(stub);
}

int
http_stub_port(const struct http_stub *stub)
{
	return stub->port;
}

unsigned
http_stub_count(const struct http_stub *stub)
{
	return atomic_load(&stub->n);
}

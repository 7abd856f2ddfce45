/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An HTTP server on a loopback port, in a thread, that says exactly what a
 * test tells it to, well-formed or not.
 */
#ifndef TESTS_HTTP_STUB_H
#define TESTS_HTTP_STUB_H

#include <stddef.h>
#include <stdint.h>

struct http_stub;

struct http_stub_request {
	char head[4096];	/* request line and headers */
	uint8_t body[65536];
	size_t body_len;
};

/*
 * Called for each request, in the thread; writes to fd what it wants.
 * Returns 0 to have the connection closed, 1 to have it left open.
 */
typedef int (*http_stub_fn)(void *arg, const struct http_stub_request *req,
    int fd);

struct http_stub *http_stub_start(http_stub_fn answer, void *arg);
void http_stub_stop(struct http_stub *stub);
int http_stub_port(const struct http_stub *stub);
/* How many requests there were. */
unsigned http_stub_count(const struct http_stub *stub);

/* A whole answer: "200 OK", a type, and a body with its length. */
void http_stub_reply(int fd, const char *status, const void *body,
    size_t len);
/* Writes all of it, or as much as is taken. */
void http_stub_write(int fd, const void *data, size_t len);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The sockets where one kind of peers connects, and evhttp behind them.
 */
#ifndef VERIFIER_LISTENER_H
#define VERIFIER_LISTENER_H

#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>

#include "mtls/conf.h"
#include "mtls/status.h"

#include "connection.h"

#define LISTENER_SOCKETS_MAX 16

/* Listening sockets, before there is anything to serve. */
struct listener_sockets {
	size_t n;
	int fds[LISTENER_SOCKETS_MAX];
};

/*
 * Binds every endpoint of the list. SYSTEM with the endpoint; nothing stays
 * open then. An IPv6 socket takes IPv6 only.
 */
enum mtls_status listener_bind(const struct mtls_conf_list *endpoints,
    struct listener_sockets *ret, struct mtls_err *err);

/* What every listening socket has set; 0, or -1 with errno. */
int listener_set_up_socket(int fd);
void listener_unbind(struct listener_sockets *sockets);

/*
 * More sockets for the addresses of first, for another event loop: each with
 * a queue of its own, or, where first cannot be shared so (it came from a
 * service manager), with the same. SYSTEM.
 */
enum mtls_status listener_bind_again(const struct listener_sockets *first,
    struct listener_sockets *ret, struct mtls_err *err);

struct listener;

/*
 * Called for a complete request of a peer whose certificate was verified.
 * The connection lives at least until the request is answered.
 */
typedef void (*listener_request_fn)(void *arg, enum role role,
    struct connection *connection, struct evhttp_request *req);

struct listener_options {
	struct connections *connections;
	enum role role;
	SSL_CTX *ctx;			/* referenced */
	enum mtls_tls_min min;
	listener_request_fn request;
	void *arg;
};

/* Takes the sockets, also where it fails. */
enum mtls_status listener_new(const struct listener_options *options,
    struct listener_sockets *sockets, struct listener **ret,
    struct mtls_err *err);

/* New connections use this from now on. */
void listener_use(struct listener *l, SSL_CTX *ctx, enum mtls_tls_min min);

/* Leaves new peers waiting, or takes them again. */
void listener_pause(struct listener *l, int is_paused);

/* Accepts no more, for good. */
void listener_stop(struct listener *l);

/* Closes every connection as well; NULL is a no-op. */
void listener_free(struct listener *l);

/* "127.0.0.1:7443,[::1]:7443", the real ports; at most size bytes. */
char *listener_text(const struct listener *l, char *out, size_t size);

#endif

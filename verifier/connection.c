/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Deadlines are for whole handshakes and whole requests, so that a byte per
 * second buys nothing; they are kept by one timer for each connection.
 */
#include "config.h"

#include "connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "mtls/deadline.h"

#include "crowd.h"
#include "handshake.h"
#include "hello.h"
#include "metrics.h"
#include "room.h"

/*
 * What a peer may still say about keys after its handshake, in steps of
 * OpenSSL's. New keys are wanted every few million records; none of ours
 * lasts so long.
 */
#define STEPS_MAX 100

enum state {
	STATE_NEW,		/* accepted, not looked at */
	STATE_HANDSHAKE,
	STATE_FIRST,		/* TLS is there, the first request is not */
	STATE_IDLE,		/* between two requests */
	STATE_READING,		/* a request has begun */
	STATE_BUSY,		/* it is being worked on */
	STATE_WRITING,		/* its answer is on the way */
	STATE_CLOSING
};

struct connection {
	struct connections *all;	/* NULL: forgotten */
	struct connection *next, **prev;
	enum role role;
	enum state state;
	SSL *ssl;
	struct bufferevent *bev;
	struct event *timer;
	struct network_address address;
	int has_room;			/* is counted in the room */
	struct crowd_place half_open;
	char peer[NETWORK_TEXT_MAX];
	int64_t began_us;
	int is_established;		/* the handshake succeeded */
	unsigned n_steps;		/* since then */
	int is_late;			/* it took too long */
	const char *alert;		/* static; the one that ended it */
};

static void on_ssl_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad,
    int index, long argl, void *argp);

/* The slot of every SSL in which its connection is. */
static CRYPTO_ONCE slot_once = CRYPTO_ONCE_STATIC_INIT;
static int slot = -1;

static void
make_slot(void)
{
	slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_free);
}

static void
set_timer(struct connection *c, enum state state, uint32_t timeout_s)
{
	struct timeval tv = { (time_t)timeout_s, 0 };

	c->state = state;
	if (event_add(c->timer, &tv) != 0) {
		/* Without a deadline there is no connection. */
		c->state = STATE_CLOSING;
		(void)shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
	}
}

/* Makes room for others, of the same address too. */
static void
leave(struct connection *c)
{
	if (c->all != NULL)
		crowd_leave(&c->all->crowd, &c->half_open);
	if (c->has_room && c->all != NULL)
		room_leave(c->all->room, &c->address);
	c->has_room = 0;
}

static void
close_soon(struct connection *c, const char *why)
{
	int fd = bufferevent_getfd(c->bev);

	if (c->state == STATE_CLOSING)
		return;
	c->state = STATE_CLOSING;
	leave(c);
	(void)event_del(c->timer);
	if (c->all != NULL && why != NULL)
		mtls_log_event(c->all->log, MTLS_LOG_DEBUG, "closed",
		    MTLS_KEY_PEER, c->peer, MTLS_KEY_REASON, why,
		    MTLS_KEY_END);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
}

/* Accepting stops at the limit, so that descriptors are left for others. */
static void
check_room(struct connections *all)
{
	int is_full = all->n >= all->max;

	if (is_full == all->is_full)
		return;
	all->is_full = is_full;
	if (is_full)
		crowd_complain(all, CROWD_ALL, NULL);
	if (all->full != NULL)
		all->full(all->arg, is_full);
}

/* Who it is, and whether there is room. evhttp had not told the socket. */
static void
look_at(struct connection *c)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct connection *oldest;
	int fd = bufferevent_getfd(c->bev);

	if (fd < 0 || getpeername(fd, (struct sockaddr *)&sa, &len) != 0) {
		close_soon(c, "no peer address");
		return;
	}
	c->address = network_address_of((struct sockaddr *)&sa);
	network_address_text(c->peer, &c->address);
	c->has_room = room_enter(c->all->room, &c->address,
	    c->all->max_per_client);
	if (!c->has_room) {
		crowd_complain(c->all, CROWD_CLIENT, c->peer);
		close_soon(c, "max-connections-per-address");
		return;
	}
	oldest = crowd_enter(&c->all->crowd, &c->half_open, c);
	if (oldest != NULL) {
		crowd_complain(c->all, CROWD_HALF_OPEN, oldest->peer);
		close_soon(oldest, "max-half-open");
	}
	hello_wait(fd);
	set_timer(c, STATE_HANDSHAKE, c->all->handshake_timeout_s);
}

static void
close_late(struct connection *c)
{
	c->is_late = 1;
	metrics_count(c->all->metrics, METRICS_LIMITS,
	    (struct metrics_labels){ { "handshake-timeout" } });
	close_soon(c, "handshake-timeout");
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	if (c->all == NULL)
		return;
	switch (c->state) {
	case STATE_NEW:
		look_at(c);
		break;
	case STATE_HANDSHAKE:
		if (SSL_is_init_finished(c->ssl))
			set_timer(c, STATE_FIRST, c->all->request_timeout_s);
		else
			close_late(c);
		break;
	case STATE_FIRST:
	case STATE_READING:
	case STATE_WRITING:
		close_soon(c, "request-timeout");
		break;
	case STATE_IDLE:
		close_soon(c, "idle-timeout");
		break;
	case STATE_BUSY:
	case STATE_CLOSING:
		break;
	}
}

/* Bytes of a request: the first of them starts its clock. */
static void
on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info,
    void *arg)
{
	struct connection *c = arg;

	(void)buffer;
	if (info->n_added == 0 || c->all == NULL)
		return;
	if (c->state == STATE_HANDSHAKE || c->state == STATE_FIRST ||
	    c->state == STATE_IDLE)
		set_timer(c, STATE_READING, c->all->request_timeout_s);
}

static void
on_complete(struct evhttp_request *req, void *arg)
{
	struct connection *c = arg;

	(void)req;
	if (c->all == NULL || c->state == STATE_CLOSING)
		return;
	/* What the peer has sent ahead is the next request. */
	if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
		set_timer(c, STATE_READING, c->all->request_timeout_s);
	else
		set_timer(c, STATE_IDLE, c->all->idle_timeout_s);
}

static struct handshake
handshake_of(const struct connection *c)
{
	return (struct handshake){ c->all->log, c->all->metrics,
		c->role == ROLE_DEVICE ? "device" : "user", c->peer,
		c->began_us };
}

static void
on_info(const SSL *ssl, int where, int ret)
{
	struct connection *c = SSL_get_ex_data(ssl, slot);

	if (c == NULL)
		return;
	if ((where & SSL_CB_HANDSHAKE_START) != 0 &&
	    hello_begins(bufferevent_getfd(c->bev)) != 0)
		close_soon(c, "it cannot be waited for");
	if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && !c->is_established) {
		c->is_established = 1;
		if (c->all != NULL) {
			crowd_leave(&c->all->crowd, &c->half_open);
			handshake_done(handshake_of(c), c->ssl);
		}
	}
	if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT &&
	    !c->is_established)
		handshake_refused(ssl);
	if ((where & SSL_CB_LOOP) != 0 && c->is_established &&
	    ++c->n_steps > STEPS_MAX)
		close_soon(c, "too many messages that are no data");
	/* The second is what OpenSSL says to a peer that is gone. */
	if ((where & SSL_CB_ALERT) != 0 &&
	    (ret & 0xff) != SSL_AD_CLOSE_NOTIFY &&
	    (ret & 0xff) != SSL_AD_DECODE_ERROR && c->alert == NULL)
		c->alert = SSL_alert_desc_string_long(ret);
}

static void
on_ssl_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index,
    long argl, void *argp)
{
	struct connection *c = ptr;

	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	if (c == NULL)
		return;
	if (c->all != NULL && !c->is_established)
		handshake_failed(handshake_of(c), c->ssl, c->alert,
		    c->is_late);
	leave(c);
	if (c->all != NULL) {
		c->all->n--;
		*c->prev = c->next;
		if (c->next != NULL)
			c->next->prev = c->prev;
		check_room(c->all);
	}
	if (c->timer != NULL)
		event_free(c->timer);
	free(c);
}

/* The connection for ssl, which owns it then; 0 when out of memory. */
static int
attach(struct connections *all, enum role role, SSL *ssl)
{
	struct connection *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL || CRYPTO_THREAD_run_once(&slot_once, make_slot) != 1 ||
	    slot < 0 || SSL_set_ex_data(ssl, slot, c) != 1) {
		free(c);
		return 0;
	}
	c->role = role;
	c->ssl = ssl;
	c->began_us = mtls_clock_us();
	c->timer = evtimer_new(all->base, on_timer, c);
	if (c->timer == NULL)
		return 0;
	/* Before anything is read: in this turn of the loop. */
	event_active(c->timer, EV_TIMEOUT, 0);
	c->all = all;
	c->next = all->first;
	c->prev = &all->first;
	if (c->next != NULL)
		c->next->prev = &c->next;
	all->first = c;
	all->n++;
	check_room(all);
	return 1;
}

struct bufferevent *
connection_new(struct connections *all, enum role role, SSL_CTX *ctx)
{
	struct bufferevent *bev;
	struct connection *c;
	SSL *ssl = SSL_new(ctx);

	if (ssl == NULL || !attach(all, role, ssl)) {
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_info_callback(ssl, on_info);
	/* Takes ssl, also where it fails. */
	bev = bufferevent_openssl_socket_new(all->base, -1, ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		return NULL;
	c = SSL_get_ex_data(ssl, slot);
	c->bev = bev;
	if (evbuffer_add_cb(bufferevent_get_input(bev), on_input, c) ==
	    NULL) {
		bufferevent_free(bev);
		return NULL;
	}
	return bev;
}

struct connection *
connection_of_request(struct evhttp_request *req, enum role role,
    enum mtls_tls_min min)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	struct connection *c;
	SSL *ssl;

	if (evcon == NULL)
		return NULL;
	ssl = bufferevent_openssl_get_ssl(
	    evhttp_connection_get_bufferevent(evcon));
	/* Without TLS: evhttp had no memory for it and went on in clear. */
	c = ssl == NULL ? NULL : SSL_get_ex_data(ssl, slot);
	if (c == NULL || c->all == NULL || c->role != role ||
	    c->state == STATE_NEW || c->state == STATE_CLOSING ||
	    mtls_tls_check_peer(ssl, min, NULL) != MTLS_OK)
		return NULL;
	(void)event_del(c->timer);
	c->state = STATE_BUSY;
	return c;
}

void
connection_drop(struct evhttp_request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);

	if (evcon != NULL)
		evhttp_connection_free(evcon);
	else
		evhttp_request_free(req);
}

void
connection_answering(struct connection *c, struct evhttp_request *req)
{
	set_timer(c, STATE_WRITING, c->all == NULL ? 1 :
	    c->all->request_timeout_s);
	evhttp_request_set_on_complete_cb(req, on_complete, c);
}

void
connection_answered(struct connection *c)
{
	/* Without memory for it they stay what they are, and go one by one. */
	(void)evbuffer_pullup(bufferevent_get_output(c->bev), -1);
}

SSL *
connection_ssl0(const struct connection *c)
{
	return c->ssl;
}

const char *
connection_peer0(const struct connection *c)
{
	return c->peer;
}

void
connections_close_idle(struct connections *all)
{
	for (struct connection *c = all->first; c != NULL; c = c->next) {
		if (c->state != STATE_BUSY && c->state != STATE_WRITING &&
		    c->state != STATE_READING)
			close_soon(c, "ending");
	}
}

void
connections_forget(struct connections *all)
{
	for (struct connection *c = all->first; c != NULL; c = c->next)
		c->all = NULL;
	crowd_flush(all, INT64_MAX);
	all->first = NULL;
	all->n = 0;
}

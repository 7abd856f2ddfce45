/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A bufferevent that reads no further ahead than the conversation can carry.
 * Bytes that follow each other closely are announced together: each prompt
 * is a way to the person's machine and back.
 */
#include "config.h"

#include "relay_wire.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "mtls/relay.h"

#define TOGETHER_US	3000	/* how long the first byte waits for more */
#define READ_AHEAD	(2 * MTLS_RELAY_PROMPT_BYTES)

struct relay_wire {
	struct bufferevent *bev;
	struct event *together;
	int is_connected, has_ended;
	relay_wire_fn news;
	void *arg;
};

static void
announce(struct relay_wire *w)
{
	struct mtls_err ok;

	(void)evtimer_del(w->together);
	mtls_err_clear(&ok);
	w->news(w->arg, &ok);
}

static void
on_together(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	announce(arg);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	static const struct timeval together = { 0, TOGETHER_US };
	struct relay_wire *w = arg;

	(void)bev;
	if (relay_wire_pending(w) >= MTLS_RELAY_PROMPT_BYTES)
		announce(w);
	else if (!evtimer_pending(w->together, NULL) &&
	    evtimer_add(w->together, &together) != 0)
		announce(w);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct relay_wire *w = arg;
	struct mtls_err err;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		w->is_connected = 1;
		return;
	}
	w->has_ended = 1;
	if (w->is_connected) {
		announce(w);
		return;
	}
	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_UNAVAILABLE,
	    "no connection to the user listener");
	w->news(w->arg, &err);
}

enum mtls_status
relay_wire_new(struct event_base *base, const struct http_target *target,
    relay_wire_fn news, void *arg, struct relay_wire **ret,
    struct mtls_err *err)
{
	struct relay_wire *w;

	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	w->news = news;
	w->arg = arg;
	w->together = evtimer_new(base, on_together, w);
	w->bev = bufferevent_socket_new(base, -1,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (w->together == NULL || w->bev == NULL) {
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	bufferevent_setcb(w->bev, on_read, NULL, on_event, w);
	bufferevent_setwatermark(w->bev, EV_READ, 0, READ_AHEAD);
	if (bufferevent_enable(w->bev, EV_READ | EV_WRITE) != 0 ||
	    bufferevent_socket_connect_hostname(w->bev, NULL, AF_UNSPEC,
	    target->address, target->port) != 0) {
		(void)mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "cannot connect to the user listener");
		goto out;
	}
	*ret = w;
	w = NULL;
out:
	relay_wire_free(w);
	return err->status;
}

void
relay_wire_free(struct relay_wire *w)
{
	if (w == NULL)
		return;
	if (w->bev != NULL)
		bufferevent_free(w->bev);
	if (w->together != NULL)
		event_free(w->together);
	free(w);
}

enum mtls_status
relay_wire_send(struct relay_wire *w, const uint8_t *data, size_t len,
    struct mtls_err *err)
{
	if (!w->has_ended && len > 0 &&
	    bufferevent_write(w->bev, data, len) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

size_t
relay_wire_take(struct relay_wire *w, uint8_t *out, size_t size)
{
	return bufferevent_read(w->bev, out, size);
}

size_t
relay_wire_pending(const struct relay_wire *w)
{
	return evbuffer_get_length(bufferevent_get_input(w->bev));
}

int
relay_wire_has_ended(const struct relay_wire *w)
{
	return w->has_ended;
}

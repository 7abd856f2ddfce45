/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections to the admin socket: who may, reading the request, writing
 * the answer without ever waiting for a caller that does not read.
 */
#include "config.h"

#include "admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/process.h"

#include "account.h"
#include "admin_request.h"

#define CONNECTIONS_MAX	16
#define GROUPS_MAX	256		/* of a caller that are looked at */
/* Without progress for this long a caller is gone. */
#define TIMEOUT_S	30
/* How often who follows the audit is told what is new. */
#define FOLLOW_S	1

struct admin {
	struct server *server;
	int fd;
	struct event *acceptable;
	struct admin_connection *first;
	unsigned n;
	int has_group;
	gid_t group;
};

static int
is_in_group(int fd, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (primary == group)
		return 1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return 0;
	for (size_t i = 0; i < len / sizeof(groups[0]); i++) {
		if (groups[i] == group)
			return 1;
	}
	return 0;
}

static int
may_ask(const struct admin *admin, struct admin_connection *c)
{
	gid_t gid;
	pid_t pid;

	if (mtls_peer_credentials(c->fd, &c->uid, &gid, &pid, NULL) !=
	    MTLS_OK)
		return 0;
	(void)snprintf(c->source, sizeof(c->source), "uid %lu",
	    (unsigned long)c->uid);
	return c->uid == 0 || c->uid == geteuid() ||
	    (admin->has_group && is_in_group(c->fd, gid, admin->group));
}

static void
connection_end(struct admin_connection *c)
{
	/* What the store has borrowed must stay until it gives it back. */
	if (c->is_busy) {
		c->is_dead = 1;
		return;
	}
	c->admin->n--;
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->follow != NULL)
		event_free(c->follow);
	if (c->writable != NULL)
		event_free(c->writable);
	store_op_clear(&c->op);
	mtls_message_clear(&c->request);
	mtls_message_clear(&c->done);
	if (c->has_id)
		mtls_identity_clear(&c->id);
	close(c->fd);
	free(c);
}

enum sent { SENT, SENT_LATER, SENT_NEVER };

/* One datagram, if the socket takes it now. */
static enum sent
send_one(struct admin_connection *c, const struct mtls_message *m)
{
	struct mtls_err err;
	uint8_t *data;
	size_t len;
	ssize_t n;
	int error;

	mtls_err_clear(&err);
	if (mtls_message_encode(m, &data, &len, &err) != MTLS_OK) {
		mtls_log_err(c->server->log, MTLS_LOG_ERR, "admin-failed",
		    &err, MTLS_KEY_END);
		return SENT_NEVER;
	}
	n = send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	error = errno;
	mtls_message_data_free(data, len);
	if (n >= 0)
		return SENT;
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR ?
	    SENT_LATER : SENT_NEVER;
}

static void
wait_writable(struct admin_connection *c)
{
	struct timeval tv = { TIMEOUT_S, 0 };

	if (event_add(c->writable, &tv) != 0)
		connection_end(c);
}

/* Whether the caller has hung up, while nothing is expected from it. */
static int
is_gone(const struct admin_connection *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static void
on_follow(evutil_socket_t fd, short what, void *arg)
{
	struct admin_connection *c = arg;

	(void)fd;
	(void)what;
	if (is_gone(c))
		connection_end(c);
	else
		admin_more(c);
}

/* The next look at the audit. */
static void
wait_for_more(struct admin_connection *c)
{
	struct timeval tv = { FOLLOW_S, 0 };

	if (c->follow == NULL)
		c->follow = evtimer_new(c->server->base, on_follow, c);
	if (c->follow == NULL || event_add(c->follow, &tv) != 0)
		connection_end(c);
}

void
admin_send(struct admin_connection *c)
{
	enum sent sent = SENT;

	if (c->is_dead) {
		connection_end(c);
		return;
	}
	while (sent == SENT && c->next_row < c->op.n_rows && c->left > 0) {
		sent = send_one(c, &c->op.rows[c->next_row]);
		if (sent == SENT) {
			c->next_row++;
			c->left--;
			c->n++;
		}
	}
	if (sent == SENT && c->done.type == MTLS_MSG_NONE) {
		if (c->is_last && c->is_following)
			wait_for_more(c);
		else if (c->is_last || c->left <= 0)
			admin_finish(c, MTLS_OK, c->n, "");
		else
			admin_more(c);
		return;
	}
	if (sent == SENT)
		sent = send_one(c, &c->done);
	if (sent == SENT_LATER)
		wait_writable(c);
	else
		connection_end(c);
}

void
admin_finish(struct admin_connection *c, enum mtls_status status, uint32_t n,
    const char *reason)
{
	struct mtls_msg_admin_done *done = &c->done.u.admin_done;

	c->done.type = MTLS_MSG_ADMIN_DONE;
	done->status = (uint8_t)status;
	done->n = n;
	/* Out of memory the reason is left out. */
	if (mtls_text_dup(&done->reason, reason, NULL) != MTLS_OK)
		done->reason = NULL;
	admin_send(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	if ((what & EV_TIMEOUT) != 0)
		connection_end(arg);
	else
		admin_send(arg);
}

/* What it asked is not looked at; but unread it would reset the answer. */
static void
refuse_stranger(struct admin_connection *c)
{
	char ignored[1];

	(void)recv(c->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	admin_finish(c, MTLS_E_PERMISSION, 0,
	    "only root and the admin group may ask");
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct admin_connection *c = arg;
	struct mtls_err err;
	int passed_fd;

	mtls_err_clear(&err);
	if ((what & EV_TIMEOUT) != 0) {
		connection_end(c);
		return;
	}
	if (c->is_refused) {
		refuse_stranger(c);
		return;
	}
	/* It is readable: this does not wait. */
	if (mtls_message_recv(fd, &c->request, &passed_fd,
	    mtls_deadline_in_ms(100), &err) != MTLS_OK) {
		if (err.status != MTLS_E_CLOSED)
			mtls_log_err(c->server->log, MTLS_LOG_WARNING,
			    "admin-refused", &err, MTLS_KEY_PEER, c->source,
			    MTLS_KEY_END);
		connection_end(c);
		return;
	}
	admin_request(c);
}

static struct admin_connection *
connection_begin(struct admin *admin, int fd)
{
	struct admin_connection *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		return NULL;
	}
	c->admin = admin;
	c->server = admin->server;
	c->fd = fd;
	c->next = admin->first;
	c->prev = &admin->first;
	if (c->next != NULL)
		c->next->prev = &c->next;
	admin->first = c;
	admin->n++;
	c->readable = event_new(admin->server->base, fd, EV_READ,
	    on_readable, c);
	c->writable = event_new(admin->server->base, fd, EV_WRITE,
	    on_writable, c);
	if (c->readable == NULL || c->writable == NULL) {
		connection_end(c);
		return NULL;
	}
	return c;
}

static void
on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct timeval tv = { TIMEOUT_S, 0 };
	struct admin *admin = arg;
	struct admin_connection *c;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	(void)what;
	if (fd < 0)
		return;
	if (admin->n >= CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	c = connection_begin(admin, fd);
	if (c == NULL)
		return;
	c->is_refused = !may_ask(admin, c);
	if (c->is_refused)
		mtls_log_event(admin->server->log, MTLS_LOG_WARNING,
		    "admin-refused", MTLS_KEY_PEER, c->source, MTLS_KEY_REASON,
		    "neither root nor in the admin group", MTLS_KEY_END);
	if (event_add(c->readable, &tv) != 0)
		connection_end(c);
}

enum mtls_status
admin_new(struct server *server, int fd, struct admin **ret,
    struct mtls_err *err)
{
	const struct settings *s = &server->generation->settings;
	struct admin *admin = calloc(1, sizeof(*admin));
	enum mtls_status status = MTLS_OK;

	if (admin != NULL) {
		admin->server = server;
		admin->fd = fd;
		admin->acceptable = event_new(server->base, fd,
		    EV_READ | EV_PERSIST, on_acceptable, admin);
	}
	if (admin == NULL || admin->acceptable == NULL ||
	    event_add(admin->acceptable, NULL) != 0) {
		if (admin == NULL)
			close(fd);
		admin_free(admin);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	if (s->admin_group[0] != '\0') {
		status = account_group(s->admin_group, &admin->group, err);
		admin->has_group = status == MTLS_OK;
	}
	if (status != MTLS_OK) {
		admin_free(admin);
		return status;
	}
	*ret = admin;
	return MTLS_OK;
}

void
admin_free(struct admin *admin)
{
	struct admin_connection *c;

	if (admin == NULL)
		return;
	/* The store is idle by now. */
	while ((c = admin->first) != NULL) {
		c->is_busy = 0;
		connection_end(c);
	}
	if (admin->acceptable != NULL)
		event_free(admin->acceptable);
	close(admin->fd);
	free(admin);
}

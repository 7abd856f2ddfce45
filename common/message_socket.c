/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages through a SOCK_SEQPACKET socket, with a deadline. Buffers are on
 * the heap (the module may run on a small stack); descriptors that arrive
 * are closed on every path that does not hand them out.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/message.h"
#include "mtls/secret.h"

#include "mtls/fd.h"
#include "message_shape.h"

#define RECEIVED_MAX 4		/* descriptors; more are closed by the kernel */

struct received {
	int fds[RECEIVED_MAX];
	int n;
};

static enum mtls_status
wait_for(int fd, short events, struct mtls_deadline deadline,
    struct mtls_err *err)
{
	struct pollfd p = { .fd = fd, .events = events };
	int left_ms, n;

	for (;;) {
		left_ms = mtls_deadline_left_ms(deadline);
		if (left_ms == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "the deadline has passed");
		n = poll(&p, 1, left_ms);
		if (n > 0 && (p.revents & POLLNVAL) == 0)
			return MTLS_OK;
		if (n > 0)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, EBADF,
			    "poll");
		if (n < 0 && errno != EINTR)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "poll");
	}
}

static enum mtls_status
transfer_failed(int sys_errno, const char *what, struct mtls_err *err)
{
	if (sys_errno == EPIPE || sys_errno == ECONNRESET ||
	    sys_errno == ENOTCONN)
		return mtls_fail_errno(err, MTLS_E_CLOSED, sys_errno,
		    "%s", what);
	return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno, "%s", what);
}

static enum mtls_status
send_datagram(int socket_fd, const struct msghdr *msg, size_t len,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	enum mtls_status status;
	ssize_t n;

	for (;;) {
		if (mtls_deadline_left_ms(deadline) == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "the deadline has passed");
		n = sendmsg(socket_fd, msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0 && (size_t)n == len)
			return MTLS_OK;
		if (n >= 0)
			return mtls_fail(err, MTLS_E_SYSTEM,
			    "the kernel took a part of a message");
		if (errno != EAGAIN && errno != EINTR)
			return transfer_failed(errno, "send a message", err);
		status = wait_for(socket_fd, POLLOUT, deadline, err);
		if (status != MTLS_OK)
			return status;
	}
}

/* Puts one descriptor into the control part of msg. */
static void
attach_descriptor(struct msghdr *msg, void *control, size_t size, int fd)
{
	struct cmsghdr *c;

	memset(control, 0, size);
	msg->msg_control = control;
	msg->msg_controllen = size;
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

enum mtls_status
mtls_message_send(int socket_fd, const struct mtls_message *m, int pass_fd,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	const struct mtls_message_shape *shape = mtls_message_shape0(m->type);
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	enum mtls_status status;
	uint8_t *data;
	size_t len;

	if (shape != NULL && shape->n_descriptors != (pass_fd >= 0))
		return mtls_fail(err, MTLS_E_USAGE,
		    "%s: %s descriptor", shape->name,
		    pass_fd >= 0 ? "takes no" : "needs a");
	status = mtls_message_encode(m, &data, &len, err);
	if (status != MTLS_OK)
		return status;
	iov.iov_base = data;
	iov.iov_len = len;
	if (pass_fd >= 0)
		attach_descriptor(&msg, &control, sizeof(control), pass_fd);
	status = send_datagram(socket_fd, &msg, len, deadline, err);
	mtls_message_data_free(data, len);
	return status;
}

static void
received_close(struct received *r)
{
	for (int i = 0; i < r->n; i++)
		close(r->fds[i]);
	r->n = 0;
}

static void
collect_descriptors(struct msghdr *msg, struct received *r)
{
	struct cmsghdr *c;
	size_t n;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(fd));
			if (r->n < RECEIVED_MAX)
				r->fds[r->n++] = fd;
			else
				close(fd);
		}
	}
}

/* One datagram into data (MTLS_MESSAGE_MAX bytes) with its descriptors. */
static enum mtls_status
recv_datagram(int socket_fd, uint8_t *data, size_t *ret_len,
    struct received *r, struct mtls_deadline deadline, struct mtls_err *err)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(RECEIVED_MAX * sizeof(int))];
	} control;
	struct iovec iov = { data, MTLS_MESSAGE_MAX };
	struct msghdr msg;
	enum mtls_status status;
	int n_resets = 0;
	ssize_t n;

	/*
	 * A peer that closed without reading all of ours resets the socket.
	 * That is told once, and before what it had sent us itself.
	 */
	do {
		status = wait_for(socket_fd, POLLIN, deadline, err);
		if (status != MTLS_OK)
			return status;
		memset(&msg, 0, sizeof(msg));
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(socket_fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR ||
	    (errno == ECONNRESET && n_resets++ == 0)));
	if (n < 0)
		return transfer_failed(errno, "receive a message", err);
	collect_descriptors(&msg, r);
	*ret_len = (size_t)n;
	if ((msg.msg_flags & MSG_TRUNC) != 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "a message over %u bytes", MTLS_MESSAGE_MAX);
	if ((msg.msg_flags & MSG_CTRUNC) != 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "more descriptors than can be taken");
	if (n == 0)
		return mtls_fail(err, MTLS_E_CLOSED, "the peer went away");
	return MTLS_OK;
}

/* Hands out the descriptor of a message that must have n of them. */
static enum mtls_status
take_descriptor(const struct mtls_message *m, struct received *r,
    int *ret_fd, struct mtls_err *err)
{
	const struct mtls_message_shape *shape = mtls_message_shape0(m->type);
	int fd = -1;

	if (shape == NULL || r->n != shape->n_descriptors)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "%s with %d descriptors", mtls_message_name(m->type),
		    r->n);
	if (r->n == 1) {
		fd = mtls_fd_above_2(r->fds[0]);
		r->n = 0;
		if (fd < 0)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "keep a descriptor");
	}
	*ret_fd = fd;
	return MTLS_OK;
}

enum mtls_status
mtls_message_recv(int socket_fd, struct mtls_message *ret_message,
    int *ret_fd, struct mtls_deadline deadline, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_NONE };
	struct received r = { .n = 0 };
	enum mtls_status status;
	size_t len = 0;
	uint8_t *data;

	memset(ret_message, 0, sizeof(*ret_message));
	*ret_fd = -1;
	data = malloc(MTLS_MESSAGE_MAX);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = recv_datagram(socket_fd, data, &len, &r, deadline, err);
	if (status == MTLS_OK)
		status = mtls_message_decode(data, len, &m, err);
	if (status == MTLS_OK)
		status = take_descriptor(&m, &r, ret_fd, err);
	mtls_message_data_free(data, len);
	received_close(&r);
	if (status != MTLS_OK)
		mtls_message_clear(&m);
	else
		*ret_message = m;
	return status;
}

enum mtls_status
mtls_message_socketpair(int ret_fds[2], struct mtls_err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "socketpair");
	fds[0] = mtls_fd_above_2(fds[0]);
	fds[1] = mtls_fd_above_2(fds[1]);
	if (fds[0] < 0 || fds[1] < 0) {
		int sys_errno = errno;

		if (fds[0] >= 0)
			close(fds[0]);
		if (fds[1] >= 0)
			close(fds[1]);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "socketpair");
	}
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a PAM module to one mtls-helper: through its socket, else as a child.
 *
 * MUST (test_helper_channel.c proves each):
 *  1. connect to nothing but a socket at an absolute path;
 *  2. hand out no socket whose other end is neither root nor this user;
 *  3. start nothing unless the effective user is root, and nothing but the
 *     compiled-in program.
 */
#include "config.h"

#include "mtls/helper_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "mtls/message.h"
#include "mtls/process.h"

#include "mtls/fd.h"

/* What the helper gets to end by itself after its socket was closed. */
#define GRACE_MS 500

/* NOT_FOUND where nothing is there. */
static enum mtls_status
check_path(const char *path, struct mtls_err *err)
{
	struct sockaddr_un *address;
	struct stat st;

	if (path[0] != '/')
		return mtls_fail(err, MTLS_E_CONFIG,
		    "helper socket \"%s\": not an absolute path", path);
	if (strlen(path) >= sizeof(address->sun_path))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "helper socket: the path is too long");
	if (lstat(path, &st) != 0)
		return mtls_fail_errno(err,
		    errno == ENOENT || errno == ENOTDIR ?
		    MTLS_E_NOT_FOUND : MTLS_E_UNAVAILABLE, errno,
		    "helper socket %s", path);
	if (!S_ISSOCK(st.st_mode))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "helper socket %s: not a socket", path);
	return MTLS_OK;
}

/* connect(2) waits for a place in the queue of the listener; until when. */
static enum mtls_status
set_connect_timeout(int fd, struct mtls_deadline deadline,
    struct mtls_err *err)
{
	int left_ms = mtls_deadline_left_ms(deadline);
	struct timeval tv = {
		.tv_sec = left_ms / 1000,
		.tv_usec = left_ms % 1000 * 1000,
	};

	if (left_ms == 0)
		return mtls_fail(err, MTLS_E_TIMEOUT,
		    "the deadline has passed");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "set a timeout");
	return MTLS_OK;
}

static enum mtls_status
connect_failed(const char *path, int sys_errno, struct mtls_err *err)
{
	enum mtls_status status = MTLS_E_UNAVAILABLE;

	if (sys_errno == ENOENT || sys_errno == ECONNREFUSED)
		status = MTLS_E_NOT_FOUND;
	else if (sys_errno == EAGAIN)
		status = MTLS_E_TIMEOUT;
	return mtls_fail_errno(err, status, sys_errno, "helper socket %s",
	    path);
}

static enum mtls_status
connect_to(int fd, const char *path, struct mtls_deadline deadline,
    struct mtls_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	enum mtls_status status;

	memcpy(address.sun_path, path, strlen(path) + 1);
	do {
		status = set_connect_timeout(fd, deadline, err);
		if (status != MTLS_OK)
			return status;
		if (connect(fd, (struct sockaddr *)&address,
		    sizeof(address)) == 0)
			return MTLS_OK;
	} while (errno == EINTR);
	return connect_failed(path, errno, err);
}

static enum mtls_status
check_peer(int fd, struct mtls_err *err)
{
	enum mtls_status status;
	uid_t uid;
	gid_t gid;
	pid_t pid;

	status = mtls_peer_credentials(fd, &uid, &gid, &pid, err);
	if (status == MTLS_OK && uid != 0 && uid != geteuid())
		status = mtls_fail(err, MTLS_E_PEER,
		    "the helper socket belongs to uid %lu",
		    (unsigned long)uid);
	return status;
}

/* NOT_FOUND where there is no listener at all. */
static enum mtls_status
channel_connect(const char *path, struct mtls_deadline deadline,
    struct mtls_helper_channel *ret, struct mtls_err *err)
{
	enum mtls_status status;
	int fd = -1;

	status = check_path(path, err);
	if (status != MTLS_OK)
		return status;
	fd = mtls_fd_above_2(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC,
	    0));
	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "socket");
	status = connect_to(fd, path, deadline, err);
	if (status == MTLS_OK)
		status = check_peer(fd, err);
	if (status == MTLS_OK)
		ret->socket_fd = fd;
	else
		close(fd);
	return status;
}

static enum mtls_status
channel_spawn(struct mtls_helper_channel *ret, struct mtls_err *err)
{
	char name[] = "mtls-helper";
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char lang[] = "LANG=C";
	char *const argv[] = { name, NULL };
	char *const envp[] = { path, lang, NULL };
	struct mtls_child child = MTLS_CHILD_NONE;
	enum mtls_status status;
	int fds[2];

	status = mtls_message_socketpair(fds, err);
	if (status != MTLS_OK)
		return status;
	status = mtls_spawn(MTLS_HELPER_PATH, argv, envp, fds[1], &child,
	    err);
	close(fds[1]);
	if (status != MTLS_OK) {
		close(fds[0]);
		return status;
	}
	ret->socket_fd = fds[0];
	ret->child = child;
	return MTLS_OK;
}

enum mtls_status
mtls_helper_channel_open(const char *socket_path,
    struct mtls_deadline deadline, struct mtls_helper_channel *ret,
    struct mtls_err *err)
{
	struct mtls_helper_channel channel = MTLS_HELPER_CHANNEL_NONE;
	struct mtls_err why;
	enum mtls_status status;

	mtls_err_clear(&why);
	status = channel_connect(
	    socket_path != NULL ? socket_path : MTLS_HELPER_SOCKET, deadline,
	    &channel, &why);
	if (status == MTLS_E_NOT_FOUND && geteuid() == 0)
		status = channel_spawn(&channel, err);
	else if (status == MTLS_E_NOT_FOUND)
		status = mtls_fail_errno(err, MTLS_E_UNAVAILABLE, 0, "%s",
		    why.text);
	else if (status != MTLS_OK)
		status = mtls_fail_errno(err, status, 0, "%s", why.text);
	if (status == MTLS_OK)
		*ret = channel;
	return status;
}

void
mtls_helper_channel_close(struct mtls_helper_channel *channel)
{
	if (channel->socket_fd >= 0)
		close(channel->socket_fd);
	channel->socket_fd = -1;
	mtls_child_end(&channel->child, GRACE_MS);
}

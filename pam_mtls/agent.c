/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * SSH_AUTH_SOCK comes from the person who is to be authenticated, and sudo
 * and su are root: whoever connects there as root opens sockets that are not
 * the person's, and tells what is there.
 *
 * MUST (T-172, test_agent.c of tests/pam): look at the path and connect with
 * the rights of the real user; connect to a socket of this user's and to no
 * other; have the kernel say that this user listens. MUST NOT: block, follow
 * a link at the end of the path, or open anything but a socket.
 */
#include "config.h"

#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <security/pam_ext.h>

#include "invoker.h"
#include "mtls/fd.h"
#include "mtls/process.h"

#define VARIABLE "SSH_AUTH_SOCK"

/*
 * Programs that a person starts in a session, and whose environment is that
 * session's (sudo: where sudoers keeps the variable).
 */
static int
has_environment_of_session(const char *service)
{
	static const char *const names[] = { "sudo", "sudo-i", "su", "su-l" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], service) == 0)
			return 1;
	return 0;
}

/* Borrowed. */
static enum mtls_status
find_path(pam_handle_t *pamh, const char *service, const char **ret,
    struct mtls_err *err)
{
	const struct sockaddr_un *address;
	const char *path = pam_getenv(pamh, VARIABLE);

	if (path == NULL && has_environment_of_session(service))
		path = getenv(VARIABLE);
	if (path == NULL || path[0] == '\0')
		return mtls_fail(err, MTLS_E_NOT_FOUND,
		    "there is no " VARIABLE);
	if (path[0] != '/')
		return mtls_fail(err, MTLS_E_PERMISSION,
		    VARIABLE " is not an absolute path");
	if (strlen(path) >= sizeof(address->sun_path))
		return mtls_fail(err, MTLS_E_PERMISSION,
		    VARIABLE " is too long");
	*ret = path;
	return MTLS_OK;
}

/* A descriptor that can do nothing but name the socket. */
static enum mtls_status
open_socket_file(const char *path, uid_t uid, int *ret_fd,
    struct mtls_err *err)
{
	struct stat st;
	int fd = mtls_fd_above_2(open(path,
	    O_PATH | O_NOFOLLOW | O_CLOEXEC));

	if (fd < 0)
		return mtls_fail_errno(err, errno == ENOENT ?
		    MTLS_E_NOT_FOUND : MTLS_E_PERMISSION, errno, VARIABLE);
	if (fstat(fd, &st) != 0)
		(void)mtls_fail_errno(err, MTLS_E_SYSTEM, errno, VARIABLE);
	else if (!S_ISSOCK(st.st_mode))
		(void)mtls_fail(err, MTLS_E_PERMISSION,
		    VARIABLE " is not a socket");
	else if (st.st_uid != uid)
		(void)mtls_fail(err, MTLS_E_PERMISSION,
		    VARIABLE " is a socket of uid %lu and not of uid %lu",
		    (unsigned long)st.st_uid, (unsigned long)uid);
	if (err->status != MTLS_OK) {
		close(fd);
		return err->status;
	}
	*ret_fd = fd;
	return MTLS_OK;
}

/* Whoever listens there now: not what the path leads to by then. */
static enum mtls_status
connect_to_file(int fd, int file_fd, struct mtls_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "/proc/self/fd/%d", file_fd);
	/* Where the queue is full this is EAGAIN, and nobody waits. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return mtls_fail_errno(err, errno == EACCES ?
		    MTLS_E_PERMISSION : MTLS_E_UNAVAILABLE, errno,
		    "connect to the ssh-agent");
	return MTLS_OK;
}

static enum mtls_status
check_peer(int fd, uid_t uid, struct mtls_err *err)
{
	uid_t peer;
	gid_t gid;
	pid_t pid;

	if (mtls_peer_credentials(fd, &peer, &gid, &pid, err) == MTLS_OK &&
	    peer != uid)
		(void)mtls_fail(err, MTLS_E_PEER,
		    "the ssh-agent is uid %lu and not uid %lu",
		    (unsigned long)peer, (unsigned long)uid);
	return err->status;
}

/* With the rights of the person; in the end they are our own again. */
static enum mtls_status
connect_as_invoker(int fd, const char *path, uid_t *ret_uid,
    struct mtls_err *err)
{
	struct invoker invoker;
	struct mtls_err left;
	int file_fd = -1;

	if (invoker_become(&invoker, err) != MTLS_OK)
		return err->status;
	if (open_socket_file(path, invoker.uid, &file_fd, err) == MTLS_OK)
		(void)connect_to_file(fd, file_fd, err);
	mtls_err_clear(&left);
	if (invoker_leave(&invoker, &left) != MTLS_OK)
		*err = left;
	if (file_fd != -1)
		close(file_fd);
	if (err->status == MTLS_OK &&
	    check_peer(fd, invoker.uid, err) == MTLS_OK)
		*ret_uid = invoker.uid;
	return err->status;
}

enum mtls_status
agent_connect(pam_handle_t *pamh, const char *service, int *ret_fd,
    uid_t *ret_uid, struct mtls_err *err)
{
	const char *path = NULL;
	int fd;

	if (find_path(pamh, service, &path, err) != MTLS_OK)
		return err->status;
	fd = mtls_fd_above_2(socket(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "socket");
	if (connect_as_invoker(fd, path, ret_uid, err) == MTLS_OK)
		*ret_fd = fd;
	else
		close(fd);
	return err->status;
}

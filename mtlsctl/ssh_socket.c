/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * $XDG_RUNTIME_DIR/mtls-askpass/PID-START.sock, or in /tmp/mtls-askpass-UID
 * where there is no such directory. Both ends check who the other one is.
 */
#include "config.h"

#include "mtlsctl/ssh_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/process.h"

/* Whether it is a directory that nobody else gets into. */
static int
is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

/* The directory, made where it is not there yet. */
static enum mtls_status
find_dir(char *out, size_t size, struct mtls_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int n;

	if (runtime != NULL && runtime[0] == '/' && is_private(runtime))
		n = snprintf(out, size, "%s/mtls-askpass", runtime);
	else
		n = snprintf(out, size, "/tmp/mtls-askpass-%u",
		    (unsigned)geteuid());
	if (n < 0 || (size_t)n >= size)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "XDG_RUNTIME_DIR is too long");
	if (mkdir(out, 0700) == -1 && errno != EEXIST)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", out);
	if (!is_private(out))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s is not a directory of yours alone", out);
	return MTLS_OK;
}

static enum mtls_status
name_socket(const struct ssh_process *ssh, struct sockaddr_un *ret,
    struct mtls_err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[sizeof(a.sun_path)];
	int n;

	if (find_dir(dir, sizeof(dir), err) != MTLS_OK)
		return err->status;
	n = snprintf(a.sun_path, sizeof(a.sun_path), "%s/%d-%llu.sock", dir,
	    (int)ssh->pid, (unsigned long long)ssh->start);
	if (n < 0 || (size_t)n >= sizeof(a.sun_path))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "XDG_RUNTIME_DIR is too long");
	*ret = a;
	return MTLS_OK;
}

static enum mtls_status
new_socket(int *ret, struct mtls_err *err)
{
	*ret = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*ret == -1)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "socket");
	return MTLS_OK;
}

enum mtls_status
ssh_socket_listen(const struct ssh_process *ssh,
    struct sockaddr_un *ret_address, int *ret_fd, struct mtls_err *err)
{
	struct sockaddr_un a;
	int fd;

	if (name_socket(ssh, &a, err) != MTLS_OK ||
	    new_socket(&fd, err) != MTLS_OK)
		return err->status;
	/* There is one keeper for one ssh: never in the place of another. */
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, 4) == -1) {
		(void)mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    a.sun_path);
		(void)close(fd);
		return err->status;
	}
	*ret_address = a;
	*ret_fd = fd;
	return MTLS_OK;
}

static enum mtls_status
check_peer(int fd, pid_t *ret_pid, struct mtls_err *err)
{
	uid_t uid;
	gid_t gid;

	if (mtls_peer_credentials(fd, &uid, &gid, ret_pid, err) != MTLS_OK)
		return err->status;
	if (uid != geteuid())
		return mtls_fail(err, MTLS_E_PEER,
		    "account %u is at the other end", (unsigned)uid);
	return MTLS_OK;
}

enum mtls_status
ssh_socket_connect(const struct ssh_process *ssh, int *ret_fd,
    struct mtls_err *err)
{
	struct sockaddr_un a;
	pid_t pid;
	int fd;

	if (name_socket(ssh, &a, err) != MTLS_OK ||
	    new_socket(&fd, err) != MTLS_OK)
		return err->status;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1)
		(void)mtls_fail_errno(err, errno == ENOENT ?
		    MTLS_E_NOT_FOUND : MTLS_E_UNAVAILABLE, errno,
		    "the process that keeps the card is gone");
	else if (check_peer(fd, &pid, err) == MTLS_OK) {
		*ret_fd = fd;
		return MTLS_OK;
	}
	(void)close(fd);
	return err->status;
}

enum mtls_status
ssh_socket_accept(int fd, const struct ssh_process *ssh, int *ret_fd,
    struct mtls_err *err)
{
	pid_t pid, parent = 0;
	int peer;

	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (peer == -1)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "accept");
	if (check_peer(peer, &pid, err) == MTLS_OK &&
	    ssh_process_parent(pid, &parent, err) == MTLS_OK &&
	    parent != ssh->pid)
		(void)mtls_fail(err, MTLS_E_PEER,
		    "process %d was not started by ssh", (int)pid);
	if (err->status != MTLS_OK) {
		(void)close(peer);
		return err->status;
	}
	*ret_fd = peer;
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who is at the other end of a local socket, from the kernel.
 */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>

#include "mtls/process.h"

enum mtls_status
mtls_peer_credentials(int fd, uid_t *ret_uid, gid_t *ret_gid, pid_t *ret_pid,
    struct mtls_err *err)
{
	struct ucred peer = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "credentials of the peer");
	/* What the kernel says of a socket that has no peer. */
	if (len != sizeof(peer) || peer.uid == (uid_t)-1 ||
	    peer.gid == (gid_t)-1)
		return mtls_fail(err, MTLS_E_PEER,
		    "the peer has no credentials");
	*ret_uid = peer.uid;
	*ret_gid = peer.gid;
	*ret_pid = peer.pid;
	return MTLS_OK;
}

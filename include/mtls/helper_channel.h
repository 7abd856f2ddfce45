/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The way from a PAM module (or mtlsctl try) to one mtls-helper: its socket,
 * or, where there is none and the caller is root, a child of our own.
 */
#ifndef MTLS_HELPER_CHANNEL_H
#define MTLS_HELPER_CHANNEL_H

#include "mtls/deadline.h"
#include "mtls/spawn.h"
#include "mtls/status.h"

struct mtls_helper_channel {
	int socket_fd;			/* SOCK_SEQPACKET, CLOEXEC; -1 */
	struct mtls_child child;	/* when it was spawned */
};

/*
 * Connects to socket_path (absolute, no symbolic link; NULL = the compiled-in
 * one). The peer must be root or the caller's effective user, else PEER.
 * Where the path does not exist, or nobody listens, and the effective user
 * is root: spawns the compiled-in helper. UNAVAILABLE otherwise.
 */
enum mtls_status mtls_helper_channel_open(const char *socket_path,
    struct mtls_deadline deadline, struct mtls_helper_channel *ret,
    struct mtls_err *err);

/* Closes the socket, ends the child; safe on a channel that never opened
 * when it was set to MTLS_HELPER_CHANNEL_NONE. */
void mtls_helper_channel_close(struct mtls_helper_channel *channel);

#define MTLS_HELPER_CHANNEL_NONE { -1, MTLS_CHILD_NONE }

#endif

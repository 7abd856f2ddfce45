/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The socket between mtls-askpass and the keeper of an ssh. Its name says
 * which process of ssh, so that nothing has to be handed down.
 */
#ifndef MTLSCTL_SSH_SOCKET_H
#define MTLSCTL_SSH_SOCKET_H

#include <sys/un.h>

#include "mtls/status.h"
#include "mtlsctl/ssh_process.h"

/*
 * Listens; the name in ret_address is unlinked by the caller in the end.
 * CONFIG where the directory is not this account's own.
 */
enum mtls_status ssh_socket_listen(const struct ssh_process *ssh,
    struct sockaddr_un *ret_address, int *ret_fd, struct mtls_err *err);

/* NOT_FOUND where there is none; UNAVAILABLE where nobody listens any more;
 * PEER where somebody else does. */
enum mtls_status ssh_socket_connect(const struct ssh_process *ssh,
    int *ret_fd, struct mtls_err *err);

/* Accepts a question of this ssh's own mtls-askpass; PEER for others. */
enum mtls_status ssh_socket_accept(int fd, const struct ssh_process *ssh,
    int *ret_fd, struct mtls_err *err);

#endif

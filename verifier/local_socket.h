/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Unix sockets on which programs of this machine connect: mtlsctl, and what
 * collects metrics.
 */
#ifndef VERIFIER_LOCAL_SOCKET_H
#define VERIFIER_LOCAL_SOCKET_H

#include "mtls/status.h"

#include "settings.h"

/*
 * Makes a listening socket of this type (SOCK_SEQPACKET, SOCK_STREAM) at
 * path, while the process may still be root, for the account that it will be
 * and the admin group. What is there is replaced if it is a socket that
 * nobody listens on. CONFIG, or SYSTEM, with the path.
 */
enum mtls_status local_socket_bind(const struct settings *settings,
    const char *path, int type, int *ret_fd, struct mtls_err *err);

#endif

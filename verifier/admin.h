/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The admin socket: mtlsctl on this machine, one request per connection.
 * The kernel says who asks, for each connection: root, the verifier's own
 * account, or a member of the admin group.
 */
#ifndef VERIFIER_ADMIN_H
#define VERIFIER_ADMIN_H

#include "mtls/status.h"

#include "server.h"

/* Takes fd, also where it fails. */
enum mtls_status admin_new(struct server *server, int fd, struct admin **ret,
    struct mtls_err *err);
void admin_free(struct admin *admin);	/* NULL is a no-op */

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One question to a verifier over its admin socket, and the rows of the
 * answer.
 */
#ifndef MTLSCTL_ADMIN_H
#define MTLSCTL_ADMIN_H

#include "mtls/message.h"
#include "mtls/status.h"

/* One row, of the type that was asked for; cleared by the caller. */
typedef void (*admin_row_fn)(void *arg, const struct mtls_message *row);

/*
 * Sends request to the verifier at socket_path0 (NULL: the compiled-in one),
 * which must be root's, ours or _mtls-verifier's, and calls row for each
 * message of row_type (MTLS_MSG_NONE: there are none) until ADMIN_DONE.
 * *ret_n is what that counts: the rows, or the changes. A failure that the
 * verifier reports has its status and reason. An answer that breaks off is a
 * failure, whatever came before.
 */
enum mtls_status admin_ask(const char *socket_path0,
    const struct mtls_message *request, enum mtls_message_type row_type,
    admin_row_fn row, void *arg, uint32_t *ret_n, struct mtls_err *err);

#define ADMIN_SOCKET_OPTION(type) \
	{ "socket", CTL_TEXT, offsetof(type, socket), 0, 0, NULL, "PATH", \
	    "the verifier's admin socket", 0 }

#endif

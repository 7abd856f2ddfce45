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

/*
 * One row, of the type that was asked for; cleared by the caller. Anything
 * but OK ends the conversation, and is what admin_question() returns.
 */
typedef enum mtls_status (*admin_row_fn)(void *arg,
    const struct mtls_message *row, struct mtls_err *err);

struct admin_question {
	const char *socket;		/* NULL: the compiled-in one */
	const struct mtls_message *request;
	enum mtls_message_type row_type;	/* NONE: there are no rows */
	admin_row_fn row;
	void *arg;
	int is_endless;			/* the answer may pause for ever */
};

/*
 * Sends the request to the verifier, which must be root's, ours or
 * _mtls-verifier's, and calls row for each message of row_type until
 * ADMIN_DONE. *ret_n is what that counts: the rows, or the changes. A failure
 * that the verifier reports has its status and reason. An answer that breaks
 * off is a failure, whatever came before.
 */
enum mtls_status admin_question(const struct admin_question *question,
    uint32_t *ret_n, struct mtls_err *err);

#define ADMIN_SOCKET_OPTION(type) \
	{ "socket", CTL_TEXT, offsetof(type, socket), 0, 0, NULL, "PATH", \
	    "the verifier's admin socket", 0 }

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is said between the module and one helper: LOGIN, its questions, and
 * its RESULT. Everything is bounded: messages, bytes, secrets, time.
 */
#ifndef PAM_MTLS_DIALOGUE_H
#define PAM_MTLS_DIALOGUE_H

#include "mtls/deadline.h"
#include "mtls/message.h"
#include "mtls/status.h"
#include "options.h"
#include "prompt.h"
#include "request.h"

#define DIALOGUE_MESSAGES_MAX 64	/* from the helper, in one login */

struct dialogue {
	int socket_fd;			/* borrowed, checked peer */
	int interrupt_fd;		/* ^C while we wait; -1 */
	struct mtls_deadline deadline;
	const struct options *options;
	const struct request *request;
	struct prompt *prompt;
	uint32_t flags;			/* MTLS_LOGIN_*, for the LOGIN */
	int n_secrets;			/* asked so far */
	int n_agents;			/* connections asked for */
	char answer[PROMPT_RELAY_MAX + 1];	/* the longest there is */
	struct mtls_message message;	/* the last one, the RESULT in the
					 * end; the caller clears it */
};

/*
 * Holds the dialogue. OK only with a RESULT in d->message that carries our
 * id, nonce, user and service and says ALLOW. With a RESULT that says no:
 * its status, and its reason in err. A question that could not be asked or
 * was not answered ends the dialogue with the status of prompt.h, and so does
 * an interrupt while the helper is at work; PROTOCOL, CLOSED, TIMEOUT where
 * the helper fails.
 */
enum mtls_status dialogue_hold(struct dialogue *d, struct mtls_err *err);

/* The helper's sentence for the user, "" where there is none; borrowed. */
const char *dialogue_sentence0(const struct dialogue *d);

#endif

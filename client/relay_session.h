/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The user's side of a relay (PROTOCOL.md section 3): prompts of a gateway
 * in, answers out. Nothing that a prompt says is believed; what is odd ends
 * it, for good.
 */
#ifndef CLIENT_RELAY_SESSION_H
#define CLIENT_RELAY_SESSION_H

#include <stddef.h>

#include "client/person_card.h"
#include "client/relay_meant.h"
#include "mtls/relay.h"
#include "mtls/status.h"

#define RELAY_SENTENCE_SIZE	(MTLS_ERR_TEXT_MAX)

struct relay_session;

/*
 * For one login. options.deadline is that of the whole of it. Nothing is
 * done yet: no card, no question.
 */
enum mtls_status relay_session_new(const struct person_options *options,
    const struct relay_meant *meant, struct relay_session **ret,
    struct mtls_err *err);
void relay_session_free(struct relay_session *s);	/* NULL: no-op */

/*
 * Answers one prompt, which has the marker in it; asks the person for the
 * PIN on the way. There always is an answer, if only that it is over ("" when
 * memory has run out).
 * sentence: what the person should know, or "".
 */
void relay_session_answer(struct relay_session *s, const char *prompt,
    char answer[MTLS_RELAY_ANSWER_MAX + 1],
    char sentence[RELAY_SENTENCE_SIZE]);

/* The answer to a prompt where there is no session for it. */
void relay_session_refuse(const char *prompt, const char *reason,
    char answer[MTLS_RELAY_ANSWER_MAX + 1]);

#endif

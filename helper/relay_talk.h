/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The gateway's half of the conversation of PROTOCOL.md section 3, without
 * sockets: which record may come now, which goes out, and the limits of both.
 */
#ifndef HELPER_RELAY_TALK_H
#define HELPER_RELAY_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/body.h"
#include "mtls/relay.h"
#include "mtls/status.h"

#define RELAY_TALK_SENTENCE_MAX	400u	/* behind the first record */

struct relay_talk {
	unsigned n_prompts;		/* that went out */
	unsigned connection;		/* the present one; 0: none yet */
	int has_ended;			/* and the user's side knows */
	size_t to_verifier, from_verifier;	/* bytes, over all */
	struct mtls_relay_record prompt;	/* the last one */
};

/*
 * The first prompt: the record, a blank and the sentence, which is US-ASCII.
 * Starts the conversation.
 */
enum mtls_status relay_talk_hello(struct relay_talk *t,
    const struct mtls_body_relay *relay, const char *sentence,
    char out[MTLS_RELAY_PROMPT_MAX + 1], struct mtls_err *err);

/*
 * The next prompt: bytes from the verifier, at most MTLS_RELAY_PROMPT_BYTES,
 * with IDLE, MORE or END. PROTOCOL where a limit is reached.
 */
enum mtls_status relay_talk_prompt(struct relay_talk *t,
    enum mtls_relay_flag flag, const uint8_t *data, size_t len,
    char out[MTLS_RELAY_PROMPT_MAX + 1], struct mtls_err *err);

/*
 * The answer to the last prompt. PROTOCOL with the reason for everything that
 * may not come now. *ret_is_new: its bytes are the first of a new connection.
 * After one with DONE or FAIL no prompt follows.
 */
enum mtls_status relay_talk_answer(struct relay_talk *t, const char *text,
    struct mtls_relay_record *ret, int *ret_is_new, struct mtls_err *err);

#endif

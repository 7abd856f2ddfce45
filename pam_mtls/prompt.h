/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Questions and messages through the application's conversation function,
 * one at a time. Whatever that function does - fail, answer nothing, answer
 * a megabyte - is a status here, and every answer is wiped before it is
 * freed. All text is filtered to what may be shown and cut to what PAM
 * allows.
 */
#ifndef PAM_MTLS_PROMPT_H
#define PAM_MTLS_PROMPT_H

#include <security/pam_modules.h>

#include "mtls/deadline.h"
#include "mtls/status.h"

#define PROMPT_ANSWER_MAX 512	/* bytes of an answer, without the NUL */
#define PROMPT_RELAY_MAX 1000	/* of one to a prompt of a relay */

enum prompt_tell { PROMPT_TELL_ALL = 0, PROMPT_TELL_NOTHING };

struct prompt {
	pam_handle_t *pamh;
	struct mtls_deadline deadline;	/* no secret leaves after it */
	enum prompt_tell tell;
	int use_first_pass;		/* for the next secret question */
	char text[PAM_MAX_MSG_SIZE];	/* what is being shown, filtered */
};

/* CONVERSATION unless the application has a conversation function. */
enum mtls_status prompt_check(pam_handle_t *pamh, struct mtls_err *err);

/*
 * Shows text (style PAM_TEXT_INFO or PAM_ERROR_MSG) unless told to show
 * nothing. That it could not be shown is no failure.
 */
void prompt_tell(struct prompt *prompt, int style, const char *text);

/*
 * Asks with echo; the answer, which may be empty, is copied to answer and is
 * the caller's to wipe. CONVERSATION, AGAIN, MEMORY as the application says;
 * CANCELLED where there was no answer or none that is a line of text of at
 * most PROMPT_ANSWER_MAX bytes.
 */
enum mtls_status prompt_ask(struct prompt *prompt, const char *text,
    char answer[PROMPT_ANSWER_MAX + 1], struct mtls_err *err);

/*
 * A prompt of a relay: longer than what PAM allows other prompts, US-ASCII,
 * asked with echo. The answer, which may be empty, is copied to answer and is
 * the caller's to wipe. PROTOCOL where text has anything but printable ASCII
 * (nothing is asked then); otherwise as prompt_ask(), and CANCELLED for an
 * answer that is longer than PROMPT_RELAY_MAX or not printable ASCII.
 */
enum mtls_status prompt_relay(struct prompt *prompt, const char *text,
    char answer[PROMPT_RELAY_MAX + 1], struct mtls_err *err);

/*
 * Asks without echo, and sends the answer to the socket secret_fd as one
 * datagram; it is nowhere else afterwards. The failures of prompt_ask(), and
 * CANCELLED for an empty answer, PROTOCOL where secret_fd is not a local
 * SOCK_SEQPACKET socket (nothing is asked then) or does not take it, TIMEOUT
 * where the deadline passed while the question stood.
 */
enum mtls_status prompt_secret(struct prompt *prompt, const char *text,
    int secret_fd, struct mtls_err *err);

#endif

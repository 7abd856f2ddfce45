/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The conversation, and the way of a secret from it to mtls-token's socket.
 *
 * MUST: wipe every response, also those of a conversation that failed; wipe
 * before free (T-109). MUST NOT: copy a secret, put one into an item of the
 * PAM handle, or take an empty or missing answer for one (T-101..T-105).
 */
#include "config.h"
#include "prompt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mtls/secret.h"
#include "mtls/text.h"

/* What try_first_pass takes for a PIN: a password must not cost a try. */
#define FIRST_PASS_MIN 4
#define FIRST_PASS_MAX 12

static const struct pam_conv *
conversation0(pam_handle_t *pamh)
{
	const void *item = NULL;
	const struct pam_conv *conv;

	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS)
		return NULL;
	conv = item;
	return conv != NULL && conv->conv != NULL ? conv : NULL;
}

enum mtls_status
prompt_check(pam_handle_t *pamh, struct mtls_err *err)
{
	if (conversation0(pamh) == NULL)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "the application has no conversation function");
	return MTLS_OK;
}

static void
answer_free(char *answer)
{
	mtls_wipe_string(answer);
	free(answer);
}

static enum mtls_status
conversation_failure(int code, struct mtls_err *err)
{
	if (code == PAM_CONV_AGAIN)
		return mtls_fail(err, MTLS_E_AGAIN,
		    "the application wants to be called again");
	if (code == PAM_BUF_ERR)
		return mtls_fail(err, MTLS_E_MEMORY,
		    "the application is out of memory");
	return mtls_fail(err, MTLS_E_CONVERSATION,
	    "the conversation failed (PAM code %d)", code);
}

/*
 * One message there and back, as it is. *ret_answer (NULL for none) goes to
 * answer_free().
 */
static enum mtls_status
converse_raw(struct prompt *prompt, int style, const char *text,
    char **ret_answer, struct mtls_err *err)
{
	const struct pam_conv *conv = conversation0(prompt->pamh);
	struct pam_message message;
	const struct pam_message *messages = &message;
	struct pam_response *response = NULL;
	char *answer = NULL;
	int had_response;
	int code;

	if (conv == NULL)
		return prompt_check(prompt->pamh, err);
	message.msg_style = style;
	message.msg = text;
	code = conv->conv(1, &messages, &response, conv->appdata_ptr);
	had_response = response != NULL;
	if (had_response)
		answer = response->resp;
	free(response);
	if (code != PAM_SUCCESS) {
		answer_free(answer);
		return conversation_failure(code, err);
	}
	if (!had_response && ret_answer != NULL)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "the conversation returned no response");
	if (ret_answer != NULL)
		*ret_answer = answer;
	else
		answer_free(answer);
	return MTLS_OK;
}

/* The same, filtered and cut to what PAM allows. */
static enum mtls_status
converse(struct prompt *prompt, int style, const char *text,
    char **ret_answer, struct mtls_err *err)
{
	return converse_raw(prompt, style, mtls_text_printable(prompt->text,
	    sizeof(prompt->text), text), ret_answer, err);
}

void
prompt_tell(struct prompt *prompt, int style, const char *text)
{
	struct mtls_err ignored;

	if (prompt->tell == PROMPT_TELL_NOTHING)
		return;
	mtls_err_clear(&ignored);
	/* Hosts that answer from a list fail on any message: facts of life. */
	if (converse(prompt, style, text, NULL, &ignored) != MTLS_OK)
		return;
}

static enum mtls_status
check_answer(const char *answer, size_t max, struct mtls_err *err)
{
	if (answer == NULL)
		return mtls_fail(err, MTLS_E_CANCELLED, "no answer was given");
	if (strnlen(answer, max + 1) > max)
		return mtls_fail(err, MTLS_E_CANCELLED,
		    "the answer is longer than %zu bytes", max);
	return MTLS_OK;
}

enum mtls_status
prompt_ask(struct prompt *prompt, const char *text,
    char answer[PROMPT_ANSWER_MAX + 1], struct mtls_err *err)
{
	char *given = NULL;
	enum mtls_status status;

	status = converse(prompt, PAM_PROMPT_ECHO_ON, text, &given, err);
	if (status == MTLS_OK)
		status = check_answer(given, PROMPT_ANSWER_MAX, err);
	if (status == MTLS_OK && !mtls_text_is_printable(given))
		status = mtls_fail(err, MTLS_E_CANCELLED,
		    "the answer is not a line of text");
	if (status == MTLS_OK)
		memcpy(answer, given, strlen(given) + 1);
	answer_free(given);
	return status;
}

/* Letters, digits and signs, and blanks: no terminal and no log minds. */
static int
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return 0;
	return 1;
}

enum mtls_status
prompt_relay(struct prompt *prompt, const char *text,
    char answer[PROMPT_RELAY_MAX + 1], struct mtls_err *err)
{
	char *given = NULL;
	enum mtls_status status;

	if (!is_ascii(text))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "a prompt of a relay is not plain text");
	status = converse_raw(prompt, PAM_PROMPT_ECHO_ON, text, &given, err);
	if (status == MTLS_OK)
		status = check_answer(given, PROMPT_RELAY_MAX, err);
	if (status == MTLS_OK && !is_ascii(given))
		status = mtls_fail(err, MTLS_E_CANCELLED,
		    "the answer is not a line of plain text");
	if (status == MTLS_OK)
		memcpy(answer, given, strlen(given) + 1);
	answer_free(given);
	return status;
}

/*
 * The descriptor came from the helper: only a local socket that keeps a
 * datagram whole gets a secret, never a file or a pipe.
 */
static enum mtls_status
check_socket(int fd, struct mtls_err *err)
{
	int domain = 0;
	int type = 0;
	socklen_t domain_len = sizeof(domain);
	socklen_t type_len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0)
		return mtls_fail_errno(err, MTLS_E_PROTOCOL, errno,
		    "the descriptor for a secret");
	if (domain != AF_UNIX || type != SOCK_SEQPACKET)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the descriptor for a secret is not a local socket");
	return MTLS_OK;
}

/*
 * sshd answers for users that do not exist with control characters; nobody
 * types them into a PIN, and no card shall be asked about them.
 */
static enum mtls_status
check_secret(const char *secret, struct mtls_err *err)
{
	enum mtls_status status = check_answer(secret, PROMPT_ANSWER_MAX,
	    err);
	const unsigned char *p;

	if (status != MTLS_OK)
		return status;
	if (*secret == '\0')
		return mtls_fail(err, MTLS_E_CANCELLED,
		    "an empty answer was given");
	for (p = (const unsigned char *)secret; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			return mtls_fail(err, MTLS_E_CANCELLED,
			    "the answer has control characters");
	return MTLS_OK;
}

static enum mtls_status
send_secret(const struct prompt *prompt, int fd, const char *secret,
    struct mtls_err *err)
{
	size_t len = strlen(secret);
	ssize_t n;

	if (mtls_deadline_left_ms(prompt->deadline) == 0)
		return mtls_fail(err, MTLS_E_TIMEOUT,
		    "the question was answered after the deadline");
	/* A fresh pair takes one datagram at once: nothing to wait for. */
	do
		n = send(fd, secret, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return mtls_fail_errno(err, MTLS_E_PROTOCOL, errno,
		    "a secret could not be handed over");
	if ((size_t)n != len)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "a secret was handed over in part");
	return MTLS_OK;
}

/* An earlier module's answer, if it can be a PIN; borrowed, or NULL. */
static const char *
first_pass0(struct prompt *prompt)
{
	const void *item = NULL;
	const char *pass;
	size_t len;

	if (!prompt->use_first_pass)
		return NULL;
	prompt->use_first_pass = 0;
	if (pam_get_item(prompt->pamh, PAM_AUTHTOK, &item) != PAM_SUCCESS ||
	    item == NULL)
		return NULL;
	pass = item;
	len = strspn(pass, "0123456789");
	if (pass[len] != '\0' || len < FIRST_PASS_MIN || len > FIRST_PASS_MAX)
		return NULL;
	return pass;
}

enum mtls_status
prompt_secret(struct prompt *prompt, const char *text, int secret_fd,
    struct mtls_err *err)
{
	char *given = NULL;
	const char *first;
	enum mtls_status status;

	status = check_socket(secret_fd, err);
	if (status != MTLS_OK)
		return status;
	first = first_pass0(prompt);
	if (first != NULL)
		return send_secret(prompt, secret_fd, first, err);
	status = converse(prompt, PAM_PROMPT_ECHO_OFF, text, &given, err);
	if (status == MTLS_OK)
		status = check_secret(given, err);
	if (status == MTLS_OK)
		status = send_secret(prompt, secret_fd, given, err);
	answer_free(given);
	return status;
}

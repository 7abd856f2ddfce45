/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method "code": the person proves who they are on a computer of their
 * own, gets a code there, and types it here. One secret question, which says
 * everything, because programs that carry a password carry nothing else. The
 * code is worth something for this very login on this very machine only, and
 * a "yes" comes over the device channel, as for every method.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/taken.h"
#include "login_state.h"
#include "mtls/login.h"
#include "mtls/secret.h"

#define CODE_MAX	64u	/* as in CODE_TAKE */
/* It was written before the module said so. */
#define READ_MS		1000
#define WORD_MAX	8u

struct code_login {
	int fds[2];		/* ours, and the one that is handed out */
	struct mtls_secret *typed;
};

static void
code_done(struct login *l)
{
	struct code_login *c = l->method_state;

	if (c == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		if (c->fds[i] != -1)
			(void)close(c->fds[i]);
	}
	mtls_secret_free(c->typed);
	free(c);
	l->method_state = NULL;
}

/* --- the answer of the verifier --- */

static void
on_answered(void *arg, const struct http_answer *answer,
    const struct mtls_err *why)
{
	struct login *l = arg;
	struct mtls_err err = *why;

	if (l->over)
		return;
	if (answer != NULL)
		(void)taken_read(answer, device_channel_challenge0(
		    verifier_client_device0(l->verifier)), &err);
	if (err.status != MTLS_OK)
		login_fail(l, &err);
	else
		login_proven(l);
}

/* --- what was typed --- */

static enum mtls_status
send_code(struct login *l, struct mtls_err *err)
{
	struct code_login *c = l->method_state;
	struct device_channel *d = verifier_client_device0(l->verifier);
	struct mtls_body_code_take body;
	char code[CODE_MAX + 1];
	char *json = NULL;
	size_t len;

	memset(&body, 0, sizeof(body));
	memcpy(code, mtls_secret_bytes0(c->typed),
	    mtls_secret_len(c->typed) + 1);
	mtls_secret_clear(c->typed);
	body.version = 1;
	memcpy(body.challenge, device_channel_challenge0(d), MTLS_ID_BYTES);
	body.user = l->open.user;
	body.service = l->open.service;
	body.host = l->open.host;
	body.code = code;
	if (mtls_body_format(MTLS_BODY_CODE_TAKE, &body, &json, &len, err) ==
	    MTLS_OK)
		(void)device_channel_post(d, "/v1/codes", json, on_answered,
		    l, err);
	else
		/* What cannot be sent is not a code. */
		err->status = MTLS_E_REFUSED;
	mtls_wipe_array(code);
	mtls_wipe_string(json);
	free(json);
	return err->status;
}

static void
on_typed(void *arg, const char *text, const struct mtls_err *why)
{
	struct login *l = arg;
	struct code_login *c = l->method_state;
	struct mtls_err err = *why;

	/* Too late, or something else has ended it: nobody looks at it. */
	if (l->over)
		return;
	if (err.status == MTLS_OK && *text != '\0')
		(void)mtls_fail(&err, MTLS_E_PROTOCOL,
		    "an answer where none belongs");
	if (err.status == MTLS_OK)
		(void)mtls_secret_read(c->typed, c->fds[0], READ_MS, &err);
	if (err.status == MTLS_E_USAGE)
		err.status = MTLS_E_REFUSED;	/* longer than any code */
	if (err.status == MTLS_OK)
		(void)send_code(l, &err);
	if (err.status != MTLS_OK)
		login_fail(l, &err);
}

/* --- the question --- */

/* "K7Q-4MX": as it is easier to read and to say. */
static void
split(const char *word, char out[WORD_MAX + 2])
{
	size_t half = strlen(word) / 2;

	(void)snprintf(out, WORD_MAX + 2, "%.*s-%s", (int)half, word,
	    word + half);
}

static void
write_question(const struct login *l, char *out, size_t size)
{
	const char *word = device_channel_session0(
	    verifier_client_device0(l->verifier));
	char name[WORD_MAX + 2];

	/* The program shows nothing: it is a code that was made before. */
	if ((l->flags & MTLS_LOGIN_SINGLE) || word[0] == '\0') {
		(void)snprintf(out, size, "Code: ");
		return;
	}
	split(word, name);
	(void)snprintf(out, size, "Session %s: run mtlsctl approve %s on "
	    "your own computer. Code: ", name, name);
}

static enum mtls_status
code_prove(struct login *l, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err)
{
	struct code_login *c = calloc(1, sizeof(*c));
	char question[SENTENCE_MAX];

	(void)issuers;
	if (c == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	c->fds[0] = c->fds[1] = -1;
	l->method_state = c;
	c->typed = mtls_secret_new(CODE_MAX);
	if (c->typed == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, c->fds) !=
	    0) {
		c->fds[0] = c->fds[1] = -1;
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "no socket for the code");
	}
	write_question(l, question, sizeof(question));
	return module_link_ask_secret(l->module, question, c->fds[1],
	    on_typed, l, err);
}

const struct method method_code = {
	.name = "code", .offer = "a code", .prove = code_prove,
	.done = code_done
};

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The module's half of the messages of messages.def.
 *
 * MUST: take a result only with our id, nonce, user and service (T-118); end
 * after a bounded number of messages and at the deadline (T-077, T-130).
 * MUST NOT: take silence, an end of file or half a message for a verdict
 * (T-134), ask for more than one secret (T-10E), or hand out more than one
 * connection to an ssh-agent.
 */
#include "dialogue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "mtls/interrupt.h"
#include "mtls/login.h"
#include "mtls/secret.h"
#include "mtls/verdict.h"
#include "sshd.h"

static enum mtls_status
send_login(struct dialogue *d, struct mtls_err *err)
{
	/* Encoding reads only; the casts give it what decoding would own. */
	struct request *r = (struct request *)(uintptr_t)d->request;
	struct mtls_message m = { .type = MTLS_MSG_LOGIN };
	struct mtls_msg_login *login = &m.u.login;
	int left_ms = mtls_deadline_left_ms(d->deadline);

	if (left_ms == 0)
		return mtls_fail(err, MTLS_E_TIMEOUT,
		    "the deadline passed before the helper was asked");
	login->request = (struct mtls_bytes){ sizeof(r->id), r->id };
	login->nonce = (struct mtls_bytes){ sizeof(r->nonce), r->nonce };
	login->user = r->user;
	login->service = r->service;
	login->tty = r->tty;
	login->rhost = r->rhost;
	login->ruser = r->ruser;
	login->config = d->options->config;
	login->method = d->options->method;
	login->flags = d->flags;
	login->deadline_ms = (uint32_t)left_ms;
	if (sshd_auth_info(d->prompt->pamh, r->service,
	    &login->ssh_auth_info, err) != MTLS_OK)
		return err->status;
	return mtls_message_send(d->socket_fd, &m, -1, d->deadline, err);
}

/* type: ANSWER or RELAY_ANSWER, as the question was. */
static enum mtls_status
send_answer(struct dialogue *d, enum mtls_message_type type,
    enum mtls_status status, struct mtls_err *err)
{
	struct mtls_message m = { .type = type };

	if (type == MTLS_MSG_RELAY_ANSWER) {
		m.u.relay_answer.status = (uint8_t)status;
		m.u.relay_answer.text = d->answer;
	} else {
		m.u.answer.status = (uint8_t)status;
		m.u.answer.text = d->answer;
	}
	return mtls_message_send(d->socket_fd, &m, -1, d->deadline, err);
}

/*
 * Tells the helper how a question went. After one that could not be asked or
 * was not answered the dialogue is over here and now: nothing that the
 * helper says later can turn it into a success.
 */
static enum mtls_status
answer(struct dialogue *d, enum mtls_message_type type,
    enum mtls_status asked, struct mtls_err *err)
{
	struct mtls_err ours;
	enum mtls_status sent;

	mtls_err_clear(&ours);
	sent = send_answer(d, type, asked, &ours);
	mtls_wipe_array(d->answer);
	if (asked != MTLS_OK)
		return asked;
	/* It may know all it needs: a card has the PIN before the helper
	 * hears that it was handed over. What it said is still to be read. */
	if (sent == MTLS_OK || sent == MTLS_E_CLOSED)
		return MTLS_OK;
	*err = ours;
	return sent;
}

static enum mtls_status
on_ask(struct dialogue *d, const char *text, struct mtls_err *err)
{
	/* A host of one question cannot be asked this: the helper goes on
	 * without, or says why it cannot. */
	if (d->options->prompt == OPTIONS_PROMPT_SINGLE)
		return send_answer(d, MTLS_MSG_ANSWER, MTLS_E_CONVERSATION,
		    err);
	return answer(d, MTLS_MSG_ANSWER, prompt_ask(d->prompt, text,
	    d->answer, err), err);
}

static enum mtls_status
on_relay(struct dialogue *d, const char *text, struct mtls_err *err)
{
	if (d->options->prompt == OPTIONS_PROMPT_SINGLE)
		return send_answer(d, MTLS_MSG_RELAY_ANSWER,
		    MTLS_E_CONVERSATION, err);
	return answer(d, MTLS_MSG_RELAY_ANSWER, prompt_relay(d->prompt, text,
	    d->answer, err), err);
}

static enum mtls_status
on_ask_secret(struct dialogue *d, const char *text, int secret_fd,
    struct mtls_err *err)
{
	if (d->n_secrets++ > 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper asked for a second secret");
	return answer(d, MTLS_MSG_ANSWER, prompt_secret(d->prompt, text,
	    secret_fd, err), err);
}

/*
 * Hands the helper a connection to the person's ssh-agent, or says why there
 * is none: then it goes on without, or refuses.
 */
static enum mtls_status
on_agent_wanted(struct dialogue *d, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_AGENT };
	struct mtls_err why;
	enum mtls_status status;
	uid_t uid;
	int fd = -1;

	if (d->n_agents++ > 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper asked for a second ssh-agent");
	mtls_err_clear(&why);
	if (agent_connect(d->prompt->pamh, d->request->service, &fd, &uid,
	    &why) != MTLS_OK) {
		(void)snprintf(d->answer, sizeof(d->answer), "%s", why.text);
		status = send_answer(d, MTLS_MSG_ANSWER, why.status, err);
		mtls_wipe_array(d->answer);
		return status;
	}
	m.u.agent.uid = (uint32_t)uid;
	status = mtls_message_send(d->socket_fd, &m, fd, d->deadline, err);
	close(fd);
	return status;
}

/* Handles one message that is not the result. */
static enum mtls_status
on_message(struct dialogue *d, int fd, struct mtls_err *err)
{
	const struct mtls_message *m = &d->message;

	/* The account phase is not the place for questions. */
	if ((d->flags & MTLS_LOGIN_ACCOUNT) != 0 &&
	    m->type != MTLS_MSG_TELL)
		return mtls_fail(err, MTLS_E_PROTOCOL, "the helper sent %s "
		    "in the account phase", mtls_message_name(m->type));
	if (m->type == MTLS_MSG_ASK)
		return on_ask(d, m->u.ask.text, err);
	if (m->type == MTLS_MSG_ASK_SECRET)
		return on_ask_secret(d, m->u.ask_secret.text, fd, err);
	if (m->type == MTLS_MSG_AGENT_WANTED)
		return on_agent_wanted(d, err);
	if (m->type == MTLS_MSG_RELAY)
		return on_relay(d, m->u.relay.text, err);
	if (m->type != MTLS_MSG_TELL)
		return mtls_fail(err, MTLS_E_PROTOCOL, "the helper sent %s",
		    mtls_message_name(m->type));
	prompt_tell(d->prompt, m->u.tell.style == MTLS_TELL_ERROR ?
	    PAM_ERROR_MSG : PAM_TEXT_INFO, m->u.tell.text);
	return MTLS_OK;
}

/* Answers until the helper's RESULT is in d->message. */
static enum mtls_status
wait_for_result(struct dialogue *d, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int n;
	int fd;

	for (n = 0; n < DIALOGUE_MESSAGES_MAX && status == MTLS_OK; n++) {
		fd = -1;
		mtls_message_clear(&d->message);
		status = mtls_interrupt_wait(d->interrupt_fd, d->socket_fd,
		    d->deadline, err);
		if (status == MTLS_OK)
			status = mtls_message_recv(d->socket_fd, &d->message,
			    &fd, d->deadline, err);
		if (status == MTLS_OK && d->message.type == MTLS_MSG_RESULT)
			return MTLS_OK;
		if (status == MTLS_OK)
			status = on_message(d, fd, err);
		if (fd != -1)
			close(fd);
	}
	if (status == MTLS_OK)
		status = mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper sent %d messages and no result",
		    DIALOGUE_MESSAGES_MAX);
	return status;
}

static int
is_same(const struct mtls_bytes *got, const uint8_t *want, size_t want_len)
{
	return got->len == want_len &&
	    mtls_bytes_equal(got->data, want, want_len);
}

static int
is_ours(const struct dialogue *d, const struct mtls_msg_result *result)
{
	const struct request *r = d->request;

	return is_same(&result->request, r->id, sizeof(r->id)) &&
	    is_same(&result->nonce, r->nonce, sizeof(r->nonce)) &&
	    strcmp(result->user, r->user) == 0 &&
	    strcmp(result->service, r->service) == 0;
}

/* Whether the result is about this login and makes sense. */
static enum mtls_status
check_result(struct dialogue *d, struct mtls_err *err)
{
	const struct mtls_msg_result *result = &d->message.u.result;
	enum mtls_status status;

	if (!is_ours(d, result)) {
		status = mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper's result is about another login");
		mtls_message_clear(&d->message);
		return status;
	}
	if (!mtls_status_known(result->status) ||
	    (result->verdict == MTLS_VERDICT_ALLOW) !=
	    (result->status == MTLS_OK))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper's result contradicts itself");
	if (result->status != MTLS_OK)
		return mtls_fail(err, (enum mtls_status)result->status, "%s",
		    result->reason);
	return MTLS_OK;
}

enum mtls_status
dialogue_hold(struct dialogue *d, struct mtls_err *err)
{
	enum mtls_status status;

	d->interrupt_fd = mtls_interrupt_watch();
	status = send_login(d, err);
	if (status == MTLS_OK)
		status = wait_for_result(d, err);
	if (d->interrupt_fd != -1)
		close(d->interrupt_fd);
	if (status == MTLS_OK)
		status = check_result(d, err);
	return status;
}

const char *
dialogue_sentence0(const struct dialogue *d)
{
	if (d->message.type != MTLS_MSG_RESULT)
		return "";
	return d->message.u.result.message;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The dialogue with the helper: the same messages as in the PAM module, at a
 * terminal.
 */
#include "config.h"

#include "mtlsctl/try.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/helper_channel.h"
#include "mtls/login.h"
#include "mtls/random.h"
#include "mtls/verdict.h"
#include "mtlsctl/terminal.h"

#define MESSAGES_MAX	100
#define ANSWER_SIZE	513

struct dialogue {
	struct try_login *t;
	int fd;
	struct mtls_deadline deadline;
	uint8_t request[16], nonce[32];
	int n_secrets;
};

static enum mtls_status
send_login(struct dialogue *d, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_LOGIN };
	struct mtls_msg_login *login = &m.u.login;
	char tty[64];

	/* Encoding reads only. */
	login->request = (struct mtls_bytes){ sizeof(d->request),
		d->request };
	login->nonce = (struct mtls_bytes){ sizeof(d->nonce), d->nonce };
	login->user = (char *)(uintptr_t)d->t->user;
	login->service = (char *)(uintptr_t)d->t->service;
	login->config = (char *)(uintptr_t)d->t->config;
	login->method = (char *)(uintptr_t)d->t->method;
	if (ttyname_r(STDIN_FILENO, tty, sizeof(tty)) == 0)
		login->tty = tty;
	login->flags = MTLS_LOGIN_TRACE;
	login->deadline_ms = (uint32_t)mtls_deadline_left_ms(d->deadline);
	return mtls_message_send(d->fd, &m, -1, d->deadline, err);
}

/* Tells the helper how a question went; over if it went wrong. */
static enum mtls_status
send_answer(struct dialogue *d, enum mtls_status asked, char *text,
    struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_ANSWER };
	struct mtls_err ignored;
	enum mtls_status sent;

	mtls_err_clear(&ignored);
	m.u.answer.status = (uint8_t)asked;
	m.u.answer.text = text;
	sent = mtls_message_send(d->fd, &m, -1, d->deadline, &ignored);
	if (asked != MTLS_OK)
		return asked;
	/* The card can refuse a PIN before the helper has heard that it was
	 * handed over: what it said then is still to be read. */
	if (sent == MTLS_OK || sent == MTLS_E_CLOSED)
		return MTLS_OK;
	return mtls_fail(err, sent, "%s", ignored.text);
}

static enum mtls_status
on_ask(struct dialogue *d, const char *question, struct mtls_err *err)
{
	char answer[ANSWER_SIZE] = "";
	enum mtls_status status;

	status = terminal_ask(question, TERMINAL_ECHO, answer,
	    sizeof(answer), err);
	return send_answer(d, status, answer, err);
}

/* The PIN goes to the descriptor, and nowhere else. */
static enum mtls_status
on_ask_secret(struct dialogue *d, const char *question, int secret_fd,
    struct mtls_err *err)
{
	enum mtls_status status;
	char pin[PIN_SIZE];

	if (d->n_secrets++ > 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper asked for a second secret");
	status = pin_read(&d->t->pin, question, pin, err);
	if (status == MTLS_OK && send(secret_fd, pin, strlen(pin),
	    MSG_NOSIGNAL) != (ssize_t)strlen(pin))
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "the PIN could not be handed over");
	mtls_wipe_array(pin);
	return send_answer(d, status, NULL, err);
}

static enum mtls_status
on_phase(struct try_login *t, const struct mtls_msg_phase *phase,
    struct mtls_err *err)
{
	struct try_phase *p;

	if (t->n_phases == TRY_PHASES_MAX || phase->end_us < phase->begin_us)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper's phases make no sense");
	p = &t->phases[t->n_phases++];
	snprintf(p->name, sizeof(p->name), "%s", phase->name);
	p->begin_us = phase->begin_us;
	p->end_us = phase->end_us;
	return MTLS_OK;
}

static enum mtls_status
on_message(struct dialogue *d, const struct mtls_message *m, int fd,
    struct mtls_err *err)
{
	if (m->type == MTLS_MSG_ASK)
		return on_ask(d, m->u.ask.text, err);
	if (m->type == MTLS_MSG_ASK_SECRET)
		return on_ask_secret(d, m->u.ask_secret.text, fd, err);
	if (m->type == MTLS_MSG_PHASE)
		return on_phase(d->t, &m->u.phase, err);
	if (m->type == MTLS_MSG_AGENT_WANTED)
		return mtls_fail(err, MTLS_E_USAGE, "the method agent cannot "
		    "be tried so: use sudo or su in an ssh session");
	if (m->type == MTLS_MSG_RELAY)
		return mtls_fail(err, MTLS_E_USAGE, "the method relay cannot "
		    "be tried so: use mtlsctl ssh");
	if (m->type != MTLS_MSG_TELL)
		return mtls_fail(err, MTLS_E_PROTOCOL, "the helper sent %s",
		    mtls_message_name(m->type));
	ctl_note("%s", m->u.tell.text);
	return MTLS_OK;
}

static int
is_ours(const struct dialogue *d, const struct mtls_msg_result *r)
{
	return mtls_bytes_equal(r->request.data, d->request,
	    sizeof(d->request)) && mtls_bytes_equal(r->nonce.data, d->nonce,
	    sizeof(d->nonce)) && strcmp(r->user, d->t->user) == 0 &&
	    strcmp(r->service, d->t->service) == 0;
}

static enum mtls_status
check_result(const struct dialogue *d, const struct mtls_msg_result *r,
    struct mtls_err *err)
{
	if (!is_ours(d, r))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper's result is about another login");
	if (!mtls_status_known(r->status) ||
	    (r->verdict == MTLS_VERDICT_ALLOW) != (r->status == MTLS_OK))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper's result contradicts itself");
	return MTLS_OK;
}

static enum mtls_status
wait_for_result(struct dialogue *d, struct mtls_err *err)
{
	struct mtls_message *m = &d->t->result;
	enum mtls_status status = MTLS_OK;
	int fd;

	for (int n = 0; n < MESSAGES_MAX && status == MTLS_OK; n++) {
		fd = -1;
		mtls_message_clear(m);
		status = mtls_message_recv(d->fd, m, &fd, d->deadline, err);
		if (status == MTLS_OK && m->type == MTLS_MSG_RESULT)
			return check_result(d, &m->u.result, err);
		if (status == MTLS_OK)
			status = on_message(d, m, fd, err);
		if (fd != -1)
			close(fd);
	}
	if (status == MTLS_OK)
		status = mtls_fail(err, MTLS_E_PROTOCOL,
		    "the helper sent %d messages and no result",
		    MESSAGES_MAX);
	if (status == MTLS_E_CLOSED)
		mtls_err_context(err, "the helper ended without a result "
		    "(its reason is in the log)");
	return status;
}

enum mtls_status
try_hold(struct try_login *t, struct mtls_err *err)
{
	struct mtls_helper_channel channel = MTLS_HELPER_CHANNEL_NONE;
	struct dialogue d = { .t = t, .fd = -1 };
	int64_t begin = mtls_clock_us();
	enum mtls_status status;

	d.deadline = mtls_deadline_in_ms(t->deadline_s * 1000u);
	status = mtls_random(d.request, sizeof(d.request), err);
	if (status == MTLS_OK)
		status = mtls_random(d.nonce, sizeof(d.nonce), err);
	if (status == MTLS_OK)
		status = mtls_helper_channel_open(t->socket0, d.deadline,
		    &channel, err);
	d.fd = channel.socket_fd;
	if (status == MTLS_OK)
		status = send_login(&d, err);
	if (status == MTLS_OK)
		status = wait_for_result(&d, err);
	mtls_helper_channel_close(&channel);
	t->total_us = (uint64_t)(mtls_clock_us() - begin);
	return status;
}

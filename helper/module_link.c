/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The module may speak when it was asked and at no other time. When it goes
 * away, the login is over at once.
 */
#include "config.h"

#include "module_link.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/login.h"

struct module_link {
	int fd;
	uint32_t flags;
	struct mtls_deadline deadline;
	struct event *readable;
	module_gone_fn gone;
	void *gone_arg;
	module_answer_fn answer;	/* NULL: nothing was asked */
	enum mtls_message_type wanted;	/* ANSWER or RELAY_ANSWER */
	void *answer_arg;
};

static enum mtls_status
receive(int fd, enum mtls_message_type wanted, struct mtls_deadline deadline,
    struct mtls_message *ret, struct mtls_err *err)
{
	int passed = -1;

	if (mtls_message_recv(fd, ret, &passed, deadline, err) != MTLS_OK)
		return err->status;
	if (passed != -1) {
		(void)close(passed);
		(void)mtls_fail(err, MTLS_E_PROTOCOL, "a stray descriptor");
	} else if (ret->type != wanted) {
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "%s is not expected now",
		    mtls_message_name((unsigned)ret->type));
	}
	if (err->status != MTLS_OK)
		mtls_message_clear(ret);
	return err->status;
}

enum mtls_status
module_link_receive(int fd, struct mtls_deadline deadline,
    struct mtls_message *ret, struct mtls_err *err)
{
	return receive(fd, MTLS_MSG_LOGIN, deadline, ret, err);
}

static void
take_answer(struct module_link *m, const struct mtls_message *message)
{
	int is_relay = message->type == MTLS_MSG_RELAY_ANSWER;
	uint8_t status = is_relay ? message->u.relay_answer.status :
	    message->u.answer.status;
	module_answer_fn answer = m->answer;
	struct mtls_err err;

	mtls_err_clear(&err);
	m->answer = NULL;
	if (status != MTLS_OK)
		(void)mtls_fail(&err, (enum mtls_status)status,
		    "the question was not answered");
	answer(m->answer_arg, is_relay ? message->u.relay_answer.text :
	    message->u.answer.text, &err);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct module_link *m = arg;
	struct mtls_message message = { .type = MTLS_MSG_NONE };
	struct mtls_err err;

	(void)what;
	mtls_err_clear(&err);
	if (receive(fd, m->wanted, m->deadline, &message, &err) ==
	    MTLS_E_CLOSED) {
		mtls_err_clear(&err);
		(void)mtls_fail(&err, MTLS_E_CANCELLED,
		    "the program that asked went away");
	} else if (err.status == MTLS_OK && m->answer == NULL) {
		(void)mtls_fail(&err, MTLS_E_PROTOCOL,
		    "an answer and no question");
	}
	if (err.status != MTLS_OK) {
		(void)event_del(m->readable);
		m->gone(m->gone_arg, &err);
	} else {
		take_answer(m, &message);
	}
	mtls_message_clear(&message);
}

enum mtls_status
module_link_new(struct event_base *base, int fd, uint32_t flags,
    struct mtls_deadline deadline, module_gone_fn gone, void *arg,
    struct module_link **ret, struct mtls_err *err)
{
	struct module_link *m;

	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	m->fd = fd;
	m->flags = flags;
	m->deadline = deadline;
	m->gone = gone;
	m->gone_arg = arg;
	m->wanted = MTLS_MSG_ANSWER;
	m->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable,
	    m);
	/*
	 * First: where there is no PIN, the worker's complaint comes in the
	 * same turn, and the module knows why.
	 */
	if (m->readable == NULL || event_priority_set(m->readable, 0) != 0 ||
	    event_add(m->readable, NULL) != 0) {
		module_link_free(m);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	*ret = m;
	return MTLS_OK;
}

void
module_link_free(struct module_link *m)
{
	if (m == NULL)
		return;
	if (m->readable != NULL)
		event_free(m->readable);
	free(m);
}

static enum mtls_status
ask(struct module_link *m, const struct mtls_message *question, int pin_fd,
    module_answer_fn answer, void *arg, struct mtls_err *err)
{
	if (m->answer != NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "one question at a time");
	if (mtls_message_send(m->fd, question, pin_fd, m->deadline, err) !=
	    MTLS_OK)
		return err->status;
	m->wanted = question->type == MTLS_MSG_RELAY ? MTLS_MSG_RELAY_ANSWER :
	    MTLS_MSG_ANSWER;
	m->answer = answer;
	m->answer_arg = arg;
	return MTLS_OK;
}

enum mtls_status
module_link_ask(struct module_link *m, const char *text,
    module_answer_fn answer, void *arg, struct mtls_err *err)
{
	struct mtls_message question = { .type = MTLS_MSG_ASK };
	enum mtls_status status;

	if (m->flags & MTLS_LOGIN_SINGLE)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "this service can ask for one secret and nothing else");
	if (mtls_text_dup(&question.u.ask.text, text, err) != MTLS_OK)
		return err->status;
	status = ask(m, &question, -1, answer, arg, err);
	mtls_message_clear(&question);
	return status;
}

enum mtls_status
module_link_relay(struct module_link *m, const char *text,
    module_answer_fn answer, void *arg, struct mtls_err *err)
{
	struct mtls_message question = { .type = MTLS_MSG_RELAY };
	enum mtls_status status;

	if (m->flags & MTLS_LOGIN_SINGLE)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "this service can ask for one secret and nothing else");
	if (mtls_text_dup(&question.u.relay.text, text, err) != MTLS_OK)
		return err->status;
	status = ask(m, &question, -1, answer, arg, err);
	mtls_message_clear(&question);
	return status;
}

enum mtls_status
module_link_ask_secret(struct module_link *m, const char *text, int pin_fd,
    module_answer_fn answer, void *arg, struct mtls_err *err)
{
	struct mtls_message question = { .type = MTLS_MSG_ASK_SECRET };
	enum mtls_status status;

	if (mtls_text_dup(&question.u.ask_secret.text, text, err) != MTLS_OK)
		return err->status;
	status = ask(m, &question, pin_fd, answer, arg, err);
	mtls_message_clear(&question);
	return status;
}

void
module_link_tell(struct module_link *m, const char *text)
{
	struct mtls_message message = { .type = MTLS_MSG_TELL };

	if (m->flags & (MTLS_LOGIN_SILENT | MTLS_LOGIN_SINGLE))
		return;
	message.u.tell.style = MTLS_TELL_INFO;
	if (mtls_text_dup(&message.u.tell.text, text, NULL) == MTLS_OK &&
	    mtls_message_send(m->fd, &message, -1, m->deadline, NULL) !=
	    MTLS_OK) {
		/* The end of the socket shows by itself. */
	}
	mtls_message_clear(&message);
}

void
module_link_send_phases(int fd, const struct trace *trace,
    struct mtls_deadline deadline)
{
	struct mtls_message message;
	uint64_t begin, end;
	int i;

	for (i = 0; i < TRACE_COUNT; i++) {
		if (!trace_get(trace, (enum trace_phase)i, &begin, &end))
			continue;
		memset(&message, 0, sizeof(message));
		message.type = MTLS_MSG_PHASE;
		if (mtls_text_dup(&message.u.phase.name,
		    trace_name((enum trace_phase)i), NULL) != MTLS_OK)
			return;
		message.u.phase.begin_us = begin;
		message.u.phase.end_us = end;
		if (mtls_message_send(fd, &message, -1, deadline, NULL) !=
		    MTLS_OK)
			i = TRACE_COUNT;
		mtls_message_clear(&message);
	}
}

enum mtls_status
module_link_send_result(int fd, const struct mtls_msg_result *result,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	struct mtls_message message = { .type = MTLS_MSG_RESULT };

	/* Borrowed: this message is not cleared. */
	message.u.result = *result;
	return mtls_message_send(fd, &message, -1, deadline, err);
}

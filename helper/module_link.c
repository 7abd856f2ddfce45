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
#include "mtls/process.h"

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
	module_agent_fn agent;		/* NULL: none was asked for */
	uid_t caller_uid;		/* for it */
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

/* --- the ssh-agent --- */

static enum mtls_status
check_agent(const struct module_link *m, int agent_fd, uid_t said,
    struct mtls_err *err)
{
	uid_t uid;
	gid_t gid;
	pid_t pid;

	if (mtls_peer_credentials(agent_fd, &uid, &gid, &pid, err) !=
	    MTLS_OK)
		return err->status;
	if (m->caller_uid != 0 && said != m->caller_uid)
		return mtls_fail(err, MTLS_E_PEER,
		    "uid %lu has brought an ssh-agent of uid %lu",
		    (unsigned long)m->caller_uid, (unsigned long)said);
	if (uid != said)
		return mtls_fail(err, MTLS_E_PEER,
		    "the ssh-agent is uid %lu and not uid %lu",
		    (unsigned long)uid, (unsigned long)said);
	return MTLS_OK;
}

/* AGENT and its descriptor, or ANSWER and the reason. */
static void
take_agent(struct module_link *m, const struct mtls_message *message,
    int agent_fd)
{
	const char *why = message->type == MTLS_MSG_ANSWER ?
	    message->u.answer.text : "";
	module_agent_fn agent = m->agent;
	struct mtls_err err;

	mtls_err_clear(&err);
	m->agent = NULL;
	if (message->type == MTLS_MSG_AGENT)
		(void)check_agent(m, agent_fd, (uid_t)message->u.agent.uid,
		    &err);
	else
		(void)mtls_fail(&err,
		    (enum mtls_status)message->u.answer.status, "%s",
		    why[0] != '\0' ? why : "the module has no ssh-agent");
	if (err.status != MTLS_OK && agent_fd != -1) {
		(void)close(agent_fd);
		agent_fd = -1;
	}
	agent(m->answer_arg, agent_fd, &err);
}

/* Which of both it is; anything else, and an ANSWER that says OK and has no
 * agent, is not expected. */
static enum mtls_status
receive_agent(struct module_link *m, struct mtls_message *ret,
    int *ret_agent_fd, struct mtls_err *err)
{
	int passed = -1;

	if (mtls_message_recv(m->fd, ret, &passed, m->deadline, err) !=
	    MTLS_OK)
		return err->status;
	if (ret->type == MTLS_MSG_AGENT ||
	    (ret->type == MTLS_MSG_ANSWER &&
	    mtls_status_known(ret->u.answer.status) &&
	    ret->u.answer.status != MTLS_OK)) {
		*ret_agent_fd = passed;
		return MTLS_OK;
	}
	if (passed != -1)
		(void)close(passed);
	return mtls_fail(err, MTLS_E_PROTOCOL, "%s is not expected now",
	    mtls_message_name((unsigned)ret->type));
}

/* --- what the module says --- */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct module_link *m = arg;
	struct mtls_message message = { .type = MTLS_MSG_NONE };
	struct mtls_err err;
	int agent_fd = -1;

	(void)what;
	mtls_err_clear(&err);
	if (m->agent != NULL)
		(void)receive_agent(m, &message, &agent_fd, &err);
	else
		(void)receive(fd, m->wanted, m->deadline, &message, &err);
	if (err.status == MTLS_E_CLOSED) {
		mtls_err_clear(&err);
		(void)mtls_fail(&err, MTLS_E_CANCELLED,
		    "the program that asked went away");
	} else if (err.status == MTLS_OK && m->answer == NULL &&
	    m->agent == NULL) {
		(void)mtls_fail(&err, MTLS_E_PROTOCOL,
		    "an answer and no question");
	}
	if (err.status != MTLS_OK) {
		(void)event_del(m->readable);
		m->gone(m->gone_arg, &err);
	} else if (m->agent != NULL) {
		take_agent(m, &message, agent_fd);
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
	if (m->answer != NULL || m->agent != NULL)
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

enum mtls_status
module_link_agent(struct module_link *m, uid_t caller_uid,
    module_agent_fn answer, void *arg, struct mtls_err *err)
{
	struct mtls_message question = { .type = MTLS_MSG_AGENT_WANTED };

	if (m->answer != NULL || m->agent != NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "one question at a time");
	if (mtls_message_send(m->fd, &question, -1, m->deadline, err) !=
	    MTLS_OK)
		return err->status;
	m->agent = answer;
	m->caller_uid = caller_uid;
	m->answer_arg = arg;
	return MTLS_OK;
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

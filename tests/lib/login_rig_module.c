/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The PAM module's side of a login on the stage, and the person's.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "login_rig.h"
#include "unit.h"

void
login_case_send(struct login_case *c, const struct mtls_message *m)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	if (mtls_message_send(c->module_fd, m, -1, mtls_deadline_in_ms(5000),
	    &err) != MTLS_OK)
		print_message("module: %s\n", err.text);
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static const char *
or_else(const char *s, const char *otherwise)
{
	return s != NULL ? s : otherwise;
}

void
login_case_send_login(struct login_case *c)
{
	static uint8_t request[16] = "request-number-1",
	    nonce[32] = "a nonce of the module's, its own";
	struct mtls_message m = { .type = MTLS_MSG_LOGIN };
	struct mtls_msg_login *l = &m.u.login;

	l->request.data = request;
	l->request.len = sizeof(request);
	l->nonce.data = nonce;
	l->nonce.len = sizeof(nonce);
	l->user = text(or_else(c->user, login_rig.user));
	l->service = text(or_else(c->service, "su"));
	l->tty = text("/dev/pts/3");
	l->rhost = text("");
	l->ruser = text("alice");
	l->config = text(or_else(c->config, ""));
	l->method = text(or_else(c->method, ""));
	l->flags = c->flags;
	l->deadline_ms = c->deadline_ms != 0 ? c->deadline_ms : 15000;
	login_case_send(c, &m);
}

void
login_case_send_answer(struct login_case *c, const char *answer)
{
	struct mtls_message m = { .type = MTLS_MSG_ANSWER };

	m.u.answer.status = (uint8_t)c->answer_status;
	m.u.answer.text = text(c->answer_status == 0 ? answer : "");
	login_case_send(c, &m);
}

void
login_case_send_relay_answer(struct login_case *c, const char *answer)
{
	struct mtls_message m = { .type = MTLS_MSG_RELAY_ANSWER };

	m.u.relay_answer.status = (uint8_t)c->answer_status;
	m.u.relay_answer.text = text(c->answer_status == 0 ? answer : "");
	login_case_send(c, &m);
}

void
login_case_no_answer(struct login_case *c)
{
	(void)c;
}

void
login_case_answer_secret(struct login_case *c)
{
	const char *pin = or_else(c->pin, "1234");

	if (c->answer_status == 0)
		(void)send(c->pin_fd, pin, strlen(pin), MSG_NOSIGNAL);
	/* In the order of the module. */
	login_case_send_answer(c, "");
	(void)close(c->pin_fd);
	c->pin_fd = -1;
}

static void
keep(char **member, const char *s)
{
	free(*member);
	*member = strdup(s);
}

/* 1 once the file that fake_token writes says so. */
static int
is_at_step(const char *step)
{
	char path[256], line[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/token.step",
	    pki_dir0(login_rig.pki));
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	(void)fclose(f);
	return strcmp(line, step) == 0;
}

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct login_case *c = arg;

	(void)fd;
	(void)what;
	if (!is_at_step(c->step))
		return;
	(void)event_del(c->poll);
	c->on_step(c);
}

void
login_case_at_step(struct login_case *c, const char *step, login_case_fn fn)
{
	static const struct timeval tick = { 0, 5000 };

	c->step = step;
	c->on_step = fn;
	c->poll = event_new(c->base, -1, EV_PERSIST, on_poll, c);
	assert_non_null(c->poll);
	assert_int_equal(event_add(c->poll, &tick), 0);
}

void
login_case_hang_up(struct login_case *c)
{
	(void)shutdown(c->module_fd, SHUT_RDWR);
	(void)event_base_loopbreak(c->base);
}

static void
take_message(struct login_case *c, struct mtls_message *m)
{
	if (m->type == MTLS_MSG_ASK) {
		c->n_asked++;
		keep(&c->asked, m->u.ask.text);
		login_case_send_answer(c, or_else(c->answer, "1"));
	} else if (m->type == MTLS_MSG_ASK_SECRET) {
		c->n_secret++;
		keep(&c->secret, m->u.ask_secret.text);
		if (c->on_secret != NULL)
			c->on_secret(c);
		else
			login_case_answer_secret(c);
	} else if (m->type == MTLS_MSG_RELAY && c->on_relay != NULL) {
		c->n_relayed++;
		keep(&c->relayed, m->u.relay.text);
		c->on_relay(c);
	} else if (m->type == MTLS_MSG_AGENT_WANTED && c->on_agent != NULL) {
		c->on_agent(c);
	} else if (m->type == MTLS_MSG_TELL) {
		c->n_told++;
		keep(&c->told, m->u.tell.text);
	} else if (m->type == MTLS_MSG_PHASE) {
		c->n_phases++;
	} else if (m->type == MTLS_MSG_RESULT && c->n_results++ == 0) {
		c->result = *m;
		m->type = MTLS_MSG_NONE;
	} else if (c->other.type == MTLS_MSG_NONE) {
		c->other = *m;
		m->type = MTLS_MSG_NONE;
	}
}

void
login_case_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct login_case *c = arg;
	struct mtls_message m = { .type = MTLS_MSG_NONE };
	struct mtls_err err;

	(void)what;
	mtls_err_clear(&err);
	if (mtls_message_recv(fd, &m, &c->pin_fd, mtls_deadline_in_ms(5000),
	    &err) != MTLS_OK) {
		assert_int_equal(err.status, MTLS_E_CLOSED);
		(void)event_base_loopbreak(c->base);
		return;
	}
	take_message(c, &m);
	mtls_message_clear(&m);
}


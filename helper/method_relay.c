/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method "relay": the card is at the person's own machine, and the bytes
 * of the user channel travel through the questions of the PAM conversation.
 * This end copies them and understands none; the only yes comes over the
 * device channel, as for every method.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login_state.h"
#include "mtls/login.h"
#include "relay_talk.h"
#include "relay_wire.h"

/* Before the deadline of the login, to tell the verifier. */
#define MARGIN_MS	1500

struct relay_login {
	struct relay_talk talk;
	struct relay_wire *wire;
	struct event *timer;
	int is_waiting;		/* a prompt is due when there is news */
	struct mtls_relay_record record;	/* the last answer */
	uint8_t data[MTLS_RELAY_PROMPT_BYTES];	/* of the last prompt ... */
	char text[MTLS_RELAY_PROMPT_MAX + 1];	/* ... and the whole */
};

static const char what_to_do[] =
    "This login needs your smart card: use mtlsctl ssh.";

static void on_answer(void *arg, const char *text,
    const struct mtls_err *why);

/* --- prompts --- */

static void
ask(struct login *l, struct mtls_err *err)
{
	struct relay_login *r = l->method_state;

	if (err->status != MTLS_OK || module_link_relay(l->module, r->text,
	    on_answer, l, err) != MTLS_OK)
		login_give_up(l, err);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mtls_err err;

	(void)fd;
	(void)what;
	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_TIMEOUT, "relay: the deadline passed");
	login_give_up(arg, &err);
}

static enum mtls_status
start_timer(struct login *l, struct mtls_err *err)
{
	struct relay_login *r = l->method_state;
	int left_ms = mtls_deadline_left_ms(l->deadline) - MARGIN_MS;
	struct timeval tv = { 0, 0 };

	if (left_ms > 0) {
		tv.tv_sec = left_ms / 1000;
		tv.tv_usec = left_ms % 1000 * 1000;
	}
	r->timer = evtimer_new(l->base, on_timer, l);
	if (r->timer == NULL || evtimer_add(r->timer, &tv) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

/* What a person reads who has come with a plain ssh. */
static void
write_sentence(const struct login *l, char *out, size_t size)
{
	const struct method *next = login_methods_next0(l);

	(void)snprintf(out, size, "%s Press Enter %s%s: ", what_to_do,
	    next == NULL ? "to end" : next->offer != NULL ? "for " :
	    "to go on without", next != NULL && next->offer != NULL ?
	    next->offer : "");
}

static enum mtls_status
relay_prove(struct login *l, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err)
{
	struct relay_login *r = l->method_state;
	int left_s = mtls_deadline_left_ms(l->deadline) / 1000;
	char sentence[RELAY_TALK_SENTENCE_MAX + 1];
	struct mtls_body_relay hello;

	(void)issuers;
	if (start_timer(l, err) != MTLS_OK)
		return err->status;
	memset(&hello, 0, sizeof(hello));
	hello.version = 1;
	memcpy(hello.challenge, device_channel_challenge0(
	    verifier_client_device0(l->verifier)), MTLS_ID_BYTES);
	hello.verifier =
	    (char *)(uintptr_t)verifier_client_name0(l->verifier);
	hello.user = l->open.user;
	hello.service = l->open.service;
	hello.host = l->open.host;
	hello.expires_in = left_s < 1 ? 1 : left_s > 3600 ? 3600 : left_s;
	write_sentence(l, sentence, sizeof(sentence));
	(void)relay_talk_hello(&r->talk, &hello, sentence, r->text, err);
	if (err->status == MTLS_OK)
		(void)module_link_relay(l->module, r->text, on_answer, l,
		    err);
	return err->status;
}

/* What has come from the verifier, in the next prompt. */
static void
prompt_next(struct login *l)
{
	struct relay_login *r = l->method_state;
	enum mtls_relay_flag flag = MTLS_RELAY_IDLE;
	struct mtls_err err;
	size_t n;

	mtls_err_clear(&err);
	r->is_waiting = 0;
	n = relay_wire_take(r->wire, r->data, sizeof(r->data));
	if (relay_wire_pending(r->wire) > 0)
		flag = MTLS_RELAY_MORE;
	else if (relay_wire_has_ended(r->wire))
		flag = MTLS_RELAY_END;
	(void)relay_talk_prompt(&r->talk, flag, r->data, n, r->text, &err);
	ask(l, &err);
}

static void
on_wire_news(void *arg, const struct mtls_err *why)
{
	struct login *l = arg;
	struct relay_login *r = l->method_state;

	if (l->over)
		return;
	if (why->status != MTLS_OK)
		login_give_up(l, why);
	else if (r->is_waiting && !l->is_giving_up)
		prompt_next(l);
}

/* --- answers --- */

/* Enter at the first prompt: a person without the user's side of this. */
static void
no_user_side(struct login *l)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_CANCELLED,
	    "a person pressed Enter: this was not mtlsctl ssh");
	(void)snprintf(l->message, sizeof(l->message), "%s", what_to_do);
	if (login_methods_next0(l) != NULL)
		login_next_method(l, &err);
	else
		login_give_up(l, &err);
}

static void
user_side_failed(struct login *l)
{
	struct relay_login *r = l->method_state;
	struct mtls_err err;

	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_CANCELLED, "the user's side: %.*s",
	    (int)r->record.len, (const char *)r->record.data);
	/* There the person has read why. */
	(void)snprintf(l->message, sizeof(l->message),
	    "The login was given up at your side.");
	login_give_up(l, &err);
}

static enum mtls_status
connect_again(struct login *l, struct mtls_err *err)
{
	struct relay_login *r = l->method_state;
	struct http_target target;

	relay_wire_free(r->wire);
	r->wire = NULL;
	verifier_client_user_target(l->verifier, &target);
	return relay_wire_new(l->base, &target, on_wire_news, l, &r->wire,
	    err);
}

static enum mtls_status
pass_on(struct login *l, int is_new, struct mtls_err *err)
{
	struct relay_login *r = l->method_state;

	if (is_new && connect_again(l, err) != MTLS_OK)
		return err->status;
	if (relay_wire_send(r->wire, r->record.data, r->record.len, err) !=
	    MTLS_OK)
		return err->status;
	r->is_waiting = 1;
	if (r->record.flag == MTLS_RELAY_MORE ||
	    relay_wire_pending(r->wire) > 0 || relay_wire_has_ended(r->wire))
		prompt_next(l);
	return MTLS_OK;
}

static void
be_done(struct login *l)
{
	struct relay_login *r = l->method_state;

	/* From here on the challenge is the verifier's to decide. */
	(void)evtimer_del(r->timer);
	login_proven(l);
}

static void
on_answer(void *arg, const char *text, const struct mtls_err *why)
{
	struct login *l = arg;
	struct relay_login *r = l->method_state;
	struct mtls_err err = *why;
	int is_new = 0;

	if (l->over || l->is_giving_up)
		return;
	/* A module whose question failed is gone. */
	if (err.status != MTLS_OK) {
		login_fail(l, &err);
		return;
	}
	if (*text == '\0' && r->talk.n_prompts == 1) {
		no_user_side(l);
		return;
	}
	if (relay_talk_answer(&r->talk, text, &r->record, &is_new, &err) ==
	    MTLS_OK && r->record.flag == MTLS_RELAY_DONE)
		be_done(l);
	else if (err.status == MTLS_OK && r->record.flag == MTLS_RELAY_FAIL)
		user_side_failed(l);
	else if (err.status == MTLS_OK)
		(void)pass_on(l, is_new, &err);
	if (err.status != MTLS_OK)
		login_give_up(l, &err);
}

/* --- the method --- */

static enum mtls_status
relay_available(struct login *l, struct mtls_err *err)
{
	if (l->flags & MTLS_LOGIN_SINGLE)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "this service can ask for one secret and nothing else");
	return MTLS_OK;
}

static enum mtls_status
relay_prepare(struct login *l, struct mtls_err *err)
{
	l->method_state = calloc(1, sizeof(struct relay_login));
	if (l->method_state == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

static void
relay_done(struct login *l)
{
	struct relay_login *r = l->method_state;

	if (r == NULL)
		return;
	relay_wire_free(r->wire);
	if (r->timer != NULL)
		event_free(r->timer);
	free(r);
	l->method_state = NULL;
}

const struct method method_relay = {
	"relay", NULL, relay_available, relay_prepare, NULL, relay_prove,
	relay_done
};

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A card_login with an event loop of its own.
 */
#include "config.h"

#include "client/person_card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "client/card_login.h"
#include "client/sentence.h"

#define ANSWER_SIZE	513

struct person_card {
	struct person_options o;
	struct event_base *base;
	struct event *timer;		/* the deadline */
	struct card_login *card;
	int usable;
	char certificate[512 + 1];
	struct mtls_err err;		/* why there is no signature */
};

/* --- questions --- */

static enum mtls_status
on_ask(void *arg, const char *text, card_answer_fn answer, void *answer_arg,
    struct mtls_err *err)
{
	struct person_card *c = arg;
	char line[ANSWER_SIZE] = "";

	if (c->o.talk.ask(c->o.talk.arg, text, line, sizeof(line), err) ==
	    MTLS_OK)
		answer(answer_arg, line, err);
	return err->status;
}

static enum mtls_status
on_ask_secret(void *arg, const char *text, int pin_fd, card_answer_fn answer,
    void *answer_arg, struct mtls_err *err)
{
	struct person_card *c = arg;

	if (c->o.talk.ask_pin(c->o.talk.arg, text, pin_fd, err) == MTLS_OK)
		answer(answer_arg, "", err);
	return err->status;
}

static void
on_tell(void *arg, const char *text)
{
	struct person_card *c = arg;

	c->o.talk.tell(c->o.talk.arg, text);
}

/* --- news --- */

static void
on_token(void *arg, const char *label)
{
	(void)arg;
	(void)label;
}

static void
on_certificate(void *arg, const char *name)
{
	struct person_card *c = arg;

	(void)snprintf(c->certificate, sizeof(c->certificate), "%s", name);
}

static void
on_usable(void *arg)
{
	struct person_card *c = arg;

	c->usable = 1;
}

/* What to do comes first, and what the matter is behind it. */
static void
put_sentence_first(struct mtls_err *err)
{
	enum mtls_status status = err->status;
	char reason[MTLS_ERR_TEXT_MAX];

	if (status != MTLS_E_TOKEN_ABSENT && status !=
	    MTLS_E_TOKEN_UNUSABLE && status != MTLS_E_TOKEN_FAILED &&
	    status != MTLS_E_PIN_LOCKED)
		return;
	(void)snprintf(reason, sizeof(reason), "%s", err->text);
	mtls_err_clear(err);
	(void)mtls_fail(err, status, "%s (%s)", sentence_for_status(status),
	    reason);
}

static void
on_failed(void *arg, const struct mtls_err *why, const char *sentence)
{
	struct person_card *c = arg;

	if (c->err.status != MTLS_OK)
		return;
	if (*sentence != '\0') {
		(void)mtls_fail(&c->err, why->status, "%s", sentence);
	} else {
		c->err = *why;
		put_sentence_first(&c->err);
	}
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct person_card *c = arg;

	(void)fd;
	(void)what;
	if (c->err.status == MTLS_OK)
		(void)mtls_fail(&c->err, MTLS_E_TIMEOUT,
		    "it took too long");
}

/* --- the loop --- */

static enum mtls_status
start_loop(struct person_card *c, struct mtls_err *err)
{
	int left_ms = mtls_deadline_left_ms(c->o.deadline);
	struct timeval left = { left_ms / 1000, (left_ms % 1000) * 1000 };

	c->base = event_base_new();
	if (c->base == NULL)
		return mtls_fail(err, MTLS_E_SYSTEM, "no event loop");
	c->timer = evtimer_new(c->base, on_deadline, c);
	if (c->timer == NULL || evtimer_add(c->timer, &left) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

enum mtls_status
person_card_new(const struct person_options *options,
    struct person_card **ret, struct mtls_err *err)
{
	static const struct card_login_owner events = { on_ask,
	    on_ask_secret, on_tell, on_token, on_certificate, on_usable,
	    on_failed, NULL };
	const struct client_settings *s = options->settings;
	struct card_login_options o = { { options->token_program,
	    { s->module, s->uri, s->token_user, &s->environment,
	    &s->writable, s->pin_tries }, options->deadline, NULL }, 0, -1 };
	struct card_login_owner owner = events;
	struct person_card *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	c->o = *options;
	mtls_err_clear(&c->err);
	owner.arg = c;
	if (card_login_start(&o, &owner, &c->card, err) != MTLS_OK ||
	    start_loop(c, err) != MTLS_OK ||
	    card_login_listen(c->card, c->base, err) != MTLS_OK)
		goto out;
	*ret = c;
	c = NULL;
out:
	person_card_free(c);
	put_sentence_first(err);
	return err->status;
}

void
person_card_free(struct person_card *c)
{
	if (c == NULL)
		return;
	card_login_free(c->card);
	if (c->timer != NULL)
		event_free(c->timer);
	if (c->base != NULL)
		event_base_free(c->base);
	free(c);
}

struct event_base *
person_card_base(const struct person_card *c)
{
	return c->base;
}

enum mtls_status
person_card_turn(struct person_card *c, struct mtls_err *err)
{
	if (c->err.status == MTLS_OK &&
	    event_base_loop(c->base, EVLOOP_ONCE) != 0)
		(void)mtls_fail(&c->err, MTLS_E_SYSTEM,
		    "the event loop ended");
	if (c->err.status != MTLS_OK)
		*err = c->err;
	return err->status;
}

static enum mtls_status
await_usable(struct person_card *c, struct mtls_err *err)
{
	while (!c->usable) {
		if (person_card_turn(c, err) != MTLS_OK)
			return err->status;
	}
	return MTLS_OK;
}

enum mtls_status
person_card_unlock(struct person_card *c, SSL_CTX *ctx,
    STACK_OF(X509_NAME) *issuers, struct mtls_err *err)
{
	struct mtls_err why;

	mtls_err_clear(&why);
	/* Where mtls-token has ended already, it has said why. */
	if (card_login_issuers(c->card, c->o.tls, ctx, issuers, &why) !=
	    MTLS_OK && why.status != MTLS_E_TOKEN_FAILED) {
		*err = why;
		put_sentence_first(err);
		return err->status;
	}
	return await_usable(c, err);
}

enum mtls_status
person_card_again(struct person_card *c, struct mtls_err *err)
{
	if (c->err.status != MTLS_OK) {
		*err = c->err;
		return err->status;
	}
	if (!card_login_was_early(c->card)) {
		card_login_reason(c->card, err);
		put_sentence_first(err);
		return err->status;
	}
	mtls_err_clear(err);
	c->usable = 0;
	card_login_again(c->card);
	return await_usable(c, err);
}

void
person_card_finish(struct person_card *c)
{
	card_login_finish(c->card);
}

const char *
person_card_certificate0(const struct person_card *c)
{
	return c->certificate;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method "token": a card at this machine. Its questions go through the
 * module, and its signature opens the user channel.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/card_login.h"
#include "client/user_channel.h"
#include "login_state.h"
#include "mtls/login.h"

struct token_login {
	struct card_login *card;
	struct user_channel *user;
	int is_chosen;		/* a certificate: questions may follow */
};

/* --- the card's questions and news --- */

static enum mtls_status
on_ask(void *arg, const char *text, card_answer_fn answer, void *answer_arg,
    struct mtls_err *err)
{
	struct login *l = arg;

	return module_link_ask(l->module, text, answer, answer_arg, err);
}

static enum mtls_status
on_ask_secret(void *arg, const char *text, int pin_fd, card_answer_fn answer,
    void *answer_arg, struct mtls_err *err)
{
	struct login *l = arg;

	return module_link_ask_secret(l->module, text, pin_fd, answer,
	    answer_arg, err);
}

static void
on_tell(void *arg, const char *text)
{
	struct login *l = arg;

	module_link_tell(l->module, text);
}

static void
on_token(void *arg, const char *label)
{
	struct login *l = arg;

	((struct token_login *)l->method_state)->is_chosen = 1;
	(void)snprintf(l->token, sizeof(l->token), "%s", label);
}

static void
on_certificate(void *arg, const char *name)
{
	struct login *l = arg;

	(void)snprintf(l->certificate, sizeof(l->certificate), "%s", name);
}

/* No card, and nobody has been asked for a PIN: another method may do. */
static void
on_failed(void *arg, const struct mtls_err *err, const char *sentence)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;

	if (err->status == MTLS_E_TOKEN_ABSENT && !t->is_chosen) {
		login_next_method(l, err);
		return;
	}
	if (*sentence != '\0')
		(void)snprintf(l->message, sizeof(l->message), "%s",
		    sentence);
	login_fail(l, err);
}

/* --- the proof --- */

static void
on_proven(void *arg, const struct mtls_err *why)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	struct mtls_err err = *why;

	if (err.status != MTLS_OK && card_login_was_early(t->card)) {
		user_channel_free(t->user);
		t->user = NULL;
		card_login_again(t->card);
		return;
	}
	if (err.status != MTLS_OK) {
		card_login_reason(t->card, &err);
		login_fail(l, &err);
		return;
	}
	card_login_finish(t->card);
	login_proven(l);
}

static void
on_usable(void *arg)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	struct http_channel_options o = { l->base, l->machine->user_ctx,
	    l->machine->tls_min, &l->trace, TRACE_COUNT,
	    TRACE_USER_HANDSHAKE };
	struct mtls_body_proof proof = login_proof(l);
	struct http_target target;
	struct mtls_err err;

	if (l->over)
		return;
	mtls_err_clear(&err);
	verifier_client_user_target(l->verifier, &target);
	if (user_channel_prove(&o, &target, &proof, on_proven, l, &t->user,
	    &err) != MTLS_OK)
		login_fail(l, &err);
}

/* --- the method --- */

static enum mtls_status
token_prepare(struct login *l, struct mtls_err *err)
{
	static const struct card_login_owner events = { on_ask,
	    on_ask_secret, on_tell, on_token, on_certificate, on_usable,
	    on_failed, NULL };
	const struct settings *s = l->settings;
	struct card_login_options o = { { l->options->token_program,
	    { s->module, s->uri, s->token_user, &s->environment,
	    &s->writable, s->pin_tries }, l->deadline, &l->trace },
	    (l->flags & MTLS_LOGIN_NO_NULL) != 0, l->options->module_fd };
	struct card_login_owner owner = events;
	struct token_login *t;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	l->method_state = t;
	owner.arg = l;
	return card_login_start(&o, &owner, &t->card, err);
}

static enum mtls_status
token_start(struct login *l, struct mtls_err *err)
{
	struct token_login *t = l->method_state;

	return card_login_listen(t->card, l->base, err);
}

/* The verifier's challenge is open and its user listener has been seen. */
static enum mtls_status
token_prove(struct login *l, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err)
{
	struct token_login *t = l->method_state;

	return card_login_issuers(t->card, l->machine->tls,
	    l->machine->user_ctx, issuers, err);
}

static void
token_done(struct login *l)
{
	struct token_login *t = l->method_state;

	if (t == NULL)
		return;
	user_channel_free(t->user);
	card_login_free(t->card);
	free(t);
	l->method_state = NULL;
}

const struct method method_token = {
	"token", "the card at this machine", NULL, token_prepare,
	token_start, token_prove, token_done
};

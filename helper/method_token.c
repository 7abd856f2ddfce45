/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method "token": a card at this machine. In the order of this file: the
 * worker is started and told what the verifier accepts; a certificate is
 * chosen; the PIN is asked for, once; the card signs the user channel.
 * Everything that can be checked is checked before anybody is asked for a
 * PIN.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login_state.h"
#include "mtls/identity.h"
#include "mtls/login.h"
#include "mtls/pem.h"
#include "mtls/signer.h"
#include "mtls/text.h"
#include "token_choice.h"
#include "token_worker.h"
#include "user_channel.h"

/* How long a verifier is kept waiting in a handshake for the card's login. */
#define EARLY_MS	1000u

struct token_login {
	struct token_worker *worker;
	size_t chosen;
	const struct mtls_msg_token_cert *cert;	/* the chosen one */
	EVP_PKEY *key;			/* signs through the worker */
	struct user_channel *user;
	int pin_asked, pin_answered, logged_in;
	int early;			/* user came before logged_in */
	int signed_once;		/* or was asked to */
};

/* --- the worker --- */

static enum mtls_status
token_prepare(struct login *l, struct mtls_err *err)
{
	struct token_worker_options o = { l->options->token_program,
	    l->settings, l->deadline, &l->trace };
	struct token_login *t;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	l->method_state = t;
	return token_worker_start(&o, &t->worker, err);
}

static void
token_done(struct login *l)
{
	struct token_login *t = l->method_state;

	if (t == NULL)
		return;
	user_channel_free(t->user);
	EVP_PKEY_free(t->key);
	token_worker_free(t->worker);
	free(t);
	l->method_state = NULL;
}

/* The verifier's challenge is open and its user listener has been seen. */
static enum mtls_status
token_prove(struct login *l, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err)
{
	struct token_login *t = l->method_state;
	struct mtls_bytes names = { 0, NULL };

	if (token_choice_issuers(issuers, &names, err) == MTLS_OK)
		(void)token_worker_issuers(t->worker, names.data, names.len,
		    err);
	free(names.data);
	return err->status;
}

static void
on_worker_failed(void *arg, const struct mtls_err *err)
{
	login_fail(arg, err);
}

/* --- the certificate --- */

static void log_in(struct login *l, int last_try_confirmed);

static enum mtls_status
sign(void *arg, unsigned scheme, const uint8_t *message, size_t message_len,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;

	if (!t->logged_in && token_worker_await_login(t->worker,
	    l->options->module_fd, EARLY_MS, err) != MTLS_OK)
		return err->status;
	if (l->over)
		return mtls_fail(err, MTLS_E_CANCELLED, "it is over");
	t->signed_once = 1;
	return token_worker_sign(t->worker, l->options->module_fd, scheme,
	    message, message_len, sig, sig_len, err);
}

/* The user channel is ready to be opened but for the signature. */
static enum mtls_status
use_certificate(struct login *l, struct mtls_err *err)
{
	struct token_login *t = l->method_state;
	struct mtls_identity id;
	STACK_OF(X509) *chain = NULL;
	X509 *x509 = NULL;

	memset(&id, 0, sizeof(id));
	if (mtls_der_certificate(l->machine->tls, t->cert->der.data,
	    t->cert->der.len, &x509, err) != MTLS_OK ||
	    mtls_identity_read(x509, &id, err) != MTLS_OK ||
	    token_choice_chain(l->machine->tls, &t->cert->chain, &chain,
	    err) != MTLS_OK)
		goto out;
	(void)mtls_identity_short(&id, l->certificate,
	    sizeof(l->certificate));
	/* The leaf only, where the verifier knows its issuer. */
	if (mtls_signer_key(l->machine->tls, X509_get0_pubkey(x509), sign, l,
	    &t->key, err) == MTLS_OK)
		(void)mtls_tls_use_certificate(l->machine->user_ctx, x509,
		    chain, t->key, err);
out:
	sk_X509_pop_free(chain, X509_free);
	mtls_identity_clear(&id);
	X509_free(x509);
	return err->status;
}

static void
on_last_try_answer(void *arg, const char *text, const struct mtls_err *why)
{
	struct login *l = arg;
	struct mtls_err err = *why;

	if (err.status == MTLS_OK && strcmp(text, "yes") != 0)
		(void)mtls_fail(&err, MTLS_E_CANCELLED,
		    "the last try was not confirmed");
	if (err.status != MTLS_OK)
		login_fail(l, &err);
	else
		log_in(l, 1);
}

static enum mtls_status
ask_last_try(struct login *l, struct mtls_err *err)
{
	struct token_login *t = l->method_state;
	char text[SENTENCE_MAX];

	return module_link_ask(l->module, sentence_last_try(t->cert->token,
	    text, sizeof(text)), on_last_try_answer, l, err);
}

/*
 * Where the card will want a PIN of ours it opens its session while the
 * certificate is looked at here: its question is heard only after that, from
 * the event loop. Where something is spent or asked before, that comes last.
 */
static enum mtls_status
go_on_with_certificate(struct login *l, struct mtls_err *err)
{
	uint32_t flags = ((struct token_login *)l->method_state)->cert->
	    pin_flags;

	if (flags & MTLS_PIN_FINAL_TRY) {
		if (use_certificate(l, err) == MTLS_OK)
			(void)ask_last_try(l, err);
	} else if (flags & (MTLS_PIN_PAD | MTLS_PIN_NOT_NEEDED)) {
		if (use_certificate(l, err) == MTLS_OK)
			log_in(l, 0);
	} else {
		log_in(l, 0);
		(void)use_certificate(l, err);
	}
	return err->status;
}

static void
take_certificate(struct login *l, size_t i)
{
	struct token_login *t = l->method_state;
	struct mtls_err err;

	mtls_err_clear(&err);
	t->chosen = i;
	t->cert = token_worker_cert0(t->worker, i);
	(void)mtls_text_printable(l->token, sizeof(l->token),
	    t->cert->token);
	if (token_choice_check(t->cert, l->flags, &err) == MTLS_OK)
		(void)go_on_with_certificate(l, &err);
	if (err.status != MTLS_OK)
		login_fail(l, &err);
}

static void
on_choice(void *arg, const char *text, const struct mtls_err *why)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	struct mtls_err err = *why;
	size_t i = 0;

	if (err.status == MTLS_OK)
		(void)token_choice_parse(text,
		    token_worker_n_certs(t->worker), &i, &err);
	if (err.status != MTLS_OK)
		login_fail(l, &err);
	else
		take_certificate(l, i);
}

static void
on_worker_ready(void *arg)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	char text[TOKEN_CHOICE_TEXT_MAX];
	struct mtls_err err;

	if (token_worker_n_certs(t->worker) == 1) {
		take_certificate(l, 0);
		return;
	}
	mtls_err_clear(&err);
	if (token_choice_question(t->worker, text, sizeof(text), &err) !=
	    MTLS_OK ||
	    module_link_ask(l->module, text, on_choice, l, &err) != MTLS_OK)
		login_fail(l, &err);
}

/* --- the PIN --- */

static void open_user_channel(struct login *l);

static void
log_in(struct login *l, int last_try_confirmed)
{
	struct token_login *t = l->method_state;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (t->cert->pin_flags & MTLS_PIN_PAD)
		module_link_tell(l->module, sentence_pin_pad());
	if (token_worker_login(t->worker, t->chosen, last_try_confirmed,
	    &err) != MTLS_OK)
		login_fail(l, &err);
}

/*
 * The user channel is opened as soon as the person has answered: while the
 * card looks at the PIN, the handshake comes to where it wants the signature
 * (sign() waits there). Without a PIN of ours (a PIN pad, a person who
 * types) it waits for the login. The answer of the module and that of the
 * card come in either order.
 */
static void
check_logged_in(struct login *l)
{
	struct token_login *t = l->method_state;

	if (t->user != NULL || l->over)
		return;
	if (t->pin_asked ? t->pin_answered : t->logged_in)
		open_user_channel(l);
}

static void
on_pin_answer(void *arg, const char *text, const struct mtls_err *err)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;

	trace_end(&l->trace, TRACE_PIN);
	trace_restart(&l->trace, TRACE_TOKEN_LOGIN);
	if (err->status != MTLS_OK) {
		login_fail(l, err);
		return;
	}
	if (*text != '\0') {
		struct mtls_err odd;

		mtls_err_clear(&odd);
		(void)mtls_fail(&odd, MTLS_E_PROTOCOL,
		    "an answer where none belongs");
		login_fail(l, &odd);
		return;
	}
	t->pin_answered = 1;
	check_logged_in(l);
}

static void
on_pin_wanted(void *arg, int pin_fd)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	char text[SENTENCE_MAX];
	struct mtls_err err;

	mtls_err_clear(&err);
	t->pin_asked = 1;
	trace_begin(&l->trace, TRACE_PIN);
	if (module_link_ask_secret(l->module, sentence_pin_prompt(
	    t->cert->token, t->cert->pin_flags, l->settings->pin_tries, text,
	    sizeof(text)), pin_fd, on_pin_answer, l, &err) != MTLS_OK)
		login_fail(l, &err);
}

static void
on_logged_in(void *arg, uint32_t pin_flags, const struct mtls_err *why)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	struct mtls_err err = *why;

	if (err.status == MTLS_E_PIN_WRONG)
		(void)sentence_wrong_pin(pin_flags, l->settings->pin_tries,
		    l->message, sizeof(l->message));
	else if (err.status == MTLS_OK && !t->pin_asked &&
	    !(t->cert->pin_flags & (MTLS_PIN_PAD | MTLS_PIN_NOT_NEEDED)))
		(void)mtls_fail(&err, MTLS_E_TOKEN_FAILED,
		    "mtls-token: logged in without a PIN");
	if (err.status != MTLS_OK) {
		login_fail(l, &err);
		return;
	}
	t->logged_in = 1;
	check_logged_in(l);
}

/* --- the proof --- */

/*
 * A channel that was too early for the card or for the network. Nothing was
 * signed: the next one is as good as the first.
 */
static void
open_again(struct login *l)
{
	struct token_login *t = l->method_state;

	user_channel_free(t->user);
	t->user = NULL;
	if (t->logged_in)
		check_logged_in(l);
}

/* What the card said is nearer to the cause than what TLS made of it. */
static void
on_proven(void *arg, const struct mtls_err *why)
{
	struct login *l = arg;
	struct token_login *t = l->method_state;
	struct mtls_err err;

	if (why->status != MTLS_OK && t->early && !t->signed_once) {
		open_again(l);
		return;
	}
	mtls_err_clear(&err);
	if (why->status != MTLS_OK)
		mtls_signer_error(t->key, &err);
	if (err.status == MTLS_OK)
		err = *why;
	if (err.status != MTLS_OK) {
		login_fail(l, &err);
		return;
	}
	token_worker_finish(t->worker);
	login_proven(l);
}

static void
open_user_channel(struct login *l)
{
	struct token_login *t = l->method_state;
	struct http_channel_options o = { l->base, l->machine->user_ctx,
	    l->machine->tls_min, &l->trace, TRACE_COUNT,
	    TRACE_USER_HANDSHAKE };
	struct mtls_body_proof proof;
	struct http_target target;
	struct mtls_err err;

	mtls_err_clear(&err);
	t->early = !t->logged_in;
	verifier_client_user_target(l->verifier, &target);
	memset(&proof, 0, sizeof(proof));
	proof.version = 1;
	memcpy(proof.challenge, device_channel_challenge0(
	    verifier_client_device0(l->verifier)), MTLS_ID_BYTES);
	proof.user = l->open.user;
	proof.service = l->open.service;
	proof.host = l->open.host;
	proof.method = l->open.method;
	if (user_channel_prove(&o, &target, &proof, on_proven, l, &t->user,
	    &err) != MTLS_OK)
		login_fail(l, &err);
}

static enum mtls_status
token_start(struct login *l, struct mtls_err *err)
{
	struct token_worker_events events = { on_worker_ready, on_pin_wanted,
	    on_logged_in, on_worker_failed, l };
	struct token_login *t = l->method_state;

	return token_worker_listen(t->worker, l->base, &events, err);
}

const struct method method_token = {
	"token", token_prepare, token_start, token_prove, token_done
};

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * In the order of this file: the worker is started and told what the
 * verifier accepts; a certificate is chosen; the PIN is asked for, once; the
 * card signs.
 */
#include "config.h"

#include "client/card_login.h"

#include <stdlib.h>
#include <string.h>

#include "client/sentence.h"
#include "client/token_choice.h"
#include "mtls/identity.h"
#include "mtls/login.h"
#include "mtls/pem.h"
#include "mtls/signer.h"
#include "mtls/text.h"

/* How long a verifier is kept waiting in a handshake for the card's login. */
#define EARLY_MS	1000u

struct card_login {
	struct card_login_options o;
	struct card_login_owner owner;
	struct token_worker *worker;
	struct mtls_tls *tls;
	SSL_CTX *ctx;
	size_t chosen;
	const struct mtls_msg_token_cert *cert;	/* the chosen one */
	EVP_PKEY *key;			/* signs through the worker */
	int pin_asked, pin_answered, logged_in;
	int opened;			/* usable was called */
	int early;			/* before logged_in */
	int signed_once;		/* or was asked to */
	int over;
};

static void
fail_with(struct card_login *c, const struct mtls_err *err,
    const char *sentence)
{
	if (c->over)
		return;
	c->over = 1;
	c->owner.failed(c->owner.arg, err, sentence);
}

static void
fail(struct card_login *c, const struct mtls_err *err)
{
	fail_with(c, err, "");
}

/* --- the worker --- */

enum mtls_status
card_login_start(const struct card_login_options *options,
    const struct card_login_owner *owner, struct card_login **ret,
    struct mtls_err *err)
{
	struct card_login *c;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	c->o = *options;
	c->owner = *owner;
	if (token_worker_start(&options->worker, &c->worker, err) !=
	    MTLS_OK) {
		free(c);
		return err->status;
	}
	*ret = c;
	return MTLS_OK;
}

void
card_login_free(struct card_login *c)
{
	if (c == NULL)
		return;
	EVP_PKEY_free(c->key);
	token_worker_free(c->worker);
	free(c);
}

void
card_login_finish(struct card_login *c)
{
	token_worker_finish(c->worker);
}

enum mtls_status
card_login_issuers(struct card_login *c, struct mtls_tls *tls, SSL_CTX *ctx,
    STACK_OF(X509_NAME) *issuers, struct mtls_err *err)
{
	struct mtls_bytes names = { 0, NULL };

	c->tls = tls;
	c->ctx = ctx;
	if (token_choice_issuers(issuers, &names, err) == MTLS_OK)
		(void)token_worker_issuers(c->worker, names.data, names.len,
		    err);
	free(names.data);
	return err->status;
}

static void
on_worker_failed(void *arg, const struct mtls_err *err)
{
	fail(arg, err);
}

/* --- the certificate --- */

static void log_in(struct card_login *c, int last_try_confirmed);

static enum mtls_status
sign(void *arg, unsigned scheme, const uint8_t *message, size_t message_len,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	struct card_login *c = arg;

	if (!c->logged_in && token_worker_await_login(c->worker,
	    c->o.watch_fd, EARLY_MS, err) != MTLS_OK)
		return err->status;
	if (c->over)
		return mtls_fail(err, MTLS_E_CANCELLED, "it is over");
	c->signed_once = 1;
	return token_worker_sign(c->worker, c->o.watch_fd, scheme, message,
	    message_len, sig, sig_len, err);
}

static void
name_certificate(struct card_login *c, const struct mtls_identity *id)
{
	char name[512 + 1];

	(void)mtls_identity_short(id, name, sizeof(name));
	c->owner.certificate_chosen(c->owner.arg, name);
}

/* The connection is ready to be opened but for the signature. */
static enum mtls_status
use_certificate(struct card_login *c, struct mtls_err *err)
{
	struct mtls_identity id;
	STACK_OF(X509) *chain = NULL;
	X509 *x509 = NULL;

	memset(&id, 0, sizeof(id));
	if (mtls_der_certificate(c->tls, c->cert->der.data, c->cert->der.len,
	    &x509, err) != MTLS_OK ||
	    mtls_identity_read(x509, &id, err) != MTLS_OK ||
	    token_choice_chain(c->tls, &c->cert->chain, &chain, err) !=
	    MTLS_OK)
		goto out;
	name_certificate(c, &id);
	/* The leaf only, where the verifier knows its issuer. */
	if (mtls_signer_key(c->tls, X509_get0_pubkey(x509), sign, c, &c->key,
	    err) == MTLS_OK)
		(void)mtls_tls_use_certificate(c->ctx, x509, chain, c->key,
		    err);
out:
	sk_X509_pop_free(chain, X509_free);
	mtls_identity_clear(&id);
	X509_free(x509);
	return err->status;
}

static void
on_last_try_answer(void *arg, const char *text, const struct mtls_err *why)
{
	struct card_login *c = arg;
	struct mtls_err err = *why;

	if (err.status == MTLS_OK && strcmp(text, "yes") != 0)
		(void)mtls_fail(&err, MTLS_E_CANCELLED,
		    "the last try was not confirmed");
	if (err.status != MTLS_OK)
		fail(c, &err);
	else
		log_in(c, 1);
}

static enum mtls_status
ask_last_try(struct card_login *c, struct mtls_err *err)
{
	char text[SENTENCE_MAX];

	return c->owner.ask(c->owner.arg, sentence_last_try(c->cert->token,
	    text, sizeof(text)), on_last_try_answer, c, err);
}

/*
 * Where the card will want a PIN of ours it opens its session while the
 * certificate is looked at here: its question is heard only after that, from
 * the event loop. Where something is spent or asked before, that comes last.
 */
static enum mtls_status
go_on_with_certificate(struct card_login *c, struct mtls_err *err)
{
	uint32_t flags = c->cert->pin_flags;

	if (flags & MTLS_PIN_FINAL_TRY) {
		if (use_certificate(c, err) == MTLS_OK)
			(void)ask_last_try(c, err);
	} else if (flags & (MTLS_PIN_PAD | MTLS_PIN_NOT_NEEDED)) {
		if (use_certificate(c, err) == MTLS_OK)
			log_in(c, 0);
	} else {
		log_in(c, 0);
		(void)use_certificate(c, err);
	}
	return err->status;
}

static void
take_certificate(struct card_login *c, size_t i)
{
	char label[256 + 1];
	struct mtls_err err;

	mtls_err_clear(&err);
	c->chosen = i;
	c->cert = token_worker_cert0(c->worker, i);
	c->owner.token_chosen(c->owner.arg, mtls_text_printable(label,
	    sizeof(label), c->cert->token));
	if (token_choice_check(c->cert, c->o.insist_on_pin, &err) == MTLS_OK)
		(void)go_on_with_certificate(c, &err);
	if (err.status != MTLS_OK)
		fail(c, &err);
}

static void
on_choice(void *arg, const char *text, const struct mtls_err *why)
{
	struct card_login *c = arg;
	struct mtls_err err = *why;
	size_t i = 0;

	if (err.status == MTLS_OK)
		(void)token_choice_parse(text,
		    token_worker_n_certs(c->worker), &i, &err);
	if (err.status != MTLS_OK)
		fail(c, &err);
	else
		take_certificate(c, i);
}

static void
on_worker_ready(void *arg)
{
	struct card_login *c = arg;
	char text[TOKEN_CHOICE_TEXT_MAX];
	struct mtls_err err;

	if (token_worker_n_certs(c->worker) == 1) {
		take_certificate(c, 0);
		return;
	}
	mtls_err_clear(&err);
	if (token_choice_question(c->tls, c->worker, text, sizeof(text),
	    &err) != MTLS_OK ||
	    c->owner.ask(c->owner.arg, text, on_choice, c, &err) != MTLS_OK)
		fail(c, &err);
}

/* --- the PIN --- */

static void
log_in(struct card_login *c, int last_try_confirmed)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	if (c->cert->pin_flags & MTLS_PIN_PAD)
		c->owner.tell(c->owner.arg, sentence_pin_pad());
	if (token_worker_login(c->worker, c->chosen, last_try_confirmed,
	    &err) != MTLS_OK)
		fail(c, &err);
}

/*
 * The connection is opened as soon as the person has answered: while the card
 * looks at the PIN, the handshake comes to where it wants the signature
 * (sign() waits there). Without a PIN of ours (a PIN pad, a person who
 * types) it waits for the login. The answer of the person's side and that of
 * the card come in either order.
 */
static void
check_usable(struct card_login *c)
{
	if (c->opened || c->over)
		return;
	if (!(c->pin_asked ? c->pin_answered : c->logged_in))
		return;
	c->opened = 1;
	c->early = !c->logged_in;
	c->owner.usable(c->owner.arg);
}

static void
on_pin_answer(void *arg, const char *text, const struct mtls_err *why)
{
	struct card_login *c = arg;
	struct mtls_err err = *why;

	trace_end(c->o.worker.trace, TRACE_PIN);
	trace_restart(c->o.worker.trace, TRACE_TOKEN_LOGIN);
	if (err.status == MTLS_OK && *text != '\0')
		(void)mtls_fail(&err, MTLS_E_PROTOCOL,
		    "an answer where none belongs");
	if (err.status != MTLS_OK) {
		fail(c, &err);
		return;
	}
	c->pin_answered = 1;
	check_usable(c);
}

static void
on_pin_wanted(void *arg, int pin_fd)
{
	struct card_login *c = arg;
	char text[SENTENCE_MAX];
	struct mtls_err err;

	mtls_err_clear(&err);
	c->pin_asked = 1;
	trace_begin(c->o.worker.trace, TRACE_PIN);
	if (c->owner.ask_secret(c->owner.arg, sentence_pin_prompt(
	    c->cert->token, c->cert->pin_flags, c->o.worker.token.pin_tries,
	    text, sizeof(text)), pin_fd, on_pin_answer, c, &err) != MTLS_OK)
		fail(c, &err);
}

static void
on_logged_in(void *arg, uint32_t pin_flags, const struct mtls_err *why)
{
	struct card_login *c = arg;
	char sentence[SENTENCE_MAX] = "";
	struct mtls_err err = *why;

	if (err.status == MTLS_E_PIN_WRONG)
		(void)sentence_wrong_pin(pin_flags,
		    c->o.worker.token.pin_tries, sentence, sizeof(sentence));
	else if (err.status == MTLS_OK && !c->pin_asked &&
	    !(c->cert->pin_flags & (MTLS_PIN_PAD | MTLS_PIN_NOT_NEEDED)))
		(void)mtls_fail(&err, MTLS_E_TOKEN_FAILED,
		    "mtls-token: logged in without a PIN");
	if (err.status != MTLS_OK) {
		fail_with(c, &err, sentence);
		return;
	}
	c->logged_in = 1;
	check_usable(c);
}

enum mtls_status
card_login_listen(struct card_login *c, struct event_base *base,
    struct mtls_err *err)
{
	struct token_worker_events events = { on_worker_ready, on_pin_wanted,
	    on_logged_in, on_worker_failed, c };

	return token_worker_listen(c->worker, base, &events, err);
}

/* --- the connection --- */

int
card_login_was_early(const struct card_login *c)
{
	return c->early && !c->signed_once;
}

void
card_login_again(struct card_login *c)
{
	c->opened = 0;
	if (c->logged_in)
		check_usable(c);
}

void
card_login_reason(const struct card_login *c, struct mtls_err *err)
{
	struct mtls_err card;

	mtls_err_clear(&card);
	if (c->key != NULL)
		mtls_signer_error(c->key, &card);
	if (card.status != MTLS_OK)
		*err = card;
}

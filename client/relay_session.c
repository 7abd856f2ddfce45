/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Two TLS connections through the gateway: one to look at the verifier and
 * at whose certificates it accepts, before anybody is asked for a PIN; one
 * that the card signs, and on which the proof goes. In the order of this
 * file: what is expected of a prompt, the connections, the proof, the answer.
 */
#include "config.h"

#include "client/relay_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/http_text.h"
#include "client/relay_tls.h"
#include "client/taken.h"
#include "mtls/body.h"
#include "mtls/text.h"

enum relay_state {
	RELAY_HELLO,		/* nothing has come yet */
	RELAY_LOOKING,		/* at the verifier; no certificate is sent */
	RELAY_PROVING,		/* a handshake with the card */
	RELAY_ASKED,		/* the proof is on its way */
	RELAY_TAKEN,		/* and was taken */
	RELAY_OVER		/* it will be answered with "fail" */
};

struct relay_session {
	struct person_options o;
	struct relay_meant meant;
	enum relay_state state;

	unsigned seq;			/* of the next prompt */
	unsigned connection;
	int said_more;			/* in the last answer */
	int ended;			/* the verifier closed it */
	size_t n_to, n_from;		/* bytes */
	char why[RELAY_SENTENCE_SIZE];	/* it is over */

	const struct settings_server *server;
	uint8_t challenge[MTLS_ID_BYTES];
	char host[254];			/* the gateway, as it was opened */
	SSL_CTX *ctx;
	struct person_card *card;
	struct relay_tls *tls;
	char *answer;			/* of the verifier, so far */
	size_t answer_len;
	struct mtls_relay_record record;	/* the one at hand */
};

enum mtls_status
relay_session_new(const struct person_options *options,
    const struct relay_meant *meant, struct relay_session **ret,
    struct mtls_err *err)
{
	struct mtls_tls_client_options tls = {
		.ca_file = options->settings->ca,
		.min = (enum mtls_tls_min)options->settings->tls_min };
	struct relay_session *s;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	s->o = *options;
	s->meant = *meant;
	s->answer = malloc(HTTP_TEXT_MAX + 1);
	if (s->answer == NULL)
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	else if (mtls_tls_client_ctx(options->tls, &tls, &s->ctx, err) ==
	    MTLS_OK) {
		*ret = s;
		return MTLS_OK;
	}
	relay_session_free(s);
	return err->status;
}

/* Everything that has to do with the card and the verifier. */
static void
let_go(struct relay_session *s)
{
	relay_tls_free(s->tls);
	person_card_free(s->card);
	s->tls = NULL;
	s->card = NULL;
}

void
relay_session_free(struct relay_session *s)
{
	if (s == NULL)
		return;
	let_go(s);
	SSL_CTX_free(s->ctx);
	free(s->answer);
	free(s);
}

/* --- what is expected --- */

static enum mtls_status
check_order(const struct relay_session *s, const struct mtls_relay_record *r,
    struct mtls_err *err)
{
	if (r->seq == 0 && s->seq > 0)
		return mtls_fail(err, MTLS_E_PROTOCOL, "the gateway begins "
		    "again: it did not take the answer, and may let nobody "
		    "in by that name");
	if (r->seq != s->seq)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "prompt %u of the gateway came where %u belongs", r->seq,
		    s->seq);
	if (r->connection != s->connection)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the gateway speaks of another connection");
	if (s->ended && r->len > 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the gateway speaks for a connection that has ended");
	if (r->flag == MTLS_RELAY_IDLE && r->len == 0 && !s->said_more)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the gateway asked without having anything to say");
	return MTLS_OK;
}

/* --- the connections --- */

static enum mtls_status
connect_to(struct relay_session *s, enum relay_state state,
    struct mtls_err *err)
{
	relay_tls_free(s->tls);
	s->tls = NULL;
	if (s->connection == MTLS_RELAY_CONNECTIONS)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "too many connections to the verifier were needed");
	s->connection++;
	s->ended = 0;
	s->answer_len = 0;
	s->state = state;
	return relay_tls_new(s->ctx, s->server->name, state == RELAY_LOOKING,
	    &s->tls, err);
}

static enum mtls_status
on_hello(struct relay_session *s, const struct mtls_relay_record *r,
    struct mtls_err *err)
{
	struct mtls_body_relay hello;

	memset(&hello, 0, sizeof(hello));
	if (mtls_body_parse(MTLS_BODY_RELAY, (const char *)r->data, r->len,
	    &hello, err) != MTLS_OK) {
		mtls_err_context(err, "the gateway's first prompt");
		return err->status;
	}
	if (relay_meant_check(&s->meant, s->o.settings, &hello, &s->server,
	    err) == MTLS_OK) {
		memcpy(s->challenge, hello.challenge, MTLS_ID_BYTES);
		/* In the gateway's letters, which the verifier has. */
		(void)snprintf(s->host, sizeof(s->host), "%s", hello.host);
		if (person_card_new(&s->o, &s->card, err) == MTLS_OK)
			(void)connect_to(s, RELAY_LOOKING, err);
	}
	mtls_body_clear(MTLS_BODY_RELAY, &hello);
	return err->status;
}

/* The verifier is who it must be: now the card and its PIN. */
static enum mtls_status
look(struct relay_session *s, struct mtls_err *err)
{
	SSL *ssl = relay_tls_ssl0(s->tls);
	STACK_OF(X509_NAME) *issuers = NULL;
	enum mtls_status status = relay_tls_handshake(s->tls, err);

	if (status != MTLS_OK)
		return status;
	if (!mtls_tls_stopped_before_certificate(ssl))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier asks for no certificate");
	if (mtls_tls_accepted_issuers(ssl, &issuers, err) == MTLS_OK &&
	    person_card_unlock(s->card, s->ctx, issuers, err) == MTLS_OK)
		(void)connect_to(s, RELAY_PROVING, err);
	sk_X509_NAME_pop_free(issuers, X509_NAME_free);
	return err->status;
}

/* --- the proof --- */

static enum mtls_status
send_proof(struct relay_session *s, struct mtls_err *err)
{
	static char method[] = "relay";
	struct mtls_body_proof proof;
	char *json = NULL, *text = NULL;
	size_t len;

	memset(&proof, 0, sizeof(proof));
	proof.version = 1;
	memcpy(proof.challenge, s->challenge, MTLS_ID_BYTES);
	/* Formatting reads only. */
	proof.user = (char *)(uintptr_t)s->meant.user;
	proof.service = (char *)(uintptr_t)s->meant.service;
	proof.host = s->host;
	proof.method = method;
	if (mtls_body_format(MTLS_BODY_PROOF, &proof, &json, &len, err) ==
	    MTLS_OK &&
	    http_text_post(s->server->name, s->server->user_port,
	    "/v1/proofs", json, &text, &len, err) == MTLS_OK &&
	    relay_tls_write(s->tls, text, len, err) == MTLS_OK)
		s->state = RELAY_ASKED;
	free(text);
	free(json);
	return err->status;
}

static enum mtls_status
prove(struct relay_session *s, struct mtls_err *err)
{
	enum mtls_status status = relay_tls_handshake(s->tls, err);

	if (status == MTLS_E_AGAIN)
		return status;
	if (status != MTLS_OK) {
		/* Gone before the card is asked whether it was too early. */
		relay_tls_free(s->tls);
		s->tls = NULL;
		if (person_card_again(s->card, err) == MTLS_OK)
			(void)connect_to(s, RELAY_PROVING, err);
		return err->status;
	}
	if (mtls_tls_check_peer(relay_tls_ssl0(s->tls),
	    (enum mtls_tls_min)s->o.settings->tls_min, err) != MTLS_OK)
		return err->status;
	person_card_finish(s->card);
	return send_proof(s, err);
}

static enum mtls_status
read_answer(struct relay_session *s, struct mtls_err *err)
{
	struct http_answer answer;
	enum mtls_status status;
	size_t n;

	if (s->answer_len == HTTP_TEXT_MAX)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier's answer is too long");
	status = relay_tls_read(s->tls, s->answer + s->answer_len,
	    HTTP_TEXT_MAX - s->answer_len, &n, err);
	if (status != MTLS_OK)
		return status;
	s->answer_len += n;
	s->answer[s->answer_len] = '\0';
	status = http_text_parse(s->answer, s->answer_len, &answer, err);
	if (status == MTLS_E_AGAIN)
		return MTLS_OK;		/* there may be more to read */
	if (status == MTLS_OK)
		status = taken_read(&answer, s->challenge, err);
	if (status == MTLS_OK)
		s->state = RELAY_TAKEN;
	return status;
}

/* As far as it goes without more bytes. */
static enum mtls_status
advance(struct relay_session *s, struct mtls_err *err)
{
	unsigned connection = s->connection;
	enum mtls_status status = MTLS_OK;

	while (status == MTLS_OK && s->state != RELAY_TAKEN) {
		if (s->state == RELAY_LOOKING)
			status = look(s, err);
		else if (s->state == RELAY_PROVING)
			status = prove(s, err);
		else
			status = read_answer(s, err);
	}
	if (status == MTLS_E_AGAIN)
		status = MTLS_OK;
	/* What it said before it closed comes first. */
	if (status == MTLS_OK && s->ended && s->state != RELAY_TAKEN &&
	    s->connection == connection)
		status = mtls_fail(err, MTLS_E_CLOSED,
		    "the verifier closed the connection");
	if (status != MTLS_OK && s->server != NULL &&
	    (status == MTLS_E_PEER || status == MTLS_E_PROTOCOL ||
	    status == MTLS_E_CLOSED || status == MTLS_E_REFUSED))
		mtls_err_context(err, "%s", s->server->name);
	return status;
}

/* --- the answer --- */

static enum mtls_status
emit(struct relay_session *s, char *answer, struct mtls_err *err)
{
	struct mtls_relay_record *r = &s->record;

	r->seq = s->seq;
	r->connection = s->connection;
	r->flag = MTLS_RELAY_DONE;
	r->len = 0;
	if (s->state != RELAY_TAKEN) {
		r->len = relay_tls_take(s->tls, r->data,
		    MTLS_RELAY_ANSWER_BYTES);
		s->n_to += r->len;
		s->said_more = relay_tls_pending(s->tls) > 0;
		r->flag = s->said_more ? MTLS_RELAY_MORE : MTLS_RELAY_IDLE;
	}
	if (s->n_to > MTLS_RELAY_TO_VERIFIER)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "more was to be sent than a relay carries");
	return mtls_relay_format_answer(r, answer, err);
}

static enum mtls_status
take_prompt(struct relay_session *s, const char *prompt, char *answer,
    struct mtls_err *err)
{
	struct mtls_relay_record *r = &s->record;

	if (mtls_relay_parse_prompt(prompt, r, err) != MTLS_OK ||
	    check_order(s, r, err) != MTLS_OK)
		return err->status;
	s->n_from += r->len;
	if (s->n_from > MTLS_RELAY_FROM_VERIFIER)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "more came than a relay carries");
	s->ended |= r->flag == MTLS_RELAY_END;
	if ((s->state == RELAY_HELLO ? on_hello(s, r, err) :
	    relay_tls_put(s->tls, r->data, r->len, err)) != MTLS_OK ||
	    advance(s, err) != MTLS_OK ||
	    emit(s, answer, err) != MTLS_OK)
		return err->status;
	s->seq++;
	return MTLS_OK;
}

void
relay_session_refuse(const char *prompt, const char *reason,
    char answer[MTLS_RELAY_ANSWER_MAX + 1])
{
	struct mtls_relay_record *r = calloc(1, sizeof(*r));
	struct mtls_err err;

	answer[0] = '\0';
	if (r == NULL)
		return;
	mtls_err_clear(&err);
	if (mtls_relay_parse_prompt(prompt, r, &err) != MTLS_OK)
		r->seq = r->connection = 0;
	r->flag = MTLS_RELAY_FAIL;
	(void)mtls_text_printable((char *)r->data,
	    MTLS_RELAY_REASON_MAX + 1, reason);
	r->len = strlen((char *)r->data);
	mtls_err_clear(&err);
	if (mtls_relay_format_answer(r, answer, &err) != MTLS_OK)
		answer[0] = '\0';
	free(r);
}

void
relay_session_answer(struct relay_session *s, const char *prompt,
    char answer[MTLS_RELAY_ANSWER_MAX + 1],
    char sentence[RELAY_SENTENCE_SIZE])
{
	struct mtls_err err;

	sentence[0] = '\0';
	mtls_err_clear(&err);
	if (s->state == RELAY_TAKEN) {
		(void)mtls_fail(&err, MTLS_E_REFUSED, "the card has signed, "
		    "and the gateway asks again: the login was refused");
	} else if (s->state == RELAY_OVER) {
		relay_session_refuse(prompt, s->why, answer);
		return;
	} else if (take_prompt(s, prompt, answer, &err) == MTLS_OK) {
		if (s->state == RELAY_TAKEN)
			let_go(s);
		return;
	}
	s->state = RELAY_OVER;
	let_go(s);
	(void)snprintf(s->why, sizeof(s->why), "%s", err.text);
	(void)snprintf(sentence, RELAY_SENTENCE_SIZE, "%s", err.text);
	relay_session_refuse(prompt, err.text, answer);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The order of things in mtls-token. Each message is taken once; whatever
 * else comes ends the process, and the helper takes that for "no". Nothing
 * that is said from here can let anybody in: it is a certificate, a
 * signature, or the reason why there is none.
 */
#include "config.h"

#include "worker.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "choose.h"
#include "mtls/message.h"
#include "mtls/pkcs11.h"
#include "mtls/process.h"
#include "mtls/secret.h"
#include "mtls/signer.h"
#include "offer.h"
#include "pin.h"
#include "sandbox.h"

#define LONGEST_LOGIN_MS 600000u

struct worker {
	int fd;
	struct mtls_deadline deadline;
	int answered;			/* nothing is owed to the helper */
	const char *note;		/* for the log, beside the reason */
	struct mtls_pkcs11 *p11;
	struct mtls_pkcs11_list list;
	struct token_choices choices;
	struct mtls_pkcs11_session *session;
	struct mtls_secret *pin;
};

/* A message of that type and no other. */
static enum mtls_status
receive(struct worker *w, enum mtls_message_type type,
    struct mtls_message *ret, struct mtls_err *err)
{
	enum mtls_status status;
	int fd = -1;

	w->answered = 0;
	status = mtls_message_recv(w->fd, ret, &fd, w->deadline, err);
	if (fd != -1)
		close(fd);
	if (status == MTLS_OK && ret->type != type) {
		status = mtls_fail(err, MTLS_E_PROTOCOL, "%s where %s "
		    "belongs", mtls_message_name(ret->type),
		    mtls_message_name(type));
		mtls_message_clear(ret);
	}
	return status;
}

/* An answer; without it the helper waits, unless this process ends. */
static enum mtls_status
answer(struct worker *w, const struct mtls_message *m, struct mtls_err *err)
{
	enum mtls_status status;

	status = mtls_message_send(w->fd, m, -1, w->deadline, err);
	w->answered = status == MTLS_OK;
	return status;
}

/* Everything before the first byte of foreign code. */
static enum mtls_status
close_sandbox(struct worker *w, const struct mtls_msg_token_open *open_m,
    struct mtls_err *err)
{
	struct token_sandbox sandbox = { .module = open_m->module,
		.writable = &open_m->writable };
	enum mtls_status status;

	/* While still root, if it was: nobody else may have written it. */
	status = mtls_pkcs11_module_check(open_m->module, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_uri_check(open_m->uri, err);
	if (status == MTLS_OK)
		status = mtls_process_become(open_m->account, err);
	if (status == MTLS_OK)
		status = token_sandbox_enter(&sandbox, err);
	if (sandbox.no_landlock)
		w->note = "; no Landlock in this kernel, files are not "
		    "confined";
	return status;
}

/* A reader with a blank card, as SoftHSM always has one, is no card. */
static enum mtls_status
check_not_blank(const struct mtls_pkcs11_list *list, struct mtls_err *err)
{
	for (size_t i = 0; i < list->n_tokens; i++) {
		if (list->tokens[i].initialized)
			return MTLS_OK;
	}
	return mtls_fail(err, MTLS_E_TOKEN_ABSENT,
	    "no card but one that is blank");
}

static enum mtls_status
open_token(struct worker *w, struct mtls_err *err)
{
	struct mtls_message m;
	enum mtls_status status;

	status = receive(w, MTLS_MSG_TOKEN_OPEN, &m, err);
	if (status != MTLS_OK)
		return status;
	status = close_sandbox(w, &m.u.token_open, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_open(m.u.token_open.module, &w->p11,
		    err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_list(w->p11, m.u.token_open.uri,
		    &w->list, err);
	if (status == MTLS_OK)
		status = check_not_blank(&w->list, err);
	mtls_message_clear(&m);
	return status;
}

static enum mtls_status
send_ready(struct worker *w, enum mtls_status outcome, const char *reason,
    struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_READY };
	char text[500];

	/* Both are short; a cut could not fall into a character of ours. */
	strncpy(text, reason, TOKEN_REASON_MAX);
	text[TOKEN_REASON_MAX] = '\0';
	if (w->note != NULL && strlen(text) + strlen(w->note) < sizeof(text))
		strcat(text, w->note);
	m.u.token_ready.status = (uint8_t)outcome;
	m.u.token_ready.n_certs = outcome == MTLS_OK ?
	    (uint32_t)w->choices.n : 0;
	m.u.token_ready.reason = text;
	return answer(w, &m, err);
}

static enum mtls_status
offer(struct worker *w, struct mtls_err *err)
{
	struct mtls_message m;
	enum mtls_status status;

	status = receive(w, MTLS_MSG_TOKEN_ISSUERS, &m, err);
	if (status != MTLS_OK)
		return status;
	status = token_choose(&w->list, &m.u.token_issuers.names,
	    (int64_t)time(NULL), &w->choices, err);
	mtls_message_clear(&m);
	if (status == MTLS_OK && w->choices.n == 0)
		status = mtls_fail(err, MTLS_E_TOKEN_UNUSABLE, "%s",
		    w->choices.reason);
	for (size_t i = 0; status == MTLS_OK && i < w->choices.n; i++)
		status = token_offer_send(w->fd, &w->list, &w->choices, i,
		    w->deadline, err);
	if (status != MTLS_OK)
		return status;
	return send_ready(w, MTLS_OK, w->choices.reason, err);
}

/* Everything from "this certificate" to a session that can sign. */
static enum mtls_status
log_in(struct worker *w, const struct mtls_msg_token_login *m,
    uint32_t *flags, struct mtls_err *err)
{
	enum mtls_pkcs11_last_try last_try = m->last_try_confirmed ?
	    MTLS_PKCS11_SPEND_LAST_TRY : MTLS_PKCS11_KEEP_LAST_TRY;
	const struct mtls_pkcs11_cert *cert;
	enum mtls_status status;

	if (m->index >= w->choices.n)
		return mtls_fail(err, MTLS_E_PROTOCOL, "no certificate %u",
		    (unsigned)m->index);
	cert = &w->list.certs[w->choices.at[m->index].cert];
	status = mtls_pkcs11_session_open(w->p11,
	    &w->list.tokens[cert->token], MTLS_PKCS11_READ, &w->session, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_pin_flags(w->session, flags, err);
	if (status != MTLS_OK)
		return status;
	if ((*flags & (MTLS_PIN_PAD | MTLS_PIN_NOT_NEEDED)) == 0) {
		/* Nobody is asked for a PIN that would not be used. */
		status = mtls_pkcs11_pin_check(w->session, last_try, err);
		if (status != MTLS_OK)
			return status;
		w->pin = mtls_secret_new(MTLS_PKCS11_PIN_MAX);
		if (w->pin == NULL)
			return mtls_fail(err, MTLS_E_MEMORY, "PIN");
		status = token_pin_ask(w->fd, m->index, w->pin, w->deadline,
		    err);
		if (status != MTLS_OK)
			return status;
	}
	status = mtls_pkcs11_login(w->session, w->pin, last_try, flags, err);
	if (status == MTLS_OK)
		status = mtls_pkcs11_key(w->session, cert, err);
	return status;
}

static enum mtls_status
answer_login(struct worker *w, struct mtls_err *err)
{
	struct mtls_message reply = { .type = MTLS_MSG_TOKEN_LOGGED_IN };
	struct mtls_message m;
	struct mtls_err why;
	enum mtls_status status;
	uint32_t flags = 0;

	status = receive(w, MTLS_MSG_TOKEN_LOGIN, &m, err);
	if (status != MTLS_OK)
		return status;
	mtls_err_clear(&why);
	status = log_in(w, &m.u.token_login, &flags, &why);
	mtls_message_clear(&m);
	if (status != MTLS_OK) {
		mtls_pkcs11_session_close(w->session);
		w->session = NULL;
	}
	reply.u.token_logged_in.status = (uint8_t)status;
	reply.u.token_logged_in.pin_flags = flags;
	reply.u.token_logged_in.reason = why.text;
	if (answer(w, &reply, err) != MTLS_OK)
		return err->status;
	return status == MTLS_OK ? MTLS_OK : mtls_fail(err, status, "%s",
	    why.text);
}

static enum mtls_status
answer_sign(struct worker *w, struct mtls_err *err)
{
	struct mtls_message reply = { .type = MTLS_MSG_TOKEN_SIGNATURE };
	uint8_t sig[MTLS_SIGNATURE_MAX];
	size_t len = sizeof(sig);
	struct mtls_message m;
	struct mtls_err why;
	enum mtls_status status;

	status = receive(w, MTLS_MSG_TOKEN_SIGN, &m, err);
	if (status != MTLS_OK)
		return status;
	mtls_err_clear(&why);
	status = mtls_pkcs11_sign(w->session, m.u.token_sign.scheme,
	    m.u.token_sign.message.data, m.u.token_sign.message.len, sig,
	    &len, &why);
	mtls_message_clear(&m);
	reply.u.token_signature.status = (uint8_t)status;
	reply.u.token_signature.reason = why.text;
	if (status == MTLS_OK) {
		reply.u.token_signature.signature.data = sig;
		reply.u.token_signature.signature.len = len;
	}
	return answer(w, &reply, err);
}

/*
 * After an answer that says why it ends, the socket stays open until the
 * helper has read it: TOKEN_ISSUERS may be on the way.
 */
static void
wait_for_close(struct worker *w)
{
	struct mtls_message m;
	struct mtls_err err;
	enum mtls_status status;
	int fd;

	do {
		fd = -1;
		mtls_err_clear(&err);
		status = mtls_message_recv(w->fd, &m, &fd, w->deadline, &err);
		if (fd != -1)
			close(fd);
		if (status == MTLS_OK)
			mtls_message_clear(&m);
	} while (status == MTLS_OK);
}

void
token_work(int fd)
{
	struct worker w = { .fd = fd };
	struct mtls_err err, ignored;
	enum mtls_status status;

	mtls_err_clear(&err);
	mtls_err_clear(&ignored);
	w.deadline = mtls_deadline_in_ms(LONGEST_LOGIN_MS);
	status = open_token(&w, &err);
	if (status == MTLS_OK)
		status = offer(&w, &err);
	if (status != MTLS_OK)
		(void)send_ready(&w, status, err.text, &ignored);
	if (status == MTLS_OK)
		status = answer_login(&w, &err);
	if (status == MTLS_OK)
		status = answer_sign(&w, &err);
	/* The card is logged out whether or not anybody still listens. */
	mtls_pkcs11_session_close(w.session);
	if (w.answered)
		wait_for_close(&w);
	mtls_secret_free(w.pin);
	token_choices_clear(&w.choices);
	mtls_pkcs11_list_clear(&w.list);
	mtls_pkcs11_close(w.p11);
}

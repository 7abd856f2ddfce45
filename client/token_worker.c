/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting mtls-token, talking to it, ending it.
 */
#include "config.h"

#include "client/token_worker.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/token_process.h"
#include "mtls/signer.h"

#define LOGOUT_MS 500	/* for logging out of the card */

/* What may come now. */
enum worker_state {
	WORKER_OPENED,		/* TOKEN_READY with a failure */
	WORKER_LISTING,		/* TOKEN_CERT, TOKEN_READY */
	WORKER_LISTED,		/* nothing */
	WORKER_LOGGING_IN,	/* TOKEN_PIN, TOKEN_LOGGED_IN */
	WORKER_PIN_SENT,	/* TOKEN_LOGGED_IN */
	WORKER_LOGGED_IN,	/* nothing, but TOKEN_SIGNATURE to a question */
	WORKER_ENDED
};

struct token_worker {
	struct token_worker_options options;
	struct token_worker_events events;
	struct token_process process;
	struct event *readable;
	enum worker_state state;
	struct mtls_message certs[TOKEN_WORKER_MAX_CERTS];
	size_t n_certs;
};

static void
end_with(struct token_worker *t, const struct mtls_err *err)
{
	t->state = WORKER_ENDED;
	(void)event_del(t->readable);
	t->events.failed(t->events.arg, err);
}

/*
 * Whatever a card or its library does, to the login it is a broken card;
 * only the deadline is the login's own.
 */
static enum mtls_status
blame_token(struct mtls_err *err, const struct mtls_err *why)
{
	if (why->status == MTLS_E_CLOSED)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "mtls-token ended (a crash of the PKCS#11 module?)");
	if (why->status == MTLS_E_TIMEOUT)
		return mtls_fail(err, MTLS_E_TIMEOUT, "mtls-token: %s",
		    why->text);
	return mtls_fail(err, MTLS_E_TOKEN_FAILED, "mtls-token: %s",
	    why->text);
}

static enum mtls_status
not_expected(const struct mtls_message *m, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_TOKEN_FAILED,
	    "mtls-token: %s is not expected now",
	    mtls_message_name((unsigned)m->type));
}

/* The status that mtls-token reports, with its reason. */
static enum mtls_status
reported(unsigned status, const char *reason, struct mtls_err *err)
{
	if (status == MTLS_OK)
		return MTLS_OK;
	return mtls_fail(err, (enum mtls_status)status, "%s",
	    *reason == '\0' ? "mtls-token gave no reason" : reason);
}

/* Takes the message over where it succeeds. */
static enum mtls_status
take_cert(struct token_worker *t, struct mtls_message *m,
    struct mtls_err *err)
{
	if (t->n_certs == TOKEN_WORKER_MAX_CERTS ||
	    m->u.token_cert.index != t->n_certs)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "mtls-token: certificates out of order");
	t->certs[t->n_certs++] = *m;
	memset(m, 0, sizeof(*m));
	return MTLS_OK;
}

static enum mtls_status
take_ready(struct token_worker *t, const struct mtls_msg_token_ready *ready,
    struct mtls_err *err)
{
	if (reported(ready->status, ready->reason, err) != MTLS_OK)
		return err->status;
	if (t->state == WORKER_OPENED)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "mtls-token: ready before it knew the issuers");
	if (ready->n_certs != t->n_certs || t->n_certs == 0)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "mtls-token: %u certificates announced, %zu came",
		    (unsigned)ready->n_certs, t->n_certs);
	t->state = WORKER_LISTED;
	trace_end(t->options.trace, TRACE_CERTIFICATES);
	t->events.ready(t->events.arg);
	return MTLS_OK;
}

static void
take_logged_in(struct token_worker *t,
    const struct mtls_msg_token_logged_in *in)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	trace_end(t->options.trace, TRACE_TOKEN_LOGIN);
	t->state = WORKER_LOGGED_IN;
	if (reported(in->status, in->reason, &err) != MTLS_OK)
		t->state = WORKER_ENDED;
	t->events.logged_in(t->events.arg, in->pin_flags, &err);
}

static enum mtls_status
take_pin_wanted(struct token_worker *t, int pin_fd)
{
	t->state = WORKER_PIN_SENT;
	t->events.pin_wanted(t->events.arg, pin_fd);
	return MTLS_OK;
}

/* The permitted messages of each state, and nothing else. */
static enum mtls_status
dispatch(struct token_worker *t, struct mtls_message *m, int pin_fd,
    struct mtls_err *err)
{
	enum worker_state s = t->state;

	if (m->type == MTLS_MSG_TOKEN_CERT && s == WORKER_LISTING)
		return take_cert(t, m, err);
	if (m->type == MTLS_MSG_TOKEN_READY &&
	    (s == WORKER_OPENED || s == WORKER_LISTING))
		return take_ready(t, &m->u.token_ready, err);
	if (m->type == MTLS_MSG_TOKEN_PIN && s == WORKER_LOGGING_IN)
		return take_pin_wanted(t, pin_fd);
	if (m->type == MTLS_MSG_TOKEN_LOGGED_IN &&
	    (s == WORKER_LOGGING_IN || s == WORKER_PIN_SENT)) {
		take_logged_in(t, &m->u.token_logged_in);
		return MTLS_OK;
	}
	return not_expected(m, err);
}

/* One message that is there, or the end. */
static void
take_message(struct token_worker *t)
{
	struct mtls_message m = { .type = MTLS_MSG_NONE };
	struct mtls_err err, why;
	int pin_fd = -1;

	mtls_err_clear(&err);
	mtls_err_clear(&why);
	if (mtls_message_recv(t->process.fd, &m, &pin_fd,
	    t->options.deadline, &why) != MTLS_OK)
		(void)blame_token(&err, &why);
	else
		(void)dispatch(t, &m, pin_fd, &err);
	mtls_message_clear(&m);
	if (pin_fd != -1)
		(void)close(pin_fd);
	if (err.status != MTLS_OK)
		end_with(t, &err);
}

/* Another event of the same turn may have waited for the message. */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void)what;
	if (poll(&p, 1, 0) > 0)
		take_message(arg);
}

static enum mtls_status
send_message(struct token_worker *t, const struct mtls_message *m,
    struct mtls_err *err)
{
	struct mtls_err why;

	mtls_err_clear(&why);
	if (t->state == WORKER_ENDED)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "mtls-token has ended");
	if (mtls_message_send(t->process.fd, m, -1, t->options.deadline,
	    &why) == MTLS_OK)
		return MTLS_OK;
	return blame_token(err, &why);
}

static enum mtls_status
send_open(struct token_worker *t, struct mtls_err *err)
{
	const struct token_settings *s = &t->options.token;
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_OPEN };

	/* Borrowed: this message is read only and not cleared. */
	m.u.token_open.module = (char *)(uintptr_t)s->module;
	m.u.token_open.uri = (char *)(uintptr_t)s->uri;
	m.u.token_open.account = (char *)(uintptr_t)s->account;
	m.u.token_open.writable.n = s->writable->n;
	m.u.token_open.writable.text = s->writable->words;
	return send_message(t, &m, err);
}

enum mtls_status
token_worker_start(const struct token_worker_options *options,
    struct token_worker **ret, struct mtls_err *err)
{
	static const struct token_process none = TOKEN_PROCESS_NONE;
	struct token_worker *t;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	t->options = *options;
	t->process = none;
	trace_begin(options->trace, TRACE_TOKEN_OPEN);
	if (token_process_start(options->program,
	    options->token.environment, &t->process, err) != MTLS_OK ||
	    send_open(t, err) != MTLS_OK) {
		token_worker_free(t);
		return err->status;
	}
	trace_end(options->trace, TRACE_TOKEN_OPEN);
	trace_begin(options->trace, TRACE_CERTIFICATES);
	*ret = t;
	return MTLS_OK;
}

void
token_worker_finish(struct token_worker *t)
{
	if (t->readable != NULL)
		event_free(t->readable);
	t->readable = NULL;
	token_process_hang_up(&t->process);
}

/* It waits for a message of ours, and so will see the end of the socket. */
static int
is_idle(const struct token_worker *t)
{
	return t->state == WORKER_LISTED || t->state == WORKER_LOGGED_IN;
}

void
token_worker_free(struct token_worker *t)
{
	size_t i;

	if (t == NULL)
		return;
	token_worker_finish(t);
	token_process_end(&t->process, is_idle(t) ? LOGOUT_MS : 0);
	for (i = 0; i < t->n_certs; i++)
		mtls_message_clear(&t->certs[i]);
	free(t);
}

enum mtls_status
token_worker_listen(struct token_worker *t, struct event_base *base,
    const struct token_worker_events *events, struct mtls_err *err)
{
	t->events = *events;
	t->readable = event_new(base, t->process.fd, EV_READ | EV_PERSIST,
	    on_readable, t);
	if (t->readable == NULL || event_add(t->readable, NULL) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return MTLS_OK;
}

enum mtls_status
token_worker_issuers(struct token_worker *t, const uint8_t *names,
    size_t len, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_ISSUERS };
	enum mtls_status status;

	if (t->state != WORKER_OPENED)
		return mtls_fail(err, MTLS_E_USAGE,
		    "the issuers are told once");
	if (mtls_bytes_dup(&m.u.token_issuers.names, names, len, err) !=
	    MTLS_OK)
		return err->status;
	status = send_message(t, &m, err);
	if (status == MTLS_OK)
		t->state = WORKER_LISTING;
	mtls_message_clear(&m);
	return status;
}

size_t
token_worker_n_certs(const struct token_worker *t)
{
	return t->n_certs;
}

const struct mtls_msg_token_cert *
token_worker_cert0(const struct token_worker *t, size_t i)
{
	return &t->certs[i].u.token_cert;
}

enum mtls_status
token_worker_login(struct token_worker *t, size_t i, int last_try_confirmed,
    struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_LOGIN };

	if (t->state != WORKER_LISTED || i >= t->n_certs)
		return mtls_fail(err, MTLS_E_USAGE,
		    "one login to a card that was listed, and no more");
	m.u.token_login.index = t->certs[i].u.token_cert.index;
	m.u.token_login.last_try_confirmed = last_try_confirmed ? 1 : 0;
	if (send_message(t, &m, err) != MTLS_OK)
		return err->status;
	t->state = WORKER_LOGGING_IN;
	trace_begin(t->options.trace, TRACE_TOKEN_LOGIN);
	return MTLS_OK;
}

enum mtls_status
token_worker_await_login(struct token_worker *t, int watch_fd,
    uint32_t within_ms, struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_min(t->options.deadline,
	    mtls_deadline_in_ms(within_ms));

	while (t->state == WORKER_LOGGING_IN || t->state == WORKER_PIN_SENT) {
		if (token_process_wait(&t->process, watch_fd, deadline,
		    err) != MTLS_OK)
			return err->status;
		take_message(t);
	}
	if (t->state != WORKER_LOGGED_IN)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED, "no login");
	return MTLS_OK;
}

static enum mtls_status
take_signature(const struct mtls_message *m, uint8_t *sig, size_t *sig_len,
    struct mtls_err *err)
{
	const struct mtls_msg_token_signature *s = &m->u.token_signature;

	if (m->type != MTLS_MSG_TOKEN_SIGNATURE)
		return not_expected(m, err);
	if (reported(s->status, s->reason, err) != MTLS_OK)
		return err->status;
	if (s->signature.len == 0 || s->signature.len > *sig_len)
		return mtls_fail(err, MTLS_E_TOKEN_FAILED,
		    "mtls-token: a signature of %zu bytes", s->signature.len);
	memcpy(sig, s->signature.data, s->signature.len);
	*sig_len = s->signature.len;
	return MTLS_OK;
}

enum mtls_status
token_worker_sign(struct token_worker *t, int watch_fd, unsigned scheme,
    const uint8_t *message, size_t message_len, uint8_t *sig,
    size_t *sig_len, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_SIGN };
	struct mtls_err why;
	int fd = -1;

	if (t->state != WORKER_LOGGED_IN)
		return mtls_fail(err, MTLS_E_USAGE, "not logged in");
	trace_begin(t->options.trace, TRACE_SIGN);
	mtls_err_clear(&why);
	m.u.token_sign.scheme = scheme;
	if (mtls_bytes_dup(&m.u.token_sign.message, message, message_len,
	    err) != MTLS_OK)
		return err->status;
	if (send_message(t, &m, err) != MTLS_OK ||
	    token_process_wait(&t->process, watch_fd, t->options.deadline,
	    err) != MTLS_OK)
		goto out;
	mtls_message_clear(&m);
	if (mtls_message_recv(t->process.fd, &m, &fd, t->options.deadline,
	    &why) != MTLS_OK)
		(void)blame_token(err, &why);
	else
		(void)take_signature(&m, sig, sig_len, err);
out:
	if (err->status != MTLS_OK)
		t->state = WORKER_ENDED;
	if (fd != -1)
		(void)close(fd);
	mtls_message_clear(&m);
	trace_end(t->options.trace, TRACE_SIGN);
	return err->status;
}

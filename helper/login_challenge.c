/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A challenge for the current method: opened, proven by the method, decided.
 * Where the method is not to be had there is another challenge for the next
 * one, with a nonce of its own.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "login_state.h"
#include "mtls/random.h"
#include "mtls/text.h"
#include "verdict.h"

static enum mtls_status
make_open(struct login *l, struct mtls_err *err)
{
	struct mtls_body_open *o = &l->open;

	o->version = 1;
	memcpy(o->request, l->asked->request.data, MTLS_ID_BYTES);
	o->user = l->asked->user;
	o->service = l->asked->service;
	o->host = l->machine->host;
	o->tty = l->asked->tty;
	o->rhost = l->asked->rhost;
	o->ruser = l->asked->ruser;
	o->method = (char *)(uintptr_t)l->method->name;
	/* Not the module's: a caller without rights may not choose it. */
	return mtls_random(o->nonce, sizeof(o->nonce), err);
}

/* --- open --- */

static void
on_verifier_skipped(void *arg, const char *name, const struct mtls_err *err)
{
	struct login *l = arg;

	mtls_log_err(&l->log, MTLS_LOG_WARNING, "verifier-skipped", err,
	    MTLS_KEY_REQUEST, l->request_hex, MTLS_KEY_VERIFIER, name,
	    MTLS_KEY_END);
}

static void
on_verifier_ready(void *arg, STACK_OF(X509_NAME) *issuers,
    const struct mtls_err *why)
{
	struct login *l = arg;
	struct mtls_err err = *why;

	if (err.status == MTLS_OK)
		(void)l->method->prove(l, issuers, &err);
	else if (verifier_client_refused_method(l->verifier)) {
		login_next_method(l, &err);
		return;
	}
	if (err.status != MTLS_OK)
		login_fail(l, &err);
}

static enum mtls_status
open_challenge(struct login *l, struct mtls_err *err)
{
	struct verifier_client_options o = { l->base, l->settings,
	    l->machine, &l->open, l->deadline, &l->trace,
	    on_verifier_skipped, on_verifier_ready, l };

	if (make_open(l, err) != MTLS_OK)
		return err->status;
	if (l->method->start != NULL && l->method->start(l, err) != MTLS_OK)
		return err->status;
	return verifier_client_new(&o, &l->verifier, err);
}

/* --- the next method --- */

static void
on_next(evutil_socket_t fd, short what, void *arg)
{
	struct login *l = arg;
	struct mtls_err err;

	(void)fd;
	(void)what;
	if (l->over)
		return;
	login_methods_step(l, &l->left_out);
	verifier_client_free(l->verifier);
	l->verifier = NULL;
	l->certificate[0] = '\0';
	l->token[0] = '\0';
	l->message[0] = '\0';
	l->is_leaving = 0;
	mtls_err_clear(&err);
	if (open_challenge(l, &err) != MTLS_OK)
		login_fail(l, &err);
}

void
login_next_method(struct login *l, const struct mtls_err *why)
{
	if (l->over || l->is_leaving || l->is_giving_up)
		return;
	if (login_methods_next0(l) == NULL) {
		login_fail(l, why);
		return;
	}
	/* From the event loop: whoever calls is part of what will go. */
	l->is_leaving = 1;
	l->left_out = *why;
	event_active(l->next, EV_TIMEOUT, 0);
}

/* --- prove --- */

struct mtls_body_proof
login_proof(const struct login *l)
{
	struct mtls_body_proof proof = {
		.version = 1,
		.user = l->open.user,
		.service = l->open.service,
		.host = l->open.host,
		.method = l->open.method,
	};

	memcpy(proof.challenge, device_channel_challenge0(
	    verifier_client_device0(l->verifier)), MTLS_ID_BYTES);
	return proof;
}

/* --- grant --- */

/* The decision, for the log and for the person; the verdict is made of it
 * in verdict.c. */
static void
on_grant(void *arg, const char *json, size_t len, const struct mtls_err *why)
{
	struct login *l = arg;
	struct mtls_body_grant grant;
	enum mtls_verdict verdict;
	struct mtls_err err = *why;

	if (err.status != MTLS_OK) {
		login_fail(l, &err);
		return;
	}
	memset(&grant, 0, sizeof(grant));
	verdict = verdict_check(&l->open, device_channel_challenge0(
	    verifier_client_device0(l->verifier)), json, len, &grant, &err);
	if (verdict == MTLS_VERDICT_NONE) {
		login_fail(l, &err);
		return;
	}
	if (grant.certificate[0] != '\0')
		(void)mtls_text_printable(l->certificate,
		    sizeof(l->certificate), grant.certificate);
	if (grant.message[0] != '\0')
		(void)mtls_text_printable(l->message, sizeof(l->message),
		    grant.message);
	mtls_body_clear(MTLS_BODY_GRANT, &grant);
	login_decided(l, verdict, &err);
}

void
login_proven(struct login *l)
{
	struct mtls_err err;

	if (l->over || l->is_leaving || l->is_giving_up)
		return;
	mtls_err_clear(&err);
	if (device_channel_grant(verifier_client_device0(l->verifier),
	    on_grant, l, &err) != MTLS_OK)
		login_fail(l, &err);
}

/* --- begin and end --- */

enum mtls_status
login_challenge_begin(struct login *l, struct mtls_err *err)
{
	l->next = event_new(l->base, -1, 0, on_next, l);
	if (l->next == NULL || event_priority_set(l->next, 0) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	return open_challenge(l, err);
}

void
login_challenge_end(struct login *l)
{
	verifier_client_free(l->verifier);
	if (l->next != NULL)
		event_free(l->next);
	if (l->patience != NULL)
		event_free(l->patience);
}

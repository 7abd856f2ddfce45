/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/challenges: a machine begins a login. Refused here, before
 * anybody is asked for a PIN: who is not a machine of ours, who asks for
 * another, and what no rule would allow to anybody. Whether the user exists
 * is not looked at, so that nobody learns it.
 */
#include "config.h"

#include "exchange.h"

#include <string.h>

#include "mtls/deadline.h"
#include "mtls/random.h"
#include "mtls/text.h"

#define METHODS_BUILT	(POLICY_METHOD_TOKEN | POLICY_METHOD_RELAY | \
			POLICY_METHOD_SSHKEY | POLICY_METHOD_AGENT | \
			POLICY_METHOD_CODE)
/* That many session words in a row are not all taken. */
#define WORDS_MAX 4

static void store_challenge(struct exchange *x);

static void
on_added(struct store_op *op)
{
	struct exchange *x = op->arg;
	struct mtls_body_challenge body;

	if (op->is_revoked) {
		exchange_refuse_revoked(x);
		return;
	}
	if (op->is_word_taken && x->n_words < WORDS_MAX) {
		store_op_clear(op);
		store_challenge(x);
		return;
	}
	if (op->status == MTLS_E_REFUSED) {
		exchange_limited(x, limits_which(&x->limits, op->limited),
		    op->wait_s);
		return;
	}
	if (op->status != MTLS_OK) {
		mtls_log_err(x->server->log, MTLS_LOG_ERR, "state-failed",
		    &op->err, MTLS_KEY_REQUEST, x->audit.request,
		    MTLS_KEY_END);
		exchange_problem(x, 503, "state-unavailable",
		    "The challenge cannot be stored.");
		return;
	}
	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, x->opening.id, sizeof(body.challenge));
	memcpy(body.nonce, x->body.open.nonce, sizeof(body.nonce));
	body.expires_in = x->server->generation->settings.challenge_ttl_s;
	body.session = x->opening.session;
	mtls_log_event(x->server->log, MTLS_LOG_DEBUG, "opened",
	    MTLS_KEY_REQUEST, x->audit.request,
	    MTLS_KEY_HOST, x->body.open.host, MTLS_KEY_END);
	exchange_reply(x, 201, MTLS_BODY_CHALLENGE, &body);
}

/* The store borrows the texts until it has written them. */
static void
fill_challenge(struct exchange *x, int64_t now_ms)
{
	const struct mtls_body_open *open = &x->body.open;
	struct store_challenge *c = &x->opening;

	memcpy(c->request, open->request, sizeof(c->request));
	memcpy(c->nonce, open->nonce, sizeof(c->nonce));
	c->user = open->user;
	c->service = open->service;
	c->host = open->host;
	c->tty = open->tty;
	c->rhost = open->rhost;
	c->ruser = open->ruser;
	c->method = open->method;
	c->expires_ms = now_ms + (int64_t)1000 *
	    x->server->generation->settings.challenge_ttl_s;
	x->op.challenge = c;
}

/* Only for a login that waits for a code is there anything to name. */
static enum mtls_status
make_word(struct exchange *x, struct mtls_err *err)
{
	if (policy_method(x->body.open.method) != POLICY_METHOD_CODE)
		return MTLS_OK;
	x->n_words++;
	x->opening.session = x->code.text;
	return code_make(x->code.text, CODE_WORD_LEN, err);
}

static void
store_challenge(struct exchange *x)
{
	int64_t now_ms = mtls_clock_ms();
	struct mtls_err err;

	mtls_err_clear(&err);
	if (now_ms < 0) {
		exchange_problem(x, 503, "clock", "The time is not known.");
		return;
	}
	if (mtls_random(x->opening.id, sizeof(x->opening.id), &err) !=
	    MTLS_OK || make_word(x, &err) != MTLS_OK) {
		mtls_log_err(x->server->log, MTLS_LOG_ERR, "random-failed",
		    &err, MTLS_KEY_END);
		exchange_problem(x, 503, "state-unavailable",
		    "No random numbers.");
		return;
	}
	fill_challenge(x, now_ms);
	exchange_fingerprints(x);
	exchange_limit(x, &x->op);
	exchange_submit(x, STORE_CHALLENGE_ADD, on_added);
}

static int
is_possible(const struct exchange *x, const char *method)
{
	const struct mtls_body_open *open = &x->body.open;

	return policy_is_possible(&x->server->generation->policy,
	    open->service, open->host, method, open->rhost, x->peer.now_s);
}

void
challenge_open(struct exchange *x)
{
	const struct mtls_body_open *open = &x->body.open;
	const char *host = peer_host0(&x->peer);
	const char *fault, *message = "";

	audit_begin(&x->audit, "challenge");
	audit_of_open(&x->audit, open);
	exchange_limits_of_opening(x);
	fault = peer_machine_fault(&x->peer, &message);
	if (fault != NULL) {
		exchange_refuse(x, 403, fault, message);
		return;
	}
	if (host == NULL || strcmp(open->host, host) != 0) {
		exchange_refuse(x, 403, "host-mismatch",
		    "The host is not the one in the machine's certificate.");
		return;
	}
	if (!mtls_text_is_user(open->user) ||
	    !mtls_text_is_service(open->service) ||
	    !mtls_text_is_hostname(open->host)) {
		exchange_problem(x, 400, "bad-request",
		    "The name of a user, service or host is not one.");
		return;
	}
	/* The other methods need requests of their own. */
	if ((policy_method(open->method) & METHODS_BUILT) == 0) {
		exchange_refuse(x, 403, "method-unknown",
		    "This verifier does not know the method.");
		return;
	}
	if (!is_possible(x, open->method) && (strcmp(open->method, "code") !=
	    0 || !is_possible(x, "mint"))) {
		exchange_refuse(x, 403, "service-not-allowed",
		    "The policy allows this service on this host to nobody.");
		return;
	}
	store_challenge(x);
}

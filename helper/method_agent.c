/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method "agent": sudo and su in an ssh session. The module brings a
 * connection to the person's ssh-agent; the first of its keys for which the
 * verifier knows a certificate of this user signs the user channel.
 *
 * MUST NOT: let another key try after one has signed or has refused to.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent_certificate.h"
#include "agent_choice.h"
#include "agent_signer.h"
#include "client/user_channel.h"
#include "login_state.h"
#include "mtls/identity.h"
#include "mtls/signer.h"

/* An agent lists its keys without asking anybody. */
#define LIST_WITHIN_MS	5000u

struct agent_login {
	struct ssh_agent agent;		/* fd: ours; -1: not there yet */
	int is_open;			/* the challenge */
	struct agent_choice choice;
	struct agent_certificate certificate;
	struct agent_signer signer;
	X509 *x509;
	EVP_PKEY *key;			/* signs through the agent */
	struct user_channel *user;
};

/* Nothing has been tried: the next method, and if there is none, this. */
static void
not_here(struct login *l, const char *sentence, const struct mtls_err *err)
{
	(void)snprintf(l->message, sizeof(l->message), "%s", sentence);
	login_next_method(l, err);
}

/* The module's reason is about a path; to the login it is as no card, or as
 * a card that is somebody else's. */
static void
no_agent(struct login *l, const struct mtls_err *why)
{
	struct mtls_err err = *why;

	if (err.status == MTLS_E_NOT_FOUND ||
	    err.status == MTLS_E_UNAVAILABLE)
		err.status = MTLS_E_TOKEN_ABSENT;
	else if (err.status == MTLS_E_PERMISSION)
		err.status = MTLS_E_PEER;
	not_here(l, sentence_no_agent(), &err);
}

/* --- the proof --- */

static enum mtls_status
sign(void *arg, unsigned scheme, const uint8_t *message, size_t message_len,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	struct login *l = arg;
	struct agent_login *a = l->method_state;

	if (l->over)
		return mtls_fail(err, MTLS_E_CANCELLED, "it is over");
	trace_begin(&l->trace, TRACE_SIGN);
	(void)agent_signer_sign(&a->signer, scheme, message, message_len,
	    sig, sig_len, err);
	trace_end(&l->trace, TRACE_SIGN);
	return err->status;
}

/* What the agent said is nearer to the cause than what TLS made of it. */
static void
on_proven(void *arg, const struct mtls_err *why)
{
	struct login *l = arg;
	struct agent_login *a = l->method_state;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (why->status != MTLS_OK)
		mtls_signer_error(a->key, &err);
	if (err.status == MTLS_E_REFUSED)
		(void)snprintf(l->message, sizeof(l->message), "%s",
		    sentence_agent_refused());
	if (err.status == MTLS_OK)
		err = *why;
	if (err.status != MTLS_OK)
		login_fail(l, &err);
	else
		login_proven(l);
}

static enum mtls_status
open_user_channel(struct login *l, struct mtls_err *err)
{
	struct agent_login *a = l->method_state;
	struct http_channel_options o = { l->base, l->machine->user_ctx,
	    l->machine->tls_min, &l->trace, TRACE_COUNT,
	    TRACE_USER_HANDSHAKE };
	struct mtls_body_proof proof = login_proof(l);
	struct http_target target;

	verifier_client_user_target(l->verifier, &target);
	return user_channel_prove(&o, &target, &proof, on_proven, l,
	    &a->user, err);
}

/* The user channel will present a->x509, and the agent will sign it. */
static enum mtls_status
use_certificate(struct login *l, struct mtls_err *err)
{
	struct agent_login *a = l->method_state;
	struct mtls_identity id;

	memset(&id, 0, sizeof(id));
	if (mtls_identity_read(a->x509, &id, err) == MTLS_OK)
		(void)mtls_identity_short(&id, l->certificate,
		    sizeof(l->certificate));
	mtls_identity_clear(&id);
	if (err->status != MTLS_OK)
		return err->status;
	(void)snprintf(l->token, sizeof(l->token), "%s",
	    a->choice.chosen->comment);
	a->signer = (struct agent_signer){ &a->agent, a->choice.chosen,
	    a->choice.key.kind, X509_get0_pubkey(a->x509) };
	if (mtls_signer_key(l->machine->tls, a->signer.public_key, sign, l,
	    &a->key, err) != MTLS_OK)
		return err->status;
	/* The leaf alone: the verifier has bound it, and knows its issuer. */
	return mtls_tls_use_certificate(l->machine->user_ctx, a->x509, NULL,
	    a->key, err);
}

/* --- which key --- */

static void ask_for_next(struct login *l);

static void
on_certificate(void *arg, X509 *x509, const struct mtls_err *why)
{
	struct login *l = arg;
	struct agent_login *a = l->method_state;
	struct mtls_err err = *why;

	if (err.status == MTLS_E_NOT_FOUND ||
	    err.status == MTLS_E_TOKEN_UNUSABLE) {
		a->choice.n_invalid += err.status == MTLS_E_TOKEN_UNUSABLE;
		ask_for_next(l);
		return;
	}
	a->x509 = x509;
	if (err.status == MTLS_OK && use_certificate(l, &err) == MTLS_OK)
		(void)open_user_channel(l, &err);
	if (err.status != MTLS_OK)
		login_fail(l, &err);
}

static void
ask_for_next(struct login *l)
{
	struct agent_login *a = l->method_state;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (!agent_choice_next(&a->choice, AGENT_CERTIFICATE_ASKED_MAX)) {
		(void)agent_choice_none(&a->choice, l->asked->user, &err);
		not_here(l, sentence_no_agent_key(), &err);
		return;
	}
	a->certificate = (struct agent_certificate){
	    verifier_client_device0(l->verifier), l->machine->tls,
	    &a->choice.key, on_certificate, l };
	if (agent_certificate_ask(&a->certificate, &err) != MTLS_OK)
		login_fail(l, &err);
}

/* The agent is there, and so is the challenge. */
static void
list_keys(struct login *l)
{
	struct agent_login *a = l->method_state;
	struct ssh_agent soon = a->agent;
	struct mtls_err err;

	mtls_err_clear(&err);
	soon.deadline = mtls_deadline_min(l->deadline,
	    mtls_deadline_in_ms(LIST_WITHIN_MS));
	if (ssh_agent_list(&soon, &a->choice.keys, &err) == MTLS_OK)
		ask_for_next(l);
	else if (err.status == MTLS_E_CANCELLED)
		login_fail(l, &err);
	else
		no_agent(l, &err);
}

/* --- the method --- */

static void
on_agent(void *arg, int agent_fd, const struct mtls_err *err)
{
	struct login *l = arg;
	struct agent_login *a = l->method_state;

	if (agent_fd == -1) {
		no_agent(l, err);
		return;
	}
	a->agent.fd = agent_fd;
	if (a->is_open)
		list_keys(l);
}

static enum mtls_status
agent_prepare(struct login *l, struct mtls_err *err)
{
	struct agent_login *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	a->agent = (struct ssh_agent){ -1, l->options->module_fd,
	    l->deadline };
	l->method_state = a;
	return MTLS_OK;
}

/* While the challenge is being opened. */
static enum mtls_status
agent_start(struct login *l, struct mtls_err *err)
{
	return module_link_agent(l->module, l->caller.uid, on_agent, l, err);
}

static enum mtls_status
agent_prove(struct login *l, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err)
{
	struct agent_login *a = l->method_state;

	(void)issuers;
	(void)err;
	a->is_open = 1;
	if (a->agent.fd != -1)
		list_keys(l);
	return MTLS_OK;
}

static void
agent_done(struct login *l)
{
	struct agent_login *a = l->method_state;

	if (a == NULL)
		return;
	user_channel_free(a->user);
	EVP_PKEY_free(a->key);
	X509_free(a->x509);
	agent_choice_clear(&a->choice);
	if (a->agent.fd != -1)
		(void)close(a->agent.fd);
	free(a);
	l->method_state = NULL;
}

const struct method method_agent = {
	"agent", "your ssh-agent", NULL, agent_prepare, agent_start,
	agent_prove, agent_done
};

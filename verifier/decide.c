/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Facts for the policy. What could not be found out stays what it was zeroed
 * to: not known.
 */
#include "config.h"

#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "mtls/deadline.h"

#include "mapping.h"

static enum policy_challenge
challenge_state(int64_t expires_ms, int64_t now_ms)
{
	if (now_ms < 0)
		return POLICY_CHALLENGE_UNKNOWN;
	return now_ms > expires_ms ? POLICY_CHALLENGE_EXPIRED :
	    POLICY_CHALLENGE_OPEN;
}

/* Whose certificate it is, by the policy and the store's binding. */
static struct mapping
find_user(const struct exchange *x)
{
	struct mapping_binding binding = { POLICY_NO, NULL };
	struct mapping nobody;

	memset(&nobody, 0, sizeof(nobody));
	if (!x->peer.is_readable)
		return nobody;
	/* Nobody has looked. */
	if (x->op.sha256 == NULL)
		binding.known = POLICY_CANNOT_TELL;
	if (x->op.bound_user != NULL) {
		binding.known = POLICY_YES;
		binding.user = x->op.bound_user;
	}
	return mapping_find(&x->server->generation->policy, &x->peer.id,
	    &binding);
}

/* Whoever holds a revoked card is not that person any more. */
static void
note_mapped(struct exchange *x, const struct mapping *mapping,
    enum policy_standing standing)
{
	x->mapped_user[0] = '\0';
	if (mapping->mapped != POLICY_MAPPED_ONE ||
	    (standing != POLICY_STANDING_GOOD &&
	    (standing != POLICY_STANDING_UNKNOWN ||
	    x->peer.revocation != POLICY_RELAXED)))
		return;
	(void)snprintf(x->mapped_user, sizeof(x->mapped_user), "%s",
	    mapping->user);
}

static struct policy_decision
ask_policy(struct exchange *x, int64_t now_ms)
{
	const struct decide_question *q = &x->question;
	struct mapping mapping = find_user(x);
	struct policy_certificate certificate;
	struct policy_facts f = {
		.now_s = x->peer.now_s,
		.challenge = challenge_state(q->expires_ms, now_ms),
		.user = q->user,
		.service = q->service,
		.host = q->host,
		.method = q->method,
		.rhost = q->rhost,
		.proof_user = q->said_user,
		.proof_service = q->said_service,
		.proof_host = q->said_host,
		.proof_method = q->said_method,
		.standing = x->peer.standing,
		.revocation = x->peer.revocation,
		.mapped = mapping.mapped,
		.mapped_user = mapping.user,
		.superuser = x->names.superuser,
		.member = x->names.member,
		.same_network = q->same_network,
	};

	if (x->op.is_revoked)
		f.standing = POLICY_STANDING_REVOKED_HERE;
	note_mapped(x, &mapping, f.standing);
	if (x->peer.is_readable) {
		certificate = mapping_certificate(&x->peer.id);
		f.certificate = &certificate;
	}
	return policy_decide(&x->server->generation->policy, &f);
}

static void ask_names(struct exchange *x);

static void
on_named(struct name_query *names)
{
	struct exchange *x = names->arg;
	struct policy_decision d;
	int64_t now_ms = mtls_clock_ms();

	/* The groups are those of a policy that is no more: once again. */
	if (x->names_of != x->server->n_generations) {
		name_query_clear(names);
		ask_names(x);
		return;
	}
	if (names->superuser == POLICY_CANNOT_TELL)
		mtls_log_event(x->server->log, MTLS_LOG_WARNING,
		    "name-service-silent", MTLS_KEY_REQUEST,
		    x->audit.request, MTLS_KEY_USER, x->question.user,
		    MTLS_KEY_END);
	/* It may have been revoked meanwhile, also where CAs excuse much. */
	if (x->peer.standing == POLICY_STANDING_GOOD ||
	    x->peer.standing == POLICY_STANDING_UNKNOWN)
		peer_look(&x->peer, connection_ssl0(x->connection),
		    x->server->generation, x->role);
	d = ask_policy(x, now_ms);
	name_query_clear(names);
	store_op_clear(&x->op);
	x->decided(x, &d, now_ms);
}

static void
ask_names(struct exchange *x)
{
	memset(&x->names, 0, sizeof(x->names));
	x->names.user = x->question.user;
	x->names.policy = &x->server->generation->policy;
	x->names.done = on_named;
	x->names.arg = x;
	x->names_of = x->server->n_generations;
	name_service_ask(x->server->names, &x->names);
}

void
decide(struct exchange *x, decide_fn done)
{
	x->decided = done;
	ask_names(x);
}

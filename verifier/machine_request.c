/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Requests in which a machine goes on with a challenge that it has opened:
 * whose it is and in which state is asked here, once. What is refused is
 * charged to the machine as what it opens.
 */
#include "config.h"

#include "exchange.h"

#include <string.h>

static void
refuse(struct exchange *x, int code, const char *reason, const char *message)
{
	exchange_limits_of_opening(x);
	exchange_refuse(x, code, reason, message);
}

void
machine_find(struct exchange *x, const uint8_t *id, store_done_fn done)
{
	const char *fault, *message = "";

	fault = peer_machine_fault(&x->peer, &message);
	if (fault != NULL) {
		refuse(x, 403, fault, message);
		return;
	}
	x->op.id = id;
	exchange_fingerprints(x);
	exchange_submit(x, STORE_CHALLENGE_FIND, done);
}

/* Why this machine cannot go on with it, or NULL. */
static const char *
fault_of(const struct exchange *x, uint32_t methods, int *ret_code,
    const char **ret_message)
{
	const struct store_challenge *c = &x->challenge;
	const char *host = peer_host0(&x->peer);

	*ret_code = 403;
	if (host == NULL || strcmp(c->host, host) != 0) {
		*ret_message = "Another machine has opened this challenge.";
		return "not-yours";
	}
	if ((policy_method(c->method) & methods) == 0) {
		*ret_message = "The challenge is for another method.";
		return "method-not-proven-here";
	}
	*ret_code = 409;
	*ret_message = "This challenge has had its proof.";
	return c->state != STORE_OPEN ? "already-proven" : NULL;
}

int
machine_take_found(struct exchange *x, uint32_t methods)
{
	struct store_op *op = &x->op;
	const char *fault, *message;
	int code;

	if (op->status == MTLS_E_NOT_FOUND) {
		refuse(x, 404, "no-such-challenge",
		    "There is no such challenge.");
		return 0;
	}
	if (op->status != MTLS_OK) {
		conclude_unavailable(x);
		return 0;
	}
	/* Needed until the answer, while the operation is used again. */
	x->challenge = op->found;
	memset(&op->found, 0, sizeof(op->found));
	audit_of_challenge(&x->audit, &x->challenge);
	if (op->is_revoked) {
		exchange_refuse_revoked(x);
		return 0;
	}
	fault = fault_of(x, methods, &code, &message);
	if (fault == NULL)
		return 1;
	refuse(x, code, fault, message);
	return 0;
}

void
machine_forget(struct exchange *x)
{
	peer_clear(&x->peer);
	x->role = ROLE_USER;
	x->certificate[0] = x->sha256[0] = x->key_sha256[0] = '\0';
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a question (may this person log in there, like that?) to a decision:
 * what is known of x->peer's certificate, its map lines and binding, and what
 * the name service says, put before the policy. Every method comes through
 * here, whatever it is that the person has done.
 */
#ifndef VERIFIER_DECIDE_H
#define VERIFIER_DECIDE_H

#include <stdint.h>

#include "policy.h"

struct exchange;

struct decide_question {
	/* The login. Texts live until the decision. */
	const char *user, *service, *host, *method, *rhost;
	int64_t expires_ms;		/* CLOCK_BOOTTIME */
	/* What the person says that it is. */
	const char *said_user, *said_service, *said_host, *said_method;
	enum policy_answer same_network;	/* for codes */
};

/* now_ms is when it was decided, -1 where that is not known. */
typedef void (*decide_fn)(struct exchange *x,
    const struct policy_decision *decision, int64_t now_ms);

/*
 * Decides x->question. x->op holds what the store knows of the certificate
 * (sha256 that was asked for, bound_user, is_revoked) and is cleared.
 * x->mapped_user is then for whom it stands in good standing, or "". done is
 * called from the loop, or before this returns.
 */
void decide(struct exchange *x, decide_fn done);

#endif

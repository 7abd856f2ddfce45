/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a certificate to a user. Every map line that speaks of the
 * certificate's issuer is asked, and all that answer must say the same; a
 * name that a line takes is taken whole or the certificate is refused.
 */
#ifndef POLICY_MAPPING_H
#define POLICY_MAPPING_H

#include "mtls/identity.h"
#include "mtls/text.h"

#include "policy.h"

/* What the store knows: to whom this very certificate was bound. */
struct mapping_binding {
	enum policy_answer known;	/* NO: to nobody */
	const char *user;
};

struct mapping {
	enum policy_mapped mapped;
	char user[MTLS_USER_MAX + 1];	/* when ONE */
};

/* Whether a map line asks to whom the certificate was bound. */
int mapping_wants_binding(const struct policy *policy);

struct mapping mapping_find(const struct policy *policy,
    const struct mtls_identity *id, const struct mapping_binding *binding);

/* What requirements look at; borrows from the identity. */
struct policy_certificate mapping_certificate(
    const struct mtls_identity *id);

#endif

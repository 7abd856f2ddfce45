/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether one rule matches a login, part by part. Private to the decision
 * and to what explains it.
 */
#ifndef POLICY_MATCH_H
#define POLICY_MATCH_H

#include "policy.h"

/* What a rule is asked about, the user aside. */
struct policy_place {
	const char *service, *host, *rhost;
	unsigned method;		/* its bit */
	int64_t now_s;
};

/*
 * YES with NONE, or NO or CANNOT_TELL with the first part that says so. One
 * part that says NO outweighs all that cannot tell.
 */
struct policy_match policy_match_place(const struct policy *policy,
    const struct policy_rule *rule, const struct policy_place *place);

struct policy_match policy_match_user(const struct policy *policy,
    const struct policy_rule *rule, const struct policy_facts *facts);

/*
 * NULL if the certificate meets all of them, or the first that it does not;
 * none is met by a certificate of which nothing is known (NULL).
 */
const struct policy_requirement *policy_require_unmet(
    const struct policy_requirements *require,
    const struct policy_certificate *certificate, int64_t now_s);

#endif

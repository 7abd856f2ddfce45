/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Lines of a policy that do nothing, whatever happens: what an administrator
 * should look at before it is used. Every warning is certain; that there is
 * none does not mean that every line does what was meant.
 */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include "policy.h"

struct policy_check {
	/* Whether the user is root or has its uid: account_superuser(). */
	enum policy_answer (*superuser)(const char *user);
	/*
	 * The names of all CAs that may issue for people, as
	 * pattern_normalise_dn() has them; NULL: not known.
	 */
	const struct mtls_texts *issuers;
	/* Is told each warning: a sentence about that line. */
	void (*warn)(void *arg, unsigned line, const char *sentence);
	void *arg;
};

void policy_check(const struct policy *policy,
    const struct policy_check *check);

/*
 * Whether rule a matches whenever rule b does, by what they say alone; b must
 * stand behind a. Exposed for its test.
 */
int policy_check_covers(const struct policy *policy,
    const struct policy_check *check, const struct policy_rule *a,
    const struct policy_rule *b);

#endif

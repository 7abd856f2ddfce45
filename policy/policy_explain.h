/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A decision, and what led to it, in sentences for an administrator. They
 * are made of what policy_decide_traced() says; nothing is decided here.
 */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "policy.h"

#define POLICY_SENTENCE_MAX 1024

/*
 * "alice may log in to ws-1 for sudo by token: line 7 allows it". Returns
 * out.
 */
char *policy_explain_decision(const struct policy_facts *facts,
    const struct policy_decision *decision, char out[POLICY_SENTENCE_MAX]);

/*
 * What a rule said: "it matches", "alice is not in group admins". rule is its
 * index. Returns out.
 */
char *policy_explain_match(const struct policy *policy, size_t rule,
    const struct policy_facts *facts, const struct policy_match *match,
    char out[POLICY_SENTENCE_MAX]);

#endif

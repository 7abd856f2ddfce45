/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What this machine's name service says about users and groups. "Cannot be
 * told" is an answer of its own, never a "no".
 */
#ifndef POLICY_ACCOUNT_H
#define POLICY_ACCOUNT_H

#include <sys/types.h>

#include "mtls/status.h"

#include "policy.h"

/* A policy_group_fn. */
enum mtls_status account_group(const char *name, gid_t *ret,
    struct mtls_err *err);

/* Whether the user is root or has its uid. */
enum policy_answer account_superuser(const char *user);

/*
 * For each group of the policy, whether the user is a member; the caller
 * frees the array with free(3). NULL when out of memory, which
 * policy_decide() takes as "cannot be told". An unknown user is in none.
 */
enum policy_answer *account_memberships(const struct policy *policy,
    const char *user);

#endif

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

/* The gid of no group, for which nothing is looked up. */
#define ACCOUNT_NO_GID ((gid_t)-1)

/*
 * For each of n groups, whether the user is a member. An unknown user is in
 * none; of ACCOUNT_NO_GID it cannot be told.
 */
void account_members(const char *user, const gid_t *gids, size_t n,
    enum policy_answer *ret);

/*
 * For each group of the policy, whether the user is a member; the caller
 * frees the array with free(3). NULL when out of memory, which
 * policy_decide() takes as "cannot be told". An unknown user is in none.
 */
enum policy_answer *account_memberships(const struct policy *policy,
    const char *user);

#endif

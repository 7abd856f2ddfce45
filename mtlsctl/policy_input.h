/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A policy as mtlsctl reads it: anybody's draft, on any machine. Groups that
 * this machine does not know are taken, and remembered; whether somebody is
 * in one of them cannot be told.
 */
#ifndef MTLSCTL_POLICY_INPUT_H
#define MTLSCTL_POLICY_INPUT_H

#include "mtls/status.h"

#include "policy/policy.h"

/*
 * Reads the file, or standard input for "-". CONFIG with path, line and
 * column where it is no policy.
 */
enum mtls_status policy_input_read(const char *path, struct policy *ret,
    struct mtls_err *err);

/* Whether a group is neither in the file nor known to this machine. */
int policy_input_is_unknown(const struct policy_group *group);

#endif

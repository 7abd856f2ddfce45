/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl policy: what a policy.conf(5) says, without a verifier.
 */
#ifndef MTLSCTL_POLICY_COMMANDS_H
#define MTLSCTL_POLICY_COMMANDS_H

#include "mtlsctl/command.h"

extern const struct ctl_option policy_check_options[];
CTL_COMMAND(policy_check_command);
extern const struct ctl_option policy_explain_options[];
CTL_COMMAND(policy_explain_command);

#endif

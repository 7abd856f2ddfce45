/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ca: one file each.
 */
#ifndef MTLSCTL_CA_COMMANDS_H
#define MTLSCTL_CA_COMMANDS_H

#include "mtlsctl/command.h"

extern const struct ctl_option ca_init_options[];
extern const struct ctl_option ca_user_options[];
extern const struct ctl_option ca_host_options[];
extern const struct ctl_option ca_revoke_options[];
extern const struct ctl_option ca_crl_options[];
extern const struct ctl_option ca_list_options[];

CTL_COMMAND(ca_init_command);
CTL_COMMAND(ca_user_command);
CTL_COMMAND(ca_machine_command);
CTL_COMMAND(ca_verifier_command);
CTL_COMMAND(ca_revoke_command);
CTL_COMMAND(ca_crl_command);
CTL_COMMAND(ca_list_command);

#endif

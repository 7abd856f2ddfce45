/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl ssh.
 */
#ifndef MTLSCTL_SSH_COMMAND_H
#define MTLSCTL_SSH_COMMAND_H

#include "mtlsctl/command.h"

extern const struct ctl_option ssh_options[];

CTL_COMMAND(ssh_command);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl approve and mtlsctl code.
 */
#ifndef MTLSCTL_CODE_COMMANDS_H
#define MTLSCTL_CODE_COMMANDS_H

#include "mtlsctl/command.h"

extern const struct ctl_option approve_options[];
extern const struct ctl_option code_options[];

CTL_COMMAND(approve_command);
CTL_COMMAND(code_command);

#endif

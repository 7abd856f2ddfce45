/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl token: cards as people see them.
 */
#ifndef MTLSCTL_TOKEN_COMMANDS_H
#define MTLSCTL_TOKEN_COMMANDS_H

#include "mtlsctl/command.h"

extern const struct ctl_option token_list_options[];
extern const struct ctl_option token_show_options[];
extern const struct ctl_option token_enroll_options[];
extern const struct ctl_option token_import_options[];

CTL_COMMAND(token_list_command);
CTL_COMMAND(token_show_command);
CTL_COMMAND(token_enroll_command);
CTL_COMMAND(token_import_command);

#endif

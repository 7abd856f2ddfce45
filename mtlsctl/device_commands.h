/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl device: the machine itself.
 */
#ifndef MTLSCTL_DEVICE_COMMANDS_H
#define MTLSCTL_DEVICE_COMMANDS_H

#include "mtlsctl/command.h"

extern const struct ctl_option device_enroll_options[];

CTL_COMMAND(device_enroll_command);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What mtlsctl asks of a verifier.
 */
#ifndef MTLSCTL_ADMIN_COMMANDS_H
#define MTLSCTL_ADMIN_COMMANDS_H

#include "mtlsctl/command.h"

extern const struct ctl_option bind_options[];
extern const struct ctl_option unbind_options[];
extern const struct ctl_option bindings_options[];
extern const struct ctl_option audit_options[];
extern const struct ctl_option revoke_options[];
extern const struct ctl_option revocations_options[];
extern const struct ctl_option sessions_options[];
extern const struct ctl_option status_options[];
extern const struct ctl_option unlock_options[];
extern const struct ctl_option users_options[];

CTL_COMMAND(bind_command);
CTL_COMMAND(unbind_command);
CTL_COMMAND(bindings_command);
CTL_COMMAND(audit_command);
CTL_COMMAND(revoke_command);
CTL_COMMAND(revocations_command);
CTL_COMMAND(sessions_command);
CTL_COMMAND(status_command);
CTL_COMMAND(unlock_command);
CTL_COMMAND(users_command);

/*
 * Says that so many of the bindings have no certificate with them, and what to
 * do; nothing where n is 0.
 */
void admin_warn_unkept(struct ctl *ctl, unsigned n);

#endif

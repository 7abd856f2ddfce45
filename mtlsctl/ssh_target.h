/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which machine and which user an ssh means, by ssh's own word: "ssh -G" with
 * the same arguments knows every option, URI and configuration file. A name
 * is never guessed and never taken from the other side.
 */
#ifndef MTLSCTL_SSH_TARGET_H
#define MTLSCTL_SSH_TARGET_H

#include "mtls/status.h"
#include "mtlsctl/ssh_process.h"

struct ssh_target {
	char user[257];
	char gateway[254];	/* full name, lower case */
};

/*
 * Asks the program of command. gateway0: what the person calls the machine,
 * where ssh has an address or an alias for it. USAGE, with what to do, where
 * there is no full name.
 */
enum mtls_status ssh_target_find(const struct ssh_command *command,
    const char *gateway0, struct ssh_target *ret, struct mtls_err *err);

/*
 * The part that reads what "ssh -G" prints, and the one that makes a full
 * name of what ssh calls the machine.
 */
enum mtls_status ssh_target_parse(const char *text, const char *gateway0,
    struct ssh_target *ret, struct mtls_err *err);

#endif

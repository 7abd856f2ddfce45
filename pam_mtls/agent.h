/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The way from a PAM application to the ssh-agent of the person who started
 * it. The path is the person's to choose and says nothing; what it leads to
 * is looked at with the person's own rights.
 */
#ifndef PAM_MTLS_AGENT_H
#define PAM_MTLS_AGENT_H

#include <security/pam_modules.h>
#include <sys/types.h>

#include "mtls/status.h"

/*
 * Connects to the agent at SSH_AUTH_SOCK of the PAM environment, or, for the
 * services sudo, sudo-i, su and su-l alone, of the process's. *ret_fd is a
 * non-blocking CLOEXEC socket that the caller closes, whose other end
 * belongs to *ret_uid, the real user of this process. NOT_FOUND where there
 * is no such variable or nothing at the path, PERMISSION where it is not a
 * socket of that user's or may not be reached by him, UNAVAILABLE where
 * nobody answers, PEER where another one does, SYSTEM. Never waits.
 */
enum mtls_status agent_connect(pam_handle_t *pamh, const char *service,
    int *ret_fd, uid_t *ret_uid, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What sshd says that it has verified before it asks PAM: one line for each
 * method, in SSH_AUTH_INFO_0 of the PAM environment.
 */
#ifndef PAM_MTLS_SSHD_H
#define PAM_MTLS_SSHD_H

#include <security/pam_modules.h>

#include "mtls/message.h"
#include "mtls/status.h"

/* As LOGIN.ssh_auth_info carries it. */
#define SSHD_AUTH_INFO_MAX	16384u

/*
 * Those lines, unread and borrowed from pamh; none where service is not sshd,
 * or where it says nothing. PROTOCOL where there are too many.
 */
enum mtls_status sshd_auth_info(pam_handle_t *pamh, const char *service,
    struct mtls_bytes *ret, struct mtls_err *err);

#endif

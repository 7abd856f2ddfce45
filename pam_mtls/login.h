/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The one flow of the module: from an application's pam_authenticate() to a
 * return code, by way of one mtls-helper. Everything these functions need is
 * on the heap and gone when they return; there is no state but the note of a
 * login that succeeded, which lives in the PAM handle.
 */
#ifndef PAM_MTLS_LOGIN_H
#define PAM_MTLS_LOGIN_H

#include <security/pam_modules.h>

/*
 * Authenticates PAM_USER for PAM_SERVICE. A PAM code as in pam_mtls(8); logs
 * one line, tells the user one sentence where it fails, and asks libpam for
 * the delay then.
 */
int login_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv);

/*
 * The account phase: success if this very handle has authenticated this very
 * user for this service through login_authenticate(). If nobody has
 * authenticated on it, the service is sshd and sshd says what it has
 * verified: as mtls-helper decides about that, without a question. Otherwise
 * PAM_PERM_DENIED.
 */
int login_account(pam_handle_t *pamh, int flags, int argc,
    const char **argv);

/*
 * For what the module does not do (word: "session"): logs that it stands in
 * the wrong section of a PAM file, and is PAM_SERVICE_ERR.
 */
int login_no_such_part(pam_handle_t *pamh, const char *word);

#endif

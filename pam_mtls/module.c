/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What libpam calls, and nothing else: each entry point has a stated answer,
 * pam_mtls(8), RETURN VALUES. The module is loaded into sshd, sudo, screen
 * lockers: libc and libpam only, no state, no threads, no signals, no
 * environment but the address of an ssh-agent, no output.
 */
/* Everything else is hidden: these names are what dlsym(3) must find. */
#pragma GCC visibility push(default)
#include <security/pam_modules.h>
#pragma GCC visibility pop

#include "login.h"

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	return login_authenticate(pamh, flags, argc, argv);
}

/* There are no credentials to set; libpam follows what authentication said,
 * and any other answer would make stacks with this module alone fail. */
int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return login_account(pamh, flags, argc, argv);
}

int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	(void)argc;
	(void)argv;
	return login_no_such_part(pamh, "password");
}

int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	(void)flags;
	(void)argc;
	(void)argv;
	return login_no_such_part(pamh, "session");
}

int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	(void)flags;
	(void)argc;
	(void)argv;
	return login_no_such_part(pamh, "session");
}

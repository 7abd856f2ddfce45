/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A module beside ours in a stack: "set=TEXT" leaves an answer for later
 * modules, "expect-none" fails if there is one. Tests only.
 */
#include <stddef.h>
#include <string.h>

#pragma GCC visibility push(default)
#include <security/pam_modules.h>
#pragma GCC visibility pop

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	const void *item = NULL;

	(void)flags;
	if (argc == 1 && strncmp(argv[0], "set=", 4) == 0)
		return pam_set_item(pamh, PAM_AUTHTOK, argv[0] + 4);
	if (argc == 1 && strcmp(argv[0], "expect-none") == 0 &&
	    pam_get_item(pamh, PAM_AUTHTOK, &item) == PAM_SUCCESS &&
	    item == NULL)
		return PAM_SUCCESS;
	return PAM_SYSTEM_ERR;
}

int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

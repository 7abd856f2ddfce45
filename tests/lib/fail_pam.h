/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Failing calls from the module into libpam. Tests only.
 */
#ifndef TESTS_FAIL_PAM_H
#define TESTS_FAIL_PAM_H

#include <security/pam_modules.h>

/* The nth call from now on fails; 0: none. */
void fail_pam_start(unsigned nth);
/* Ends that; the name of the call that failed, or NULL. */
const char *fail_pam_failed(void);

#endif

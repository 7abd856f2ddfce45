/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What fail_nth.c is for libc, for libpam: the nth call of the module into
 * it fails. Part of the module for fault tests. Tests only.
 */
#include "fail_pam.h"

#include <stddef.h>

static unsigned calls;
static unsigned fail_at;
static const char *failed;

void
fail_pam_start(unsigned nth)
{
	calls = 0;
	fail_at = nth;
	failed = NULL;
}

const char *
fail_pam_failed(void)
{
	fail_at = 0;
	return failed;
}

static int
fails(const char *name)
{
	if (++calls != fail_at)
		return 0;
	failed = name;
	return 1;
}

int __real_pam_get_item(const pam_handle_t *pamh, int item,
    const void **value);
int __wrap_pam_get_item(const pam_handle_t *pamh, int item,
    const void **value);
int __real_pam_get_user(pam_handle_t *pamh, const char **user,
    const char *prompt);
int __wrap_pam_get_user(pam_handle_t *pamh, const char **user,
    const char *prompt);
int __real_pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int));
int __wrap_pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int));
int __real_pam_get_data(const pam_handle_t *pamh, const char *name,
    const void **data);
int __wrap_pam_get_data(const pam_handle_t *pamh, const char *name,
    const void **data);
int __real_pam_fail_delay(pam_handle_t *pamh, unsigned usec);
int __wrap_pam_fail_delay(pam_handle_t *pamh, unsigned usec);

int
__wrap_pam_get_item(const pam_handle_t *pamh, int item, const void **value)
{
	if (fails("pam_get_item"))
		return PAM_BUF_ERR;
	return __real_pam_get_item(pamh, item, value);
}

int
__wrap_pam_get_user(pam_handle_t *pamh, const char **user,
    const char *prompt)
{
	if (fails("pam_get_user"))
		return PAM_BUF_ERR;
	return __real_pam_get_user(pamh, user, prompt);
}

int
__wrap_pam_set_data(pam_handle_t *pamh, const char *name, void *data,
    void (*cleanup)(pam_handle_t *, void *, int))
{
	if (fails("pam_set_data"))
		return PAM_BUF_ERR;
	return __real_pam_set_data(pamh, name, data, cleanup);
}

int
__wrap_pam_get_data(const pam_handle_t *pamh, const char *name,
    const void **data)
{
	if (fails("pam_get_data"))
		return PAM_SYSTEM_ERR;
	return __real_pam_get_data(pamh, name, data);
}

int
__wrap_pam_fail_delay(pam_handle_t *pamh, unsigned usec)
{
	if (fails("pam_fail_delay"))
		return PAM_SYSTEM_ERR;
	return __real_pam_fail_delay(pamh, usec);
}

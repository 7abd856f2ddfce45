/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * MUST: read the PAM environment, which belongs to sshd and the modules before
 * us, and never that of the process, which belongs to anybody who starts a
 * program (T-117); believe it of sshd alone, which is the one program that
 * writes the variable.
 */
#include "sshd.h"

#include <stdint.h>
#include <string.h>

#define SERVICE		"sshd"
#define VARIABLE	"SSH_AUTH_INFO_0"

enum mtls_status
sshd_auth_info(pam_handle_t *pamh, const char *service,
    struct mtls_bytes *ret, struct mtls_err *err)
{
	const char *text = NULL;
	size_t len;

	*ret = (struct mtls_bytes){ 0, NULL };
	if (strcmp(service, SERVICE) == 0)
		text = pam_getenv(pamh, VARIABLE);
	if (text == NULL)
		return MTLS_OK;
	len = strlen(text);
	if (len > SSHD_AUTH_INFO_MAX)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    VARIABLE " is too long");
	/* Nobody writes to it; encoding takes what decoding would own. */
	*ret = (struct mtls_bytes){ len, (uint8_t *)(uintptr_t)text };
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What OpenSSL says about a failure, in our error record. libcrypto only:
 * mtls-token has it and no libssl.
 */
#include "config.h"

#include "context.h"

#include <stdarg.h>
#include <stdio.h>

#include <openssl/err.h>

/* Empties the queue; the oldest entry is the cause, later ones the places. */
static const char *
take_reason(enum mtls_status *status)
{
	const char *reason = NULL;
	unsigned long e;

	while ((e = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE) {
			*status = MTLS_E_MEMORY;
			reason = "out of memory";
		}
		if (reason == NULL)
			reason = ERR_reason_error_string(e);
	}
	return reason;
}

enum mtls_status
mtls_fail_openssl_at(struct mtls_err *err, enum mtls_status status,
    const char *where, const char *format, ...)
{
	const char *reason = take_reason(&status);
	char text[MTLS_ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	return mtls_err_set(err, status, 0, where, "%s%s%s", text,
	    reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

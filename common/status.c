/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The error record: fixed size, no allocation, first writer wins. It runs in
 * other people's login processes and on paths where memory has just run out.
 */
#include "config.h"

#include "mtls/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mtls/text.h"

void
mtls_err_clear(struct mtls_err *err)
{
	if (err != NULL)
		memset(err, 0, sizeof(*err));
}

/* strerror(3) may translate and is not safe in threads. */
static void
append_errno(char *text, size_t size, int sys_errno)
{
	const char *why = strerrordesc_np(sys_errno);
	size_t len = strlen(text);

	if (why != NULL)
		snprintf(text + len, size - len, ": %s", why);
	else
		snprintf(text + len, size - len, ": error %d", sys_errno);
}

enum mtls_status
mtls_err_set(struct mtls_err *err, enum mtls_status status, int sys_errno,
    const char *where, const char *format, ...)
{
	int saved_errno = errno;
	va_list ap;

	/* A failure that calls itself OK would be a success. */
	if (status == MTLS_OK)
		status = MTLS_E_SYSTEM;
	if (err == NULL)
		return status;
	if (err->status != MTLS_OK)
		return err->status;

	err->status = status;
	err->sys_errno = sys_errno;
	err->where = where;
	va_start(ap, format);
	if (vsnprintf(err->text, sizeof(err->text), format, ap) < 0)
		err->text[0] = '\0';
	va_end(ap);
	if (sys_errno != 0)
		append_errno(err->text, sizeof(err->text), sys_errno);
	mtls_text_make_line(err->text);
	errno = saved_errno;
	return status;
}

void
mtls_err_context(struct mtls_err *err, const char *format, ...)
{
	int saved_errno = errno;
	char inner[MTLS_ERR_TEXT_MAX];
	va_list ap;
	size_t len;

	if (err == NULL || err->status == MTLS_OK)
		return;
	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, format);
	if (vsnprintf(err->text, sizeof(err->text), format, ap) < 0)
		err->text[0] = '\0';
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner);
	mtls_text_make_line(err->text);
	errno = saved_errno;
}

const char *
mtls_status_word(enum mtls_status status)
{
	switch (status) {
	case MTLS_OK:
		return "ok";
	case MTLS_E_USAGE:
		return "usage";
	case MTLS_E_CONFIG:
		return "config";
	case MTLS_E_PERMISSION:
		return "permission";
	case MTLS_E_MEMORY:
		return "memory";
	case MTLS_E_SYSTEM:
		return "system";
	case MTLS_E_NOT_FOUND:
		return "not-found";
	case MTLS_E_PROTOCOL:
		return "protocol";
	case MTLS_E_CLOSED:
		return "closed";
	case MTLS_E_TIMEOUT:
		return "timeout";
	case MTLS_E_UNAVAILABLE:
		return "unavailable";
	case MTLS_E_PEER:
		return "peer";
	case MTLS_E_CRYPTO:
		return "crypto";
	case MTLS_E_REFUSED:
		return "refused";
	case MTLS_E_TOKEN_ABSENT:
		return "token-absent";
	case MTLS_E_TOKEN_UNUSABLE:
		return "token-unusable";
	case MTLS_E_TOKEN_FAILED:
		return "token-failed";
	case MTLS_E_PIN_WRONG:
		return "pin-wrong";
	case MTLS_E_PIN_LOCKED:
		return "pin-locked";
	case MTLS_E_CONVERSATION:
		return "conversation";
	case MTLS_E_AGAIN:
		return "again";
	case MTLS_E_CANCELLED:
		return "cancelled";
	case MTLS_E_LIMITED:
		return "limited";
	case MTLS_STATUS_COUNT:
		break;
	}
	return "unknown";
}

int
mtls_status_known(unsigned v)
{
	return v < MTLS_STATUS_COUNT;
}

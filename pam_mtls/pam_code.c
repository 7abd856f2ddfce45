/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The one table from status to PAM code, and the only place where ALLOW
 * becomes PAM_SUCCESS. Runs in the PAM application. The switches have no
 * default, so that a new status is a compile error here.
 *
 * MUST: success needs ALLOW and OK, both (test_pam_code: every pair).
 * MUST NOT: answer "this module has no opinion" (T-007).
 */
#include "pam_code.h"

#include <stddef.h>
#include <security/pam_modules.h>

int
pam_code(enum mtls_verdict verdict, enum mtls_status status)
{
	if (verdict == MTLS_VERDICT_ALLOW && status == MTLS_OK)
		return PAM_SUCCESS;
	switch (status) {
	case MTLS_OK:
	case MTLS_STATUS_COUNT:
		return PAM_ABORT;
	case MTLS_E_REFUSED:
	case MTLS_E_PIN_WRONG:
	case MTLS_E_CANCELLED:
		return PAM_AUTH_ERR;
	case MTLS_E_TOKEN_ABSENT:
	case MTLS_E_TOKEN_UNUSABLE:
	case MTLS_E_TOKEN_FAILED:
	case MTLS_E_UNAVAILABLE:
	case MTLS_E_PEER:
	case MTLS_E_PROTOCOL:
	case MTLS_E_CLOSED:
	case MTLS_E_TIMEOUT:
	case MTLS_E_CRYPTO:
		return PAM_AUTHINFO_UNAVAIL;
	case MTLS_E_PIN_LOCKED:
	case MTLS_E_LIMITED:
		return PAM_MAXTRIES;
	case MTLS_E_USAGE:
	case MTLS_E_CONFIG:
	case MTLS_E_NOT_FOUND:	/* what the settings name is not there */
		return PAM_SERVICE_ERR;
	case MTLS_E_PERMISSION:
		return PAM_PERM_DENIED;
	case MTLS_E_MEMORY:
		return PAM_BUF_ERR;
	case MTLS_E_SYSTEM:
		return PAM_SYSTEM_ERR;
	case MTLS_E_CONVERSATION:
		return PAM_CONV_ERR;
	case MTLS_E_AGAIN:
		return PAM_INCOMPLETE;
	}
	return PAM_ABORT;
}

const char *
pam_code_sentence(enum mtls_status status)
{
	switch (status) {
	case MTLS_E_TOKEN_ABSENT:
		return "Insert your smart card and try again.";
	case MTLS_E_TOKEN_UNUSABLE:
		return "This card cannot be used to log in here.";
	case MTLS_E_TOKEN_FAILED:
		return "The card could not be read.";
	case MTLS_E_PIN_WRONG:
		return "Wrong PIN.";
	case MTLS_E_PIN_LOCKED:
		return "The PIN of this card is locked.";
	case MTLS_E_CANCELLED:
		return "No answer was given.";
	case MTLS_E_LIMITED:
		return "Too many logins failed. Try again later.";
	case MTLS_E_REFUSED:
	case MTLS_E_PERMISSION:
		return "This login was refused.";
	case MTLS_E_USAGE:
	case MTLS_E_CONFIG:
	case MTLS_E_NOT_FOUND:
		return "Login by certificate is not set up correctly here.";
	case MTLS_OK:
	case MTLS_E_MEMORY:
	case MTLS_E_SYSTEM:
	case MTLS_E_PROTOCOL:
	case MTLS_E_CLOSED:
	case MTLS_E_TIMEOUT:
	case MTLS_E_UNAVAILABLE:
	case MTLS_E_PEER:
	case MTLS_E_CRYPTO:
	case MTLS_STATUS_COUNT:
		return "Your login cannot be verified now.";
	case MTLS_E_CONVERSATION:
	case MTLS_E_AGAIN:
		return NULL;
	}
	return NULL;
}

enum mtls_log_level
pam_code_level(enum mtls_status status)
{
	switch (status) {
	case MTLS_E_REFUSED:
	case MTLS_E_TOKEN_ABSENT:
	case MTLS_E_TOKEN_UNUSABLE:
	case MTLS_E_PIN_WRONG:
	case MTLS_E_PIN_LOCKED:
	case MTLS_E_CONVERSATION:
	case MTLS_E_AGAIN:
	case MTLS_E_CANCELLED:
	case MTLS_E_LIMITED:
		return MTLS_LOG_NOTICE;
	case MTLS_OK:
	case MTLS_E_USAGE:
	case MTLS_E_CONFIG:
	case MTLS_E_PERMISSION:
	case MTLS_E_MEMORY:
	case MTLS_E_SYSTEM:
	case MTLS_E_NOT_FOUND:
	case MTLS_E_PROTOCOL:
	case MTLS_E_CLOSED:
	case MTLS_E_TIMEOUT:
	case MTLS_E_UNAVAILABLE:
	case MTLS_E_PEER:
	case MTLS_E_CRYPTO:
	case MTLS_E_TOKEN_FAILED:
	case MTLS_STATUS_COUNT:
		return MTLS_LOG_ERR;
	}
	return MTLS_LOG_ERR;
}

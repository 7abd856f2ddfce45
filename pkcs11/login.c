/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The PIN guard. It
 * (1) MUST NOT let one call spend more than one try of the card;
 * (2) MUST NOT send a PIN that is empty, has control characters or is
 *     outside the lengths that the card states;
 * (3) MUST NOT send one to a card that is locked, nor use the last try
 *     unless the caller says so, by flags that are read now;
 * (4) MUST NOT send one to another card than the one it was asked for;
 * (5) MUST NOT take "already logged in" for a PIN that was right;
 * (6) MUST leave no PIN behind when it fails.
 * test_pkcs11_login.c has a test for each.
 */
#include "config.h"

#include <string.h>

#include "pkcs11/internal.h"

void
pkcs11_forget_pin(struct mtls_pkcs11_session *s)
{
	if (s->pin != NULL)
		mtls_secret_clear(s->pin);
	s->pin = NULL;
}

static int
has_control_bytes(const struct mtls_secret *pin)
{
	const uint8_t *bytes = mtls_secret_bytes0(pin);

	for (size_t i = 0; i < mtls_secret_len(pin); i++) {
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			return 1;
	}
	return 0;
}

static enum mtls_status
check_pin(const struct mtls_secret *pin, const CK_TOKEN_INFO *info,
    struct mtls_err *err)
{
	size_t len = mtls_secret_len(pin);

	if (len == 0)
		return mtls_fail(err, MTLS_E_CANCELLED, "the PIN is empty");
	if (len > MTLS_PKCS11_PIN_MAX ||
	    (info->ulMaxPinLen != 0 && len > info->ulMaxPinLen))
		return mtls_fail(err, MTLS_E_PIN_WRONG,
		    "the PIN is longer than the card's PINs are");
	if (info->ulMinPinLen <= MTLS_PKCS11_PIN_MAX &&
	    len < info->ulMinPinLen)
		return mtls_fail(err, MTLS_E_PIN_WRONG,
		    "the PIN is shorter than the card's PINs are");
	if (has_control_bytes(pin))
		return mtls_fail(err, MTLS_E_PIN_WRONG,
		    "the PIN has control characters");
	return MTLS_OK;
}

static enum mtls_status
check_flags(const CK_TOKEN_INFO *info, enum mtls_pkcs11_last_try last_try,
    struct mtls_err *err)
{
	if ((info->flags & CKF_USER_PIN_LOCKED) != 0)
		return mtls_fail(err, MTLS_E_PIN_LOCKED, "the PIN is locked");
	if ((info->flags & CKF_USER_PIN_FINAL_TRY) != 0 &&
	    last_try != MTLS_PKCS11_SPEND_LAST_TRY)
		return mtls_fail(err, MTLS_E_CANCELLED,
		    "only one try is left for the PIN");
	return MTLS_OK;
}

enum mtls_status
mtls_pkcs11_pin_check(struct mtls_pkcs11_session *s,
    enum mtls_pkcs11_last_try last_try, struct mtls_err *err)
{
	enum mtls_status status;
	CK_TOKEN_INFO info;

	status = pkcs11_same_token(s, &info, err);
	if (status == MTLS_OK && (info.flags & CKF_LOGIN_REQUIRED) != 0)
		status = check_flags(&info, last_try, err);
	return status;
}

static int
somebody_is_logged_in(struct mtls_pkcs11_session *s)
{
	CK_SESSION_INFO info;

	memset(&info, 0, sizeof(info));
	return s->p->f->C_GetSessionInfo(s->handle, &info) == CKR_OK &&
	    info.state != CKS_RO_PUBLIC_SESSION &&
	    info.state != CKS_RW_PUBLIC_SESSION;
}

/*
 * One C_Login; a second one only where the first says that it looked at no
 * PIN because somebody is logged in already.
 */
static enum mtls_status
login_once(struct mtls_pkcs11_session *s, const struct mtls_secret *pin,
    struct mtls_err *err)
{
	CK_FUNCTION_LIST *f = s->p->f;
	/* The module's prototype has no const; it has no reason to write. */
	unsigned char *bytes = pin == NULL ? NULL :
	    (unsigned char *)(uintptr_t)mtls_secret_bytes0(pin);
	CK_ULONG len = pin == NULL ? 0 : mtls_secret_len(pin);
	CK_RV rv;

	if (somebody_is_logged_in(s))
		(void)f->C_Logout(s->handle);
	rv = f->C_Login(s->handle, CKU_USER, bytes, len);
	if (rv == CKR_USER_ALREADY_LOGGED_IN ||
	    rv == CKR_USER_ANOTHER_ALREADY_LOGGED_IN) {
		rv = f->C_Logout(s->handle);
		if (rv != CKR_OK)
			return pkcs11_fail(err, "C_Logout", rv);
		rv = f->C_Login(s->handle, CKU_USER, bytes, len);
	}
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_Login", rv);
	s->logged_in = 1;
	return MTLS_OK;
}

static enum mtls_status
guarded_login(struct mtls_pkcs11_session *s, const struct mtls_secret *pin,
    enum mtls_pkcs11_last_try last_try, uint32_t *flags, struct mtls_err *err)
{
	enum mtls_status status;
	CK_TOKEN_INFO info;

	status = pkcs11_same_token(s, &info, err);
	if (status != MTLS_OK)
		return status;
	*flags = pkcs11_pin_flags(info.flags);
	if ((*flags & MTLS_PIN_NOT_NEEDED) != 0)
		return MTLS_OK;
	status = check_flags(&info, last_try, err);
	if (status != MTLS_OK)
		return status;
	if ((*flags & MTLS_PIN_PAD) == 0) {
		if (pin == NULL)
			return mtls_fail(err, MTLS_E_USAGE, "no PIN");
		status = check_pin(pin, &info, err);
		if (status != MTLS_OK)
			return status;
	} else {
		pin = NULL;
	}
	status = login_once(s, pin, err);
	if (s->p->f->C_GetTokenInfo(s->slot, &info) == CKR_OK)
		*flags = pkcs11_pin_flags(info.flags);
	return status;
}

enum mtls_status
mtls_pkcs11_login(struct mtls_pkcs11_session *s, struct mtls_secret *pin,
    enum mtls_pkcs11_last_try last_try, uint32_t *ret_pin_flags,
    struct mtls_err *err)
{
	enum mtls_status status;
	uint32_t flags = 0;

	s->pin = pin;
	status = guarded_login(s, pin, last_try, &flags, err);
	if (status != MTLS_OK)
		pkcs11_forget_pin(s);
	*ret_pin_flags = flags;
	return status;
}

enum mtls_status
mtls_pkcs11_change_pin(struct mtls_pkcs11_session *s,
    const struct mtls_secret *old_pin, const struct mtls_secret *new_pin,
    struct mtls_err *err)
{
	enum mtls_status status;
	CK_TOKEN_INFO info;
	CK_RV rv;

	status = pkcs11_same_token(s, &info, err);
	if (status == MTLS_OK)
		status = check_flags(&info, MTLS_PKCS11_KEEP_LAST_TRY, err);
	if (status == MTLS_OK)
		status = check_pin(old_pin, &info, err);
	if (status == MTLS_OK &&
	    check_pin(new_pin, &info, NULL) != MTLS_OK)
		status = mtls_fail(err, MTLS_E_USAGE, "the new PIN is not "
		    "of %lu to %lu characters", info.ulMinPinLen,
		    info.ulMaxPinLen);
	if (status != MTLS_OK)
		return status;
	rv = s->p->f->C_SetPIN(s->handle,
	    (unsigned char *)(uintptr_t)mtls_secret_bytes0(old_pin),
	    mtls_secret_len(old_pin),
	    (unsigned char *)(uintptr_t)mtls_secret_bytes0(new_pin),
	    mtls_secret_len(new_pin));
	return rv == CKR_OK ? MTLS_OK : pkcs11_fail(err, "C_SetPIN", rv);
}

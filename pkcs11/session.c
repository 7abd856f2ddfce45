/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One session on one token, and that it is still the token which was listed:
 * a PIN typed for one card never goes to another.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "pkcs11/internal.h"

enum mtls_status
pkcs11_same_token(struct mtls_pkcs11_session *s, CK_TOKEN_INFO *ret_info,
    struct mtls_err *err)
{
	CK_TOKEN_INFO info;
	char *label = NULL;
	char *serial = NULL;
	int same;
	CK_RV rv;

	memset(&info, 0, sizeof(info));
	rv = s->p->f->C_GetTokenInfo(s->slot, &info);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_GetTokenInfo", rv);
	label = pkcs11_text(info.label, sizeof(info.label));
	serial = pkcs11_text(info.serialNumber, sizeof(info.serialNumber));
	same = label != NULL && serial != NULL &&
	    strcmp(label, s->label) == 0 && strcmp(serial, s->serial) == 0;
	free(label);
	free(serial);
	if (!same)
		return mtls_fail(err, MTLS_E_TOKEN_ABSENT,
		    "another card is in the reader now");
	*ret_info = info;
	return MTLS_OK;
}

enum mtls_status
mtls_pkcs11_session_open(struct mtls_pkcs11 *p,
    const struct mtls_pkcs11_token *token, enum mtls_pkcs11_access access,
    struct mtls_pkcs11_session **ret, struct mtls_err *err)
{
	struct mtls_pkcs11_session *s;
	CK_FLAGS flags = CKF_SERIAL_SESSION;
	enum mtls_status status;
	CK_TOKEN_INFO info;
	CK_RV rv;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "session");
	s->p = p;
	s->slot = token->slot_id;
	s->access = access;
	s->label = strdup(token->label);
	s->serial = strdup(token->serial);
	if (s->label == NULL || s->serial == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "session");
		goto out;
	}
	if (access == MTLS_PKCS11_WRITE)
		flags |= CKF_RW_SESSION;
	rv = p->f->C_OpenSession(s->slot, flags, NULL, NULL, &s->handle);
	if (rv != CKR_OK) {
		status = pkcs11_fail(err, "C_OpenSession", rv);
		goto out;
	}
	s->is_open = 1;
	/* After the session: it breaks when the card is changed from now. */
	status = pkcs11_same_token(s, &info, err);
	if (status != MTLS_OK)
		goto out;
	*ret = s;
	s = NULL;
out:
	mtls_pkcs11_session_close(s);
	return status;
}

void
mtls_pkcs11_session_close(struct mtls_pkcs11_session *s)
{
	if (s == NULL)
		return;
	pkcs11_forget_pin(s);
	if (s->logged_in)
		(void)s->p->f->C_Logout(s->handle);
	if (s->is_open)
		(void)s->p->f->C_CloseSession(s->handle);
	EVP_PKEY_free(s->public_key);
	free(s->label);
	free(s->serial);
	free(s);
}

enum mtls_status
mtls_pkcs11_pin_flags(struct mtls_pkcs11_session *s, uint32_t *ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	CK_TOKEN_INFO info;

	status = pkcs11_same_token(s, &info, err);
	if (status == MTLS_OK)
		*ret = pkcs11_pin_flags(info.flags);
	return status;
}

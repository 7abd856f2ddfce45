/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Attributes, object searches and texts of a module. Buffers are ours and of
 * fixed size; a length is believed only where it is not larger than the
 * buffer that was offered, so that no number of the module's is ever used to
 * allocate or to index.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"
#include "pkcs11/internal.h"

int
pkcs11_get(struct mtls_pkcs11 *p, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *out, size_t size,
    size_t *ret_len)
{
	CK_ATTRIBUTE attribute = { type, out, size };

	if (p->f->C_GetAttributeValue(session, object, &attribute, 1) !=
	    CKR_OK)
		return -1;
	if (attribute.ulValueLen > size)
		return -1;
	if (ret_len == NULL)
		return attribute.ulValueLen == size ? 0 : -1;
	*ret_len = attribute.ulValueLen;
	return 0;
}

enum mtls_status
pkcs11_find(struct mtls_pkcs11 *p, CK_SESSION_HANDLE session,
    CK_ATTRIBUTE *template, size_t n_template, CK_OBJECT_HANDLE *out,
    size_t max, size_t *ret_n, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	CK_OBJECT_HANDLE some[32];
	size_t n = 0;
	CK_ULONG got;
	CK_RV rv;

	rv = p->f->C_FindObjectsInit(session, template, n_template);
	if (rv != CKR_OK)
		return pkcs11_fail(err, "C_FindObjectsInit", rv);
	for (;;) {
		got = 0;
		rv = p->f->C_FindObjects(session, some, 32, &got);
		if (rv != CKR_OK) {
			status = pkcs11_fail(err, "C_FindObjects", rv);
			break;
		}
		if (got == 0)
			break;
		if (got > 32 || got > max - n) {
			status = mtls_fail(err, MTLS_E_TOKEN_FAILED,
			    "C_FindObjects: more than %zu objects", max);
			break;
		}
		memcpy(out + n, some, got * sizeof(some[0]));
		n += got;
	}
	(void)p->f->C_FindObjectsFinal(session);
	if (status == MTLS_OK)
		*ret_n = n;
	return status;
}

char *
pkcs11_text(const void *field, size_t size)
{
	char raw[PKCS11_LABEL_MAX + 1];
	char *out;

	if (size > PKCS11_LABEL_MAX)
		size = PKCS11_LABEL_MAX;
	memcpy(raw, field, size);
	while (size > 0 && (raw[size - 1] == ' ' || raw[size - 1] == '\0'))
		size--;
	raw[size] = '\0';
	/* Room for \xNN in place of each byte, but no more than a message
	 * field takes. */
	out = malloc(PKCS11_LABEL_MAX);
	if (out != NULL)
		mtls_text_printable(out, PKCS11_LABEL_MAX, raw);
	return out;
}

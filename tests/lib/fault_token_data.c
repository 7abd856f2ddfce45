/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Lies of the faulty PKCS#11 module about signatures and attributes:
 *
 *	sign-len N		so long is the signature, it says
 *	sign-small		CKR_BUFFER_TOO_SMALL, always
 *	sign-old		the signature of the first call, again
 *	sign-garbage		bytes of the right length
 *	attribute TYPE LENGTH	this length is reported for it
 *	value-cut N		the certificate without its last N bytes
 *	value-more		the certificate and one byte behind it
 *	always-authenticate	every key wants the PIN for each signature
 */
#include "config.h"

#include "fault_token.h"

#include <stdlib.h>
#include <string.h>

CK_RV
fault_token_sign(CK_FUNCTION_LIST *real, CK_SESSION_HANDLE session,
    unsigned char *data, CK_ULONG data_len, unsigned char *sig,
    CK_ULONG *sig_len)
{
	static unsigned char old[1024];
	static CK_ULONG old_len;
	char text[1024];
	CK_RV rv;

	if (fault_token_get("sign-small", text, sizeof(text)) != NULL) {
		*sig_len += 1;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (fault_token_get("sign-old", text, sizeof(text)) != NULL &&
	    old_len == 0) {
		/* What an earlier login left: of other data. */
		old_len = sizeof(old);
		data[0] ^= 1;
		rv = real->C_Sign(session, data, data_len, old, &old_len);
		data[0] ^= 1;
		if (rv != CKR_OK)
			return rv;
		memcpy(sig, old, old_len);
		*sig_len = old_len;
		return CKR_OK;
	}
	rv = real->C_Sign(session, data, data_len, sig, sig_len);
	if (rv != CKR_OK)
		return rv;
	if (fault_token_get("sign-garbage", text, sizeof(text)) != NULL)
		memset(sig, 0x5a, *sig_len);
	if (fault_token_get("sign-len", text, sizeof(text)) != NULL)
		*sig_len = strtoul(text, NULL, 0);
	return CKR_OK;
}

static void
lie(CK_ATTRIBUTE *attribute, CK_ULONG room)
{
	char text[1024];
	char *end;

	if (fault_token_get("attribute", text, sizeof(text)) != NULL &&
	    strtoul(text, &end, 0) == attribute->type)
		attribute->ulValueLen = strtoul(end, NULL, 0);
	if (fault_token_get("always-authenticate", text, sizeof(text)) !=
	    NULL && attribute->type == CKA_ALWAYS_AUTHENTICATE &&
	    attribute->pValue != NULL && room == 1) {
		*(unsigned char *)attribute->pValue = 1;
		attribute->ulValueLen = 1;
	}
	if (attribute->type != CKA_VALUE || attribute->pValue == NULL)
		return;
	if (fault_token_get("value-cut", text, sizeof(text)) != NULL)
		attribute->ulValueLen -= strtoul(text, NULL, 0);
	if (fault_token_get("value-more", text, sizeof(text)) != NULL &&
	    attribute->ulValueLen < room) {
		((unsigned char *)attribute->pValue)[attribute->ulValueLen] =
		    0;
		attribute->ulValueLen++;
	}
}

CK_RV
fault_token_attributes(CK_FUNCTION_LIST *real, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG n)
{
	CK_ULONG rooms[16];
	CK_RV rv;

	for (CK_ULONG i = 0; i < n && i < 16; i++)
		rooms[i] = template[i].ulValueLen;
	rv = real->C_GetAttributeValue(session, object, template, n);
	for (CK_ULONG i = 0; rv == CKR_OK && i < n && i < 16; i++)
		lie(&template[i], rooms[i]);
	return rv;
}

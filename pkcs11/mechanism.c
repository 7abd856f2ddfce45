/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which of the mechanisms that TLS can use a token has, and which of them
 * fit a key.
 */
#include "config.h"

#include <string.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "pkcs11/internal.h"

static const struct {
	CK_MECHANISM_TYPE type;
	uint32_t bit;
} mechanisms[] = {
	{ CKM_RSA_PKCS_PSS, MTLS_MECHANISM_RSA_PSS },
	{ CKM_RSA_X_509, MTLS_MECHANISM_RSA_RAW },
	{ CKM_RSA_PKCS, MTLS_MECHANISM_RSA_PKCS1 },
	{ CKM_ECDSA, MTLS_MECHANISM_ECDSA },
	{ CKM_EDDSA, MTLS_MECHANISM_EDDSA }
};

uint32_t
pkcs11_mechanisms(struct mtls_pkcs11 *p, CK_SLOT_ID slot)
{
	CK_MECHANISM_INFO info;
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]);
	    i++) {
		memset(&info, 0, sizeof(info));
		if (p->f->C_GetMechanismInfo(slot, mechanisms[i].type,
		    &info) == CKR_OK && (info.flags & CKF_SIGN) != 0)
			bits |= mechanisms[i].bit;
	}
	return bits;
}

CK_KEY_TYPE
pkcs11_key_type(EVP_PKEY *public_key)
{
	switch (EVP_PKEY_get_base_id(public_key)) {
	case EVP_PKEY_RSA:
		return CKK_RSA;
	case EVP_PKEY_EC:
		return CKK_EC;
	case EVP_PKEY_ED25519:
		return CKK_EC_EDWARDS;
	default:
		return CKK_VENDOR_DEFINED;
	}
}

static int
is_named_curve(EVP_PKEY *key, const char *name)
{
	char group[64];
	size_t len = 0;

	return EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
	    strcmp(group, name) == 0;
}

uint32_t
pkcs11_mechanisms_for(EVP_PKEY *public_key, uint32_t token)
{
	int bits;

	switch (pkcs11_key_type(public_key)) {
	case CKK_RSA:
		bits = EVP_PKEY_get_bits(public_key);
		if (bits < 2048 || bits > 4096)
			return 0;
		return token & (MTLS_MECHANISM_RSA_PSS |
		    MTLS_MECHANISM_RSA_RAW | MTLS_MECHANISM_RSA_PKCS1);
	case CKK_EC:
		if (!is_named_curve(public_key, "prime256v1") &&
		    !is_named_curve(public_key, "secp384r1"))
			return 0;
		return token & MTLS_MECHANISM_ECDSA;
	case CKK_EC_EDWARDS:
		return token & MTLS_MECHANISM_EDDSA;
	default:
		return 0;
	}
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which private key on the token belongs to a certificate. A CKA_ID may be
 * there twice, and a card may carry somebody else's certificate beside its
 * own key: keys are told apart by their public numbers where the token shows
 * them, and in any case by the signature they make (sign.c).
 */
#include "config.h"

#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "pkcs11/internal.h"

#define MODULUS_MAX 512

/* 0: certainly another key. */
static int
may_be_key_of(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE key,
    EVP_PKEY *public_key)
{
	uint8_t shown[MODULUS_MAX + 1];
	uint8_t wanted[MODULUS_MAX];
	BIGNUM *modulus = NULL;
	CK_KEY_TYPE type;
	size_t len;
	int same;

	if (pkcs11_get(s->p, s->handle, key, CKA_KEY_TYPE, &type,
	    sizeof(type), NULL) != 0 || type != pkcs11_key_type(public_key))
		return 0;
	if (type != CKK_RSA || pkcs11_get(s->p, s->handle, key, CKA_MODULUS,
	    shown, sizeof(shown), &len) != 0 || len == 0)
		return 1;
	if (EVP_PKEY_get_bn_param(public_key, OSSL_PKEY_PARAM_RSA_N,
	    &modulus) != 1)
		return 0;
	same = 0;
	if (BN_num_bytes(modulus) <= MODULUS_MAX && (size_t)
	    BN_num_bytes(modulus) == len - (shown[0] == 0)) {
		BN_bn2bin(modulus, wanted);
		same = memcmp(shown + (shown[0] == 0), wanted,
		    (size_t)BN_num_bytes(modulus)) == 0;
	}
	BN_free(modulus);
	return same;
}

/* Whether a key wants the PIN again for each signature. */
static int
wants_pin_again(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE key)
{
	CK_BBOOL always = CK_FALSE;

	return pkcs11_get(s->p, s->handle, key, CKA_ALWAYS_AUTHENTICATE,
	    &always, sizeof(always), NULL) == 0 && always != CK_FALSE;
}

enum mtls_status
mtls_pkcs11_key(struct mtls_pkcs11_session *s,
    const struct mtls_pkcs11_cert *cert, struct mtls_err *err)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	uint8_t id[MTLS_PKCS11_ID_MAX];
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, id, cert->id_len } };
	CK_OBJECT_HANDLE found[PKCS11_KEYS_MAX];
	EVP_PKEY *public_key;
	enum mtls_status status;
	size_t n = 0;
	int again = 0;

	if (cert->x509 == NULL ||
	    (public_key = X509_get0_pubkey(cert->x509)) == NULL)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
		    "the certificate is malformed");
	s->mechanisms = cert->mechanisms;
	if (s->mechanisms == 0)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
		    "the card cannot sign with a key of this kind");
	memcpy(id, cert->id, cert->id_len);
	status = pkcs11_find(s->p, s->handle, template, 2, found,
	    PKCS11_KEYS_MAX, &n, err);
	if (status != MTLS_OK)
		return status;
	s->n_keys = 0;
	for (size_t i = 0; i < n; i++) {
		if (!may_be_key_of(s, found[i], public_key))
			continue;
		again |= wants_pin_again(s, found[i]);
		s->keys[s->n_keys++] = found[i];
	}
	if (s->n_keys == 0)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE, n == 0 ?
		    "the card has no key for this certificate" :
		    "the card's key is not the one of this certificate");
	if (!again)
		pkcs11_forget_pin(s);
	EVP_PKEY_up_ref(public_key);
	EVP_PKEY_free(s->public_key);
	s->public_key = public_key;
	return MTLS_OK;
}

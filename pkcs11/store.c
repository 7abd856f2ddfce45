/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A certificate onto the token, beside the key that it is for. libp11 could
 * do it, but leaves out CKA_SERIAL_NUMBER, by which other programs look.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pkcs11/internal.h"

#define KEYS_MAX	256
#define POINT_MAX	256
#define MODULUS_MAX	512

/* The parts of the certificate that become attributes. */
struct parts {
	unsigned char *der, *subject, *issuer, *serial;
	int der_len, subject_len, issuer_len, serial_len;
};

static void
parts_free(struct parts *parts)
{
	OPENSSL_free(parts->der);
	OPENSSL_free(parts->subject);
	OPENSSL_free(parts->issuer);
	OPENSSL_free(parts->serial);
}

static int
take_apart(X509 *x509, struct parts *ret)
{
	ret->der_len = i2d_X509(x509, &ret->der);
	ret->subject_len = i2d_X509_NAME(X509_get_subject_name(x509),
	    &ret->subject);
	ret->issuer_len = i2d_X509_NAME(X509_get_issuer_name(x509),
	    &ret->issuer);
	ret->serial_len = i2d_ASN1_INTEGER(X509_get_serialNumber(x509),
	    &ret->serial);
	return ret->der_len > 0 && ret->der_len <= (int)PKCS11_DER_MAX &&
	    ret->subject_len > 0 && ret->issuer_len > 0 &&
	    ret->serial_len > 0;
}

/* Whether the public key object shows the numbers of the key. */
static int
is_public_half(struct mtls_pkcs11_session *s, CK_OBJECT_HANDLE object,
    EVP_PKEY *key)
{
	uint8_t shown[MODULUS_MAX + 1];
	uint8_t wanted[MODULUS_MAX + 1];
	BIGNUM *modulus = NULL;
	CK_KEY_TYPE type;
	size_t len;
	size_t wanted_len = 0;

	if (pkcs11_get(s->p, s->handle, object, CKA_KEY_TYPE, &type,
	    sizeof(type), NULL) != 0 || type != pkcs11_key_type(key))
		return 0;
	if (pkcs11_get(s->p, s->handle, object, type == CKK_RSA ?
	    CKA_MODULUS : CKA_EC_POINT, shown, sizeof(shown), &len) != 0)
		return 0;
	if (type == CKK_RSA) {
		if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N,
		    &modulus) == 1 && BN_num_bytes(modulus) <= MODULUS_MAX)
			wanted_len = (size_t)BN_bn2bin(modulus, wanted);
		BN_free(modulus);
	} else if (EVP_PKEY_get_octet_string_param(key,
	    OSSL_PKEY_PARAM_PUB_KEY, wanted, sizeof(wanted),
	    &wanted_len) != 1) {
		wanted_len = 0;
	}
	/* The number, or it with a few bytes of DER (or a zero) before. */
	return wanted_len > 0 && len >= wanted_len && len <= wanted_len + 3 &&
	    memcmp(shown + (len - wanted_len), wanted, wanted_len) == 0;
}

/* The CKA_ID and label of the key pair on the token. */
static enum mtls_status
find_pair(struct mtls_pkcs11_session *s, EVP_PKEY *key, CK_ATTRIBUTE *id,
    CK_ATTRIBUTE *label, struct mtls_err *err)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PUBLIC_KEY,
		CKO_PRIVATE_KEY };
	CK_OBJECT_HANDLE found[KEYS_MAX];
	enum mtls_status status;
	size_t n;

	for (size_t c = 0; c < 2; c++) {
		CK_OBJECT_CLASS class = classes[c];
		CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };

		n = 0;
		status = pkcs11_find(s->p, s->handle, &template, 1, found,
		    KEYS_MAX, &n, err);
		if (status != MTLS_OK)
			return status;
		for (size_t i = 0; i < n; i++) {
			if (!is_public_half(s, found[i], key) ||
			    pkcs11_get(s->p, s->handle, found[i], CKA_ID,
			    id->pValue, MTLS_PKCS11_ID_MAX,
			    &id->ulValueLen) != 0)
				continue;
			if (pkcs11_get(s->p, s->handle, found[i], CKA_LABEL,
			    label->pValue, PKCS11_LABEL_MAX,
			    &label->ulValueLen) != 0)
				label->ulValueLen = 0;
			return MTLS_OK;
		}
	}
	return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
	    "the token has no key for this certificate");
}

static enum mtls_status
create(struct mtls_pkcs11_session *s, const struct parts *parts,
    CK_ATTRIBUTE *id, CK_ATTRIBUTE *label, struct mtls_err *err)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_SUBJECT, parts->subject, (CK_ULONG)parts->subject_len },
		{ CKA_ISSUER, parts->issuer, (CK_ULONG)parts->issuer_len },
		{ CKA_SERIAL_NUMBER, parts->serial,
		    (CK_ULONG)parts->serial_len },
		{ CKA_VALUE, parts->der, (CK_ULONG)parts->der_len },
		*id, *label };
	CK_OBJECT_HANDLE object;
	CK_RV rv;

	rv = s->p->f->C_CreateObject(s->handle, template,
	    sizeof(template) / sizeof(template[0]), &object);
	return rv == CKR_OK ? MTLS_OK : pkcs11_fail(err, "C_CreateObject",
	    rv);
}

enum mtls_status
mtls_pkcs11_store_certificate(struct mtls_pkcs11_session *s,
    X509 *certificate, int *ret_new, struct mtls_err *err)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	uint8_t id_bytes[MTLS_PKCS11_ID_MAX];
	uint8_t label_bytes[PKCS11_LABEL_MAX];
	CK_ATTRIBUTE id = { CKA_ID, id_bytes, 0 };
	CK_ATTRIBUTE label = { CKA_LABEL, label_bytes, 0 };
	CK_OBJECT_HANDLE found[8];
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	struct parts parts = { 0 };
	enum mtls_status status;
	size_t n = 0;

	if (s->access != MTLS_PKCS11_WRITE || key == NULL ||
	    !take_apart(certificate, &parts)) {
		status = mtls_fail(err, MTLS_E_USAGE,
		    "certificate, or access to the token");
		goto out;
	}
	status = find_pair(s, key, &id, &label, err);
	if (status != MTLS_OK)
		goto out;
	CK_ATTRIBUTE same[] = { { CKA_CLASS, &class, sizeof(class) }, id,
		{ CKA_VALUE, parts.der, (CK_ULONG)parts.der_len } };
	status = pkcs11_find(s->p, s->handle, same, 3, found, 8, &n, err);
	if (status != MTLS_OK)
		goto out;
	if (n == 0)
		status = create(s, &parts, &id, &label, err);
	if (status == MTLS_OK)
		*ret_new = n == 0;
out:
	parts_free(&parts);
	return status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Requirements on end-entity certificates; see leaf.h. Looked at on every
 * handshake, on both sides, after OpenSSL's own checks.
 */
#include "config.h"

#include "leaf.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#define SERIAL_MAX 20		/* bytes, RFC 5280, 4.1.2.2 */

static const char *
serial_problem(const ASN1_INTEGER *serial)
{
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	int len = ASN1_STRING_length(serial);

	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		return "its serial number is negative";
	if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || len < 1)
		return "its serial number is malformed";
	if (len > SERIAL_MAX)
		return "its serial number is too long";
	for (int i = 0; i < len; i++) {
		if (p[i] != 0)
			return NULL;
	}
	return "its serial number is zero";
}

/* Two extensions of one kind: which one counts depends on who looks. */
static int
has_duplicate_extension(const X509 *certificate)
{
	int n = X509_get_ext_count(certificate);

	for (int i = 0; i < n; i++) {
		ASN1_OBJECT *id = X509_EXTENSION_get_object(
		    X509_get_ext(certificate, i));

		if (X509_get_ext_by_OBJ(certificate, id, i) >= 0)
			return 1;
	}
	return 0;
}

const char *
mtls_certificate_problem(X509 *certificate)
{
	const char *problem;

	if (X509_get_version(certificate) != X509_VERSION_3)
		return "it is not an X.509 version 3 certificate";
	problem = serial_problem(X509_get0_serialNumber(certificate));
	if (problem != NULL)
		return problem;
	if (has_duplicate_extension(certificate))
		return "it has two extensions of one kind";
	if ((X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0)
		return "one of its extensions is malformed";
	return NULL;
}

int
mtls_leaf_fits(X509 *certificate, enum mtls_leaf_use use)
{
	uint32_t extended = X509_get_extended_key_usage(certificate);
	uint32_t usage = X509_get_key_usage(certificate);
	uint32_t wanted = use == MTLS_LEAF_CLIENT ?
	    XKU_SSL_CLIENT : XKU_SSL_SERVER;

	/* Absent is UINT32_MAX: no restriction, which is no permission. */
	if (extended == UINT32_MAX || (extended & wanted) == 0)
		return 0;
	return usage == UINT32_MAX || (usage & KU_DIGITAL_SIGNATURE) != 0;
}

/* 99991231235959Z: RFC 5280's "never", and no revocation lasts as long. */
static int
never_expires(const X509 *certificate)
{
	const ASN1_TIME *end = X509_get0_notAfter(certificate);
	static const char never[] = "99991231235959Z";

	return ASN1_STRING_length(end) == (int)sizeof(never) - 1 &&
	    memcmp(ASN1_STRING_get0_data(end), never, sizeof(never) - 1) == 0;
}

static const char *
key_problem(X509 *certificate)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int explicit_curve = 0;

	if (key == NULL)
		return "its public key is not understood";
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= 2048 ? NULL :
		    "its RSA key is shorter than 2048 bits";
	if (!EVP_PKEY_is_a(key, "EC"))
		return "its public key is of no accepted type";
	if (EVP_PKEY_get_int_param(key,
	    OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
	    &explicit_curve) != 1 || explicit_curve != 0)
		return "its public key does not name its curve";
	return NULL;
}

const char *
mtls_leaf_problem(X509 *certificate, enum mtls_leaf_use use)
{
	const char *problem;

	problem = mtls_certificate_problem(certificate);
	if (problem != NULL)
		return problem;
	if (X509_check_ca(certificate) != 0)
		return "it is a CA certificate";
	if (!mtls_leaf_fits(certificate, use))
		return use == MTLS_LEAF_CLIENT ?
		    "it is not for client authentication" :
		    "it is not for server authentication";
	if (never_expires(certificate))
		return "it never expires";
	return key_problem(certificate);
}

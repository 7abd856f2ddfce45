/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A certificate, read once into plain C. It may come from anybody: nothing
 * of it has been verified when this runs, and nothing here verifies it.
 */
#include "config.h"

#include "mtls/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "context.h"
#include "identity_names.h"
#include "leaf.h"
#include "mtls/text.h"

static void
read_serial(X509 *certificate, struct mtls_identity *id)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);

	/* mtls_certificate_problem() has seen that it fits. */
	mtls_hex_encode(id->serial, ASN1_STRING_get0_data(serial),
	    (size_t)ASN1_STRING_length(serial));
}

/* RFC 5280: UTC, to the second; X509_cmp_time() takes no other form. */
static enum mtls_status
read_time(const ASN1_TIME *time, int64_t *ret, struct mtls_err *err)
{
	struct tm tm;
	time_t epoch = 0;

	if (X509_cmp_time(time, &epoch) == 0 || ASN1_TIME_to_tm(time,
	    &tm) != 1)
		return mtls_fail_openssl(err, MTLS_E_PROTOCOL,
		    "certificate: a validity time is malformed");
	*ret = timegm(&tm);
	return MTLS_OK;
}

static enum mtls_status
read_digests(X509 *certificate, struct mtls_identity *id, struct mtls_err *err)
{
	unsigned char *spki = NULL;
	unsigned char *der = NULL;
	int spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate),
	    &spki);
	int der_len = i2d_X509(certificate, &der);
	enum mtls_status s = MTLS_OK;

	if (spki_len <= 0 || der_len <= 0 ||
	    EVP_Digest(der, (size_t)der_len, id->sha256, NULL, EVP_sha256(),
	    NULL) != 1 ||
	    EVP_Digest(spki, (size_t)spki_len, id->spki_sha256, NULL,
	    EVP_sha256(), NULL) != 1)
		s = mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "certificate: cannot be hashed");
	OPENSSL_free(spki);
	OPENSSL_free(der);
	return s;
}

static const char *
rsa_kind(unsigned bits)
{
	switch (bits) {
	case 2048:
		return "rsa2048";
	case 3072:
		return "rsa3072";
	case 4096:
		return "rsa4096";
	default:
		return "other";
	}
}

/* The name of its curve; "" where it is written out instead. */
static const char *
curve_of(const EVP_PKEY *key, char *group, size_t size)
{
	int explicit_curve = 0;

	if (EVP_PKEY_get_int_param(key,
	    OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
	    &explicit_curve) != 1 || explicit_curve != 0 ||
	    EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
	    group, size, NULL) != 1)
		return "";
	return group;
}

static void
read_key(X509 *certificate, struct mtls_identity *id)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	char buf[32];
	const char *curve;

	id->key_kind = "other";
	if (key == NULL)
		return;
	if (EVP_PKEY_is_a(key, "ED25519")) {
		id->key_type = MTLS_KEY_TYPE_ED25519;
		id->key_bits = 256;
		id->key_kind = "ed25519";
	} else if (EVP_PKEY_is_a(key, "RSA")) {
		id->key_type = MTLS_KEY_TYPE_RSA;
		id->key_bits = (unsigned)EVP_PKEY_get_bits(key);
		id->key_kind = rsa_kind(id->key_bits);
	} else if (EVP_PKEY_is_a(key, "EC")) {
		curve = curve_of(key, buf, sizeof(buf));
		if (curve[0] == '\0')
			return;
		id->key_type = MTLS_KEY_TYPE_EC;
		id->key_bits = (unsigned)EVP_PKEY_get_bits(key);
		if (strcmp(curve, "prime256v1") == 0)
			id->key_kind = "p256";
		else if (strcmp(curve, "secp384r1") == 0)
			id->key_kind = "p384";
	}
}

static void
read_use(X509 *certificate, struct mtls_identity *id)
{
	const ASN1_OCTET_STRING *key_id;

	/* CA:TRUE makes it one, even where keyUsage then forbids to sign. */
	id->is_ca = X509_check_ca(certificate) != 0 ||
	    (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
	id->for_client_auth = mtls_leaf_fits(certificate, MTLS_LEAF_CLIENT);
	id->for_server_auth = mtls_leaf_fits(certificate, MTLS_LEAF_SERVER);
	read_key(certificate, id);
	key_id = X509_get0_subject_key_id(certificate);
	if (key_id != NULL &&
	    ASN1_STRING_length(key_id) == (int)sizeof(id->key_id)) {
		memcpy(id->key_id, ASN1_STRING_get0_data(key_id),
		    sizeof(id->key_id));
		id->key_id_len = sizeof(id->key_id);
	}
}

static enum mtls_status
read_names(X509 *certificate, struct mtls_identity *id, struct mtls_err *err)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	enum mtls_status s;

	s = mtls_identity_name(subject, "subject", &id->subject, err);
	if (s == MTLS_OK)
		s = mtls_identity_name(X509_get_issuer_name(certificate),
		    "issuer", &id->issuer, err);
	if (s == MTLS_OK)
		s = mtls_identity_subject(subject, id, err);
	if (s == MTLS_OK)
		s = mtls_identity_san(certificate, id, err);
	if (s == MTLS_OK)
		s = mtls_identity_purposes(certificate, id, err);
	return s;
}

enum mtls_status
mtls_identity_read(X509 *certificate, struct mtls_identity *ret,
    struct mtls_err *err)
{
	struct mtls_identity id = {0};
	const char *problem;
	enum mtls_status s;

	ERR_clear_error();
	problem = mtls_certificate_problem(certificate);
	if (problem != NULL) {
		s = mtls_fail_openssl(err, MTLS_E_PROTOCOL, "certificate: %s",
		    problem);
		goto out;
	}
	read_serial(certificate, &id);
	s = read_time(X509_get0_notBefore(certificate), &id.not_before_s,
	    err);
	if (s == MTLS_OK)
		s = read_time(X509_get0_notAfter(certificate),
		    &id.not_after_s, err);
	if (s == MTLS_OK)
		s = read_digests(certificate, &id, err);
	if (s == MTLS_OK)
		s = read_names(certificate, &id, err);
	if (s != MTLS_OK)
		goto out;
	read_use(certificate, &id);
	*ret = id;
	memset(&id, 0, sizeof(id));
out:
	mtls_identity_clear(&id);
	ERR_clear_error();
	return s;
}

static void
clear_texts(struct mtls_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->text[i]);
	free(texts->text);
}

void
mtls_identity_clear(struct mtls_identity *id)
{
	if (id == NULL)
		return;
	free(id->subject);
	free(id->issuer);
	clear_texts(&id->upn);
	clear_texts(&id->email);
	clear_texts(&id->dns);
	clear_texts(&id->uri);
	clear_texts(&id->cn);
	clear_texts(&id->uid);
	clear_texts(&id->subject_serial);
	clear_texts(&id->eku);
	clear_texts(&id->policies);
	memset(id, 0, sizeof(*id));
}

char *
mtls_identity_short(const struct mtls_identity *id, char *out, size_t size)
{
	if (size == 0)
		return out;
	snprintf(out, size, "serial=%s issuer=%s", id->serial,
	    id->issuer != NULL ? id->issuer : "");
	mtls_text_make_line(out);	/* drops half a character */
	return out;
}

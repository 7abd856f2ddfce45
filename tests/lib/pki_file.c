/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The CRLs of the throw-away PKI, and its files; see pki.h.
 */
#include "config.h"

#include "pki_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void
add_revoked(X509_CRL *crl, const struct pki_cert *cert, const ASN1_TIME *when,
    int reason, int is_critical)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();

	pki_must(r != NULL && X509_REVOKED_set_serialNumber(r,
	    X509_get_serialNumber(cert->x509)) &&
	    X509_REVOKED_set_revocationDate(r, (ASN1_TIME *)when) &&
	    (reason == 0 || (ASN1_ENUMERATED_set(value, reason) &&
	    X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, value, is_critical,
	    0))) &&
	    X509_CRL_add0_revoked(crl, r), "revoked");
	ASN1_ENUMERATED_free(value);
}

static void
add_crl_extensions(X509_CRL *crl, const struct pki_cert *ca,
    const struct pki_crl_options *o)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	X509V3_set_ctx(&ctx, ca->x509, NULL, NULL, crl, 0);
	e = X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier,
	    "keyid");
	pki_must(e != NULL && X509_CRL_add_ext(crl, e, -1), "AKI");
	X509_EXTENSION_free(e);
	if (o->number >= 0)
		pki_must(number != NULL && ASN1_INTEGER_set_int64(number,
		    o->number != 0 ? o->number : 1) && X509_CRL_add1_ext_i2d(
		    crl, NID_crl_number, number, 0, 0), "number");
	if (o->base != 0)
		pki_must(ASN1_INTEGER_set_int64(number, o->base) &&
		    X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1, 0),
		    "base number");
	ASN1_INTEGER_free(number);
	for (const struct pki_extension *x = o->extra;
	    x != NULL && x->oid != NULL; x++) {
		e = pki_raw_extension(x);
		pki_must(X509_CRL_add_ext(crl, e, -1), "extension");
		X509_EXTENSION_free(e);
	}
}

static X509_CRL *
parse_crl_again(struct pki *pki, X509_CRL *crl)
{
	X509_CRL *parsed = X509_CRL_new_ex(pki->libctx, NULL);
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	const unsigned char *p = der;

	pki_must(parsed != NULL && len > 0 && d2i_X509_CRL(&parsed, &p, len) !=
	    NULL, "CRL");
	OPENSSL_free(der);
	X509_CRL_free(crl);
	return parsed;
}

X509_CRL *
pki_crl(struct pki *pki, const struct pki_cert *ca,
    const struct pki_cert *const *revoked,
    const struct pki_crl_options *options)
{
	static const struct pki_crl_options none;
	const struct pki_crl_options *o = options != NULL ? options : &none;
	const struct pki_cert *signer = o->signed_by != NULL ? o->signed_by :
	    ca;
	X509_CRL *crl = X509_CRL_new_ex(pki->libctx, NULL);
	ASN1_TIME *t = ASN1_TIME_new();
	time_t now = time(NULL);

	pki_must(crl != NULL && t != NULL && X509_CRL_set_version(crl, 1) &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->x509)),
	    "CRL");
	pki_must(ASN1_TIME_set(t, now + (o->ends_s != 0 ? o->ends_s : DAY)) &&
	    X509_CRL_set1_nextUpdate(crl, t), "nextUpdate");
	pki_must(ASN1_TIME_set(t, now + (o->starts_s != 0 ? o->starts_s :
	    -3600)) && X509_CRL_set1_lastUpdate(crl, t), "lastUpdate");
	for (; revoked != NULL && *revoked != NULL; revoked++)
		add_revoked(crl, *revoked, t, o->has_critical_entries ?
		    CRL_REASON_SUPERSEDED : 0, o->has_critical_entries);
	for (revoked = o->removed; revoked != NULL && *revoked != NULL;
	    revoked++)
		add_revoked(crl, *revoked, t, CRL_REASON_REMOVE_FROM_CRL, 0);
	ASN1_TIME_free(t);
	add_crl_extensions(crl, ca, o);
	pki_must(X509_CRL_sort(crl) && X509_CRL_sign(crl, signer->key,
	    pki_signing_digest(signer->key, o->digest)) > 0, "CRL signature");
	pki_new_item(pki)->crl = parse_crl_again(pki, crl);
	return pki->items->crl;
}

static FILE *
create(struct pki *pki, const char *name, mode_t mode, const char **ret_path)
{
	struct pki_item *item = pki_new_item(pki);
	FILE *f;

	pki_must(asprintf(&item->path, "%s/%s", pki->dir, name) > 0, "path");
	f = fopen(item->path, "w");
	pki_must(f != NULL && fchmod(fileno(f), mode) == 0, item->path);
	*ret_path = item->path;
	return f;
}

const char *
pki_file_certs(struct pki *pki, const char *name,
    const struct pki_cert *const *certs)
{
	const char *path;
	FILE *f = create(pki, name, 0644, &path);

	for (; *certs != NULL; certs++)
		pki_must(PEM_write_X509(f, (*certs)->x509), path);
	pki_must(fclose(f) == 0, path);
	return path;
}

const char *
pki_file_key(struct pki *pki, const char *name, const struct pki_cert *cert)
{
	const char *path;
	FILE *f = create(pki, name, 0600, &path);

	pki_must(PEM_write_PKCS8PrivateKey(f, cert->key, NULL, NULL, 0, NULL,
	    NULL), path);
	pki_must(fclose(f) == 0, path);
	return path;
}

const char *
pki_file_crl(struct pki *pki, const char *name, X509_CRL *crl)
{
	const char *path;
	FILE *f = create(pki, name, 0644, &path);

	pki_must(PEM_write_X509_CRL(f, crl), path);
	pki_must(fclose(f) == 0, path);
	return path;
}

const char *
pki_file_bytes(struct pki *pki, const char *name, const void *data,
    size_t len)
{
	const char *path;
	FILE *f = create(pki, name, 0644, &path);

	pki_must(fwrite(data, 1, len, f) == len && fclose(f) == 0, path);
	return path;
}

uint8_t *
pki_der(const struct pki_cert *cert, size_t *ret_len)
{
	int len = i2d_X509(cert->x509, NULL);
	uint8_t *der = malloc(len > 0 ? (size_t)len : 1);
	unsigned char *p = der;

	pki_must(der != NULL && len > 0 && i2d_X509(cert->x509, &p) == len,
	    "DER");
	*ret_len = (size_t)len;
	return der;
}

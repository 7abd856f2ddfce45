/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of CAs: who issued whom, and what the settings say of each. A CA
 * is a certificate, not a name: a second CA of the same name has another key,
 * and the CRL of one says nothing about the other (T047).
 */
#include "config.h"

#include "revocation_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mtls/message.h"
#include "mtls/pem.h"

#include "pattern.h"

static enum mtls_status
out_of_memory(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
}

size_t
revocation_find_ca(const struct revocation *r, X509 *certificate)
{
	for (size_t i = 0; i < r->n_cas; i++) {
		if (X509_cmp(r->cas[i].certificate, certificate) == 0)
			return i;
	}
	return REVOCATION_NO_CA;
}

void
revocation_subject(const struct revocation_authority *ca, char *out,
    size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio != NULL && X509_NAME_print_ex(bio,
	    X509_get_subject_name(ca->certificate), 0, XN_FLAG_RFC2253 &
	    ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, out, (int)size - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static int
issued(X509 *issuer, X509 *certificate)
{
	return X509_check_issued(issuer, certificate) == X509_V_OK &&
	    X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

/* Which of the CAs issued which, once. */
static void
link_cas(struct revocation *r)
{
	for (size_t i = 0; i < r->n_cas; i++) {
		struct revocation_authority *ca = &r->cas[i];

		ca->issuer = REVOCATION_NO_CA;
		ca->is_root = X509_self_signed(ca->certificate, 1) == 1;
		for (size_t k = 0; k < r->n_cas && !ca->is_root &&
		    ca->issuer == REVOCATION_NO_CA; k++) {
			if (k != i && issued(r->cas[k].certificate,
			    ca->certificate))
				ca->issuer = k;
		}
	}
	ERR_clear_error();
}

/* A copy of its own, that any thread may use while the bundle goes away. */
static enum mtls_status
copy_certificate(struct mtls_tls *tls, X509 *certificate,
    struct revocation_authority *ca, struct mtls_err *err)
{
	X509_PUBKEY *spki = X509_get_X509_PUBKEY(certificate);
	unsigned char *der = NULL;
	enum mtls_status status;
	uint8_t *all = NULL;
	size_t all_len;
	int len;

	status = mtls_der_of_certificate(certificate, &all, &all_len, err);
	if (status == MTLS_OK)
		status = mtls_der_certificate(tls, all, all_len,
		    &ca->certificate, err);
	free(all);
	if (status != MTLS_OK)
		return status;
	len = i2d_X509_PUBKEY(spki, &der);
	if (len <= 0 ||
	    X509_digest(certificate, EVP_sha256(), ca->id, NULL) != 1 ||
	    EVP_Digest(der, (size_t)len, ca->key, NULL, EVP_sha256(),
	    NULL) != 1)
		status = out_of_memory(err);
	OPENSSL_free(der);
	return status;
}

static const struct settings_ca *
settings_of(const struct revocation_authority *ca,
    const struct settings_cas *settings)
{
	char subject[512], dn[sizeof(subject)];

	revocation_subject(ca, subject, sizeof(subject));
	if (pattern_normalise_dn(dn, sizeof(dn), subject) != 0)
		return NULL;
	for (size_t i = 0; i < settings->n; i++) {
		if (strcmp(settings->ca[i].subject, dn) == 0)
			return &settings->ca[i];
	}
	return NULL;
}

static enum revocation_mode
mode_of(const struct settings_ca *s, enum revocation_mode fallback)
{
	switch ((enum settings_ca_mode)s->mode) {
	case SETTINGS_CA_DEFAULT:
		return fallback;
	case SETTINGS_CA_STRICT:
		break;
	case SETTINGS_CA_IFURI:
		return REVOCATION_IFURI;
	case SETTINGS_CA_RELAXED:
		return REVOCATION_RELAXED;
	}
	return REVOCATION_STRICT;
}

static enum mtls_status
use_settings(struct revocation_authority *ca, const struct settings_ca *s,
    struct mtls_err *err)
{
	const char *url = settings_ca_url0(s);
	enum mtls_status status = MTLS_OK;

	ca->mode = mode_of(s, ca->mode);
	ca->refresh_s = s->crl_refresh_s;
	ca->ocsp_max_age_s = s->ocsp_max_age_s;
	ca->ocsp_timeout_s = s->ocsp_timeout_s;
	if (url != NULL)
		status = mtls_text_dup(&ca->url, url, err);
	if (status == MTLS_OK && s->ocsp[0] != '\0')
		status = mtls_text_dup(&ca->ocsp, s->ocsp, err);
	return status;
}

/* Sections that are about nobody: a name was misspelt, or a CA is gone. */
static enum mtls_status
find_unknown(struct revocation *r, const struct settings_cas *settings,
    struct mtls_err *err)
{
	for (size_t i = 0; i < settings->n; i++) {
		size_t k = 0;

		while (k < r->n_cas && settings_of(&r->cas[k], settings) !=
		    &settings->ca[i])
			k++;
		if (k == r->n_cas)
			return mtls_text_dup(&r->unknown_section,
			    settings->ca[i].name, err);
	}
	return MTLS_OK;
}

static enum mtls_status
take_ca(struct revocation *r, struct mtls_tls *tls, X509 *certificate,
    const struct revocation_options *o, struct mtls_err *err)
{
	struct revocation_authority *ca = &r->cas[r->n_cas];
	const struct settings_ca *s;
	enum mtls_status status;

	if (revocation_find_ca(r, certificate) != REVOCATION_NO_CA)
		return MTLS_OK;
	ca->mode = o->mode;
	ca->floor = o->has_floors ? REVOCATION_FLOOR_UNKNOWN :
	    REVOCATION_FLOOR_KEPT;
	r->n_cas++;
	status = copy_certificate(tls, certificate, ca, err);
	s = status != MTLS_OK || o->settings == NULL ? NULL :
	    settings_of(ca, o->settings);
	return s == NULL ? status : use_settings(ca, s, err);
}

enum mtls_status
revocation_take_cas(struct revocation *r, struct mtls_tls *tls,
    const struct revocation_options *o, struct mtls_err *err)
{
	int n = sk_X509_num(o->cas);
	enum mtls_status status = MTLS_OK;

	r->cas = calloc((size_t)n + 1, sizeof(*r->cas));
	if (r->cas == NULL)
		return out_of_memory(err);
	for (int i = 0; status == MTLS_OK && i < n; i++)
		status = take_ca(r, tls, sk_X509_value(o->cas, i), o, err);
	if (status != MTLS_OK)
		return status;
	link_cas(r);
	return o->settings == NULL ? MTLS_OK :
	    find_unknown(r, o->settings, err);
}

void
revocation_clear_cas(struct revocation *r)
{
	for (size_t i = 0; i < r->n_cas; i++) {
		X509_free(r->cas[i].certificate);
		crl_free(r->cas[i].crl);
		free(r->cas[i].url);
		free(r->cas[i].ocsp);
	}
	free(r->cas);
	free(r->unknown_section);
}

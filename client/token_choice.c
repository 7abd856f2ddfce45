/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Choosing a certificate. What is shown of it comes from a card: it is made
 * printable and cut.
 */
#include "config.h"

#include "client/token_choice.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtls/login.h"
#include "mtls/pem.h"
#include "mtls/text.h"

#define ISSUERS_MAX	49152u	/* messages.def */
#define CHOICES_MAX	9u	/* one digit, and what fits on a screen */

enum mtls_status
token_choice_issuers(STACK_OF(X509_NAME) *issuers, struct mtls_bytes *ret,
    struct mtls_err *err)
{
	uint8_t *data, *p;
	size_t total = 0;
	int i, len;

	for (i = 0; i < sk_X509_NAME_num(issuers); i++) {
		len = i2d_X509_NAME(sk_X509_NAME_value(issuers, i), NULL);
		if (len <= 0)
			return mtls_fail(err, MTLS_E_PROTOCOL,
			    "the verifier accepts an issuer without a name");
		total += (size_t)len;
		if (total > ISSUERS_MAX)
			return mtls_fail(err, MTLS_E_PROTOCOL,
			    "the verifier accepts too many issuers");
	}
	data = malloc(total + 1);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	p = data;
	for (i = 0; i < sk_X509_NAME_num(issuers); i++)
		(void)i2d_X509_NAME(sk_X509_NAME_value(issuers, i), &p);
	ret->data = data;
	ret->len = total;
	return MTLS_OK;
}

/* The length of the DER object at p, of at most max bytes; 0 for none. */
static size_t
der_len(const uint8_t *p, size_t max)
{
	const unsigned char *content = p;
	int tag, xclass;
	long len;

	if (max > LONG_MAX || ASN1_get_object(&content, &len, &tag, &xclass,
	    (long)max) != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE)
		return 0;
	return (size_t)(content - p) + (size_t)len;
}

enum mtls_status
token_choice_chain(struct mtls_tls *tls, const struct mtls_bytes *chain,
    STACK_OF(X509) **ret, struct mtls_err *err)
{
	STACK_OF(X509) *certs;
	X509 *cert;
	size_t at, len;

	if (chain->len == 0)
		return MTLS_OK;
	certs = sk_X509_new_null();
	if (certs == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (at = 0; at < chain->len; at += len) {
		cert = NULL;
		len = der_len(chain->data + at, chain->len - at);
		if (len == 0 || sk_X509_num(certs) == TOKEN_CHOICE_MAX_CHAIN ||
		    mtls_der_certificate(tls, chain->data + at, len, &cert,
		    err) != MTLS_OK || sk_X509_push(certs, cert) == 0) {
			X509_free(cert);
			sk_X509_pop_free(certs, X509_free);
			return mtls_fail(err, MTLS_E_TOKEN_FAILED,
			    "a malformed intermediate certificate");
		}
	}
	*ret = certs;
	return MTLS_OK;
}

/*
 * Until when, as ", until 2027-03-01": what tells a new certificate from the
 * one before it. "" where that cannot be read.
 */
static void
until_text(struct mtls_tls *tls, const struct mtls_bytes *der, char *out,
    size_t size)
{
	X509 *cert = NULL;
	struct mtls_err ignored;
	struct tm tm;

	out[0] = '\0';
	mtls_err_clear(&ignored);
	if (mtls_der_certificate(tls, der->data, der->len, &cert, &ignored) ==
	    MTLS_OK && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		(void)strftime(out, size, ", until %Y-%m-%d", &tm);
	X509_free(cert);
}

enum mtls_status
token_choice_question(struct mtls_tls *tls, const struct token_worker *t,
    char *out, size_t size, struct mtls_err *err)
{
	const struct mtls_msg_token_cert *c;
	size_t i, n = token_worker_n_certs(t);
	size_t used, share;
	char subject[80], token[40], until[24];
	int len;

	if (n > CHOICES_MAX)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
		    "%zu certificates fit: narrow the choice with [token] uri",
		    n);
	used = (size_t)snprintf(out, size, "Which certificate?");
	share = (size - used - 3) / n;
	for (i = 0; i < n; i++) {
		c = token_worker_cert0(t, i);
		(void)mtls_text_printable(subject, share / 2 < sizeof(subject)
		    ? share / 2 : sizeof(subject), *c->subject != '\0' ?
		    c->subject : c->label);
		(void)mtls_text_printable(token, share / 4 < sizeof(token) ?
		    share / 4 : sizeof(token), c->token);
		until_text(tls, &c->der, until, sizeof(until));
		len = snprintf(out + used, size - used, "%s %zu: %s (%s%s)",
		    i == 0 ? "" : ",", i + 1, subject, token, until);
		if (len < 0 || (size_t)len >= size - used)
			return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
			    "the certificates cannot be listed");
		used += (size_t)len;
	}
	(void)snprintf(out + used, size - used, ": ");
	return MTLS_OK;
}

enum mtls_status
token_choice_parse(const char *text, size_t n, size_t *ret,
    struct mtls_err *err)
{
	if (text[0] < '1' || text[0] > '9' || text[1] != '\0' ||
	    (size_t)(text[0] - '0') > n)
		return mtls_fail(err, MTLS_E_CANCELLED,
		    "no certificate was chosen");
	*ret = (size_t)(text[0] - '1');
	return MTLS_OK;
}

enum mtls_status
token_choice_check(const struct mtls_msg_token_cert *cert, int insist_on_pin,
    struct mtls_err *err)
{
	if (cert->pin_flags & MTLS_PIN_LOCKED)
		return mtls_fail(err, MTLS_E_PIN_LOCKED,
		    "the PIN of the card is locked");
	if (cert->mechanisms == 0)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
		    "the card cannot sign with this key");
	if ((cert->pin_flags & MTLS_PIN_NOT_NEEDED) && insist_on_pin)
		return mtls_fail(err, MTLS_E_TOKEN_UNUSABLE,
		    "the card asks for no PIN and the service insists on one");
	return MTLS_OK;
}

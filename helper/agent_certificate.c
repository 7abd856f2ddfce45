/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/certificates.
 */
#include "config.h"

#include "agent_certificate.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/base64.h"
#include "mtls/body.h"
#include "mtls/pem.h"
#include "mtls/secret.h"

#define DER_MAX	12000u	/* what 16,000 characters can hold */

/* It is a certificate for this very key, or it is none for us. */
static enum mtls_status
check_key(const struct agent_certificate *a, X509 *x509,
    struct mtls_err *err)
{
	uint8_t *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);

	if (len <= 0 || (size_t)len != a->key->spki_len ||
	    memcmp(spki, a->key->spki, a->key->spki_len) != 0)
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier's certificate has another key");
	OPENSSL_free(spki);
	return err->status;
}

static enum mtls_status
read_certificate(const struct agent_certificate *a, const char *base64,
    X509 **ret, struct mtls_err *err)
{
	uint8_t *der = malloc(DER_MAX);
	X509 *x509 = NULL;
	size_t len;

	if (der == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (mtls_base64_decode(der, DER_MAX, base64, strlen(base64), &len) !=
	    0)
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier's certificate is not base64");
	else if (mtls_der_certificate(a->tls, der, len, &x509, err) ==
	    MTLS_OK && check_key(a, x509, err) == MTLS_OK) {
		*ret = x509;
		x509 = NULL;
	}
	X509_free(x509);
	free(der);
	return err->status;
}

static enum mtls_status
take_certificate(const struct agent_certificate *a,
    const struct http_answer *answer, X509 **ret, struct mtls_err *err)
{
	struct mtls_body_certificate c;

	memset(&c, 0, sizeof(c));
	if (mtls_body_parse(MTLS_BODY_CERTIFICATE, answer->body, answer->len,
	    &c, err) != MTLS_OK)
		return err->status;
	if (!mtls_bytes_equal(c.challenge, device_channel_challenge0(
	    a->device), MTLS_ID_BYTES))
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the answer is about another challenge");
	else
		(void)read_certificate(a, c.certificate, ret, err);
	mtls_body_clear(MTLS_BODY_CERTIFICATE, &c);
	return err->status;
}

static int
begins_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* About this key, or about the challenge and every other key as well? */
static enum mtls_status
take_problem(const struct http_answer *answer, struct mtls_err *err)
{
	(void)problem_read(answer, err);
	if (answer->code == 404 && begins_with(err->text, "no-such-key"))
		err->status = MTLS_E_NOT_FOUND;
	else if (answer->code == 404 &&
	    begins_with(err->text, "no-valid-certificate"))
		err->status = MTLS_E_TOKEN_UNUSABLE;
	return err->status;
}

static void
on_answer(void *arg, const struct http_answer *answer,
    const struct mtls_err *why)
{
	struct agent_certificate *a = arg;
	struct mtls_err err = *why;
	X509 *x509 = NULL;

	if (answer != NULL && answer->code == 200)
		(void)take_certificate(a, answer, &x509, &err);
	else if (answer != NULL)
		(void)take_problem(answer, &err);
	a->done(a->arg, x509, &err);
}

enum mtls_status
agent_certificate_ask(struct agent_certificate *a, struct mtls_err *err)
{
	struct mtls_body_certificate_ask ask;
	char *json = NULL;
	size_t len;

	memset(&ask, 0, sizeof(ask));
	ask.version = 1;
	memcpy(ask.challenge, device_channel_challenge0(a->device),
	    MTLS_ID_BYTES);
	if (ssh_key_hash(a->key, ask.key, err) == MTLS_OK &&
	    mtls_body_format(MTLS_BODY_CERTIFICATE_ASK, &ask, &json, &len,
	    err) == MTLS_OK)
		(void)device_channel_post(a->device, "/v1/certificates",
		    json, on_answer, a, err);
	free(json);
	return err->status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whom to ask, asking, believing, remembering.
 */
#include "config.h"

#include "ocsp_fetch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_fetch.h"
#include "ocsp_answer.h"

#define ANSWER_MAX (128u * 1024u)

struct issuer {
	struct revocation *r;
	size_t ca;
	int64_t now_s;
};

static int
is_good(void *arg, X509 *certificate)
{
	const struct issuer *issuer = arg;

	return revocation_listed(issuer->r, issuer->ca, certificate,
	    issuer->now_s) == POLICY_STANDING_GOOD;
}

static enum mtls_status
ask(const struct ocsp_question *q, const char *url, uint32_t timeout_s,
    int wake_fd, const struct ocsp_terms *terms, struct ocsp_result *ret,
    struct mtls_err *err)
{
	struct http_fetch request = {
		.url = url,
		.body_type = "application/ocsp-request",
		.max_bytes = ANSWER_MAX,
		.timeout_s = timeout_s,
		.wake_fd = wake_fd,
	};
	enum mtls_status status;
	uint8_t *data = NULL;
	size_t len = 0;

	request.body = ocsp_question_der0(q, &request.body_len);
	status = http_fetch(&request, &data, &len, err);
	if (status == MTLS_OK)
		status = ocsp_answer_read(q, terms, data, len, ret, err);
	free(data);
	return status;
}

static enum mtls_status
ask_responder(const struct issuer *issuer,
    const struct revocation_responder *who, X509 *certificate, int wake_fd,
    struct ocsp_result *ret, struct mtls_err *err)
{
	const struct ocsp_terms terms = { issuer->now_s, who->max_age_s,
	    is_good, (void *)issuer };
	struct ocsp_question *q = NULL;
	enum mtls_status status;
	char *url;

	url = strcmp(who->url, "aia") == 0 ? ocsp_url_of(certificate) :
	    strdup(who->url);
	if (url == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "the certificate names no responder with an http URL");
	status = ocsp_question_new(certificate, who->ca, &q, err);
	if (status == MTLS_OK)
		status = ask(q, url, who->timeout_s, wake_fd, &terms, ret,
		    err);
	if (status != MTLS_OK)
		mtls_err_context(err, "%.160s", url);
	ocsp_question_free(q);
	free(url);
	return status;
}

enum mtls_status
ocsp_fetch(struct revocation *r, size_t ca, X509 *certificate, int wake_fd,
    enum ocsp_answer *ret, struct mtls_err *err)
{
	const struct issuer issuer = { r, ca, time(NULL) };
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	struct ocsp_cache *cache = revocation_ocsp_cache0(r);
	struct revocation_responder who;
	struct ocsp_result result = { OCSP_ANSWER_NONE, 0 };
	enum mtls_status status;

	if (issuer.now_s <= 0)
		return mtls_fail(err, MTLS_E_SYSTEM, "the time is not known");
	revocation_responder(r, ca, &who);
	result.answer = ocsp_cache_find(cache, who.id, serial, issuer.now_s);
	if (result.answer == OCSP_ANSWER_NONE) {
		status = ask_responder(&issuer, &who, certificate, wake_fd,
		    &result, err);
		if (status != MTLS_OK)
			return status;
		ocsp_cache_put(cache, who.id, serial, result.answer,
		    result.until_s);
	}
	*ret = result.answer;
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The rules for status line and headers, over evhttp's parsed request.
 */
#include "config.h"

#include "client/http_headers.h"

#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mtls/body.h"

/* The one value of a header, NULL where it is missing or there twice. */
static const char *
only_header(struct evhttp_request *request, const char *name, size_t *ret_n)
{
	const char *value = NULL;
	struct evkeyval *h;
	size_t n = 0;

	for (h = evhttp_request_get_input_headers(request)->tqh_first;
	    h != NULL; h = h->next.tqe_next) {
		if (strcasecmp(h->key, name) == 0) {
			value = h->value;
			n++;
		}
	}
	if (ret_n != NULL)
		*ret_n = n;
	return n == 1 ? value : NULL;
}

/* "0" to MTLS_BODY_MAX, digits only; -1 otherwise. */
static long
content_length(struct evhttp_request *request)
{
	const char *value = only_header(request, "Content-Length", NULL);
	size_t digits;
	long n;

	if (value == NULL)
		return -1;
	digits = strspn(value, "0123456789");
	if (digits == 0 || digits > 6 || value[digits] != '\0')
		return -1;
	n = strtol(value, NULL, 10);
	return n <= (long)MTLS_BODY_MAX ? n : -1;
}

static enum mtls_status
check_fields(struct evhttp_request *request, enum mtls_status status,
    struct mtls_err *err)
{
	static const char *const codings[] = { "Transfer-Encoding",
	    "Content-Encoding", "Location", "Upgrade" };
	const char *type;
	size_t i, n;

	for (i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		(void)only_header(request, codings[i], &n);
		if (n != 0)
			return mtls_fail(err, status,
			    "the answer has a header %s", codings[i]);
	}
	type = only_header(request, "Content-Type", NULL);
	if (type == NULL || strcmp(type, "application/json") != 0)
		return mtls_fail(err, status,
		    "the answer is not application/json");
	if (content_length(request) < 0)
		return mtls_fail(err, status,
		    "the answer has no usable Content-Length");
	return MTLS_OK;
}

enum mtls_status
http_headers_check(struct evhttp_request *request, struct mtls_err *err)
{
	int code = evhttp_request_get_response_code(request);
	enum mtls_status status = MTLS_E_PROTOCOL;

	if (request->major != 1 || request->minor != 1)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the answer is not HTTP/1.1");
	if (code != 200 && code != 201 && code != 202 &&
	    (code < 400 || code > 599))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "HTTP status %d does not belong here", code);
	if (code >= 500)
		status = MTLS_E_UNAVAILABLE;
	if (check_fields(request, status, err) != MTLS_OK) {
		if (code >= 400)
			mtls_err_context(err, "HTTP status %d", code);
		return err->status;
	}
	return MTLS_OK;
}

enum mtls_status
http_headers_check_length(struct evhttp_request *request, size_t len,
    struct mtls_err *err)
{
	if (content_length(request) == (long)len)
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "the body has another length than its header says");
}

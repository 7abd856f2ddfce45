/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One answer of a verifier as text: every beginning of a good one is "not
 * yet", and whatever is not exactly one good one is none.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/http_text.h"
#include "unit.h"

#define HEAD	"HTTP/1.1 200 OK\r\n"
#define JSON	"Content-Type: application/json\r\n"
#define GOOD	(HEAD JSON "Content-Length: 2\r\nDate: today\r\n\r\n{}")

/* From memory that ends where the text does, for a sanitizer to see. */
static enum mtls_status
parse(const char *text, size_t len, struct http_answer *ret)
{
	char *copy = malloc(len == 0 ? 1 : len);
	enum mtls_status status;
	struct mtls_err err;

	mtls_err_clear(&err);
	assert_non_null(copy);
	memcpy(copy, text, len);
	status = http_text_parse(copy, len, ret, &err);
	if (status != MTLS_E_AGAIN)
		assert_int_equal(status, err.status);
	free(copy);
	return status;
}

static void
a_whole_answer(void **state)
{
	struct http_answer a;
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(http_text_parse(GOOD, strlen(GOOD), &a, &err),
	    MTLS_OK);
	assert_int_equal(a.code, 200);
	assert_int_equal(a.len, 2);
	assert_string_equal(a.body, "{}");
}

static void
its_beginnings(void **state)
{
	struct http_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < strlen(GOOD); i++)
		assert_int_equal(parse(GOOD, i, &a), MTLS_E_AGAIN);
}

static void
what_is_none(void **state)
{
	static const struct {
		const char *text;
		enum mtls_status status;
	} cases[] = {
		{ HEAD JSON "Content-Length: 1\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ "HTTP/1.0 200 OK\r\n" JSON "Content-Length: 2\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ "HTTP/1.1 2000\r\n" JSON "Content-Length: 2\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ "HTTP/1.1 20\r\n" JSON "Content-Length: 2\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ "HTTP/1.1 302 Found\r\n" JSON "Content-Length: 2\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ HEAD "Content-Length: 2\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON JSON "Content-Length: 2\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: 2\r\nContent-Length: 2\r\n"
		    "\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON "\r\n", MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: +2\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: 0x2\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: 16385\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: 2\r\nTransfer-Encoding: "
		    "chunked\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: 2\r\ncontent-encoding: gzip\r\n"
		    "\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length : 2\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON " Content-Length: 2\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON "Content-Length: 2\n\r\n\r\n{}",
		    MTLS_E_PROTOCOL },
		{ HEAD JSON ": 2\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ HEAD JSON "no colon\r\n\r\n{}", MTLS_E_PROTOCOL },
		{ "\r\n\r\n", MTLS_E_PROTOCOL },
		{ "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
		    "Content-Length: 2\r\n\r\n{}", MTLS_E_UNAVAILABLE },
	};
	struct http_answer a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i].text, strlen(cases[i].text), &a) !=
		    cases[i].status)
			fail_msg("%s", cases[i].text);
	}
}

static void
headers_without_end(void **state)
{
	static char text[HTTP_TEXT_HEADERS_MAX];
	struct http_answer a;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(parse(text, sizeof(text) - 1, &a), MTLS_E_AGAIN);
	assert_int_equal(parse(text, sizeof(text), &a), MTLS_E_PROTOCOL);
}

static void
a_request(void **state)
{
	struct mtls_err err;
	char *text = NULL;
	size_t len = 0;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(http_text_post("v.example", 7444, "/v1/proofs",
	    "{\"a\":1}", &text, &len, &err), MTLS_OK);
	assert_int_equal(len, strlen(text));
	assert_string_equal(text, "POST /v1/proofs HTTP/1.1\r\n"
	    "Host: v.example:7444\r\nAccept: application/json\r\n"
	    "Content-Type: application/json\r\nContent-Length: 7\r\n"
	    "Connection: close\r\n\r\n{\"a\":1}");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_answer),
		cmocka_unit_test(its_beginnings),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(headers_without_end),
		cmocka_unit_test(a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

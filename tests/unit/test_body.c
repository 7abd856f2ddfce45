/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * JSON bodies: every body of bodies.def through every single-bit error and
 * truncation, and each thing that JSON allows and we do not.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/body.h"

#include "../lib/sample.h"
#include "../lib/unit.h"

#define ID "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

static struct mtls_err err;

static char *
format_sample(enum mtls_body_type type, enum sample_size size, size_t *len)
{
	union sample_any_body body;
	char *json = NULL;

	memset(&body, 0, sizeof(body));
	sample_body(&body, type, size);
	mtls_err_clear(&err);
	if (mtls_body_format(type, &body, &json, len, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	mtls_body_clear(type, &body);
	return json;
}

/* Parses a copy of exactly that size, so that ASan sees a read behind it. */
static enum mtls_status
parse(enum mtls_body_type type, const char *data, size_t len, void *ret)
{
	char *copy = malloc(len == 0 ? 1 : len);
	enum mtls_status status;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	mtls_err_clear(&err);
	status = mtls_body_parse(type, copy, len, ret, &err);
	free(copy);
	return status;
}

static void
parse_then_format_is_the_identity(void **state)
{
	static const enum sample_size sizes[] = {
		SAMPLE_MIN, SAMPLE_SMALL, SAMPLE_MAX
	};
	union sample_any_body body;
	char *json, *again;
	size_t len, again_len;

	(void)state;
	for (int t = 0; t < MTLS_BODY_COUNT; t++) {
		for (size_t i = 0; i < 3; i++) {
			json = format_sample((enum mtls_body_type)t,
			    sizes[i], &len);
			assert_int_equal(strlen(json), len);
			assert_int_equal(parse((enum mtls_body_type)t, json,
			    len, &body), MTLS_OK);
			assert_int_equal(mtls_body_format(
			    (enum mtls_body_type)t, &body, &again,
			    &again_len, NULL), MTLS_OK);
			assert_string_equal(json, again);
			mtls_body_clear((enum mtls_body_type)t, &body);
			free(json);
			free(again);
		}
	}
}

static void
members_are_where_they_belong(void **state)
{
	static const char spaced[] =
	    " {\n\"challenge\" : \"" ID "\", \"version\":1 }\n";
	struct mtls_body_taken taken;
	struct mtls_body_problem problem;
	char reason[] = "host-mismatch";
	char *json;
	size_t len;

	(void)state;
	assert_int_equal(parse(MTLS_BODY_TAKEN, spaced, strlen(spaced),
	    &taken), MTLS_OK);
	assert_int_equal(taken.version, 1);
	for (size_t i = 0; i < MTLS_ID_BYTES; i++)
		assert_int_equal(taken.challenge[i], 0x5a);
	problem.version = 1;
	problem.reason = reason;
	problem.message = NULL;
	assert_int_equal(mtls_body_format(MTLS_BODY_PROBLEM, &problem, &json,
	    &len, NULL), MTLS_OK);
	assert_string_equal(json, "{\"version\":1,"
	    "\"reason\":\"host-mismatch\",\"message\":\"\"}");
	free(json);
}

/* Refused with ret untouched, or taken and then written as it says. */
static void
refused_or_stable(enum mtls_body_type type, const char *data, size_t len)
{
	union sample_any_body body, untouched, again;
	enum mtls_status status;
	char *json;
	size_t json_len;

	memset(&body, 0xa5, sizeof(body));
	untouched = body;
	status = parse(type, data, len, &body);
	if (status != MTLS_OK) {
		assert_int_equal(status, MTLS_E_PROTOCOL);
		assert_memory_equal(&body, &untouched, sizeof(body));
		return;
	}
	/* JSON has many spellings; one round makes it canonical. */
	assert_int_equal(mtls_body_format(type, &body, &json, &json_len,
	    NULL), MTLS_OK);
	assert_int_equal(parse(type, json, json_len, &again), MTLS_OK);
	mtls_body_clear(type, &again);
	mtls_body_clear(type, &body);
	free(json);
}

static void
T071_every_single_bit_flip(void **state)
{
	enum mtls_body_type type;
	char *json;
	size_t len;

	(void)state;
	for (int t = 0; t < MTLS_BODY_COUNT; t++) {
		type = (enum mtls_body_type)t;
		json = format_sample(type, SAMPLE_SMALL, &len);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			json[bit / 8] = (char)(json[bit / 8] ^
			    (1 << bit % 8));
			refused_or_stable(type, json, len);
			json[bit / 8] = (char)(json[bit / 8] ^
			    (1 << bit % 8));
		}
		free(json);
	}
}

static void
T071_every_truncation_and_a_trailing_byte(void **state)
{
	union sample_any_body body;
	enum mtls_body_type type;
	char *json;
	size_t len;

	(void)state;
	for (int t = 0; t < MTLS_BODY_COUNT; t++) {
		type = (enum mtls_body_type)t;
		json = format_sample(type, SAMPLE_SMALL, &len);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(parse(type, json, cut, &body),
			    MTLS_E_PROTOCOL);
		/* With its NUL, and with each other byte in its place. */
		for (int c = 0; c < 256; c++) {
			json[len] = (char)c;
			assert_int_equal(parse(type, json, len + 1, &body),
			    strchr(" \t\r\n", c) != NULL && c != 0 ?
			    MTLS_OK : MTLS_E_PROTOCOL);
			if (err.status == MTLS_OK)
				mtls_body_clear(type, &body);
		}
		free(json);
	}
}

static void
bad(enum mtls_body_type type, const char *json, const char *why)
{
	union sample_any_body body, untouched;

	memset(&body, 0xa5, sizeof(body));
	untouched = body;
	assert_int_equal(parse(type, json, strlen(json), &body),
	    MTLS_E_PROTOCOL);
	assert_memory_equal(&body, &untouched, sizeof(body));
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
}

static void
what_json_allows_and_we_do_not(void **state)
{
	static const struct {
		const char *json, *why;
	} cases[] = {
		{ "", "body" },
		{ "null", "body" },
		{ "1", "body" },
		{ "\"x\"", "body" },
		{ "[1]", "is not an object" },
		{ "{}", "version is missing" },
		{ "{\"version\":1}", "challenge is missing" },
		{ "{\"version\":1,\"challenge\":\"" ID "\",\"x\":1}",
		    "an unknown member" },
		{ "{\"version\":1,\"version\":1,\"challenge\":\"" ID "\"}",
		    "duplicate" },
		{ "{\"version\":2,\"version\":1,\"challenge\":\"" ID "\"}",
		    "duplicate" },
		{ "{\"version\":1,\"versi\\u006fn\":1,"
		    "\"challenge\":\"" ID "\"}", "duplicate" },
		{ "{\"version\":1.0,\"challenge\":\"" ID "\"}",
		    "version has a wrong type" },
		{ "{\"version\":1e0,\"challenge\":\"" ID "\"}",
		    "version has a wrong type" },
		{ "{\"version\":\"1\",\"challenge\":\"" ID "\"}",
		    "version has a wrong type" },
		{ "{\"version\":true,\"challenge\":\"" ID "\"}",
		    "version has a wrong type" },
		{ "{\"version\":null,\"challenge\":\"" ID "\"}",
		    "version has a wrong type" },
		{ "{\"version\":0,\"challenge\":\"" ID "\"}",
		    "version has a wrong type or value" },
		{ "{\"version\":2,\"challenge\":\"" ID "\"}",
		    "version has a wrong type or value" },
		{ "{\"version\":01,\"challenge\":\"" ID "\"}", "body" },
		{ "{\"version\":18446744073709551617,"
		    "\"challenge\":\"" ID "\"}", "big integer" },
		{ "{\"version\":1,\"challenge\":7}",
		    "challenge has a wrong type" },
		{ "{\"version\":1,\"challenge\":\"\"}",
		    "challenge has a wrong type" },
		{ "{\"version\":1,\"challenge\":\"" ID "0\"}",
		    "challenge has a wrong type" },
		{ "{\"version\":1,\"challenge\":"
		    "\"5A5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\"}",
		    "challenge has a wrong type" },
		{ "{\"version\":1,\"challenge\":"
		    "\"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5g\"}",
		    "challenge has a wrong type" },
		{ "{\"version\":1,\"challenge\":\"" ID "\"}{}", "body" },
		{ "{\"version\":1,\"challenge\":\"" ID "\"} x", "body" },
		{ "{\"version\":1,\"challenge\":\"" ID "\",}", "body" },
		{ "{\"version\":1,\"challenge\":{}}", "is nested" },
		{ "{\"version\":1,\"challenge\":[]}", "is nested" },
		{ "{\"version\":1,\"challenge\":\"" ID "\",\"\":{}}",
		    "is nested" },
		{ "{'version':1,\"challenge\":\"" ID "\"}", "body" },
		{ "{\"version\":1/**/,\"challenge\":\"" ID "\"}", "body" },
		{ "\xef\xbb\xbf{\"version\":1,\"challenge\":\"" ID "\"}",
		    "body" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		bad(MTLS_BODY_TAKEN, cases[i].json, cases[i].why);
}

static void
T106_texts_are_printable(void **state)
{
	static const char *const texts[] = {
		"", "\\u0000", "a\\u0000b", "\\u001b[2J", "a\\nb", "\\u202e",
		"\\u009b", "\xff", "\\ud800", "a\x1b", "\\ufeff",
		"01234567890123456789012345678901234567890123456789"
		"0123456789" "01234",
	};
	char json[256];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(json, sizeof(json), "{\"version\":1,"
		    "\"reason\":\"%s\",\"message\":\"\"}", texts[i]);
		bad(MTLS_BODY_PROBLEM, json, "body");
	}
	/* A bracket in a string is no nesting. */
	bad(MTLS_BODY_PROBLEM, "{\"version\":1,\"reason\":\"[{\\\"[\","
	    "\"message\":7}", "message has a wrong type");
}

static void
size_and_depth_are_looked_at_before_parsing(void **state)
{
	char *json = malloc(MTLS_BODY_MAX + 1);
	union sample_any_body body;

	(void)state;
	assert_non_null(json);
	memset(json, ' ', MTLS_BODY_MAX + 1);
	memcpy(json, "{\"version\":1,\"challenge\":\"" ID "\"}", 60);
	assert_int_equal(parse(MTLS_BODY_TAKEN, json, MTLS_BODY_MAX, &body),
	    MTLS_OK);
	assert_int_equal(parse(MTLS_BODY_TAKEN, json, MTLS_BODY_MAX + 1,
	    &body), MTLS_E_PROTOCOL);
	assert_non_null(strstr(err.text, "is too large"));
	memset(json, '[', MTLS_BODY_MAX);
	assert_int_equal(parse(MTLS_BODY_TAKEN, json, MTLS_BODY_MAX, &body),
	    MTLS_E_PROTOCOL);
	assert_non_null(strstr(err.text, "is nested"));
	free(json);
}

static void
no_value_outside_its_range_is_formatted(void **state)
{
	struct mtls_body_challenge c = { .version = 1, .expires_in = 1 };
	struct mtls_body_problem p = { .version = 1 };
	char text[512], *json = NULL;
	size_t len = 7;

	(void)state;
	c.expires_in = 0;
	assert_int_equal(mtls_body_format(MTLS_BODY_CHALLENGE, &c, &json,
	    &len, NULL), MTLS_E_USAGE);
	c.expires_in = 3601;
	assert_int_equal(mtls_body_format(MTLS_BODY_CHALLENGE, &c, &json,
	    &len, NULL), MTLS_E_USAGE);
	p.reason = NULL;		/* at least one byte */
	assert_int_equal(mtls_body_format(MTLS_BODY_PROBLEM, &p, &json,
	    &len, NULL), MTLS_E_USAGE);
	memset(text, 'a', sizeof(text));
	text[65] = '\0';
	p.reason = text;
	assert_int_equal(mtls_body_format(MTLS_BODY_PROBLEM, &p, &json,
	    &len, NULL), MTLS_E_USAGE);
	text[64] = '\0';
	text[0] = '\n';
	assert_int_equal(mtls_body_format(MTLS_BODY_PROBLEM, &p, &json,
	    &len, NULL), MTLS_E_USAGE);
	assert_int_equal(mtls_body_format(MTLS_BODY_COUNT, &p, &json, &len,
	    NULL), MTLS_E_USAGE);
	assert_int_equal(parse(MTLS_BODY_COUNT, "{}", 2, &p), MTLS_E_USAGE);
	assert_null(json);
	assert_int_equal(len, 7);
	text[0] = 'a';
	assert_int_equal(mtls_body_format(MTLS_BODY_PROBLEM, &p, &json,
	    &len, NULL), MTLS_OK);
	free(json);
}

static void
T079_parsed_structs_are_initialised_whole(void **state)
{
	struct mtls_body_taken a, b;
	char *json;
	size_t len;

	(void)state;
	json = format_sample(MTLS_BODY_TAKEN, SAMPLE_SMALL, &len);
	memset(&a, 0x00, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	assert_int_equal(parse(MTLS_BODY_TAKEN, json, len, &a), MTLS_OK);
	assert_int_equal(parse(MTLS_BODY_TAKEN, json, len, &b), MTLS_OK);
	assert_memory_equal(&a, &b, sizeof(a));
	mtls_body_clear(MTLS_BODY_TAKEN, &a);
	mtls_body_clear(MTLS_BODY_COUNT, &a);
	for (size_t i = 0; i < sizeof(a); i++)
		assert_int_equal(((const char *)&a)[i], 0);
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_then_format_is_the_identity),
		cmocka_unit_test(members_are_where_they_belong),
		cmocka_unit_test(T071_every_single_bit_flip),
		cmocka_unit_test(T071_every_truncation_and_a_trailing_byte),
		cmocka_unit_test(what_json_allows_and_we_do_not),
		cmocka_unit_test(T106_texts_are_printable),
		cmocka_unit_test(size_and_depth_are_looked_at_before_parsing),
		cmocka_unit_test(no_value_outside_its_range_is_formatted),
		cmocka_unit_test(T079_parsed_structs_are_initialised_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

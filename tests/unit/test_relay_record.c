/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Base64 and the records of a relay: what is written, and that nothing but
 * that can be read.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/base64.h"
#include "mtls/relay.h"

#include "../lib/unit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 4648, section 10, and the two letters that are not in there. */
static const struct {
	const char *plain, *coded;
} vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" }, { "\xfb\xff", "+/8=" },
};

static void
base64_is_that_of_rfc_4648(void **state)
{
	char coded[16], plain[8];
	size_t i, n;

	(void)state;
	for (i = 0; i < N(vectors); i++) {
		n = strlen(vectors[i].plain);
		assert_string_equal(mtls_base64_encode(coded,
		    vectors[i].plain, n), vectors[i].coded);
		assert_int_equal(strlen(coded), MTLS_BASE64_LEN(n));
		assert_int_equal(mtls_base64_decode(plain, n,
		    vectors[i].coded, strlen(vectors[i].coded), &n), 0);
		assert_int_equal(n, strlen(vectors[i].plain));
		assert_memory_equal(plain, vectors[i].plain, n);
	}
}

static void
base64_has_one_form(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Zh==",
	    "Zm9=", "Zm=v", "Z===", "====", "Zg==Zg==", "Zm9v\n", " Zm9v",
	    "Zm9v Zm9v", "Zm-v", "Zm_v", "Zm\x80v", "Zm9v=", "Zm8=Zm8=" };
	uint8_t out[64];
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < N(bad); i++)
		assert_int_equal(mtls_base64_decode(out, sizeof(out), bad[i],
		    strlen(bad[i]), &n), -1);
	assert_int_equal(mtls_base64_decode(out, 64, "Zg\0=", 4, &n), -1);
	/* What does not fit is not written. */
	out[2] = 0xaa;
	assert_int_equal(mtls_base64_decode(out, 2, "Zm9v", 4, &n), -1);
	assert_int_equal(out[2], 0xaa);
}

/* --- records --- */

static enum mtls_status
prompt(const char *text, struct mtls_relay_record *r)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return mtls_relay_parse_prompt(text, r, &err);
}

static enum mtls_status
answer(const char *text, struct mtls_relay_record *r)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return mtls_relay_parse_answer(text, r, &err);
}

static void
a_record_is_what_it_was(void **state)
{
	static struct mtls_relay_record in = { 31, 4, MTLS_RELAY_MORE, 0,
	    { 0 } }, out;
	static char text[MTLS_RELAY_PROMPT_MAX + 1];
	char *copy;

	(void)state;
	in.len = MTLS_RELAY_PROMPT_BYTES;
	memset(in.data, 0xfe, sizeof(in.data));
	assert_int_equal(mtls_relay_format_prompt(&in, text, NULL), MTLS_OK);
	assert_true(strlen(text) <= MTLS_RELAY_PROMPT_MAX);
	assert_int_equal(prompt(text, &out), MTLS_OK);
	assert_memory_equal(&in, &out, sizeof(in));

	in.len = MTLS_RELAY_ANSWER_BYTES;
	/* Exactly as large as it may be: a byte more and ASan sees it. */
	copy = malloc(MTLS_RELAY_ANSWER_MAX + 1);
	assert_non_null(copy);
	assert_int_equal(mtls_relay_format_answer(&in, copy, NULL), MTLS_OK);
	assert_int_equal(strlen(copy), MTLS_RELAY_ANSWER_MAX);
	assert_int_equal(answer(copy, &out), MTLS_OK);
	assert_int_equal(out.len, in.len);
	assert_memory_equal(in.data, out.data, in.len);
	in.len++;
	assert_int_equal(mtls_relay_format_answer(&in, copy, NULL),
	    MTLS_E_USAGE);
	free(copy);
}

static const char *const good_prompts[] = {
	"mtls-relay/1:0:0:hello:Zm9v;",
	"(alice@gw) mtls-relay/1:0:0:hello:Zm9v; run mtlsctl ssh; Enter: ",
	"Welcome\n(alice@gw) mtls-relay/1:1:1:idle:;",
	"mtls-relay/1:1:4:end:;", "mtls-relay/1:31:1:more:Zg==;",
};

static const char *const good_answers[] = {
	"mtls-relay/1:0:1:idle:;", "mtls-relay/1:0:1:more:Zg==;",
	"mtls-relay/1:9:1:done:;", "mtls-relay/1:10:0:fail:Zm9v;",
};

static const char *const bad_everywhere[] = {
	"", "x", "mtls-relay/", "mtls-relay/1", "mtls-relay/1:",
	"mtls-relay/1:1:1:idle:", "mtls-relay/2:1:1:idle:;",
	"mtls-relay/11:1:1:idle:;", "mtls-relay/1:01:1:idle:;",
	"mtls-relay/1:1:01:idle:;", "mtls-relay/1:32:1:idle:;",
	"mtls-relay/1:1:5:idle:;", "mtls-relay/1:-1:1:idle:;",
	"mtls-relay/1:+1:1:idle:;", "mtls-relay/1: 1:1:idle:;",
	"mtls-relay/1::1:idle:;", "mtls-relay/1:1::idle:;",
	"mtls-relay/1:100:1:idle:;", "mtls-relay/1:4294967297:1:idle:;",
	"mtls-relay/1:1:1::;", "mtls-relay/1:1:1:idl:;",
	"mtls-relay/1:1:1:idle;", "mtls-relay/1:1:1:IDLE:;",
	"mtls-relay/1:1:1:idle:Zg=;", "mtls-relay/1:1:1:idle:Zh==;",
	"mtls-relay/1:1:1:idle:Zm 9v;", "mtls-relay/1:1:1:more:;",
	"MTLS-RELAY/1:1:1:idle:;", "mtls-relay/1:1:0:hello:Zg==;",
	"mtls-relay/1:0:1:hello:Zg==;", "mtls-relay/1:0:0:hello:;",
	"mtls-relay/1:1:1:done:Zg==;", "mtls-relay/1:1:1:fail:Cg==;",
	"mtls-relay/1:1:1:fail:gA==;", "mtls-relay/1:1:1:fail:AA==;",
	"mtls-relay/1:1:1:idle:;mtls-relay/1:1:1:idle:;",
	"mtls-relay/1:mtls-relay/1:1:1:idle:;",
};

static void
one_form_can_be_read(void **state)
{
	static struct mtls_relay_record r;
	size_t i;

	(void)state;
	for (i = 0; i < N(good_prompts); i++) {
		assert_true(mtls_relay_is_prompt(good_prompts[i]));
		assert_int_equal(prompt(good_prompts[i], &r), MTLS_OK);
	}
	for (i = 0; i < N(good_answers); i++)
		assert_int_equal(answer(good_answers[i], &r), MTLS_OK);
	for (i = 0; i < N(bad_everywhere); i++) {
		assert_int_equal(prompt(bad_everywhere[i], &r),
		    MTLS_E_PROTOCOL);
		assert_int_equal(answer(bad_everywhere[i], &r),
		    MTLS_E_PROTOCOL);
	}
}

static void
each_side_has_its_own(void **state)
{
	static struct mtls_relay_record r = { 1, 1, MTLS_RELAY_IDLE, 0,
	    { 0 } };
	static char text[MTLS_RELAY_PROMPT_MAX + 1];

	(void)state;
	assert_int_equal(answer(good_prompts[0], &r), MTLS_E_PROTOCOL);
	assert_int_equal(answer(good_prompts[3], &r), MTLS_E_PROTOCOL);
	assert_int_equal(prompt(good_answers[0], &r), MTLS_E_PROTOCOL);
	assert_int_equal(prompt(good_answers[2], &r), MTLS_E_PROTOCOL);
	assert_int_equal(prompt(good_answers[3], &r), MTLS_E_PROTOCOL);
	/* An answer has nothing around it. */
	assert_int_equal(answer("(alice@gw) mtls-relay/1:0:1:idle:;", &r),
	    MTLS_E_PROTOCOL);
	assert_int_equal(answer("mtls-relay/1:0:1:idle:; ", &r),
	    MTLS_E_PROTOCOL);
	/* As much as a prompt may have is too much for an answer. */
	r = (struct mtls_relay_record){ 1, 1, MTLS_RELAY_IDLE,
	    MTLS_RELAY_ANSWER_BYTES + 1, { 0 } };
	assert_int_equal(mtls_relay_format_prompt(&r, text, NULL), MTLS_OK);
	assert_int_equal(answer(text, &r), MTLS_E_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_is_that_of_rfc_4648),
		cmocka_unit_test(base64_has_one_form),
		cmocka_unit_test(a_record_is_what_it_was),
		cmocka_unit_test(one_form_can_be_read),
		cmocka_unit_test(each_side_has_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The error record: first writer wins, a failure is never OK, the text is
 * one printable line whatever went in.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "mtls/status.h"
#include "mtls/text.h"

#include "../lib/unit.h"

static void
every_status_has_a_word_of_its_own(void **state)
{
	const char *word;

	(void)state;
	for (int i = 0; i < MTLS_STATUS_COUNT; i++) {
		word = mtls_status_word((enum mtls_status)i);
		assert_string_not_equal(word, "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(word,
			    mtls_status_word((enum mtls_status)j));
	}
	assert_string_equal(mtls_status_word(MTLS_STATUS_COUNT), "unknown");
	assert_string_equal(mtls_status_word(MTLS_E_PIN_WRONG), "pin-wrong");
}

static void
T071_only_declared_statuses_are_known(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++)
		assert_int_equal(mtls_status_known(v),
		    v < MTLS_STATUS_COUNT);
}

static void
first_writer_wins(void **state)
{
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(mtls_fail(&err, MTLS_E_TIMEOUT, "first %d", 1),
	    MTLS_E_TIMEOUT);
	assert_int_equal(mtls_fail(&err, MTLS_E_SYSTEM, "second"),
	    MTLS_E_TIMEOUT);
	assert_string_equal(err.text, "first 1");
	assert_non_null(strstr(err.where, "test_status.c:"));
}

static void
a_failure_is_never_ok(void **state)
{
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(mtls_fail(&err, MTLS_OK, "x"), MTLS_E_SYSTEM);
	assert_int_equal(err.status, MTLS_E_SYSTEM);
	assert_int_equal(mtls_fail(NULL, MTLS_OK, "x"), MTLS_E_SYSTEM);
	assert_int_equal(mtls_fail(NULL, MTLS_E_PEER, "x"), MTLS_E_PEER);
	mtls_err_context(NULL, "x");
	mtls_err_clear(NULL);
}

static void
errno_is_named_and_kept(void **state)
{
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	errno = EDOM;
	mtls_err_context(&err, "not yet");
	assert_string_equal(err.text, "");
	(void)!mtls_fail_errno(&err, MTLS_E_SYSTEM, ENOENT, "open it");
	assert_string_equal(err.text, "open it: No such file or directory");
	assert_int_equal(err.sys_errno, ENOENT);
	mtls_err_context(&err, "%s:%d", "file", 7);
	assert_string_equal(err.text,
	    "file:7: open it: No such file or directory");
	assert_int_equal(errno, EDOM);
	mtls_err_clear(&err);
	(void)!mtls_fail_errno(&err, MTLS_E_SYSTEM, 99999, "x");
	assert_string_equal(err.text, "x: error 99999");
}

static void
T106_error_text_is_one_printable_line(void **state)
{
	struct mtls_err err;
	char longest[2 * MTLS_ERR_TEXT_MAX];

	(void)state;
	mtls_err_clear(&err);
	(void)!mtls_fail(&err, MTLS_E_PROTOCOL, "%s",
	    "a\x1b]52;c\x07" "\r\nb\xe2\x80\xae\xff\\x");
	assert_string_equal(err.text, "a?]52;c???b????\\x");

	/* Cut between the two bytes of the last character. */
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest + MTLS_ERR_TEXT_MAX - 2, "\xc3\xa4", 2);
	mtls_err_clear(&err);
	(void)!mtls_fail(&err, MTLS_E_PROTOCOL, "%s", longest);
	assert_int_equal(strlen(err.text), MTLS_ERR_TEXT_MAX - 2);
	mtls_err_context(&err, "%s", longest);
	assert_true(mtls_text_is_line(err.text, strlen(err.text)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_word_of_its_own),
		cmocka_unit_test(T071_only_declared_statuses_are_known),
		cmocka_unit_test(first_writer_wins),
		cmocka_unit_test(a_failure_is_never_ok),
		cmocka_unit_test(errno_is_named_and_kept),
		cmocka_unit_test(T106_error_text_is_one_printable_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

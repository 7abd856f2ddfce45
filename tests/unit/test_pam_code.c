/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The table of PAM codes, every pair of verdict and status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <security/pam_modules.h>
#include <cmocka.h>

#include "mtls/text.h"
#include "pam_mtls/pam_code.h"

static const int codes[] = {
	[MTLS_OK] = PAM_ABORT,
	[MTLS_E_USAGE] = PAM_SERVICE_ERR,
	[MTLS_E_CONFIG] = PAM_SERVICE_ERR,
	[MTLS_E_PERMISSION] = PAM_PERM_DENIED,
	[MTLS_E_MEMORY] = PAM_BUF_ERR,
	[MTLS_E_SYSTEM] = PAM_SYSTEM_ERR,
	[MTLS_E_NOT_FOUND] = PAM_SERVICE_ERR,
	[MTLS_E_PROTOCOL] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_CLOSED] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_TIMEOUT] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_UNAVAILABLE] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_PEER] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_CRYPTO] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_REFUSED] = PAM_AUTH_ERR,
	[MTLS_E_TOKEN_ABSENT] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_TOKEN_UNUSABLE] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_TOKEN_FAILED] = PAM_AUTHINFO_UNAVAIL,
	[MTLS_E_PIN_WRONG] = PAM_AUTH_ERR,
	[MTLS_E_PIN_LOCKED] = PAM_MAXTRIES,
	[MTLS_E_CONVERSATION] = PAM_CONV_ERR,
	[MTLS_E_AGAIN] = PAM_INCOMPLETE,
	[MTLS_E_CANCELLED] = PAM_AUTH_ERR,
	[MTLS_E_LIMITED] = PAM_MAXTRIES,
	[MTLS_STATUS_COUNT] = PAM_ABORT
};

static void
every_status_has_its_code(void **state)
{
	int status;

	(void)state;
	for (status = 0; status <= MTLS_STATUS_COUNT; status++)
		assert_int_equal(pam_code(MTLS_VERDICT_NONE,
		    (enum mtls_status)status), codes[status]);
}

/* Values that are none of their types too: a byte of each off the wire. */
static void
T007_success_needs_allow_and_ok(void **state)
{
	int verdict;
	int status;
	int code;

	(void)state;
	for (verdict = -1; verdict < 256; verdict++)
		for (status = -1; status < 256; status++) {
			code = pam_code((enum mtls_verdict)verdict,
			    (enum mtls_status)status);
			assert_int_not_equal(code, PAM_IGNORE);
			assert_int_equal(code == PAM_SUCCESS,
			    verdict == MTLS_VERDICT_ALLOW &&
			    status == MTLS_OK);
			if (status < 0 || status >= MTLS_STATUS_COUNT)
				assert_int_equal(code, PAM_ABORT);
		}
}

static void
sentences_can_be_shown(void **state)
{
	const char *sentence;
	int status;

	(void)state;
	for (status = 0; status <= MTLS_STATUS_COUNT; status++) {
		sentence = pam_code_sentence((enum mtls_status)status);
		if (status == MTLS_E_CONVERSATION || status == MTLS_E_AGAIN) {
			assert_null(sentence);
			continue;
		}
		assert_non_null(sentence);
		assert_true(mtls_text_is_printable(sentence));
		assert_in_range(strlen(sentence), 5, 80);
		assert_int_equal(sentence[strlen(sentence) - 1], '.');
	}
}

static void
levels_say_who_must_act(void **state)
{
	int status;

	(void)state;
	for (status = 0; status <= MTLS_STATUS_COUNT; status++)
		assert_in_range(pam_code_level((enum mtls_status)status),
		    MTLS_LOG_ERR, MTLS_LOG_NOTICE);
	assert_int_equal(pam_code_level(MTLS_E_PIN_WRONG), MTLS_LOG_NOTICE);
	assert_int_equal(pam_code_level(MTLS_E_REFUSED), MTLS_LOG_NOTICE);
	assert_int_equal(pam_code_level(MTLS_E_CONFIG), MTLS_LOG_ERR);
	assert_int_equal(pam_code_level(MTLS_E_UNAVAILABLE), MTLS_LOG_ERR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_code),
		cmocka_unit_test(T007_success_needs_allow_and_ok),
		cmocka_unit_test(sentences_can_be_shown),
		cmocka_unit_test(levels_say_who_must_act),
	};

	return cmocka_run_group_tests_name("pam_code", tests, NULL, NULL);
}

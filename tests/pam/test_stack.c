/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Return codes, and what libpam makes of them in stacks that people write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "pam_rig.h"

#define GRANT "login\nsecret PIN: => " RIG_PIN "\nresult allow\n"
#define NO_CARD "login\nresult none status=token-absent reason=no-reader\n"

static int
login_with(const char *stack, const char *script)
{
	struct rig *r = rig_new();
	int code;

	r->stack = stack;
	rig_helper(r, script);
	rig_say(r, RIG_PIN);
	code = rig_login(r, "alice", 0);
	rig_done(r);
	return code;
}

static void
T001_no_card_fails_a_required_stack(void **state)
{
	(void)state;
	assert_int_equal(login_with("auth required @M @S\n"
	    "auth required pam_permit.so\n", NO_CARD), PAM_AUTHINFO_UNAVAIL);
}

static void
T002_no_card_fails_with_ignore_and_bad(void **state)
{
	(void)state;
	assert_int_equal(login_with(
	    "auth [success=ok ignore=ignore default=bad] @M @S\n"
	    "auth required pam_permit.so\n", NO_CARD), PAM_AUTHINFO_UNAVAIL);
}

/* Every failure that a helper can report, before something that permits. */
static void
T002_no_status_opens_a_stack_that_permits(void **state)
{
	char script[128];
	int status;

	(void)state;
	for (status = 0; status < 256; status++) {
		snprintf(script, sizeof(script),
		    "login\nresult none status=#%d\n", status);
		assert_int_not_equal(login_with(
		    "auth [success=ok ignore=ignore default=bad] @M @S\n"
		    "auth required pam_permit.so\n", script), PAM_SUCCESS);
	}
}

static void
T003_sufficient_decides_alone(void **state)
{
	(void)state;
	assert_int_not_equal(login_with("auth sufficient @M @S\n"
	    "auth required pam_deny.so\n", NO_CARD), PAM_SUCCESS);
	assert_int_equal(login_with("auth sufficient @M @S\n"
	    "auth required pam_deny.so\n", GRANT), PAM_SUCCESS);
}

static void
T004_setcred_after_success_as_the_only_module(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_setcred, PAM_ESTABLISH_CRED),
	    PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_setcred, PAM_DELETE_CRED),
	    PAM_SUCCESS);
	assert_int_equal(rig_log_lines("granted"), 1);
	assert_non_null(strstr(rig_log(), "user=alice"));
	rig_done(r);
}

static void
T004_setcred_after_failure_is_no_success(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, NO_CARD);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_int_not_equal(rig_call(r, pam_setcred, PAM_ESTABLISH_CRED),
	    PAM_SUCCESS);
	rig_done(r);
}

static void
T005_account_without_a_login_is_denied(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_start(r, "alice");
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_PERM_DENIED);
	assert_string_equal(r->shown, "error This login was refused.|");
	rig_done(r);
}

static void
T005_account_after_a_login(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_SUCCESS);
	rig_done(r);
}

static void
T005_account_of_another_user_is_denied(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(pam_set_item(r->pamh, PAM_USER, "bob"), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_PERM_DENIED);
	rig_done(r);
}

static void
T005_account_of_another_service_is_denied(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(pam_set_item(r->pamh, PAM_SERVICE, RIG_SERVICE_2),
	    PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_PERM_DENIED);
	rig_done(r);
}

/* A success that a later attempt on the same handle did not repeat. */
static void
T005_account_after_a_success_and_a_failure_is_denied(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, GRANT "accept\n" NO_CARD);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_PERM_DENIED);
	rig_done(r);
}

static void
T005_account_with_a_misspelt_argument(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->stack = "auth required @M @S\naccount required @M @S silent\n";
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_SERVICE_ERR);
	rig_done(r);
}

static void
T006_password_and_session_say_that_they_are_not_there(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->stack = "password required @M\nsession required @M\n";
	rig_start(r, "alice");
	assert_int_equal(rig_call(r, pam_open_session, 0), PAM_SERVICE_ERR);
	assert_int_equal(rig_log_lines("no session part"), 1);
	assert_int_equal(rig_call(r, pam_close_session, 0), PAM_SERVICE_ERR);
	assert_int_equal(rig_log_lines("no session part"), 2);
	assert_int_equal(rig_call(r, pam_chauthtok, 0), PAM_SERVICE_ERR);
	assert_true(rig_log_lines("no password part") >= 1);
	rig_done(r);
}

static void
refuse_arguments(const char *args, const char *logged)
{
	struct rig *r = rig_new();

	snprintf(r->args, sizeof(r->args), "%s", args);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SERVICE_ERR);
	assert_int_equal(rig_log_lines("not-granted"), 1);
	if (strstr(rig_log(), logged) == NULL)
		fail_msg("\"%s\" is not in: %s", logged, rig_log());
	rig_done(r);
}

static void
T008_arguments_are_understood_or_refused(void **state)
{
	(void)state;
	refuse_arguments("verfier=x", "verfier");
	refuse_arguments("Debug", "Debug");
	refuse_arguments("debug debug", "debug");
	refuse_arguments("debug=yes", "debug");
	refuse_arguments("debug=", "debug");
	refuse_arguments("quiet=no", "quiet");
	refuse_arguments("nullok", "nullok");
	refuse_arguments("use_first_pass", "use_first_pass");
	refuse_arguments("method", "method");
	refuse_arguments("method=", "method");
	refuse_arguments("method=token method=token", "method");
	refuse_arguments("config=pam_mtls.conf", "config");
	refuse_arguments("config=/etc/../x", "config");
	refuse_arguments("socket=/run/two", "socket");
	refuse_arguments("prompt=double", "prompt");
	refuse_arguments("deadline=0", "deadline");
	refuse_arguments("deadline=601", "deadline");
	refuse_arguments("deadline=-1", "deadline");
	refuse_arguments("deadline=99999999999999999999", "deadline");
	refuse_arguments("deadline=10x", "deadline");
	refuse_arguments("=x", "=x");
	refuse_arguments("a-name-that-is-longer-than-any-that-we-have=1",
	    "a-name");
	refuse_arguments("[quiet\033]52;c;x]", "quiet");
}

/* No option can turn the signature off, whatever it is called elsewhere. */
static void
T061_there_is_no_option_for_less(void **state)
{
	(void)state;
	refuse_arguments("no_signature", "no_signature");
	refuse_arguments("signature", "signature");
	refuse_arguments("nosignature", "nosignature");
	refuse_arguments("sign", "sign");
	refuse_arguments("cert_policy=none", "cert_policy");
	refuse_arguments("failmode=safe", "failmode");
	refuse_arguments("ignore_authinfo_unavail", "ignore_auth");
}

static void
T083_debug_names_no_file(void **state)
{
	(void)state;
	refuse_arguments("debug=/tmp/x", "debug");
	refuse_arguments("debug_file=/tmp/x", "debug_file");
}

static void
T009_silent_says_nothing(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login flags=1\ntell info Hello\n"
	    "secret PIN: => " RIG_PIN "\ntell error Oh\n"
	    "result deny message=Sorry\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", PAM_SILENT), PAM_AUTH_ERR);
	assert_string_equal(r->shown, "off PIN:|");
	rig_done(r);
}

static void
T009_null_answers_are_refused_and_the_flag_is_told(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login flags=2\nsecret PIN: => !cancelled\neof\n");
	rig_say(r, "");
	assert_int_equal(rig_login(r, "alice", PAM_DISALLOW_NULL_AUTHTOK),
	    PAM_AUTH_ERR);
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T001_no_card_fails_a_required_stack),
		cmocka_unit_test(T002_no_card_fails_with_ignore_and_bad),
		cmocka_unit_test(T002_no_status_opens_a_stack_that_permits),
		cmocka_unit_test(T003_sufficient_decides_alone),
		cmocka_unit_test(T004_setcred_after_success_as_the_only_module),
		cmocka_unit_test(T004_setcred_after_failure_is_no_success),
		cmocka_unit_test(T005_account_without_a_login_is_denied),
		cmocka_unit_test(T005_account_after_a_login),
		cmocka_unit_test(T005_account_of_another_user_is_denied),
		cmocka_unit_test(T005_account_of_another_service_is_denied),
		cmocka_unit_test(
		    T005_account_after_a_success_and_a_failure_is_denied),
		cmocka_unit_test(T005_account_with_a_misspelt_argument),
		cmocka_unit_test(
		    T006_password_and_session_say_that_they_are_not_there),
		cmocka_unit_test(T008_arguments_are_understood_or_refused),
		cmocka_unit_test(T061_there_is_no_option_for_less),
		cmocka_unit_test(T083_debug_names_no_file),
		cmocka_unit_test(T009_silent_says_nothing),
		cmocka_unit_test(
		    T009_null_answers_are_refused_and_the_flag_is_told),
	};

	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What sshd says that it has verified, on its way to the helper; and the
 * account phase, in which nothing else is looked at.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pam_rig.h"

#define VARIABLE	"SSH_AUTH_INFO_0"
#define SAYS		"publickey ssh-ed25519 AAAA\n"

static struct rig *
at(const char *service, const char *script, const char *says)
{
	struct rig *r = rig_new();
	char *setting;

	r->service = service;
	if (script != NULL)
		rig_helper(r, script);
	rig_start(r, "alice");
	if (says != NULL) {
		assert_true(asprintf(&setting, VARIABLE "=%s", says) > 0);
		assert_int_equal(pam_putenv(r->pamh, setting), PAM_SUCCESS);
		free(setting);
	}
	return r;
}

static void
T117_of_sshd_and_of_pam(void **state)
{
	static const char with[] = "login ssh-auth-info=\"publickey "
	    "ssh-ed25519 AAAA\\n\"\nresult allow method=sshkey\n";
	static const char without[] = "login ssh-auth-info=\n"
	    "result allow method=token\n";
	struct rig *r;

	(void)state;
	r = at("sshd", with, SAYS);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
	r = at(RIG_SERVICE, without, SAYS);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
	/* The environment of the process is anybody's. */
	assert_int_equal(setenv(VARIABLE, SAYS, 1), 0);
	r = at("sshd", without, NULL);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
	assert_int_equal(unsetenv(VARIABLE), 0);
}

static void
too_much_is_refused(void **state)
{
	char *text = calloc(1, 16386);
	struct rig *r;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 16385);
	r = at("sshd", "eof\n", text);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "too long"));
	rig_done(r);
	free(text);
}

static int
account(const char *service, const char *script, const char *says)
{
	struct rig *r = at(service, script, says);
	int code = rig_call(r, pam_acct_mgmt, 0);

	/* Whatever comes of it, nobody is asked. */
	assert_null(strstr(r->shown, "off "));
	assert_null(strstr(r->shown, "on "));
	rig_done(r);
	return code;
}

static void
T005_account_by_key(void **state)
{
	(void)state;
	assert_int_equal(account("sshd", "login flags=32 user=alice "
	    "service=sshd\nresult allow method=sshkey\n", SAYS),
	    PAM_SUCCESS);
	assert_int_equal(account("sshd", "login\nresult deny "
	    "status=refused reason=revoked\n", SAYS), PAM_AUTH_ERR);
	assert_int_equal(account("sshd", "login\nclose\n", SAYS),
	    PAM_AUTHINFO_UNAVAIL);
	/* Without a key there is nothing to ask a helper about. */
	assert_int_equal(account("sshd", NULL, NULL), PAM_PERM_DENIED);
	assert_int_equal(account("sshd", NULL, ""), PAM_PERM_DENIED);
	assert_int_equal(account(RIG_SERVICE, NULL, SAYS), PAM_PERM_DENIED);
}

static void
no_question_in_the_account_phase(void **state)
{
	static const char *const questions[] = { "ask User:", "relay one",
		"secret PIN:" };
	char script[128];

	(void)state;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]);
	    i++) {
		snprintf(script, sizeof(script), "login\nmaybe %s\n"
		    "maybe result allow\n", questions[i]);
		assert_int_equal(account("sshd", script, SAYS),
		    PAM_AUTHINFO_UNAVAIL);
		assert_non_null(strstr(rig_log(), "in the account phase"));
	}
}

/* What an earlier login on the handle left decides, and no key. */
static void
a_login_decides_before_a_key(void **state)
{
	struct rig *r = at("sshd", "login\nresult allow method=token\n",
	    SAYS);

	(void)state;
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_SUCCESS);
	assert_int_equal(pam_set_item(r->pamh, PAM_USER, "bob"),
	    PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_PERM_DENIED);
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T117_of_sshd_and_of_pam),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(T005_account_by_key),
		cmocka_unit_test(no_question_in_the_account_phase),
		cmocka_unit_test(a_login_decides_before_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

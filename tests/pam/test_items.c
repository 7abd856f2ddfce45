/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the PAM handle says: users, services, terminals, hosts.
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

static void
become_root(struct rig *r, int style)
{
	if (style == PAM_PROMPT_ECHO_OFF)
		assert_int_equal(pam_set_item(r->pamh, PAM_USER, "root"),
		    PAM_SUCCESS);
}

static void
T110_the_user_changes_during_the_login(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->hook = become_root;
	rig_helper(r, GRANT);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_PERM_DENIED);
	assert_non_null(strstr(rig_log(), "user changed"));
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_PERM_DENIED);
	rig_done(r);
}

static void
become_upper_case(struct rig *r, int style)
{
	if (style == PAM_PROMPT_ECHO_OFF)
		assert_int_equal(pam_set_item(r->pamh, PAM_USER, "Alice"),
		    PAM_SUCCESS);
}

static void
lose_user(struct rig *r, int style)
{
	if (style == PAM_PROMPT_ECHO_OFF)
		assert_int_equal(pam_set_item(r->pamh, PAM_USER, NULL),
		    PAM_SUCCESS);
}

static void
change_service(struct rig *r, int style)
{
	if (style == PAM_PROMPT_ECHO_OFF)
		assert_int_equal(pam_set_item(r->pamh, PAM_SERVICE,
		    RIG_SERVICE_2),
		    PAM_SUCCESS);
}

static void
T110_any_change_counts(void **state)
{
	static void (*const hooks[])(struct rig *, int) = {
		become_upper_case, lose_user, change_service
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		struct rig *r = rig_new();

		r->hook = hooks[i];
		rig_helper(r, GRANT);
		rig_say(r, RIG_PIN);
		assert_int_equal(rig_login(r, "alice", 0), PAM_PERM_DENIED);
		rig_done(r);
	}
}

static void
T111_without_a_user_one_question_is_asked(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login user=alice\nsecret PIN: => " RIG_PIN "\n"
	    "result allow\n");
	rig_say(r, "alice");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, NULL, 0), PAM_SUCCESS);
	assert_string_equal(r->shown, "on login:|off PIN:|");
	rig_done(r);
}

static void
T111_a_user_that_is_not_given(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_say(r, "");
	assert_int_equal(rig_login(r, NULL, 0), PAM_AUTH_ERR);
	rig_done(r);
	r = rig_new();
	rig_reply(r, RIG_FAIL, PAM_CONV_ERR, NULL);
	assert_int_equal(rig_login(r, NULL, 0), PAM_CONV_ERR);
	rig_done(r);
	r = rig_new();
	rig_reply(r, RIG_FAIL, PAM_CONV_AGAIN, NULL);
	assert_int_equal(rig_login(r, NULL, 0), PAM_INCOMPLETE);
	rig_done(r);
	r = rig_new();
	assert_int_equal(rig_login(r, "", 0), PAM_AUTH_ERR);
	rig_done(r);
}

/* Nobody is asked about a name that is an option, a path or a list. */
static void
T114_names_that_are_no_users(void **state)
{
	static char long_name[4097];
	static char limit[258];
	const char *const names[] = {
		"-f root", "--help", "--", "-", "root\n", "a b", "a\tb", "..",
		".", "../x", "a/b", "alice,root", "alice;root", "alice:x",
		"a|b", "$(id)", "`id`$", "a*", "a?", "a\\b", "a'b", "a\"b",
		"a=b", " alice", "alice ", "\xff\xfe", "al\xc0\x80ice",
		"al\xe2\x80\xaeice", "\033[2J", "\177", long_name, limit
	};
	size_t i;

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	memset(limit, 'a', sizeof(limit) - 1);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct rig *r = rig_new();

		rig_say(r, RIG_PIN);
		assert_int_equal(rig_login(r, names[i], 0), PAM_AUTH_ERR);
		assert_non_null(strstr(rig_log(), "cannot be a user name"));
		assert_int_equal(rig_log_lines("<"), 1);
		assert_int_equal(r->n_replied, 0);
		rig_done(r);
	}
}

static void
T114_names_that_are_users(void **state)
{
	static char limit[257];
	const char *const names[] = {
		"alice", "a", "Alice", "a.b", "a_b-c", "alice@acme.example",
		"j\xc3\xbcrgen", "1000", limit
	};
	size_t i;

	(void)state;
	memset(limit, 'a', sizeof(limit) - 1);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct rig *r = rig_new();
		char script[512];

		snprintf(script, sizeof(script),
		    "login user=%s\nresult allow\n", names[i]);
		rig_helper(r, script);
		assert_int_equal(rig_login(r, names[i], 0), PAM_SUCCESS);
		rig_done(r);
	}
}

static void
login_from(const char *tty, const char *rhost, const char *script)
{
	struct rig *r = rig_new();

	r->tty = tty;
	r->rhost = rhost;
	rig_helper(r, script);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
}

static void
T115_terminals_are_opaque(void **state)
{
	(void)state;
	login_from("../../x", NULL, "login tty=../../x\nresult allow\n");
	login_from("/dev/../etc/passwd", NULL,
	    "login tty=/dev/../etc/passwd\nresult allow\n");
	login_from("", NULL, "login tty=\nresult allow\n");
	login_from(NULL, NULL, "login tty=\nresult allow\n");
	login_from(":0", NULL, "login tty=:0\nresult allow\n");
	login_from("ssh", NULL, "login tty=ssh\nresult allow\n");
	login_from("\xff", NULL, "login tty=\\xff\nresult allow\n");
}

static void
T116_remote_hosts_are_opaque(void **state)
{
	static char long_host[1025];
	static char script[512] = "login rhost=";
	size_t n = strlen(script);

	(void)state;
	login_from(NULL, "fe80::1%eth0",
	    "login rhost=fe80::1%eth0\nresult allow\n");
	login_from(NULL, "no-such-host.invalid",
	    "login rhost=no-such-host.invalid\nresult allow\n");
	memset(long_host, 'h', sizeof(long_host) - 1);
	memset(script + n, 'h', 253);
	strcpy(script + n + 253, "...\nresult allow\n");
	login_from(NULL, long_host, script);
}

/* libpam makes a service name lower case and cuts paths off; the rest is
 * looked at here. */
static void
services_that_are_none(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->service = "a b";
	assert_int_equal(rig_login(r, "alice", 0), PAM_SERVICE_ERR);
	assert_int_equal(rig_log_lines("cannot be a PAM service"), 1);
	rig_done(r);
}

static void
T119_a_handle_can_log_in_many_times(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, GRANT "accept\nlogin\nresult deny\naccept\n"
	    GRANT "accept\nlogin user=bob\nresult allow\n");
	rig_say(r, RIG_PIN);
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTH_ERR);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	assert_int_equal(pam_set_item(r->pamh, PAM_USER, "bob"), PAM_SUCCESS);
	assert_int_equal(rig_login(r, "bob", 0), PAM_SUCCESS);
	assert_int_equal(rig_call(r, pam_acct_mgmt, 0), PAM_SUCCESS);
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T110_the_user_changes_during_the_login),
		cmocka_unit_test(T110_any_change_counts),
		cmocka_unit_test(T111_without_a_user_one_question_is_asked),
		cmocka_unit_test(T111_a_user_that_is_not_given),
		cmocka_unit_test(T114_names_that_are_no_users),
		cmocka_unit_test(T114_names_that_are_users),
		cmocka_unit_test(T115_terminals_are_opaque),
		cmocka_unit_test(T116_remote_hosts_are_opaque),
		cmocka_unit_test(services_that_are_none),
		cmocka_unit_test(T119_a_handle_can_log_in_many_times),
	};

	return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who may ask for whom.
 */
#include "config.h"

#include "../../helper/caller.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two accounts that every Debian has. */
static uid_t
uid_of(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	assert_non_null(pw);
	return pw->pw_uid;
}

static enum mtls_status
ask(uid_t uid, const char *user, const char *service,
    const struct mtls_conf_list *callers)
{
	static const struct mtls_conf_list nobody_else = { 0, NULL };
	struct caller caller = { uid, 1 };
	struct mtls_err err;

	mtls_err_clear(&err);
	return caller_may_ask(&caller, user, service,
	    callers != NULL ? callers : &nobody_else, &err);
}

static void
T073_root_asks_for_anybody_others_for_themselves(void **state)
{
	uid_t daemon = uid_of("daemon");

	(void)state;
	assert_int_equal(ask(0, "root", "su", NULL), MTLS_OK);
	assert_int_equal(ask(0, "no-such-user", "su", NULL), MTLS_OK);
	assert_int_equal(ask(daemon, "daemon", "su", NULL), MTLS_OK);
	assert_int_equal(ask(daemon, "root", "su", NULL),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(daemon, "bin", "su", NULL), MTLS_E_PERMISSION);
	assert_int_equal(ask(daemon, "no-such-user", "su", NULL),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(daemon, "Daemon", "su", NULL),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(daemon, "1", "su", NULL), MTLS_E_PERMISSION);
	assert_int_equal(ask((uid_t)-1, "root", "su", NULL),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(987654, "no-such-user", "su", NULL),
	    MTLS_E_PERMISSION);
}

static void
T073_callers_ask_for_anybody_in_their_service(void **state)
{
	char a[] = "no-such-account:vpn", b[] = "daemon:postgresql",
	    c[] = "bin:vpn";
	char *words[] = { a, b, c };
	struct mtls_conf_list callers = { 3, words };
	uid_t daemon = uid_of("daemon");

	(void)state;
	assert_int_equal(ask(daemon, "root", "postgresql", &callers),
	    MTLS_OK);
	assert_int_equal(ask(daemon, "root", "vpn", &callers),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(daemon, "root", "postgresq", &callers),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(daemon, "root", "postgresql2", &callers),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(uid_of("bin"), "root", "vpn", &callers),
	    MTLS_OK);
	assert_int_equal(ask(uid_of("bin"), "root", "postgresql", &callers),
	    MTLS_E_PERMISSION);
	assert_int_equal(ask(uid_of("sys"), "root", "vpn", &callers),
	    MTLS_E_PERMISSION);
}

static void
T073_only_root_names_a_configuration(void **state)
{
	struct caller root = { 0, 1 }, daemon = { 1, 1 };
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(caller_may_configure(&root, 0, &err), MTLS_OK);
	assert_int_equal(caller_may_configure(&root, 5, &err), MTLS_OK);
	assert_int_equal(caller_may_configure(&daemon, 0, &err),
	    MTLS_E_PERMISSION);
	mtls_err_clear(&err);
	assert_int_equal(caller_may_configure(&daemon, 1, &err), MTLS_OK);
}

static void
T114_names_that_look_like_something_else(void **state)
{
	static const char *const bad[] = { "", "-f", "-f root", "--help", "-",
	    "root\n", "a b", "a/b", ".", "..", "a,b", "a:b", "$HOME",
	    ("\x80" "abc"), "a\x1b[2J" };
	struct mtls_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mtls_err_clear(&err);
		assert_int_equal(caller_check_names(bad[i], "su", &err),
		    MTLS_E_REFUSED);
		mtls_err_clear(&err);
		assert_int_equal(caller_check_names("alice", bad[i], &err),
		    MTLS_E_REFUSED);
	}
	mtls_err_clear(&err);
	assert_int_equal(caller_check_names("alice", "sudo-i", &err),
	    MTLS_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    T073_root_asks_for_anybody_others_for_themselves),
		cmocka_unit_test(
		    T073_callers_ask_for_anybody_in_their_service),
		cmocka_unit_test(T073_only_root_names_a_configuration),
		cmocka_unit_test(T114_names_that_look_like_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

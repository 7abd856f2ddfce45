/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The PIN guard, on a SoftHSM card behind a module that lies: what reaches
 * the card, and how often. C_Login calls are counted in the module.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "token_rig.h"

#define KEEP	MTLS_PKCS11_KEEP_LAST_TRY
#define SPEND	MTLS_PKCS11_SPEND_LAST_TRY
#define CKF_LOW		"0x00010000"
#define CKF_FINAL	"0x00020000"
#define CKF_LOCKED	"0x00040000"
#define CKF_LOGIN_REQUIRED "0x4"

static struct token_rig *rig;
static struct token_rig_lib lib;
static uint32_t flags;
static size_t pin_left;		/* bytes of it, after the login */

/* One session with a fault; the login's outcome and the C_Login calls. */
static enum mtls_status
login(const char *fault, const char *pin, enum mtls_pkcs11_last_try last_try,
    int *ret_calls)
{
	enum mtls_status status;

	token_rig_fault(rig, "");
	token_rig_lib_open(rig, &lib);
	token_rig_fault(rig, fault);
	status = token_rig_lib_login(&lib, pin, last_try, &flags);
	*ret_calls = token_rig_calls(rig, "C_Login");
	pin_left = mtls_secret_len(lib.pin);
	token_rig_lib_close(&lib);
	return status;
}

static void
a_good_pin_is_one_login(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("", TOKEN_RIG_PIN, KEEP, &n), MTLS_OK);
	assert_int_equal(n, 1);
	assert_int_equal(token_rig_calls(rig, "C_Logout"), 1);
	assert_int_equal(flags & MTLS_PIN_COUNT_LOW, 0);
}

static void
T066_a_wrong_pin_costs_one_try_and_says_so(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("", "000000", KEEP, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 1);
	assert_int_equal(flags & MTLS_PIN_COUNT_LOW, MTLS_PIN_COUNT_LOW);
	assert_int_equal(pin_left, 0);
	assert_int_equal(login("", TOKEN_RIG_PIN, KEEP, &n), MTLS_OK);
}

static void
T066_a_locked_pin_gets_no_login(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("flags-set " CKF_LOCKED, TOKEN_RIG_PIN, SPEND,
	    &n), MTLS_E_PIN_LOCKED);
	assert_int_equal(n, 0);
	assert_int_equal(flags & MTLS_PIN_LOCKED, MTLS_PIN_LOCKED);
}

static void
T066_the_answer_pin_locked_is_told(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("rv C_Login 0xa4", TOKEN_RIG_PIN, KEEP, &n),
	    MTLS_E_PIN_LOCKED);
	assert_int_equal(n, 1);
}

static void
T066_the_last_try_is_kept_unless_told(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("flags-set " CKF_FINAL, TOKEN_RIG_PIN, KEEP,
	    &n), MTLS_E_CANCELLED);
	assert_int_equal(n, 0);
	assert_int_equal(login("flags-set " CKF_FINAL, TOKEN_RIG_PIN, SPEND,
	    &n), MTLS_OK);
	assert_int_equal(n, 1);
	assert_int_equal(flags & MTLS_PIN_FINAL_TRY, MTLS_PIN_FINAL_TRY);
}

static void
T067_logged_in_elsewhere_is_no_good_pin(void **state)
{
	int n;

	(void)state;
	/* The first C_Login looked at no PIN; after the logout it does. */
	assert_int_equal(login("logged-in", "000000", KEEP, &n),
	    MTLS_E_PIN_WRONG);
	assert_int_equal(n, 2);
	assert_int_equal(token_rig_calls(rig, "C_Logout"), 1);
	assert_int_equal(login("logged-in always", TOKEN_RIG_PIN, KEEP, &n),
	    MTLS_E_TOKEN_FAILED);
	assert_int_equal(login("", TOKEN_RIG_PIN, KEEP, &n), MTLS_OK);
}

static void
T067_a_session_of_ours_that_is_logged_in_is_logged_out(void **state)
{
	struct mtls_pkcs11_session *other;
	int n;

	(void)state;
	token_rig_fault(rig, "");
	token_rig_lib_open(rig, &lib);
	assert_int_equal(token_rig_lib_login(&lib, TOKEN_RIG_PIN, KEEP,
	    &flags), MTLS_OK);
	/* All sessions of an application share the login. */
	other = lib.s;
	lib.s = NULL;
	assert_int_equal(mtls_pkcs11_session_open(lib.p, &lib.list.tokens[0],
	    MTLS_PKCS11_READ, &lib.s, &lib.err), MTLS_OK);
	assert_int_equal(token_rig_lib_login(&lib, "000000", KEEP, &flags),
	    MTLS_E_PIN_WRONG);
	n = token_rig_calls(rig, "C_Login");
	assert_int_equal(n, 2);
	mtls_pkcs11_session_close(other);
	token_rig_lib_close(&lib);
}

static void
T103_an_empty_pin_never_reaches_the_card(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("", "", KEEP, &n), MTLS_E_CANCELLED);
	assert_int_equal(n, 0);
	/* Nor where somebody else is logged in. */
	assert_int_equal(login("logged-in", "", KEEP, &n), MTLS_E_CANCELLED);
	assert_int_equal(n, 0);
	/* Nor where the card takes PINs of any length. */
	assert_int_equal(login("", NULL, KEEP, &n), MTLS_E_USAGE);
	assert_int_equal(n, 0);
}

static void
T105_lengths_are_checked_before_the_card(void **state)
{
	char pin[1001];
	int n;

	(void)state;
	memset(pin, '1', sizeof(pin));
	pin[256] = '\0';
	assert_int_equal(login("", pin, KEEP, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
	pin[255] = '\0';
	assert_int_equal(login("", pin, KEEP, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 1);		/* SoftHSM takes up to 255 */
	assert_int_equal(login("", "123", KEEP, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);		/* and from 4 */
	/* A card that says nothing, and one that says nonsense. */
	pin[255] = '1';
	assert_int_equal(login("pin-lengths 0 0", pin, KEEP, &n),
	    MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
	assert_int_equal(login("pin-lengths 0 0", TOKEN_RIG_PIN, KEEP, &n),
	    MTLS_OK);
	assert_int_equal(login("pin-lengths 0xffffffffffffffff 1000", pin,
	    KEEP, &n), MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
	assert_int_equal(login("pin-lengths 0 5", TOKEN_RIG_PIN, KEEP, &n),
	    MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
}

static void
T113_control_characters_never_reach_the_card(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("", "\b\n\r\177INCORRECT", KEEP, &n),
	    MTLS_E_PIN_WRONG);
	assert_int_equal(n, 0);
}

static void
T06C_another_card_gets_no_pin(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("serial 4711471147114711", TOKEN_RIG_PIN,
	    KEEP, &n), MTLS_E_TOKEN_ABSENT);
	assert_int_equal(n, 0);
	assert_int_equal(login("label Bob's card", TOKEN_RIG_PIN, KEEP, &n),
	    MTLS_E_TOKEN_ABSENT);
	assert_int_equal(n, 0);
}

static void
T06B_a_pin_pad_gets_a_null_pin(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("pin " TOKEN_RIG_PIN, NULL, KEEP, &n),
	    MTLS_OK);
	assert_int_equal(n, 1);
	assert_int_equal(token_rig_calls(rig, "login user=1 len=0 pad"), 1);
	/* Also when a PIN is given. */
	assert_int_equal(login("pin " TOKEN_RIG_PIN, "000000", KEEP, &n),
	    MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "login user=1 len=0 pad"), 1);
}

static void
a_card_without_a_pin_gets_no_login(void **state)
{
	int n;

	(void)state;
	assert_int_equal(login("flags-clear " CKF_LOGIN_REQUIRED, NULL, KEEP,
	    &n), MTLS_OK);
	assert_int_equal(n, 0);
	assert_int_equal(flags & MTLS_PIN_NOT_NEEDED, MTLS_PIN_NOT_NEEDED);
}

static void
T068_every_answer_of_C_Login_is_no_success(void **state)
{
	enum mtls_status status;
	int n;

	(void)state;
	for (unsigned rv = 1; rv < 0x220; rv++) {
		char fault[64];

		snprintf(fault, sizeof(fault), "rv C_Login 0x%x", rv);
		status = login(fault, TOKEN_RIG_PIN, KEEP, &n);
		assert_int_not_equal(status, MTLS_OK);
		assert_true(n >= 1 && n <= 2);
		assert_int_equal(mtls_status_known((unsigned)status), 1);
	}
}

static int
set_up(void **state)
{
	static const struct token_rig_cert alice = { .name = "alice",
		.kind = MTLS_PKCS11_P256, .id = 1 };

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, "Alice's card");
	token_rig_add(rig, "Alice's card", &alice, NULL, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	token_rig_free(rig);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_pin_is_one_login),
		cmocka_unit_test(T066_a_wrong_pin_costs_one_try_and_says_so),
		cmocka_unit_test(T066_a_locked_pin_gets_no_login),
		cmocka_unit_test(T066_the_answer_pin_locked_is_told),
		cmocka_unit_test(T066_the_last_try_is_kept_unless_told),
		cmocka_unit_test(T067_logged_in_elsewhere_is_no_good_pin),
		cmocka_unit_test(
		    T067_a_session_of_ours_that_is_logged_in_is_logged_out),
		cmocka_unit_test(T103_an_empty_pin_never_reaches_the_card),
		cmocka_unit_test(T105_lengths_are_checked_before_the_card),
		cmocka_unit_test(
		    T113_control_characters_never_reach_the_card),
		cmocka_unit_test(T06C_another_card_gets_no_pin),
		cmocka_unit_test(T06B_a_pin_pad_gets_a_null_pin),
		cmocka_unit_test(a_card_without_a_pin_gets_no_login),
		cmocka_unit_test(T068_every_answer_of_C_Login_is_no_success)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

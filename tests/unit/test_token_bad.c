/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-token with cards and modules that are broken, foreign, changed under
 * it or hostile. Whatever they do: no signature that does not verify, no
 * second try of the PIN, and the next login works.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "token_rig.h"

#define CARD	"Alice's card"
#define SCHEME	MTLS_SCHEME_ECDSA_P256_SHA256
#define MESSAGE	"what TLS wants to have signed"

static struct token_rig *rig;
static X509 *alice;
static char reason[501];

/* Faults at three points of one login; NULL: as before. */
struct faults {
	const char *begin, *login, *sign;
	const char *uri;
};

enum step { AT_READY, AT_LOGIN, AT_SIGN };

/* How one login ends, and where. A signature that is given out verifies. */
static enum mtls_status
one_login(const struct faults *faults, enum step *ret_step)
{
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	uint8_t sig[1024];
	size_t len = 0;
	enum mtls_status status;

	token_rig_fault(rig, faults->begin == NULL ? "" : faults->begin);
	token_rig_forget_calls(rig);
	token_rig_start(rig);
	token_rig_open(rig, rig->module, faults->uri == NULL ?
	    "pkcs11:object=alice" : faults->uri);
	token_rig_issuers(rig, -1);
	*ret_step = AT_READY;
	status = token_rig_ready_or_end(rig, reason);
	if (status == MTLS_OK) {
		*ret_step = AT_LOGIN;
		if (faults->login != NULL)
			token_rig_fault(rig, faults->login);
		status = token_rig_login(rig, &login);
		strcpy(reason, login.reason);
	}
	if (status == MTLS_OK) {
		*ret_step = AT_SIGN;
		if (faults->sign != NULL)
			token_rig_fault(rig, faults->sign);
		status = token_rig_sign(rig, SCHEME, MESSAGE,
		    strlen(MESSAGE), sig, &len, reason);
	}
	if (status == MTLS_OK)
		assert_true(token_rig_verifies(alice, SCHEME, MESSAGE,
		    strlen(MESSAGE), sig, len));
	token_rig_end(rig);
	return status;
}

static void
the_next_login_works(void)
{
	static const struct faults none = { .begin = NULL };
	enum step step;

	assert_int_equal(one_login(&none, &step), MTLS_OK);
}

static void
fails_at(const struct faults *faults, enum step step,
    enum mtls_status expected)
{
	enum mtls_status status;
	enum step got;

	status = one_login(faults, &got);
	if (status != expected || got != step)
		fail_msg("status %d at step %d: %s", (int)status, (int)got,
		    reason);
	assert_true(token_rig_calls(rig, "C_Login") <= 1);
}

static void
T060_a_card_with_a_foreign_key_signs_nothing(void **state)
{
	const struct faults ec = { .uri = "pkcs11:object=clone" };
	const struct faults rsa = { .uri = "pkcs11:object=rsa-clone" };

	(void)state;
	/* EC keys do not show which they are; RSA keys do. */
	fails_at(&ec, AT_SIGN, MTLS_E_TOKEN_FAILED);
	assert_string_equal(reason, "the card's signature is not of the "
	    "certificate's key");
	fails_at(&rsa, AT_LOGIN, MTLS_E_TOKEN_UNUSABLE);
}

static void
T062_an_old_signature_is_not_given_out(void **state)
{
	const struct faults old = { .sign = "sign-old" };
	const struct faults garbage = { .sign = "sign-garbage" };

	(void)state;
	fails_at(&old, AT_SIGN, MTLS_E_TOKEN_FAILED);
	fails_at(&garbage, AT_SIGN, MTLS_E_TOKEN_FAILED);
	the_next_login_works();
}

static void
T065_lengths_of_signatures_are_not_believed(void **state)
{
	static const char *const lens[] = { "0", "1", "63", "65", "257",
		"1024", "1025", "0x80000000", "0xffffffffffffffff" };
	const struct faults small = { .sign = "sign-small" };
	char fault[64];

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		const struct faults bad = { .sign = fault };

		snprintf(fault, sizeof(fault), "sign-len %s", lens[i]);
		fails_at(&bad, AT_SIGN, MTLS_E_TOKEN_FAILED);
		assert_int_equal(token_rig_calls(rig, "C_Sign"), 1);
	}
	fails_at(&small, AT_SIGN, MTLS_E_TOKEN_FAILED);
	assert_int_equal(token_rig_calls(rig, "C_Sign"), 1);
}

static void
T06A_the_card_is_pulled_at_each_step(void **state)
{
	const struct faults steps[] = {
		{ .begin = "rv C_GetTokenInfo 0xe0" },
		{ .begin = "rv C_OpenSession 0xe0" },
		{ .login = "rv C_OpenSession 0xe0" },
		{ .login = "rv C_GetTokenInfo 0xe0" },
		{ .login = "rv C_Login 0x32" },
		{ .login = "rv C_FindObjectsInit 0x32" },
		{ .sign = "rv C_SignInit 0x32" },
		{ .sign = "rv C_Sign 0x32" } };
	const struct faults afterwards = { .sign = "rv C_Logout 0x32" };
	static const enum step where[] = { AT_READY, AT_READY, AT_LOGIN,
		AT_LOGIN, AT_LOGIN, AT_LOGIN, AT_SIGN, AT_SIGN };
	enum step step;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fails_at(&steps[i], where[i], MTLS_E_TOKEN_ABSENT);
		the_next_login_works();
	}
	assert_int_equal(one_login(&afterwards, &step), MTLS_OK);
}

static void
T06C_a_card_that_was_changed_gets_no_pin(void **state)
{
	const struct faults serial = { .login = "serial 4711471147114711" };
	const struct faults label = { .login = "label Mallory's card" };

	(void)state;
	fails_at(&serial, AT_LOGIN, MTLS_E_TOKEN_ABSENT);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
	fails_at(&label, AT_LOGIN, MTLS_E_TOKEN_ABSENT);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
}

static void
T068_every_function_fails_with_every_kind_of_answer(void **state)
{
	static const char *const functions[] = { "C_GetFunctionList",
		"C_Initialize", "C_GetInfo", "C_GetSlotList",
		"C_GetSlotInfo", "C_GetTokenInfo", "C_OpenSession",
		"C_FindObjectsInit", "C_FindObjects", "C_GetAttributeValue",
		"C_GetMechanismInfo", "C_Login", "C_SignInit", "C_Sign" };
	/* One of each kind; test_pkcs11_encode.c has all of them. */
	static const unsigned rvs[] = { 0x2, 0x5, 0x32, 0x50, 0xa4, 0x190,
		0x80000001 };
	char fault[64];

	(void)state;
	for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]);
	    f++) {
		for (size_t i = 0; i < sizeof(rvs) / sizeof(rvs[0]); i++) {
			const struct faults bad = { .begin = fault };
			enum step step;

			snprintf(fault, sizeof(fault), "rv %s 0x%x",
			    functions[f], rvs[i]);
			assert_int_not_equal(one_login(&bad, &step),
			    MTLS_OK);
			assert_true(token_rig_calls(rig, "C_Login") <= 2);
		}
	}
	the_next_login_works();
}

static void
T068_a_broken_function_list(void **state)
{
	static const char *const bad[] = { "version 9", "version 1",
		"no-list", "null C_Login", "null C_Initialize",
		"null C_GetSlotList", "null C_Sign", "null C_GetInfo",
		"null C_FindObjects", "null C_GetAttributeValue" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct faults faults = { .begin = bad[i] };

		fails_at(&faults, AT_READY, MTLS_E_CONFIG);
		assert_int_equal(token_rig_calls(rig, "C_Initialize"), 0);
	}
}

static void
T068_attributes_and_objects_that_cannot_be(void **state)
{
	/* CKA_ID 0x102, CKA_LABEL 3, CKA_VALUE 0x11 */
	static const char *const bad[] = {
		"attribute 0x102 0xffffffffffffffff",
		"attribute 0x11 0xffffffffffffffff",
		"attribute 0x11 0x80000000", "attribute 0x11 0",
		"attribute 0x11 32769", "value-cut 1", "value-cut 100",
		"value-more", "objects-forever", "objects-forever 33",
		"objects-forever 0xffffffffffffffff", "slots 1000000",
		"slots 500" };
	const struct faults label = { .begin =
		"attribute 3 0xffffffffffffffff", .uri = "pkcs11:id=%01" };
	enum step step;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct faults faults = { .begin = bad[i] };

		assert_int_not_equal(one_login(&faults, &step), MTLS_OK);
		assert_int_not_equal(step, AT_SIGN);
	}
	/* A label is for people only. */
	assert_int_equal(one_login(&label, &step), MTLS_OK);
}

static void
T068_texts_of_the_card_are_made_printable(void **state)
{
	const struct faults faults = { .begin =
		"label \033]52;c;AAAA\007\033[2J\xc2\x9b" "31m\xff\xfe evil" };
	struct mtls_message certs[1];
	size_t n = 0;

	(void)state;
	token_rig_fault(rig, faults.begin);
	token_rig_start(rig);
	token_rig_open(rig, rig->module, "pkcs11:object=alice");
	token_rig_issuers(rig, -1);
	assert_int_equal(token_rig_ready(rig, certs, 1, &n, reason),
	    MTLS_OK);
	assert_int_equal(n, 1);
	assert_null(strpbrk(certs[0].u.token_cert.token, "\033\007"));
	assert_non_null(strstr(certs[0].u.token_cert.token, "\\x1b"));
	mtls_message_clear(&certs[0]);
	token_rig_end(rig);
}

static void
T068_a_module_that_crashes_or_exits(void **state)
{
	static const char *const functions[] = { "C_GetFunctionList",
		"C_Initialize", "C_GetSlotList", "C_OpenSession", "C_Login",
		"C_Sign" };
	static const char *const acts[] = { "segv", "abort", "exit" };
	char fault[64];
	enum step step;

	(void)state;
	for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]);
	    f++) {
		for (size_t i = 0; i < 3; i++) {
			const struct faults faults = { .begin = fault };

			snprintf(fault, sizeof(fault), "act %s %s",
			    functions[f], acts[i]);
			assert_int_equal(one_login(&faults, &step),
			    MTLS_E_CLOSED);
		}
	}
	the_next_login_works();
}

static void
T068_a_module_that_hangs_is_killed(void **state)
{
	static const char *const functions[] = { "C_GetInfo",
		"C_OpenSession" };
	char fault[64];
	pid_t pid;

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		snprintf(fault, sizeof(fault), "act %s hang", functions[f]);
		token_rig_fault(rig, fault);
		token_rig_begin(rig);
		while (token_rig_calls(rig, functions[f]) == 0)
			usleep(1000);
		pid = token_rig_pid(rig);
		assert_int_equal(kill(pid, 0), 0);
		close(rig->fd);
		rig->fd = -1;
		mtls_child_end(&rig->child, 0);
		/* The process between waits for it; it is gone soon. */
		while (kill(pid, 0) == 0 || errno != ESRCH)
			usleep(1000);
	}
	the_next_login_works();
}

static void
T068_a_module_that_is_rude_but_works(void **state)
{
	static const char *const acts[] = { "print", "fork", "thread",
		"signals" };
	char fault[64];
	enum step step;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct faults faults = { .begin = fault };

		snprintf(fault, sizeof(fault), "act C_Initialize %s",
		    acts[i]);
		assert_int_equal(one_login(&faults, &step), MTLS_OK);
	}
}

static void
no_card_and_no_reader_are_told_apart(void **state)
{
	const struct faults no_card = { .begin = "standalone\nno-card",
		.uri = "" };
	const struct faults no_reader = { .begin = "standalone\nslots 0",
		.uri = "" };
	const struct faults empty = { .begin = "standalone", .uri = "" };

	(void)state;
	fails_at(&no_card, AT_READY, MTLS_E_TOKEN_ABSENT);
	assert_string_equal(reason, "no card in the reader");
	fails_at(&no_reader, AT_READY, MTLS_E_TOKEN_ABSENT);
	assert_non_null(strstr(reason, "no reader"));
	fails_at(&empty, AT_READY, MTLS_E_TOKEN_FAILED);
}

static int
set_up(void **state)
{
	static const struct token_rig_cert certs[] = {
		{ .name = "clone", .kind = MTLS_PKCS11_P256, .id = 2,
		    .foreign_key = 1 },
		{ .name = "rsa-clone", .kind = MTLS_PKCS11_RSA2048, .id = 3,
		    .foreign_key = 1 } };
	static const struct token_rig_cert mine = { .name = "alice",
		.kind = MTLS_PKCS11_P256, .id = 1 };

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	token_rig_add(rig, CARD, &mine, &alice, NULL);
	token_rig_add(rig, CARD, &certs[0], NULL, NULL);
	token_rig_add(rig, CARD, &certs[1], NULL, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	X509_free(alice);
	token_rig_free(rig);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T060_a_card_with_a_foreign_key_signs_nothing),
		cmocka_unit_test(T062_an_old_signature_is_not_given_out),
		cmocka_unit_test(T065_lengths_of_signatures_are_not_believed),
		cmocka_unit_test(T06A_the_card_is_pulled_at_each_step),
		cmocka_unit_test(T06C_a_card_that_was_changed_gets_no_pin),
		cmocka_unit_test(
		    T068_every_function_fails_with_every_kind_of_answer),
		cmocka_unit_test(T068_a_broken_function_list),
		cmocka_unit_test(T068_attributes_and_objects_that_cannot_be),
		cmocka_unit_test(T068_texts_of_the_card_are_made_printable),
		cmocka_unit_test(T068_a_module_that_crashes_or_exits),
		cmocka_unit_test(T068_a_module_that_hangs_is_killed),
		cmocka_unit_test(T068_a_module_that_is_rude_but_works),
		cmocka_unit_test(no_card_and_no_reader_are_told_apart)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

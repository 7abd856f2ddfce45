/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whole logins with the real mtls-token and SoftHSM cards, one for each kind
 * of key, and with a PKCS#11 module that hangs or crashes in it while the
 * two programs are two accounts.
 */
#include "config.h"

#include <dirent.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/login_rig.h"
#include "../lib/token_rig.h"
#include "../lib/unit.h"
#include "mtls/status.h"

static struct token_rig *rig;
static char settings[1024];

static void
new_card(enum mtls_pkcs11_key_kind kind)
{
	struct token_rig_cert cert = { .name = "alice", .kind = kind,
	    .id = 1 };

	rig = token_rig_new();
	token_rig_card(rig, "Alice's card");
	token_rig_add(rig, "Alice's card", &cert, NULL, NULL);
	(void)snprintf(settings, sizeof(settings),
	    "module = %s\nuser = %s\nwritable = %s\npin-tries = 3\n"
	    "environment = SOFTHSM2_CONF=%s, FAULT_TOKEN_CONF=%s\n",
	    rig->module, rig->account, rig->card, rig->softhsm_conf,
	    rig->conf);
}

static struct login_case
with_card(void)
{
	struct login_case c = { .token_program = MTLS_TOKEN_BUILT,
	    .token_settings = settings, .pin = TOKEN_RIG_PIN,
	    .helper_user = "daemon" };

	c.verifier[0].user.client_ca = rig->ca[0];
	return c;
}

static void
logs_in_with(enum mtls_pkcs11_key_kind kind)
{
	struct login_case c;

	new_card(kind);
	c = with_card();
	login_case_is_granted(&c);
	assert_string_equal(c.secret, "PIN for Alice's card: ");
	assert_int_equal(token_rig_calls(rig, "C_Login"), 1);
	login_case_clear(&c);
	token_rig_free(rig);
}

static void
rsa_2048(void **state)
{
	(void)state;
	logs_in_with(MTLS_PKCS11_RSA2048);
}

static void
rsa_3072(void **state)
{
	(void)state;
	logs_in_with(MTLS_PKCS11_RSA3072);
}

static void
p_256(void **state)
{
	(void)state;
	logs_in_with(MTLS_PKCS11_P256);
}

static void
p_384(void **state)
{
	(void)state;
	logs_in_with(MTLS_PKCS11_P384);
}

static void
T066_one_wrong_pin_is_one_login_to_the_card(void **state)
{
	struct login_case c;

	(void)state;
	new_card(MTLS_PKCS11_P256);
	c = with_card();
	c.pin = "000000";
	login_case_fails(&c, MTLS_E_PIN_WRONG);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 1);
	assert_int_equal(c.record[0]->asked[FAKE_PROOF], 0);
	login_case_clear(&c);
	token_rig_free(rig);
}

static void
T103_an_empty_pin_never_reaches_the_card(void **state)
{
	struct login_case c;

	(void)state;
	new_card(MTLS_PKCS11_P256);
	c = with_card();
	c.pin = "";
	login_case_fails(&c, MTLS_E_CANCELLED);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 0);
	login_case_clear(&c);
	token_rig_free(rig);
}

/* A certificate that the verifier's user listener does not name. */
static void
a_card_of_another_ca(void **state)
{
	struct login_case c;

	(void)state;
	new_card(MTLS_PKCS11_P256);
	c = with_card();
	c.verifier[0].user.client_ca = rig->ca[1];
	login_case_fails(&c, MTLS_E_TOKEN_UNUSABLE);
	assert_int_equal(c.n_secret, 0);
	login_case_clear(&c);
	token_rig_free(rig);
}

/* Whether the process has this card in its environment. */
static int
has_our_card(const char *pid)
{
	char path[300], text[1024];
	size_t n, at;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	for (at = 0; at < n; at += strlen(text + at) + 1) {
		if (strncmp(text + at, "FAULT_TOKEN_CONF=", 17) == 0 &&
		    strcmp(text + at + 17, rig->conf) == 0)
			return 1;
	}
	return 0;
}

static int
count_token_workers(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;
	int n = 0;

	assert_non_null(proc);
	while ((e = readdir(proc)) != NULL) {
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    atoi(e->d_name) != (int)getpid() &&
		    has_our_card(e->d_name))
			n++;
	}
	(void)closedir(proc);
	return n;
}

/* Two accounts: neither could signal the other. */
static void
fails_and_ends(const char *fault, int status)
{
	struct mtls_deadline limit;
	struct login_case c;

	new_card(MTLS_PKCS11_P256);
	token_rig_fault(rig, fault);
	c = with_card();
	c.deadline_ms = 2500;
	login_case_fails(&c, status);
	assert_true(c.ms < 10000);
	limit = mtls_deadline_in_ms(10000);
	while (count_token_workers() != 0) {
		assert_true(mtls_deadline_left_ms(limit) > 0);
		(void)usleep(1000);
	}
	login_case_clear(&c);
	token_rig_free(rig);
}

static void
count_and_answer(struct login_case *c)
{
	assert_int_equal(count_token_workers(), 1);
	login_case_answer_secret(c);
}

/* That the counting above counts. */
static void
one_login_has_one_token_worker(void **state)
{
	struct login_case c;

	(void)state;
	new_card(MTLS_PKCS11_P256);
	c = with_card();
	c.on_secret = count_and_answer;
	login_case_is_granted(&c);
	login_case_clear(&c);
	token_rig_free(rig);
}

static void
T068_the_module_hangs(void **state)
{
	(void)state;
	fails_and_ends("act C_Initialize hang", MTLS_E_TIMEOUT);
	fails_and_ends("act C_Login hang", MTLS_E_TIMEOUT);
	fails_and_ends("act C_Sign hang", MTLS_E_TIMEOUT);
}

static void
T068_T069_the_module_crashes_or_lies(void **state)
{
	(void)state;
	fails_and_ends("act C_Initialize segv", MTLS_E_TOKEN_FAILED);
	fails_and_ends("act C_Login abort", MTLS_E_TOKEN_FAILED);
	fails_and_ends("act C_Sign segv", MTLS_E_TOKEN_FAILED);
	fails_and_ends("act C_Login exit", MTLS_E_TOKEN_FAILED);
	fails_and_ends("act C_Login forge", MTLS_E_TOKEN_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_2048),
		cmocka_unit_test(rsa_3072),
		cmocka_unit_test(p_256),
		cmocka_unit_test(p_384),
		cmocka_unit_test(T066_one_wrong_pin_is_one_login_to_the_card),
		cmocka_unit_test(T103_an_empty_pin_never_reaches_the_card),
		cmocka_unit_test(a_card_of_another_ca),
		cmocka_unit_test(one_login_has_one_token_worker),
		cmocka_unit_test(T068_the_module_hangs),
		cmocka_unit_test(T068_T069_the_module_crashes_or_lies),
	};

	return cmocka_run_group_tests(tests, login_rig_set_up,
	    login_rig_tear_down);
}

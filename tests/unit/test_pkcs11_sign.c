/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Finding the key of a certificate and signing with it, on cards that lack a
 * mechanism, have a CKA_ID twice, or want the PIN for each signature.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "mtls/signer.h"
#include "pkcs11/internal.h"
#include "token_rig.h"

#define CARD	"Alice's card"
#define MESSAGE	"what TLS wants to have signed"

static struct token_rig *rig;
static struct token_rig_lib lib;

/* Everything up to the key; the fault holds from the listing on. */
static enum mtls_status
take_key(const char *fault, const char *label)
{
	uint32_t flags;

	token_rig_fault(rig, fault);
	token_rig_lib_open(rig, &lib);
	if (token_rig_lib_login(&lib, TOKEN_RIG_PIN,
	    MTLS_PKCS11_KEEP_LAST_TRY, &flags) != MTLS_OK)
		fail_msg("%s", lib.err.text);
	return mtls_pkcs11_key(lib.s, token_rig_lib_cert(&lib, label),
	    &lib.err);
}

static enum mtls_status
sign(const char *label, unsigned scheme)
{
	const struct mtls_pkcs11_cert *cert = token_rig_lib_cert(&lib, label);
	uint8_t sig[MTLS_SIGNATURE_MAX];
	size_t len = sizeof(sig);
	enum mtls_status status;

	mtls_err_clear(&lib.err);
	status = mtls_pkcs11_sign(lib.s, scheme, (const uint8_t *)MESSAGE,
	    strlen(MESSAGE), sig, &len, &lib.err);
	if (status == MTLS_OK)
		assert_true(token_rig_verifies(cert->x509, scheme, MESSAGE,
		    strlen(MESSAGE), sig, len));
	return status;
}

static void
pss_by_the_card_or_by_us(void **state)
{
	static const unsigned schemes[] = { MTLS_SCHEME_RSA_PSS_SHA256,
		MTLS_SCHEME_RSA_PSS_SHA384, MTLS_SCHEME_RSA_PSS_SHA512 };

	(void)state;
	assert_int_equal(take_key("", "rsa"), MTLS_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sign("rsa", schemes[i]), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "sign mechanism=0xd"), 3);
	token_rig_lib_close(&lib);
	assert_int_equal(take_key("no-mechanism 0xd", "rsa"), MTLS_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sign("rsa", schemes[i]), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "sign mechanism=0x3"), 3);
	token_rig_lib_close(&lib);
}

static void
a_mechanism_that_fails_at_the_last_moment(void **state)
{
	(void)state;
	/* It said that it has PSS; then it has not. */
	assert_int_equal(take_key("", "rsa"), MTLS_OK);
	token_rig_fault(rig, "no-mechanism 0xd");
	assert_int_equal(sign("rsa", MTLS_SCHEME_RSA_PSS_SHA256), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "sign mechanism=0x3"), 1);
	token_rig_fault(rig, "rv C_SignInit 0x70");
	assert_int_equal(sign("rsa", MTLS_SCHEME_RSA_PSS_SHA256),
	    MTLS_E_TOKEN_UNUSABLE);
	token_rig_lib_close(&lib);
}

static void
schemes_of_other_keys_are_not_signed(void **state)
{
	static const unsigned wrong[] = { MTLS_SCHEME_RSA_PSS_SHA256,
		MTLS_SCHEME_ECDSA_P384_SHA384, MTLS_SCHEME_ED25519,
		MTLS_SCHEME_RSA_PKCS1_SHA256, 0, 0x0201, 0xffff };

	(void)state;
	assert_int_equal(take_key("", "p256"), MTLS_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(sign("p256", wrong[i]), MTLS_E_USAGE);
	assert_int_equal(token_rig_calls(rig, "C_SignInit"), 0);
	assert_int_equal(sign("p256", MTLS_SCHEME_ECDSA_P256_SHA256),
	    MTLS_OK);
	token_rig_lib_close(&lib);
}

static void
without_a_key_there_is_no_signature(void **state)
{
	uint32_t flags;

	(void)state;
	token_rig_fault(rig, "");
	token_rig_lib_open(rig, &lib);
	assert_int_equal(sign("p256", MTLS_SCHEME_ECDSA_P256_SHA256),
	    MTLS_E_USAGE);
	assert_int_equal(token_rig_lib_login(&lib, TOKEN_RIG_PIN,
	    MTLS_PKCS11_KEEP_LAST_TRY, &flags), MTLS_OK);
	assert_int_equal(mtls_pkcs11_key(lib.s, token_rig_lib_cert(&lib,
	    "no-key"), &lib.err), MTLS_E_TOKEN_UNUSABLE);
	assert_int_equal(sign("no-key", MTLS_SCHEME_ECDSA_P256_SHA256),
	    MTLS_E_USAGE);
	token_rig_lib_close(&lib);
}

static void
one_id_for_two_keys(void **state)
{
	static const char *const labels[] = { "p256", "twin" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(take_key("", labels[i]), MTLS_OK);
		assert_int_equal(lib.s->n_keys, 2);
		assert_int_equal(sign(labels[i],
		    MTLS_SCHEME_ECDSA_P256_SHA256), MTLS_OK);
		token_rig_lib_close(&lib);
	}
	/* RSA keys are told apart by their modulus. */
	assert_int_equal(take_key("", "rsa"), MTLS_OK);
	assert_int_equal(lib.s->n_keys, 1);
	token_rig_lib_close(&lib);
}

static void
the_pin_stays_only_for_keys_that_want_it_again(void **state)
{
	(void)state;
	assert_int_equal(take_key("", "rsa"), MTLS_OK);
	assert_int_equal(mtls_secret_len(lib.pin), 0);
	token_rig_lib_close(&lib);
	assert_int_equal(take_key("always-authenticate", "rsa"), MTLS_OK);
	assert_int_equal(mtls_secret_len(lib.pin), 6);
	assert_int_equal(sign("rsa", MTLS_SCHEME_RSA_PSS_SHA256), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "login user=2 len=6"), 1);
	mtls_pkcs11_session_close(lib.s);
	lib.s = NULL;
	assert_int_equal(mtls_secret_len(lib.pin), 0);
	token_rig_lib_close(&lib);
}

static void
T066_a_wrong_pin_at_the_signature_ends_it(void **state)
{
	(void)state;
	/* Two keys and two mechanisms are no reason for a second try. */
	assert_int_equal(take_key("always-authenticate", "p256"), MTLS_OK);
	token_rig_fault(rig, "always-authenticate\nrv C_Login 0xa0");
	assert_int_equal(sign("p256", MTLS_SCHEME_ECDSA_P256_SHA256),
	    MTLS_E_PIN_WRONG);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 2);
	assert_int_equal(token_rig_calls(rig, "C_Sign"), 0);
	token_rig_lib_close(&lib);
}

static int
set_up(void **state)
{
	static const struct token_rig_cert certs[] = {
		{ .name = "p256", .kind = MTLS_PKCS11_P256, .id = 1 },
		{ .name = "twin", .kind = MTLS_PKCS11_P256, .id = 2,
		    .then_id = 1 },
		{ .name = "rsa", .kind = MTLS_PKCS11_RSA2048, .id = 3 },
		{ .name = "rsa-twin", .kind = MTLS_PKCS11_RSA2048, .id = 4,
		    .then_id = 3 },
		{ .name = "no-key", .kind = MTLS_PKCS11_P256, .id = 5,
		    .no_key = 1 } };

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	for (size_t i = 0; i < sizeof(certs) / sizeof(certs[0]); i++)
		token_rig_add(rig, CARD, &certs[i], NULL, NULL);
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
		cmocka_unit_test(pss_by_the_card_or_by_us),
		cmocka_unit_test(a_mechanism_that_fails_at_the_last_moment),
		cmocka_unit_test(schemes_of_other_keys_are_not_signed),
		cmocka_unit_test(without_a_key_there_is_no_signature),
		cmocka_unit_test(one_id_for_two_keys),
		cmocka_unit_test(
		    the_pin_stays_only_for_keys_that_want_it_again),
		cmocka_unit_test(T066_a_wrong_pin_at_the_signature_ends_it)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

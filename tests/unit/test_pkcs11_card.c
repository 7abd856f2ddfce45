/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What changes a card: new keys, certificates beside them, another PIN.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkcs11/internal.h"
#include "token_rig.h"

#define CARD	"Alice's card"

static struct token_rig *rig;
static struct token_rig_lib lib;

static struct mtls_secret *
secret(const char *text)
{
	struct mtls_secret *s = mtls_secret_new(64);
	struct mtls_err err;
	int fds[2];

	mtls_err_clear(&err);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	assert_int_equal(mtls_secret_read(s, fds[0], 1000, &err), MTLS_OK);
	close(fds[0]);
	close(fds[1]);
	return s;
}

/* A session to write, logged in. */
static void
open_to_write(void)
{
	uint32_t flags;

	token_rig_fault(rig, "");
	token_rig_lib_open(rig, &lib);
	mtls_pkcs11_session_close(lib.s);
	lib.s = NULL;
	assert_int_equal(mtls_pkcs11_session_open(lib.p, &lib.list.tokens[0],
	    MTLS_PKCS11_WRITE, &lib.s, &lib.err), MTLS_OK);
	assert_int_equal(token_rig_lib_login(&lib, TOKEN_RIG_PIN,
	    MTLS_PKCS11_KEEP_LAST_TRY, &flags), MTLS_OK);
}

static CK_BBOOL
flag_of(CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 2;

	assert_int_equal(pkcs11_get(lib.p, lib.s->handle, lib.s->keys[0],
	    type, &value, sizeof(value), NULL), 0);
	return value;
}

static void
a_new_key_stays_on_the_card(void **state)
{
	struct mtls_pkcs11_new_key key = { .kind = MTLS_PKCS11_P256,
		.label = "new" };
	EVP_PKEY *public_key = NULL;

	(void)state;
	open_to_write();
	assert_int_equal(mtls_pkcs11_generate(lib.s, &key, &public_key,
	    &lib.err), MTLS_OK);
	assert_int_equal(key.id_len, 16);
	assert_int_equal(EVP_PKEY_get_bits(public_key), 256);
	assert_int_equal(flag_of(CKA_PRIVATE), CK_TRUE);
	assert_int_equal(flag_of(CKA_SENSITIVE), CK_TRUE);
	assert_int_equal(flag_of(CKA_EXTRACTABLE), CK_FALSE);
	assert_int_equal(flag_of(CKA_NEVER_EXTRACTABLE), CK_TRUE);
	assert_int_equal(flag_of(CKA_LOCAL), CK_TRUE);
	EVP_PKEY_free(public_key);
	/* The id is taken now. */
	assert_int_equal(mtls_pkcs11_generate(lib.s, &key, &public_key,
	    &lib.err), MTLS_E_USAGE);
	token_rig_lib_close(&lib);
}

static void
labels_of_keys_are_texts(void **state)
{
	static const char long_one[] = "12345678901234567890123456789012345"
		"678901234567890123456789012345";
	static const char *const bad[] = { "", "a\nb", "\033[2J", long_one };
	struct mtls_pkcs11_new_key key = { .kind = MTLS_PKCS11_P256 };
	EVP_PKEY *public_key;

	(void)state;
	open_to_write();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		key.label = bad[i];
		mtls_err_clear(&lib.err);
		assert_int_equal(mtls_pkcs11_generate(lib.s, &key,
		    &public_key, &lib.err), MTLS_E_USAGE);
	}
	assert_int_equal(token_rig_calls(rig, "C_GenerateKeyPair"), 0);
	token_rig_lib_close(&lib);
}

static void
a_session_for_signing_changes_nothing(void **state)
{
	struct mtls_pkcs11_new_key key = { .kind = MTLS_PKCS11_P256,
		.label = "new" };
	EVP_PKEY *public_key;
	int is_new;

	(void)state;
	token_rig_fault(rig, "");
	token_rig_lib_open(rig, &lib);
	assert_int_equal(mtls_pkcs11_generate(lib.s, &key, &public_key,
	    &lib.err), MTLS_E_USAGE);
	mtls_err_clear(&lib.err);
	assert_int_equal(mtls_pkcs11_store_certificate(lib.s, rig->ca[0],
	    &is_new, &lib.err), MTLS_E_USAGE);
	assert_int_equal(token_rig_calls(rig, "C_CreateObject"), 0);
	token_rig_lib_close(&lib);
}

static void
a_certificate_is_stored_beside_its_key_once(void **state)
{
	static const struct token_rig_cert certs[] = {
		{ .name = "rsa", .kind = MTLS_PKCS11_RSA2048, .id = 1 },
		{ .name = "p384", .kind = MTLS_PKCS11_P384, .id = 2 } };
	const struct mtls_pkcs11_cert *cert;
	X509 *x509;
	int is_new;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		/* Generates, issues and stores. */
		token_rig_add(rig, CARD, &certs[i], &x509, NULL);
		open_to_write();
		is_new = 1;
		assert_int_equal(mtls_pkcs11_store_certificate(lib.s, x509,
		    &is_new, &lib.err), MTLS_OK);
		assert_int_equal(is_new, 0);
		assert_int_equal(token_rig_calls(rig, "C_CreateObject"), 0);
		cert = token_rig_lib_cert(&lib, certs[i].name);
		assert_int_equal(X509_cmp(cert->x509, x509), 0);
		assert_int_equal(cert->id_len, 1);
		assert_int_equal(cert->id[0], certs[i].id);
		assert_int_equal(cert->has_key, MTLS_PKCS11_KEY_THERE);
		X509_free(x509);
		token_rig_lib_close(&lib);
	}
	/* One of nobody's key. */
	open_to_write();
	assert_int_equal(mtls_pkcs11_store_certificate(lib.s, rig->ca[0],
	    &is_new, &lib.err), MTLS_E_TOKEN_UNUSABLE);
	assert_int_equal(token_rig_calls(rig, "C_CreateObject"), 0);
	token_rig_lib_close(&lib);
}

static enum mtls_status
change(const char *from, const char *to, const char *fault)
{
	struct mtls_secret *old_pin = secret(from);
	struct mtls_secret *new_pin = secret(to);
	enum mtls_status status;

	open_to_write();
	token_rig_forget_calls(rig);
	token_rig_fault(rig, fault);
	status = mtls_pkcs11_change_pin(lib.s, old_pin, new_pin, &lib.err);
	token_rig_fault(rig, "");
	token_rig_lib_close(&lib);
	mtls_secret_free(old_pin);
	mtls_secret_free(new_pin);
	return status;
}

static void
the_pin_is_changed_in_one_call(void **state)
{
	(void)state;
	assert_int_equal(change("000000", "111111", ""), MTLS_E_PIN_WRONG);
	assert_int_equal(token_rig_calls(rig, "C_SetPIN"), 1);
	assert_int_equal(change(TOKEN_RIG_PIN, "123", ""), MTLS_E_USAGE);
	assert_int_equal(token_rig_calls(rig, "C_SetPIN"), 0);
	assert_int_equal(change(TOKEN_RIG_PIN, "111111",
	    "flags-set 0x40000"), MTLS_E_PIN_LOCKED);
	assert_int_equal(change(TOKEN_RIG_PIN, "111111",
	    "flags-set 0x20000"), MTLS_E_CANCELLED);
	assert_int_equal(token_rig_calls(rig, "C_SetPIN"), 0);
	assert_int_equal(change(TOKEN_RIG_PIN, TOKEN_RIG_PIN, ""), MTLS_OK);
	assert_int_equal(token_rig_calls(rig, "C_SetPIN"), 1);
}

static void
a_module_that_lies_about_a_new_key(void **state)
{
	/* CKA_EC_POINT 0x181, CKA_MODULUS 0x120 */
	static const struct {
		const char *fault;
		enum mtls_pkcs11_key_kind kind;
	} lies[] = {
		{ "attribute 0x181 0xffffffffffffffff", MTLS_PKCS11_P256 },
		{ "attribute 0x181 3", MTLS_PKCS11_P256 },
		{ "attribute 0x181 65", MTLS_PKCS11_P256 },
		{ "rv C_GenerateKeyPair 0x70", MTLS_PKCS11_P384 },
		{ "attribute 0x120 0xffffffffffffffff", MTLS_PKCS11_RSA2048 } };
	EVP_PKEY *public_key = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct mtls_pkcs11_new_key key = { .kind = lies[i].kind,
			.label = "lie" };

		open_to_write();
		token_rig_fault(rig, lies[i].fault);
		assert_int_not_equal(mtls_pkcs11_generate(lib.s, &key,
		    &public_key, &lib.err), MTLS_OK);
		assert_null(public_key);
		token_rig_lib_close(&lib);
	}
}

static int
set_up(void **state)
{
	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
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
		cmocka_unit_test(a_new_key_stays_on_the_card),
		cmocka_unit_test(labels_of_keys_are_texts),
		cmocka_unit_test(a_session_for_signing_changes_nothing),
		cmocka_unit_test(a_certificate_is_stored_beside_its_key_once),
		cmocka_unit_test(the_pin_is_changed_in_one_call),
		cmocka_unit_test(a_module_that_lies_about_a_new_key)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-token by its messages, with honest cards: which certificates it
 * offers, the login, one signature per key type.
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

#define CARD	"Alice's card"

static struct token_rig *rig;

static const struct {
	struct token_rig_cert cert;
	unsigned schemes[4];
} keys[] = {
	{ { .name = "rsa2048", .kind = MTLS_PKCS11_RSA2048, .id = 1 },
	    { MTLS_SCHEME_RSA_PSS_SHA256, MTLS_SCHEME_RSA_PSS_SHA384,
	    MTLS_SCHEME_RSA_PSS_SHA512, MTLS_SCHEME_RSA_PKCS1_SHA256 } },
	{ { .name = "rsa3072", .kind = MTLS_PKCS11_RSA3072, .id = 2 },
	    { MTLS_SCHEME_RSA_PSS_SHA256, MTLS_SCHEME_RSA_PKCS1_SHA512 } },
	{ { .name = "p256", .kind = MTLS_PKCS11_P256, .id = 3 },
	    { MTLS_SCHEME_ECDSA_P256_SHA256 } },
	{ { .name = "p384", .kind = MTLS_PKCS11_P384, .id = 4 },
	    { MTLS_SCHEME_ECDSA_P384_SHA384 } },
	{ { .name = "ed25519", .kind = MTLS_PKCS11_ED25519, .id = 5 },
	    { MTLS_SCHEME_ED25519 } }
};

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* Up to TOKEN_READY; the index of the certificate with that label. */
static uint32_t
offered(const char *label, X509 **ret_x509)
{
	static struct mtls_message certs[16];
	const unsigned char *der;
	uint32_t index = 0;
	size_t n = 0;
	int found = 0;

	assert_int_equal(token_rig_ready(rig, certs, 16, &n, NULL), MTLS_OK);
	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++) {
		struct mtls_msg_token_cert *m = &certs[i].u.token_cert;

		assert_string_equal(m->token, CARD);
		if (strcmp(m->label, label) == 0) {
			found = 1;
			index = m->index;
			der = m->der.data;
			*ret_x509 = d2i_X509(NULL, &der, (long)m->der.len);
		}
		mtls_message_clear(&certs[i]);
	}
	assert_true(found);
	return index;
}

static void
sign_with(const char *label, unsigned scheme)
{
	static const char message[] = "what TLS wants to have signed";
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	uint8_t sig[1024];
	size_t len = 0;
	X509 *x509 = NULL;
	char reason[501];

	token_rig_begin(rig);
	token_rig_issuers(rig, 0, -1);
	login.index = offered(label, &x509);
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	if (token_rig_sign(rig, scheme, message, sizeof(message), sig, &len,
	    reason) != MTLS_OK)
		fail_msg("%s 0x%x: %s", label, scheme, reason);
	assert_true(token_rig_verifies(x509, scheme, message,
	    sizeof(message), sig, len));
	X509_free(x509);
	token_rig_end(rig);
	assert_int_equal(token_rig_calls(rig, "C_Login"), 1);
	assert_int_equal(token_rig_calls(rig, "C_Sign"), 1);
	assert_int_equal(token_rig_calls(rig, "C_Logout"), 1);
}

static void
every_kind_of_key_signs(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_KEYS; k++) {
		for (size_t i = 0; i < 4 && keys[k].schemes[i] != 0; i++)
			sign_with(keys[k].cert.name, keys[k].schemes[i]);
	}
}

static int
set_up(void **state)
{
	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	for (size_t k = 0; k < N_KEYS; k++)
		token_rig_add(rig, CARD, &keys[k].cert, NULL, NULL);
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
		cmocka_unit_test(every_kind_of_key_signs)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which certificates mtls-token offers, and what it says about the others.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/err.h>

#include "token_rig.h"

#define CARD	"Alice's card"
#define P256	.kind = MTLS_PKCS11_P256

static struct token_rig *rig;
static char reason[501];

/* Offers for these issuers (-1: all); "label label", as they come. */
static enum mtls_status
offers(const char *uri, int issuer, char *labels, size_t size)
{
	struct mtls_message certs[16];
	enum mtls_status status;
	size_t n = 0;

	token_rig_start(rig);
	token_rig_open(rig, rig->module, uri);
	token_rig_issuers(rig, issuer, -1);
	status = token_rig_ready(rig, certs, 16, &n, reason);
	labels[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		snprintf(labels + strlen(labels), size - strlen(labels),
		    "%s%s", i > 0 ? " " : "", certs[i].u.token_cert.label);
		mtls_message_clear(&certs[i]);
	}
	token_rig_end(rig);
	return status;
}

static void
only_what_could_be_used_is_offered(void **state)
{
	char labels[256];

	(void)state;
	assert_int_equal(offers("", 0, labels, sizeof(labels)), MTLS_OK);
	assert_string_equal(labels, "by-sub good renewed");
	assert_non_null(strstr(reason, "certificates on \"" CARD "\": "
	    "3 can be used, 1 is a CA's, 1 expired, 1 not valid yet, "
	    "1 not for client authentication, "
	    "1 from an issuer that the verifier does not accept, "
	    "1 without its key"));
}

static void
the_other_issuer_has_one(void **state)
{
	char labels[256];

	(void)state;
	assert_int_equal(offers("", 1, labels, sizeof(labels)), MTLS_OK);
	assert_string_equal(labels, "foreign");
}

static void
no_names_mean_any_issuer(void **state)
{
	char labels[256];

	(void)state;
	assert_int_equal(offers("", -1, labels, sizeof(labels)), MTLS_OK);
	assert_string_equal(labels, "by-sub foreign good renewed");
}

static void
a_uri_narrows_the_choice(void **state)
{
	char labels[256];

	(void)state;
	assert_int_equal(offers("pkcs11:token=Alice%27s%20card;object=good",
	    0, labels, sizeof(labels)), MTLS_OK);
	assert_string_equal(labels, "good");
	assert_int_equal(offers("pkcs11:id=%06;type=private", -1, labels,
	    sizeof(labels)), MTLS_OK);
	assert_string_equal(labels, "foreign");
	assert_int_equal(offers("pkcs11:object=expired", -1, labels,
	    sizeof(labels)), MTLS_E_TOKEN_UNUSABLE);
	assert_string_equal(reason,
	    "1 certificate on \"" CARD "\": 1 expired");
	assert_int_equal(offers("pkcs11:token=Nobody", -1, labels,
	    sizeof(labels)), MTLS_E_TOKEN_ABSENT);
	assert_string_equal(reason, "no card that the configured URI names");
}

static void
a_certificate_without_key_is_offered_where_nothing_better_is(void **state)
{
	char labels[256];

	(void)state;
	assert_int_equal(offers("pkcs11:object=no-key", -1, labels,
	    sizeof(labels)), MTLS_OK);
	assert_string_equal(labels, "no-key");
}

static void
an_intermediate_comes_with_the_certificate(void **state)
{
	struct mtls_message certs[16];
	const unsigned char *at;
	size_t n = 0;
	X509 *sub;

	(void)state;
	token_rig_begin(rig);
	token_rig_issuers(rig, 0, -1);
	assert_int_equal(token_rig_ready(rig, certs, 16, &n, NULL), MTLS_OK);
	assert_int_equal(n, 3);
	assert_int_equal(certs[1].u.token_cert.chain.len, 0);
	at = certs[0].u.token_cert.chain.data;
	sub = d2i_X509(NULL, &at, (long)certs[0].u.token_cert.chain.len);
	assert_non_null(sub);
	assert_ptr_equal(at, certs[0].u.token_cert.chain.data +
	    certs[0].u.token_cert.chain.len);
	assert_int_equal(X509_verify(sub, rig->ca_key[0]), 1);
	X509_free(sub);
	for (size_t i = 0; i < n; i++)
		mtls_message_clear(&certs[i]);
	token_rig_end(rig);
}

static void
T068_a_malformed_list_of_issuers_is_refused(void **state)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_ISSUERS };
	static uint8_t bad[][6] = { { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff },
		{ 0x30, 0x00, 0x30, 0x01, 0, 0 }, { 4, 4, 1, 2, 3, 4 } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		token_rig_begin(rig);
		m.u.token_issuers.names.data = bad[i];
		m.u.token_issuers.names.len = sizeof(bad[i]);
		token_rig_send(rig, &m);
		assert_int_equal(token_rig_ready(rig, NULL, 0, NULL, reason),
		    MTLS_E_PROTOCOL);
		token_rig_end(rig);
	}
}

static void
T06B_two_cards_with_a_certificate_each(void **state)
{
	static const struct token_rig_cert other = { .name = "second", P256,
		.id = 1 };
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	struct mtls_message certs[16];
	size_t n = 0;
	uint8_t sig[1024];
	size_t len;

	(void)state;
	token_rig_card(rig, "Spare card");
	token_rig_add(rig, "Spare card", &other, NULL, NULL);
	token_rig_begin(rig);
	token_rig_issuers(rig, 0, -1);
	assert_int_equal(token_rig_ready(rig, certs, 16, &n, reason),
	    MTLS_OK);
	assert_int_equal(n, 4);
	assert_non_null(strstr(reason, "on 2 cards"));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(certs[i].u.token_cert.token, "Spare card") == 0)
			login.index = (uint32_t)i;
		mtls_message_clear(&certs[i]);
	}
	assert_int_equal(token_rig_login(rig, &login), MTLS_OK);
	assert_int_equal(token_rig_sign(rig, MTLS_SCHEME_ECDSA_P256_SHA256,
	    "x", 1, sig, &len, reason), MTLS_OK);
	token_rig_end(rig);
}

static int
set_up(void **state)
{
	static const struct token_rig_cert certs[] = {
		{ .name = "good", P256, .id = 1 },
		{ .name = "expired", P256, .id = 2, .from_days = -30,
		    .to_days = -1 },
		{ .name = "early", P256, .id = 3, .from_days = 2,
		    .to_days = 30 },
		{ .name = "mail", P256, .id = 4, .no_client_auth = 1 },
		{ .name = "renewed", P256, .id = 5 },
		{ .name = "foreign", P256, .id = 6, .issuer = 1 },
		{ .name = "no-key", P256, .id = 7, .no_key = 1 } };
	struct token_rig_cert sub_ca = { .name = "Sub CA", P256, .id = 8,
		.is_ca = 1, .no_key = 1 };
	struct token_rig_cert by_sub = { .name = "by-sub", P256, .id = 9 };
	EVP_PKEY *key;

	(void)state;
	rig = token_rig_new();
	token_rig_card(rig, CARD);
	for (size_t i = 0; i < sizeof(certs) / sizeof(certs[0]); i++)
		token_rig_add(rig, CARD, &certs[i], NULL, NULL);
	token_rig_add(rig, CARD, &sub_ca, &by_sub.issued_by, &key);
	by_sub.issuer_key = key;
	token_rig_add(rig, CARD, &by_sub, NULL, NULL);
	X509_free(by_sub.issued_by);
	EVP_PKEY_free(key);
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
		cmocka_unit_test(only_what_could_be_used_is_offered),
		cmocka_unit_test(the_other_issuer_has_one),
		cmocka_unit_test(no_names_mean_any_issuer),
		cmocka_unit_test(a_uri_narrows_the_choice),
		cmocka_unit_test(
		    a_certificate_without_key_is_offered_where_nothing_better_is),
		cmocka_unit_test(an_intermediate_comes_with_the_certificate),
		cmocka_unit_test(T068_a_malformed_list_of_issuers_is_refused),
		cmocka_unit_test(T06B_two_cards_with_a_certificate_each)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

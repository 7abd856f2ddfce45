/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A TLS handshake with each kind of card key, the way a login does it: the
 * key is mtls_signer_key(), its signature is a message to mtls-token and one
 * back.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/pem.h>

#include "mtls/pem.h"
#include "mtls/signer.h"
#include "../lib/tls_rig.h"
#include "token_rig.h"

#define CARD	"Alice's card"

static struct token_rig *token;
static struct rig *tls;
static const char *staff_ca;	/* file */

static enum mtls_status
sign(void *arg, unsigned scheme, const uint8_t *message, size_t message_len,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	uint8_t out[1024];
	char reason[501] = "closed";
	enum mtls_status status;
	size_t len = 0;

	status = token_rig_sign(arg, scheme, message, message_len, out, &len,
	    reason);
	if (status != MTLS_OK)
		return mtls_fail(err, status, "%s", reason);
	assert_true(len <= *sig_len);
	memcpy(sig, out, len);
	*sig_len = len;
	return MTLS_OK;
}

/* Logged in with the card's certificate of that label. */
static X509 *
log_in(const char *label)
{
	struct token_rig_login login = { .pin = TOKEN_RIG_PIN };
	struct mtls_message certs[8];
	struct mtls_err err;
	X509 *x509 = NULL;
	size_t n = 0;

	mtls_err_clear(&err);
	token_rig_begin(token);
	token_rig_issuers(token, 0, -1);
	assert_int_equal(token_rig_ready(token, certs, 8, &n, NULL), MTLS_OK);
	for (size_t i = 0; i < n; i++) {
		struct mtls_msg_token_cert *m = &certs[i].u.token_cert;

		if (strcmp(m->label, label) == 0) {
			login.index = m->index;
			assert_int_equal(mtls_der_certificate(tls->tls,
			    m->der.data, m->der.len, &x509, &err), MTLS_OK);
		}
		mtls_message_clear(&certs[i]);
	}
	assert_non_null(x509);
	assert_int_equal(token_rig_login(token, &login), MTLS_OK);
	return x509;
}

/* Whether both sides take the connection that the card's key made. */
static int
meet(const char *label, enum mtls_tls_min min, X509 **ret_seen)
{
	const struct rig_case c = { .no_user_cert = 1,
		.user_ca_file = staff_ca, .server_min = min,
		.client_min = min };
	SSL_CTX *server = rig_server_ctx(tls, &c);
	SSL_CTX *client = rig_client_ctx(tls, &c);
	X509 *x509 = log_in(label);
	struct tls_pair pair;
	EVP_PKEY *key = NULL;
	struct mtls_err err;
	int ok;

	mtls_err_clear(&err);
	assert_int_equal(mtls_signer_key(tls->tls, X509_get0_pubkey(x509),
	    sign, token, &key, &err), MTLS_OK);
	assert_int_equal(mtls_tls_use_certificate(client, x509, NULL, key,
	    &err), MTLS_OK);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	ok = rig_both_accept(&pair, min);
	if (ok) {
		assert_string_equal(SSL_get_version(pair.server.ssl),
		    "TLSv1.3");
		*ret_seen = SSL_get1_peer_certificate(pair.server.ssl);
	}
	tls_pair_free(&pair);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	EVP_PKEY_free(key);
	X509_free(x509);
	token_rig_end(token);
	return ok;
}

static void
every_kind_of_key_does_a_handshake(void **state)
{
	static const char *const labels[] = { "rsa2048", "rsa3072", "p256",
		"p384", "ed25519" };
	char name[64];
	X509 *seen;

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		seen = NULL;
		if (!meet(labels[i], MTLS_TLS_13, &seen))
			fail_msg("%s: no handshake", labels[i]);
		X509_NAME_get_text_by_NID(X509_get_subject_name(seen),
		    NID_commonName, name, sizeof(name));
		assert_string_equal(name, labels[i]);
		X509_free(seen);
	}
}

static void
a_card_with_raw_rsa_only_does_a_handshake(void **state)
{
	X509 *seen = NULL;

	(void)state;
	token_rig_fault(token, "no-mechanism 0xd");	/* PSS */
	assert_true(meet("rsa2048", MTLS_TLS_13, &seen));
	assert_true(token_rig_calls(token, "sign mechanism=0x3") == 1);
	X509_free(seen);
	token_rig_fault(token, "");
}

static void
T060_a_card_with_a_foreign_key_does_none(void **state)
{
	X509 *seen = NULL;

	(void)state;
	assert_false(meet("clone", MTLS_TLS_13, &seen));
}

static int
set_up(void **state)
{
	static const struct token_rig_cert certs[] = {
		{ .name = "rsa2048", .kind = MTLS_PKCS11_RSA2048, .id = 1 },
		{ .name = "rsa3072", .kind = MTLS_PKCS11_RSA3072, .id = 2 },
		{ .name = "p256", .kind = MTLS_PKCS11_P256, .id = 3 },
		{ .name = "p384", .kind = MTLS_PKCS11_P384, .id = 4 },
		{ .name = "ed25519", .kind = MTLS_PKCS11_ED25519, .id = 5 },
		{ .name = "clone", .kind = MTLS_PKCS11_P256, .id = 6,
		    .foreign_key = 1 } };
	BIO *pem = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (rig_setup(state) != 0)
		return 1;
	tls = *state;
	token = token_rig_new();
	token_rig_card(token, CARD);
	for (size_t i = 0; i < sizeof(certs) / sizeof(certs[0]); i++)
		token_rig_add(token, CARD, &certs[i], NULL, NULL);
	PEM_write_bio_X509(pem, token->ca[0]);
	len = BIO_get_mem_data(pem, &text);
	staff_ca = pki_file_bytes(tls->pki, "staff.pem", text, (size_t)len);
	BIO_free(pem);
	return 0;
}

static int
tear_down(void **state)
{
	token_rig_free(token);
	return rig_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_key_does_a_handshake),
		cmocka_unit_test(a_card_with_raw_rsa_only_does_a_handshake),
		cmocka_unit_test(T060_a_card_with_a_foreign_key_does_none)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The external signer: which scheme is asked for, what the server accepts,
 * what is refused, and what is remembered of a failure.
 */
#include "config.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include "../lib/tls_rig.h"
#include "../lib/unit.h"
#include "mtls/login.h"
#include "mtls/signer.h"

/* A card: a key, what it was asked, and what it is to answer. */
struct card {
	EVP_PKEY *key;
	unsigned scheme;	/* the last one asked for */
	size_t message_len;
	int n_calls;
	enum mtls_status fail;
	const char *reason;	/* NULL: says nothing */
	size_t lie_len;		/* claims this length */
};

static const char *
digest_of(unsigned scheme)
{
	switch (scheme) {
	case MTLS_SCHEME_ED25519:
		return NULL;
	case MTLS_SCHEME_ECDSA_P384_SHA384:
	case MTLS_SCHEME_RSA_PSS_SHA384:
	case MTLS_SCHEME_RSA_PKCS1_SHA384:
		return "SHA384";
	case MTLS_SCHEME_RSA_PSS_SHA512:
	case MTLS_SCHEME_RSA_PKCS1_SHA512:
		return "SHA512";
	default:
		return "SHA256";
	}
}

static int
set_padding(EVP_PKEY_CTX *ctx, unsigned scheme)
{
	if ((scheme & 0xff) == 0x01)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING);
	if (scheme >= MTLS_SCHEME_RSA_PSS_SHA256 &&
	    scheme <= MTLS_SCHEME_RSA_PSS_SHA512)
		return EVP_PKEY_CTX_set_rsa_padding(ctx,
		    RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
		    RSA_PSS_SALTLEN_DIGEST) == 1;
	return 1;
}

static enum mtls_status
card_sign(void *arg, unsigned scheme, const uint8_t *message,
    size_t message_len, uint8_t *sig, size_t *sig_len, struct mtls_err *err)
{
	struct card *card = arg;
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx;
	int ok;

	card->n_calls++;
	card->scheme = scheme;
	card->message_len = message_len;
	if (card->fail != MTLS_OK)
		return card->reason == NULL ? card->fail :
		    mtls_fail(err, card->fail, "%s", card->reason);
	ctx = EVP_MD_CTX_new();
	ok = EVP_DigestSignInit_ex(ctx, &pctx, digest_of(scheme), NULL, NULL,
	    card->key, NULL) == 1 && set_padding(pctx, scheme) == 1 &&
	    EVP_DigestSign(ctx, sig, sig_len, message, message_len) == 1;
	EVP_MD_CTX_free(ctx);
	if (card->lie_len != 0)
		*sig_len = card->lie_len;
	return ok ? MTLS_OK : mtls_fail(err, MTLS_E_CRYPTO, "card");
}

static EVP_PKEY *
signer_for(struct rig *rig, const struct pki_cert *user, struct card *card)
{
	struct mtls_err err;
	EVP_PKEY *key = NULL;

	mtls_err_clear(&err);
	card->key = user->key;
	if (mtls_signer_key(rig->tls, X509_get0_pubkey(user->x509),
	    card_sign, card, &key, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	return key;
}

struct combination {
	enum pki_key_type type;
	int version;
	unsigned scheme;
};

static void
handshake_with(struct rig *rig, const struct combination *combination)
{
	const struct pki_cert *user = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.key_type = combination->type});
	struct card card = {0};
	struct rig_case c = {
		.user = user,
		.user_key = signer_for(rig, user, &card),
		.client_min = MTLS_TLS_12_INSECURE,
		.server_min = MTLS_TLS_12_INSECURE
	};
	SSL_CTX *server = rig_server_ctx(rig, &c);
	SSL_CTX *client = rig_client_ctx(rig, &c);
	struct tls_pair pair;
	struct mtls_err err;

	SSL_CTX_set_max_proto_version(client, combination->version);
	rig_meet_ctx(client, RIG_SERVER, server, &pair);
	if (!rig_both_accept(&pair, MTLS_TLS_12_INSECURE))
		fail_msg("client: %s, server: %s", pair.client.err.text,
		    pair.server.err.text);
	assert_int_equal(SSL_version(pair.client.ssl), combination->version);
	assert_int_equal(card.n_calls, 1);
	assert_int_equal(card.scheme, combination->scheme);
	assert_true(tls_pair_carries(&pair.client, &pair.server, "hello"));
	mtls_signer_error(c.user_key, &err);
	assert_int_equal(err.status, MTLS_OK);
	tls_pair_free(&pair);
	SSL_CTX_free(client);
	SSL_CTX_free(server);
	EVP_PKEY_free(c.user_key);
}

static void
handshakes(void **state)
{
	static const struct combination all[] = {
		{PKI_P256, TLS1_3_VERSION, MTLS_SCHEME_ECDSA_P256_SHA256},
		{PKI_P384, TLS1_3_VERSION, MTLS_SCHEME_ECDSA_P384_SHA384},
		{PKI_RSA2048, TLS1_3_VERSION, MTLS_SCHEME_RSA_PSS_SHA256},
		{PKI_ED25519, TLS1_3_VERSION, MTLS_SCHEME_ED25519},
		{PKI_P256, TLS1_2_VERSION, MTLS_SCHEME_ECDSA_P256_SHA256},
		{PKI_P384, TLS1_2_VERSION, MTLS_SCHEME_ECDSA_P384_SHA384},
		{PKI_RSA2048, TLS1_2_VERSION, MTLS_SCHEME_RSA_PSS_SHA256},
		{PKI_ED25519, TLS1_2_VERSION, MTLS_SCHEME_ED25519},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		handshake_with(*state, &all[i]);
}

/* A server that takes one RSA scheme only decides which one is used. */
static void
every_rsa_scheme(void **state)
{
	static const struct {
		const char *name;
		int version;
		unsigned scheme;
	} all[] = {
		{"rsa_pss_rsae_sha384", TLS1_3_VERSION,
		    MTLS_SCHEME_RSA_PSS_SHA384},
		{"rsa_pss_rsae_sha512", TLS1_3_VERSION,
		    MTLS_SCHEME_RSA_PSS_SHA512},
		{"rsa_pkcs1_sha256", TLS1_2_VERSION,
		    MTLS_SCHEME_RSA_PKCS1_SHA256},
		{"rsa_pkcs1_sha384", TLS1_2_VERSION,
		    MTLS_SCHEME_RSA_PKCS1_SHA384},
		{"rsa_pkcs1_sha512", TLS1_2_VERSION,
		    MTLS_SCHEME_RSA_PKCS1_SHA512},
	};
	struct rig *rig = *state;
	const struct pki_cert *user = pki_user(rig->pki, rig->users, "bob",
	    &(struct pki_options){.key_type = PKI_RSA2048});

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct card card = {0};
		struct rig_case c = {
			.user = user,
			.user_key = signer_for(rig, user, &card),
			.client_min = MTLS_TLS_12_INSECURE,
			.server_min = MTLS_TLS_12_INSECURE
		};
		SSL_CTX *server = rig_server_ctx(rig, &c);
		SSL_CTX *client = rig_client_ctx(rig, &c);
		struct tls_pair pair;

		SSL_CTX_set_max_proto_version(client, all[i].version);
		assert_int_equal(SSL_CTX_set1_client_sigalgs_list(server,
		    all[i].name), 1);
		rig_meet_ctx(client, RIG_SERVER, server, &pair);
		if (!rig_both_accept(&pair, MTLS_TLS_12_INSECURE))
			fail_msg("%s: client: %s, server: %s", all[i].name,
			    pair.client.err.text, pair.server.err.text);
		assert_int_equal(card.scheme, all[i].scheme);
		tls_pair_free(&pair);
		SSL_CTX_free(client);
		SSL_CTX_free(server);
		EVP_PKEY_free(c.user_key);
	}
}

static void
request_with(struct rig *rig, enum pki_key_type type, unsigned scheme)
{
	const struct pki_cert *user = pki_user(rig->pki, rig->users, "alice",
	    &(struct pki_options){.key_type = type});
	struct card card = {0};
	EVP_PKEY *key = signer_for(rig, user, &card);
	X509_REQ *req = X509_REQ_new_ex(mtls_tls_libctx0(rig->tls), NULL);
	const char *digest = digest_of(scheme);
	const EVP_MD *md = digest == NULL ? NULL :
	    EVP_get_digestbyname(digest);
	unsigned char *der = NULL;
	const unsigned char *p;
	int len;

	assert_int_equal(X509_REQ_set_subject_name(req,
	    X509_get_subject_name(user->x509)), 1);
	assert_int_equal(X509_REQ_set_pubkey(req, key), 1);
	assert_true(X509_REQ_sign(req, key, md) > 0);
	assert_int_equal(card.scheme, scheme);
	assert_int_equal(X509_REQ_verify(req, user->key), 1);
	/* As a CA sees it: with the key inside. */
	len = i2d_X509_REQ(req, &der);
	assert_true(len > 0);
	X509_REQ_free(req);
	p = der;
	req = d2i_X509_REQ(NULL, &p, len);
	assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
	X509_REQ_free(req);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
}

static void
certificate_requests(void **state)
{
	request_with(*state, PKI_P256, MTLS_SCHEME_ECDSA_P256_SHA256);
	request_with(*state, PKI_P384, MTLS_SCHEME_ECDSA_P384_SHA384);
	request_with(*state, PKI_RSA2048, MTLS_SCHEME_RSA_PKCS1_SHA256);
	request_with(*state, PKI_RSA2048, MTLS_SCHEME_RSA_PKCS1_SHA512);
	request_with(*state, PKI_ED25519, MTLS_SCHEME_ED25519);
}

static void
failure_is_remembered(void **state)
{
	struct rig *rig = *state;
	struct card card = {.fail = MTLS_E_TOKEN_FAILED,
	    .reason = "the card was pulled"};
	struct rig_case c = {.user_key = signer_for(rig, rig->user, &card)};
	struct tls_pair pair;
	struct mtls_err err;

	rig_meet(rig, &c, &pair);
	assert_false(pair.client.is_done);
	assert_false(pair.server.is_done);
	assert_int_not_equal(pair.client.status, MTLS_OK);
	mtls_signer_error(c.user_key, &err);
	assert_int_equal(err.status, MTLS_E_TOKEN_FAILED);
	assert_string_equal(err.text, "the card was pulled");
	tls_pair_free(&pair);

	/* Said nothing: still a failure, with its status. */
	card.reason = NULL;
	card.fail = MTLS_E_PIN_WRONG;
	rig_meet(rig, &c, &pair);
	assert_false(pair.client.is_done);
	mtls_signer_error(c.user_key, &err);
	assert_int_equal(err.status, MTLS_E_PIN_WRONG);
	tls_pair_free(&pair);

	/* And forgotten once it works. */
	card.fail = MTLS_OK;
	rig_meet(rig, &c, &pair);
	assert_true(rig_both_accept(&pair, MTLS_TLS_13));
	mtls_signer_error(c.user_key, &err);
	assert_int_equal(err.status, MTLS_OK);
	tls_pair_free(&pair);
	EVP_PKEY_free(c.user_key);
}

static void
lengths_are_not_believed(void **state)
{
	static const size_t lies[] = {4096, SIZE_MAX};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct card card = {.lie_len = lies[i]};
		struct rig_case c = {.user_key = signer_for(rig, rig->user,
		    &card)};
		struct tls_pair pair;
		struct mtls_err err;

		rig_meet(rig, &c, &pair);
		assert_false(pair.client.is_done);
		assert_false(pair.server.is_done);
		mtls_signer_error(c.user_key, &err);
		assert_int_equal(err.status, MTLS_E_CRYPTO);
		tls_pair_free(&pair);
		EVP_PKEY_free(c.user_key);
	}
}

static void
keys_that_are_refused(void **state)
{
	struct rig *rig = *state;
	OSSL_LIB_CTX *libctx = mtls_tls_libctx0(rig->tls);
	EVP_PKEY *keys[] = {
		EVP_PKEY_Q_keygen(libctx, NULL, "EC", "P-521"),
		EVP_PKEY_Q_keygen(libctx, NULL, "EC", "secp256k1"),
		EVP_PKEY_Q_keygen(libctx, NULL, "RSA", (size_t)1024),
		EVP_PKEY_Q_keygen(libctx, NULL, "X25519"),
		EVP_PKEY_Q_keygen(libctx, NULL, "ED448"),
	};
	struct card card = {0};
	struct mtls_err err;
	EVP_PKEY *key = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_non_null(keys[i]);
		mtls_err_clear(&err);
		assert_int_equal(mtls_signer_key(rig->tls, keys[i], card_sign,
		    &card, &key, &err), MTLS_E_TOKEN_UNUSABLE);
		assert_null(key);
		EVP_PKEY_free(keys[i]);
	}
}

/* Signs "message" with what set makes of the context; 1 where it worked. */
static int
sign_with(EVP_PKEY *key, struct rig *rig, const char *digest,
    const OSSL_PARAM *params)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[MTLS_SIGNATURE_MAX];
	size_t len = sizeof(sig);
	int ok;

	ok = EVP_DigestSignInit_ex(ctx, NULL, digest,
	    mtls_tls_libctx0(rig->tls), NULL, key, params) == 1 &&
	    EVP_DigestSign(ctx, sig, &len, (const uint8_t *)"message",
	    7) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

static void
schemes_that_are_refused(void **state)
{
	struct rig *rig = *state;
	const struct pki_cert *rsa = pki_user(rig->pki, rig->users, "bob",
	    &(struct pki_options){.key_type = PKI_RSA2048});
	struct card ec_card = {0};
	struct card rsa_card = {0};
	EVP_PKEY *ec_key = signer_for(rig, rig->user, &ec_card);
	EVP_PKEY *rsa_key = signer_for(rig, rsa, &rsa_card);
	char pss[] = "pss", sha1[] = "SHA1", none[] = "none";
	int salt = 20;
	const OSSL_PARAM mode_pss[] = {
		OSSL_PARAM_construct_utf8_string("pad-mode", pss, 0),
		OSSL_PARAM_construct_end()
	};
	const OSSL_PARAM mode_none[] = {
		OSSL_PARAM_construct_utf8_string("pad-mode", none, 0),
		OSSL_PARAM_construct_end()
	};
	const OSSL_PARAM odd_salt[] = {
		OSSL_PARAM_construct_utf8_string("pad-mode", pss, 0),
		OSSL_PARAM_construct_int("saltlen", &salt),
		OSSL_PARAM_construct_end()
	};
	const OSSL_PARAM odd_mgf[] = {
		OSSL_PARAM_construct_utf8_string("pad-mode", pss, 0),
		OSSL_PARAM_construct_utf8_string("mgf1-digest", sha1, 0),
		OSSL_PARAM_construct_end()
	};

	assert_true(sign_with(ec_key, rig, "SHA256", NULL));
	assert_true(sign_with(rsa_key, rig, "SHA256", NULL));
	assert_true(sign_with(rsa_key, rig, "SHA512", mode_pss));
	assert_int_equal(rsa_card.scheme, MTLS_SCHEME_RSA_PSS_SHA512);
	ec_card.n_calls = rsa_card.n_calls = 0;
	assert_false(sign_with(ec_key, rig, "SHA384", NULL));
	assert_false(sign_with(ec_key, rig, "SHA1", NULL));
	assert_false(sign_with(rsa_key, rig, "SHA1", NULL));
	assert_false(sign_with(rsa_key, rig, "SHA224", mode_pss));
	assert_false(sign_with(rsa_key, rig, "MD5", NULL));
	assert_false(sign_with(rsa_key, rig, "SHA256", mode_none));
	assert_false(sign_with(rsa_key, rig, "SHA256", odd_salt));
	assert_false(sign_with(rsa_key, rig, "SHA256", odd_mgf));
	assert_int_equal(ec_card.n_calls + rsa_card.n_calls, 0);
	EVP_PKEY_free(ec_key);
	EVP_PKEY_free(rsa_key);
}

/* Two keys in one context, one in another: each asks its own card. */
static void
keys_do_not_mix(void **state)
{
	struct rig *rig = *state;
	struct rig other = *rig;
	const struct pki_cert *bob = pki_user(rig->pki, rig->users, "bob",
	    NULL);
	struct card cards[3] = {{0}};
	struct mtls_err err;
	EVP_PKEY *keys[3];

	assert_int_equal(mtls_tls_new(&other.tls, NULL), MTLS_OK);
	keys[0] = signer_for(rig, rig->user, &cards[0]);
	keys[1] = signer_for(rig, bob, &cards[1]);
	keys[2] = signer_for(&other, bob, &cards[2]);
	cards[1].fail = MTLS_E_TOKEN_ABSENT;
	assert_true(sign_with(keys[0], rig, "SHA256", NULL));
	assert_false(sign_with(keys[1], rig, "SHA256", NULL));
	assert_true(sign_with(keys[2], &other, "SHA256", NULL));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(cards[i].n_calls, 1);
		mtls_signer_error(keys[i], &err);
		assert_int_equal(err.status, cards[i].fail);
	}
	assert_int_equal(EVP_PKEY_eq(keys[1], bob->key), 1);
	assert_int_equal(EVP_PKEY_eq(keys[0], bob->key), 0);
	assert_int_equal(EVP_PKEY_eq(keys[0], keys[1]), 0);
	EVP_PKEY_free(keys[0]);
	EVP_PKEY_free(keys[1]);
	EVP_PKEY_free(keys[2]);
	mtls_tls_free(other.tls);
}

/* Where no provider of ours is loaded there are no such keys. */
static void
without_signer(void **state)
{
	struct rig *rig = *state;
	struct card card = {0};
	EVP_PKEY *key = NULL;
	struct mtls_tls *tls;

	assert_int_equal(mtls_tls_new_for_server(&tls, NULL), MTLS_OK);
	assert_int_equal(OSSL_PROVIDER_available(mtls_tls_libctx0(tls),
	    "mtls-few-types"), 1);
	assert_int_equal(OSSL_PROVIDER_available(mtls_tls_libctx0(tls),
	    "default"), 0);
	assert_int_equal(OSSL_PROVIDER_available(mtls_tls_libctx0(tls),
	    "mtls-signer"), 0);
	assert_int_equal(OSSL_PROVIDER_available(mtls_tls_libctx0(rig->tls),
	    "mtls-signer"), 1);
	assert_int_equal(mtls_signer_key(tls, rig->user->key, card_sign,
	    &card, &key, NULL), MTLS_E_CRYPTO);
	assert_null(key);
	mtls_tls_free(tls);
}

/* The private half is not to be had: there is none. */
static void
nothing_private_comes_out(void **state)
{
	struct rig *rig = *state;
	struct card card = {0};
	EVP_PKEY *key = signer_for(rig, rig->user, &card);
	OSSL_PARAM *params = NULL;
	BIGNUM *private_part = NULL;
	struct mtls_err err;

	assert_int_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 0);
	assert_null(params);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY,
	    &private_part), 0);
	assert_int_equal(i2d_PrivateKey(key, NULL) > 0, 0);
	ERR_clear_error();
	/* A key that is not ours has no record. */
	mtls_signer_error(rig->user->key, &err);
	assert_int_equal(err.status, MTLS_OK);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes),
		cmocka_unit_test(every_rsa_scheme),
		cmocka_unit_test(certificate_requests),
		cmocka_unit_test(failure_is_remembered),
		cmocka_unit_test(lengths_are_not_believed),
		cmocka_unit_test(keys_that_are_refused),
		cmocka_unit_test(schemes_that_are_refused),
		cmocka_unit_test(keys_do_not_mix),
		cmocka_unit_test(without_signer),
		cmocka_unit_test(nothing_private_comes_out),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}

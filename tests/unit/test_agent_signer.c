/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Signatures by an ssh-agent for TLS: what is asked of it, and what is taken
 * for an answer.
 */
#include "config.h"

#include <openssl/evp.h>

#include "../lib/fake_agent.h"
#include "../lib/unit.h"
#include "../../helper/agent_signer.h"
#include "mtls/login.h"
#include "mtls/signer.h"

#define CONTEXT "TLS 1.3, client CertificateVerify"

struct sample {
	const char *group, *type, *digest;
	enum ssh_key_kind kind;
	unsigned scheme;
};

static const struct sample samples[] = {
	{ "P-256", "ecdsa-sha2-nistp256", "SHA2-256", SSH_KEY_P256,
	    MTLS_SCHEME_ECDSA_P256_SHA256 },
	{ "P-384", "ecdsa-sha2-nistp384", "SHA2-384", SSH_KEY_P384,
	    MTLS_SCHEME_ECDSA_P384_SHA384 },
	{ "ED25519", "ssh-ed25519", NULL, SSH_KEY_ED25519,
	    MTLS_SCHEME_ED25519 },
};

static uint8_t message[64 + sizeof(CONTEXT) + 48];
static struct fake_bytes body;
static struct fake_agent agent;
static struct mtls_err err;
static uint8_t sig[MTLS_SIGNATURE_MAX];
static size_t sig_len;

static EVP_PKEY *
make(const struct sample *s)
{
	return strcmp(s->group, "ED25519") == 0 ?
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") :
	    EVP_PKEY_Q_keygen(NULL, NULL, "EC", s->group);
}

static void
fill(void)
{
	memset(message, ' ', 64);
	memcpy(message + 64, CONTEXT, sizeof(CONTEXT));
	memset(message + 64 + sizeof(CONTEXT), 7, 48);
}

static int
begin(void **state)
{
	(void)state;
	fill();
	body.len = 0;
	fake_agent_start(&agent, 2000);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	fake_agent_stop(&agent);
	return 0;
}

static enum mtls_status
sign(const struct sample *s, EVP_PKEY *public_key, unsigned scheme,
    size_t len)
{
	uint8_t blob[] = { 1 };
	struct ssh_agent_key key = { blob, sizeof(blob), "" };
	struct agent_signer signer = { &agent.client, &key, s->kind,
	    public_key };

	mtls_err_clear(&err);
	sig_len = sizeof(sig);
	return agent_signer_sign(&signer, scheme, message, len, sig,
	    &sig_len, &err);
}

/* The agent will answer with a signature by key over the message. */
static void
answer(EVP_PKEY *key, const char *type, const char *digest)
{
	static struct fake_bytes signature;

	signature.len = 0;
	body.len = 0;
	fake_put_signature(&signature, key, type, digest, message,
	    sizeof(message));
	fake_put_string(&body, signature.data, signature.len);
	fake_agent_say(&agent, 14, body.data, body.len);
}

static void
for_each(void (*one)(const struct sample *s, EVP_PKEY *key))
{
	EVP_PKEY *key;
	size_t i;

	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		key = make(&samples[i]);
		assert_non_null(key);
		one(&samples[i], key);
		EVP_PKEY_free(key);
	}
}

static void
one_signature(const struct sample *s, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	answer(key, s->type, s->digest);
	assert_int_equal(sign(s, key, s->scheme, sizeof(message)), MTLS_OK);
	assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, s->digest, NULL,
	    NULL, key, NULL), 1);
	assert_int_equal(EVP_DigestVerify(ctx, sig, sig_len, message,
	    sizeof(message)), 1);
	EVP_MD_CTX_free(ctx);
}

static void
signs(void **state)
{
	(void)state;
	for_each(one_signature);
}

static void
another_key(const struct sample *s, EVP_PKEY *key)
{
	EVP_PKEY *other = make(s);

	answer(other, s->type, s->digest);
	assert_int_equal(sign(s, key, s->scheme, sizeof(message)),
	    MTLS_E_CRYPTO);
	EVP_PKEY_free(other);
}

static void
T173_a_signature_by_another_key(void **state)
{
	(void)state;
	for_each(another_key);
}

static void
T173_another_hash(void **state)
{
	EVP_PKEY *key = make(&samples[0]);

	(void)state;
	answer(key, "ecdsa-sha2-nistp256", "SHA2-384");
	assert_int_equal(sign(&samples[0], key, samples[0].scheme,
	    sizeof(message)), MTLS_E_CRYPTO);
	answer(key, "ecdsa-sha2-nistp384", "SHA2-256");
	assert_int_equal(sign(&samples[0], key, samples[0].scheme,
	    sizeof(message)), MTLS_E_CRYPTO);
	assert_non_null(strstr(err.text, "not of type"));
	EVP_PKEY_free(key);
}

/* A signature of SSH, cut to n bytes, or with a byte more. */
static void
cut(const struct sample *s, EVP_PKEY *key)
{
	static struct fake_bytes signature;
	size_t n;

	signature.len = 0;
	fake_put_signature(&signature, key, s->type, s->digest, message,
	    sizeof(message));
	fake_put(&signature, "", 1);
	for (n = 1; n <= signature.len; n++) {
		if (n == signature.len - 1)
			continue;
		body.len = 0;
		fake_put_string(&body, signature.data, n);
		fake_agent_say(&agent, 14, body.data, body.len);
		assert_int_not_equal(sign(s, key, s->scheme,
		    sizeof(message)), MTLS_OK);
	}
}

static void
T173_a_signature_that_is_cut(void **state)
{
	(void)state;
	for_each(cut);
}

/* One bit of it changed: never taken. */
static void
flip(const struct sample *s, EVP_PKEY *key)
{
	static struct fake_bytes signature;
	size_t bit;

	for (bit = 0; bit < 8 * 24; bit++) {
		signature.len = 0;
		fake_put_signature(&signature, key, s->type, s->digest,
		    message, sizeof(message));
		if (bit >= 8 * signature.len)
			break;
		signature.data[bit * signature.len / (8 * 24)] ^=
		    (uint8_t)(1u << bit % 8);
		body.len = 0;
		fake_put_string(&body, signature.data, signature.len);
		fake_agent_say(&agent, 14, body.data, body.len);
		assert_int_not_equal(sign(s, key, s->scheme,
		    sizeof(message)), MTLS_OK);
	}
}

static void
T173_a_signature_that_is_changed(void **state)
{
	(void)state;
	for_each(flip);
}

static void
T173_huge_numbers_in_a_signature(void **state)
{
	static struct fake_bytes numbers, signature;
	EVP_PKEY *key = make(&samples[0]);
	uint8_t nines[64];

	(void)state;
	memset(nines, 9, sizeof(nines));
	numbers.len = signature.len = 0;
	fake_put_string(&numbers, nines, sizeof(nines));
	fake_put_string(&numbers, nines, sizeof(nines));
	fake_put_text(&signature, samples[0].type);
	fake_put_string(&signature, numbers.data, numbers.len);
	fake_put_string(&body, signature.data, signature.len);
	fake_agent_say(&agent, 14, body.data, body.len);
	assert_int_equal(sign(&samples[0], key, samples[0].scheme,
	    sizeof(message)), MTLS_E_PROTOCOL);
	EVP_PKEY_free(key);
}

/* Nothing of these even reaches the agent. */
static void
not_asked(const struct sample *s, EVP_PKEY *key, unsigned scheme, size_t len)
{
	uint8_t heard[16];

	assert_int_equal(sign(s, key, scheme, len), MTLS_E_CRYPTO);
	assert_int_equal(fake_agent_heard(&agent, heard, sizeof(heard)), 0);
}

static void
T173_schemes_of_another_key(void **state)
{
	static const unsigned schemes[] = { 0, MTLS_SCHEME_RSA_PSS_SHA256,
	    MTLS_SCHEME_RSA_PKCS1_SHA256, MTLS_SCHEME_ECDSA_P384_SHA384,
	    MTLS_SCHEME_ED25519 };
	struct sample rsa = samples[0];
	EVP_PKEY *key = make(&samples[0]);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		not_asked(&samples[0], key, schemes[i], sizeof(message));
	rsa.kind = SSH_KEY_RSA;
	not_asked(&rsa, key, MTLS_SCHEME_RSA_PSS_SHA256, sizeof(message));
	EVP_PKEY_free(key);
}

static void
T175_nothing_but_a_clients_certificate_verify(void **state)
{
	static const char server[] = "TLS 1.3, server CertificateVerify";
	const struct sample *s = &samples[0];
	EVP_PKEY *key = make(s);
	size_t i;

	(void)state;
	not_asked(s, key, s->scheme, 0);
	not_asked(s, key, s->scheme, 64 + sizeof(CONTEXT) + 31);
	for (i = 0; i < 64 + sizeof(CONTEXT); i++) {
		message[i] ^= 1;
		not_asked(s, key, s->scheme, sizeof(message));
		message[i] ^= 1;
	}
	memcpy(message + 64, server, sizeof(server));
	not_asked(s, key, s->scheme, sizeof(message));
	/* SSH: a session id of 32 bytes, and then what it is for. */
	fill();
	memcpy(message, "\0\0\0\40", 4);
	not_asked(s, key, s->scheme, sizeof(message));
	memcpy(message, "SSHSIG", 6);
	not_asked(s, key, s->scheme, sizeof(message));
	EVP_PKEY_free(key);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(signs),
		CASE(T173_a_signature_by_another_key),
		CASE(T173_another_hash),
		CASE(T173_a_signature_that_is_cut),
		CASE(T173_a_signature_that_is_changed),
		CASE(T173_huge_numbers_in_a_signature),
		CASE(T173_schemes_of_another_key),
		CASE(T175_nothing_but_a_clients_certificate_verify),
	};

	return cmocka_run_group_tests_name("agent_signer", tests, NULL,
	    NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys of SSH: the DER is what OpenSSL makes of the same key, and nothing
 * that is cut, changed or too long is read.
 */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "../lib/fake_agent.h"
#include "../lib/unit.h"
#include "../../helper/ssh_key.h"

static EVP_PKEY *
make(const char *type)
{
	if (strcmp(type, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	if (strcmp(type, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", type);
}

static void
same_key(const char *type, enum ssh_key_kind kind)
{
	static struct fake_bytes b;
	EVP_PKEY *pkey = make(type);
	uint8_t hash[SSH_KEY_HASH_BYTES], want[SSH_KEY_HASH_BYTES];
	uint8_t *der = NULL;
	struct ssh_key key;
	struct mtls_err err;
	size_t i;
	int len;

	assert_non_null(pkey);
	b.len = 0;
	fake_put_key(&b, pkey);
	mtls_err_clear(&err);
	assert_int_equal(ssh_key_read(b.data, b.len, &key, &err), MTLS_OK);
	assert_int_equal(key.kind, kind);
	len = i2d_PUBKEY(pkey, &der);
	assert_int_equal(key.spki_len, len);
	assert_memory_equal(key.spki, der, (size_t)len);
	assert_int_equal(ssh_key_hash(&key, hash, &err), MTLS_OK);
	assert_int_equal(EVP_Digest(der, (size_t)len, want, NULL,
	    EVP_sha256(), NULL), 1);
	assert_memory_equal(hash, want, sizeof(want));
	/* Nothing shorter is a key, and nothing may follow. */
	for (i = 0; i < b.len; i++) {
		mtls_err_clear(&err);
		assert_int_equal(ssh_key_read(b.data, i, &key, &err),
		    MTLS_E_PROTOCOL);
	}
	fake_put(&b, "", 1);
	mtls_err_clear(&err);
	assert_int_equal(ssh_key_read(b.data, b.len, &key, &err),
	    MTLS_E_PROTOCOL);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void
the_der_is_that_of_openssl(void **state)
{
	(void)state;
	same_key("P-256", SSH_KEY_P256);
	same_key("P-384", SSH_KEY_P384);
	same_key("ED25519", SSH_KEY_ED25519);
	same_key("RSA", SSH_KEY_RSA);
}

static void
of_kind(const char *type, enum ssh_key_kind kind)
{
	static struct fake_bytes b;
	uint8_t hash[SSH_KEY_HASH_BYTES];
	struct ssh_key key;
	struct mtls_err err;

	b.len = 0;
	fake_put_text(&b, type);
	fake_put_text(&b, "whatever");
	mtls_err_clear(&err);
	assert_int_equal(ssh_key_read(b.data, b.len, &key, &err), MTLS_OK);
	assert_int_equal(key.kind, kind);
	assert_int_equal(key.spki_len, 0);
	assert_int_equal(ssh_key_hash(&key, hash, &err), MTLS_E_USAGE);
}

static void
keys_of_no_use_are_told_apart(void **state)
{
	(void)state;
	of_kind("ssh-dss", SSH_KEY_OTHER);
	of_kind("ecdsa-sha2-nistp521", SSH_KEY_OTHER);
	of_kind("sk-ssh-ed25519@openssh.com", SSH_KEY_SECURITY);
	of_kind("sk-ecdsa-sha2-nistp256@openssh.com", SSH_KEY_SECURITY);
	of_kind("ssh-ed25519-cert-v01@openssh.com", SSH_KEY_CERTIFICATE);
	of_kind("sk-ssh-ed25519-cert-v01@openssh.com", SSH_KEY_CERTIFICATE);
	of_kind("rsa-sha2-512-cert-v01@openssh.com", SSH_KEY_CERTIFICATE);
	of_kind("\033[2J", SSH_KEY_OTHER);
}

static void
malformed(const struct fake_bytes *b)
{
	struct ssh_key key;
	struct mtls_err err;

	mtls_err_clear(&err);
	assert_int_equal(ssh_key_read(b->data, b->len, &key, &err),
	    MTLS_E_PROTOCOL);
}

/* A type, and then one or two strings of that length, of that byte. */
static void
wrong(const char *type, size_t first, int byte, size_t second)
{
	static struct fake_bytes b;
	static uint8_t data[4096];

	memset(data, byte, sizeof(data));
	b.len = 0;
	fake_put_text(&b, type);
	if (strncmp(type, "ecdsa", 5) == 0)
		fake_put_text(&b, type + strlen("ecdsa-sha2-"));
	fake_put_string(&b, data, first);
	if (second > 0)
		fake_put_string(&b, data, second);
	malformed(&b);
}

static void
T173_what_a_key_may_not_be(void **state)
{
	static struct fake_bytes b;
	uint8_t point[65] = { 4 };

	(void)state;
	wrong("ecdsa-sha2-nistp256", 65, 2, 0);	/* no uncompressed point */
	wrong("ecdsa-sha2-nistp256", 33, 4, 0);
	wrong("ecdsa-sha2-nistp256", 97, 4, 0);
	wrong("ecdsa-sha2-nistp384", 65, 4, 0);
	wrong("ecdsa-sha2-nistp384", 0, 4, 0);
	wrong("ssh-ed25519", 31, 1, 0);
	wrong("ssh-ed25519", 33, 1, 0);
	wrong("ssh-rsa", 3, 0x80, 256);		/* negative */
	wrong("ssh-rsa", 3, 0, 256);		/* zeros */
	wrong("ssh-rsa", 0, 1, 256);
	wrong("ssh-rsa", 33, 1, 256);
	wrong("ssh-rsa", 3, 1, 2050);
	b.len = 0;
	malformed(&b);
	fake_put_u32(&b, 0xffffffffu);
	malformed(&b);
	b.len = 0;
	fake_put_string(&b, "ssh-rsa\0", 8);
	malformed(&b);
	b.len = 0;
	fake_put_text(&b, "ecdsa-sha2-nistp256");
	fake_put_text(&b, "nistp384");
	fake_put_string(&b, point, sizeof(point));
	malformed(&b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_der_is_that_of_openssl),
		cmocka_unit_test(keys_of_no_use_are_told_apart),
		cmocka_unit_test(T173_what_a_key_may_not_be),
	};

	return cmocka_run_group_tests_name("ssh_key", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * See fake_agent.h. Tests only.
 */
#include "config.h"

#include "fake_agent.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

void
fake_agent_start(struct fake_agent *a, uint32_t within_ms)
{
	int size = 1024 * 1024;
	int both[2], watch[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    both), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, watch), 0);
	assert_int_equal(setsockopt(both[0], SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)), 0);
	a->fd = both[0];
	a->watched_fd = watch[0];
	a->client.fd = both[1];
	a->client.watch_fd = watch[1];
	a->client.deadline = mtls_deadline_in_ms(within_ms);
}

void
fake_agent_stop(struct fake_agent *a)
{
	close(a->client.fd);
	close(a->client.watch_fd);
	if (a->fd != -1)
		close(a->fd);
	if (a->watched_fd != -1)
		close(a->watched_fd);
}

void
fake_agent_hang_up(struct fake_agent *a)
{
	close(a->fd);
	a->fd = -1;
}

void
fake_agent_raw(struct fake_agent *a, const void *data, size_t len)
{
	assert_int_equal(send(a->fd, data, len, MSG_NOSIGNAL), len);
}

void
fake_agent_say(struct fake_agent *a, uint8_t type, const void *body,
    size_t len)
{
	uint8_t head[5];

	(void)ssh_wire_put_u32(head, (uint32_t)len + 1);
	head[4] = type;
	fake_agent_raw(a, head, sizeof(head));
	if (len > 0)
		fake_agent_raw(a, body, len);
}

size_t
fake_agent_heard(struct fake_agent *a, void *buf, size_t size)
{
	ssize_t n = recv(a->fd, buf, size, MSG_DONTWAIT);

	return n < 0 ? 0 : (size_t)n;
}

void
fake_put(struct fake_bytes *b, const void *data, size_t len)
{
	assert_true(b->len + len <= sizeof(b->data));
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void
fake_put_u32(struct fake_bytes *b, uint32_t value)
{
	uint8_t four[4];

	(void)ssh_wire_put_u32(four, value);
	fake_put(b, four, sizeof(four));
}

void
fake_put_string(struct fake_bytes *b, const void *data, size_t len)
{
	fake_put_u32(b, (uint32_t)len);
	fake_put(b, data, len);
}

void
fake_put_text(struct fake_bytes *b, const char *text)
{
	fake_put_string(b, text, strlen(text));
}

static void
put_number(struct fake_bytes *b, const BIGNUM *n)
{
	uint8_t data[1024] = { 0 };
	int len = BN_bn2bin(n, data + 1);
	int has_sign = len > 0 && (data[1] & 0x80) != 0;

	fake_put_string(b, has_sign ? data : data + 1,
	    (size_t)(len + has_sign));
}

static void
put_rsa(struct fake_bytes *b, EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E,
	    &e), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N,
	    &n), 1);
	fake_put_text(b, "ssh-rsa");
	put_number(b, e);
	put_number(b, n);
	BN_free(e);
	BN_free(n);
}

void
fake_put_key(struct fake_bytes *b, EVP_PKEY *key)
{
	int is_p384 = EVP_PKEY_get_bits(key) == 384;
	uint8_t point[256];
	size_t len = sizeof(point);

	if (EVP_PKEY_is_a(key, "RSA")) {
		put_rsa(b, key);
	} else if (EVP_PKEY_is_a(key, "EC")) {
		assert_int_equal(EVP_PKEY_get_octet_string_param(key,
		    OSSL_PKEY_PARAM_PUB_KEY, point, len, &len), 1);
		fake_put_text(b, is_p384 ? "ecdsa-sha2-nistp384" :
		    "ecdsa-sha2-nistp256");
		fake_put_text(b, is_p384 ? "nistp384" : "nistp256");
		fake_put_string(b, point, len);
	} else {
		assert_int_equal(EVP_PKEY_get_raw_public_key(key, point,
		    &len), 1);
		fake_put_text(b, "ssh-ed25519");
		fake_put_string(b, point, len);
	}
}

void
fake_put_signature(struct fake_bytes *b, EVP_PKEY *key, const char *type,
    const char *digest, const void *message, size_t len)
{
	struct fake_bytes *value = calloc(1, sizeof(*value));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[1024];
	size_t sig_len = sizeof(sig);
	const uint8_t *p = sig;
	ECDSA_SIG *both;

	assert_non_null(value);
	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL,
	    key, NULL), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &sig_len, message, len), 1);
	EVP_MD_CTX_free(ctx);
	fake_put_text(b, type);
	if (digest == NULL) {
		fake_put_string(b, sig, sig_len);
	} else {
		both = d2i_ECDSA_SIG(NULL, &p, (long)sig_len);
		assert_non_null(both);
		put_number(value, ECDSA_SIG_get0_r(both));
		put_number(value, ECDSA_SIG_get0_s(both));
		fake_put_string(b, value->data, value->len);
		ECDSA_SIG_free(both);
	}
	free(value);
}

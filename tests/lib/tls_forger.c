/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * RFC 8446, sections 4.4, 5.2 and 7, for one cipher suite; see tls_forger.h.
 */
#include "config.h"

#include "tls_forger.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MUST(x) \
	do { \
		if (!(x)) \
			errx(99, "tls_forger: %s", #x); \
	} while (0)

#define HASH_BYTES	32
#define RECORD_HEADER	5
#define MESSAGE_HEADER	4
#define TAG_BYTES	16

static int slot = -1;

static void
append(uint8_t *to, size_t size, size_t *len, const void *data, size_t n)
{
	MUST(n <= size - *len);
	memcpy(to + *len, data, n);
	*len += n;
}

/* --- the first half --- */

/* "CLIENT_HANDSHAKE_TRAFFIC_SECRET random secret" */
static void
on_secret(const SSL *ssl, const char *line)
{
	static const char label[] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET ";
	struct forger *f = SSL_get_ex_data(ssl, slot);
	const char *hex = strrchr(line, ' ');
	unsigned byte;

	if (f == NULL || strncmp(line, label, sizeof(label) - 1) != 0)
		return;
	MUST(hex != NULL && strlen(hex + 1) == sizeof(f->secret) * 2);
	for (size_t i = 0; i < sizeof(f->secret); i++) {
		MUST(sscanf(hex + 1 + 2 * i, "%2x", &byte) == 1);
		f->secret[i] = (uint8_t)byte;
	}
	f->has_secret = 1;
}

/* Up to the server's Finished all is transcript; then the client answers. */
static void
on_message(int is_ours, int version, int type, const void *data, size_t len,
    SSL *ssl, void *arg)
{
	struct forger *f = arg;
	const uint8_t *message = data;

	(void)version;
	(void)ssl;
	if (type != SSL3_RT_HANDSHAKE || f->certificate_len != 0)
		return;
	MUST(len >= MESSAGE_HEADER);
	if (is_ours && message[0] == SSL3_MT_CERTIFICATE) {
		append(f->certificate, sizeof(f->certificate),
		    &f->certificate_len, data, len);
		return;
	}
	/* A HelloRetryRequest would change what is hashed. */
	MUST(message[0] != SSL3_MT_CLIENT_HELLO || f->transcript_len == 0);
	append(f->transcript, sizeof(f->transcript), &f->transcript_len, data,
	    len);
}

void
forger_init(struct forger *f, SSL_CTX *ctx)
{
	static const unsigned char alpn[] = "\x08http/1.1";

	memset(f, 0, sizeof(*f));
	if (slot == -1)
		slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	SSL_CTX_set_keylog_callback(ctx, on_secret);
	MUST(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") == 1);
	f->ssl = SSL_new(ctx);
	MUST(f->ssl != NULL && slot != -1);
	MUST(SSL_set_ex_data(f->ssl, slot, f) == 1);
	MUST(SSL_set_min_proto_version(f->ssl, TLS1_3_VERSION) == 1);
	MUST(SSL_set_alpn_protos(f->ssl, alpn, sizeof(alpn) - 1) == 0);
	SSL_set_bio(f->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_msg_callback(f->ssl, on_message);
	SSL_set_msg_callback_arg(f->ssl, f);
	SSL_set_connect_state(f->ssl);
}

void
forger_done(struct forger *f)
{
	SSL_free(f->ssl);
	ERR_clear_error();
	memset(f, 0, sizeof(*f));
}

static void
hear(struct forger *f, const uint8_t *data, size_t len)
{
	MUST(BIO_write(SSL_get_rbio(f->ssl), data, (int)len) == (int)len);
}

int
forger_shake(struct forger *f, const uint8_t *data, size_t len)
{
	static uint8_t out[FORGER_BYTES_MAX];
	int n, is_done;

	if (len > 0)
		hear(f, data, len);
	is_done = SSL_do_handshake(f->ssl) == 1;
	ERR_clear_error();
	n = BIO_read(SSL_get_wbio(f->ssl), out, sizeof(out));
	if (is_done)
		MUST(f->has_secret && f->certificate_len > 0);
	else if (n > 0)
		append(f->flight, sizeof(f->flight), &f->flight_len, out,
		    (size_t)n);
	return is_done;
}

/* --- keys --- */

static void
hash(const struct forger *f, uint8_t ret[HASH_BYTES])
{
	MUST(EVP_Digest(f->transcript, f->transcript_len, ret, NULL,
	    EVP_sha256(), NULL) == 1);
}

/* HKDF-Expand-Label with an empty context: one block is always enough. */
static void
expand(const uint8_t secret[HASH_BYTES], const char *label, uint8_t *ret,
    uint8_t len)
{
	uint8_t info[64] = { 0, len }, block[HASH_BYTES];
	size_t n = strlen(label);

	MUST(len <= HASH_BYTES && n < 32);
	info[2] = (uint8_t)(6 + n);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, n);
	info[9 + n] = 0;
	info[10 + n] = 1;
	MUST(HMAC(EVP_sha256(), secret, HASH_BYTES, info, 11 + n, block,
	    NULL) != NULL);
	memcpy(ret, block, len);
}

/* Adds one TLSCiphertext to flight. */
static void
add_record(struct forger *f, const uint8_t *message, size_t len)
{
	static uint8_t plain[FORGER_BYTES_MAX + 1], record[RECORD_HEADER +
	    FORGER_BYTES_MAX + 1 + TAG_BYTES] = {
		SSL3_RT_APPLICATION_DATA, 3, 3 };
	uint8_t key[16], iv[12];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t body_len = len + 1 + TAG_BYTES;
	int n;

	expand(f->secret, "key", key, sizeof(key));
	expand(f->secret, "iv", iv, sizeof(iv));
	for (int i = 0; i < 8; i++)
		iv[4 + i] ^= (uint8_t)(f->n_records >> (8 * (7 - i)));
	f->n_records++;
	MUST(len <= FORGER_BYTES_MAX);
	memcpy(plain, message, len);
	plain[len] = SSL3_RT_HANDSHAKE;
	record[3] = (uint8_t)(body_len >> 8);
	record[4] = (uint8_t)body_len;
	MUST(ctx != NULL && EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), key,
	    iv, NULL) == 1);
	MUST(EVP_EncryptUpdate(ctx, NULL, &n, record, RECORD_HEADER) == 1);
	MUST(EVP_EncryptUpdate(ctx, record + RECORD_HEADER, &n, plain,
	    (int)len + 1) == 1 && n == (int)len + 1);
	MUST(EVP_EncryptFinal_ex(ctx, record + RECORD_HEADER + n, &n) == 1);
	MUST(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
	    record + RECORD_HEADER + len + 1) == 1);
	EVP_CIPHER_CTX_free(ctx);
	append(f->flight, sizeof(f->flight), &f->flight_len, record,
	    RECORD_HEADER + body_len);
}

/* --- messages --- */

static void
add_message(struct forger *f, const uint8_t *message, size_t len)
{
	append(f->transcript, sizeof(f->transcript), &f->transcript_len,
	    message, len);
	add_record(f, message, len);
}

/* What is signed: section 4.4.3. */
static size_t
to_be_signed(const struct forger *f, const struct forged_verify *v,
    uint8_t ret[256])
{
	const char *context = v->context != NULL ? v->context :
	    "TLS 1.3, client CertificateVerify";
	size_t len = 64;

	MUST(strlen(context) <= 64);
	memset(ret, ' ', 64);
	memcpy(ret + len, context, strlen(context) + 1);
	len += strlen(context) + 1;
	hash(f, ret + len);
	if (v->is_stale)
		ret[len] ^= 1;
	return len + HASH_BYTES;
}

static void
add_verify(struct forger *f, const struct forged_verify *v)
{
	unsigned scheme = v->scheme != 0 ? v->scheme : 0x0403;
	uint8_t text[256], message[1024] = { SSL3_MT_CERTIFICATE_VERIFY, 0 };
	size_t len = to_be_signed(f, v, text), sig_len = 512;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;

	MUST(ctx != NULL && EVP_DigestSignInit(ctx, &pctx, v->digest != NULL ?
	    v->digest : EVP_sha256(), NULL, v->key) == 1);
	if (v->rsa_padding != 0)
		MUST(EVP_PKEY_CTX_set_rsa_padding(pctx, v->rsa_padding) == 1);
	if (v->rsa_padding == RSA_PKCS1_PSS_PADDING)
		MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
		    RSA_PSS_SALTLEN_DIGEST) == 1);
	MUST(EVP_DigestSign(ctx, message + 8, &sig_len, text, len) == 1);
	EVP_MD_CTX_free(ctx);
	if (v->is_empty)
		sig_len = 0;
	message[2] = (uint8_t)((sig_len + 4) >> 8);
	message[3] = (uint8_t)(sig_len + 4);
	message[4] = (uint8_t)(scheme >> 8);
	message[5] = (uint8_t)scheme;
	message[6] = (uint8_t)(sig_len >> 8);
	message[7] = (uint8_t)sig_len;
	add_message(f, message, 8 + sig_len);
}

static void
add_finished(struct forger *f, uint8_t flip)
{
	uint8_t key[HASH_BYTES], text[HASH_BYTES];
	uint8_t message[MESSAGE_HEADER + HASH_BYTES] = { SSL3_MT_FINISHED, 0,
		0, HASH_BYTES };

	expand(f->secret, "finished", key, sizeof(key));
	hash(f, text);
	MUST(HMAC(EVP_sha256(), key, sizeof(key), text, sizeof(text),
	    message + MESSAGE_HEADER, NULL) != NULL);
	message[sizeof(message) - 1] ^= flip;
	add_message(f, message, sizeof(message));
}

void
forger_add(struct forger *f, const char *messages,
    const struct forged_verify *verify)
{
	static const uint8_t nobody[] = { SSL3_MT_CERTIFICATE, 0, 0, 4, 0, 0,
		0, 0 };

	for (; *messages != '\0'; messages++) {
		if (*messages == 'C')
			add_message(f, f->certificate, f->certificate_len);
		else if (*messages == 'E')
			add_message(f, nobody, sizeof(nobody));
		else if (*messages == 'V')
			add_verify(f, verify);
		else if (*messages == 'F')
			add_finished(f, 0);
		else {
			MUST(*messages == 'X');
			add_finished(f, 1);
		}
	}
}

/* These keys do not depend on what the client sent last: OpenSSL has them. */
void
forger_add_data(struct forger *f, const char *text)
{
	static uint8_t out[FORGER_BYTES_MAX];
	int len = (int)strlen(text), n;

	MUST(SSL_write(f->ssl, text, len) == len);
	n = BIO_read(SSL_get_wbio(f->ssl), out, sizeof(out));
	MUST(n > 0);
	append(f->flight, sizeof(f->flight), &f->flight_len, out, (size_t)n);
}

int
forger_hear(struct forger *f, const uint8_t *data, size_t len, void *buf,
    size_t size)
{
	int n, e;

	if (len > 0)
		hear(f, data, len);
	ERR_clear_error();
	n = SSL_read(f->ssl, buf, (int)size);
	e = SSL_get_error(f->ssl, n);
	ERR_clear_error();
	if (n > 0)
		return n;
	return e == SSL_ERROR_WANT_READ ? 0 : -1;
}

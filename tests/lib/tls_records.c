/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * RFC 8446, sections 5.2, 7.1 to 7.3, for one cipher suite.
 */
#include "config.h"

#include "tls_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define MUST(x) \
	do { \
		if (!(x)) { \
			(void)fprintf(stderr, "tls records: %s\n", #x); \
			abort(); \
		} \
	} while (0)

struct secrets {
	uint8_t side[2][32];		/* client, server */
};

static int slot = -1;

static void
on_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl,
    void *argp)
{
	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	free(ptr);
}

static void
take_hex(uint8_t out[32], const char *hex)
{
	unsigned byte;

	for (size_t i = 0; i < 32; i++) {
		MUST(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		out[i] = (uint8_t)byte;
	}
}

/* "LABEL client-random secret", as SSLKEYLOGFILE has it. */
static void
on_key(const SSL *ssl, const char *line)
{
	SSL *s = (SSL *)(uintptr_t)ssl;
	struct secrets *secrets = SSL_get_ex_data(ssl, slot);
	const char *secret = strrchr(line, ' ');

	if (secrets == NULL) {
		secrets = calloc(1, sizeof(*secrets));
		MUST(secrets != NULL);
		MUST(SSL_set_ex_data(s, slot, secrets) == 1);
	}
	MUST(secret != NULL);
	if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
		take_hex(secrets->side[0], secret + 1);
	else if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0)
		take_hex(secrets->side[1], secret + 1);
}

void
tls_records_watch(SSL_CTX *ctx)
{
	if (slot < 0)
		slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free);
	MUST(slot >= 0);
	SSL_CTX_set_keylog_callback(ctx, on_key);
}

/* HKDF-Expand-Label with an empty context, up to one block. */
static void
expand(const uint8_t secret[32], const char *label, uint8_t *out, size_t len)
{
	uint8_t info[64], block[EVP_MAX_MD_SIZE];
	unsigned block_len = 0;
	size_t n = strlen(label);

	info[0] = 0;
	info[1] = (uint8_t)len;
	info[2] = (uint8_t)(6 + n);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, n);
	info[9 + n] = 0;
	info[10 + n] = 1;
	MUST(HMAC(EVP_sha256(), secret, 32, info, 11 + n, block, &block_len)
	    != NULL);
	MUST(len <= block_len);
	memcpy(out, block, len);
}

static void
set_keys(struct tls_records *forge)
{
	expand(forge->secret, "key", forge->key, sizeof(forge->key));
	expand(forge->secret, "iv", forge->iv, sizeof(forge->iv));
	forge->number = 0;
}

void
tls_records_begin(struct tls_records *forge, const SSL *ssl)
{
	const struct secrets *secrets = slot < 0 ? NULL :
	    SSL_get_ex_data(ssl, slot);

	MUST(secrets != NULL);
	MUST(strcmp(SSL_get_cipher_name(ssl), "TLS_AES_128_GCM_SHA256") == 0);
	memcpy(forge->secret, secrets->side[SSL_is_server(ssl) ? 1 : 0], 32);
	set_keys(forge);
}

void
tls_records_next_keys(struct tls_records *forge)
{
	uint8_t next[32];

	expand(forge->secret, "traffic upd", next, sizeof(next));
	memcpy(forge->secret, next, sizeof(next));
	set_keys(forge);
}

size_t
tls_records_next(struct tls_records *forge, uint8_t type, const void *data,
    size_t len, uint8_t *out)
{
	size_t inside = len + 1 + 16;
	uint8_t nonce[12];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	memcpy(nonce, forge->iv, sizeof(nonce));
	for (size_t i = 0; i < 8; i++)
		nonce[11 - i] ^= (uint8_t)(forge->number >> (8 * i));
	forge->number++;
	out[0] = TLS_RECORDS_DATA;
	out[1] = 3;
	out[2] = 3;
	out[3] = (uint8_t)(inside >> 8);
	out[4] = (uint8_t)inside;
	MUST(ctx != NULL);
	MUST(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, forge->key,
	    nonce) == 1);
	MUST(EVP_EncryptUpdate(ctx, NULL, &n, out, 5) == 1);
	MUST(len == 0 || EVP_EncryptUpdate(ctx, out + 5, &n, data, (int)len)
	    == 1);
	MUST(EVP_EncryptUpdate(ctx, out + 5 + len, &n, &type, 1) == 1);
	MUST(EVP_EncryptFinal_ex(ctx, out + 5 + len + 1, &n) == 1);
	MUST(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16,
	    out + 5 + len + 1) == 1);
	EVP_CIPHER_CTX_free(ctx);
	return 5 + inside;
}

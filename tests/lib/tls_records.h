/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Records of TLS 1.3 that no library sends: empty ones, handshake messages
 * out of place, without end. The keys come from a real handshake of OpenSSL,
 * which must not have sent anything after it: the first forged record has
 * number 0.
 */
#ifndef TESTS_TLS_RECORDS_H
#define TESTS_TLS_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#define TLS_RECORDS_ALERT		21
#define TLS_RECORDS_HANDSHAKE	22
#define TLS_RECORDS_DATA		23

/* Room for a record of len bytes. */
#define TLS_RECORDS_SIZE(len)	((len) + 5 + 1 + 16)

struct tls_records {
	uint8_t secret[32], key[16], iv[12];
	uint64_t number;
};

/* Makes connections of ctx remember their secrets; before the handshake. */
void tls_records_watch(SSL_CTX *ctx);

/*
 * Goes on in the place of ssl, whose handshake is done; the test fails where
 * the cipher is another than TLS_AES_128_GCM_SHA256.
 */
void tls_records_begin(struct tls_records *forge, const SSL *ssl);

/* One record; returns how many bytes of out it takes. */
size_t tls_records_next(struct tls_records *forge, uint8_t type,
    const void *data, size_t len, uint8_t *out);

/* The keys behind a KeyUpdate that was sent. */
void tls_records_next_keys(struct tls_records *forge);

#endif

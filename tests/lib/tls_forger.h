/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The last flight of a TLS 1.3 client, made by hand: what no TLS library can
 * be made to send. OpenSSL does the first half of the handshake and hands
 * over its secrets; Certificate, CertificateVerify and Finished are then
 * those of the test, encrypted and with the right MAC over what was really
 * sent, so that nothing but the forgery itself can be wrong with them. A call
 * that fails ends the test.
 */
#ifndef TESTS_TLS_FORGER_H
#define TESTS_TLS_FORGER_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

/* A CertificateVerify; zero and NULL are what an honest one has. */
struct forged_verify {
	unsigned scheme;		/* on the wire; 0 = 0x0403, P-256 */
	const EVP_MD *digest;		/* NULL = SHA-256 */
	int rsa_padding;		/* RSA_*_PADDING; 0 = not RSA */
	const char *context;		/* NULL = that of a client */
	EVP_PKEY *key;			/* that signs */
	int is_empty;			/* a signature without a byte */
	int is_stale;			/* over another handshake's hash */
};

#define FORGER_BYTES_MAX 16384

struct forger {
	SSL *ssl;			/* the client's first half */
	uint8_t secret[32];		/* client_handshake_traffic_secret */
	int has_secret;
	uint64_t n_records;
	uint8_t transcript[FORGER_BYTES_MAX];
	size_t transcript_len;
	uint8_t certificate[FORGER_BYTES_MAX];	/* what OpenSSL would send */
	size_t certificate_len;
	uint8_t flight[2 * FORGER_BYTES_MAX];	/* what goes to the server */
	size_t flight_len;
};

/*
 * Prepares a client of ctx, which has the certificate; ctx gets a key log.
 * The server must agree to TLS_AES_128_GCM_SHA256 and http/1.1.
 */
void forger_init(struct forger *f, SSL_CTX *ctx);
void forger_done(struct forger *f);

/*
 * Lets the client read len bytes of the server's, and adds what it has to
 * say to flight, until its own last flight, which is kept back. Returns 1
 * when it is there: the forger can begin.
 */
int forger_shake(struct forger *f, const uint8_t *data, size_t len);

/*
 * Each adds one message to flight. messages is a word of
 *   C  the Certificate of OpenSSL's client	E  one without a certificate
 *   V  CertificateVerify as verify has it	F  Finished
 *   X  Finished, with one bit wrong
 */
void forger_add(struct forger *f, const char *messages,
    const struct forged_verify *verify);

/* Adds application data to flight, as a client sends it after Finished. */
void forger_add_data(struct forger *f, const char *text);

/*
 * What the client makes of len bytes of the server's after the forgery:
 * the number of bytes of application data in them, -1 where it is an alert
 * or nonsense, 0 for nothing.
 */
int forger_hear(struct forger *f, const uint8_t *data, size_t len, void *buf,
    size_t size);

#endif

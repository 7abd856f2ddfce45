/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Keys: made in software, judged, written as PEM. A key that is weak gets no
 * certificate, whoever asks.
 */
#ifndef MTLSCTL_KEY_H
#define MTLSCTL_KEY_H

#include <openssl/evp.h>
#include <stdint.h>

#include "mtls/status.h"
#include "mtls/tls.h"

enum key_kind { KEY_P256, KEY_P384, KEY_RSA3072 };

/* "p256", "p384", "rsa3072", NULL: choices of an option, by key_kind. */
extern const char *const key_kinds[];

enum mtls_status key_generate(struct mtls_tls *tls, enum key_kind kind,
    EVP_PKEY **ret, struct mtls_err *err);

/*
 * CONFIG with the reason unless it is RSA of 2048 to 8192 bits with a usual
 * exponent and a modulus without small factors or the pattern of Infineon's
 * generator (CVE-2017-15361), EC on P-256 or P-384 by name, or Ed25519.
 */
enum mtls_status key_check(const EVP_PKEY *key, struct mtls_err *err);

/* The digest with which such a key signs certificates; NULL for Ed25519. */
const EVP_MD *key_digest(const EVP_PKEY *key);

/* SHA-256 of the SubjectPublicKeyInfo, in lower-case hexadecimal. */
enum mtls_status key_fingerprint(EVP_PKEY *key, char out[65],
    struct mtls_err *err);

/*
 * The private key as PKCS#8 PEM, not encrypted. key_pem_free() wipes it.
 */
struct key_pem {
	char *data;
	size_t len;
};
enum mtls_status key_to_pem(EVP_PKEY *key, struct key_pem *ret,
    struct mtls_err *err);
void key_pem_free(struct key_pem *pem);

#endif

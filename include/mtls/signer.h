/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A private key that is somewhere else: an in-process OSSL_PROVIDER presents
 * an EVP_PKEY whose public half is known and whose sign operation is a
 * call-back over the whole message. One mechanism for mtls-token, an
 * ssh-agent or a card in the user's own process.
 */
#ifndef MTLS_SIGNER_H
#define MTLS_SIGNER_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/evp.h>

#include "mtls/status.h"
#include "mtls/tls.h"

#define MTLS_SIGNATURE_MAX 1024u

/*
 * Signs message with the given TLS SignatureScheme (login.h). Writes at most
 * *sig_len bytes and sets *sig_len; the encoding is that of TLS and X.509
 * (ECDSA: DER; Ed25519: raw; RSA: the block). Any failure fails the
 * handshake; the record is kept and can be had with mtls_signer_error().
 */
typedef enum mtls_status (*mtls_sign_fn)(void *arg, unsigned scheme,
    const uint8_t *message, size_t message_len, uint8_t *sig,
    size_t *sig_len, struct mtls_err *err);

/*
 * A key for SSL_CTX_use_PrivateKey(), X509_REQ_sign() and the like, of the
 * type of public_key (RSA from 2048 bits, EC P-256 or P-384, ED25519;
 * TOKEN_UNUSABLE for others). arg must outlive the key, and tls, the context
 * it is used in, too. It signs whole messages in one call (EVP_DigestSign()),
 * not in pieces; signatures are verified with public_key, not with it.
 */
enum mtls_status mtls_signer_key(struct mtls_tls *tls, EVP_PKEY *public_key,
    mtls_sign_fn sign, void *arg, EVP_PKEY **ret, struct mtls_err *err);

/* The failure of the key's last sign operation, or MTLS_OK in it. */
void mtls_signer_error(const EVP_PKEY *key, struct mtls_err *ret);

#endif

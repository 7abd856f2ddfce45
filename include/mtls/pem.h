/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificates, keys and CRLs from files that passed mtls_file_read().
 */
#ifndef MTLS_PEM_H
#define MTLS_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mtls/status.h"
#include "mtls/tls.h"

/*
 * All certificates of a PEM file, or the one of a DER file, in file order;
 * at least one. CONFIG with the file otherwise. Free with
 * sk_X509_pop_free(ret, X509_free).
 */
enum mtls_status mtls_pem_certificates(struct mtls_tls *tls,
    const char *path, STACK_OF(X509) **ret, struct mtls_err *err);

/*
 * The same key for another library context, which then shares no lock with
 * the first. The caller frees it.
 */
enum mtls_status mtls_pem_key_copy(struct mtls_tls *tls, const EVP_PKEY *key,
    EVP_PKEY **ret, struct mtls_err *err);

/* The private key of an unencrypted PEM file (PKCS#8, SEC1, PKCS#1). */
enum mtls_status mtls_pem_key(struct mtls_tls *tls, const char *path,
    EVP_PKEY **ret, struct mtls_err *err);

/* All CRLs of a PEM file, or the one of a DER file, at least one. */
enum mtls_status mtls_pem_crls(struct mtls_tls *tls, const char *path,
    STACK_OF(X509_CRL) **ret, struct mtls_err *err);

/* A certificate from DER, the whole of it and nothing behind it. */
enum mtls_status mtls_der_certificate(struct mtls_tls *tls,
    const uint8_t *der, size_t len, X509 **ret, struct mtls_err *err);
/* DER of a certificate, caller frees with free(3). */
enum mtls_status mtls_der_of_certificate(X509 *certificate, uint8_t **ret,
    size_t *ret_len, struct mtls_err *err);

#endif

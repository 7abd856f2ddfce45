/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a certificate at the end of a chain must be before its chain counts:
 * stricter than X509_check_purpose(), which takes a certificate without EKU
 * for any purpose.
 */
#ifndef TLS_LEAF_H
#define TLS_LEAF_H

#include <openssl/x509.h>

enum mtls_leaf_use { MTLS_LEAF_CLIENT, MTLS_LEAF_SERVER };

/* NULL where certificate may be used so, a static reason otherwise. */
const char *mtls_leaf_problem(X509 *certificate, enum mtls_leaf_use use);

/* The parts of it that hold for every certificate that we read. */
const char *mtls_certificate_problem(X509 *certificate);

/*
 * Whether the EKU for use is there and, where keyUsage is, digitalSignature.
 * anyExtendedKeyUsage is not an answer.
 */
int mtls_leaf_fits(X509 *certificate, enum mtls_leaf_use use);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The names in a certificate, each checked before it becomes a C string.
 */
#ifndef TLS_IDENTITY_NAMES_H
#define TLS_IDENTITY_NAMES_H

#include <openssl/x509.h>

#include "mtls/identity.h"

/* Bytes of one name, and names of one kind. */
#define MTLS_NAME_MAX	1024
#define MTLS_NAMES_MAX	64

/* Fills upn, email, dns and uri from subjectAltName, if there is one. */
enum mtls_status mtls_identity_san(const X509 *certificate,
    struct mtls_identity *id, struct mtls_err *err);

/* Fills cn, uid and subject_serial from the subject. */
enum mtls_status mtls_identity_subject(const X509_NAME *subject,
    struct mtls_identity *id, struct mtls_err *err);

/* Fills eku and policies. */
enum mtls_status mtls_identity_purposes(X509 *certificate,
    struct mtls_identity *id, struct mtls_err *err);

/* RFC 4514, one printable line; freed with free(3). */
enum mtls_status mtls_identity_name(const X509_NAME *name, const char *what,
    char **ret, struct mtls_err *err);

#endif

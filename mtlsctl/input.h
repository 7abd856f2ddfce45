/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Files that people hand to mtlsctl: a CSR, a certificate, a policy. They are
 * checked by what they say, not by who may write to them.
 */
#ifndef MTLSCTL_INPUT_H
#define MTLSCTL_INPUT_H

#include <openssl/x509.h>

#include "mtls/status.h"
#include "mtls/identity.h"
#include "mtls/tls.h"

#define INPUT_MAX (64u * 1024u)

/*
 * The whole file, or standard input for "-", followed by a NUL that does not
 * count; free(3). CONFIG where it is not there, is no regular file, is empty
 * or over INPUT_MAX.
 */
enum mtls_status input_read(const char *path, char **ret_data,
    size_t *ret_len, struct mtls_err *err);

/* The same up to another size. */
enum mtls_status input_read_max(const char *path, size_t max,
    char **ret_data, size_t *ret_len, struct mtls_err *err);

/*
 * DER of the one object in data: PEM with one block of that name ("ALT NAME"
 * too, unless NULL), or DER as it is. CONFIG where there is none or more than
 * one. OPENSSL_free().
 */
enum mtls_status input_der(const char *path, const char *data, size_t len,
    const char *name, const char *alt_name0, unsigned char **ret_der,
    long *ret_len, struct mtls_err *err);

/* The one certificate in a file, PEM or DER. */
enum mtls_status input_certificate(struct mtls_tls *tls, const char *path,
    X509 **ret, struct mtls_err *err);

/*
 * The same, read: who it is, and, unless ret_der0 is NULL, its DER. The
 * caller clears what is there when this returns OK.
 */
enum mtls_status input_identity(struct mtls_tls *tls, const char *path,
    struct mtls_identity *ret_id, struct mtls_bytes *ret_der0,
    struct mtls_err *err);

#endif

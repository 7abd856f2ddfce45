/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificate signing requests. All that is taken out of one is a public
 * key, after the request has proven that its maker holds the private half;
 * what else it asks for is not looked at.
 */
#ifndef MTLSCTL_CSR_H
#define MTLSCTL_CSR_H

#include <openssl/evp.h>
#include <stddef.h>

#include "mtls/status.h"
#include "mtls/tls.h"

/*
 * The public key of the request in a file (PEM or DER, "-": standard input).
 * CONFIG where it is malformed, its signature does not verify with that key,
 * or the key does not pass key_check().
 */
enum mtls_status csr_read(struct mtls_tls *tls, const char *path,
    EVP_PKEY **ret, struct mtls_err *err);

/*
 * A request signed with key, whose subject is CN=common_name, as PEM;
 * free(3). The key may be one of mtls_signer_key().
 */
enum mtls_status csr_make(struct mtls_tls *tls, EVP_PKEY *key,
    const char *common_name, char **ret_pem, size_t *ret_len,
    struct mtls_err *err);

#endif

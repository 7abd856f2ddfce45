/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The directory of CRLs.
 */
#ifndef VERIFIER_CRL_DIR_H
#define VERIFIER_CRL_DIR_H

#include <openssl/x509.h>

#include "mtls/status.h"
#include "mtls/tls.h"

/* Called for each CRL; it is freed afterwards. Not OK ends the reading. */
typedef enum mtls_status (*crl_dir_fn)(void *arg, X509_CRL *list,
    struct mtls_err *err);

/*
 * Reads every file whose name ends in .pem, .crl or .der and does not begin
 * with a dot, in the order of their names, with the checks of mtls/file.h.
 * CONFIG with the file; other names are not looked at.
 */
enum mtls_status crl_dir_read(struct mtls_tls *tls, const char *path,
    crl_dir_fn take, void *arg, struct mtls_err *err);

#endif

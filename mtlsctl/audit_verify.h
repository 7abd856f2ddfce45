/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl audit --verify.
 */
#ifndef MTLSCTL_AUDIT_VERIFY_H
#define MTLSCTL_AUDIT_VERIFY_H

#include <stddef.h>

#include "mtls/status.h"

/*
 * Recomputes the chain of every verifier that has records in the state of
 * the one at this socket (NULL: the usual one), and prints what each can
 * prove. CONFIG, with nothing printed, names the first record that is
 * missing or not as it was written. *ret_n is how many chains there are: none
 * proves nothing.
 */
enum mtls_status audit_verify(const char *socket0, int json, size_t *ret_n,
    struct mtls_err *err);

#endif

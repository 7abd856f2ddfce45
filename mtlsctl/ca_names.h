/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names that may stand in a certificate. Strict on this side, so that nobody
 * has to be lenient on the other.
 */
#ifndef MTLSCTL_CA_NAMES_H
#define MTLSCTL_CA_NAMES_H

#include "mtls/status.h"

/* A user's name for the CN: mtls_text_is_user(), at most 64 bytes. */
enum mtls_status ca_check_user(const char *user, struct mtls_err *err);

/* user@realm: a user name, and a host name in lower case. */
enum mtls_status ca_check_upn(const char *upn, struct mtls_err *err);

/* ASCII, local part without quotes, and a host name. */
enum mtls_status ca_check_email(const char *email, struct mtls_err *err);

/* A host name as mtls_text_is_hostname() has it, in lower case. */
enum mtls_status ca_check_host(const char *name, struct mtls_err *err);

#endif

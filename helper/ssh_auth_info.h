/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What sshd has verified, as it writes it into SSH_AUTH_INFO_0: one line for
 * each method that has succeeded, "publickey TYPE BASE64" for a key.
 */
#ifndef HELPER_SSH_AUTH_INFO_H
#define HELPER_SSH_AUTH_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"
#include "ssh_key.h"

/* RSA with 16,384 bits; certificates of OpenSSH may take more. */
#define SSH_AUTH_INFO_KEY_MAX	2200u	/* bytes */

/*
 * The first key in those len bytes that can be a card's. Lines of other
 * methods are not looked at: what another one has verified is nobody's key.
 * NOT_FOUND where there is no key at all, TOKEN_UNUSABLE where there are only
 * such as no X.509 certificate has (OpenSSH's certificates, security keys,
 * DSA), with the type of the first; PROTOCOL where a line of a key is not what
 * sshd writes, whatever the others are.
 */
enum mtls_status ssh_auth_info_read(const uint8_t *data, size_t len,
    struct ssh_key *ret, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A public key as SSH writes it (RFC 4253, 5656, 8709), and the same key as
 * certificates have it. Whether it is a good key is not looked at: whoever
 * uses it compares it with the key of a certificate.
 */
#ifndef HELPER_SSH_KEY_H
#define HELPER_SSH_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

#define SSH_KEY_TYPE_MAX	64u
#define SSH_KEY_SPKI_MAX	2176u	/* RSA with 16,384 bits */
#define SSH_KEY_HASH_BYTES	32u

enum ssh_key_kind {
	SSH_KEY_OTHER = 0,	/* not known here, or of no use to TLS */
	SSH_KEY_P256,
	SSH_KEY_P384,
	SSH_KEY_ED25519,
	SSH_KEY_RSA,
	SSH_KEY_SECURITY,	/* sk-...: signs a structure of its own */
	SSH_KEY_CERTIFICATE	/* of OpenSSH, which are no X.509 */
};

struct ssh_key {
	enum ssh_key_kind kind;
	char type[SSH_KEY_TYPE_MAX + 1];	/* printable: "ssh-rsa" */
	uint8_t spki[SSH_KEY_SPKI_MAX];		/* SubjectPublicKeyInfo */
	size_t spki_len;	/* 0: OTHER, SECURITY and CERTIFICATE */
};

/*
 * PROTOCOL where it is no key, or one of a known kind that is not what that
 * kind must be. A kind of no use is OK.
 */
enum mtls_status ssh_key_read(const uint8_t *blob, size_t len,
    struct ssh_key *ret, struct mtls_err *err);

/* SHA-256 of spki. USAGE without one, CRYPTO. */
enum mtls_status ssh_key_hash(const struct ssh_key *key,
    uint8_t ret[SSH_KEY_HASH_BYTES], struct mtls_err *err);

#endif

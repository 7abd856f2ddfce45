/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A key in an ssh-agent as a signer of TLS handshakes. What it has signed is
 * a TLS 1.3 CertificateVerify of a client and nothing else, which begins
 * with 64 spaces: nothing that SSH, git or another protocol could take for
 * one of its own signatures (T-175).
 */
#ifndef HELPER_AGENT_SIGNER_H
#define HELPER_AGENT_SIGNER_H

#include <openssl/evp.h>
#include <stdint.h>

#include "mtls/status.h"
#include "ssh_agent.h"
#include "ssh_key.h"

struct agent_signer {
	const struct ssh_agent *agent;
	const struct ssh_agent_key *key;
	enum ssh_key_kind kind;		/* P256, P384 or ED25519 */
	EVP_PKEY *public_key;		/* of the certificate; borrowed */
};

/*
 * Of type mtls_sign_fn (mtls/signer.h), arg is a struct agent_signer. The
 * signature has been verified when it returns OK. CRYPTO where another
 * scheme than the key's own is wanted, for a message that is not a
 * CertificateVerify, and for a signature that is not this key's over this
 * message; the failures of ssh_agent_sign().
 */
enum mtls_status agent_signer_sign(void *arg, unsigned scheme,
    const uint8_t *message, size_t message_len, uint8_t *sig,
    size_t *sig_len, struct mtls_err *err);

#endif

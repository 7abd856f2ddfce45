/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which certificate belongs to a key: an agent has keys only, and the
 * verifier knows what was bound to the user of the challenge.
 */
#ifndef HELPER_AGENT_CERTIFICATE_H
#define HELPER_AGENT_CERTIFICATE_H

#include <openssl/x509.h>

#include "device_channel.h"
#include "mtls/status.h"
#include "mtls/tls.h"
#include "ssh_key.h"

#define AGENT_CERTIFICATE_ASKED_MAX 8u	/* for one challenge; PROTOCOL.md */

/*
 * Called once, from the event loop. x509 is the receiver's, NULL on failure;
 * its key is the one that was asked for. NOT_FOUND: the user of the challenge
 * has none with this key; TOKEN_UNUSABLE: none that is valid now. REFUSED and
 * others are not about the key.
 */
typedef void (*agent_certificate_fn)(void *arg, X509 *x509,
    const struct mtls_err *err);

struct agent_certificate {
	struct device_channel *device;	/* borrowed, as tls and key */
	struct mtls_tls *tls;
	const struct ssh_key *key;
	agent_certificate_fn done;
	void *arg;
};

/* Asks the verifier; a outlives the answer or the channel. */
enum mtls_status agent_certificate_ask(struct agent_certificate *a,
    struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A client of the ssh-agent protocol (draft-ietf-sshm-ssh-agent): list keys,
 * sign. The agent is in the hands of the person who wants to log in, or of
 * whoever forwards it: nothing of what it says is believed, everything has a
 * bound, and it can make a login fail and do nothing else.
 */
#ifndef HELPER_SSH_AGENT_H
#define HELPER_SSH_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/deadline.h"
#include "mtls/message.h"
#include "mtls/status.h"
#include "ssh_wire.h"

#define SSH_AGENT_MESSAGE_MAX	262144u	/* bytes, as OpenSSH's own */
#define SSH_AGENT_KEYS_MAX	256u	/* in one answer */
#define SSH_AGENT_BLOB_MAX	16384u	/* of one public key */
#define SSH_AGENT_SIGNED_MAX	8192u	/* that we have signed */
#define SSH_AGENT_COMMENT_MAX	64u	/* that is kept, printable */

/* A connection; requests on it wait for their answers. */
struct ssh_agent {
	int fd;				/* non-blocking, borrowed */
	int watch_fd;			/* its hang-up ends a wait */
	struct mtls_deadline deadline;
};

struct ssh_agent_key {
	uint8_t *blob;			/* as SSH has it */
	size_t blob_len;
	char comment[SSH_AGENT_COMMENT_MAX + 1];
};

struct ssh_agent_keys {
	struct ssh_agent_key *key;
	size_t n;
};

/*
 * The keys that the agent shows; none is OK. PROTOCOL where the answer is
 * malformed, too long or has too many keys, UNAVAILABLE where the agent
 * says no or ends, TIMEOUT, CANCELLED when watch_fd hung up, MEMORY. *ret is
 * cleared by the caller after OK.
 */
enum mtls_status ssh_agent_list(const struct ssh_agent *agent,
    struct ssh_agent_keys *ret, struct mtls_err *err);
void ssh_agent_keys_clear(struct ssh_agent_keys *keys);

/*
 * Has message signed, without flags. *ret is the signature of SSH (its type
 * and its value, each with a length); the caller frees its data after OK.
 * REFUSED where the agent says no: the person did, or the key may not be
 * used for this. CRYPTO where the message is too long, others as above.
 */
enum mtls_status ssh_agent_sign(const struct ssh_agent *agent,
    const struct ssh_agent_key *key, const struct ssh_wire *message,
    struct mtls_bytes *ret, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The keys of an ssh-agent, one after the other: which of them can sign a
 * TLS handshake, and why the others cannot.
 */
#ifndef HELPER_AGENT_CHOICE_H
#define HELPER_AGENT_CHOICE_H

#include <stddef.h>

#include "ssh_agent.h"
#include "ssh_key.h"

struct agent_choice {
	struct ssh_agent_keys keys;
	size_t next;			/* of them */
	const struct ssh_agent_key *chosen;
	struct ssh_key key;		/* the same, read */
	unsigned n_tried;		/* could sign */
	unsigned n_invalid;		/* certificates that ended: counted by
					 * who asks for them */
	unsigned n_rsa, n_security, n_certificates, n_other;
};

/*
 * The next key that can sign is in chosen and key, and 1 is returned; 0
 * where there is none, or where max have been returned.
 */
int agent_choice_next(struct agent_choice *c, unsigned max);

/*
 * TOKEN_UNUSABLE with what is wrong with each kind of key that is there,
 * after agent_choice_next() has said 0.
 */
enum mtls_status agent_choice_none(const struct agent_choice *c,
    const char *user, struct mtls_err *err);

void agent_choice_clear(struct agent_choice *c);

#endif

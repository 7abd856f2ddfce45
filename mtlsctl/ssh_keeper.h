/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The keeper of one ssh: ssh starts mtls-askpass anew for each question, so
 * the card and the TLS connection of a relay live in this process, which
 * ends when that ssh ends. It is reached by a Unix socket in a directory of
 * this account's own, named after the process of the ssh.
 */
#ifndef MTLSCTL_SSH_KEEPER_H
#define MTLSCTL_SSH_KEEPER_H

#include <stdint.h>

#include "mtls/relay.h"
#include "mtls/status.h"
#include "mtlsctl/pin.h"
#include "mtlsctl/ssh_process.h"

struct ssh_keeper_options {
	struct ssh_process ssh;
	const char *config;
	const char *gateway0;		/* NULL: by ssh's own word */
	const char *service;
	struct pin_source pin;
	uint32_t deadline_s;		/* of a login */
};

#define SSH_KEEPER_SERVICE	"sshd"
#define SSH_KEEPER_DEADLINE_S	120u

/*
 * Starts a keeper, which is no child of this process and belongs to its
 * terminal as this process does. It can be connected to when this returns.
 */
enum mtls_status ssh_keeper_start(const struct ssh_keeper_options *options,
    struct mtls_err *err);

/*
 * Hands prompt, which has the marker of a relay in it, to the keeper of this
 * ssh and waits for what it says. NOT_FOUND where there never was a keeper;
 * PEER, CLOSED, UNAVAILABLE where there was one.
 */
enum mtls_status ssh_keeper_ask(const struct ssh_process *ssh,
    const char *prompt, char answer[MTLS_RELAY_ANSWER_MAX + 1],
    char sentence[MTLS_ERR_TEXT_MAX], struct mtls_err *err);

#endif

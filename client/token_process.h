/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The process of mtls-token: how it starts and how it ends.
 */
#ifndef CLIENT_TOKEN_PROCESS_H
#define CLIENT_TOKEN_PROCESS_H

#include "mtls/conf.h"
#include "mtls/deadline.h"
#include "mtls/spawn.h"
#include "mtls/status.h"

struct token_process {
	struct mtls_child child;
	int fd;			/* our end of its socket; -1 */
};

#define TOKEN_PROCESS_NONE { MTLS_CHILD_NONE, -1 }

/*
 * Starts program (absolute) with PATH, LANG and what environment (NAME=VALUE)
 * says, and nothing inherited. SYSTEM.
 */
enum mtls_status token_process_start(const char *program,
    const struct mtls_conf_list *environment, struct token_process *ret,
    struct mtls_err *err);

/*
 * Waits until mtls-token has said something. CANCELLED when the other end of
 * watch_fd hangs up meanwhile, TIMEOUT, SYSTEM.
 */
enum mtls_status token_process_wait(const struct token_process *p,
    int watch_fd, struct mtls_deadline deadline, struct mtls_err *err);

/* Closes the socket: mtls-token logs out of the card and ends. */
void token_process_hang_up(struct token_process *p);

/* Ends it, after grace_ms at most. Safe on one that never started. */
void token_process_end(struct token_process *p, int grace_ms);

#endif

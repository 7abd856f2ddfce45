/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The process of an ssh that asks something: which one it is, which program
 * it runs, with which words, and whether it still does.
 */
#ifndef MTLSCTL_SSH_PROCESS_H
#define MTLSCTL_SSH_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "mtls/status.h"

#define SSH_PROCESS_WORDS_MAX	(256u * 1024u)

/* A process for ever: its number may belong to another one later. */
struct ssh_process {
	pid_t pid;
	uint64_t start;		/* in clock ticks since the machine started */
};

/* NOT_FOUND where there is no such process. */
enum mtls_status ssh_process_find(pid_t pid, struct ssh_process *ret,
    struct mtls_err *err);

/* Who started it; NOT_FOUND. */
enum mtls_status ssh_process_parent(pid_t pid, pid_t *ret,
    struct mtls_err *err);

/*
 * A descriptor that becomes readable when it ends; the caller closes it.
 * NOT_FOUND where it has ended already.
 */
enum mtls_status ssh_process_watch(const struct ssh_process *p, int *ret_fd,
    struct mtls_err *err);

struct ssh_command {
	char program[1024];		/* absolute; the last part is "ssh" */
	char *words;			/* each with its NUL, argv[0] first */
	size_t len;
};

/*
 * What it runs. USAGE where it is no ssh, or is not of this account. Freed
 * with ssh_command_clear().
 */
enum mtls_status ssh_process_command(const struct ssh_process *p,
    struct ssh_command *ret, struct mtls_err *err);
void ssh_command_clear(struct ssh_command *c);

#endif

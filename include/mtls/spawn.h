/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting a program of ours from a process that is not ours (sshd, sudo,
 * gdm, ...), whatever that process does with SIGCHLD, threads, descriptors
 * and limits. The child's exit status is never looked at for a decision.
 *
 * Caller and child may become two accounts after the spawn (mtls-helper and
 * mtls-token do): neither kill(2) nor PR_SET_PDEATHSIG then works from one to
 * the other. So a process stays between them that never execs and keeps the
 * caller's first credentials; it holds one end of a pipe, the leash, whose
 * other end only the caller has. When that end closes, because the caller
 * says so or because it died of whatever cause, it kills the child.
 */
#ifndef MTLS_SPAWN_H
#define MTLS_SPAWN_H

#include <sys/types.h>

#include "mtls/status.h"

struct mtls_child {
	pid_t pid;		/* 0 = none */
	int pid_fd;		/* pidfd, or -1 */
	int leash_fd;		/* closing it kills the child; CLOEXEC; -1 */
};

#define MTLS_CHILD_NONE { 0, -1, -1 }

/*
 * Runs path (absolute) with argv and exactly envp; child_fd becomes its
 * descriptor 0, 1 and 2 are /dev/null, all others are closed. Signal mask
 * empty, dispositions default, cwd /, umask 077, its own session, resource
 * limits sane, killed when the caller's process dies, whatever account either
 * of them is by then. The caller receives no SIGCHLD for it and its own
 * waitpid(-1) never sees it. SYSTEM on failure; a failed execve shows as end
 * of file on the socket.
 */
enum mtls_status mtls_spawn(const char *path, char *const argv[],
    char *const envp[], int child_fd, struct mtls_child *ret,
    struct mtls_err *err);

/*
 * Waits up to grace_ms for the child to end by itself, then lets go of the
 * leash, which kills it, and kills it directly where that is permitted;
 * releases everything; the child is NONE afterwards. Never fails, never
 * blocks for longer than grace_ms and the kernel's time to kill.
 */
void mtls_child_end(struct mtls_child *child, int grace_ms);

#endif

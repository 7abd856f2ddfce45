/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Process hygiene: what every program of ours does first in main, and how it
 * becomes an unprivileged account. Each step is verified after it was made;
 * a step that cannot be verified is an error, and the program ends.
 */
#ifndef MTLS_PROCESS_H
#define MTLS_PROCESS_H

#include <sys/types.h>

#include "mtls/status.h"

/*
 * First call of main: descriptors 0-2 exist (/dev/null where closed) and all
 * above keep_fd are closed; signal mask empty, every signal default except
 * SIGPIPE ignored; umask 077; cwd /; no core dump, not dumpable, no new
 * privileges; RLIMIT_NOFILE, RLIMIT_FSIZE and CPU brought to sane values.
 * keep_fd: the highest descriptor to keep, at least 2.
 */
enum mtls_status mtls_process_harden(int keep_fd, struct mtls_err *err);

/*
 * If the process is root: sets supplementary groups (of the account only),
 * gid and uid to the named account, for good, and checks that the way back
 * is closed and no capability is left. NOT_FOUND if there is no such
 * account: the caller must end. If the process is not root: OK and nothing
 * is changed.
 */
enum mtls_status mtls_process_become(const char *account,
    struct mtls_err *err);

/* Credentials of the process at the other end of a connected AF_UNIX fd. */
enum mtls_status mtls_peer_credentials(int fd, uid_t *ret_uid, gid_t *ret_gid,
    pid_t *ret_pid, struct mtls_err *err);

#endif

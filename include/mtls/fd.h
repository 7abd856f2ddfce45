/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * In a host that has closed its descriptors 0 to 2 the next one that is
 * opened is the host's standard error. Ours are never among them.
 */
#ifndef MTLS_FD_H
#define MTLS_FD_H

/*
 * Takes fd and returns it, or a CLOEXEC copy above 2 in its place; -1 with
 * errno and fd closed where there is none.
 */
int mtls_fd_above_2(int fd);

#endif

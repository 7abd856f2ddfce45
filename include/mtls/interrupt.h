/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A person who presses ^C while a program holds that back. sudo blocks
 * SIGINT and SIGQUIT as long as it authenticates, looks whether one is
 * pending each time a module returns, and so cannot be left while a module
 * waits for something else than the person. Here the module notices. It only
 * looks: the signal stays pending for the program, whose business it is.
 */
#ifndef MTLS_INTERRUPT_H
#define MTLS_INTERRUPT_H

#include "mtls/deadline.h"
#include "mtls/status.h"

/*
 * A descriptor (CLOEXEC, above 2; the caller closes it) that becomes
 * readable when SIGINT or SIGQUIT is sent and held back. Nobody reads from
 * it. -1 where the calling thread does not hold them back, where the program
 * ignores them, where one is pending already, which is not about this login,
 * and where there is no such descriptor to be had.
 */
int mtls_interrupt_watch(void);

/*
 * Waits until there is something to read from socket_fd, or its end: OK, also
 * when both happened. CONVERSATION when the person has interrupted; TIMEOUT;
 * SYSTEM. interrupt_fd: -1 for none.
 */
enum mtls_status mtls_interrupt_wait(int interrupt_fd, int socket_fd,
    struct mtls_deadline deadline, struct mtls_err *err);

#endif

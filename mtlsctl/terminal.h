/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Asking the person at the terminal. Questions go to /dev/tty, so that they
 * work when input or output is redirected.
 */
#ifndef MTLSCTL_TERMINAL_H
#define MTLSCTL_TERMINAL_H

#include <stddef.h>

#include "mtls/status.h"

enum terminal_echo { TERMINAL_ECHO, TERMINAL_SILENT };

/*
 * Shows prompt, which is printable, and reads one line into answer, at most
 * size - 1 bytes, without its newline. CONVERSATION where there is no
 * terminal, CANCELLED on end of file, an interrupting signal (which is
 * raised again) or a line that is too long; answer is then wiped.
 */
enum mtls_status terminal_ask(const char *prompt, enum terminal_echo echo,
    char *answer, size_t size, struct mtls_err *err);

/* Shows text, which is printable, and a newline, where there is a terminal. */
void terminal_tell(const char *text);

#endif

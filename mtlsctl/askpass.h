/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-askpass: answers one question of ssh's. A prompt that has to do with a
 * relay goes to the keeper of that ssh, every other one to the person.
 */
#ifndef MTLSCTL_ASKPASS_H
#define MTLSCTL_ASKPASS_H

#include <stddef.h>

#define ASKPASS_SHOWN_MAX	4096u

/* Returns the exit status: 0 and an answer on standard output, or 1. */
int askpass_main(int argc, char *const argv[]);

/*
 * prompt for a terminal: of the bytes that are not printable UTF-8 only
 * newlines remain as they are. Each line of what a machine asks begins with
 * the "(user@host) " of the first one. Returns out.
 */
char *askpass_shown(char *out, size_t size, const char *prompt);

/* Whether the answer to this question may be seen while it is typed. */
int askpass_may_echo(const char *prompt);

#endif

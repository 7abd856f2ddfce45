/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A directory of its own for a test, and files in it.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>
#include <sys/types.h>

/* Makes the directory, below /tmp, mode 0700. 0 or -1. */
int scratch_begin(void);
/* Removes it and all that is in it. */
int scratch_end(void);

/* The path of name in it; a static buffer, good until the 8th next call. */
const char *scratch_path(const char *name);

/* Writes a file with exactly these bytes and this mode, or aborts. */
const char *scratch_file(const char *name, const void *data, size_t len,
    mode_t mode);
const char *scratch_text(const char *name, const char *text);

#endif

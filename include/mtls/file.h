/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Opening a file that decides about logins. Absolute path; no component is a
 * symbolic link; every directory on the way and the file itself belong to
 * root or to the effective user of this process, and nobody else can write
 * to them (a directory that is sticky and root-owned passes: entries there
 * cannot be replaced by others); the file is a regular file. All checks are
 * made on open descriptors, so that what was checked is what is read.
 */
#ifndef MTLS_FILE_H
#define MTLS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

enum mtls_file_kind {
	MTLS_FILE_PUBLIC,	/* others may read it */
	MTLS_FILE_PRIVATE,	/* a key: neither group nor others may read,
				 * except a group the owner gave it (0640) */
	MTLS_FILE_PROGRAM	/* a shared object or program: executable or
				 * readable, never set-id */
};

/*
 * Opens path read-only with O_CLOEXEC; the caller closes *ret_fd. CONFIG
 * with the component and the reason where a rule is broken, NOT_FOUND where
 * it does not exist, SYSTEM otherwise. Never blocks on a FIFO.
 */
enum mtls_status mtls_file_open(const char *path, enum mtls_file_kind kind,
    int *ret_fd, struct mtls_err *err);

/*
 * Reads the whole file, at most max_bytes, followed by a NUL that does not
 * count. The caller frees *ret_data with mtls_file_data_free(), which wipes
 * it. CONFIG when it is larger.
 */
enum mtls_status mtls_file_read(const char *path, enum mtls_file_kind kind,
    size_t max_bytes, char **ret_data, size_t *ret_len, struct mtls_err *err);
void mtls_file_data_free(char *data, size_t len);

/* The same check for a directory (its own descriptor, O_DIRECTORY). */
enum mtls_status mtls_file_open_dir(const char *path, int *ret_fd,
    struct mtls_err *err);

#endif

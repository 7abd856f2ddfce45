/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Writing a file so that at any moment there is the old one, the new one or
 * none, and never half of one: a temporary file beside it, complete, with its
 * mode, on the disk, and then one rename. Preparing can fail and change
 * nothing; so what must appear together is prepared first and committed then.
 */
#ifndef MTLSCTL_NEW_FILE_H
#define MTLSCTL_NEW_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "mtls/status.h"

enum new_file_how {
	NEW_FILE_ONLY,		/* refuse where the name is taken */
	NEW_FILE_REPLACE
};

struct new_file {
	int dir_fd;		/* of the directory, or -1 */
	enum new_file_how how;
	char *path;		/* for errors */
	const char *name;	/* in path, behind its directory */
	char temporary[64];	/* name in the directory; "" for none */
};

#define NEW_FILE_NONE { -1, NEW_FILE_ONLY, NULL, NULL, "" }

/*
 * Writes data to a temporary file with this mode beside path. CONFIG where
 * path is taken and how is NEW_FILE_ONLY, or is no file name; SYSTEM. The
 * caller ends it with new_file_commit() or new_file_abandon().
 */
enum mtls_status new_file_prepare(struct new_file *f, const char *path,
    enum new_file_how how, mode_t mode, const void *data, size_t len,
    struct mtls_err *err);

/* Gives it its name, on the disk; done with f, also when that failed. */
enum mtls_status new_file_commit(struct new_file *f, struct mtls_err *err);

/* Leaves no trace. Safe on NEW_FILE_NONE and after commit. */
void new_file_abandon(struct new_file *f);

/* Both at once. */
enum mtls_status new_file_write(const char *path, enum new_file_how how,
    mode_t mode, const void *data, size_t len, struct mtls_err *err);

/*
 * Whether path could be written: CONFIG with a sentence where it is taken,
 * SYSTEM where its directory is not there or not ours to write to. For before
 * work that takes long or cannot be taken back.
 */
enum mtls_status new_file_is_free(const char *path, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The files that CRLs are read from, and whether they have changed.
 */
#ifndef VERIFIER_CRL_FILES_H
#define VERIFIER_CRL_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

struct crl_files {
	size_t n;
	char **path;		/* absolute */
};

/*
 * Adds what a source stands for: a directory (checked as in mtls/file.h) for
 * every file in it whose name ends in .pem, .crl or .der and does not begin
 * with a dot, in the order of their names; anything else for itself.
 */
enum mtls_status crl_files_add(struct crl_files *files, const char *source,
    struct mtls_err *err);
void crl_files_clear(struct crl_files *files);

/*
 * A number that is another one when any of the files is another one. 0 is
 * "cannot tell": a file was changed so shortly ago that the next change might
 * not show.
 */
uint64_t crl_files_mark(const struct crl_files *files);

#endif

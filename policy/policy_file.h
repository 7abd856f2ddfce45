/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * policy.conf(5), from text to struct policy. Strict: an unknown word, a
 * name that cannot be one, a group that does not exist or a list that ends
 * in a comma is CONFIG, and the error reads "path:line:column: reason".
 */
#ifndef POLICY_FILE_H
#define POLICY_FILE_H

#include <sys/types.h>

#include "mtls/status.h"

#include "policy.h"

#define POLICY_FILE_MAX	(1024u * 1024u)

/*
 * Finds a group of this machine by name: OK with its gid, NOT_FOUND if there
 * is none, SYSTEM if that cannot be told.
 */
typedef enum mtls_status (*policy_group_fn)(const char *name, gid_t *ret,
    struct mtls_err *err);

/* Reads and parses the file, through mtls_file_read(). */
enum mtls_status policy_file_read(const char *path, policy_group_fn group,
    struct policy *ret, struct mtls_err *err);

/*
 * Parses text of len bytes that came from path. The caller clears *ret with
 * policy_clear().
 */
enum mtls_status policy_file_parse(const char *path, const char *text,
    size_t len, policy_group_fn group, struct policy *ret,
    struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The index of a CA: one line for each certificate it has ever made. A
 * certificate is in the index before it exists anywhere else, so that there
 * is none that cannot be revoked. The file is read and written as a whole; a
 * line that is not understood stops everything, so that nothing is lost.
 *
 * Nine fields, separated by tabs: state (valid, revoked), serial number, CA,
 * kind, not before, not after, SHA-256 of the public key, when and why it was
 * revoked ("2026-11-23T07:41:14Z keyCompromise", or "-"), name.
 */
#ifndef MTLSCTL_CA_INDEX_H
#define MTLSCTL_CA_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"
#include "mtlsctl/ca_dir.h"

#define CA_SERIAL_BYTES	16

enum ca_kind { CA_KIND_CA, CA_KIND_USER, CA_KIND_MACHINE, CA_KIND_VERIFIER };

/* "ca", "user", "machine", "verifier", NULL. */
extern const char *const ca_kind_names[];

/* Reasons for a revocation (RFC 5280, 5.3.1), NULL at the end. */
extern const char *const ca_reason_names[];
enum ca_reason { CA_REASON_UNSPECIFIED, CA_REASON_KEY_COMPROMISE,
    CA_REASON_AFFILIATION_CHANGED, CA_REASON_SUPERSEDED,
    CA_REASON_CESSATION_OF_OPERATION, CA_REASON_PRIVILEGE_WITHDRAWN };
/* The number that stands in the CRL. */
long ca_reason_code(enum ca_reason reason);

struct ca_entry {
	int revoked;
	char serial[2 * CA_SERIAL_BYTES + 1];	/* lower-case hex */
	enum ca_id issuer;
	enum ca_kind kind;
	int64_t not_before_s, not_after_s;
	char key[65];			/* SHA-256 of the public key */
	int64_t revoked_at_s;
	enum ca_reason reason;
	char *name;			/* printable */
};

struct ca_index {
	size_t n;
	struct ca_entry *entries;
};

#define CA_INDEX_NONE { 0, NULL }

/* Reads DIR/index. CONFIG with file and line where it is not understood. */
enum mtls_status ca_index_read(const struct ca_dir *dir,
    struct ca_index *ret, struct mtls_err *err);
/* Replaces DIR/index as a whole. */
enum mtls_status ca_index_write(const struct ca_dir *dir,
    const struct ca_index *index, struct mtls_err *err);
void ca_index_clear(struct ca_index *index);

/* Appends a copy of entry, whose name is duplicated. */
enum mtls_status ca_index_add(struct ca_index *index,
    const struct ca_entry *entry, struct mtls_err *err);

/* The entry with this serial number, or NULL; borrowed until the next add. */
struct ca_entry *ca_index_find(const struct ca_index *index,
    const char *serial);

/*
 * Whether a certificate for this name may be made with this key: CONFIG where
 * the key is certified for another name or kind, or was revoked as
 * compromised. "" is no key.
 */
enum mtls_status ca_index_check_key(const struct ca_index *index,
    const char *key, enum ca_kind kind, const char *name,
    struct mtls_err *err);

/* A serial number that is not in the index: 126 random bits, 16 bytes. */
enum mtls_status ca_index_serial(const struct ca_index *index,
    char ret[2 * CA_SERIAL_BYTES + 1], struct mtls_err *err);

#endif

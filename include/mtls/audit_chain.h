/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The chain in the audit of a verifier. Its records are numbered without a
 * gap, from 1, and each carries
 *
 *	hash = SHA-256(hash of the one before || the record)
 *
 * where the hash before the first is 32 zeros, and a record is
 * "mtls-audit-1" followed by its fields in the order of the struct below: a
 * number as 8 bytes, a text as its length in 4 bytes and its bytes, numbers
 * with the most significant byte first. Beside the records stands the number
 * and hash of the last one, so that one that was cut off the end is missed,
 * and of the last one that was dropped for its age.
 *
 * This proves that nobody changed the audit without recomputing all that
 * follows. Who can write to the database can do that too; then the hashes
 * that the verifier had told the system's log before do not fit any more.
 *
 * Pure: no database, no file, no clock.
 */
#ifndef MTLS_AUDIT_CHAIN_H
#define MTLS_AUDIT_CHAIN_H

#include <stdint.h>

#include "mtls/message.h"
#include "mtls/status.h"

#define MTLS_AUDIT_HASH_BYTES	32
#define MTLS_AUDIT_NAME_MAX	253	/* of a verifier, which is a host */

/* What is hashed. NULL texts are "". */
struct mtls_audit_record {
	const char *verifier;
	uint64_t seq, time_ms;
	const char *request, *event, *decision, *user, *host, *service;
	const char *method, *tty, *rhost, *certificate, *source, *reason;
};

/* How far a chain is known: the last record of it. */
struct mtls_audit_link {
	uint64_t seq;
	uint8_t hash[MTLS_AUDIT_HASH_BYTES];
};

/* The record as it comes from a verifier; borrows its texts. */
struct mtls_audit_record mtls_audit_record_of(
    const struct mtls_msg_admin_record *message);

/*
 * Makes record the next link; its seq has to be link's and 1. CRYPTO or
 * USAGE, with link as it was.
 */
enum mtls_status mtls_audit_chain_add(struct mtls_audit_link *link,
    const struct mtls_audit_record *record, struct mtls_err *err);

enum mtls_audit_fault {
	MTLS_AUDIT_GOOD = 1,
	MTLS_AUDIT_MISSING,	/* record *ret_seq, at least, is not there */
	MTLS_AUDIT_CHANGED,	/* record *ret_seq, or the one before it, is
				 * not as it was written */
	MTLS_AUDIT_SURPLUS	/* record *ret_seq does not belong there */
};

/*
 * Checks message, the next in the order of seq that there is, and makes it
 * the link. Starts with a link of zeros, or the one that was dropped last.
 * When the fault is not GOOD link is as it was. CRYPTO: it cannot be told.
 */
enum mtls_status mtls_audit_chain_check(struct mtls_audit_link *link,
    const struct mtls_msg_admin_record *message,
    enum mtls_audit_fault *ret_fault, uint64_t *ret_seq,
    struct mtls_err *err);

/* After the last record: whether it is the one that head says. */
enum mtls_audit_fault mtls_audit_chain_end(const struct mtls_audit_link *link,
    const struct mtls_audit_link *head, uint64_t *ret_seq);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One connection to the admin socket. Private to admin*.c.
 */
#ifndef VERIFIER_ADMIN_REQUEST_H
#define VERIFIER_ADMIN_REQUEST_H

#include <sys/types.h>

#include "mtls/audit_chain.h"
#include "mtls/identity.h"
#include "mtls/message.h"

#include "admin.h"
#include "audit.h"

struct admin_connection {
	struct admin *admin;
	struct server *server;
	struct admin_connection *next, **prev;
	int fd;
	uid_t uid;
	char source[32];		/* "uid 0" */
	struct event *readable, *writable, *follow;
	struct mtls_message request;
	int is_refused;			/* for who it is */
	int is_busy;			/* an operation is with the store */
	int is_dead;			/* the caller is gone meanwhile */
	/* What is to be sent: rows, then perhaps more rows, then DONE. */
	struct store_op op;
	size_t next_row;
	int64_t left;			/* rows that may still be sent */
	uint32_t n;
	int is_last;			/* no page follows this one */
	int is_following;		/* but there may be more later */
	struct mtls_message done;	/* DONE, or NONE while unknown */
	struct audit audit;
	struct store_binding binding;
	struct store_revocation revocation;
	struct mtls_identity id;
	int has_id;
	char sha256[65], key_sha256[65], after[65], certificate[512];
	char reason[256];
	char after_name[MTLS_AUDIT_NAME_MAX + 1];
};

/* Starts with c->request; ends, now or later, in admin_send(). */
void admin_request(struct admin_connection *c);

/* Sends what there is to send, and asks for the next page. */
void admin_send(struct admin_connection *c);

/* Ends with DONE, when the rows are sent. */
void admin_finish(struct admin_connection *c, enum mtls_status status,
    uint32_t n, const char *reason);

/* Ends without a row. */
void admin_refuse(struct admin_connection *c, enum mtls_status status,
    const char *why);

/* Gives c->op to the store; done gets it back, and c as op->arg. */
void admin_submit(struct admin_connection *c, enum store_kind kind,
    store_done_fn done);

/*
 * For a change: begins its audit record, and what is done when the store has
 * made it, or has found nothing to change.
 */
void admin_begin_audit(struct admin_connection *c, const char *event,
    const char *user);
void admin_on_changed(struct store_op *op);

/* Only the whole fingerprint, as it is printed: a part matches nothing. */
int admin_is_fingerprint(const char *text);

/* Requests that have a file of their own. */
void admin_status(struct admin_connection *c);
void admin_revoke(struct admin_connection *c);
void admin_unrevoke(struct admin_connection *c);
void admin_revocations(struct admin_connection *c);

/* Asks the store for the first, or the next, page of rows. */
void admin_more(struct admin_connection *c);

#endif

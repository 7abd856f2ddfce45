/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the verifier remembers: challenges, the audit, and who a certificate
 * was bound to. The store is a thread of its own. Event loops hand it
 * operations through a port, and get them back through their call-backs, in
 * their own loop; whatever was handed over meanwhile goes into one
 * transaction, so that one fsync serves them all, and no call-back runs
 * before its transaction is durable.
 *
 * The store does no thinking: it takes a decision, it never makes one.
 */
#ifndef VERIFIER_STORE_H
#define VERIFIER_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "mtls/body.h"
#include "mtls/conf.h"
#include "mtls/message.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

#include "store_code.h"

struct store;
struct store_port;

/* How many operations may wait; one more is UNAVAILABLE at once. */
#define STORE_QUEUE_MAX 4096

/*
 * How many challenges of one machine may be open at a time, which are there
 * until they are purged. More than one origin can have by its default rate:
 * one stranger must not take the room of all others.
 */
#define STORE_OPEN_MAX 6000

enum store_state {
	STORE_OPEN = 1,		/* waits for its proof */
	STORE_DECIDED,		/* waits for its machine */
	STORE_DELIVERED		/* spent */
};

/* A challenge. Texts in one that the store gave belong to the operation. */
struct store_challenge {
	uint8_t id[MTLS_ID_BYTES];
	uint8_t request[MTLS_ID_BYTES];
	uint8_t nonce[MTLS_NONCE_BYTES];
	char *user, *service, *host, *tty, *rhost, *ruser, *method;
	char *source;			/* the machine's address */
	char *session;			/* in: its word, or NULL */
	int64_t expires_ms;		/* CLOCK_BOOTTIME */
	enum store_state state;
	/* Once it is decided: */
	enum mtls_verdict verdict;
	char *reason, *message, *certificate;
	int64_t grant_expires_ms;	/* CLOCK_BOOTTIME */
};

struct store_decision {
	enum mtls_verdict verdict;
	const char *reason, *message, *certificate;
	int64_t grant_expires_ms;
};

/*
 * A line of the audit; see ADMIN_RECORD. NULL texts are "". The store makes
 * it the next one in the chain of this verifier (mtls/audit_chain.h).
 */
struct store_record {
	int64_t time_ms;
	const char *request, *event, *decision, *user, *host, *service;
	const char *method, *tty, *rhost, *certificate, *source, *reason;
};

struct store_binding {
	const char *user, *sha256, *subject, *issuer, *serial;
	int64_t not_after_s, bound_at_s;
	const char *key_sha256;		/* of its SubjectPublicKeyInfo */
	const uint8_t *der;		/* the certificate */
	size_t der_len;
};

/* A certificate that is bound, as it was stored. */
struct store_bound {
	char *sha256;
	uint8_t *der;
	size_t der_len;
	int is_revoked;			/* it or its key, by an administrator */
};

/* How many certificates of one user with one key are looked at. */
#define STORE_BOUND_MAX 8

/* How new the CRL of a CA is. */
struct store_floor {
	uint8_t key[32];		/* SHA-256 of the CA's SPKI */
	int has_number;
	uint8_t number[20];		/* big-endian */
	int64_t this_update_s;
};

/*
 * What an administrator has revoked: a certificate, or every certificate
 * with a key, whichever has this SHA-256 (of the DER certificate, or of its
 * SubjectPublicKeyInfo).
 */
struct store_revocation {
	const char *sha256;		/* lower-case hexadecimal */
	const char *kind;		/* "certificate" or "key" */
	const char *user, *subject, *issuer, *serial;	/* for people */
	const char *reason, *by;
	int64_t revoked_at_s;
};

/*
 * Which records: "" matches all, and until_ms 0 has no end; the newest limit
 * of those after.
 */
struct store_filter {
	const char *user, *host, *service, *decision, *event, *reason;
	int64_t since_ms, until_ms;	/* from, and before */
	int64_t after;
	int64_t limit;
};

/*
 * A token bucket of the store, with the arithmetic of throttle.h: what an
 * operation may do is decided with the buckets of all its limits at once.
 */
struct store_limit {
	const char *key;		/* which one: "user alice" */
	const char *user;		/* who can be unlocked; NULL: nobody */
	struct mtls_conf_rate rate;
	uint32_t cost;			/* tokens */
	/*
	 * Refuses where cost tokens (at least one) are not there. Without it
	 * as many as there are of them are taken, and nothing is refused.
	 */
	int refuses;
	/*
	 * What is worth no write of its own to the disk; a restart may forget
	 * it, up to STORE_CHALLENGE_PURGE.
	 */
	int is_brief;
};

#define STORE_LIMITS_MAX 8

struct store_counts {
	int64_t n_open, n_records, n_bindings, n_revoked, last_sequence;
};

/* How many rows one operation returns at most; ask again for more. */
#define STORE_ROWS_MAX 128
/* How many records one operation drops at most. */
#define STORE_DROP_MAX 500

/*
 * With limits, CHALLENGE_ADD, CHALLENGE_DECIDE, RECORD_ADD, LIMIT_TAKE,
 * CODE_ADD and CODE_TAKE first look at all of them. Where one refuses, nothing
 * is done and nothing is taken: REFUSED, limited is that one, and wait_s says
 * when to ask again. Tokens are taken together with what the operation does,
 * and not where that is refused.
 */
enum store_kind {
	/*
	 * Adds challenge. REFUSED if its machine has too many, or the id was
	 * there, or, with is_revoked, where sha256 (of the machine's
	 * certificate) or key_sha256 is revoked, or, with is_word_taken,
	 * where another open one has that session word.
	 */
	STORE_CHALLENGE_ADD,
	/*
	 * Finds challenge id and, where sha256 is not NULL, to whom that
	 * certificate was bound, and whether it, or its key_sha256 (not
	 * NULL either), was revoked. NOT_FOUND if there is no such
	 * challenge; found, bound_user and is_revoked hold what was found.
	 */
	STORE_CHALLENGE_FIND,
	/* The same for the open one with the session word session. */
	STORE_SESSION_FIND,
	/* To whom sha256 was bound, and whether it is revoked, as above. */
	STORE_PERSON_FIND,
	/*
	 * Gives an open challenge its decision and adds record, both or
	 * neither. REFUSED if it is not open (any more), NOT_FOUND; REFUSED
	 * as well, with is_revoked, if it is ALLOW and sha256 or key_sha256
	 * (as above) was revoked.
	 */
	STORE_CHALLENGE_DECIDE,
	/*
	 * Marks a decided challenge of that host as delivered; found holds
	 * it as it was. Exactly one such operation succeeds. REFUSED if it
	 * is in another state, or another machine's; found tells; NOT_FOUND,
	 * as is one that was delivered a while ago.
	 */
	STORE_CHALLENGE_DELIVER,
	/*
	 * Forgets challenges and codes that ended before now_ms, and buckets
	 * that are full at limit_now_us; writes those that were brief.
	 */
	STORE_CHALLENGE_PURGE,
	/*
	 * Adds code in place of the one for the same, and record, both or
	 * neither. REFUSED if its challenge is not open or has had its
	 * tries; with is_revoked as above.
	 */
	STORE_CODE_ADD,
	/*
	 * Tries attempt for challenge id, which host opened for user; REFUSED
	 * if it is not open, not that machine's or has had its tries. A hit
	 * takes the code away, and the tries: of many at a time one has it.
	 * What misses takes one try; and what limits say if there is a code
	 * of user that could have been guessed. A code that is good for
	 * something else is taken away as well. taken holds what came of it.
	 */
	STORE_CODE_TAKE,
	/* Takes what limits say. */
	STORE_LIMIT_TAKE,
	/*
	 * Fills n buckets of user, those of certificates that were used for
	 * that user too, and adds record; 0 and no record if all were full.
	 */
	STORE_LIMIT_CLEAR,
	/* Adds record. */
	STORE_RECORD_ADD,
	/*
	 * Rows with filter, ascending, STORE_ROWS_MAX at a time: n_rows of
	 * them in rows; first page with filter.limit > 0; afterwards with
	 * limit 0 and after set to the last sequence seen. On the last page
	 * n is a sequence up to which there is nothing else, or 0.
	 */
	STORE_RECORD_LIST,
	/*
	 * Removes the first n records of the verifier user, which is this
	 * one, as long as they are from before filter.until_ms, at most
	 * STORE_DROP_MAX, and moves the base of its chain.
	 */
	STORE_RECORD_DROP,
	/* Rows of where each verifier's chain is, by name after user. */
	STORE_HEAD_LIST,
	/* The row of the verifier user, or none. */
	STORE_HEAD_FIND,
	/*
	 * Adds binding and record, n is 1; 0 and no record where it was
	 * there; REFUSED if bound to another user. One that is there without
	 * its certificate, because an older version made it, gets that and
	 * its key, which is a change.
	 */
	STORE_BINDING_ADD,
	/* Removes n of user's bindings (sha256 "": all), and adds record. */
	STORE_BINDING_REMOVE,
	/* Rows of user ("": all) whose sha256 is greater than sha256. */
	STORE_BINDING_LIST,
	/*
	 * The certificates bound to user whose key is key_sha256: n_bound of
	 * them in bound, that which ends last first, at most
	 * STORE_BOUND_MAX. A binding without its certificate is none.
	 */
	STORE_BINDING_FIND,
	STORE_COUNT,
	/*
	 * Makes floor the floor of its CA. REFUSED if that is higher: by
	 * number where both have one, by thisUpdate otherwise and where the
	 * numbers are the same.
	 */
	STORE_FLOOR_RAISE,
	/* Forgets n floors, all of them, and adds record. */
	STORE_FLOOR_FORGET,
	/*
	 * Revokes revocation, or, where its sha256 is "", every certificate
	 * that is bound to its user; n of them that were not before, and adds
	 * record if there is one. What it leaves empty of user, subject,
	 * issuer and serial comes from the binding, where there is one.
	 */
	STORE_REVOKE,
	/* Takes the revocation of sha256 back, n is 1, and adds record. */
	STORE_UNREVOKE,
	/* Rows of what is revoked, of user ("": all), behind sha256. */
	STORE_REVOKED_LIST
};

struct store_op;
typedef void (*store_done_fn)(struct store_op *op);

/*
 * One operation. The caller fills in what its kind wants, and keeps it and
 * all it points to until done was called, exactly once, from the event loop
 * of its port or store_flush(); then it calls store_op_clear().
 */
struct store_op {
	enum store_kind kind;
	store_done_fn done;
	void *arg;
	/* In. */
	const struct store_challenge *challenge;
	const uint8_t *id;
	const char *host;
	const char *sha256, *key_sha256;
	const char *user;
	int64_t now_ms;
	const struct store_decision *decision;
	const struct store_record *record;
	const struct store_binding *binding;
	const struct store_floor *floor;
	const struct store_limit *limits;
	size_t n_limits;	/* at most STORE_LIMITS_MAX */
	int64_t limit_now_us;	/* throttle_now_us() */
	const struct store_revocation *revocation;
	const char *session;
	const struct store_code *code;
	const struct store_attempt *attempt;
	struct store_filter filter;
	/* Out. UNAVAILABLE: the store could not do it, nothing was done. */
	enum mtls_status status;
	struct mtls_err err;
	struct store_challenge found;
	char *bound_user;	/* NULL: bound to nobody */
	int is_revoked;		/* by an administrator */
	int is_word_taken;
	struct store_taken taken;
	size_t n_rows;
	struct mtls_message *rows;	/* ADMIN_RECORD, _HEAD or _BINDING */
	size_t n_bound;
	struct store_bound *bound;
	struct store_counts counts;
	int64_t n;
	const struct store_limit *limited;	/* NULL: none refused */
	int64_t wait_s;
	/* The store's own. */
	struct store_port *port;
	struct store_op *next;
};

/* Frees the texts of a challenge that the store gave, and zeroes it. */
void store_challenge_clear(struct store_challenge *challenge);

/* Frees what came out; the operation can be used again. */
void store_op_clear(struct store_op *op);

/*
 * A challenge was decided, by this process or, with a database that several
 * have in common, by another; NULL: some were, and it is not known which.
 * Whatever was found before that has been called back by then, so that who
 * waits because nothing was decided is told of it.
 */
typedef void (*store_decided_fn)(void *arg, const uint8_t *id);

/*
 * A port for the event loop base, whose thread alone may use it; decided may
 * be NULL. base may be NULL too: then only store_flush() calls anybody back.
 */
enum mtls_status store_attach(struct store *store, struct event_base *base,
    store_decided_fn decided, void *arg, struct store_port **ret,
    struct mtls_err *err);
/* Flushes and frees; NULL is a no-op. */
void store_detach(struct store_port *port);

/* Takes the operation until its done was called; never calls it itself. */
void store_submit(struct store_port *port, struct store_op *op);

/*
 * Waits until everything that was submitted through this port is done, and
 * calls its call-backs, and those that submit more again.
 */
void store_flush(struct store_port *port);

/*
 * Starts the thread. Before that, and in tests without it, nothing is done
 * but in store_flush().
 */
enum mtls_status store_start(struct store *store, struct mtls_err *err);

enum store_mode {
	STORE_SERVE,	/* the schema has to be this program's */
	STORE_MIGRATE	/* an older one is brought up to it */
};

struct store_options {
	const char *database;	/* a path, or a URL */
	const char *verifier;	/* whose audit this is, a host name */
	enum store_mode mode;
};

/*
 * Opens what the settings name. CONFIG with the reason, UNAVAILABLE. Every
 * database is one of:
 */
enum mtls_status store_open(const struct store_options *options,
    struct store **ret, struct mtls_err *err);

/* An SQLite database, in a directory that nobody else can write to; made. */
enum mtls_status store_open_sqlite(const struct store_options *options,
    struct store **ret, struct mtls_err *err);

/*
 * A PostgreSQL database. One that cannot be reached is OK unless it is to be
 * migrated: what is submitted is UNAVAILABLE until it can. Call this while
 * the process has one thread: it changes the environment.
 */
enum mtls_status store_open_postgres(const struct store_options *options,
    struct store **ret, struct mtls_err *err);

/* Whether it is a URL, which only PostgreSQL databases have. */
int store_is_url(const char *database);
/* CONFIG, without quoting any of it, if it cannot be one. */
enum mtls_status store_check_url(const char *url, int *ret_has_password,
    struct mtls_err *err);

/* Ends the thread and closes; no port is left. NULL is a no-op. */
void store_close(struct store *store);

/* How the store is doing. Times are of whole transactions. */
#define STORE_BUCKETS 8
struct store_stats {
	uint64_t n_operations, n_transactions, n_failed_transactions;
	uint64_t n_full;	/* operations that found no place */
	uint64_t transaction_us;	/* all of them together */
	uint64_t buckets[STORE_BUCKETS];	/* how many took at most ... */
	size_t n_waiting;	/* operations, now */
	int is_available;	/* the last transaction succeeded */
};
/* ... this long; what took longer is in none. */
extern const uint32_t store_bucket_us[STORE_BUCKETS];

/* May be called by every thread. */
void store_get_stats(struct store *store, struct store_stats *ret);

#endif

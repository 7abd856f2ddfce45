/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A store without a thread for cmocka tests: in an SQLite file, or in the
 * PostgreSQL database that MTLS_TEST_POSTGRESQL names, whose state it drops.
 */
#ifndef TESTS_STORE_RIG_H
#define TESTS_STORE_RIG_H

#include "mtls/audit_chain.h"
#include "scratch.h"
#include "store/store.h"

#define RIG_HOST "ws-1.acme.example"
#define RIG_VERIFIER "verifier1.acme.example"

extern struct store *rig_store;
extern struct store_port *rig_port;
extern struct mtls_err rig_err;
/* Call-backs so far: operations that are done, decisions heard of. */
extern int rig_n_done, rig_n_decided;

extern const struct store_decision rig_allowed;
extern const struct store_record rig_record;

/* The URL of the database; NULL: it is state.db in scratch. */
const char *rig_url0(void);

/* Fixtures of a test. */
int rig_set_up(void **state);
int rig_tear_down(void **state);
/* The same database, closed and opened; 0 if it could be. */
int rig_open(void);
void rig_close(void);
/* An SQLite file in scratch. */
enum mtls_status rig_try_open(const char *name, enum store_mode mode,
    struct store **ret);

void rig_on_done(struct store_op *op);
/* One operation in a transaction of its own. */
enum mtls_status rig_run(struct store_op *op, enum store_kind kind);

/* Challenges are told apart by one byte; the rest of each is the same. */
struct store_challenge rig_challenge(uint8_t id);
enum mtls_status rig_add(uint8_t id);
enum mtls_status rig_decide(uint8_t id);
enum mtls_status rig_deliver(uint8_t id, const char *host);
enum store_state rig_state_of(uint8_t id);

int64_t rig_n_records(void);
/* How many there are of these, and the sequence of the first. */
size_t rig_list(const struct store_filter *filter, int64_t *ret_first);
/* Adds up to 200 records, in many transactions. */
void rig_add_records(int n);
/* What is wrong with the whole audit, as a reader would see it. */
enum mtls_audit_fault rig_verify(uint64_t *ret_seq);

#endif

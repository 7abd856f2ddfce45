/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What is in the write-ahead log has to get into the database now and then:
 * hundreds of pages at places that are far apart, and two syncs. Commits do
 * not wait for that. A thread with a connection of its own does it, begun
 * when it is first needed; where it cannot be, or does not keep up, a commit
 * does it after all, as SQLite would by itself.
 */
#ifndef VERIFIER_STORE_SQLITE_CHECKPOINT_H
#define VERIFIER_STORE_SQLITE_CHECKPOINT_H

#include <stdint.h>

#include <sqlite3.h>

#include "mtls/status.h"

struct store_sqlite_checkpoint;

/*
 * Takes the place of SQLite's own checkpoints of db, which is open on path
 * and has a busy timeout: a connection that reads the head of the log while
 * it is being written holds the lock of writers for a moment. MEMORY.
 */
enum mtls_status store_sqlite_checkpoint_new(sqlite3 *db, const char *path,
    struct store_sqlite_checkpoint **ret, struct mtls_err *err);

/* Before db is closed. NULL is a no-op. */
void store_sqlite_checkpoint_free(struct store_sqlite_checkpoint *c);

/* How many the thread has made, and whether it has nothing to do; for tests. */
uint64_t store_sqlite_checkpoint_count(struct store_sqlite_checkpoint *c,
    int *ret_is_idle);

#endif

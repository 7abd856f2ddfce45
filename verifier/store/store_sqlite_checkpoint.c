/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Passive checkpoints, which wait for nobody and make nobody wait. What was
 * committed meanwhile is still in the log afterwards, and the log begins
 * again at its start only when nothing is left in it: so there are a few in
 * turn, each with less to do.
 */
#include "config.h"

#include "store_sqlite_checkpoint.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Pages in the log: the thread begins, or the commit does it itself. */
#define PAGES_THREAD	1000
#define PAGES_COMMIT	8000
#define TURNS_MAX	16

struct store_sqlite_checkpoint {
	sqlite3 *db;			/* whose commits it watches */
	char *path;
	/* The store's thread alone: */
	int is_begun, has_thread;
	pthread_t thread;
	/* Under the lock: */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int is_wanted, is_working, is_ending;
	uint64_t n_done;
};

/* As many turns as it takes, or as make sense. */
static void
checkpoint(sqlite3 *db)
{
	int n_log = -1, n_done = -1;

	for (int i = 0; i < TURNS_MAX; i++) {
		if (sqlite3_wal_checkpoint_v2(db, "main",
		    SQLITE_CHECKPOINT_PASSIVE, &n_log, &n_done) !=
		    SQLITE_OK || n_done >= n_log)
			return;
	}
}

/* 0 when it is to end. */
static int
wait_for_work(struct store_sqlite_checkpoint *c)
{
	int goes_on;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->is_wanted && !c->is_ending)
		(void)pthread_cond_wait(&c->changed, &c->lock);
	goes_on = !c->is_ending;
	/* Whatever is committed from now on may want another one. */
	c->is_wanted = 0;
	c->is_working = 1;
	(void)pthread_mutex_unlock(&c->lock);
	return goes_on;
}

static void *
thread_main(void *arg)
{
	struct store_sqlite_checkpoint *c = arg;
	sqlite3 *db = NULL;
	int is_open;

	is_open = sqlite3_open_v2(c->path, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, "PRAGMA synchronous = FULL;", NULL, NULL,
	    NULL) == SQLITE_OK;
	while (wait_for_work(c)) {
		if (is_open)
			checkpoint(db);
		(void)pthread_mutex_lock(&c->lock);
		c->is_working = 0;
		c->n_done += is_open ? 1 : 0;
		(void)pthread_mutex_unlock(&c->lock);
	}
	(void)sqlite3_close(db);
	return NULL;
}

/* Signals are for the thread that has an event loop. */
static int
begin(struct store_sqlite_checkpoint *c)
{
	sigset_t all, before;
	int error;

	(void)sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return 0;
	error = pthread_create(&c->thread, NULL, thread_main, c);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}

/* SQLite calls this after each commit that has written to the log. */
static int
on_commit(void *arg, sqlite3 *db, const char *name, int n_pages)
{
	struct store_sqlite_checkpoint *c = arg;

	(void)name;
	if (n_pages < PAGES_THREAD)
		return SQLITE_OK;
	if (!c->is_begun) {
		c->is_begun = 1;
		c->has_thread = begin(c);
	}
	if (n_pages >= PAGES_COMMIT || !c->has_thread) {
		/* What fails now is tried again with the next commit. */
		(void)sqlite3_wal_checkpoint_v2(db, "main",
		    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		return SQLITE_OK;
	}
	(void)pthread_mutex_lock(&c->lock);
	c->is_wanted = 1;
	(void)pthread_cond_signal(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	return SQLITE_OK;
}

enum mtls_status
store_sqlite_checkpoint_new(sqlite3 *db, const char *path,
    struct store_sqlite_checkpoint **ret, struct mtls_err *err)
{
	struct store_sqlite_checkpoint *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->path = strdup(path)) == NULL) {
		free(c);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	c->db = db;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->changed, NULL);
	(void)sqlite3_wal_hook(db, on_commit, c);
	*ret = c;
	return MTLS_OK;
}

void
store_sqlite_checkpoint_free(struct store_sqlite_checkpoint *c)
{
	if (c == NULL)
		return;
	(void)sqlite3_wal_hook(c->db, NULL, NULL);
	if (c->has_thread) {
		(void)pthread_mutex_lock(&c->lock);
		c->is_ending = 1;
		(void)pthread_cond_signal(&c->changed);
		(void)pthread_mutex_unlock(&c->lock);
		(void)pthread_join(c->thread, NULL);
	}
	(void)pthread_mutex_destroy(&c->lock);
	(void)pthread_cond_destroy(&c->changed);
	free(c->path);
	free(c);
}

uint64_t
store_sqlite_checkpoint_count(struct store_sqlite_checkpoint *c,
    int *ret_is_idle)
{
	uint64_t n;

	(void)pthread_mutex_lock(&c->lock);
	n = c->n_done;
	*ret_is_idle = !c->is_wanted && !c->is_working;
	(void)pthread_mutex_unlock(&c->lock);
	return n;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Between the store and its engines, of which it has one.
 */
#ifndef VERIFIER_STORE_BACKEND_H
#define VERIFIER_STORE_BACKEND_H

#include "store.h"

struct pollfd;

/* What a kind of store has to provide; all in the store's thread. */
struct store_backend {
	/*
	 * These operations, in this order, in one transaction, which is
	 * durable when this returns OK; each has its status. Otherwise
	 * nothing has happened, or it is not known what: UNAVAILABLE.
	 */
	enum mtls_status (*run)(void *self, struct store_op *first,
	    struct mtls_err *err);
	/*
	 * What to wait for between two runs, and for how many milliseconds
	 * (-1: for ever); ret->fd is -1 where there is nothing. May be NULL.
	 */
	int (*watch)(void *self, struct pollfd *ret);
	/* After that, and before each run. May be NULL. */
	void (*idle)(void *self, struct store *store);
	void (*close)(void *self);
};

/* CONFIG: the database has another schema, and what to do about it. */
enum mtls_status store_schema_fault(int version, int wanted,
    struct mtls_err *err);

/* From idle(): as store_decided_fn says, to every port. */
void store_decided(struct store *store, const uint8_t *id);

/* Takes self, also where it fails. */
enum mtls_status store_new(const struct store_backend *backend, void *self,
    struct store **ret, struct mtls_err *err);

#endif

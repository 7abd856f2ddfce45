/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The queue in front of a store: group commit, and call-backs only after it.
 */
#include "config.h"

#include "store.h"

#include <stdlib.h>
#include <string.h>

struct store {
	const struct store_backend *backend;
	void *self;
	struct event *flush;		/* NULL without a loop */
	struct store_op *first, **last;
};

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	store_flush(arg);
}

enum mtls_status
store_new(struct event_base *base, const struct store_backend *backend,
    void *self, struct store **ret, struct mtls_err *err)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store != NULL && base != NULL)
		store->flush = event_new(base, -1, 0, on_flush, store);
	if (store == NULL || (base != NULL && store->flush == NULL)) {
		free(store);
		backend->close(self);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	store->backend = backend;
	store->self = self;
	store->last = &store->first;
	*ret = store;
	return MTLS_OK;
}

void
store_submit(struct store *store, struct store_op *op)
{
	mtls_err_clear(&op->err);
	op->status = MTLS_E_UNAVAILABLE;
	op->next = NULL;
	*store->last = op;
	store->last = &op->next;
	/* After all events of now: what they submit shares a transaction. */
	if (store->flush != NULL)
		event_active(store->flush, EV_TIMEOUT, 0);
}

/* OK if all of them were run and are durable. */
static enum mtls_status
run_all(struct store *store, struct store_op *first, struct mtls_err *err)
{
	const struct store_backend *b = store->backend;
	enum mtls_status status;

	status = b->begin(store->self, err);
	if (status != MTLS_OK)
		return status;
	for (struct store_op *op = first; op != NULL; op = op->next) {
		op->status = b->run(store->self, op, &op->err);
		if (op->status == MTLS_E_UNAVAILABLE) {
			status = mtls_fail(err, MTLS_E_UNAVAILABLE, "%s",
			    op->err.text);
			break;
		}
	}
	if (status == MTLS_OK)
		status = b->commit(store->self, err);
	if (status != MTLS_OK)
		b->rollback(store->self);
	return status;
}

void
store_flush(struct store *store)
{
	struct store_op *op, *next = store->first;
	struct mtls_err err;
	enum mtls_status status;

	if (next == NULL)
		return;
	/* What call-backs submit goes into the next transaction. */
	store->first = NULL;
	store->last = &store->first;
	mtls_err_clear(&err);
	status = run_all(store, next, &err);
	while ((op = next) != NULL) {
		next = op->next;
		op->next = NULL;
		if (status != MTLS_OK) {
			/* Whatever it found or did has not happened. */
			store_op_clear(op);
			op->status = mtls_fail(&op->err, MTLS_E_UNAVAILABLE,
			    "%s", err.text);
		}
		op->done(op);
	}
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	while (store->first != NULL)
		store_flush(store);
	if (store->flush != NULL)
		event_free(store->flush);
	store->backend->close(store->self);
	free(store);
}

void
store_challenge_clear(struct store_challenge *c)
{
	char *texts[] = {
		c->user, c->service, c->host, c->tty, c->rhost, c->ruser,
		c->method, c->source, c->reason, c->message, c->certificate,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
	memset(c, 0, sizeof(*c));
}

void
store_op_clear(struct store_op *op)
{
	store_challenge_clear(&op->found);
	free(op->bound_user);
	op->bound_user = NULL;
	for (size_t i = 0; i < op->n_rows; i++)
		mtls_message_clear(&op->rows[i]);
	free(op->rows);
	op->rows = NULL;
	op->n_rows = 0;
	op->n = 0;
	memset(&op->counts, 0, sizeof(op->counts));
	op->status = MTLS_E_UNAVAILABLE;
	mtls_err_clear(&op->err);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What operations own, and its end.
 */
#include "config.h"

#include "store.h"

#include <stdlib.h>
#include <string.h>

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

static void
taken_clear(struct store_taken *t)
{
	free(t->der);
	free(t->source);
	free(t->user);
	free(t->service);
	free(t->host);
	memset(t, 0, sizeof(*t));
}

void
store_op_clear(struct store_op *op)
{
	store_challenge_clear(&op->found);
	free(op->bound_user);
	op->bound_user = NULL;
	op->is_revoked = op->is_word_taken = 0;
	taken_clear(&op->taken);
	for (size_t i = 0; i < op->n_rows; i++)
		mtls_message_clear(&op->rows[i]);
	free(op->rows);
	op->rows = NULL;
	op->n_rows = 0;
	for (size_t i = 0; i < op->n_bound; i++) {
		free(op->bound[i].sha256);
		free(op->bound[i].der);
	}
	free(op->bound);
	op->bound = NULL;
	op->n_bound = 0;
	op->n = 0;
	op->limited = NULL;
	op->wait_s = 0;
	memset(&op->counts, 0, sizeof(op->counts));
	op->status = MTLS_E_UNAVAILABLE;
	mtls_err_clear(&op->err);
}

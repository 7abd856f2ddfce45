/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes in PostgreSQL. What is done, and in which order, is in postgres_3.sql.
 */
#include "config.h"

#include "store_postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

static void
call_add(struct postgres_call *c, const struct store_op *op,
    const char *verifier, int64_t now_ms)
{
	const struct store_code *code = op->code;
	const char *const texts[] = {
		code->user, code->service, code->host, code->source
	};

	c->statement = PG_CODE_ADD;
	postgres_add_bytes(c, code->key.slot, sizeof(code->key.slot));
	postgres_add_bytes(c, code->key.mac, sizeof(code->key.mac));
	postgres_add_bytes(c, code->mark, sizeof(code->mark));
	postgres_add_bytes(c, code->challenge,
	    code->challenge == NULL ? 0 : MTLS_ID_BYTES);
	postgres_add_texts(c, texts, sizeof(texts) / sizeof(texts[0]));
	postgres_add_bytes(c, code->der, code->der_len);
	postgres_add_number(c, code->expires_ms - now_ms);
	postgres_add_hashes(c, op);
	postgres_add_record(c, op->record, verifier);
	postgres_add_limits(c, op);
}

static void
call_take(struct postgres_call *c, const struct store_op *op)
{
	const struct store_attempt *a = op->attempt;

	c->statement = PG_CODE_TAKE;
	postgres_add_bytes(c, op->id, MTLS_ID_BYTES);
	postgres_add_text(c, op->host);
	postgres_add_text(c, op->user);
	postgres_add_bytes(c, a->session.slot, sizeof(a->session.slot));
	postgres_add_bytes(c, a->session.mac, sizeof(a->session.mac));
	postgres_add_bytes(c, a->minted.slot, sizeof(a->minted.slot));
	postgres_add_bytes(c, a->minted.mac, sizeof(a->minted.mac));
	postgres_add_bytes(c, a->mark, sizeof(a->mark));
	postgres_add_limits(c, op);
}

void
postgres_call_code(struct postgres_call *c, const struct store_op *op,
    const char *verifier, int64_t now_ms)
{
	if (op->kind == STORE_CODE_ADD)
		call_add(c, op, verifier, now_ms);
	else
		call_take(c, op);
}

static enum mtls_status
take_hit(const PGresult *rows, struct store_taken *t, struct mtls_err *err)
{
	size_t len = strlen(PQgetvalue(rows, 0, 3));

	if (len <= 2 || len % 2 != 0)
		return postgres_malformed(err);
	t->der_len = len / 2 - 1;
	t->der = malloc(t->der_len);
	if (t->der == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	if (postgres_take_bytes(rows, 0, 3, t->der, t->der_len, err) !=
	    MTLS_OK)
		return err->status;
	return postgres_take_text(rows, 0, 4, &t->source, err);
}

static enum mtls_status
take_other(const PGresult *rows, struct store_taken *t, struct mtls_err *err)
{
	enum mtls_status status;

	if (PQgetisnull(rows, 0, 5))
		return MTLS_OK;
	status = postgres_take_text(rows, 0, 5, &t->user, err);
	if (status == MTLS_OK)
		status = postgres_take_text(rows, 0, 6, &t->service, err);
	return status == MTLS_OK ?
	    postgres_take_text(rows, 0, 7, &t->host, err) : status;
}

enum mtls_status
postgres_take_code(const PGresult *rows, struct store_op *op,
    struct mtls_err *err)
{
	struct store_taken *t = &op->taken;
	enum mtls_status status;
	int64_t n = -1;

	if (PQntuples(rows) != 1)
		return postgres_malformed(err);
	status = postgres_take_number(rows, 0, 0, &n, err);
	if (status == MTLS_OK)
		status = postgres_take_number(rows, 0, 2, &t->tries, err);
	if (status != MTLS_OK)
		return status;
	if (n <= -10)
		return postgres_take_refusal(rows, op, n, err);
	if (n < 0 || n > 2)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the challenge is not in that state");
	if (n == 0)
		return take_other(rows, t, err);
	status = take_hit(rows, t, err);
	if (status == MTLS_OK)
		t->hit = n == 1 ? STORE_HIT_SESSION : STORE_HIT_MINTED;
	return status;
}

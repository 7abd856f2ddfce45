/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What operations that list something get back from PostgreSQL.
 */
#include "config.h"

#include "store_postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/audit_chain.h"

static enum mtls_status
take_hash(const PGresult *rows, int row, int at, struct mtls_bytes *ret,
    struct mtls_err *err)
{
	uint8_t hash[MTLS_AUDIT_HASH_BYTES];
	enum mtls_status status = postgres_take_bytes(rows, row, at, hash,
	    sizeof(hash), err);

	if (status == MTLS_OK && mtls_bytes_dup(ret, hash, sizeof(hash),
	    NULL) != MTLS_OK)
		status = mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	return status;
}

static enum mtls_status
take_unsigned(const PGresult *rows, int row, int at, uint64_t *ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	int64_t number = 0;

	status = postgres_take_number(rows, row, at, &number, err);
	if (status == MTLS_OK && number < 0)
		status = postgres_malformed(err);
	if (status == MTLS_OK)
		*ret = (uint64_t)number;
	return status;
}

struct text_column {
	int at;
	char **text;
};

static enum mtls_status
take_texts(const PGresult *rows, int row, const struct text_column *columns,
    size_t n, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK && i < n; i++)
		status = postgres_take_text(rows, row, columns[i].at,
		    columns[i].text, err);
	return status;
}

static enum mtls_status
take_record(const PGresult *rows, int row, struct mtls_message *m,
    struct mtls_err *err)
{
	struct mtls_msg_admin_record *r = &m->u.admin_record;
	const struct text_column columns[] = {
		{ 2, &r->request }, { 3, &r->event }, { 4, &r->decision },
		{ 5, &r->user }, { 6, &r->host }, { 7, &r->service },
		{ 8, &r->method }, { 9, &r->tty }, { 10, &r->rhost },
		{ 11, &r->certificate }, { 12, &r->source },
		{ 13, &r->reason }, { 14, &r->verifier },
	};
	enum mtls_status status;

	m->type = MTLS_MSG_ADMIN_RECORD;
	status = take_unsigned(rows, row, 0, &r->sequence, err);
	if (status == MTLS_OK)
		status = take_unsigned(rows, row, 1, &r->time_ms, err);
	if (status == MTLS_OK)
		status = take_unsigned(rows, row, 15, &r->seq, err);
	if (status == MTLS_OK)
		status = take_hash(rows, row, 16, &r->hash, err);
	return status != MTLS_OK ? status : take_texts(rows, row, columns,
	    sizeof(columns) / sizeof(columns[0]), err);
}

static enum mtls_status
take_head(const PGresult *rows, int row, struct mtls_message *m,
    struct mtls_err *err)
{
	struct mtls_msg_admin_head *h = &m->u.admin_head;
	enum mtls_status status;

	m->type = MTLS_MSG_ADMIN_HEAD;
	status = postgres_take_text(rows, row, 0, &h->verifier, err);
	if (status == MTLS_OK)
		status = take_unsigned(rows, row, 1, &h->seq, err);
	if (status == MTLS_OK)
		status = take_hash(rows, row, 2, &h->hash, err);
	if (status == MTLS_OK)
		status = take_unsigned(rows, row, 3, &h->base_seq, err);
	if (status == MTLS_OK)
		status = take_hash(rows, row, 4, &h->base_hash, err);
	return status;
}

static enum mtls_status
take_binding(const PGresult *rows, int row, struct mtls_message *m,
    struct mtls_err *err)
{
	struct mtls_msg_admin_binding *b = &m->u.admin_binding;
	const struct text_column columns[] = {
		{ 0, &b->user }, { 1, &b->sha256 }, { 2, &b->subject },
		{ 3, &b->issuer }, { 4, &b->serial }, { 7, &b->key_sha256 },
	};
	enum mtls_status status;

	m->type = MTLS_MSG_ADMIN_BINDING;
	status = take_unsigned(rows, row, 5, &b->not_after_s, err);
	if (status == MTLS_OK)
		status = take_unsigned(rows, row, 6, &b->bound_at_s, err);
	return status != MTLS_OK ? status : take_texts(rows, row, columns,
	    sizeof(columns) / sizeof(columns[0]), err);
}

static enum mtls_status
take_revoked(const PGresult *rows, int row, struct mtls_message *m,
    struct mtls_err *err)
{
	struct mtls_msg_admin_revoked *r = &m->u.admin_revoked;
	const struct text_column columns[] = {
		{ 0, &r->sha256 }, { 1, &r->kind }, { 2, &r->user },
		{ 3, &r->subject }, { 4, &r->issuer }, { 5, &r->serial },
		{ 6, &r->reason }, { 7, &r->by },
	};
	enum mtls_status status;

	m->type = MTLS_MSG_ADMIN_REVOKED;
	status = take_unsigned(rows, row, 8, &r->revoked_at_s, err);
	return status != MTLS_OK ? status : take_texts(rows, row, columns,
	    sizeof(columns) / sizeof(columns[0]), err);
}

static enum mtls_status
take_messages(const PGresult *rows, struct store_op *op,
    enum mtls_status (*take)(const PGresult *rows, int row,
    struct mtls_message *m, struct mtls_err *err), struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int n = PQntuples(rows);

	if (n > STORE_ROWS_MAX)
		return postgres_malformed(err);
	op->rows = calloc(STORE_ROWS_MAX, sizeof(*op->rows));
	if (op->rows == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	for (int i = 0; status == MTLS_OK && i < n; i++)
		status = take(rows, i, &op->rows[op->n_rows++], err);
	return status;
}

/* Without a record there is one row, which says only where the end is. */
static enum mtls_status
take_records(const PGresult *rows, struct store_op *op, struct mtls_err *err)
{
	enum mtls_status status;
	int64_t last = 0;

	if (PQntuples(rows) == 0)
		return postgres_malformed(err);
	status = postgres_take_number(rows, 0, 17, &last, err);
	if (status == MTLS_OK && !PQgetisnull(rows, 0, 0))
		status = take_messages(rows, op, take_record, err);
	if (status == MTLS_OK && op->n_rows < STORE_ROWS_MAX)
		op->n = last;
	return status;
}

static enum mtls_status
take_der(const PGresult *rows, int row, struct store_bound *b,
    struct mtls_err *err)
{
	size_t len = strlen(PQgetvalue(rows, row, 1)) / 2;

	/* Two digits for each byte, behind \x. */
	if (len < 2)
		return postgres_malformed(err);
	b->der_len = len - 1;
	b->der = malloc(b->der_len);
	if (b->der == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	return postgres_take_bytes(rows, row, 1, b->der, b->der_len, err);
}

static enum mtls_status
take_bound(const PGresult *rows, struct store_op *op, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	struct store_bound *b;
	int n = PQntuples(rows);

	if (n > STORE_BOUND_MAX)
		return postgres_malformed(err);
	op->bound = calloc(STORE_BOUND_MAX, sizeof(*op->bound));
	if (op->bound == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	for (int i = 0; status == MTLS_OK && i < n; i++) {
		b = &op->bound[op->n_bound++];
		status = postgres_take_text(rows, i, 0, &b->sha256, err);
		if (status == MTLS_OK)
			status = take_der(rows, i, b, err);
		b->is_revoked = strcmp(PQgetvalue(rows, i, 2), "f") != 0;
	}
	return status;
}

enum mtls_status
postgres_take_rows(const PGresult *rows, struct store_op *op,
    struct mtls_err *err)
{
	if (op->kind == STORE_RECORD_LIST)
		return take_records(rows, op, err);
	if (op->kind == STORE_BINDING_FIND)
		return take_bound(rows, op, err);
	if (op->kind == STORE_BINDING_LIST)
		return take_messages(rows, op, take_binding, err);
	if (op->kind == STORE_REVOKED_LIST)
		return take_messages(rows, op, take_revoked, err);
	return take_messages(rows, op, take_head, err);
}

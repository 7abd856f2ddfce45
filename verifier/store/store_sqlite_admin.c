/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What an administrator does in SQLite: bindings, and how much there is.
 */
#include "config.h"

#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>

static enum mtls_status
take_binding(sqlite3_stmt *st, struct mtls_message *m, struct mtls_err *err)
{
	struct mtls_msg_admin_binding *b = &m->u.admin_binding;
	const struct store_sqlite_column columns[] = {
		{ 0, &b->user }, { 1, &b->sha256 }, { 2, &b->subject },
		{ 3, &b->issuer }, { 4, &b->serial }, { 7, &b->key_sha256 },
	};

	m->type = MTLS_MSG_ADMIN_BINDING;
	b->not_after_s = (uint64_t)sqlite3_column_int64(st, 5);
	b->bound_at_s = (uint64_t)sqlite3_column_int64(st, 6);
	return store_sqlite_columns(st, columns,
	    sizeof(columns) / sizeof(columns[0]), err);
}

enum mtls_status
store_sqlite_count(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_COUNT_ALL);

	if (sqlite3_step(st) != SQLITE_ROW)
		return store_sqlite_fail(s, st, err);
	op->counts.n_open = sqlite3_column_int64(st, 0);
	op->counts.n_records = sqlite3_column_int64(st, 1);
	op->counts.n_bindings = sqlite3_column_int64(st, 2);
	op->counts.last_sequence = sqlite3_column_int64(st, 3);
	op->counts.n_revoked = sqlite3_column_int64(st, 4);
	store_sqlite_end(st);
	return MTLS_OK;
}

/* It was there: nothing to do, or somebody else's. */
static enum mtls_status
check_same_user(struct store_sqlite *s, const struct store_binding *b,
    struct mtls_err *err)
{
	enum mtls_status status;
	char *user = NULL;

	status = store_sqlite_find_bound(s, b->sha256, &user, err);
	if (status == MTLS_OK && (user == NULL || strcmp(user, b->user) != 0))
		status = mtls_fail(err, MTLS_E_REFUSED,
		    "the certificate is bound to another user");
	free(user);
	return status;
}

static enum mtls_status
add_binding(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_BINDING_ADD);
	const struct store_binding *b = op->binding;
	enum mtls_status status;
	int n;

	store_sqlite_bind_text(st, 1, b->sha256);
	store_sqlite_bind_text(st, 2, b->user);
	store_sqlite_bind_text(st, 3, b->subject);
	store_sqlite_bind_text(st, 4, b->issuer);
	store_sqlite_bind_text(st, 5, b->serial);
	(void)sqlite3_bind_int64(st, 6, b->not_after_s);
	(void)sqlite3_bind_int64(st, 7, b->bound_at_s);
	store_sqlite_bind_text(st, 8, b->key_sha256);
	/* Not NULL, where there is none. */
	(void)sqlite3_bind_blob(st, 9, b->der_len == 0 ? "" :
	    (const char *)b->der, (int)b->der_len, SQLITE_STATIC);
	status = store_sqlite_step(s, st, &n, err);
	if (status != MTLS_OK)
		return status;
	op->n = n;
	return n == 0 ? check_same_user(s, b, err) :
	    store_sqlite_record(s, op->record, err);
}

static enum mtls_status
remove_bindings(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_BINDING_REMOVE);
	enum mtls_status status;
	int n;

	store_sqlite_bind_text(st, 1, op->user);
	store_sqlite_bind_text(st, 2, op->sha256);
	status = store_sqlite_step(s, st, &n, err);
	if (status != MTLS_OK)
		return status;
	op->n = n;
	return n == 0 ? MTLS_OK : store_sqlite_record(s, op->record, err);
}

static enum mtls_status
take_bound(sqlite3_stmt *st, struct store_bound *b, struct mtls_err *err)
{
	enum mtls_status status = store_sqlite_text(st, 0, &b->sha256, err);
	int len = sqlite3_column_bytes(st, 1);

	if (status != MTLS_OK)
		return status;
	b->is_revoked = sqlite3_column_int(st, 2) != 0;
	b->der = len <= 0 ? NULL : malloc((size_t)len);
	if (b->der == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	b->der_len = (size_t)len;
	return store_sqlite_bytes(st, 1, b->der, b->der_len, err);
}

static enum mtls_status
find_bound(struct store_sqlite *s, struct store_op *op, struct mtls_err *err)
{
	sqlite3_stmt *st = store_sqlite_begin(s, SQL_BINDING_OF_KEY);
	enum mtls_status status = MTLS_OK;
	int step = SQLITE_ROW;

	op->bound = calloc(STORE_BOUND_MAX, sizeof(*op->bound));
	if (op->bound == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	store_sqlite_bind_text(st, 1, op->user);
	store_sqlite_bind_text(st, 2, op->key_sha256);
	(void)sqlite3_bind_int(st, 3, STORE_BOUND_MAX);
	while (status == MTLS_OK && op->n_bound < STORE_BOUND_MAX &&
	    (step = sqlite3_step(st)) == SQLITE_ROW)
		status = take_bound(st, &op->bound[op->n_bound++], err);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return store_sqlite_fail(s, st, err);
	store_sqlite_end(st);
	return status;
}

enum mtls_status
store_sqlite_binding(struct store_sqlite *s, struct store_op *op,
    struct mtls_err *err)
{
	sqlite3_stmt *st;

	if (op->kind == STORE_BINDING_ADD)
		return add_binding(s, op, err);
	if (op->kind == STORE_BINDING_REMOVE)
		return remove_bindings(s, op, err);
	if (op->kind == STORE_BINDING_FIND)
		return find_bound(s, op, err);
	st = store_sqlite_begin(s, SQL_BINDING_LIST);
	store_sqlite_bind_text(st, 1, op->sha256);
	store_sqlite_bind_text(st, 2, op->user);
	(void)sqlite3_bind_int(st, 3, STORE_ROWS_MAX);
	return store_sqlite_rows(s, st, op, take_binding, err);
}

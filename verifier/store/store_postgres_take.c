/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What operations get back from PostgreSQL. A row that is not as it was
 * written is no answer.
 */
#include "config.h"

#include "store_postgres.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/audit_chain.h"
#include "mtls/text.h"

enum mtls_status
postgres_malformed(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_UNAVAILABLE,
	    "database: a row is malformed");
}

enum mtls_status
postgres_take_text(const PGresult *rows, int row, int at, char **ret,
    struct mtls_err *err)
{
	char *copy = strdup(PQgetvalue(rows, row, at));

	if (copy == NULL)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "out of memory");
	*ret = copy;
	return MTLS_OK;
}

enum mtls_status
postgres_take_number(const PGresult *rows, int row, int at, int64_t *ret,
    struct mtls_err *err)
{
	const char *text = PQgetvalue(rows, row, at);
	long long number;
	char *end;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return postgres_malformed(err);
	*ret = number;
	return MTLS_OK;
}

enum mtls_status
postgres_take_bytes(const PGresult *rows, int row, int at, uint8_t *ret,
    size_t len, struct mtls_err *err)
{
	const char *text = PQgetvalue(rows, row, at);

	if (strncmp(text, "\\x", 2) != 0 ||
	    mtls_hex_decode(ret, len, text + 2) != 0)
		return postgres_malformed(err);
	return MTLS_OK;
}

static enum mtls_status
take_challenge_texts(const PGresult *rows, struct store_challenge *c,
    struct mtls_err *err)
{
	const struct {
		int at;
		char **text;
	} texts[] = {
		{ 5, &c->user }, { 6, &c->service }, { 7, &c->host },
		{ 8, &c->tty }, { 9, &c->rhost }, { 10, &c->ruser },
		{ 11, &c->method }, { 12, &c->source }, { 16, &c->reason },
		{ 17, &c->message }, { 18, &c->certificate },
	};
	enum mtls_status status = MTLS_OK;

	for (size_t i = 0; status == MTLS_OK &&
	    i < sizeof(texts) / sizeof(texts[0]); i++)
		status = postgres_take_text(rows, 0, texts[i].at,
		    texts[i].text, err);
	return status;
}

static enum mtls_status
take_challenge(const PGresult *rows, struct store_challenge *c,
    int64_t now_ms, struct mtls_err *err)
{
	int64_t left_ms = 0, state = 0, verdict = -1, grant_left_ms = 0;
	enum mtls_status status;

	status = postgres_take_bytes(rows, 0, 2, c->id, sizeof(c->id), err);
	if (status == MTLS_OK)
		status = postgres_take_bytes(rows, 0, 3, c->request,
		    sizeof(c->request), err);
	if (status == MTLS_OK)
		status = postgres_take_bytes(rows, 0, 4, c->nonce,
		    sizeof(c->nonce), err);
	if (status == MTLS_OK)
		status = take_challenge_texts(rows, c, err);
	if (status == MTLS_OK)
		status = postgres_take_number(rows, 0, 13, &left_ms, err);
	if (status == MTLS_OK)
		status = postgres_take_number(rows, 0, 14, &state, err);
	if (status == MTLS_OK)
		status = postgres_take_number(rows, 0, 15, &verdict, err);
	if (status == MTLS_OK)
		status = postgres_take_number(rows, 0, 19, &grant_left_ms, err);
	if (status != MTLS_OK)
		return status;
	if (state < STORE_OPEN || state > STORE_DELIVERED || verdict < 0 ||
	    verdict > (int)MTLS_VERDICT_ALLOW)
		return postgres_malformed(err);
	c->state = (enum store_state)state;
	c->verdict = (enum mtls_verdict)verdict;
	c->expires_ms = now_ms + left_ms;
	c->grant_expires_ms = now_ms + grant_left_ms;
	return MTLS_OK;
}

static enum mtls_status
not_found(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_NOT_FOUND, "there is no such challenge");
}

/* To whom the certificate is bound, and whether it is revoked. */
static enum mtls_status
take_person(const PGresult *rows, struct store_op *op, int bound,
    int revoked, struct mtls_err *err)
{
	if (op->sha256 == NULL)
		return MTLS_OK;
	if (PQntuples(rows) != 1)
		return postgres_malformed(err);
	op->is_revoked = strcmp(PQgetvalue(rows, 0, revoked), "f") != 0;
	return PQgetisnull(rows, 0, bound) ? MTLS_OK :
	    postgres_take_text(rows, 0, bound, &op->bound_user, err);
}

/* FIND and DELIVER: whether it was done, to whom it is bound, the row. */
static enum mtls_status
take_found(const PGresult *rows, struct store_op *op, int64_t now_ms,
    struct mtls_err *err)
{
	enum mtls_status status;
	int64_t is_done = 0;

	if (PQntuples(rows) == 0)
		return not_found(err);
	status = take_challenge(rows, &op->found, now_ms, err);
	if (status == MTLS_OK)
		status = postgres_take_number(rows, 0, 0, &is_done, err);
	if (status == MTLS_OK && op->kind != STORE_CHALLENGE_DELIVER)
		return take_person(rows, op, 1, 20, err);
	if (status != MTLS_OK)
		return status;
	if (is_done != 1)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the challenge is not in that state");
	/* As it was before this operation. */
	op->found.state = STORE_DECIDED;
	return MTLS_OK;
}

enum mtls_status
postgres_take_refusal(const PGresult *rows, struct store_op *op, int64_t n,
    struct mtls_err *err)
{
	int64_t wait_us = 0, number = -10 - n;
	enum mtls_status status;

	status = postgres_take_number(rows, 0, 1, &wait_us, err);
	if (status != MTLS_OK)
		return status;
	if (number < 1 || (uint64_t)number > op->n_limits)
		return postgres_malformed(err);
	op->limited = &op->limits[number - 1];
	op->wait_s = wait_us / 1000000 + 1;
	return mtls_fail(err, MTLS_E_REFUSED, "too many: %s",
	    op->limited->key);
}

/* Why a function did not do what the operation wants. */
static enum mtls_status
refusal(const struct store_op *op, int64_t n, struct mtls_err *err)
{
	if (op->is_revoked)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the certificate was revoked here");
	if (op->kind == STORE_CHALLENGE_DECIDE && n == -1)
		return not_found(err);
	if (op->kind == STORE_CHALLENGE_DECIDE)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the challenge is not in that state");
	if (op->is_word_taken)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the session word is in use");
	if (op->kind == STORE_CHALLENGE_ADD)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "too many open challenges");
	if (op->kind == STORE_CODE_ADD)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "the challenge is not in that state");
	if (op->kind == STORE_FLOOR_RAISE)
		return mtls_fail(err, MTLS_E_REFUSED,
		    "a newer one was in use before");
	return mtls_fail(err, MTLS_E_REFUSED,
	    "the certificate is bound to another user");
}

/* Those whose n is a number of rows, which may be 0. */
static int
is_counting(enum store_kind kind)
{
	return kind == STORE_BINDING_ADD || kind == STORE_BINDING_REMOVE ||
	    kind == STORE_LIMIT_CLEAR || kind == STORE_FLOOR_FORGET ||
	    kind == STORE_REVOKE || kind == STORE_UNREVOKE ||
	    kind == STORE_RECORD_DROP;
}

/* What a function of the schema returned. */
static enum mtls_status
take_answer(const PGresult *rows, struct store_op *op, struct mtls_err *err)
{
	enum mtls_status status;
	int64_t n = 0;

	if (PQntuples(rows) != 1)
		return postgres_malformed(err);
	status = postgres_take_number(rows, 0, 0, &n, err);
	if (status != MTLS_OK)
		return status;
	if (n <= -10)
		return postgres_take_refusal(rows, op, n, err);
	op->is_revoked = n == -2;
	op->is_word_taken = n == -3;
	if (n < (is_counting(op->kind) ? 0 : 1))
		return refusal(op, n, err);
	if (is_counting(op->kind))
		op->n = n;
	return MTLS_OK;
}

static enum mtls_status
take_counts(const PGresult *rows, struct store_op *op, struct mtls_err *err)
{
	int64_t *const counts[] = {
		&op->counts.n_open, &op->counts.n_records,
		&op->counts.n_bindings, &op->counts.last_sequence,
		&op->counts.n_revoked,
	};
	enum mtls_status status = MTLS_OK;

	if (PQntuples(rows) != 1)
		return postgres_malformed(err);
	for (int i = 0; status == MTLS_OK && i < 5; i++)
		status = postgres_take_number(rows, 0, i, counts[i], err);
	return status;
}

static enum mtls_status
take(const PGresult *rows, struct store_op *op, int64_t now_ms,
    struct mtls_err *err)
{
	switch (op->kind) {
	case STORE_CHALLENGE_FIND:
	case STORE_SESSION_FIND:
	case STORE_CHALLENGE_DELIVER:
		return take_found(rows, op, now_ms, err);
	case STORE_PERSON_FIND:
		return take_person(rows, op, 0, 1, err);
	case STORE_CODE_TAKE:
		return postgres_take_code(rows, op, err);
	case STORE_CHALLENGE_ADD:
	case STORE_CHALLENGE_DECIDE:
	case STORE_CHALLENGE_PURGE:
	case STORE_CODE_ADD:
	case STORE_LIMIT_TAKE:
	case STORE_LIMIT_CLEAR:
	case STORE_RECORD_ADD:
	case STORE_RECORD_DROP:
	case STORE_BINDING_ADD:
	case STORE_BINDING_REMOVE:
	case STORE_FLOOR_RAISE:
	case STORE_FLOOR_FORGET:
	case STORE_REVOKE:
	case STORE_UNREVOKE:
		return take_answer(rows, op, err);
	case STORE_RECORD_LIST:
	case STORE_HEAD_LIST:
	case STORE_HEAD_FIND:
	case STORE_BINDING_LIST:
	case STORE_BINDING_FIND:
	case STORE_REVOKED_LIST:
		return postgres_take_rows(rows, op, err);
	case STORE_COUNT:
		return take_counts(rows, op, err);
	}
	return mtls_fail(err, MTLS_E_USAGE, "no such operation");
}

void
postgres_take(const PGresult *rows, struct store_op *op, int64_t now_ms)
{
	op->status = take(rows, op, now_ms, &op->err);
}

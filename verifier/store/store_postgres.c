/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store in PostgreSQL. A batch is one transaction, sent as a whole
 * before the first answer is read. Where it is not known what became of it,
 * nothing was granted: everybody is told "unavailable".
 */
#include "config.h"

#include "store_postgres.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A transaction that takes longer is given up, with its connection. */
#define TRANSACTION_MS	5000
/* How often one is tried that lost against another verifier's. */
#define TRIES		3
/* By how much two clocks may part between two looks, and per second. */
#define JUMP_MS		2000
/* How long a start waits for the database. */
#define START_MS	10000

/* What became of the statements of a transaction. */
struct outcome {
	enum mtls_status status;	/* of the first that failed */
	int is_conflict;		/* with another; worth another try */
	int is_committed;
	int64_t number;			/* the last that was asked for */
	int64_t clock_ms;		/* the database's */
};

static int
send_call(struct postgres *s, enum postgres_statement statement, int n,
    const char *const *values)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "s%d", (int)statement);
	return PQsendQueryPrepared(s->conn, name, n, values, NULL, NULL,
	    0) == 1;
}

static int
send_simple(struct postgres *s, enum postgres_statement statement)
{
	return send_call(s, statement, 0, NULL);
}

static int
needs_lock(const struct store_op *first, const struct store_op *end)
{
	for (const struct store_op *op = first; op != end; op = op->next) {
		if (postgres_is_locking(op->kind))
			return 1;
	}
	return 0;
}

/* Those that no database can hold are not sent, and have their status. */
static enum mtls_status
send_all(struct postgres *s, struct store_op *first,
    const struct store_op *end, int64_t now_ms, struct mtls_err *err)
{
	struct postgres_call *call = &s->call;
	int is_sent = send_simple(s, PG_BEGIN) && send_simple(s, PG_CLOCK);

	if (is_sent && needs_lock(first, end))
		is_sent = send_simple(s, PG_LOCK);
	if (is_sent && s->has_jumped)
		is_sent = send_simple(s, PG_CHALLENGE_FORGET);
	for (struct store_op *op = first; is_sent && op != end;
	    op = op->next) {
		postgres_call_of(call, op, s->verifier, now_ms);
		op->status = MTLS_OK;
		if (call->is_bad)
			op->status = mtls_fail(&op->err, MTLS_E_UNAVAILABLE,
			    "database: it cannot hold such a text");
		else
			is_sent = send_call(s, call->statement, call->n,
			    call->values);
	}
	is_sent = is_sent && send_simple(s, PG_COMMIT) &&
	    PQpipelineSync(s->conn) == 1;
	return is_sent ? MTLS_OK : postgres_fail(s, NULL, err);
}

static void
note_failure(struct postgres *s, const PGresult *r, struct outcome *o,
    struct mtls_err *err)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	if (o->status != MTLS_OK)
		return;		/* it follows from the first */
	o->status = postgres_fail(s, r, err);
	/* Serialization failure, deadlock, lock not available. */
	o->is_conflict = state != NULL && (strcmp(state, "40001") == 0 ||
	    strcmp(state, "40P01") == 0 || strcmp(state, "55P03") == 0);
}

/* The result of the next statement; op may be NULL. */
static enum mtls_status
take_one(struct postgres *s, struct mtls_deadline deadline,
    struct store_op *op, struct outcome *o, struct mtls_err *err)
{
	enum mtls_status status;
	PGresult *r = NULL, *nothing = NULL;

	status = postgres_result(s, deadline, &r, err);
	if (status == MTLS_OK && r == NULL)
		status = mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: an answer is missing");
	if (status != MTLS_OK)
		return status;
	if (PQresultStatus(r) == PGRES_TUPLES_OK) {
		if (op != NULL)
			postgres_take(r, op, mtls_clock_ms());
		else if (PQntuples(r) == 1)
			o->number = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
	} else if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		note_failure(s, r, o, err);
	} else if (strcmp(PQcmdStatus(r), "COMMIT") == 0) {
		/* A transaction that failed is "committed" as ROLLBACK. */
		o->is_committed = 1;
	}
	PQclear(r);
	status = postgres_result(s, deadline, &nothing, err);
	if (status == MTLS_OK && nothing != NULL) {
		PQclear(nothing);
		status = mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: one answer too many");
	}
	return status;
}

static enum mtls_status
take_sync(struct postgres *s, struct mtls_deadline deadline,
    struct mtls_err *err)
{
	PGresult *r = NULL;
	enum mtls_status status = postgres_result(s, deadline, &r, err);

	if (status == MTLS_OK && PQresultStatus(r) != PGRES_PIPELINE_SYNC)
		status = mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: the answers do not fit the questions");
	PQclear(r);
	return status;
}

static enum mtls_status
take_clock(struct postgres *s, struct mtls_deadline deadline,
    struct outcome *o, struct mtls_err *err)
{
	enum mtls_status status = take_one(s, deadline, NULL, o, err);

	o->clock_ms = o->number;
	return status;
}

static enum mtls_status
take_all(struct postgres *s, struct mtls_deadline deadline,
    struct store_op *first, const struct store_op *end, struct outcome *o,
    struct mtls_err *err)
{
	enum mtls_status status;

	status = take_one(s, deadline, NULL, o, err);	/* BEGIN */
	if (status == MTLS_OK)
		status = take_clock(s, deadline, o, err);
	if (status == MTLS_OK && needs_lock(first, end))
		status = take_one(s, deadline, NULL, o, err);
	if (status == MTLS_OK && s->has_jumped)
		status = take_one(s, deadline, NULL, o, err);
	for (struct store_op *op = first; status == MTLS_OK && op != end;
	    op = op->next) {
		if (op->status == MTLS_OK)
			status = take_one(s, deadline, op, o, err);
	}
	if (status == MTLS_OK)
		status = take_one(s, deadline, NULL, o, err);	/* COMMIT */
	return status == MTLS_OK ? take_sync(s, deadline, err) : status;
}

/* After a statement that failed; a connection that cannot is dropped. */
static enum mtls_status
roll_back(struct postgres *s, struct mtls_deadline deadline)
{
	struct outcome o = { .status = MTLS_OK };
	enum mtls_status status;
	struct mtls_err err;

	mtls_err_clear(&err);
	if (!send_simple(s, PG_ROLLBACK) || PQpipelineSync(s->conn) != 1)
		return postgres_fail(s, NULL, &err);
	status = take_one(s, deadline, NULL, &o, &err);
	if (status == MTLS_OK)
		status = take_sync(s, deadline, &err);
	return status == MTLS_OK ? o.status : status;
}

/*
 * Challenges end by the clock of the database. One that jumps would let them
 * live longer: all of them are forgotten, and this transaction is not
 * believed.
 */
static enum mtls_status
check_clock(struct postgres *s, int64_t before_ms, int64_t clock_ms,
    struct mtls_err *err)
{
	int64_t after_ms = mtls_clock_ms();
	int64_t away_ms = JUMP_MS + (after_ms - s->clock_seen_ms) / 1000;
	int is_jump;

	if (before_ms < 0 || after_ms < 0)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "the time is not known");
	is_jump = s->has_clock &&
	    (clock_ms < before_ms + s->clock_offset_ms - away_ms ||
	    clock_ms > after_ms + s->clock_offset_ms + away_ms);
	s->has_clock = 1;
	s->clock_seen_ms = after_ms;
	s->clock_offset_ms = clock_ms - (before_ms + after_ms) / 2;
	if (!is_jump)
		return MTLS_OK;
	s->has_jumped = 1;
	return mtls_fail(err, MTLS_E_UNAVAILABLE, "the clock of the database "
	    "has jumped: logins under way begin again");
}

/* One transaction of the operations before end. */
static enum mtls_status
transact(struct postgres *s, struct store_op *first,
    const struct store_op *end, struct outcome *o, struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(TRANSACTION_MS);
	int64_t now_ms = mtls_clock_ms();
	enum mtls_status status;
	int has_forgotten = s->has_jumped;

	*o = (struct outcome){ .status = MTLS_OK };
	status = send_all(s, first, end, now_ms, err);
	if (status == MTLS_OK)
		status = take_all(s, deadline, first, end, o, err);
	if (status == MTLS_OK && o->status != MTLS_OK &&
	    roll_back(s, deadline) != MTLS_OK)
		status = o->status;
	if (status != MTLS_OK) {
		postgres_drop(s, err);
		return status;
	}
	if (o->status == MTLS_OK && !o->is_committed)
		o->status = mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: it did not commit");
	if (o->status != MTLS_OK)
		return o->status;
	if (has_forgotten)
		s->has_jumped = 0;
	return check_clock(s, now_ms, o->clock_ms, err);
}

/* One of many is at fault: each by itself, so that the others go on. */
static void
run_apart(struct postgres *s, struct store_op *first)
{
	struct outcome o;
	struct mtls_err err;

	for (struct store_op *op = first; op != NULL; op = op->next) {
		store_op_clear(op);
		err = s->err;
		if (s->state == POSTGRES_READY) {
			mtls_err_clear(&err);
			if (transact(s, op, op->next, &o, &err) == MTLS_OK)
				continue;
			store_op_clear(op);
		}
		op->status = mtls_fail(&op->err, MTLS_E_UNAVAILABLE, "%s",
		    err.text);
	}
}

enum mtls_status
postgres_run(void *self, struct store_op *first, struct mtls_err *err)
{
	struct postgres *s = self;
	enum mtls_status status = MTLS_E_UNAVAILABLE;
	struct outcome o = { .status = MTLS_OK };

	for (int i = 0; i < TRIES; i++) {
		if (s->state != POSTGRES_READY)
			return mtls_fail(err, MTLS_E_UNAVAILABLE, "%s",
			    s->err.text[0] == '\0' ?
			    "database: not connected" : s->err.text);
		mtls_err_clear(err);
		status = transact(s, first, NULL, &o, err);
		if (status == MTLS_OK || !o.is_conflict)
			break;
		for (struct store_op *op = first; op != NULL; op = op->next)
			store_op_clear(op);
	}
	if (status == MTLS_OK || s->state != POSTGRES_READY ||
	    o.status == MTLS_OK || first->next == NULL)
		return status;
	run_apart(s, first);
	return MTLS_OK;
}

static void
close_postgres(void *self)
{
	struct postgres *s = self;

	PQfinish(s->conn);
	postgres_target_clear(&s->target);
	free(s->verifier);
	free(s);
}

/* A database that is wrong is an error; one that is away may come back. */
static enum mtls_status
start(struct postgres *s, struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(START_MS);
	struct pollfd pfd;
	int wait_ms, left_ms;

	while (s->state != POSTGRES_READY && s->err.status != MTLS_E_CONFIG &&
	    (left_ms = mtls_deadline_left_ms(deadline)) > 0) {
		wait_ms = postgres_watch(s, &pfd);
		(void)poll(&pfd, 1, wait_ms < 0 || wait_ms > left_ms ?
		    left_ms : wait_ms);
		postgres_idle(s, NULL);
	}
	if (s->state == POSTGRES_READY ||
	    (s->mode == STORE_SERVE && s->err.status != MTLS_E_CONFIG))
		return MTLS_OK;
	*err = s->err;
	return err->status == MTLS_OK ? mtls_fail(err, MTLS_E_UNAVAILABLE,
	    "database: it does not answer") : err->status;
}

static const struct store_backend backend = {
	.run = postgres_run,
	.watch = postgres_watch,
	.idle = postgres_idle,
	.close = close_postgres,
};

enum mtls_status
store_open_postgres(const struct store_options *options, struct store **ret,
    struct mtls_err *err)
{
	struct postgres *s = calloc(1, sizeof(*s));
	enum mtls_status status;

	if (s == NULL || (s->verifier = strdup(options->verifier)) == NULL) {
		free(s);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	s->mode = options->mode;
	mtls_err_clear(&s->err);
	status = postgres_target_parse(options->database, &s->target, err);
	if (status == MTLS_OK)
		status = start(s, err);
	if (status != MTLS_OK) {
		close_postgres(s);
		return status;
	}
	return store_new(&backend, s, ret, err);
}

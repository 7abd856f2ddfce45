/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The connection to PostgreSQL, which comes and goes. While it is away the
 * thread answers everybody at once and tries again, with growing pauses; it
 * never waits for a database that does not answer.
 */
#include "config.h"

#include "store_postgres.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

/* Until there is a connection, and until it is set up. */
#define CONNECT_MS	3000
#define SET_UP_MS	3000
#define PAUSE_MIN_MS	100
#define PAUSE_MAX_MS	5000

#define CHANNEL "mtls_verifier_decided"

enum mtls_status
postgres_fail(const struct postgres *s, const PGresult *result,
    struct mtls_err *err)
{
	const char *text = result != NULL ?
	    PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (text == NULL)
		text = PQerrorMessage(s->conn);
	return mtls_fail(err, MTLS_E_UNAVAILABLE, "database: %.*s",
	    (int)strcspn(text, "\n"), text);
}

void
postgres_drop(struct postgres *s, const struct mtls_err *why)
{
	PQfinish(s->conn);
	s->conn = NULL;
	s->state = POSTGRES_AWAY;
	s->has_missed = 1;
	if (why != NULL)
		s->err = *why;
	s->pause_ms = s->pause_ms == 0 ? PAUSE_MIN_MS : s->pause_ms * 2;
	if (s->pause_ms > PAUSE_MAX_MS)
		s->pause_ms = PAUSE_MAX_MS;
	s->next_try_ms = mtls_clock_ms() + s->pause_ms;
}

static enum mtls_status
wait_for(struct postgres *s, int is_unsent, struct mtls_deadline deadline,
    struct mtls_err *err)
{
	struct pollfd pfd = { PQsocket(s->conn), POLLIN, 0 };
	int left_ms = mtls_deadline_left_ms(deadline);

	if (is_unsent)
		pfd.events |= POLLOUT;
	if (left_ms == 0)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: it does not answer");
	/* Whatever it returns, libpq is asked and the time is looked at. */
	(void)poll(&pfd, 1, left_ms);
	return PQconsumeInput(s->conn) == 1 ? MTLS_OK :
	    postgres_fail(s, NULL, err);
}

enum mtls_status
postgres_result(struct postgres *s, struct mtls_deadline deadline,
    PGresult **ret, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int unsent = PQflush(s->conn);

	while (status == MTLS_OK && unsent >= 0 && PQisBusy(s->conn)) {
		status = wait_for(s, unsent > 0, deadline, err);
		unsent = PQflush(s->conn);
	}
	if (status == MTLS_OK && unsent < 0)
		status = postgres_fail(s, NULL, err);
	if (status != MTLS_OK)
		return status;
	*ret = PQgetResult(s->conn);
	return MTLS_OK;
}

/* --- while the thread waits --- */

/*
 * libpq would write it to standard error, which is the log: not a line of
 * ours. What ends a connection is the reason of what fails then.
 */
static void
drop_notice(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void
begin(struct postgres *s)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	s->conn = PQconnectStartParams((const char *const *)s->target.names,
	    (const char *const *)s->target.values, 0);
	if (s->conn == NULL || PQstatus(s->conn) == CONNECTION_BAD) {
		(void)(s->conn == NULL ? mtls_fail(&err, MTLS_E_UNAVAILABLE,
		    "out of memory") : postgres_fail(s, NULL, &err));
		postgres_drop(s, &err);
		return;
	}
	(void)PQsetNoticeProcessor(s->conn, drop_notice, NULL);
	s->state = POSTGRES_CONNECTING;
	s->polling = PGRES_POLLING_WRITING;
	s->deadline = mtls_deadline_in_ms(CONNECT_MS);
}

static void
go_on(struct postgres *s)
{
	enum mtls_status status = MTLS_OK;
	struct pollfd pfd;
	struct mtls_err err;

	mtls_err_clear(&err);
	(void)postgres_watch(s, &pfd);
	if (mtls_deadline_left_ms(s->deadline) == 0)
		status = mtls_fail(&err, MTLS_E_UNAVAILABLE,
		    "database: no connection in time");
	else if (poll(&pfd, 1, 0) == 1)
		s->polling = PQconnectPoll(s->conn);
	if (status == MTLS_OK && s->polling == PGRES_POLLING_FAILED)
		status = postgres_fail(s, NULL, &err);
	if (status == MTLS_OK && s->polling == PGRES_POLLING_OK) {
		status = postgres_set_up(s, &err);
		if (status == MTLS_OK) {
			s->state = POSTGRES_READY;
			s->pause_ms = 0;
		}
	}
	if (status != MTLS_OK)
		postgres_drop(s, &err);
}

/* Our own news came back with the transaction. */
static void
take_news(struct postgres *s, struct store *store)
{
	uint8_t id[MTLS_ID_BYTES];
	PGnotify *news;

	while ((news = PQnotifies(s->conn)) != NULL) {
		if (news->be_pid != PQbackendPID(s->conn) &&
		    strcmp(news->relname, CHANNEL) == 0)
			store_decided(store, mtls_hex_decode(id, sizeof(id),
			    news->extra) == 0 ? id : NULL);
		PQfreemem(news);
	}
	if (s->has_missed)
		store_decided(store, NULL);
	s->has_missed = 0;
}

static void
listen_for_news(struct postgres *s, struct store *store)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	if (PQconsumeInput(s->conn) != 1 ||
	    PQstatus(s->conn) != CONNECTION_OK) {
		(void)(postgres_fail(s, NULL, &err) == MTLS_OK);
		postgres_drop(s, &err);
		return;
	}
	take_news(s, store);
}

int
postgres_watch(void *self, struct pollfd *ret)
{
	struct postgres *s = self;
	int64_t left_ms;

	ret->fd = s->conn == NULL ? -1 : PQsocket(s->conn);
	ret->events = s->state == POSTGRES_CONNECTING &&
	    s->polling == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
	ret->revents = 0;
	if (s->state == POSTGRES_READY)
		return -1;
	if (s->state == POSTGRES_CONNECTING)
		return mtls_deadline_left_ms(s->deadline);
	left_ms = s->next_try_ms - mtls_clock_ms();
	return left_ms < 0 ? 0 : (int)left_ms;
}

void
postgres_idle(void *self, struct store *store)
{
	struct postgres *s = self;

	if (s->state == POSTGRES_AWAY && mtls_clock_ms() >= s->next_try_ms)
		begin(s);
	if (s->state == POSTGRES_CONNECTING)
		go_on(s);
	if (s->state == POSTGRES_READY && store != NULL)
		listen_for_news(s, store);
}

/* --- on a fresh connection --- */

/* The rows of a query outside of the pipeline. */
static enum mtls_status
ask(struct postgres *s, const char *sql, PGresult **ret,
    struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(SET_UP_MS);
	enum mtls_status status = MTLS_OK;
	PGresult *result = NULL, *last = NULL;

	if (PQsendQuery(s->conn, sql) != 1)
		return postgres_fail(s, NULL, err);
	do {
		status = postgres_result(s, deadline, &result, err);
		if (status != MTLS_OK || result == NULL)
			break;
		PQclear(last);
		last = result;
		if (PQresultStatus(last) != PGRES_TUPLES_OK &&
		    PQresultStatus(last) != PGRES_COMMAND_OK)
			status = postgres_fail(s, last, err);
	} while (status == MTLS_OK);
	if (status == MTLS_OK && last == NULL)
		status = mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "database: no answer");
	if (status != MTLS_OK) {
		PQclear(last);
		return status;
	}
	*ret = last;
	return MTLS_OK;
}

static enum mtls_status
tell(struct postgres *s, const char *sql, struct mtls_err *err)
{
	PGresult *result = NULL;
	enum mtls_status status = ask(s, sql, &result, err);

	PQclear(result);
	return status;
}

/* A commit that may be lost is not a commit. */
static enum mtls_status
check_durable(struct postgres *s, struct mtls_err *err)
{
	static const char *const good[] = { "on", "local", "remote_write",
		"remote_apply" };
	enum mtls_status status;
	PGresult *r = NULL;
	char set[80] = "";

	status = ask(s, "SELECT current_setting('synchronous_commit'),"
	    " current_setting('fsync')", &r, err);
	if (status != MTLS_OK)
		return status;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (strcmp(PQgetvalue(r, 0, 0), good[i]) == 0)
			(void)snprintf(set, sizeof(set),
			    "SET synchronous_commit = %s", good[i]);
	}
	if (set[0] == '\0')
		status = mtls_fail(err, MTLS_E_CONFIG, "the database has "
		    "synchronous_commit = %s: the audit needs on",
		    PQgetvalue(r, 0, 0));
	else if (strcmp(PQgetvalue(r, 0, 1), "on") != 0)
		status = mtls_fail(err, MTLS_E_CONFIG, "the database has "
		    "fsync = %s: the audit needs on", PQgetvalue(r, 0, 1));
	PQclear(r);
	/* Later changes of the server's settings are not for us. */
	return status == MTLS_OK ? tell(s, set, err) : status;
}

static enum mtls_status
find_version(struct postgres *s, int *ret, struct mtls_err *err)
{
	enum mtls_status status;
	PGresult *r = NULL;
	int is_there;

	status = ask(s, "SELECT to_regclass('mtls_verifier.schema_version')"
	    " IS NOT NULL", &r, err);
	if (status != MTLS_OK)
		return status;
	is_there = strcmp(PQgetvalue(r, 0, 0), "t") == 0;
	PQclear(r);
	r = NULL;
	*ret = 0;
	if (!is_there)
		return MTLS_OK;
	status = ask(s, "SELECT version FROM mtls_verifier.schema_version",
	    &r, err);
	if (status != MTLS_OK)
		return status;
	if (PQntuples(r) == 1)
		*ret = atoi(PQgetvalue(r, 0, 0));
	else
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "the database does not say of which schema it is");
	PQclear(r);
	return status;
}

static enum mtls_status
migrate(struct postgres *s, int version, struct mtls_err *err)
{
	enum mtls_status status = tell(s, "BEGIN", err);
	char sql[128];

	for (int i = version; status == MTLS_OK && i < POSTGRES_SCHEMA; i++)
		status = tell(s, postgres_steps[i], err);
	(void)snprintf(sql, sizeof(sql), "DELETE FROM"
	    " mtls_verifier.schema_version; INSERT INTO"
	    " mtls_verifier.schema_version VALUES (%d); COMMIT",
	    POSTGRES_SCHEMA);
	return status == MTLS_OK ? tell(s, sql, err) : status;
}

static enum mtls_status
check_schema(struct postgres *s, struct mtls_err *err)
{
	int version = 0;
	enum mtls_status status = find_version(s, &version, err);

	if (status != MTLS_OK || version == POSTGRES_SCHEMA)
		return status;
	if (version < POSTGRES_SCHEMA && s->mode == STORE_MIGRATE)
		return migrate(s, version, err);
	return store_schema_fault(version, POSTGRES_SCHEMA, err);
}

static enum mtls_status
prepare(struct postgres *s, struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(SET_UP_MS);
	enum mtls_status status = MTLS_OK;
	PGresult *r;
	char name[16];

	for (int i = 0; status == MTLS_OK && i < PG_N; i++) {
		(void)snprintf(name, sizeof(name), "s%d", i);
		if (PQsendPrepare(s->conn, name, postgres_statements[i], 0,
		    NULL) != 1)
			status = postgres_fail(s, NULL, err);
		do {
			r = NULL;
			if (status == MTLS_OK)
				status = postgres_result(s, deadline, &r,
				    err);
			if (r != NULL && PQresultStatus(r) !=
			    PGRES_COMMAND_OK)
				status = postgres_fail(s, r, err);
			PQclear(r);
		} while (r != NULL);
	}
	return status;
}

enum mtls_status
postgres_set_up(struct postgres *s, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (PQsetnonblocking(s->conn, 1) != 0)
		return postgres_fail(s, NULL, err);
	status = check_durable(s, err);
	if (status == MTLS_OK)
		status = check_schema(s, err);
	if (status == MTLS_OK)
		status = prepare(s, err);
	if (status == MTLS_OK)
		status = tell(s, "LISTEN " CHANNEL, err);
	if (status == MTLS_OK && PQenterPipelineMode(s->conn) != 1)
		status = postgres_fail(s, NULL, err);
	return status;
}

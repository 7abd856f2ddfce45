/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Operations as statements: one each, so that a batch of them is sent without
 * waiting for answers. Times are told as what is left of them, because the
 * clock of the database is another.
 */
#include "config.h"

#include "store_postgres.h"

#include <poll.h>

#define LEFT_MS(column) \
	"(extract(epoch FROM " column " - clock_timestamp()) * 1000)::bigint"
#define CHALLENGE "id, request, nonce, user_name, service, host, tty, rhost," \
	" ruser, method, source, " LEFT_MS("expires_at") ", state, verdict," \
	" reason, message, certificate, " LEFT_MS("grant_expires_at")
#define RECORD "sequence, time_ms, request, event, decision, user_name," \
	" host, service, method, tty, rhost, certificate, source, reason," \
	" verifier, seq, hash"
#define FILTER "sequence > $1 AND ($2 = '' OR user_name = $2)" \
	" AND ($3 = '' OR host = $3) AND ($4 = '' OR service = $4)" \
	" AND ($5 = '' OR decision = $5) AND ($7 = '' OR event = $7)" \
	" AND ($8 = '' OR reason = $8) AND time_ms >= $9::bigint" \
	" AND ($10::bigint = 0 OR time_ms < $10::bigint)"
/* With the sequence that is the last for the same look at the table. */
#define RECORDS(where) "SELECT r.*, last.sequence FROM (SELECT" \
	" coalesce(max(sequence), 0) AS sequence FROM mtls_verifier.audit)" \
	" last LEFT JOIN LATERAL (SELECT " RECORD " FROM" \
	" mtls_verifier.audit WHERE " where " ORDER BY sequence" \
	" LIMIT $6::bigint) r ON true ORDER BY r.sequence"
/* The values of a record and of limits, from that one on. */
#define RECORD_3(v, t, f) "$" v ", $" t "::bigint, $" f "::text[]"
#define LIMITS(k, u, t, n, c, r, at) "ROW($" k "::text[], $" u "::text[]," \
	" $" t "::bigint[], $" n "::bigint[], $" c "::bigint[]," \
	" $" r "::boolean[], $" at "::bigint)::mtls_verifier.limits"
/* Of challenges: to whom $2 is bound, the row, whether $2 or $3 is revoked. */
#define FOUND(where) \
	"SELECT 1, (SELECT b.user_name FROM mtls_verifier.binding b" \
	" WHERE sha256 = $2), " CHALLENGE \
	", mtls_verifier.is_revoked($2, $3)" \
	" FROM mtls_verifier.challenge WHERE " where
#define ANSWER "SELECT n, wait_us FROM mtls_verifier."

const char *const postgres_statements[PG_N] = {
	/* Whatever the server is set to: what the lock waited for is seen. */
	[PG_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED",
	[PG_COMMIT] = "COMMIT",
	[PG_ROLLBACK] = "ROLLBACK",
	[PG_CLOCK] =
	    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
	/* And codes, which end by the same clock. */
	[PG_CHALLENGE_FORGET] =
	    "WITH codes AS (DELETE FROM mtls_verifier.code)"
	    " DELETE FROM mtls_verifier.challenge",
	/* A number that nobody else takes, in this database. */
	[PG_LOCK] = "SELECT pg_advisory_xact_lock(7307203829213447282)",
	[PG_CHALLENGE_ADD] =
	    ANSWER "challenge_add($1::bytea, $2::bytea, $3::bytea,"
	    " $4::text[], $5::bigint, $6::bigint, $7::bigint, $8, $9, "
	    LIMITS("10", "11", "12", "13", "14", "15", "16") ")",
	[PG_CHALLENGE_FIND] = FOUND("id = $1::bytea"),
	[PG_SESSION_FIND] =
	    FOUND("session = $1 AND session <> '' AND state = 1"),
	[PG_PERSON_FIND] =
	    "SELECT (SELECT b.user_name FROM mtls_verifier.binding b"
	    " WHERE sha256 = $1), mtls_verifier.is_revoked($1, $2)",
	[PG_CODE_ADD] =
	    ANSWER "code_add($1::bytea, $2::bytea, $3::bytea, $4::bytea,"
	    " $5::text[], $6::bytea, $7::bigint, $8, $9, "
	    RECORD_3("10", "11", "12") ", "
	    LIMITS("13", "14", "15", "16", "17", "18", "19") ")",
	[PG_CODE_TAKE] =
	    "SELECT n, wait_us, tries, der, source, user_name, service, host"
	    " FROM mtls_verifier.code_take($1::bytea, $2, $3, $4::bytea,"
	    " $5::bytea, $6::bytea, $7::bytea, $8::bytea, "
	    LIMITS("9", "10", "11", "12", "13", "14", "15") ")",
	[PG_CHALLENGE_DECIDE] =
	    ANSWER "challenge_decide($1::bytea, $2::integer, $3, $4, $5,"
	    " $6::bigint, $7, $8, " RECORD_3("9", "10", "11") ", "
	    LIMITS("12", "13", "14", "15", "16", "17", "18") ")",
	[PG_CHALLENGE_DELIVER] =
	    "WITH taken AS (UPDATE mtls_verifier.challenge SET state = 3"
	    " WHERE id = $1::bytea AND host = $2 AND state = 2 RETURNING *)"
	    " SELECT 1, NULL, " CHALLENGE " FROM taken UNION ALL"
	    " SELECT 0, NULL, " CHALLENGE " FROM mtls_verifier.challenge"
	    " WHERE id = $1::bytea AND NOT EXISTS (SELECT 1 FROM taken)",
	[PG_PURGE] = ANSWER "purge($1::bigint, $2::bigint)",
	[PG_LIMIT_TAKE] =
	    ANSWER "limit_take(" LIMITS("1", "2", "3", "4", "5", "6", "7")
	    ")",
	[PG_LIMIT_CLEAR] =
	    ANSWER "limit_clear($1, " RECORD_3("2", "3", "4") ")",
	[PG_RECORD_ADD] =
	    ANSWER "record_take(" RECORD_3("1", "2", "3") ", "
	    LIMITS("4", "5", "6", "7", "8", "9", "10") ")",
	[PG_RECORD_FIRST] =
	    RECORDS(FILTER " AND sequence >= (SELECT min(sequence) FROM"
	    " (SELECT sequence FROM mtls_verifier.audit WHERE " FILTER
	    " ORDER BY sequence DESC LIMIT $11::bigint) newest)"),
	[PG_RECORD_NEXT] = RECORDS(FILTER),
	[PG_RECORD_DROP] =
	    ANSWER "record_drop($1, $2::bigint, $3::bigint)",
	[PG_HEAD_LIST] =
	    "SELECT verifier, seq, hash, base_seq, base_hash"
	    " FROM mtls_verifier.audit_head WHERE verifier > $1"
	    " ORDER BY verifier LIMIT $2::bigint",
	[PG_HEAD_FIND] =
	    "SELECT verifier, seq, hash, base_seq, base_hash"
	    " FROM mtls_verifier.audit_head WHERE verifier = $1",
	[PG_BINDING_ADD] =
	    ANSWER "binding_add($1, $2, $3, $4, $5, $6::bigint, $7::bigint,"
	    " $8, $9::bytea, " RECORD_3("10", "11", "12") ")",
	[PG_BINDING_REMOVE] =
	    ANSWER "binding_remove($1, $2, " RECORD_3("3", "4", "5") ")",
	[PG_BINDING_LIST] =
	    "SELECT user_name, sha256, subject, issuer, serial, not_after_s,"
	    " bound_at_s, key_sha256 FROM mtls_verifier.binding"
	    " WHERE sha256 > $1 AND ($2 = '' OR user_name = $2)"
	    " ORDER BY sha256 LIMIT $3::bigint",
	[PG_BINDING_FIND] =
	    "SELECT sha256, der, mtls_verifier.is_revoked(sha256, key_sha256)"
	    " FROM mtls_verifier.binding WHERE user_name = $1"
	    " AND key_sha256 = $2 AND length(der) > 0"
	    " ORDER BY not_after_s DESC, sha256 LIMIT $3::bigint",
	[PG_REVOKE] =
	    ANSWER "revoke($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint, "
	    RECORD_3("10", "11", "12") ")",
	[PG_UNREVOKE] =
	    ANSWER "unrevoke($1, " RECORD_3("2", "3", "4") ")",
	[PG_REVOKED_LIST] =
	    "SELECT sha256, kind, user_name, subject, issuer, serial,"
	    " reason, revoked_by, revoked_at_s FROM mtls_verifier.revoked"
	    " WHERE sha256 > $1 AND ($2 = '' OR user_name = $2)"
	    " ORDER BY sha256 LIMIT $3::bigint",
	[PG_FLOOR_RAISE] =
	    ANSWER "floor_raise($1::bytea, $2::bytea, $3::bigint)",
	[PG_FLOOR_FORGET] =
	    ANSWER "floor_forget(" RECORD_3("1", "2", "3") ")",
	[PG_COUNT] =
	    "SELECT (SELECT count(*) FROM mtls_verifier.challenge"
	    " WHERE state = 1), (SELECT coalesce(sum(seq - base_seq), 0)"
	    " FROM mtls_verifier.audit_head), (SELECT count(*)"
	    " FROM mtls_verifier.binding), (SELECT coalesce(max(sequence), 0)"
	    " FROM mtls_verifier.audit), (SELECT count(*)"
	    " FROM mtls_verifier.revoked)",
};

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every statement of the SQLite store.
 */
#include "config.h"

#include "store_sqlite.h"

/* The rest of what both queries of the audit filter by. */
#define FILTER_MORE \
	" AND (?7 = '' OR event = ?7) AND (?8 = '' OR reason = ?8)" \
	" AND time_ms >= ?9 AND (?10 = 0 OR time_ms < ?10)"

#define CHALLENGES \
	"SELECT id, request, nonce, user, service, host, tty, rhost," \
	" ruser, method, source, expires_ms, state, verdict, reason," \
	" message, certificate, grant_expires_ms FROM live.challenge"

/* state: 1 open, 2 decided, 3 delivered (enum store_state). */
const char *const store_sqlite_texts[SQL_N] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_CHALLENGE_ADD] =
	    "INSERT OR IGNORE INTO live.challenge (id, request, nonce, user,"
	    " service, host, tty, rhost, ruser, method, source, expires_ms,"
	    " session, tries, state) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	    " ?9, ?10, ?11, ?12, ?14, ?15, 1 WHERE (SELECT count(*)"
	    " FROM live.challenge WHERE host = ?6 AND state = 1) < ?13",
	[SQL_CHALLENGE_FIND] = CHALLENGES " WHERE id = ?1",
	[SQL_SESSION_FIND] = CHALLENGES " WHERE session = ?1"
	    " AND session <> '' AND state = 1",
	[SQL_SESSION_IS_TAKEN] =
	    "SELECT 1 FROM live.challenge WHERE session = ?1"
	    " AND session <> '' AND state = 1",
	[SQL_TRIES_FIND] =
	    "SELECT tries FROM live.challenge"
	    " WHERE id = ?1 AND host = ?2 AND state = 1",
	[SQL_TRIES_WRITE] =
	    "UPDATE live.challenge SET tries = ?2 WHERE id = ?1",
	/* An empty challenge is none: the code was minted. */
	[SQL_CODE_ADD] =
	    "INSERT INTO live.code (slot, mac, mark, challenge, user,"
	    " service, host, source, der, expires_ms) SELECT ?1, ?2, ?3, ?4,"
	    " ?5, ?6, ?7, ?8, ?9, ?10 WHERE length(?4) = 0 OR EXISTS"
	    " (SELECT 1 FROM live.challenge WHERE id = ?4 AND state = 1"
	    " AND tries > 0) ON CONFLICT (slot) DO UPDATE SET"
	    " mac = excluded.mac, mark = excluded.mark,"
	    " challenge = excluded.challenge, user = excluded.user,"
	    " service = excluded.service, host = excluded.host,"
	    " source = excluded.source, der = excluded.der,"
	    " expires_ms = excluded.expires_ms",
	[SQL_CODE_FIND] =
	    "SELECT mac, der, source FROM live.code"
	    " WHERE slot = ?1 AND expires_ms > ?2",
	[SQL_CODE_OF_USER] =
	    "SELECT 1 FROM live.code WHERE user = ?1 AND expires_ms > ?2",
	[SQL_CODE_BY_MARK] =
	    "SELECT user, service, host FROM live.code"
	    " WHERE mark = ?1 AND expires_ms > ?2",
	[SQL_CODE_DROP] = "DELETE FROM live.code WHERE slot = ?1",
	[SQL_CODE_DROP_MARK] = "DELETE FROM live.code WHERE mark = ?1",
	[SQL_CODE_DROP_CHALLENGE] =
	    "DELETE FROM live.code WHERE challenge = ?1",
	[SQL_CODE_PURGE] = "DELETE FROM live.code WHERE expires_ms < ?1",
	[SQL_CHALLENGE_DECIDE] =
	    "UPDATE live.challenge SET state = 2, verdict = ?2, reason = ?3,"
	    " message = ?4, certificate = ?5, grant_expires_ms = ?6"
	    " WHERE id = ?1 AND state = 1",
	[SQL_CHALLENGE_DELIVER] =
	    "UPDATE live.challenge SET state = 3"
	    " WHERE id = ?1 AND host = ?2 AND state = 2",
	[SQL_CHALLENGE_FORGET] =
	    "DELETE FROM live.challenge WHERE id = ?1 AND state = 3",
	[SQL_CHALLENGE_PURGE] =
	    "DELETE FROM live.challenge WHERE expires_ms < ?1"
	    " AND grant_expires_ms < ?1",
	[SQL_RECORD_ADD] =
	    "INSERT INTO main.audit (time_ms, request, event, decision, user,"
	    " host, service, method, tty, rhost, certificate, source, reason,"
	    " verifier, seq, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
	    " ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	[SQL_RECORD_START] =
	    "SELECT min(sequence) FROM (SELECT sequence FROM main.audit"
	    " WHERE sequence > ?1 AND (?2 = '' OR user = ?2)"
	    " AND (?3 = '' OR host = ?3) AND (?4 = '' OR service = ?4)"
	    " AND (?5 = '' OR decision = ?5)"
	    FILTER_MORE
	    " ORDER BY sequence DESC LIMIT ?6)",
	[SQL_RECORD_LIST] =
	    "SELECT sequence, time_ms, request, event, decision, user, host,"
	    " service, method, tty, rhost, certificate, source, reason,"
	    " verifier, seq, hash FROM main.audit"
	    " WHERE sequence > ?1 AND (?2 = '' OR user = ?2)"
	    " AND (?3 = '' OR host = ?3) AND (?4 = '' OR service = ?4)"
	    " AND (?5 = '' OR decision = ?5)"
	    FILTER_MORE
	    " ORDER BY sequence LIMIT ?6",
	[SQL_RECORD_LAST] =
	    "SELECT ifnull(max(sequence), 0) FROM main.audit",
	[SQL_RECORD_OLDEST] =
	    "SELECT seq, time_ms, hash FROM main.audit WHERE verifier = ?1"
	    " ORDER BY seq LIMIT ?2",
	[SQL_RECORD_DROP] =
	    "DELETE FROM main.audit WHERE verifier = ?1 AND seq <= ?2",
	[SQL_HEAD_BASE] =
	    "UPDATE main.audit_head SET base_seq = ?2, base_hash = ?3"
	    " WHERE verifier = ?1",
	[SQL_HEAD_FIND] =
	    "SELECT seq, hash FROM main.audit_head WHERE verifier = ?1",
	[SQL_HEAD_WRITE] =
	    "INSERT INTO main.audit_head (verifier, seq, hash, base_seq,"
	    " base_hash) VALUES (?1, ?2, ?3, 0, zeroblob(32))"
	    " ON CONFLICT (verifier) DO UPDATE SET seq = ?2, hash = ?3",
	[SQL_HEAD_LIST] =
	    "SELECT verifier, seq, hash, base_seq, base_hash"
	    " FROM main.audit_head WHERE verifier > ?1 ORDER BY verifier"
	    " LIMIT ?2",
	[SQL_HEAD_ROW] =
	    "SELECT verifier, seq, hash, base_seq, base_hash"
	    " FROM main.audit_head WHERE verifier = ?1",
	[SQL_BINDING_ADD] =
	    "INSERT INTO main.binding (sha256, user, subject, issuer, serial,"
	    " not_after_s, bound_at_s, key_sha256, der)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
	    " ON CONFLICT (sha256) DO UPDATE SET"
	    " key_sha256 = excluded.key_sha256, der = excluded.der"
	    " WHERE user = excluded.user AND length(der) = 0"
	    " AND length(excluded.der) > 0",
	[SQL_BINDING_FIND] =
	    "SELECT user FROM main.binding WHERE sha256 = ?1",
	[SQL_BINDING_REMOVE] =
	    "DELETE FROM main.binding WHERE user = ?1"
	    " AND (?2 = '' OR sha256 = ?2)",
	[SQL_BINDING_LIST] =
	    "SELECT user, sha256, subject, issuer, serial, not_after_s,"
	    " bound_at_s, key_sha256 FROM main.binding WHERE sha256 > ?1"
	    " AND (?2 = '' OR user = ?2) ORDER BY sha256 LIMIT ?3",
	[SQL_BINDING_OF_KEY] =
	    "SELECT b.sha256, b.der, EXISTS (SELECT 1 FROM main.revoked r"
	    " WHERE r.sha256 IN (b.sha256, b.key_sha256))"
	    " FROM main.binding b WHERE b.user = ?1 AND b.key_sha256 = ?2"
	    " AND length(b.der) > 0 ORDER BY b.not_after_s DESC, b.sha256"
	    " LIMIT ?3",
	[SQL_REVOKE] =
	    "INSERT INTO main.revoked (sha256, kind, user, subject, issuer,"
	    " serial, reason, revoked_by, revoked_at_s)"
	    " SELECT ?1, ?2, iif(?3 = '', ifnull(b.user, ''), ?3),"
	    " iif(?4 = '', ifnull(b.subject, ''), ?4),"
	    " iif(?5 = '', ifnull(b.issuer, ''), ?5),"
	    " iif(?6 = '', ifnull(b.serial, ''), ?6), ?7, ?8, ?9"
	    " FROM (SELECT 1) LEFT JOIN main.binding b ON b.sha256 = ?1"
	    " WHERE true ON CONFLICT (sha256) DO NOTHING",
	[SQL_REVOKE_BOUND] =
	    "INSERT INTO main.revoked (sha256, kind, user, subject, issuer,"
	    " serial, reason, revoked_by, revoked_at_s)"
	    " SELECT sha256, 'certificate', user, subject, issuer, serial,"
	    " ?2, ?3, ?4 FROM main.binding WHERE user = ?1"
	    " ON CONFLICT (sha256) DO NOTHING",
	[SQL_REVOKED_FIND] =
	    "SELECT 1 FROM main.revoked WHERE sha256 IN (?1, ?2) LIMIT 1",
	[SQL_UNREVOKE] =
	    "DELETE FROM main.revoked WHERE sha256 = ?1",
	[SQL_REVOKED_LIST] =
	    "SELECT sha256, kind, user, subject, issuer, serial, reason,"
	    " revoked_by, revoked_at_s FROM main.revoked WHERE sha256 > ?1"
	    " AND (?2 = '' OR user = ?2) ORDER BY sha256 LIMIT ?3",
	[SQL_COUNT_ALL] =
	    "SELECT (SELECT count(*) FROM live.challenge WHERE state = 1),"
	    " (SELECT ifnull(sum(seq - base_seq), 0) FROM main.audit_head),"
	    " (SELECT count(*) FROM main.binding),"
	    " (SELECT ifnull(max(sequence), 0) FROM main.audit),"
	    " (SELECT count(*) FROM main.revoked)",
	/* An empty number is none, and takes the one there is from nobody. */
	[SQL_FLOOR_RAISE] =
	    "INSERT INTO main.crl_floor (key, number, this_update_s)"
	    " VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET"
	    " number = max(number, excluded.number),"
	    " this_update_s = max(this_update_s, excluded.this_update_s)"
	    " WHERE CASE WHEN length(number) > 0"
	    " AND length(excluded.number) > 0 AND number <> excluded.number"
	    " THEN excluded.number > number"
	    " ELSE excluded.this_update_s >= this_update_s END",
	[SQL_FLOOR_FORGET] = "DELETE FROM main.crl_floor",
	[SQL_BUCKET_FIND] =
	    "SELECT at_us, missing_us FROM live.bucket WHERE key = ?1",
	[SQL_BUCKET_FIND_KEPT] =
	    "SELECT at_us, missing_us FROM main.bucket WHERE key = ?1",
	[SQL_BUCKET_WRITE] =
	    "INSERT INTO live.bucket (key, user, at_us, missing_us, is_new)"
	    " VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (key) DO UPDATE SET"
	    " user = ?2, at_us = ?3, missing_us = ?4, is_new = 1",
	[SQL_BUCKET_WRITE_KEPT] =
	    "INSERT INTO main.bucket (key, user, at_us, missing_us, is_brief)"
	    " VALUES (?1, ?2, ?3, ?4, 0) ON CONFLICT (key) DO UPDATE SET"
	    " user = ?2, at_us = ?3, missing_us = ?4",
	[SQL_BUCKET_CLEAR] = "DELETE FROM live.bucket WHERE user = ?1",
	[SQL_BUCKET_CLEAR_KEPT] = "DELETE FROM main.bucket WHERE user = ?1",
	/* at + missing: when it is full. Overflow makes a REAL, no error. */
	[SQL_BUCKET_PURGE] =
	    "DELETE FROM live.bucket WHERE at_us + missing_us <= ?1",
	[SQL_BUCKET_PURGE_KEPT] =
	    "DELETE FROM main.bucket WHERE at_us + missing_us <= ?1",
	[SQL_BUCKET_KEEP] =
	    "INSERT INTO main.bucket (key, user, at_us, missing_us, is_brief)"
	    " SELECT key, user, at_us, missing_us, 1 FROM live.bucket"
	    " WHERE is_new = 1 ON CONFLICT (key) DO UPDATE SET"
	    " user = excluded.user, at_us = excluded.at_us,"
	    " missing_us = excluded.missing_us",
	[SQL_BUCKET_KEPT] =
	    "UPDATE live.bucket SET is_new = 0 WHERE is_new = 1",
};

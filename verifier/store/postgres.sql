-- SPDX-License-Identifier: BSD-2-Clause
--
-- Step 1 of the state in PostgreSQL. mtls-verifier --migrate runs this as
-- one transaction. Times are the database's: several verifiers have one clock
-- in common. What an operation writes in more than one table is a function.

CREATE SCHEMA mtls_verifier;

CREATE TABLE mtls_verifier.schema_version (
	version integer NOT NULL
);

-- Not logged: challenges live for two minutes. After a crash of the database
-- there are none, and a login that was under way begins again.
CREATE UNLOGGED TABLE mtls_verifier.challenge (
	id bytea PRIMARY KEY,
	request bytea NOT NULL,
	nonce bytea NOT NULL,
	user_name text NOT NULL,
	service text NOT NULL,
	host text NOT NULL,
	tty text NOT NULL,
	rhost text NOT NULL,
	ruser text NOT NULL,
	method text NOT NULL,
	source text NOT NULL,
	expires_at timestamptz NOT NULL,
	-- 1 open, 2 decided, 3 delivered
	state integer NOT NULL DEFAULT 1,
	verdict integer NOT NULL DEFAULT 0,
	reason text NOT NULL DEFAULT '',
	message text NOT NULL DEFAULT '',
	certificate text NOT NULL DEFAULT '',
	grant_expires_at timestamptz NOT NULL DEFAULT 'epoch'
);
CREATE INDEX challenge_host ON mtls_verifier.challenge (host)
	WHERE state = 1;

-- Writers have a lock in common: sequences are committed in their order.
CREATE TABLE mtls_verifier.audit (
	sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	time_ms bigint NOT NULL,
	request text NOT NULL,
	event text NOT NULL,
	decision text NOT NULL,
	user_name text NOT NULL,
	host text NOT NULL,
	service text NOT NULL,
	method text NOT NULL,
	tty text NOT NULL,
	rhost text NOT NULL,
	certificate text NOT NULL,
	source text NOT NULL,
	reason text NOT NULL,
	verifier text COLLATE "C" NOT NULL,
	seq bigint NOT NULL,
	hash bytea NOT NULL,
	UNIQUE (verifier, seq)
);
CREATE INDEX audit_user ON mtls_verifier.audit (user_name);

CREATE TABLE mtls_verifier.audit_head (
	verifier text COLLATE "C" PRIMARY KEY,
	seq bigint NOT NULL,
	hash bytea NOT NULL,
	base_seq bigint NOT NULL,
	base_hash bytea NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE mtls_verifier.binding (
	sha256 text COLLATE "C" PRIMARY KEY,
	user_name text NOT NULL,
	subject text NOT NULL,
	issuer text NOT NULL,
	serial text NOT NULL,
	not_after_s bigint NOT NULL,
	bound_at_s bigint NOT NULL
);
CREATE INDEX binding_user ON mtls_verifier.binding (user_name);

-- Token buckets that are not full; verifier/throttle.h.
CREATE TABLE mtls_verifier.bucket (
	key text COLLATE "C" PRIMARY KEY,
	user_name text NOT NULL,
	at_us bigint NOT NULL,
	missing_us bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX bucket_user ON mtls_verifier.bucket (user_name);

-- How new the CRL of each CA was; key is the SHA-256 of its SPKI.
CREATE TABLE mtls_verifier.crl_floor (
	key bytea PRIMARY KEY,
	number bytea NOT NULL,
	this_update_s bigint NOT NULL
);

-- What administrators have revoked.
CREATE TABLE mtls_verifier.revoked (
	sha256 text COLLATE "C" PRIMARY KEY,
	kind text NOT NULL,
	user_name text NOT NULL,
	subject text NOT NULL,
	issuer text NOT NULL,
	serial text NOT NULL,
	reason text NOT NULL,
	revoked_by text NOT NULL,
	revoked_at_s bigint NOT NULL
);
CREATE INDEX revoked_user ON mtls_verifier.revoked (user_name);

-- What an operation comes to: n as each function says, or -10 - the number
-- of the limit that refuses it, and then how long that will do so.
CREATE TYPE mtls_verifier.answer AS (n bigint, wait_us bigint);

-- What an operation takes from buckets, one element of each for a bucket.
CREATE TYPE mtls_verifier.limits AS (
	keys text[],
	users text[],
	token_us bigint[],
	n bigint[],
	cost bigint[],
	refuses boolean[],
	now_us bigint
);

-- Bucket i brought up to now, as throttle_update() does it.
CREATE FUNCTION mtls_verifier.bucket_now(l mtls_verifier.limits, i integer)
RETURNS mtls_verifier.bucket LANGUAGE plpgsql AS $$
DECLARE
	b mtls_verifier.bucket;
	passed bigint := 0;
BEGIN
	SELECT * INTO b FROM mtls_verifier.bucket WHERE key = l.keys[i];
	b.key := l.keys[i];
	b.user_name := l.users[i];
	b.at_us := coalesce(b.at_us, 0);
	b.missing_us := least(greatest(coalesce(b.missing_us, 0), 0),
	    l.token_us[i] * l.n[i]);
	IF l.now_us < 0 OR (b.at_us > l.now_us
	    AND b.at_us - l.now_us <= 60000000) THEN
		RETURN b;
	END IF;
	IF b.at_us >= 0 AND l.now_us > b.at_us THEN
		passed := l.now_us - b.at_us;
	END IF;
	b.missing_us := b.missing_us - least(passed, b.missing_us);
	b.at_us := l.now_us;
	RETURN b;
END
$$;

CREATE FUNCTION mtls_verifier.bucket_write(b mtls_verifier.bucket)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO mtls_verifier.bucket
	VALUES (b.key, b.user_name, b.at_us, b.missing_us)
	ON CONFLICT (key) DO UPDATE SET user_name = excluded.user_name,
	    at_us = excluded.at_us, missing_us = excluded.missing_us
$$;

-- Whether a limit refuses; n is 1 if none does. An empty bucket whose clock
-- went back has to remember where it is now.
CREATE FUNCTION mtls_verifier.limits_look(l mtls_verifier.limits)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	b mtls_verifier.bucket;
	a mtls_verifier.answer := (1, 0);
BEGIN
	FOR i IN 1..coalesce(cardinality(l.keys), 0) LOOP
		CONTINUE WHEN NOT l.refuses[i];
		b := mtls_verifier.bucket_now(l, i);
		a.wait_us := CASE WHEN l.cost[i] > l.n[i]
		    THEN 9223372036854775807
		    ELSE greatest(0, b.missing_us + l.token_us[i]
			* (greatest(l.cost[i], 1) - l.n[i])) END;
		IF a.wait_us > 0 THEN
			UPDATE mtls_verifier.bucket SET at_us = b.at_us,
			    missing_us = b.missing_us
			WHERE key = b.key AND at_us > b.at_us;
			a.n := -10 - i;
			RETURN a;
		END IF;
	END LOOP;
	RETURN a;
END
$$;

CREATE FUNCTION mtls_verifier.limits_take(l mtls_verifier.limits)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	b mtls_verifier.bucket;
BEGIN
	FOR i IN 1..coalesce(cardinality(l.keys), 0) LOOP
		CONTINUE WHEN l.cost[i] = 0;
		b := mtls_verifier.bucket_now(l, i);
		b.missing_us := CASE WHEN l.cost[i] >= l.n[i]
		    THEN l.token_us[i] * l.n[i]
		    ELSE least(l.token_us[i] * l.n[i],
			b.missing_us + l.token_us[i] * l.cost[i]) END;
		PERFORM mtls_verifier.bucket_write(b);
	END LOOP;
END
$$;

-- A text with its length in front, as in include/mtls/audit_chain.h.
CREATE FUNCTION mtls_verifier.field(t text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT AS $$
	SELECT int4send(octet_length(convert_to(t, 'UTF8')))
	    || convert_to(t, 'UTF8')
$$;

-- The next record of this verifier's chain. f: request, event, decision,
-- user, host, service, method, tty, rhost, certificate, source, reason.
CREATE FUNCTION mtls_verifier.record_add(v text, t bigint, f text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	fields bytea := '';
	head mtls_verifier.audit_head;
BEGIN
	FOR i IN 1..12 LOOP
		fields := fields || mtls_verifier.field(f[i]);
	END LOOP;
	INSERT INTO mtls_verifier.audit_head
	VALUES (v, 0, decode(repeat('00', 32), 'hex'), 0,
	    decode(repeat('00', 32), 'hex'))
	ON CONFLICT DO NOTHING;
	UPDATE mtls_verifier.audit_head SET seq = seq + 1,
	    hash = sha256(hash || 'mtls-audit-1'::bytea
	    || mtls_verifier.field(v) || int8send(seq + 1) || int8send(t)
	    || fields)
	WHERE verifier = v RETURNING * INTO STRICT head;
	INSERT INTO mtls_verifier.audit (time_ms, request, event, decision,
	    user_name, host, service, method, tty, rhost, certificate, source,
	    reason, verifier, seq, hash)
	VALUES (t, f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9],
	    f[10], f[11], f[12], v, head.seq, head.hash);
END
$$;

-- n is 1: only the limits.
CREATE FUNCTION mtls_verifier.limit_take(l mtls_verifier.limits)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := mtls_verifier.limits_look(l);
BEGIN
	IF a.n = 1 THEN
		PERFORM mtls_verifier.limits_take(l);
	END IF;
	RETURN a;
END
$$;

-- n is 1: written down.
CREATE FUNCTION mtls_verifier.record_take(v text, t bigint, f text[],
    l mtls_verifier.limits)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := mtls_verifier.limits_look(l);
BEGIN
	IF a.n = 1 THEN
		PERFORM mtls_verifier.limits_take(l);
		PERFORM mtls_verifier.record_add(v, t, f);
	END IF;
	RETURN a;
END
$$;

CREATE FUNCTION mtls_verifier.is_revoked(s text, k text)
RETURNS boolean STABLE LANGUAGE sql AS $$
	SELECT EXISTS (SELECT 1 FROM mtls_verifier.revoked
	    WHERE sha256 IN (s, k))
$$;

-- n is 1: added; 0: its machine has too many, or the id was there; -2: s or k
-- is revoked. f: user, service, host, tty, rhost, ruser, method, source.
CREATE FUNCTION mtls_verifier.challenge_add(c bytea, r bytea, n bytea,
    f text[], ttl_ms bigint, open_max bigint, s text, k text,
    l mtls_verifier.limits)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer;
BEGIN
	IF mtls_verifier.is_revoked(s, k) THEN
		RETURN (-2, 0)::mtls_verifier.answer;
	END IF;
	a := mtls_verifier.limits_look(l);
	IF a.n <> 1 THEN
		RETURN a;
	END IF;
	INSERT INTO mtls_verifier.challenge (id, request, nonce, user_name,
	    service, host, tty, rhost, ruser, method, source, expires_at)
	SELECT c, r, n, f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8],
	    clock_timestamp() + ttl_ms * interval '1 millisecond'
	WHERE (SELECT count(*) FROM mtls_verifier.challenge x
	    WHERE x.host = f[3] AND x.state = 1) < open_max
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		a.n := 0;
	ELSE
		PERFORM mtls_verifier.limits_take(l);
	END IF;
	RETURN a;
END
$$;

-- n is 1: decided, and written down; 0: not open any more; -1: not there;
-- -2: s or k is revoked.
CREATE FUNCTION mtls_verifier.challenge_decide(c bytea, d integer, r text,
    m text, cert text, ttl_ms bigint, s text, k text, v text, t bigint,
    f text[], l mtls_verifier.limits)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer;
BEGIN
	IF mtls_verifier.is_revoked(s, k) THEN
		RETURN (-2, 0)::mtls_verifier.answer;
	END IF;
	a := mtls_verifier.limits_look(l);
	IF a.n <> 1 THEN
		RETURN a;
	END IF;
	UPDATE mtls_verifier.challenge SET state = 2, verdict = d, reason = r,
	    message = m, certificate = cert, grant_expires_at =
	    clock_timestamp() + ttl_ms * interval '1 millisecond'
	WHERE id = c AND state = 1;
	IF FOUND THEN
		PERFORM mtls_verifier.limits_take(l);
		PERFORM mtls_verifier.record_add(v, t, f);
		PERFORM pg_notify('mtls_verifier_decided', encode(c, 'hex'));
		RETURN a;
	END IF;
	PERFORM 1 FROM mtls_verifier.challenge WHERE id = c;
	a.n := CASE WHEN FOUND THEN 0 ELSE -1 END;
	RETURN a;
END
$$;

-- n is how many buckets of the user were filled.
CREATE FUNCTION mtls_verifier.limit_clear(u text, v text, t bigint, f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (0, 0);
BEGIN
	DELETE FROM mtls_verifier.bucket WHERE user_name = u;
	GET DIAGNOSTICS a.n = ROW_COUNT;
	IF a.n > 0 THEN
		PERFORM mtls_verifier.record_add(v, t, f);
	END IF;
	RETURN a;
END
$$;

-- n is 1: bound, and written down; 0: it was; -1: to somebody else.
CREATE FUNCTION mtls_verifier.binding_add(c text, u text, s text, i text,
    n text, not_after bigint, at bigint, v text, t bigint, f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (1, 0);
BEGIN
	INSERT INTO mtls_verifier.binding VALUES (c, u, s, i, n, not_after,
	    at) ON CONFLICT DO NOTHING;
	IF FOUND THEN
		PERFORM mtls_verifier.record_add(v, t, f);
		RETURN a;
	END IF;
	PERFORM 1 FROM mtls_verifier.binding WHERE sha256 = c
	    AND user_name = u;
	a.n := CASE WHEN FOUND THEN 0 ELSE -1 END;
	RETURN a;
END
$$;

-- n is how many were removed; written down where any was.
CREATE FUNCTION mtls_verifier.binding_remove(u text, c text, v text,
    t bigint, f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (0, 0);
BEGIN
	DELETE FROM mtls_verifier.binding WHERE user_name = u
	    AND (c = '' OR sha256 = c);
	GET DIAGNOSTICS a.n = ROW_COUNT;
	IF a.n > 0 THEN
		PERFORM mtls_verifier.record_add(v, t, f);
	END IF;
	RETURN a;
END
$$;

-- n is 1: this is the floor now; 0: there is a higher one. An empty number is
-- none, and takes the one there is from nobody.
CREATE FUNCTION mtls_verifier.floor_raise(k bytea, n bytea, at bigint)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (1, 0);
BEGIN
	INSERT INTO mtls_verifier.crl_floor AS old VALUES (k, n, at)
	ON CONFLICT (key) DO UPDATE SET
	    number = greatest(old.number, excluded.number),
	    this_update_s = greatest(old.this_update_s,
		excluded.this_update_s)
	WHERE CASE WHEN length(old.number) > 0
	    AND length(excluded.number) > 0
	    AND old.number <> excluded.number
	    THEN excluded.number > old.number
	    ELSE excluded.this_update_s >= old.this_update_s END;
	IF NOT FOUND THEN
		a.n := 0;
	END IF;
	RETURN a;
END
$$;

-- n is how many floors were forgotten.
CREATE FUNCTION mtls_verifier.floor_forget(v text, t bigint, f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (0, 0);
BEGIN
	DELETE FROM mtls_verifier.crl_floor;
	GET DIAGNOSTICS a.n = ROW_COUNT;
	PERFORM mtls_verifier.record_add(v, t, f);
	RETURN a;
END
$$;

-- n is how many were not revoked before. s "": all that are bound to u.
CREATE FUNCTION mtls_verifier.revoke(s text, k text, u text, subj text,
    iss text, ser text, why text, who text, at bigint, v text, t bigint,
    f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (0, 0);
BEGIN
	INSERT INTO mtls_verifier.revoked
	SELECT sha256, 'certificate', user_name, subject, issuer, serial, why,
	    who, at
	FROM mtls_verifier.binding WHERE s = '' AND user_name = u
	UNION ALL
	SELECT s, k, coalesce(nullif(u, ''), b.user_name, ''),
	    coalesce(nullif(subj, ''), b.subject, ''),
	    coalesce(nullif(iss, ''), b.issuer, ''),
	    coalesce(nullif(ser, ''), b.serial, ''), why, who, at
	FROM (SELECT 1) one
	LEFT JOIN mtls_verifier.binding b ON b.sha256 = s WHERE s <> ''
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS a.n = ROW_COUNT;
	IF a.n > 0 THEN
		PERFORM mtls_verifier.record_add(v, t, f);
	END IF;
	RETURN a;
END
$$;

-- n is 1: it was revoked, and is not any more.
CREATE FUNCTION mtls_verifier.unrevoke(s text, v text, t bigint, f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (0, 0);
BEGIN
	DELETE FROM mtls_verifier.revoked WHERE sha256 = s;
	GET DIAGNOSTICS a.n = ROW_COUNT;
	IF a.n > 0 THEN
		PERFORM mtls_verifier.record_add(v, t, f);
	END IF;
	RETURN a;
END
$$;

-- n is how many of the first records of v were from before then, and went;
-- the chain begins behind the last of them.
CREATE FUNCTION mtls_verifier.record_drop(v text, until_ms bigint,
    at_most bigint)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (0, 0);
	s bigint;
BEGIN
	SELECT count(*), max(seq) INTO a.n, s
	FROM (SELECT seq, bool_and(time_ms < until_ms) OVER (ORDER BY seq)
	    AS is_old
	    FROM (SELECT seq, time_ms FROM mtls_verifier.audit
		WHERE verifier = v ORDER BY seq LIMIT at_most) first) old
	WHERE is_old;
	IF a.n > 0 THEN
		UPDATE mtls_verifier.audit_head SET base_seq = s,
		    base_hash = (SELECT hash FROM mtls_verifier.audit
			WHERE verifier = v AND seq = s)
		WHERE verifier = v;
		DELETE FROM mtls_verifier.audit
		WHERE verifier = v AND seq <= s;
	END IF;
	RETURN a;
END
$$;

-- n is 1. Challenges that ended so long ago, and buckets that are full.
CREATE FUNCTION mtls_verifier.purge(ago_ms bigint, now_us bigint)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	then_at timestamptz := clock_timestamp()
	    - ago_ms * interval '1 millisecond';
BEGIN
	DELETE FROM mtls_verifier.challenge WHERE expires_at < then_at
	    AND grant_expires_at < then_at;
	IF now_us > 0 THEN
		DELETE FROM mtls_verifier.bucket
		WHERE at_us <= now_us - missing_us;
	END IF;
	RETURN (1, 0)::mtls_verifier.answer;
END
$$;

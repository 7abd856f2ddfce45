-- SPDX-License-Identifier: BSD-2-Clause
--
-- Step 3 of the state in PostgreSQL: codes that are typed, and the session
-- words of the logins that wait for one. Nobody who reads the table can make
-- a code of what is in it: mac and mark are made with a key that the
-- verifiers have and the database has not. For the same reason they can be
-- compared like any other bytes: who tries codes does not know their macs.

ALTER TABLE mtls_verifier.challenge
	ADD COLUMN session text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN tries bigint NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX challenge_session ON mtls_verifier.challenge (session)
	WHERE session <> '' AND state = 1;

-- Not logged, as challenges are not. One for each slot, which is what it is
-- for; an empty challenge: minted.
CREATE UNLOGGED TABLE mtls_verifier.code (
	slot bytea PRIMARY KEY,
	mac bytea NOT NULL,
	mark bytea NOT NULL,
	challenge bytea NOT NULL,
	user_name text NOT NULL,
	service text NOT NULL,
	host text NOT NULL,
	source text NOT NULL,
	der bytea NOT NULL,
	expires_at timestamptz NOT NULL
);
CREATE INDEX code_user ON mtls_verifier.code (user_name);
CREATE INDEX code_mark ON mtls_verifier.code (mark);

-- As before, with a ninth text, the session word, and tries for codes; -3:
-- another open challenge has that word.
DROP FUNCTION mtls_verifier.challenge_add(bytea, bytea, bytea, text[],
    bigint, bigint, text, text, mtls_verifier.limits);
CREATE FUNCTION mtls_verifier.challenge_add(c bytea, r bytea, n bytea,
    f text[], ttl_ms bigint, open_max bigint, n_tries bigint, s text, k text,
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
	PERFORM 1 FROM mtls_verifier.challenge x
	WHERE x.session = f[9] AND x.session <> '' AND x.state = 1;
	IF FOUND THEN
		RETURN (-3, 0)::mtls_verifier.answer;
	END IF;
	INSERT INTO mtls_verifier.challenge (id, request, nonce, user_name,
	    service, host, tty, rhost, ruser, method, source, session, tries,
	    expires_at)
	SELECT c, r, n, f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9],
	    n_tries, clock_timestamp() + ttl_ms * interval '1 millisecond'
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

-- n is 1: added, and written down; 0: its challenge is not open or has had
-- its tries; -2: s or k is revoked. p: user, service, host, source.
CREATE FUNCTION mtls_verifier.code_add(sl bytea, m bytea, mk bytea, c bytea,
    p text[], d bytea, ttl_ms bigint, s text, k text, v text, t bigint,
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
	INSERT INTO mtls_verifier.code (slot, mac, mark, challenge,
	    user_name, service, host, source, der, expires_at)
	SELECT sl, m, mk, c, p[1], p[2], p[3], p[4], d,
	    clock_timestamp() + ttl_ms * interval '1 millisecond'
	WHERE length(c) = 0 OR EXISTS (SELECT 1
	    FROM mtls_verifier.challenge x
	    WHERE x.id = c AND x.state = 1 AND x.tries > 0)
	ON CONFLICT (slot) DO UPDATE SET mac = excluded.mac,
	    mark = excluded.mark, challenge = excluded.challenge,
	    user_name = excluded.user_name, service = excluded.service,
	    host = excluded.host, source = excluded.source,
	    der = excluded.der, expires_at = excluded.expires_at;
	IF NOT FOUND THEN
		a.n := 0;
	ELSE
		PERFORM mtls_verifier.limits_take(l);
		PERFORM mtls_verifier.record_add(v, t, f);
	END IF;
	RETURN a;
END
$$;

-- n is 1: the code of this login, 2: a minted one; 0: neither, and then
-- user_name, service and host say for what it would have been good; -1: the
-- challenge is not open, not h's, or has had its tries.
CREATE TYPE mtls_verifier.taken AS (
	n bigint,
	wait_us bigint,
	tries bigint,
	der bytea,
	source text,
	user_name text,
	service text,
	host text
);

CREATE FUNCTION mtls_verifier.code_take(c bytea, h text, u text, sl1 bytea,
    m1 bytea, sl2 bytea, m2 bytea, mk bytea, l mtls_verifier.limits)
RETURNS mtls_verifier.taken LANGUAGE plpgsql AS $$
DECLARE
	r mtls_verifier.taken :=
	    (-1, 0, 0, ''::bytea, '', NULL, NULL, NULL);
	a mtls_verifier.answer;
	hit mtls_verifier.code;
	now_at timestamptz := clock_timestamp();
BEGIN
	-- Whoever comes at the same time waits, for what is left then.
	SELECT x.tries INTO r.tries FROM mtls_verifier.challenge x
	WHERE x.id = c AND x.host = h AND x.state = 1 AND x.tries > 0
	FOR UPDATE;
	IF NOT FOUND THEN
		r.tries := 0;
		RETURN r;
	END IF;
	a := mtls_verifier.limits_look(l);
	IF a.n <> 1 THEN
		r.n := a.n;
		r.wait_us := a.wait_us;
		RETURN r;
	END IF;
	r.n := 1;
	DELETE FROM mtls_verifier.code x WHERE x.slot = sl1 AND x.mac = m1
	    AND x.expires_at > now_at RETURNING * INTO hit;
	IF NOT FOUND THEN
		r.n := 2;
		DELETE FROM mtls_verifier.code x WHERE x.slot = sl2
		    AND x.mac = m2 AND x.expires_at > now_at
		RETURNING * INTO hit;
	END IF;
	IF FOUND THEN
		r.tries := 0;
		r.der := hit.der;
		r.source := hit.source;
		UPDATE mtls_verifier.challenge SET tries = 0 WHERE id = c;
		RETURN r;
	END IF;
	r.n := 0;
	r.tries := r.tries - 1;
	UPDATE mtls_verifier.challenge SET tries = r.tries WHERE id = c;
	-- There was something that could have been guessed.
	PERFORM 1 FROM mtls_verifier.code x WHERE x.user_name = u
	    AND x.expires_at > now_at;
	IF FOUND THEN
		PERFORM mtls_verifier.limits_take(l);
	END IF;
	SELECT * INTO hit FROM mtls_verifier.code x WHERE x.mark = mk
	    AND x.expires_at > now_at LIMIT 1;
	IF FOUND THEN
		r.user_name := hit.user_name;
		r.service := hit.service;
		r.host := hit.host;
		DELETE FROM mtls_verifier.code x WHERE x.mark = mk;
	END IF;
	IF r.tries = 0 THEN
		DELETE FROM mtls_verifier.code x WHERE x.challenge = c;
	END IF;
	RETURN r;
END
$$;

-- As before, and codes.
CREATE OR REPLACE FUNCTION mtls_verifier.purge(ago_ms bigint, now_us bigint)
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	then_at timestamptz := clock_timestamp()
	    - ago_ms * interval '1 millisecond';
BEGIN
	DELETE FROM mtls_verifier.challenge WHERE expires_at < then_at
	    AND grant_expires_at < then_at;
	DELETE FROM mtls_verifier.code WHERE expires_at < then_at;
	IF now_us > 0 THEN
		DELETE FROM mtls_verifier.bucket
		WHERE at_us <= now_us - missing_us;
	END IF;
	RETURN (1, 0)::mtls_verifier.answer;
END
$$;

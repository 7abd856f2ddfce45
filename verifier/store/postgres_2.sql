-- SPDX-License-Identifier: BSD-2-Clause
--
-- Step 2 of the state in PostgreSQL: bindings keep the certificate, and the
-- SHA-256 of its SubjectPublicKeyInfo. Those that were there have neither
-- until their certificate is bound again.

ALTER TABLE mtls_verifier.binding
	ADD COLUMN key_sha256 text COLLATE "C" NOT NULL DEFAULT '',
	ADD COLUMN der bytea NOT NULL DEFAULT '';

DROP FUNCTION mtls_verifier.binding_add(text, text, text, text, text, bigint,
    bigint, text, bigint, text[]);

-- n is 1: bound, or its certificate is known from now on, and written down;
-- 0: it was; -1: to somebody else.
CREATE FUNCTION mtls_verifier.binding_add(c text, u text, s text, i text,
    n text, not_after bigint, at bigint, k text, d bytea, v text, t bigint,
    f text[])
RETURNS mtls_verifier.answer LANGUAGE plpgsql AS $$
DECLARE
	a mtls_verifier.answer := (1, 0);
BEGIN
	INSERT INTO mtls_verifier.binding AS old (sha256, user_name, subject,
	    issuer, serial, not_after_s, bound_at_s, key_sha256, der)
	VALUES (c, u, s, i, n, not_after, at, k, d)
	ON CONFLICT (sha256) DO UPDATE SET key_sha256 = excluded.key_sha256,
	    der = excluded.der
	WHERE old.user_name = excluded.user_name AND length(old.der) = 0
	    AND length(excluded.der) > 0;
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

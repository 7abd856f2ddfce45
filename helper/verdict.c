/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The only place where ALLOW is accepted off the network. The caller has
 * already checked the connection: TLS, the verifier's name, HTTP, lengths.
 *
 *  1. MUST start from NONE and say ALLOW in one statement only.
 *	(T140_every_failure_is_no_verdict)
 *  2. MUST parse strictly: no duplicate, unknown, missing or wrongly typed
 *	member, nothing behind the object. (T058_broken_json_is_no_verdict)
 *  3. MUST compare every member that restates the question - version, the
 *	challenge, request and nonce, user, service, host, tty, rhost, ruser
 *	and method - whole and byte by byte, before it looks at the decision.
 *	(T059_every_altered_field_is_no_verdict)
 *  4. MUST take "allow" and "deny" as they are written and nothing else.
 *	(T059_only_two_words_decide)
 *  5. MUST NOT take a grant that is spent.
 *	(T059_a_spent_grant_is_no_verdict)
 *  6. MUST NOT take the answer to another login, however genuine.
 *	(T018_a_replayed_grant_is_no_verdict)
 */
#include "config.h"

#include "verdict.h"

#include <string.h>

#include "mtls/secret.h"

static enum mtls_status
same_text(const char *name, const char *asked, const char *answered,
    struct mtls_err *err)
{
	if (asked != NULL && answered != NULL &&
	    strcmp(asked, answered) == 0)
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "the grant is for another %s", name);
}

static enum mtls_status
same_bytes(const char *name, const uint8_t *asked, const uint8_t *answered,
    size_t len, struct mtls_err *err)
{
	if (mtls_bytes_equal(asked, answered, len))
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "the grant is for another %s", name);
}

/* MUST 3 */
static enum mtls_status
restates(const struct mtls_body_open *o,
    const uint8_t challenge[MTLS_ID_BYTES], const struct mtls_body_grant *g,
    struct mtls_err *err)
{
	if (g->version != o->version)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the grant is for another version");
	if (same_bytes("challenge", challenge, g->challenge, MTLS_ID_BYTES,
	    err) != MTLS_OK ||
	    same_bytes("request", o->request, g->request, MTLS_ID_BYTES,
	    err) != MTLS_OK ||
	    same_bytes("nonce", o->nonce, g->nonce, MTLS_NONCE_BYTES,
	    err) != MTLS_OK ||
	    same_text("user", o->user, g->user, err) != MTLS_OK ||
	    same_text("service", o->service, g->service, err) != MTLS_OK ||
	    same_text("host", o->host, g->host, err) != MTLS_OK ||
	    same_text("tty", o->tty, g->tty, err) != MTLS_OK ||
	    same_text("rhost", o->rhost, g->rhost, err) != MTLS_OK ||
	    same_text("ruser", o->ruser, g->ruser, err) != MTLS_OK ||
	    same_text("method", o->method, g->method, err) != MTLS_OK)
		return err->status;
	return MTLS_OK;
}

enum mtls_verdict
verdict_check(const struct mtls_body_open *open,
    const uint8_t challenge[MTLS_ID_BYTES], const char *json, size_t len,
    struct mtls_body_grant *ret_grant, struct mtls_err *err)
{
	struct mtls_body_grant grant;
	enum mtls_verdict verdict = MTLS_VERDICT_NONE;

	memset(&grant, 0, sizeof(grant));
	if (mtls_body_parse(MTLS_BODY_GRANT, json, len, &grant, err) !=
	    MTLS_OK)
		return MTLS_VERDICT_NONE;
	if (restates(open, challenge, &grant, err) != MTLS_OK)
		goto out;

	if (strcmp(grant.decision, "deny") == 0) {
		verdict = MTLS_VERDICT_DENY;
		(void)mtls_fail(err, MTLS_E_REFUSED, "%s", grant.reason);
	} else if (strcmp(grant.decision, "allow") != 0) {
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the grant decides nothing");
	} else if (grant.expires_in <= 0) {
		(void)mtls_fail(err, MTLS_E_PROTOCOL, "the grant is spent");
	} else {
		verdict = MTLS_VERDICT_ALLOW;
	}
out:
	if (verdict == MTLS_VERDICT_NONE)
		mtls_body_clear(MTLS_BODY_GRANT, &grant);
	else
		*ret_grant = grant;
	return verdict;
}

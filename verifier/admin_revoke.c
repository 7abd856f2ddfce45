/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Revoking at this verifier, and every other with the same state, from the
 * next login on: no CA, no CRL, no reload. Taking it back is a change like
 * any other, with its record.
 */
#include "config.h"

#include "admin_request.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mtls/text.h"

static const char *
request_fault(const struct mtls_msg_admin_revoke *m)
{
	if (strcmp(m->kind, "certificate") != 0 && strcmp(m->kind, "key") != 0)
		return "it is a certificate or a key";
	if (m->sha256[0] != '\0' && !admin_is_fingerprint(m->sha256))
		return "a fingerprint is 64 hexadecimal digits in lower case";
	if (m->user[0] != '\0' && !mtls_text_is_user(m->user))
		return "this cannot be the name of a user";
	if (m->sha256[0] == '\0' && m->user[0] == '\0')
		return "whose, or which certificate";
	return NULL;
}

void
admin_revoke(struct admin_connection *c)
{
	const struct mtls_msg_admin_revoke *m = &c->request.u.admin_revoke;
	const char *fault = request_fault(m);

	if (fault != NULL) {
		admin_refuse(c, MTLS_E_USAGE, fault);
		return;
	}
	c->revocation = (struct store_revocation){
		.sha256 = m->sha256, .kind = m->kind, .user = m->user,
		.subject = m->subject, .issuer = m->issuer,
		.serial = m->serial, .reason = m->reason, .by = c->source,
		.revoked_at_s = time(NULL),
	};
	c->op.revocation = &c->revocation;
	(void)snprintf(c->certificate, sizeof(c->certificate), "%s sha256=%s",
	    m->kind, m->sha256[0] == '\0' ? "all" : m->sha256);
	admin_begin_audit(c, "revoke", m->user);
	if (m->reason[0] != '\0') {
		(void)snprintf(c->reason, sizeof(c->reason), "revoke: %s",
		    m->reason);
		c->audit.record.reason = c->reason;
	}
	admin_submit(c, STORE_REVOKE, admin_on_changed);
}

void
admin_unrevoke(struct admin_connection *c)
{
	const char *sha256 = c->request.u.admin_unrevoke.sha256;

	if (!admin_is_fingerprint(sha256)) {
		admin_refuse(c, MTLS_E_USAGE, "a fingerprint is 64 "
		    "hexadecimal digits in lower case");
		return;
	}
	c->op.sha256 = sha256;
	(void)snprintf(c->certificate, sizeof(c->certificate), "sha256=%s",
	    sha256);
	admin_begin_audit(c, "unrevoke", "");
	admin_submit(c, STORE_UNREVOKE, admin_on_changed);
}

void
admin_revocations(struct admin_connection *c)
{
	c->op.user = c->request.u.admin_revocations.user;
	c->op.sha256 = c->after;
	c->left = INT64_MAX;
	admin_more(c);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * From a connection to a certificate in some standing. The handshake has
 * verified chain and purpose; what can change since, or since the CAs were
 * exchanged, is looked at for every request.
 */
#include "config.h"

#include "peer.h"

#include <string.h>
#include <time.h>

/*
 * The one that signed the certificate must be in the bundle of the listener
 * itself. Bundles often share a root, and then a chain through another CA
 * under it would pass the handshake.
 */
static X509 *
issuer_of(SSL *ssl, const struct generation *g, enum role role)
{
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	X509 *issuer;

	if (sk_X509_num(chain) < 2)
		return NULL;
	issuer = sk_X509_value(chain, 1);
	return generation_has_ca(g, role, issuer) ? issuer : NULL;
}

/* A dNSName is what makes a certificate a machine's. */
static enum mtls_status
check_role(const struct peer *peer, enum role role, struct mtls_err *err)
{
	if (peer->id.is_ca)
		return mtls_fail(err, MTLS_E_PEER,
		    "the certificate is a CA's");
	if (role == ROLE_DEVICE && peer->id.dns.n != 1)
		return mtls_fail(err, MTLS_E_PEER,
		    "the certificate of a machine names exactly one host");
	if (role == ROLE_USER && peer->id.dns.n != 0)
		return mtls_fail(err, MTLS_E_PEER,
		    "the certificate is a machine's");
	return MTLS_OK;
}

void
peer_read(struct peer *peer, SSL *ssl, const struct generation *g,
    enum role role, struct mtls_err *err)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	enum mtls_status status;

	memset(peer, 0, sizeof(*peer));
	peer->standing = POLICY_STANDING_MALFORMED;
	peer->now_s = time(NULL);
	if (certificate == NULL)
		return;
	status = mtls_identity_read(certificate, &peer->id, err);
	if (status != MTLS_OK)
		return;
	peer->is_readable = 1;
	if (check_role(peer, role, err) != MTLS_OK)
		return;
	peer->is_of_role = 1;
	peer_look(peer, ssl, g, role);
}

void
peer_look(struct peer *peer, SSL *ssl, const struct generation *g,
    enum role role)
{
	if (!peer->is_of_role)
		return;
	X509_free(peer->question.certificate);
	peer->question.certificate = NULL;
	peer->revocation = POLICY_STRICT;
	peer->now_s = time(NULL);
	if (peer->now_s <= 0) {
		peer->standing = POLICY_STANDING_UNKNOWN;
		return;
	}
	peer->standing = revocation_standing(g->revocation,
	    SSL_get0_peer_certificate(ssl), issuer_of(ssl, g, role),
	    peer->now_s, &peer->revocation, &peer->question);
}

void
peer_clear(struct peer *peer)
{
	if (peer->is_readable)
		mtls_identity_clear(&peer->id);
	X509_free(peer->question.certificate);
	memset(peer, 0, sizeof(*peer));
}

const char *
peer_host0(const struct peer *peer)
{
	if (!peer->is_readable || peer->id.dns.n != 1)
		return NULL;
	return peer->id.dns.text[0];
}

const char *
peer_machine_fault(const struct peer *peer, const char **ret_message)
{
	switch (peer->standing) {
	case POLICY_STANDING_GOOD:
		return NULL;
	case POLICY_STANDING_UNKNOWN:
		if (peer->revocation == POLICY_RELAXED)
			return NULL;
		*ret_message = "It is not known whether this machine's "
		    "certificate has been revoked.";
		return "revocation-unavailable";
	case POLICY_STANDING_REVOKED:
	case POLICY_STANDING_ISSUER_REVOKED:
		*ret_message = "This machine's certificate has been revoked.";
		return "machine-revoked";
	case POLICY_STANDING_REVOKED_HERE:
		*ret_message = "This machine's certificate has been revoked "
		    "by an administrator.";
		return policy_reason_word(POLICY_REASON_REVOKED_HERE);
	case POLICY_STANDING_NOT_YET_VALID:
	case POLICY_STANDING_OUTDATED:
		*ret_message = "This machine's certificate is not valid now.";
		return "machine-expired";
	case POLICY_STANDING_MALFORMED:
	case POLICY_STANDING_NO_ISSUER:
	case POLICY_STANDING_COUNT:
		break;
	}
	*ret_message = "This certificate is not one of a machine.";
	return "machine-unknown";
}

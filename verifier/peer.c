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

#include <openssl/err.h>
#include <openssl/x509v3.h>

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

/* Of a certificate without its chain: whoever of the bundle signed it. */
static X509 *
signer_of(X509 *certificate, const struct generation *g, enum role role)
{
	X509 *ca;

	for (int i = 0; i < sk_X509_num(g->cas[role]); i++) {
		ca = sk_X509_value(g->cas[role], i);
		if (X509_check_issued(ca, certificate) == X509_V_OK &&
		    X509_verify(certificate, X509_get0_pubkey(ca)) == 1)
			return ca;
	}
	ERR_clear_error();
	return NULL;
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

static void
read_certificate(struct peer *peer, X509 *certificate, enum role role,
    struct mtls_err *err)
{
	peer->standing = POLICY_STANDING_MALFORMED;
	peer->now_s = time(NULL);
	if (certificate == NULL ||
	    mtls_identity_read(certificate, &peer->id, err) != MTLS_OK)
		return;
	peer->is_readable = 1;
	peer->is_of_role = check_role(peer, role, err) == MTLS_OK;
}

void
peer_read(struct peer *peer, SSL *ssl, const struct generation *g,
    enum role role, struct mtls_err *err)
{
	memset(peer, 0, sizeof(*peer));
	read_certificate(peer, SSL_get0_peer_certificate(ssl), role, err);
	peer_look(peer, ssl, g, role);
}

void
peer_remember(struct peer *peer, X509 *certificate,
    const struct generation *g, enum role role, struct mtls_err *err)
{
	memset(peer, 0, sizeof(*peer));
	peer->remembered = certificate;
	read_certificate(peer, certificate, role, err);
	peer_look(peer, NULL, g, role);
}

void
peer_verify(struct peer *peer, struct mtls_tls *tls, X509 *certificate,
    const struct generation *g, struct mtls_err *err)
{
	peer_remember(peer, certificate, g, ROLE_USER, err);
	/* Whatever else is known of it is the better reason. */
	if (peer->standing != POLICY_STANDING_GOOD &&
	    peer->standing != POLICY_STANDING_UNKNOWN)
		return;
	if (mtls_tls_verify_client(tls, g->ctx[ROLE_USER], certificate,
	    err) == MTLS_OK)
		return;
	/* peer_look() leaves it like that. */
	peer->is_of_role = 0;
	peer->standing = POLICY_STANDING_MALFORMED;
	X509_free(peer->question.certificate);
	peer->question.certificate = NULL;
}

void
peer_look(struct peer *peer, SSL *ssl, const struct generation *g,
    enum role role)
{
	X509 *certificate = peer->remembered, *issuer;

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
	if (certificate != NULL) {
		issuer = signer_of(certificate, g, role);
	} else {
		certificate = SSL_get0_peer_certificate(ssl);
		issuer = issuer_of(ssl, g, role);
	}
	peer->standing = revocation_standing(g->revocation, certificate,
	    issuer, peer->now_s, &peer->revocation, &peer->question);
}

void
peer_clear(struct peer *peer)
{
	if (peer->is_readable)
		mtls_identity_clear(&peer->id);
	X509_free(peer->question.certificate);
	X509_free(peer->remembered);
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

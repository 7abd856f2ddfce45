/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who is at the other end of a connection, as far as its certificate says.
 * Nothing else says it: no header, no body, no address.
 */
#ifndef VERIFIER_PEER_H
#define VERIFIER_PEER_H

#include <openssl/ssl.h>

#include "mtls/identity.h"
#include "mtls/status.h"

#include "generation.h"
#include "policy.h"

struct peer {
	struct mtls_identity id;	/* only where is_readable */
	int is_readable;
	int is_of_role;			/* as its listener wants it */
	enum policy_standing standing;
	/* Whether UNKNOWN is excused by the modes of the CAs. */
	enum policy_revocation revocation;
	/* Who could say more where it is UNKNOWN. */
	struct revocation_question question;
	X509 *remembered;		/* instead of the connection's */
	int64_t now_s;			/* when it was looked at */
};

/*
 * Reads the certificate of a verified connection and how it stands now, by
 * this generation. An unreadable one is MALFORMED, with the reason in err; a
 * machine's certificate on the users' listener, or a user's on the machines',
 * as well.
 */
void peer_read(struct peer *peer, SSL *ssl, const struct generation *g,
    enum role role, struct mtls_err *err);
/*
 * The same for a certificate, which it takes, that was shown before on a
 * verified connection of that role. One that none of the CAs of now has
 * signed has NO_ISSUER. peer_look() looks at this one then.
 */
void peer_remember(struct peer *peer, X509 *certificate,
    const struct generation *g, enum role role, struct mtls_err *err);
/*
 * The same for a person's certificate, which it takes, that nobody has shown:
 * its chain is verified as that of a TLS client, and where that fails it is
 * MALFORMED with the reason in err. tls and g are those of this thread.
 */
void peer_verify(struct peer *peer, struct mtls_tls *tls, X509 *certificate,
    const struct generation *g, struct mtls_err *err);
void peer_clear(struct peer *peer);

/* Looks again how it stands, for something else may be known by now. */
void peer_look(struct peer *peer, SSL *ssl, const struct generation *g,
    enum role role);

/*
 * Why this machine may not ask for anything, in a word; NULL if it may.
 * *ret_message is a sentence for its log.
 */
const char *peer_machine_fault(const struct peer *peer,
    const char **ret_message);

/* The machine's name; NULL where the certificate does not name exactly one. */
const char *peer_host0(const struct peer *peer);

#endif

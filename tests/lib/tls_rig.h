/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the handshake tests have in common: a context, a PKI with a users and
 * a machines CA under one root, and one call that lets a client and a server
 * of ours meet.
 */
#ifndef TESTS_TLS_RIG_H
#define TESTS_TLS_RIG_H

#include "mtls/tls.h"
#include "pki.h"
#include "tls_pair.h"

#define RIG_SERVER "verifier1.acme.example"

struct rig {
	struct mtls_tls *tls;
	struct pki *pki;
	const struct pki_cert *root, *users, *machines;
	const struct pki_cert *server, *user;
	const char *user_ca_file;	/* root and users */
	const char *server_ca_file;	/* root */
};

/* cmocka fixtures; *state is the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* How one handshake is to be; NULL and 0: as the rig has it. */
struct rig_case {
	const struct pki_cert *server;	/* a loose server shows this */
	const struct pki_cert *const *server_chain;	/* and behind it */
	const struct pki_cert *user;	/* what the client shows */
	const struct pki_cert *const *user_chain;
	int no_user_cert;
	int loose_client;		/* with user and user_chain */
	EVP_PKEY *user_key;		/* instead of the certificate's */
	const char *user_ca_file;
	const char *server_ca_file;
	const char *name;		/* that the client asks for */
	enum mtls_tls_min server_min, client_min;
};

/* Contexts for c; the test fails where one cannot be made. */
SSL_CTX *rig_server_ctx(struct rig *rig, const struct rig_case *c);
SSL_CTX *rig_client_ctx(struct rig *rig, const struct rig_case *c);

/*
 * Not ours: OpenSSL as it comes, at security level 0, with any certificate
 * or none; the server asks for a client's and takes each.
 */
SSL_CTX *rig_loose_server_ctx(struct rig *rig, const struct pki_cert *server,
    const struct pki_cert *const *chain);
SSL_CTX *rig_loose_client_ctx(struct rig *rig, const struct pki_cert *user,
    const struct pki_cert *const *chain);

/*
 * Runs c: handshake on both sides, then each side reads what has arrived.
 * Free with tls_pair_free().
 */
void rig_meet(struct rig *rig, const struct rig_case *c,
    struct tls_pair *pair);

/* The same with contexts that the test made, of any kind. */
void rig_meet_ctx(SSL_CTX *client, const char *name, SSL_CTX *server,
    struct tls_pair *pair);

/* Whether both ends would use the connection. */
int rig_both_accept(struct tls_pair *pair, enum mtls_tls_min min);

#endif

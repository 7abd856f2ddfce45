/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One debug line about a handshake that succeeded: who has proven what to
 * whom. Decides nothing; what cannot be told is "?".
 */
#include "config.h"

#include "handshake_log.h"

#include <stdio.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#define SUBJECT_MAX 256

typedef int (*nid_fn)(const SSL *ssl, int *nid);

/* As "RSA-PSS with SHA256". */
static void
signature_text(const SSL *ssl, nid_fn type, nid_fn digest, char *text,
    size_t size)
{
	int type_nid = NID_undef, digest_nid = NID_undef;
	const char *name = "?";

	if (type(ssl, &type_nid) != 1 || digest(ssl, &digest_nid) != 1) {
		(void)snprintf(text, size, "?");
		return;
	}
	if (type_nid == EVP_PKEY_RSA_PSS || type_nid == NID_rsassaPss ||
	    type_nid == EVP_PKEY_RSA)
		name = "RSA-PSS";
	else if (type_nid == EVP_PKEY_EC)
		name = "ECDSA";
	else if (type_nid != NID_undef)
		name = OBJ_nid2sn(type_nid);
	(void)snprintf(text, size, "%s with %s", name,
	    digest_nid == NID_undef ? "?" : OBJ_nid2sn(digest_nid));
}

/* SSL_get_*_nid() are functions or macros, and not all take a const SSL. */
static int
our_type(const SSL *ssl, int *nid)
{
	return SSL_get_signature_type_nid(ssl, nid);
}

static int
our_digest(const SSL *ssl, int *nid)
{
	return (int)SSL_get_signature_nid((SSL *)(uintptr_t)ssl, nid);
}

static int
their_type(const SSL *ssl, int *nid)
{
	return SSL_get_peer_signature_type_nid(ssl, nid);
}

static int
their_digest(const SSL *ssl, int *nid)
{
	return (int)SSL_get_peer_signature_nid((SSL *)(uintptr_t)ssl, nid);
}

static void
subject_text(const X509 *certificate0, char *text, size_t size)
{
	BIO *memory = certificate0 == NULL ? NULL : BIO_new(BIO_s_mem());
	int len = -1;

	if (memory != NULL && X509_NAME_print_ex(memory,
	    X509_get_subject_name(certificate0), 0, XN_FLAG_RFC2253) >= 0)
		len = BIO_read(memory, text, (int)size - 1);
	if (len < 0)
		(void)snprintf(text, size, "?");
	else
		text[len] = '\0';
	BIO_free(memory);
}

void
handshake_log(const struct mtls_log *log, SSL *ssl, const char *phase,
    const char *peer)
{
	char ours[64], theirs[64], tls[MTLS_LOG_LINE_MAX / 2];
	char our_subject[SUBJECT_MAX], their_subject[SUBJECT_MAX];
	const char *group;

	if (log == NULL || log->max < MTLS_LOG_DEBUG)
		return;
	signature_text(ssl, our_type, our_digest, ours, sizeof(ours));
	signature_text(ssl, their_type, their_digest, theirs, sizeof(theirs));
	group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
	(void)snprintf(tls, sizeof(tls), "%s, %s, %s; verifier signed %s, "
	    "client signed %s", SSL_get_version(ssl), SSL_get_cipher_name(ssl),
	    group == NULL ? "?" : group, ours, theirs);
	subject_text(SSL_get_certificate(ssl), our_subject,
	    sizeof(our_subject));
	subject_text(SSL_get0_peer_certificate(ssl), their_subject,
	    sizeof(their_subject));
	mtls_log_event(log, MTLS_LOG_DEBUG, "handshake",
	    MTLS_KEY_PHASE, phase, MTLS_KEY_PEER, peer,
	    MTLS_KEY_VERIFIER, our_subject, MTLS_KEY_CERT, their_subject,
	    MTLS_KEY_TLS, tls, MTLS_KEY_END);
}

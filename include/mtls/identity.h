/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a certificate says about its holder, read once, strictly, into plain
 * C strings. Names are taken only from subjectAltName and subject attributes
 * of the expected string type; a name with an embedded NUL, a control or
 * format character, white space at either end, malformed UTF-8, an
 * unexpected ASN.1 type, or of zero length makes the whole certificate
 * unusable: nothing is skipped, split, folded or guessed. Kinds of names that
 * have no member below (IP address, directory name, other otherNames) are not
 * read at all.
 */
#ifndef MTLS_IDENTITY_H
#define MTLS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>
#include <openssl/x509.h>

#include "mtls/message.h"
#include "mtls/status.h"

/* An EC key that does not name its curve is OTHER. */
enum mtls_key_type {
	MTLS_KEY_TYPE_OTHER = 0, MTLS_KEY_TYPE_RSA, MTLS_KEY_TYPE_EC,
	MTLS_KEY_TYPE_ED25519
};

struct mtls_identity {
	char *subject;			/* RFC 4514, printable */
	char *issuer;			/* RFC 4514, printable */
	char serial[2 * 20 + 1];	/* lower-case hex; never negative */
	uint8_t sha256[32];		/* of the DER certificate */
	uint8_t spki_sha256[32];	/* of the DER SubjectPublicKeyInfo */
	int64_t not_before_s, not_after_s;	/* since 1970, UTC */
	struct mtls_texts upn;		/* otherName 1.3.6.1.4.1.311.20.2.3 */
	struct mtls_texts email;	/* rfc822Name */
	struct mtls_texts dns;		/* dNSName */
	struct mtls_texts uri;
	struct mtls_texts cn, uid;	/* subject attributes */
	struct mtls_texts subject_serial;	/* serialNumber attribute */
	uint8_t key_id[20];		/* subjectKeyIdentifier, if 20 bytes */
	size_t key_id_len;		/* 0 or 20 */
	int is_ca;			/* basicConstraints CA:TRUE, or v1 */
	int for_client_auth;		/* EKU clientAuth present and, where
					 * keyUsage is, digitalSignature */
	int for_server_auth;
	struct mtls_texts eku;		/* extended key usages, dotted */
	struct mtls_texts policies;	/* certificate policies, dotted */
	enum mtls_key_type key_type;
	unsigned key_bits;		/* Ed25519: 256; 0 where OTHER */
	const char *key_kind;		/* "rsa2048", "rsa3072", "rsa4096",
					 * "p256", "p384", "ed25519" or
					 * "other"; static */
};

/*
 * Reads certificate. PROTOCOL with the reason when the certificate breaks a
 * rule above, has two extensions of one kind, a version other than 3, or a
 * serial number that is zero, negative or over 20 bytes.
 */
enum mtls_status mtls_identity_read(X509 *certificate,
    struct mtls_identity *ret, struct mtls_err *err);
void mtls_identity_clear(struct mtls_identity *id);

/*
 * "serial=... issuer=..." for logs and audit, cut to size bytes with the NUL
 * at the end of a character. Returns out.
 */
char *mtls_identity_short(const struct mtls_identity *id, char *out,
    size_t size);

#endif

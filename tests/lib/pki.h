/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Throw-away CAs, certificates and CRLs for tests, good and bad ones: every
 * field can be set to what no CA would sign. Everything belongs to a struct
 * pki and goes with it, the files too. A helper that fails ends the test
 * program with a message.
 */
#ifndef TESTS_PKI_H
#define TESTS_PKI_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

struct pki;

enum pki_key_type {
	PKI_P256 = 0, PKI_P384, PKI_P256_EXPLICIT, PKI_RSA2048, PKI_RSA1024,
	PKI_ED25519
};

struct pki_cert {
	X509 *x509;
	EVP_PKEY *key;
	const struct pki_cert *issuer;	/* NULL: self-signed */
};

/* An extension as bytes; a list ends with oid NULL. */
struct pki_extension {
	const char *oid;		/* dotted or a short name */
	int critical;
	const uint8_t *der;
	size_t len;
};

/*
 * What to put in. Zero and NULL mean: what a good certificate of its kind
 * has. "" leaves a field or extension out. Extensions are written as in
 * openssl's configuration (x509v3_config(5)).
 */
struct pki_options {
	enum pki_key_type key_type;
	const struct pki_cert *key_of;	/* take its key, no new one */
	const struct pki_cert *signed_by;	/* key that signs; issuer's */
	const char *subject;		/* "/O=Acme/CN=alice" */
	X509_NAME *subject_name;	/* instead, borrowed */
	const char *san;		/* "DNS:a.example,email:b@c" */
	const char *eku;		/* "clientAuth" */
	const char *key_usage;		/* "critical,digitalSignature" */
	const char *basic;		/* "critical,CA:FALSE" */
	const char *aki, *ski;
	const struct pki_extension *extra;
	int64_t starts_s, ends_s;	/* from now; 0 = -1 day, +1 year */
	const char *not_after;		/* "99991231235959Z" instead */
	int version;			/* 1, 3; 0 = 3 */
	const char *serial;		/* hex, "-5"; NULL = random */
	const char *digest;		/* "SHA256" */
};

/* Uses libctx, which may be NULL for the default one; makes a directory. */
struct pki *pki_new(OSSL_LIB_CTX *libctx);
void pki_free(struct pki *pki);			/* NULL: no-op */
const char *pki_dir0(const struct pki *pki);	/* absolute, mode 0700 */

/* A self-signed CA, or one issued by issuer. options may be NULL. */
const struct pki_cert *pki_ca(struct pki *pki, const struct pki_cert *issuer,
    const char *cn, const struct pki_options *options);

/* A leaf for a person (UPN user@acme.example), a machine or a server. */
const struct pki_cert *pki_user(struct pki *pki,
    const struct pki_cert *issuer, const char *user,
    const struct pki_options *options);
const struct pki_cert *pki_machine(struct pki *pki,
    const struct pki_cert *issuer, const char *name,
    const struct pki_options *options);
const struct pki_cert *pki_server(struct pki *pki,
    const struct pki_cert *issuer, const char *name,
    const struct pki_options *options);

/* Exactly options, without defaults for extensions. */
const struct pki_cert *pki_raw(struct pki *pki, const struct pki_cert *issuer,
    const struct pki_options *options);

/* A CRL of ca; revoked ends with NULL; times from now as above. */
struct pki_crl_options {
	int64_t starts_s, ends_s;	/* 0 = -1 hour, +1 day */
	int64_t number;			/* 0 = 1; negative: none */
	const struct pki_cert *signed_by;
	const struct pki_extension *extra;
	/* A delta since this number; 0: it is none. */
	int64_t base;
	const struct pki_cert *const *removed;	/* removeFromCRL; NULL: none */
	int has_critical_entries;
	const char *digest;		/* "SHA256" */
};
X509_CRL *pki_crl(struct pki *pki, const struct pki_cert *ca,
    const struct pki_cert *const *revoked,
    const struct pki_crl_options *options);

/*
 * Files in pki_dir0(); the returned absolute path belongs to pki. certs ends
 * with NULL. Keys have mode 0600, everything else 0644.
 */
const char *pki_file_certs(struct pki *pki, const char *name,
    const struct pki_cert *const *certs);
const char *pki_file_key(struct pki *pki, const char *name,
    const struct pki_cert *cert);
const char *pki_file_crl(struct pki *pki, const char *name, X509_CRL *crl);
const char *pki_file_bytes(struct pki *pki, const char *name,
    const void *data, size_t len);

#define PKI_CERTS(...) \
	((const struct pki_cert *const []){__VA_ARGS__, NULL})

/* DER, freed with free(3). */
uint8_t *pki_der(const struct pki_cert *cert, size_t *ret_len);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The directory of a certification authority, and what lies in it:
 *
 *	root.pem users.pem machines.pem		the three CA certificates
 *	root.key users.key machines.key		their keys, 0600
 *	root.crl.pem users.crl.pem machines.crl.pem
 *	users-ca.pem				users CA and root: the
 *						verifier's [tls] user-ca
 *	machines-ca.pem				machines CA and root: its
 *						[tls] device-ca
 *	verifier-ca.pem				the same, for machines:
 *						[verifier] ca
 *	index					one line for each certificate
 *	issued/SERIAL.pem			the certificates
 *
 * The directory is 0700; one process works in it at a time. root.key may be
 * taken away and brought back when the root's CRL is to be renewed.
 */
#ifndef MTLSCTL_CA_DIR_H
#define MTLSCTL_CA_DIR_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mtls/status.h"
#include "mtls/tls.h"

enum ca_id { CA_ROOT, CA_USERS, CA_MACHINES };
#define CA_COUNT 3

/* "root", "users", "machines". */
extern const char *const ca_names[CA_COUNT];

struct ca_dir {
	int fd;			/* locked; -1 */
	char *path;		/* absolute, without symbolic links */
	struct mtls_tls *tls;	/* borrowed */
};

#define CA_DIR_NONE { -1, NULL, NULL }

/*
 * Opens and locks the directory at path, waiting for another mtlsctl that has
 * it. CONFIG where others can write to it or it is not there.
 */
enum mtls_status ca_dir_open(struct mtls_tls *tls, const char *path,
    struct ca_dir *ret, struct mtls_err *err);
void ca_dir_close(struct ca_dir *dir);	/* safe on CA_DIR_NONE */

/* DIR/name, malloc'ed; name is a printf format. NULL: out of memory. */
char *ca_dir_path(const struct ca_dir *dir, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One CA: its certificate and its key. */
struct ca {
	enum ca_id id;
	X509 *certificate;
	EVP_PKEY *key;		/* NULL where the key file is not there */
};

#define CA_NONE { CA_ROOT, NULL, NULL }

/*
 * Reads a CA. CONFIG where certificate and key do not fit together, NOT_FOUND
 * where the certificate is not there.
 */
enum mtls_status ca_load(const struct ca_dir *dir, enum ca_id id,
    struct ca *ret, struct mtls_err *err);
void ca_clear(struct ca *ca);

/* CONFIG, naming the file, where the CA's key is not there. */
enum mtls_status ca_need_key(const struct ca_dir *dir, const struct ca *ca,
    struct mtls_err *err);

/* PEM of certificates one behind the other (at most two), mode 0644. */
enum mtls_status ca_write_certificates(const char *path, X509 *first,
    X509 *second0, struct mtls_err *err);

/* PEM of a certificate in memory, OPENSSL_free(). */
enum mtls_status ca_pem_of(X509 *first, X509 *second0, char **ret_pem,
    size_t *ret_len, struct mtls_err *err);

/* A date of a certificate or CRL as seconds since 1970; -1 if it is none. */
int64_t ca_seconds(const ASN1_TIME *t);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What pki.c and pki_file.c share.
 */
#ifndef TESTS_PKI_INTERNAL_H
#define TESTS_PKI_INTERNAL_H

#include "pki.h"

#define DAY	((int64_t)24 * 3600)

struct pki_item {
	struct pki_item *next;
	struct pki_cert cert;
	X509_CRL *crl;
	char *path;
};

struct pki {
	OSSL_LIB_CTX *libctx;
	char *dir;
	struct pki_item *items;
	EVP_PKEY *rsa;		/* slow to make, so made once */
};

/* Ends the program with what OpenSSL says unless ok. */
void pki_must(int ok, const char *what);
struct pki_item *pki_new_item(struct pki *pki);
X509_EXTENSION *pki_raw_extension(const struct pki_extension *e);
/* The digest that goes with a signing key; Ed25519 has its own. */
const EVP_MD *pki_signing_digest(const EVP_PKEY *key, const char *name);

#endif

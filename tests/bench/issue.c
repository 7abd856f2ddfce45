/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "issue users|machines|crl CA.pem CA.key N FILE": what tests/bench/verifier
 * needs many of. Users are u0, u1, ..., machines ws-0.acme.example, ...; all
 * have a P-256 key of their own. A CRL has N serial numbers of nobody.
 */
#include "config.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "../lib/pki.h"

#define SERIAL_BYTES	16
#define SOME		1000u	/* certificates that are in memory at once */

static void
must(int ok, const char *what)
{
	if (!ok)
		errx(1, "%s", what);
}

static void
read_ca(struct pki_cert *ca, const char *certificate, const char *key)
{
	FILE *f = fopen(certificate, "r");

	must(f != NULL, certificate);
	ca->x509 = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	f = fopen(key, "r");
	must(f != NULL, key);
	ca->key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	must(ca->x509 != NULL && ca->key != NULL, "the CA is not readable");
}

static void
write_one(FILE *f, const struct pki_cert *cert)
{
	unsigned char *der = NULL, *key = NULL;
	int der_len = i2d_X509(cert->x509, &der);
	int key_len = i2d_PrivateKey(cert->key, &key);
	uint32_t lens[2];

	must(der_len > 0 && key_len > 0, "DER");
	lens[0] = htonl((uint32_t)der_len);
	lens[1] = htonl((uint32_t)key_len);
	must(fwrite(lens, sizeof(lens), 1, f) == 1 &&
	    fwrite(der, (size_t)der_len, 1, f) == 1 &&
	    fwrite(key, (size_t)key_len, 1, f) == 1, "write");
	OPENSSL_free(der);
	OPENSSL_free(key);
}

static void
issue(FILE *f, const struct pki_cert *ca, int is_user, unsigned n)
{
	struct pki *pki = NULL;
	char name[64];

	for (unsigned i = 0; i < n; i++) {
		if (i % SOME == 0) {
			pki_free(pki);
			pki = pki_new(NULL);
		}
		if (is_user) {
			(void)snprintf(name, sizeof(name), "u%u", i);
			write_one(f, pki_user(pki, ca, name, NULL));
		} else {
			(void)snprintf(name, sizeof(name),
			    "ws-%u.acme.example", i);
			write_one(f, pki_machine(pki, ca, name, NULL));
		}
	}
	pki_free(pki);
}

static void
revoke_nobody(X509_CRL *crl, const ASN1_TIME *when)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	unsigned char bytes[SERIAL_BYTES];
	ASN1_INTEGER *serial;
	BIGNUM *number;

	must(revoked != NULL && RAND_bytes(bytes, sizeof(bytes)) == 1,
	    "random");
	/* Of full length, and positive. */
	bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	serial = BN_to_ASN1_INTEGER(number, NULL);
	must(serial != NULL && X509_REVOKED_set_serialNumber(revoked,
	    serial) == 1 && X509_REVOKED_set_revocationDate(revoked,
	    (ASN1_TIME *)(uintptr_t)when) == 1 &&
	    X509_CRL_add0_revoked(crl, revoked) == 1, "revoked");
	ASN1_INTEGER_free(serial);
	BN_free(number);
}

/* Number 1,000: newer than the one that the CA has made itself. */
static void
add_extensions(X509_CRL *crl, const struct pki_cert *ca)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	X509V3_set_ctx(&ctx, ca->x509, NULL, NULL, crl, 0);
	e = X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier,
	    "keyid");
	must(e != NULL && X509_CRL_add_ext(crl, e, -1) == 1 &&
	    number != NULL && ASN1_INTEGER_set_int64(number, 1000) == 1 &&
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1,
	    "extensions");
	X509_EXTENSION_free(e);
	ASN1_INTEGER_free(number);
}

static void
make_crl(FILE *f, const struct pki_cert *ca, unsigned n)
{
	ASN1_TIME *from = ASN1_TIME_adj(NULL, time(NULL), 0, -60);
	ASN1_TIME *to = ASN1_TIME_adj(NULL, time(NULL), 1, 0);
	X509_CRL *crl = X509_CRL_new();

	must(crl != NULL && from != NULL && to != NULL &&
	    X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(ca->x509)) == 1 &&
	    X509_CRL_set1_lastUpdate(crl, from) == 1 &&
	    X509_CRL_set1_nextUpdate(crl, to) == 1, "CRL");
	add_extensions(crl, ca);
	for (unsigned i = 0; i < n; i++)
		revoke_nobody(crl, from);
	must(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0 &&
	    PEM_write_X509_CRL(f, crl) == 1, "CRL");
	X509_CRL_free(crl);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

int
main(int argc, char *argv[])
{
	struct pki_cert ca = { NULL, NULL, NULL };
	unsigned n;
	FILE *f;

	if (argc != 6)
		errx(2, "issue users|machines|crl CA.pem CA.key N FILE");
	read_ca(&ca, argv[2], argv[3]);
	n = (unsigned)atoi(argv[4]);
	f = fopen(argv[5], "w");
	must(f != NULL, argv[5]);
	if (strcmp(argv[1], "crl") == 0)
		make_crl(f, &ca, n);
	else
		issue(f, &ca, strcmp(argv[1], "users") == 0, n);
	must(fclose(f) == 0, argv[5]);
	X509_free(ca.x509);
	EVP_PKEY_free(ca.key);
	return 0;
}

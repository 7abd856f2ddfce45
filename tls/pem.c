/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificates and CRLs out of files. A file holds what it is asked
 * for and nothing else: an unknown block, a block that does not parse or
 * bytes behind a DER structure are mistakes that somebody wants to hear of.
 */
#include "config.h"

#include "mtls/pem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "context.h"
#include "mtls/file.h"

#define CERTIFICATES_MAX	(1024u * 1024u)
#define CRLS_MAX		(64u * 1024u * 1024u)

/* One kind of thing in a file. */
struct kind {
	const char *what;
	const char *block[2];	/* PEM names, the second may be NULL */
	void *(*parse)(struct mtls_tls *tls, const uint8_t *der, size_t len);
	int (*push)(void *stack, void *item);
	void (*free_item)(void *item);
};

/* der is whole and canonical: what was parsed gives back the same bytes. */
static int
is_same(unsigned char *again, int again_len, const uint8_t *der, size_t len)
{
	int same;

	same = again_len > 0 && (size_t)again_len == len &&
	    memcmp(again, der, len) == 0;
	OPENSSL_free(again);
	return same;
}

static void *
parse_certificate(struct mtls_tls *tls, const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	unsigned char *again = NULL;
	int again_len;
	X509 *x;

	if (len > LONG_MAX || (x = X509_new_ex(tls->libctx, NULL)) == NULL)
		return NULL;
	/* Parsing frees x where it fails. */
	if (d2i_X509(&x, &p, (long)len) == NULL)
		return NULL;
	again_len = i2d_X509(x, &again);
	if (!is_same(again, again_len, der, len)) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static void *
parse_crl(struct mtls_tls *tls, const uint8_t *der, size_t len)
{
	const unsigned char *p = der;
	unsigned char *again = NULL;
	int again_len;
	X509_CRL *crl;

	if (len > LONG_MAX ||
	    (crl = X509_CRL_new_ex(tls->libctx, NULL)) == NULL)
		return NULL;
	if (d2i_X509_CRL(&crl, &p, (long)len) == NULL)
		return NULL;
	again_len = i2d_X509_CRL(crl, &again);
	if (!is_same(again, again_len, der, len)) {
		X509_CRL_free(crl);
		return NULL;
	}
	return crl;
}

static int
push_certificate(void *stack, void *item)
{
	return sk_X509_push(stack, item) > 0;
}

static int
push_crl(void *stack, void *item)
{
	return sk_X509_CRL_push(stack, item) > 0;
}

static void
free_certificate(void *item)
{
	X509_free(item);
}

static void
free_crl(void *item)
{
	X509_CRL_free(item);
}

static const struct kind certificates = {
	"certificate", {PEM_STRING_X509, PEM_STRING_X509_OLD},
	parse_certificate, push_certificate, free_certificate
};
static const struct kind crls = {
	"CRL", {PEM_STRING_X509_CRL, NULL}, parse_crl, push_crl, free_crl
};

/* Parses one item; what cannot be parsed is the file's fault. */
static enum mtls_status
add_item(struct mtls_tls *tls, const struct kind *kind, const char *path,
    const uint8_t *der, size_t len, void *stack, struct mtls_err *err)
{
	void *item;

	ERR_clear_error();
	item = kind->parse(tls, der, len);
	if (item == NULL)
		return mtls_fail_openssl(err, MTLS_E_CONFIG,
		    "%s: a %s is malformed", path, kind->what);
	if (!kind->push(stack, item)) {
		kind->free_item(item);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	return MTLS_OK;
}

/* *ret_done: there was no further block. */
static enum mtls_status
add_block(struct mtls_tls *tls, const struct kind *kind, const char *path,
    BIO *bio, void *stack, int *ret_done, struct mtls_err *err)
{
	char *name = NULL;
	char *header = NULL;
	unsigned char *der = NULL;
	long len = 0;
	enum mtls_status s;

	ERR_clear_error();
	if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
		if (ERR_GET_REASON(ERR_peek_last_error()) ==
		    PEM_R_NO_START_LINE) {
			ERR_clear_error();
			*ret_done = 1;
			return MTLS_OK;
		}
		return mtls_fail_openssl(err, MTLS_E_CONFIG,
		    "%s: a PEM block is malformed", path);
	}
	if (strcmp(name, kind->block[0]) == 0 || (kind->block[1] != NULL &&
	    strcmp(name, kind->block[1]) == 0))
		s = add_item(tls, kind, path, der, (size_t)len, stack, err);
	else
		s = mtls_fail(err, MTLS_E_CONFIG,
		    "%s: a block is not a %s but \"%s\"", path, kind->what,
		    name);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)len);
	return s;
}

static enum mtls_status
add_blocks(struct mtls_tls *tls, const struct kind *kind, const char *path,
    const char *data, size_t len, void *stack, struct mtls_err *err)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	int n_blocks = -1;
	int done = 0;
	enum mtls_status s = MTLS_OK;

	if (bio == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	for (; s == MTLS_OK && !done; n_blocks++)
		s = add_block(tls, kind, path, bio, stack, &done, err);
	if (s == MTLS_OK && n_blocks == 0)
		s = mtls_fail(err, MTLS_E_CONFIG, "%s: no %s in it", path,
		    kind->what);
	BIO_free(bio);
	return s;
}

static enum mtls_status
read_all(struct mtls_tls *tls, const struct kind *kind, const char *path,
    size_t max, void *stack, struct mtls_err *err)
{
	char *data = NULL;
	size_t len = 0;
	enum mtls_status s;

	s = mtls_file_read(path, MTLS_FILE_PUBLIC, max, &data, &len, err);
	if (s != MTLS_OK)
		return s;
	/* DER begins with a SEQUENCE, which is a '0': no PEM file does. */
	if (len > 0 && data[0] == 0x30 && (data[1] & 0x80) != 0)
		s = add_item(tls, kind, path, (const uint8_t *)data, len,
		    stack, err);
	else
		s = add_blocks(tls, kind, path, data, len, stack, err);
	mtls_file_data_free(data, len);
	return s;
}

enum mtls_status
mtls_pem_certificates(struct mtls_tls *tls, const char *path,
    STACK_OF(X509) **ret, struct mtls_err *err)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	enum mtls_status s;

	if (stack == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	s = read_all(tls, &certificates, path, CERTIFICATES_MAX, stack, err);
	if (s != MTLS_OK) {
		sk_X509_pop_free(stack, X509_free);
		return s;
	}
	*ret = stack;
	return MTLS_OK;
}

enum mtls_status
mtls_pem_crls(struct mtls_tls *tls, const char *path,
    STACK_OF(X509_CRL) **ret, struct mtls_err *err)
{
	STACK_OF(X509_CRL) *stack = sk_X509_CRL_new_null();
	enum mtls_status s;

	if (stack == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	s = read_all(tls, &crls, path, CRLS_MAX, stack, err);
	if (s != MTLS_OK) {
		sk_X509_CRL_pop_free(stack, X509_CRL_free);
		return s;
	}
	*ret = stack;
	return MTLS_OK;
}

enum mtls_status
mtls_der_certificate(struct mtls_tls *tls, const uint8_t *der, size_t len,
    X509 **ret, struct mtls_err *err)
{
	X509 *x;

	ERR_clear_error();
	x = parse_certificate(tls, der, len);
	if (x == NULL)
		return mtls_fail_openssl(err, MTLS_E_PROTOCOL,
		    "not a certificate in DER");
	*ret = x;
	return MTLS_OK;
}

enum mtls_status
mtls_der_of_certificate(X509 *certificate, uint8_t **ret, size_t *ret_len,
    struct mtls_err *err)
{
	int len = i2d_X509(certificate, NULL);
	unsigned char *der;
	unsigned char *end;

	if (len <= 0)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "the certificate cannot be encoded");
	der = malloc((size_t)len);
	if (der == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	end = der;
	if (i2d_X509(certificate, &end) != len) {
		free(der);
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "the certificate cannot be encoded");
	}
	*ret = der;
	*ret_len = (size_t)len;
	return MTLS_OK;
}

enum mtls_status
mtls_pem_key_copy(struct mtls_tls *tls, const EVP_PKEY *key, EVP_PKEY **ret,
    struct mtls_err *err)
{
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *copy = NULL;

	ERR_clear_error();
	/* Freeing it wipes it. */
	info = EVP_PKEY2PKCS8(key);
	if (info != NULL)
		copy = EVP_PKCS82PKEY_ex(info, tls->libctx,
		    MTLS_STANDARD_ONLY);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (copy == NULL)
		return mtls_fail_openssl(err, MTLS_E_CRYPTO,
		    "the key cannot be copied");
	*ret = copy;
	return MTLS_OK;
}

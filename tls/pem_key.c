/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A private key out of a file. Left to itself OpenSSL tries every decoder it
 * has, which takes longer than all that is done with the key in a login; so
 * where the file says what it holds, only that is tried first. What is
 * accepted is what OpenSSL accepts: whatever does not fit goes the long way.
 */
#include "config.h"

#include "mtls/pem.h"

#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "context.h"
#include "mtls/file.h"

#define KEY_MAX		(64u * 1024u)
#define OID_TEXT_MAX	80

/* The algorithm in a PKCS#8 structure, as dotted numbers; 0: there is none. */
static int
find_algorithm(const unsigned char *der, long len, char *out, int size)
{
	const unsigned char *p = der;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len);
	const ASN1_OBJECT *algorithm = NULL;
	int n = 0;

	if (info != NULL && p == der + len &&
	    PKCS8_pkey_get0(&algorithm, NULL, NULL, NULL, info) == 1)
		n = OBJ_obj2txt(out, size, algorithm, 1);
	PKCS8_PRIV_KEY_INFO_free(info);
	return n > 0 && n < size;
}

static EVP_PKEY *
decode_pkcs8(struct mtls_tls *tls, const unsigned char *der, long len)
{
	const unsigned char *p = der;
	size_t left = (size_t)len;
	OSSL_DECODER_CTX *decoder;
	char algorithm[OID_TEXT_MAX];
	EVP_PKEY *key = NULL;

	if (!find_algorithm(der, len, algorithm, sizeof(algorithm)))
		return NULL;
	decoder = OSSL_DECODER_CTX_new_for_pkey(&key, "DER",
	    "PrivateKeyInfo", algorithm, EVP_PKEY_KEYPAIR, tls->libctx, NULL);
	if (decoder != NULL &&
	    (OSSL_DECODER_from_data(decoder, &p, &left) != 1 || left != 0)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	OSSL_DECODER_CTX_free(decoder);
	return key;
}

/* Where the file is one unencrypted PKCS#8 block of a known kind. */
static EVP_PKEY *
read_pkcs8(struct mtls_tls *tls, BIO *bio)
{
	char *name = NULL;
	char *header = NULL;
	unsigned char *der = NULL;
	EVP_PKEY *key = NULL;
	long len = 0;

	if (PEM_read_bio(bio, &name, &header, &der, &len) == 1 &&
	    strcmp(name, PEM_STRING_PKCS8INF) == 0 && *header == '\0')
		key = decode_pkcs8(tls, der, len);
	ERR_clear_error();
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)len);
	return key;
}

/* No prompt on a terminal, ever; arg remembers that one was wanted. */
static int
no_passphrase(char *buf, int size, int for_writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)for_writing;
	*(int *)arg = 1;
	return -1;
}

static enum mtls_status
read_any(struct mtls_tls *tls, const char *path, BIO *bio, EVP_PKEY **ret,
    struct mtls_err *err)
{
	int is_encrypted = 0;
	EVP_PKEY *key;

	key = PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase,
	    &is_encrypted, tls->libctx, NULL);
	if (key == NULL && is_encrypted)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: the private key is encrypted", path);
	if (key == NULL)
		return mtls_fail_openssl(err, MTLS_E_CONFIG,
		    "%s: no private key in it", path);
	*ret = key;
	return MTLS_OK;
}

enum mtls_status
mtls_pem_key(struct mtls_tls *tls, const char *path, EVP_PKEY **ret,
    struct mtls_err *err)
{
	char *data = NULL;
	size_t len = 0;
	EVP_PKEY *key = NULL;
	BIO *bio;
	enum mtls_status s;

	s = mtls_file_read(path, MTLS_FILE_PRIVATE, KEY_MAX, &data, &len, err);
	if (s != MTLS_OK)
		return s;
	ERR_clear_error();
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio == NULL) {
		s = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	key = read_pkcs8(tls, bio);
	/* A memory BIO begins again: this does not fail. */
	if (key == NULL && BIO_reset(bio) == 1)
		s = read_any(tls, path, bio, &key, err);
	else if (key == NULL)
		s = mtls_fail(err, MTLS_E_SYSTEM, "%s: lost", path);
	if (s == MTLS_OK)
		*ret = key;
out:
	ERR_clear_error();
	BIO_free(bio);
	mtls_file_data_free(data, len);
	return s;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Certificate signing requests, made and read.
 */
#include "config.h"

#include "mtlsctl/csr.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/signer.h"
#include "mtlsctl/input.h"
#include "mtlsctl/key.h"

#define CN_MAX 64

static enum mtls_status
read_request(struct mtls_tls *tls, const char *path, X509_REQ **ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	unsigned char *der = NULL;
	const unsigned char *at;
	X509_REQ *req = NULL;
	char *data = NULL;
	size_t len;
	long der_len;

	status = input_read(path, &data, &len, err);
	if (status == MTLS_OK)
		status = input_der(path, data, len, PEM_STRING_X509_REQ,
		    PEM_STRING_X509_REQ_OLD, &der, &der_len, err);
	if (status == MTLS_OK) {
		at = der;
		req = X509_REQ_new_ex(mtls_tls_libctx0(tls), NULL);
		if (req == NULL || d2i_X509_REQ(&req, &at, der_len) == NULL ||
		    at != der + der_len) {
			status = mtls_fail(err, MTLS_E_CONFIG,
			    "%s is not a certificate signing request", path);
			X509_REQ_free(req);
			req = NULL;
		}
	}
	ERR_clear_error();
	OPENSSL_free(der);
	free(data);
	if (status == MTLS_OK)
		*ret = req;
	return status;
}

enum mtls_status
csr_read(struct mtls_tls *tls, const char *path, EVP_PKEY **ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	X509_REQ *req = NULL;
	EVP_PKEY *key = NULL;

	status = read_request(tls, path, &req, err);
	if (status != MTLS_OK)
		return status;
	key = X509_REQ_get_pubkey(req);
	if (key == NULL)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s has no public key that can be read", path);
	/* The key first: verifying with a monstrous one takes for ever. */
	if (status == MTLS_OK)
		status = key_check(key, err);
	if (status == MTLS_OK && X509_REQ_verify_ex(req, key,
	    mtls_tls_libctx0(tls), NULL) != 1)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s is not signed with its own key: whoever made it does "
		    "not prove to have that key", path);
	ERR_clear_error();
	X509_REQ_free(req);
	if (status == MTLS_OK)
		*ret = key;
	else
		EVP_PKEY_free(key);
	return status;
}

static enum mtls_status
sign_request(X509_REQ *req, EVP_PKEY *key, struct mtls_err *err)
{
	struct mtls_err why;

	if (X509_REQ_sign(req, key, key_digest(key)) > 0)
		return MTLS_OK;
	mtls_err_clear(&why);
	mtls_signer_error(key, &why);
	if (why.status != MTLS_OK)
		return mtls_fail(err, why.status, "%s", why.text);
	return mtls_fail(err, MTLS_E_CRYPTO,
	    "the request could not be signed");
}

/* A CN has room for 64 characters; the first label of a host name fits. */
static int
set_subject(X509_REQ *req, const char *common_name)
{
	X509_NAME *name = X509_REQ_get_subject_name(req);
	int len = -1;

	if (strlen(common_name) > CN_MAX)
		len = (int)strcspn(common_name, ".");
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)common_name, len, -1, 0) == 1;
}

enum mtls_status
csr_make(struct mtls_tls *tls, EVP_PKEY *key, const char *common_name,
    char **ret_pem, size_t *ret_len, struct mtls_err *err)
{
	X509_REQ *req = X509_REQ_new_ex(mtls_tls_libctx0(tls), NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	enum mtls_status status = MTLS_OK;
	char *data, *copy;
	long len;

	if (req == NULL || bio == NULL || !set_subject(req, common_name) ||
	    X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(req, key) != 1)
		status = mtls_fail(err, MTLS_E_CRYPTO,
		    "the request could not be made");
	if (status == MTLS_OK)
		status = sign_request(req, key, err);
	if (status == MTLS_OK) {
		len = PEM_write_bio_X509_REQ(bio, req) == 1 ?
		    BIO_get_mem_data(bio, &data) : 0;
		copy = len > 0 ? malloc((size_t)len) : NULL;
		if (copy == NULL) {
			status = mtls_fail(err, MTLS_E_MEMORY,
			    "out of memory");
		} else {
			memcpy(copy, data, (size_t)len);
			*ret_pem = copy;
			*ret_len = (size_t)len;
		}
	}
	ERR_clear_error();
	BIO_free(bio);
	X509_REQ_free(req);
	return status;
}

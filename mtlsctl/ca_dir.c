/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The directory of a CA: opening, locking, and reading the CAs in it.
 */
#include "config.h"

#include "mtlsctl/ca_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "mtls/file.h"
#include "mtls/pem.h"
#include "mtlsctl/command.h"
#include "mtlsctl/new_file.h"

const char *const ca_names[CA_COUNT] = { "root", "users", "machines" };

static enum mtls_status
lock(const struct ca_dir *dir, struct mtls_err *err)
{
	if (flock(dir->fd, LOCK_EX | LOCK_NB) == 0)
		return MTLS_OK;
	if (errno == EWOULDBLOCK) {
		ctl_note("waiting for another mtlsctl in %s", dir->path);
		if (flock(dir->fd, LOCK_EX) == 0)
			return MTLS_OK;
	}
	return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s cannot be "
	    "locked", dir->path);
}

enum mtls_status
ca_dir_open(struct mtls_tls *tls, const char *path, struct ca_dir *ret,
    struct mtls_err *err)
{
	struct ca_dir dir = CA_DIR_NONE;
	enum mtls_status status;

	dir.tls = tls;
	dir.path = realpath(path, NULL);
	if (dir.path == NULL)
		return mtls_fail_errno(err, MTLS_E_CONFIG, errno, "%s", path);
	status = mtls_file_open_dir(dir.path, &dir.fd, err);
	if (status == MTLS_OK)
		status = lock(&dir, err);
	if (status == MTLS_OK)
		*ret = dir;
	else
		ca_dir_close(&dir);
	return status;
}

void
ca_dir_close(struct ca_dir *dir)
{
	static const struct ca_dir none = CA_DIR_NONE;

	if (dir->fd >= 0)
		close(dir->fd);
	free(dir->path);
	*dir = none;
}

char *
ca_dir_path(const struct ca_dir *dir, const char *format, ...)
{
	char name[NAME_MAX + 1];
	char *path;
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	if (asprintf(&path, "%s/%s", dir->path, name) < 0)
		return NULL;
	return path;
}

/* The only certificate of a file of ours. */
static enum mtls_status
load_certificate(struct mtls_tls *tls, const char *path, X509 **ret,
    struct mtls_err *err)
{
	STACK_OF(X509) *all = NULL;
	enum mtls_status status;

	status = mtls_pem_certificates(tls, path, &all, err);
	if (status != MTLS_OK)
		return status;
	if (sk_X509_num(all) == 1)
		*ret = sk_X509_shift(all);
	else
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s: more than one certificate", path);
	sk_X509_pop_free(all, X509_free);
	return status;
}

enum mtls_status
ca_load(const struct ca_dir *dir, enum ca_id id, struct ca *ret,
    struct mtls_err *err)
{
	char *certificate = ca_dir_path(dir, "%s.pem", ca_names[id]);
	char *key = ca_dir_path(dir, "%s.key", ca_names[id]);
	struct ca ca = CA_NONE;
	enum mtls_status status;

	ca.id = id;
	if (certificate == NULL || key == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	status = load_certificate(dir->tls, certificate, &ca.certificate,
	    err);
	if (status != MTLS_OK)
		goto out;
	if (access(key, F_OK) != 0 && errno == ENOENT) {
		*ret = ca;
		goto out;
	}
	status = mtls_pem_key(dir->tls, key, &ca.key, err);
	if (status == MTLS_OK &&
	    X509_check_private_key(ca.certificate, ca.key) != 1)
		status = mtls_fail(err, MTLS_E_CONFIG,
		    "%s is not the key of %s", key, certificate);
	if (status == MTLS_OK)
		*ret = ca;
	else
		ca_clear(&ca);
out:
	free(certificate);
	free(key);
	return status;
}

void
ca_clear(struct ca *ca)
{
	static const struct ca none = CA_NONE;

	X509_free(ca->certificate);
	EVP_PKEY_free(ca->key);
	*ca = none;
}

enum mtls_status
ca_need_key(const struct ca_dir *dir, const struct ca *ca,
    struct mtls_err *err)
{
	if (ca->key != NULL)
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_CONFIG,
	    "%s/%s.key is not there; bring it back for this", dir->path,
	    ca_names[ca->id]);
}

enum mtls_status
ca_pem_of(X509 *first, X509 *second0, char **ret_pem, size_t *ret_len,
    struct mtls_err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *copy = NULL;
	long len;

	if (bio != NULL && PEM_write_bio_X509(bio, first) == 1 &&
	    (second0 == NULL || PEM_write_bio_X509(bio, second0) == 1)) {
		len = BIO_get_mem_data(bio, &data);
		copy = OPENSSL_memdup(data, (size_t)len);
		*ret_len = (size_t)len;
	}
	BIO_free(bio);
	if (copy == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	*ret_pem = copy;
	return MTLS_OK;
}

enum mtls_status
ca_write_certificates(const char *path, X509 *first, X509 *second0,
    struct mtls_err *err)
{
	enum mtls_status status;
	char *pem = NULL;
	size_t len;

	status = ca_pem_of(first, second0, &pem, &len, err);
	if (status == MTLS_OK)
		status = new_file_write(path, NEW_FILE_ONLY, 0644, pem, len,
		    err);
	OPENSSL_free(pem);
	return status;
}

int64_t
ca_seconds(const ASN1_TIME *t)
{
	struct tm tm;

	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	return timegm(&tm);
}

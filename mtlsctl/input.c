/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Reading what people hand in.
 */
#include "config.h"

#include "mtlsctl/input.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/pem.h"

static enum mtls_status
open_input(const char *path, int *ret_fd, struct mtls_err *err)
{
	struct stat st;
	int fd;

	if (strcmp(path, "-") == 0) {
		*ret_fd = STDIN_FILENO;
		return MTLS_OK;
	}
	/* O_NONBLOCK: a FIFO must not stop us before it is refused. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_CONFIG, errno, "%s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s is not a regular file", path);
	}
	*ret_fd = fd;
	return MTLS_OK;
}

static enum mtls_status
read_all(int fd, const char *path, size_t max, char *data, size_t *ret_len,
    struct mtls_err *err)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, data + len, max + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mtls_fail_errno(err, MTLS_E_CONFIG, errno, "%s",
			    path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "%s is larger than %zu bytes", path, max);
	}
	if (len == 0)
		return mtls_fail(err, MTLS_E_CONFIG, "%s is empty", path);
	data[len] = '\0';
	*ret_len = len;
	return MTLS_OK;
}

enum mtls_status
input_read_max(const char *path, size_t max, char **ret_data,
    size_t *ret_len, struct mtls_err *err)
{
	enum mtls_status status;
	char *data;
	int fd = -1;

	status = open_input(path, &fd, err);
	if (status != MTLS_OK)
		return status;
	data = malloc(max + 2);
	if (data == NULL)
		status = mtls_fail(err, MTLS_E_MEMORY, "%s: out of memory",
		    path);
	else
		status = read_all(fd, path, max, data, ret_len, err);
	if (fd != STDIN_FILENO)
		close(fd);
	if (status == MTLS_OK)
		*ret_data = data;
	else
		free(data);
	return status;
}

enum mtls_status
input_read(const char *path, char **ret_data, size_t *ret_len,
    struct mtls_err *err)
{
	return input_read_max(path, INPUT_MAX, ret_data, ret_len, err);
}

/* The next block of a PEM text; 0 at its end or where it is broken. */
static int
next_block(BIO *bio, char **name, unsigned char **der, long *len)
{
	char *header = NULL;
	int found;

	found = PEM_read_bio(bio, name, &header, der, len) == 1;
	ERR_clear_error();
	OPENSSL_free(header);
	return found;
}

static enum mtls_status
der_from_pem(const char *path, const char *data, size_t len,
    const char *wanted, const char *alt_wanted0, unsigned char **ret_der,
    long *ret_len, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	unsigned char *found = NULL;
	unsigned char *der;
	char *name;
	long der_len;

	if (bio == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "%s: out of memory",
		    path);
	while (status == MTLS_OK && next_block(bio, &name, &der, &der_len)) {
		int fits = strcmp(name, wanted) == 0 || (alt_wanted0 != NULL &&
		    strcmp(name, alt_wanted0) == 0);

		if (fits && found == NULL) {
			found = der;
			*ret_len = der_len;
			der = NULL;
		} else if (fits) {
			status = mtls_fail(err, MTLS_E_CONFIG,
			    "%s has more than one %s in it", path, wanted);
		}
		OPENSSL_free(der);
		OPENSSL_free(name);
	}
	BIO_free(bio);
	if (status == MTLS_OK && found == NULL)
		status = mtls_fail(err, MTLS_E_CONFIG, "%s has no %s in it",
		    path, wanted);
	if (status == MTLS_OK)
		*ret_der = found;
	else
		OPENSSL_free(found);
	return status;
}

enum mtls_status
input_der(const char *path, const char *data, size_t len, const char *name,
    const char *alt_name0, unsigned char **ret_der, long *ret_len,
    struct mtls_err *err)
{
	unsigned char *der;

	if (memmem(data, len, "-----BEGIN ", 11) != NULL)
		return der_from_pem(path, data, len, name, alt_name0, ret_der,
		    ret_len, err);
	der = OPENSSL_memdup(data, len);
	if (der == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "%s: out of memory",
		    path);
	*ret_der = der;
	*ret_len = (long)len;
	return MTLS_OK;
}

enum mtls_status
input_certificate(struct mtls_tls *tls, const char *path, X509 **ret,
    struct mtls_err *err)
{
	enum mtls_status status;
	unsigned char *der = NULL;
	char *data = NULL;
	size_t len;
	long der_len;

	status = input_read(path, &data, &len, err);
	if (status == MTLS_OK)
		status = input_der(path, data, len, "CERTIFICATE", NULL, &der,
		    &der_len, err);
	if (status == MTLS_OK) {
		status = mtls_der_certificate(tls, der, (size_t)der_len, ret,
		    err);
		if (status != MTLS_OK)
			mtls_err_context(err, "%s", path);
	}
	OPENSSL_free(der);
	free(data);
	return status;
}

enum mtls_status
input_identity(struct mtls_tls *tls, const char *path,
    struct mtls_identity *ret_id, struct mtls_bytes *ret_der,
    struct mtls_err *err)
{
	enum mtls_status status;
	X509 *certificate = NULL;

	status = input_certificate(tls, path, &certificate, err);
	if (status != MTLS_OK)
		return status;
	status = mtls_identity_read(certificate, ret_id, err);
	if (status != MTLS_OK)
		mtls_err_context(err, "%s", path);
	if (status == MTLS_OK && ret_der != NULL)
		status = mtls_der_of_certificate(certificate, &ret_der->data,
		    &ret_der->len, err);
	X509_free(certificate);
	return status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every CRL of a directory. A file that is there and cannot be read is an
 * error: left out, it would be a revocation that nobody hears of.
 */
#include "config.h"

#include "crl_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/file.h"
#include "mtls/pem.h"

static int
is_crl_name(const struct dirent *entry)
{
	static const char *const ends[] = { ".pem", ".crl", ".der" };
	const char *dot = strrchr(entry->d_name, '.');

	if (entry->d_name[0] == '.' || dot == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcmp(dot, ends[i]) == 0)
			return 1;
	}
	return 0;
}

static enum mtls_status
read_file(struct mtls_tls *tls, const char *path, crl_dir_fn take, void *arg,
    struct mtls_err *err)
{
	STACK_OF(X509_CRL) *lists = NULL;
	enum mtls_status status;

	status = mtls_pem_crls(tls, path, &lists, err);
	for (int i = 0; status == MTLS_OK && i < sk_X509_CRL_num(lists);
	    i++) {
		status = take(arg, sk_X509_CRL_value(lists, i), err);
		if (status != MTLS_OK)
			mtls_err_context(err, "%s", path);
	}
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	return status;
}

/* The names in order, from a directory whose owner and mode were checked. */
static enum mtls_status
list_names(const char *path, struct dirent ***ret_names, int *ret_n,
    struct mtls_err *err)
{
	enum mtls_status status;
	int fd, n;

	status = mtls_file_open_dir(path, &fd, err);
	if (status != MTLS_OK)
		return status;
	n = scandirat(fd, ".", ret_names, is_crl_name, alphasort);
	if (n < 0)
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    path);
	close(fd);
	*ret_n = n;
	return status;
}

enum mtls_status
crl_dir_read(struct mtls_tls *tls, const char *path, crl_dir_fn take,
    void *arg, struct mtls_err *err)
{
	struct dirent **names = NULL;
	enum mtls_status status;
	char *file;
	int n = 0;

	status = list_names(path, &names, &n, err);
	if (status != MTLS_OK)
		return status;
	for (int i = 0; i < n; i++) {
		if (status == MTLS_OK && asprintf(&file, "%s/%s", path,
		    names[i]->d_name) < 0)
			status = mtls_fail(err, MTLS_E_MEMORY,
			    "out of memory");
		else if (status == MTLS_OK) {
			status = read_file(tls, file, take, arg, err);
			free(file);
		}
		free(names[i]);
	}
	free(names);
	return status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every CRL of a directory, and files one by one. What is there and cannot be
 * read is left to whoever reads it: it is listed all the same.
 */
#include "config.h"

#include "crl_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mtls/file.h"

/* Times of files are as coarse as the kernel's clock tick, or a second. */
#define SETTLED_S 1

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

/* "name", or "directory/name". */
static enum mtls_status
add_path(struct crl_files *files, const char *directory, const char *name,
    struct mtls_err *err)
{
	char **more;
	char *path;

	if (asprintf(&path, "%s%s%s", directory, *directory != '\0' ? "/" :
	    "", name) < 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	more = reallocarray(files->path, files->n + 1, sizeof(*more));
	if (more == NULL) {
		free(path);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	files->path = more;
	files->path[files->n++] = path;
	return MTLS_OK;
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
crl_files_add(struct crl_files *files, const char *source,
    struct mtls_err *err)
{
	struct dirent **names = NULL;
	enum mtls_status status;
	struct stat st;
	int n = 0;

	if (lstat(source, &st) != 0 || !S_ISDIR(st.st_mode))
		return add_path(files, "", source, err);
	status = list_names(source, &names, &n, err);
	for (int i = 0; i < n; i++) {
		if (status == MTLS_OK)
			status = add_path(files, source, names[i]->d_name,
			    err);
		free(names[i]);
	}
	free(names);
	return status;
}

void
crl_files_clear(struct crl_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->path[i]);
	free(files->path);
	memset(files, 0, sizeof(*files));
}

/* FNV-1a; whoever can choose what is hashed here can also remove the file. */
static uint64_t
add_bytes(uint64_t mark, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		mark = (mark ^ p[i]) * UINT64_C(0x100000001b3);
	return mark;
}

static uint64_t
add_number(uint64_t mark, uint64_t number)
{
	return add_bytes(mark, &number, sizeof(number));
}

static uint64_t
add_file(uint64_t mark, const char *path, const struct stat *st)
{
	mark = add_bytes(mark, path, strlen(path) + 1);
	mark = add_number(mark, st->st_dev);
	mark = add_number(mark, st->st_ino);
	mark = add_number(mark, (uint64_t)st->st_size);
	mark = add_number(mark, (uint64_t)st->st_mode);
	mark = add_number(mark, st->st_uid);
	mark = add_number(mark, (uint64_t)st->st_mtim.tv_sec);
	mark = add_number(mark, (uint64_t)st->st_mtim.tv_nsec);
	mark = add_number(mark, (uint64_t)st->st_ctim.tv_sec);
	return add_number(mark, (uint64_t)st->st_ctim.tv_nsec);
}

uint64_t
crl_files_mark(const struct crl_files *files)
{
	uint64_t mark = UINT64_C(0xcbf29ce484222325);
	time_t now = time(NULL);
	int is_settled = 1;
	struct stat st;

	for (size_t i = 0; i < files->n; i++) {
		if (lstat(files->path[i], &st) != 0)
			memset(&st, 0, sizeof(st));
		if (st.st_ctim.tv_sec >= now - SETTLED_S &&
		    st.st_ctim.tv_sec <= now + SETTLED_S)
			is_settled = 0;
		mark = add_file(mark, files->path[i], &st);
	}
	return is_settled ? mark | 1 : 0;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * New files, whole or not at all.
 */
#include "config.h"

#include "mtlsctl/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/random.h"
#include "mtls/text.h"

static enum mtls_status
taken(const char *path, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_CONFIG,
	    "%s is there already; move it away or give another name", path);
}

/* Opens the directory of path and finds the name in it. */
static enum mtls_status
open_place(struct new_file *f, const char *path, struct mtls_err *err)
{
	char *slash;

	f->path = strdup(path);
	if (f->path == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "%s: out of memory",
		    path);
	slash = strrchr(f->path, '/');
	f->name = slash == NULL ? f->path : slash + 1;
	if (f->name[0] == '\0' || strcmp(f->name, ".") == 0 ||
	    strcmp(f->name, "..") == 0)
		return mtls_fail(err, MTLS_E_CONFIG, "%s is no file name",
		    path);
	if (slash == NULL) {
		f->dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		*slash = '\0';
		f->dir_fd = open(slash == f->path ? "/" : f->path,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		*slash = '/';
	}
	if (f->dir_fd < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "the directory of %s", path);
	return MTLS_OK;
}

enum mtls_status
new_file_is_free(const char *path, struct mtls_err *err)
{
	struct new_file f = NEW_FILE_NONE;
	enum mtls_status status;
	struct stat st;

	status = open_place(&f, path, err);
	if (status == MTLS_OK && fstatat(f.dir_fd, f.name, &st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		status = taken(path, err);
	if (status == MTLS_OK && faccessat(f.dir_fd, ".", W_OK | X_OK,
	    AT_EACCESS) != 0)
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "the directory of %s", path);
	new_file_abandon(&f);
	return status;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static enum mtls_status
write_temporary(struct new_file *f, mode_t mode, const void *data, size_t len,
    struct mtls_err *err)
{
	enum mtls_status status;
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];
	int sys_errno = 0;
	int fd;

	status = mtls_random(random, sizeof(random), err);
	if (status != MTLS_OK)
		return status;
	snprintf(f->temporary, sizeof(f->temporary), ".mtlsctl-%s",
	    mtls_hex_encode(hex, random, sizeof(random)));
	fd = openat(f->dir_fd, f->temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		sys_errno = errno;
		f->temporary[0] = '\0';
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "%s cannot be made", f->path);
	}
	if (write_all(fd, data, len) != 0 || fchmod(fd, mode) != 0 ||
	    fsync(fd) != 0)
		sys_errno = errno;
	if (close(fd) != 0 && sys_errno == 0)
		sys_errno = errno;
	if (sys_errno != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "%s cannot be written", f->path);
	return MTLS_OK;
}

enum mtls_status
new_file_prepare(struct new_file *f, const char *path, enum new_file_how how,
    mode_t mode, const void *data, size_t len, struct mtls_err *err)
{
	struct new_file new = NEW_FILE_NONE;
	enum mtls_status status;
	struct stat st;

	new.how = how;
	status = open_place(&new, path, err);
	if (status == MTLS_OK && fstatat(new.dir_fd, new.name, &st,
	    AT_SYMLINK_NOFOLLOW) == 0) {
		if (how == NEW_FILE_ONLY)
			status = taken(path, err);
		else if (!S_ISREG(st.st_mode))
			status = mtls_fail(err, MTLS_E_CONFIG,
			    "%s is not a regular file", path);
	}
	if (status == MTLS_OK)
		status = write_temporary(&new, mode, data, len, err);
	if (status != MTLS_OK)
		new_file_abandon(&new);
	*f = new;
	return status;
}

/*
 * rename(2) that does not overwrite. Where the file system cannot do that at
 * once (FAT on a stick), an empty file of ours takes the name first.
 */
static int
rename_to_free_name(struct new_file *f)
{
	int fd;

	if (renameat2(f->dir_fd, f->temporary, f->dir_fd, f->name,
	    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	fd = openat(f->dir_fd, f->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return renameat(f->dir_fd, f->temporary, f->dir_fd, f->name);
}

enum mtls_status
new_file_commit(struct new_file *f, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int result;

	if (f->how == NEW_FILE_ONLY)
		result = rename_to_free_name(f);
	else
		result = renameat(f->dir_fd, f->temporary, f->dir_fd,
		    f->name);
	if (result != 0 && errno == EEXIST)
		status = taken(f->path, err);
	else if (result != 0)
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    f->path);
	else
		f->temporary[0] = '\0';
	if (status == MTLS_OK && fsync(f->dir_fd) != 0 && errno != EINVAL)
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s",
		    f->path);
	new_file_abandon(f);
	return status;
}

void
new_file_abandon(struct new_file *f)
{
	static const struct new_file none = NEW_FILE_NONE;

	if (f->temporary[0] != '\0')
		(void)unlinkat(f->dir_fd, f->temporary, 0);
	if (f->dir_fd >= 0)
		close(f->dir_fd);
	free(f->path);
	*f = none;
}

enum mtls_status
new_file_write(const char *path, enum new_file_how how, mode_t mode,
    const void *data, size_t len, struct mtls_err *err)
{
	struct new_file f = NEW_FILE_NONE;
	enum mtls_status status;

	status = new_file_prepare(&f, path, how, mode, data, len, err);
	if (status == MTLS_OK)
		status = new_file_commit(&f, err);
	return status;
}

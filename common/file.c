/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Files that decide about logins.
 *
 * MUST (test_file.c proves each):
 *  1. walk the path component by component and follow no symbolic link;
 *  2. check owner and mode on the open descriptor, never on a name;
 *  3. not block on a FIFO, and read nothing but a regular file;
 *  4. refuse a file that is larger than allowed before memory is taken.
 */
#include "config.h"

#include "mtls/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtls/secret.h"

#include "mtls/fd.h"

/* A path on its way: the directory so far, and what is left of the name. */
struct walk {
	const char *path;
	int dir_fd;		/* O_PATH */
	size_t begin, len;	/* of the next component in path */
};

/* The path up to the current component, for an error. */
static enum mtls_status
refuse(const struct walk *w, const char *why, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_CONFIG, "%.*s: %s",
	    (int)(w->begin + w->len), w->path, why);
}

static enum mtls_status
refuse_errno(const struct walk *w, int sys_errno, struct mtls_err *err)
{
	enum mtls_status status = MTLS_E_SYSTEM;

	if (sys_errno == ENOENT)
		status = MTLS_E_NOT_FOUND;
	return mtls_fail_errno(err, status, sys_errno, "%.*s",
	    (int)(w->begin + w->len), w->path);
}

static int
is_trusted_owner(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static enum mtls_status
check_dir(const struct walk *w, int fd, struct mtls_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse_errno(w, errno, err);
	if (!S_ISDIR(st.st_mode))
		return refuse(w, "not a directory", err);
	if (!is_trusted_owner(st.st_uid))
		return refuse(w, "belongs to somebody else", err);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    !((st.st_mode & S_ISVTX) != 0 && st.st_uid == 0))
		return refuse(w, "others can write to this directory", err);
	return MTLS_OK;
}

/* Moves to the next component; 0 at the end of the path. */
static int
walk_next(struct walk *w)
{
	w->begin += w->len;
	w->begin += strspn(w->path + w->begin, "/");
	w->len = strcspn(w->path + w->begin, "/");
	return w->len > 0;
}

static int
walk_is_last(const struct walk *w)
{
	const char *rest = w->path + w->begin + w->len;

	return rest[strspn(rest, "/")] == '\0';
}

/* The name of the component; NAME_MAX bytes at most. */
static enum mtls_status
walk_name(const struct walk *w, char name[NAME_MAX + 1],
    struct mtls_err *err)
{
	if (w->len > NAME_MAX)
		return refuse(w, "too long", err);
	memcpy(name, w->path + w->begin, w->len);
	name[w->len] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(w, "\".\" and \"..\" are not allowed", err);
	return MTLS_OK;
}

/* Why openat() with O_NOFOLLOW failed: links have several errnos. */
static enum mtls_status
open_failed(const struct walk *w, const char *name, int sys_errno,
    struct mtls_err *err)
{
	struct stat st;

	if ((sys_errno == ELOOP || sys_errno == ENOTDIR) &&
	    fstatat(w->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(st.st_mode))
			return refuse(w, "a symbolic link", err);
		return refuse(w, "not a directory", err);
	}
	if (sys_errno == ENXIO)		/* a socket, or no such device */
		return refuse(w, "not a regular file", err);
	return refuse_errno(w, sys_errno, err);
}

static enum mtls_status
open_component(const struct walk *w, int flags, int *ret_fd,
    struct mtls_err *err)
{
	char name[NAME_MAX + 1];
	enum mtls_status status;
	int fd;

	status = walk_name(w, name, err);
	if (status != MTLS_OK)
		return status;
	fd = openat(w->dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return open_failed(w, name, errno, err);
	fd = mtls_fd_above_2(fd);
	if (fd < 0)
		return refuse_errno(w, errno, err);
	*ret_fd = fd;
	return MTLS_OK;
}

static enum mtls_status
walk_begin(struct walk *w, const char *path, struct mtls_err *err)
{
	w->path = path;
	w->dir_fd = -1;
	w->begin = 0;
	w->len = 1;
	if (path[0] != '/')
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: not an absolute path", path);
	if (strlen(path) >= PATH_MAX)
		return mtls_fail(err, MTLS_E_CONFIG, "path too long");
	w->dir_fd = mtls_fd_above_2(open("/",
	    O_PATH | O_DIRECTORY | O_CLOEXEC));
	if (w->dir_fd < 0)
		return refuse_errno(w, errno, err);
	return check_dir(w, w->dir_fd, err);
}

/*
 * Walks to the directory that holds the last component, which is then the
 * current one; w->len is 0 when the path is "/".
 */
static enum mtls_status
walk_to_last(struct walk *w, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	int fd = -1;

	while (walk_next(w) && !walk_is_last(w)) {
		status = open_component(w, O_PATH | O_DIRECTORY, &fd, err);
		if (status != MTLS_OK)
			break;
		close(w->dir_fd);
		w->dir_fd = fd;
		status = check_dir(w, fd, err);
		if (status != MTLS_OK)
			break;
	}
	return status;
}

static enum mtls_status
check_file(const struct walk *w, int fd, enum mtls_file_kind kind,
    struct mtls_err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse_errno(w, errno, err);
	if (!S_ISREG(st.st_mode))
		return refuse(w, "not a regular file", err);
	if (!is_trusted_owner(st.st_uid))
		return refuse(w, "belongs to somebody else", err);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return refuse(w, "others can write to it", err);
	switch (kind) {
	case MTLS_FILE_PUBLIC:
		break;
	case MTLS_FILE_PRIVATE:
		if ((st.st_mode & (S_IXGRP | S_IRWXO)) != 0)
			return refuse(w, "others can read it", err);
		break;
	case MTLS_FILE_PROGRAM:
		if ((st.st_mode & (S_ISUID | S_ISGID)) != 0)
			return refuse(w, "is set-id", err);
		break;
	}
	return MTLS_OK;
}

/* O_NONBLOCK was for a FIFO in the place of the file. */
static enum mtls_status
make_blocking(const struct walk *w, int fd, struct mtls_err *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return refuse_errno(w, errno, err);
	return MTLS_OK;
}

enum mtls_status
mtls_file_open(const char *path, enum mtls_file_kind kind, int *ret_fd,
    struct mtls_err *err)
{
	struct walk w;
	enum mtls_status status;
	int fd = -1;

	status = walk_begin(&w, path, err);
	if (status == MTLS_OK)
		status = walk_to_last(&w, err);
	if (status == MTLS_OK && path[strlen(path) - 1] == '/')
		status = refuse(&w, "a directory", err);
	if (status == MTLS_OK)
		status = open_component(&w,
		    O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd, err);
	if (status == MTLS_OK)
		status = check_file(&w, fd, kind, err);
	if (status == MTLS_OK)
		status = make_blocking(&w, fd, err);
	if (w.dir_fd >= 0)
		close(w.dir_fd);
	if (status == MTLS_OK)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return status;
}

enum mtls_status
mtls_file_open_dir(const char *path, int *ret_fd, struct mtls_err *err)
{
	struct walk w;
	enum mtls_status status;
	int fd = -1;

	status = walk_begin(&w, path, err);
	if (status == MTLS_OK)
		status = walk_to_last(&w, err);
	if (status == MTLS_OK && w.len == 0)
		fd = mtls_fd_above_2(open("/",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	else if (status == MTLS_OK)
		status = open_component(&w, O_RDONLY | O_DIRECTORY, &fd, err);
	if (status == MTLS_OK && fd < 0)
		status = refuse_errno(&w, errno, err);
	if (status == MTLS_OK)
		status = check_dir(&w, fd, err);
	if (w.dir_fd >= 0)
		close(w.dir_fd);
	if (status == MTLS_OK)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return status;
}

/* Reads until end of file into data, which has room for size bytes. */
static ssize_t
read_all(int fd, char *data, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, data + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static enum mtls_status
read_open_file(const char *path, int fd, size_t max_bytes, char **ret_data,
    size_t *ret_len, struct mtls_err *err)
{
	struct stat st;
	size_t size;
	ssize_t n;
	char *data;

	if (fstat(fd, &st) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", path);
	if (st.st_size < 0 || (uintmax_t)st.st_size > max_bytes)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: larger than %zu bytes", path, max_bytes);
	size = (size_t)st.st_size;
	data = malloc(size + 1);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "%s: out of memory",
		    path);
	/* One more than its size: a file that grows is seen. */
	n = read_all(fd, data, size + 1);
	if (n < 0 || (size_t)n != size) {
		int sys_errno = n < 0 ? errno : 0;

		mtls_file_data_free(data, size + 1);
		if (n < 0)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
			    "%s", path);
		return mtls_fail(err, MTLS_E_CONFIG,
		    "%s: changed while it was read", path);
	}
	data[size] = '\0';
	*ret_data = data;
	*ret_len = size;
	return MTLS_OK;
}

enum mtls_status
mtls_file_read(const char *path, enum mtls_file_kind kind, size_t max_bytes,
    char **ret_data, size_t *ret_len, struct mtls_err *err)
{
	enum mtls_status status;
	int fd;

	status = mtls_file_open(path, kind, &fd, err);
	if (status != MTLS_OK)
		return status;
	status = read_open_file(path, fd, max_bytes, ret_data, ret_len, err);
	close(fd);
	return status;
}

void
mtls_file_data_free(char *data, size_t len)
{
	if (data == NULL)
		return;
	mtls_wipe(data, len);
	free(data);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A directory of its own for a test.
 */
#include "config.h"

#include "scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];

int
scratch_begin(void)
{
	strcpy(directory, "/tmp/mtls-test.XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *st, int type,
    struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int
scratch_end(void)
{
	return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
scratch_path(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

const char *
scratch_file(const char *name, const void *data, size_t len, mode_t mode)
{
	const char *path = scratch_path(name);
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len ||
	    fchmod(fd, mode) != 0 || close(fd) != 0)
		abort();
	return path;
}

const char *
scratch_text(const char *name, const char *text)
{
	return scratch_file(name, text, strlen(text), 0644);
}

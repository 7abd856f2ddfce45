/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors that cannot be taken for standard input, output or error.
 */
#include "config.h"

#include "mtls/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
mtls_fd_above_2(int fd)
{
	int copy, saved_errno;

	if (fd < 0 || fd > 2)
		return fd;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return copy;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The side of mtls_spawn() that runs in the new processes.
 */
#ifndef SPAWN_CHILD_H
#define SPAWN_CHILD_H

#include <sys/types.h>

struct mtls_spawn_child {
	const char *path;
	char *const *argv;
	char *const *envp;
	int fd;			/* becomes descriptor 0 */
	int leash_fd;		/* end of file: kill the program; above 2 */
};

/* Runs in the process in between; never returns. */
_Noreturn void mtls_spawn_child_run(const struct mtls_spawn_child *child);

#endif

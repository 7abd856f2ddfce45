/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a PKCS#11 module may do to the machine it runs on.
 */
#ifndef TOKEN_SANDBOX_H
#define TOKEN_SANDBOX_H

#include <stddef.h>

#include "mtls/message.h"
#include "mtls/status.h"

struct token_sandbox {
	const char *module;		/* its directory can be read */
	const struct mtls_texts *writable;	/* directories, absolute */
	int no_landlock;		/* out: this kernel has none */
};

/*
 * Closes the sandbox over this process, for good, before any foreign code
 * runs: files (Landlock; where the kernel has none, no_landlock is set and
 * the rest still applies) and system calls (seccomp). CONFIG with the
 * directory that does not exist; SYSTEM; the caller must end then.
 */
enum mtls_status token_sandbox_enter(struct token_sandbox *sandbox,
    struct mtls_err *err);

/* The second half: system calls. */
enum mtls_status token_syscalls_restrict(struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One login: from the LOGIN of a PAM module to the RESULT.
 */
#ifndef HELPER_LOGIN_H
#define HELPER_LOGIN_H

#include "mtls/log.h"
#include "mtls/status.h"
#include "mtls/verdict.h"

struct login_options {
	int module_fd;			/* connected; borrowed */
	const char *config_file;	/* where the LOGIN names none */
	const char *token_program;	/* mtls-token */
	const struct mtls_log *log;
};

/*
 * Serves the one login that comes on module_fd and returns when it is over.
 * Drops the rights of the process on the way. The verdict is the one that
 * was sent; whoever started the process must not conclude anything from how
 * it ends.
 */
enum mtls_verdict login_run(const struct login_options *options);

#endif

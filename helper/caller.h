/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Who may ask for whom. The only facts that count are the credentials which
 * the kernel has recorded for the other end of the socket.
 */
#ifndef HELPER_CALLER_H
#define HELPER_CALLER_H

#include <sys/types.h>

#include "mtls/conf.h"
#include "mtls/status.h"

struct caller {
	uid_t uid;
	pid_t pid;
};

/* Whether user and service can be names at all. REFUSED. */
enum mtls_status caller_check_names(const char *user, const char *service,
    struct mtls_err *err);

/*
 * Whether the caller may name a configuration file: root, or whoever runs
 * this very process. PERMISSION.
 */
enum mtls_status caller_may_configure(const struct caller *caller,
    uid_t own_uid, struct mtls_err *err);

/*
 * root may ask for anybody; an account for itself; an account that callers
 * (ACCOUNT:SERVICE) lists, for anybody, for that service. PERMISSION.
 */
enum mtls_status caller_may_ask(const struct caller *caller,
    const char *user, const char *service,
    const struct mtls_conf_list *callers, struct mtls_err *err);

#endif

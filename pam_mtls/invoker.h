/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking at files as the person who started the program and not as root.
 * For setuid programs (sudo, su): the calling thread, and only that one,
 * takes the real user's place in the file system for a moment.
 */
#ifndef PAM_MTLS_INVOKER_H
#define PAM_MTLS_INVOKER_H

#include <sys/types.h>

#include "mtls/status.h"

struct invoker {
	uid_t uid;			/* who started the program */
	uid_t own_uid;			/* what this thread was before */
	gid_t own_gid;
};

/*
 * From now on this thread has the rights on files of its real user and
 * group, without capabilities that could override them; invoker_leave() must
 * follow. PERMISSION where a program that is neither root nor that user
 * calls, SYSTEM where it did not take effect; nothing has changed then.
 */
enum mtls_status invoker_become(struct invoker *ret, struct mtls_err *err);

/* Takes that back. SYSTEM where it did not take effect. */
enum mtls_status invoker_leave(const struct invoker *invoker,
    struct mtls_err *err);

#endif

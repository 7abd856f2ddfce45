/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * setfsuid(2) and setfsgid(2) change the calling thread and no other, and
 * need no signal, no child and no second process: the C library does not
 * spread them over the threads of a process as it does with setuid(2) and
 * its kin. Leaving root takes CAP_DAC_OVERRIDE and its like out of the
 * effective set, going back to root puts them in again.
 *
 * It also makes the process undumpable, which a setuid program is anyway.
 *
 * Supplementary groups stay as they are: sudo and su have those of the
 * person who started them, from the session they were started in.
 *
 * MUST (test_invoker.c proves each): verify each change and each way back
 * (T-172). MUST NOT: change the process, or another thread of it.
 */
#include "config.h"

#include "invoker.h"

#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

/* An id that nobody has changes nothing, and what is returned is the one
 * that rules now. */
static uid_t
now_uid(void)
{
	return (uid_t)setfsuid((uid_t)-1);
}

static gid_t
now_gid(void)
{
	return (gid_t)setfsgid((gid_t)-1);
}

static enum mtls_status
set_both(uid_t uid, gid_t gid, struct mtls_err *err)
{
	/* Neither says whether it did anything. */
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	if (now_uid() != uid || now_gid() != gid)
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "the rights of uid %lu on files cannot be taken",
		    (unsigned long)uid);
	return MTLS_OK;
}

/* Whether root's capabilities end where another user begins. */
static int
keeps_capabilities(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	return bits < 0 || (bits & SECBIT_NO_SETUID_FIXUP) != 0;
}

enum mtls_status
invoker_become(struct invoker *ret, struct mtls_err *err)
{
	struct invoker i = { getuid(), now_uid(), now_gid() };
	uid_t own = geteuid();

	if (own != 0 && own != i.uid)
		return mtls_fail(err, MTLS_E_PERMISSION,
		    "this program runs as uid %lu for uid %lu",
		    (unsigned long)own, (unsigned long)i.uid);
	if (own != i.uid && keeps_capabilities())
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "capabilities would stay over a change of user");
	if (set_both(i.uid, getgid(), err) != MTLS_OK) {
		/* The first failure is the reason that is told. */
		(void)set_both(i.own_uid, i.own_gid, err);
		return err->status;
	}
	*ret = i;
	return MTLS_OK;
}

enum mtls_status
invoker_leave(const struct invoker *invoker, struct mtls_err *err)
{
	return set_both(invoker->own_uid, invoker->own_gid, err);
}

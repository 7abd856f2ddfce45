/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Process hygiene. What the caller of a program left behind - descriptors,
 * signal masks, limits, umask - ends here, and root ends in become().
 */
#include "config.h"

#include "mtls/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOFILE_WANTED 1024u
#define NOFILE_NEEDED 64u

static enum mtls_status
failed(const char *what, struct mtls_err *err)
{
	return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", what);
}

static enum mtls_status
set_descriptors(int keep_fd, struct mtls_err *err)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is fd. */
		if (open("/dev/null", O_RDWR) != fd)
			return failed("/dev/null", err);
	}
	if (close_range((unsigned)keep_fd + 1, ~0u, 0) != 0)
		return failed("close descriptors", err);
	return MTLS_OK;
}

/*
 * Raw, because sigaction(3) leaves out the two signals that libc keeps for
 * itself, and posix_spawn(3) leaves just these two ignored. Zeros are SIG_DFL
 * in the kernel's struct sigaction, whose size no machine has above this.
 */
static int
set_default(int sig)
{
	static const char zeros[64];

	return (int)syscall(SYS_rt_sigaction, sig, zeros, NULL, _NSIG / 8);
}

static enum mtls_status
set_signals(struct mtls_err *err)
{
	struct sigaction ignore;
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) {
		if (sig != SIGKILL && sig != SIGSTOP &&
		    set_default(sig) != 0)
			return failed("reset signals", err);
	}
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	if (sigaction(SIGPIPE, &ignore, NULL) != 0)
		return failed("ignore SIGPIPE", err);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		return failed("clear the signal mask", err);
	return MTLS_OK;
}

static enum mtls_status
set_privacy(struct mtls_err *err)
{
	struct rlimit no_core = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		return failed("forbid core dumps", err);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return failed("become undumpable", err);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return failed("give up new privileges", err);
	return MTLS_OK;
}

/* As much as the hard limit allows; a higher hard limit if we may. */
static void
set_unlimited(int which)
{
	struct rlimit now, want = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit((__rlimit_resource_t)which, &want) == 0 ||
	    getrlimit((__rlimit_resource_t)which, &now) != 0)
		return;
	now.rlim_cur = now.rlim_max;
	(void)setrlimit((__rlimit_resource_t)which, &now);
}

static enum mtls_status
set_limits(struct mtls_err *err)
{
	struct rlimit nofile;

	set_unlimited(RLIMIT_FSIZE);
	set_unlimited(RLIMIT_CPU);
	if (getrlimit(RLIMIT_NOFILE, &nofile) != 0)
		return failed("limit of descriptors", err);
	if (nofile.rlim_max < NOFILE_NEEDED)
		nofile.rlim_max = NOFILE_WANTED;
	nofile.rlim_cur = nofile.rlim_max < NOFILE_WANTED ?
	    nofile.rlim_max : NOFILE_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &nofile) != 0)
		return failed("limit of descriptors", err);
	return MTLS_OK;
}

enum mtls_status
mtls_process_harden(int keep_fd, struct mtls_err *err)
{
	enum mtls_status status;

	if (keep_fd < 2)
		return mtls_fail(err, MTLS_E_USAGE,
		    "descriptors 0 to 2 are always kept");
	status = set_descriptors(keep_fd, err);
	if (status == MTLS_OK)
		status = set_signals(err);
	if (status == MTLS_OK)
		status = set_privacy(err);
	if (status == MTLS_OK)
		status = set_limits(err);
	if (status == MTLS_OK && chdir("/") != 0)
		status = failed("chdir to /", err);
	if (status == MTLS_OK)
		umask(077);
	return status;
}

static enum mtls_status
drop_capabilities(struct mtls_err *err)
{
	struct __user_cap_header_struct head = {
		_LINUX_CAPABILITY_VERSION_3, 0
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	memset(caps, 0, sizeof(caps));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return failed("clear ambient capabilities", err);
	if (syscall(SYS_capset, &head, caps) != 0)
		return failed("drop capabilities", err);
	if (syscall(SYS_capget, &head, caps) != 0)
		return failed("look at capabilities", err);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		if ((caps[i].effective | caps[i].permitted |
		    caps[i].inheritable) != 0)
			return mtls_fail(err, MTLS_E_SYSTEM,
			    "a capability is left");
	}
	return MTLS_OK;
}

/* That every uid and gid is the account's and that there is no way back. */
static enum mtls_status
check_dropped(uid_t uid, gid_t gid, struct mtls_err *err)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) != 0 || getresgid(&rg, &eg, &sg) != 0)
		return failed("look at the account", err);
	if (r != uid || e != uid || s != uid ||
	    rg != gid || eg != gid || sg != gid)
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "the account is not the one that was set");
	if (setuid(0) == 0 || setgid(0) == 0)
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "root could be had back");
	return MTLS_OK;
}

static enum mtls_status
drop_to(const struct passwd *pw, struct mtls_err *err)
{
	enum mtls_status status;
	int death_signal = 0;

	/* A change of uid makes the kernel forget this one, and dumpable. */
	if (prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0) != 0)
		return failed("parent death signal", err);
	if (initgroups(pw->pw_name, pw->pw_gid) != 0)
		return failed("initgroups", err);
	if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0)
		return failed("setresgid", err);
	if (setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
		return failed("setresuid", err);
	status = drop_capabilities(err);
	if (status == MTLS_OK)
		status = check_dropped(pw->pw_uid, pw->pw_gid, err);
	if (status != MTLS_OK)
		return status;
	if (prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0)
		return failed("parent death signal", err);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return failed("become undumpable", err);
	return MTLS_OK;
}

enum mtls_status
mtls_process_become(const char *account, struct mtls_err *err)
{
	const struct passwd *pw;
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) != 0)
		return failed("look at the account", err);
	if (r != 0 && e != 0 && s != 0)
		return MTLS_OK;
	errno = 0;
	pw = getpwnam(account);
	if (pw == NULL && errno != 0 && errno != ENOENT)
		return failed(account, err);
	if (pw == NULL)
		return mtls_fail(err, MTLS_E_NOT_FOUND,
		    "there is no account \"%s\"", account);
	if (pw->pw_uid == 0 || pw->pw_gid == 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "the account \"%s\" is root's", account);
	return drop_to(pw, err);
}

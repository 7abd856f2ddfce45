/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Files: what a PKCS#11 library needs can be read, what the administrator
 * named can be written, and there is nothing else. Sockets with addresses in
 * the file system are not governed by Landlock: pcscd stays reachable.
 */
#include "config.h"

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

/* Landlock as of ABI 6, whatever the installed headers know of it. */
#define FS_EXECUTE	(1ull << 0)
#define FS_WRITE_FILE	(1ull << 1)
#define FS_READ_FILE	(1ull << 2)
#define FS_READ_DIR	(1ull << 3)
#define FS_ABI1		((1ull << 13) - 1)
#define FS_REFER	(1ull << 13)	/* ABI 2 */
#define FS_TRUNCATE	(1ull << 14)	/* ABI 3 */
#define FS_IOCTL_DEV	(1ull << 15)	/* ABI 5 */
#define NET_ALL		3ull		/* ABI 4: bind and connect, TCP */
#define SCOPE_ALL	3ull		/* ABI 6: abstract sockets, signals */

#define FS_READ		(FS_READ_FILE | FS_READ_DIR)
/* No device nodes, no programs. */
#define FS_MAKE_DEVICE	((1ull << 6) | (1ull << 11))
#define FS_WRITE	((FS_ABI1 | FS_REFER | FS_TRUNCATE) & \
    ~(FS_EXECUTE | FS_MAKE_DEVICE))
#define FS_FILE_ONLY	(FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | \
    FS_IOCTL_DEV)

struct ruleset {
	__u64 fs, net, scoped;
};

#ifdef HAVE_LINUX_LANDLOCK_H

static const struct {
	const char *path;
	uint64_t access;
} places[] = {
	{ "/usr", FS_READ },
	{ "/etc", FS_READ },
	{ "/lib", FS_READ },
	{ "/lib32", FS_READ },
	{ "/lib64", FS_READ },
	{ "/run/pcscd", FS_READ },
	{ "/proc/self", FS_READ },
	{ "/sys/devices/system/cpu", FS_READ },
	{ "/dev/null", FS_READ_FILE | FS_WRITE_FILE },
	{ "/dev/urandom", FS_READ_FILE },
	{ "/dev/tpmrm0", FS_READ_FILE | FS_WRITE_FILE }
};

/* The ABI of this kernel; 0: no Landlock; -1 with errno: not known. */
static int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 0;
	return (int)abi;
}

static size_t
ruleset_for(int abi, struct ruleset *set)
{
	memset(set, 0, sizeof(*set));
	set->fs = FS_ABI1;
	if (abi >= 2)
		set->fs |= FS_REFER;
	if (abi >= 3)
		set->fs |= FS_TRUNCATE;
	if (abi >= 5)
		set->fs |= FS_IOCTL_DEV;
	if (abi >= 4)
		set->net = NET_ALL;
	if (abi >= 6)
		set->scoped = SCOPE_ALL;
	if (abi >= 6)
		return sizeof(*set);
	return abi >= 4 ? 2 * sizeof(__u64) : sizeof(__u64);
}

/* -1 with errno. Paths may be links of the distribution's (/lib). */
static int
allow(int set_fd, const struct ruleset *set, const char *path,
    uint64_t access)
{
	struct landlock_path_beneath_attr rule = { 0 };
	int saved_errno, result;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return -1;
	rule.allowed_access = access & set->fs;
	rule.parent_fd = fd;
	result = (int)syscall(SYS_landlock_add_rule, set_fd,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return result;
}

static enum mtls_status
allow_configured(int set_fd, const struct ruleset *set,
    const struct token_sandbox *sandbox, struct mtls_err *err)
{
	char dir[1025];
	char *slash;

	for (size_t i = 0; i < sandbox->writable->n; i++) {
		const char *path = sandbox->writable->text[i];

		if (path[0] != '/')
			return mtls_fail(err, MTLS_E_CONFIG,
			    "writable: %s: not absolute", path);
		if (allow(set_fd, set, path, FS_WRITE) != 0)
			return mtls_fail_errno(err, MTLS_E_CONFIG, errno,
			    "writable: %s", path);
	}
	if (strlen(sandbox->module) >= sizeof(dir))
		return mtls_fail(err, MTLS_E_CONFIG, "module: too long");
	strcpy(dir, sandbox->module);
	slash = strrchr(dir, '/');
	if (slash == NULL || slash == dir)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "module: %s: not in a directory", sandbox->module);
	*slash = '\0';
	if (allow(set_fd, set, dir, FS_READ) != 0)
		return mtls_fail_errno(err, MTLS_E_CONFIG, errno,
		    "module: %s", dir);
	return MTLS_OK;
}

static enum mtls_status
restrict_files(struct token_sandbox *sandbox, struct mtls_err *err)
{
	struct ruleset set;
	enum mtls_status status;
	size_t size;
	int abi = landlock_abi();
	int fd;

	sandbox->no_landlock = abi == 0;
	if (abi == 0)
		return MTLS_OK;
	if (abi < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "Landlock");
	size = ruleset_for(abi, &set);
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (fd == -1)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "Landlock");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* Not every machine has each of them. */
		if (allow(fd, &set, places[i].path, places[i].access) != 0 &&
		    errno != ENOENT && errno != EACCES) {
			close(fd);
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "Landlock: %s", places[i].path);
		}
	}
	status = allow_configured(fd, &set, sandbox, err);
	if (status == MTLS_OK &&
	    syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "Landlock");
	close(fd);
	return status;
}

#else

static enum mtls_status
restrict_files(struct token_sandbox *sandbox, struct mtls_err *err)
{
	(void)err;
	sandbox->no_landlock = 1;
	return MTLS_OK;
}

#endif

enum mtls_status
token_sandbox_enter(struct token_sandbox *sandbox, struct mtls_err *err)
{
	const struct rlimit none = { 0, 0 };
	enum mtls_status status;

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "no core, no dump, no new privileges");
	status = restrict_files(sandbox, err);
	if (status == MTLS_OK)
		status = token_syscalls_restrict(err);
	return status;
}

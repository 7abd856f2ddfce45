/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * System calls: a PKCS#11 library may open files, talk over local sockets
 * and start threads. It may not start programs, reach the network, look into
 * or signal other processes, change who it is, or load code into the kernel.
 * Refused calls fail with EPERM, so that a library that can live without
 * them does.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox.h"

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

static const char *const refused[] = {
	/* programs and processes; clone is below */
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
	"process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd",
	"pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "kcmp",
	"setns", "unshare", "setsid", "setpgid", "setpriority",
	"sched_setaffinity", "migrate_pages", "move_pages",
	/* the network; socket and socketpair are below */
	"bind", "listen", "accept", "accept4",
	/* who we are */
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
	"setfsuid", "setfsgid", "setgroups", "capset", "personality",
	/* the file system as a whole */
	"chroot", "pivot_root", "mount", "umount2", "mount_setattr",
	"move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
	"name_to_handle_at", "open_by_handle_at", "mknod", "mknodat",
	"fanotify_init", "quotactl", "quotactl_fd", "swapon", "swapoff",
	/* the kernel */
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
	"io_uring_enter", "io_uring_register", "keyctl", "add_key",
	"request_key", "init_module", "finit_module", "delete_module",
	"kexec_load", "kexec_file_load", "reboot", "syslog", "acct",
	"settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
	"sethostname", "setdomainname", "iopl", "ioperm", "modify_ldt",
	"vhangup", "lookup_dcookie", "nfsservctl", "uselib", "ustat",
	"_sysctl"
};

/* "Not there": libc then takes clone, whose flags can be looked at. */
static int
refuse_as_absent(scmp_filter_ctx ctx, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx,
	    SCMP_ACT_ERRNO(ENOSYS), number, 0);
}

static int
refuse_all(scmp_filter_ctx ctx)
{
	int number;
	int rc = 0;

	for (size_t i = 0; rc == 0 &&
	    i < sizeof(refused) / sizeof(refused[0]); i++) {
		number = seccomp_syscall_resolve_name(refused[i]);
		if (number != __NR_SCMP_ERROR)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM),
			    number, 0);
	}
	return rc;
}

static struct scmp_arg_cmp
argument(unsigned number, enum scmp_compare op, scmp_datum_t a,
    scmp_datum_t b)
{
	return (struct scmp_arg_cmp){ number, op, a, b };
}

/* Calls that are good or bad by an argument. */
static int
refuse_some(scmp_filter_ctx ctx)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	const scmp_datum_t self = (scmp_datum_t)getpid();
	int rc;

	rc = seccomp_rule_add(ctx, no, SCMP_SYS(socket), 1,
	    argument(0, SCMP_CMP_NE, AF_UNIX, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(socketpair), 1,
		    argument(0, SCMP_CMP_NE, AF_UNIX, 0));
	if (rc == 0)	/* threads, but no processes */
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(clone), 1,
		    argument(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (rc == 0)
		rc = refuse_as_absent(ctx, "clone3");
	if (rc == 0)	/* raise() and abort() work */
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(kill), 1,
		    argument(0, SCMP_CMP_NE, self, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(tgkill), 1,
		    argument(0, SCMP_CMP_NE, self, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(tkill), 0);
	if (rc == 0)
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(prctl), 2,
		    argument(0, SCMP_CMP_EQ, PR_SET_DUMPABLE, 0),
		    argument(1, SCMP_CMP_NE, 0, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, no, SCMP_SYS(prctl), 1,
		    argument(0, SCMP_CMP_EQ, PR_SET_PTRACER, 0));
	return rc;
}

enum mtls_status
token_syscalls_restrict(struct mtls_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (ctx == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "seccomp");
	/* Calls of another architecture kill the process, by default. */
	rc = refuse_all(ctx);
	if (rc == 0)
		rc = refuse_some(ctx);
	/* A tree: the kernel runs the filter for each number it knows when it
	 * is loaded, and then at each call. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, -rc, "seccomp");
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Starting a program from somebody else's process.
 *
 * A child that execs gets SIGCHLD as its exit signal again, and a host that
 * ignores or reaps SIGCHLD then takes it from us. So there is a process in
 * between, with exit signal 0, which never execs: the host hears nothing of
 * it and its waitpid(-1) does not find it.
 *
 * MUST (test_spawn.c proves each):
 *  1. between clone and exec: system calls only, and those raw that libc
 *     makes cancellation points or sends to all threads;
 *  2. leave the host's signals, mask, descriptors and children as they were;
 *  3. take no decision from an exit status.
 */
#include "config.h"

#include "mtls/spawn.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/deadline.h"

#include "fd.h"
#include "spawn_child.h"

/* How long the process in between gets for ending what it started. */
#define KILL_MS 2000

/* clone3 is what seccomp profiles older than it do not know. */
static pid_t
clone_quiet(int *ret_pid_fd)
{
	struct clone_args args;
	long pid;

	memset(&args, 0, sizeof(args));
	args.flags = CLONE_PIDFD;
	args.pidfd = (uint64_t)(uintptr_t)ret_pid_fd;
	args.exit_signal = 0;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && (errno == ENOSYS || errno == EPERM))
		pid = syscall(SYS_clone, (unsigned long)CLONE_PIDFD, NULL,
		    ret_pid_fd, NULL, NULL);
	return (pid_t)pid;
}

enum mtls_status
mtls_spawn(const char *path, char *const argv[], char *const envp[],
    int child_fd, struct mtls_child *ret, struct mtls_err *err)
{
	struct mtls_spawn_child child = { path, argv, envp, child_fd, 0 };
	sigset_t all, before;
	int pid_fd = -1;
	int sys_errno;
	pid_t pid;

	if (path[0] != '/' || child_fd < 0)
		return mtls_fail(err, MTLS_E_USAGE, "%s: not to be started",
		    path);
	child.parent = getpid();
	/* No handler of the host's may run in the child. */
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return mtls_fail(err, MTLS_E_SYSTEM, "block signals");
	pid = clone_quiet(&pid_fd);
	if (pid == 0)
		mtls_spawn_child_run(&child);
	sys_errno = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "start %s", path);
	ret->pid = pid;
	ret->pid_fd = mtls_fd_above_2(pid_fd);
	if (ret->pid_fd < 0) {
		sys_errno = errno;
		mtls_child_end(ret, 0);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "start %s", path);
	}
	return MTLS_OK;
}

/* Whether the child has ended by the deadline. */
static int
has_ended(int pid_fd, int timeout_ms)
{
	struct mtls_deadline deadline =
	    mtls_deadline_in_ms((uint32_t)timeout_ms);
	struct pollfd p = { .fd = pid_fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, mtls_deadline_left_ms(deadline));
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static void
send_signal(const struct mtls_child *child, int sig)
{
	if (child->pid_fd >= 0)
		(void)syscall(SYS_pidfd_send_signal, child->pid_fd, sig,
		    NULL, 0);
	else
		(void)kill(child->pid, sig);
}

void
mtls_child_end(struct mtls_child *child, int grace_ms)
{
	int saved_errno = errno;
	pid_t pid;

	if (child->pid <= 0)
		return;
	if (child->pid_fd < 0 ||
	    !has_ended(child->pid_fd, grace_ms > 0 ? grace_ms : 0)) {
		/* The process in between kills what it started. */
		send_signal(child, SIGTERM);
		if (child->pid_fd < 0 || !has_ended(child->pid_fd, KILL_MS))
			send_signal(child, SIGKILL);
	}
	do {
		pid = waitpid(child->pid, NULL, __WALL);
	} while (pid < 0 && errno == EINTR);
	if (child->pid_fd >= 0)
		close(child->pid_fd);
	child->pid = 0;
	child->pid_fd = -1;
	errno = saved_errno;
}

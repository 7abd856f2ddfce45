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
 *  3. take no decision from an exit status;
 *  4. end the program when the caller lets go, or dies, of whatever cause.
 */
#include "config.h"

#include "mtls/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/deadline.h"

#include "mtls/fd.h"
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

static void
close_both(const int fds[2])
{
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
}

/* The leash: [0] for the process in between, [1] for the caller. */
static int
make_leash(int ret_fds[2])
{
	int saved_errno;

	if (pipe2(ret_fds, O_CLOEXEC) != 0)
		return -1;
	ret_fds[0] = mtls_fd_above_2(ret_fds[0]);
	ret_fds[1] = mtls_fd_above_2(ret_fds[1]);
	if (ret_fds[0] >= 0 && ret_fds[1] >= 0)
		return 0;
	saved_errno = errno;
	close_both(ret_fds);
	errno = saved_errno;
	return -1;
}

enum mtls_status
mtls_spawn(const char *path, char *const argv[], char *const envp[],
    int child_fd, struct mtls_child *ret, struct mtls_err *err)
{
	struct mtls_spawn_child child = { path, argv, envp, child_fd, -1 };
	struct mtls_child started = MTLS_CHILD_NONE;
	sigset_t all, before;
	int leash[2];
	int sys_errno;

	if (path[0] != '/' || child_fd < 0)
		return mtls_fail(err, MTLS_E_USAGE, "%s: not to be started",
		    path);
	if (make_leash(leash) != 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
		    "start %s", path);
	child.leash_fd = leash[0];
	/* No handler of the host's may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started.pid = clone_quiet(&started.pid_fd);
	if (started.pid == 0)
		mtls_spawn_child_run(&child);
	sys_errno = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started.pid < 0) {
		close_both(leash);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "start %s", path);
	}
	close(leash[0]);
	started.leash_fd = leash[1];
	started.pid_fd = mtls_fd_above_2(started.pid_fd);
	if (started.pid_fd < 0) {
		sys_errno = errno;
		mtls_child_end(&started, 0);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, sys_errno,
		    "start %s", path);
	}
	*ret = started;
	return MTLS_OK;
}

/* Whether the process in between has ended by then. */
static int
has_ended(const struct mtls_child *child, int timeout_ms)
{
	struct mtls_deadline deadline =
	    mtls_deadline_in_ms((uint32_t)timeout_ms);
	struct pollfd p = { .fd = child->pid_fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, mtls_deadline_left_ms(deadline));
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Whether SIGKILL is on its way. */
static int
kill_directly(const struct mtls_child *child)
{
	if (child->pid_fd >= 0) {
		if (syscall(SYS_pidfd_send_signal, child->pid_fd, SIGKILL,
		    NULL, 0) == 0)
			return 1;
		/* Reaped by the host: the number may be another's. */
		if (errno == ESRCH)
			return 0;
	}
	return kill(child->pid, SIGKILL) == 0;
}

void
mtls_child_end(struct mtls_child *child, int grace_ms)
{
	int saved_errno = errno;
	int flags = __WALL;
	pid_t pid;

	if (child->pid <= 0)
		return;
	if (!has_ended(child, grace_ms > 0 ? grace_ms : 0)) {
		close(child->leash_fd);
		child->leash_fd = -1;
		/* Stopped, and of another account: nothing to wait for. */
		if (!has_ended(child, KILL_MS) && !kill_directly(child))
			flags |= WNOHANG;
	}
	do {
		pid = waitpid(child->pid, NULL, flags);
	} while (pid < 0 && errno == EINTR);
	if (child->leash_fd >= 0)
		close(child->leash_fd);
	if (child->pid_fd >= 0)
		close(child->pid_fd);
	*child = (struct mtls_child)MTLS_CHILD_NONE;
	errno = saved_errno;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The process between a host and the program that it started: makes itself
 * clean, starts the program, and waits for it or for the order to kill it.
 *
 * It is a copy of a process with perhaps many threads, of which only this
 * one exists here: no locks, no memory, no stdio. System calls that libc
 * wraps in more than the call (cancellation points, the set*id functions
 * that signal every thread) are made raw.
 */
#include "config.h"

#include "spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT 127
#define KERNEL_SIGSET_LEN (_NSIG / 8)
#define FALLBACK_FDS 65536u
#define LEASH_FD 3

static _Noreturn void
leave(int code)
{
	for (;;)
		syscall(SYS_exit_group, code);
}

/*
 * Raw, because sigaction(3) leaves out the two signals that libc keeps for
 * itself, and posix_spawn(3) leaves just these two ignored. Zeros are SIG_DFL
 * in the kernel's struct sigaction, whose size no machine has above this.
 */
static void
default_signals(void)
{
	static const char zeros[64];

	for (int sig = 1; sig < NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, zeros, NULL,
		    KERNEL_SIGSET_LEN);
}

static void
set_limit(__rlimit_resource_t which, rlim_t want)
{
	struct rlimit limit = { want, want };

	if (setrlimit(which, &limit) == 0 || getrlimit(which, &limit) != 0)
		return;
	/* Not allowed to raise the hard limit: as far as it goes. */
	limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
	(void)setrlimit(which, &limit);
}

static void
sane_limits(void)
{
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NOFILE, 1024);
	set_limit(RLIMIT_STACK, 8 * 1024 * 1024);
	set_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	set_limit(RLIMIT_CPU, RLIM_INFINITY);
	set_limit(RLIMIT_AS, RLIM_INFINITY);
	set_limit(RLIMIT_DATA, RLIM_INFINITY);
}

static unsigned
table_size(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_max > FALLBACK_FDS)
		return FALLBACK_FDS;
	return (unsigned)limit.rlim_max;
}

/* Closes first to last; n_fds: where the table may end. */
static void
close_fds(unsigned first, unsigned last, unsigned n_fds)
{
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (unsigned fd = first; fd <= last && fd < n_fds; fd++)
		(void)syscall(SYS_close, fd);
}

/*
 * The channel to 0, /dev/null to 1 and 2, the leash to 3, and nothing else.
 * The program does not get the leash.
 */
static int
set_descriptors(int fd, int leash_fd, unsigned n_fds)
{
	if (fd != 0 && dup2(fd, 0) != 0)
		return -1;
	if (leash_fd != LEASH_FD && dup2(leash_fd, LEASH_FD) != LEASH_FD)
		return -1;
	if (fcntl(0, F_SETFD, 0) != 0 ||
	    fcntl(LEASH_FD, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	close_fds(1, 2, n_fds);
	close_fds(LEASH_FD + 1, ~0u, n_fds);
	if (syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0) != 1)
		return -1;
	return dup2(1, 2) == 2 ? 0 : -1;
}

/*
 * Real, effective and saved ids become one: root's where the effective user
 * is root (sudo and su run with the user's real uid), else the effective.
 */
static int
set_ids(void)
{
	uid_t uid = geteuid();
	gid_t gid = uid == 0 ? 0 : getegid();

	if (uid == 0 && syscall(SYS_setgroups, 0, NULL) != 0 &&
	    syscall(SYS_getgroups, 0, NULL) != 0)
		return -1;
	if (syscall(SYS_setresgid, gid, gid, gid) != 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) != 0)
		return -1;
	return getuid() == uid && getgid() == gid ? 0 : -1;
}

/* This process may be killed as well: the program then goes with it. */
static int
die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return -1;
	return getppid() == parent ? 0 : -1;
}

static _Noreturn void
exec_program(const struct mtls_spawn_child *child, pid_t parent)
{
	sigset_t none;

	if (die_with(parent) != 0 || setsid() < 0)
		leave(CANNOT);
	sigemptyset(&none);
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL,
	    KERNEL_SIGSET_LEN) != 0)
		leave(CANNOT);
	(void)syscall(SYS_execve, child->path, child->argv, child->envp);
	leave(CANNOT);
}

/* Its own function, so that vfork() finds no variable to clobber. */
static __attribute__((noinline)) pid_t
start_program(const struct mtls_spawn_child *child)
{
	pid_t self = getpid();
	pid_t pid = vfork();

	if (pid == 0)
		exec_program(child, self);
	return pid;
}

/*
 * From here on this process waits and kills, also a program that has become
 * another account: of root's capabilities it keeps the one for that. Where it
 * cannot give them up it is what it was, and the program is none the worse.
 */
static void
keep_right_to_kill(void)
{
	struct __user_cap_header_struct header = {
		_LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) != 0)
		return;
	data[0].permitted &= CAP_TO_MASK(CAP_KILL);
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1].permitted = data[1].effective = data[1].inheritable = 0;
	(void)syscall(SYS_capset, &header, data);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* A descriptor that is readable while a SIGCHLD waits. */
static int
open_child_events(void)
{
	sigset_t events;

	sigemptyset(&events);
	sigaddset(&events, SIGCHLD);
	return (int)syscall(SYS_signalfd4, -1, &events, KERNEL_SIGSET_LEN,
	    SFD_NONBLOCK);
}

/* Until the program has ended; kills it when the leash is let go. */
static _Noreturn void
wait_for_program(pid_t pid)
{
	struct signalfd_siginfo event;
	struct pollfd p[2] = {
		{ .fd = LEASH_FD, .events = POLLIN },
		{ .fd = open_child_events(), .events = POLLIN },
	};
	int can_wait = p[1].fd >= 0;
	long got;

	for (;;) {
		if (!can_wait)
			(void)kill(pid, SIGKILL);
		got = syscall(SYS_wait4, pid, NULL, can_wait ? WNOHANG : 0,
		    NULL);
		if (got == pid || (got < 0 && errno != EINTR))
			leave(0);
		if (syscall(SYS_ppoll, p, 2, NULL, NULL, 0) < 0)
			can_wait = errno == EINTR;
		/* Nobody writes to the leash: any event is its end. */
		else if (p[0].revents != 0)
			can_wait = 0;
		/* It may have stopped only. */
		else
			(void)syscall(SYS_read, p[1].fd, &event,
			    sizeof(event));
	}
}

void
mtls_spawn_child_run(const struct mtls_spawn_child *child)
{
	unsigned n_fds = table_size();
	pid_t pid;

	default_signals();
	sane_limits();
	if (set_descriptors(child->fd, child->leash_fd, n_fds) != 0 ||
	    set_ids() != 0 || setsid() < 0)
		leave(CANNOT);
	umask(077);
	if (syscall(SYS_chdir, "/") != 0)
		leave(CANNOT);
	/* A copy of the host's memory: not to be looked at, nor dumped. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		leave(CANNOT);
	(void)prctl(PR_SET_NAME, "mtls-leash", 0, 0, 0);
	pid = start_program(child);
	/* The program alone holds the channel: its end is end of file. */
	close_fds(0, 2, n_fds);
	if (pid < 0)
		leave(CANNOT);
	keep_right_to_kill();
	wait_for_program(pid);
}

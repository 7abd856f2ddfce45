/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls_spawn() in hosts that do all the things that hosts do: every test
 * runs in a forked host of its own, and looks afterwards whether anything is
 * left there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/message.h"
#include "mtls/spawn.h"

#include "../lib/fail_nth.h"
#include "../lib/unit.h"

#define SOMEBODY 12345
#define PATIENCE_MS 30000

/* In a host, where cmocka's asserts cannot go. */
#define check(expression) \
	do { \
		if (!(expression)) { \
			print_message("line %d: %s\n", __LINE__, \
			    #expression); \
			_exit(1); \
		} \
	} while (0)

static int fds_before;
static volatile sig_atomic_t n_sigchld;

struct guest {
	struct mtls_child child;
	int fd;
	pid_t pid;		/* of the program */
	char report[32768];
};

static struct guest guest;

/* Runs fn in a host of its own; it has to return. */
static void
in_host(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		fds_before = fail_nth_open_fds();
		fn();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		fail_msg("the host died of signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static enum mtls_status
start(const char *path, char *mode, struct mtls_err *err)
{
	char name[] = "probe";
	char one[] = "A=1", two[] = "B=two words";
	char *const argv[] = { name, mode, NULL };
	char *const envp[] = { one, two, NULL };
	enum mtls_status status;
	int fds[2];

	guest.child = (struct mtls_child)MTLS_CHILD_NONE;
	guest.fd = -1;
	status = mtls_message_socketpair(fds, err);
	if (status != MTLS_OK)
		return status;
	status = mtls_spawn(path, argv, envp, fds[1], &guest.child, err);
	close(fds[1]);
	if (status == MTLS_OK)
		guest.fd = fds[0];
	else
		close(fds[0]);
	return status;
}

/* The next datagram; 0 at end of file. */
static ssize_t
next_datagram(void)
{
	struct pollfd p = { .fd = guest.fd, .events = POLLIN };
	ssize_t n;

	while ((n = poll(&p, 1, PATIENCE_MS)) < 0 && errno == EINTR)
		;
	check(n == 1);
	n = recv(guest.fd, guest.report, sizeof(guest.report) - 1, 0);
	check(n >= 0 || errno == ECONNRESET);
	guest.report[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : n;
}

static void
start_probe(const char *mode)
{
	static char copy[32];
	struct mtls_err err;

	snprintf(copy, sizeof(copy), "%s", mode);
	mtls_err_clear(&err);
	if (start(PROBE, copy, &err) != MTLS_OK) {
		print_message("%s\n", err.text);
		_exit(1);
	}
	check(next_datagram() > 0);
	check(sscanf(guest.report, "pid=%d", &guest.pid) == 1);
}

static int
reports(const char *line)
{
	const char *p = guest.report;
	size_t len = strlen(line);

	for (;;) {
		if (strncmp(p, line, len) == 0 && p[len] == '\n')
			return 1;
		p = strchr(p, '\n');
		if (p == NULL)
			return 0;
		p++;
	}
}

static int
count(const char *prefix)
{
	const char *p = guest.report;
	int n = 0;

	for (; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		n += strncmp(p, prefix, strlen(prefix)) == 0;
	}
	return n;
}

static void
check_nothing_left(void)
{
	check(guest.child.pid == 0);
	check(guest.child.pid_fd == -1);
	check(guest.child.leash_fd == -1);
	if (guest.fd >= 0)
		close(guest.fd);
	check(fail_nth_open_fds() == fds_before);
	check(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
	check(n_sigchld == 0);
}

static void
end(int grace_ms)
{
	mtls_child_end(&guest.child, grace_ms);
	if (guest.pid > 0)
		check(kill(guest.pid, 0) == -1 && errno == ESRCH);
	check_nothing_left();
}

/* The whole life of a child, once; any host must come through this. */
static void
one_life(void)
{
	sigset_t before, after;

	/* The kernel fills a part of them only. */
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	start_probe("report");
	check(next_datagram() == 0);	/* it has exited */
	end(PATIENCE_MS);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	check(memcmp(&before, &after, sizeof(before)) == 0);
	start_probe("deaf");
	end(0);
}

static void
T130_host_plain(void)
{
	one_life();
}

static void
T131_host_ignores_sigchld(void)
{
	struct sigaction sa;

	signal(SIGCHLD, SIG_IGN);
	one_life();
	check(sigaction(SIGCHLD, NULL, &sa) == 0);
	check(sa.sa_handler == SIG_IGN);
}

static void
reap(int sig)
{
	(void)sig;
	n_sigchld++;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void
T132_host_reaps_in_a_handler(void)
{
	signal(SIGCHLD, reap);
	one_life();
	/* The handler is the host's again, and works. */
	if (fork() == 0)
		_exit(0);
	while (n_sigchld == 0)
		poll(NULL, 0, 10);
}

static void
T133_host_wants_no_zombies(void)
{
	struct sigaction sa = { .sa_handler = reap,
	    .sa_flags = SA_NOCLDWAIT };

	check(sigaction(SIGCHLD, &sa, NULL) == 0);
	one_life();
}

static void
T133_host_blocks_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	check(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	one_life();
	check(sigpending(&set) == 0);
	check(!sigismember(&set, SIGCHLD));
}

static volatile int stop;
static volatile int stolen;

static void *
wait_and_allocate(void *arg)
{
	sigset_t set;

	(void)arg;
	sigfillset(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	while (!stop) {
		if (waitpid(-1, NULL, WNOHANG) > 0)
			stolen++;
		free(malloc(100));
		poll(NULL, 0, 1);
	}
	return NULL;
}

static void
T133_host_has_threads(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		check(pthread_create(&threads[i], NULL, wait_and_allocate,
		    NULL) == 0);
	for (int i = 0; i < 20; i++)
		one_life();
	stop = 1;
	for (int i = 0; i < 8; i++)
		check(pthread_join(threads[i], NULL) == 0);
	check(stolen == 0);
}

/* Two threads at once, each with a child of its own. */
static void *
spawn_and_end(void *arg)
{
	char name[] = "probe", mode[] = "wait";
	char *const argv[] = { name, mode, NULL };
	char *const envp[] = { NULL };
	struct mtls_child child = MTLS_CHILD_NONE;
	char c[8];
	int fds[2];

	(void)arg;
	for (int i = 0; i < 10; i++) {
		check(mtls_message_socketpair(fds, NULL) == MTLS_OK);
		check(mtls_spawn(PROBE, argv, envp, fds[1], &child, NULL) ==
		    MTLS_OK);
		close(fds[1]);
		check(recv(fds[0], c, sizeof(c), 0) == sizeof(c));
		close(fds[0]);
		mtls_child_end(&child, PATIENCE_MS);
	}
	return NULL;
}

static void
T119_two_threads_spawn(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		check(pthread_create(&threads[i], NULL, spawn_and_end,
		    NULL) == 0);
	for (int i = 0; i < 2; i++)
		check(pthread_join(threads[i], NULL) == 0);
	guest.child = (struct mtls_child)MTLS_CHILD_NONE;
	guest.fd = -1;
	check_nothing_left();
}

static volatile sig_atomic_t n_alarms;
static pid_t host_pid;

static void
on_alarm(int sig)
{
	(void)sig;
	n_alarms++;
	/* Would show that the host's handler runs in a child of ours. */
	if (getpid() != host_pid)
		_exit(66);
}

static void
T138_host_with_alarms(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	struct itimerval now;

	host_pid = getpid();
	signal(SIGALRM, on_alarm);
	check(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (int i = 0; i < 20; i++)
		one_life();
	check(getitimer(ITIMER_REAL, &now) == 0);
	check(now.it_interval.tv_usec == 1000);
	check(n_alarms > 0);
}

static void
T130_the_program_is_killed(void)
{
	static const int signals[] = {
		SIGKILL, SIGSEGV, SIGTERM, SIGABRT, SIGHUP
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start_probe("wait");
		check(kill(guest.pid, signals[i]) == 0);
		check(next_datagram() == 0);
		end(PATIENCE_MS);
	}
	/* Stopped, it is silent, until it is ended. */
	start_probe("wait");
	check(kill(guest.pid, SIGSTOP) == 0);
	end(50);
}

static void
T130_the_process_between_is_killed(void)
{
	struct pollfd p;

	start_probe("deaf");
	p.fd = (int)syscall(SYS_pidfd_open, guest.pid, 0);
	p.events = POLLIN;
	check(p.fd >= 0);
	check(kill(guest.child.pid, SIGKILL) == 0);
	/* The program goes with it. */
	check(poll(&p, 1, PATIENCE_MS) == 1);
	close(p.fd);
	check(next_datagram() == 0);
	guest.pid = 0;		/* perhaps not reaped yet by init */
	end(PATIENCE_MS);
}

static void
T130_the_process_between_is_stopped(void)
{
	start_probe("deaf");
	check(kill(guest.child.pid, SIGSTOP) == 0);
	guest.pid = 0;
	end(0);
}

static void
T134_no_message_is_no_message(void)
{
	static const char *const modes[] = { "half", "boast" };
	struct mtls_message m;
	char mode[8];
	int fd;

	for (size_t i = 0; i < 2; i++) {
		snprintf(mode, sizeof(mode), "%s", modes[i]);
		check(start(PROBE, mode, NULL) == MTLS_OK);
		check(mtls_message_recv(guest.fd, &m, &fd,
		    mtls_deadline_in_ms(PATIENCE_MS), NULL) ==
		    MTLS_E_PROTOCOL);
		check(mtls_message_recv(guest.fd, &m, &fd,
		    mtls_deadline_in_ms(PATIENCE_MS), NULL) ==
		    MTLS_E_CLOSED);
		end(PATIENCE_MS);
	}
}

static void
T134_a_program_that_cannot_be_started(void)
{
	static const char *const paths[] = {
		"/nonexistent/program", "/etc/passwd", "/etc", "/dev/null"
	};
	char mode[] = "report";

	for (size_t i = 0; i < 4; i++) {
		check(start(paths[i], mode, NULL) == MTLS_OK);
		check(next_datagram() == 0);
		end(PATIENCE_MS);
	}
	check(start("bin/true", mode, NULL) == MTLS_E_USAGE);
	check(start("", mode, NULL) == MTLS_E_USAGE);
	check_nothing_left();
}

static void
T135_deaf_and_half_closed_programs_are_ended(void)
{
	start_probe("deaf");
	close(guest.fd);
	guest.fd = -1;
	end(50);
	start_probe("shut");
	check(next_datagram() == 0);
	end(50);
}

static void
T136_descriptors_are_exactly_these(void)
{
	int many[40];
	int pipes[2];
	char c;

	for (int i = 0; i < 40; i++)
		many[i] = dup(0);	/* not close-on-exec */
	check(pipe(pipes) == 0);
	start_probe("deaf");
	check(count("fd=") == 3);
	check(reports("fd=0:socket:"));
	check(reports("fd=1:/dev/nu"));
	check(reports("fd=2:/dev/nu"));
	/* Nobody else has the end that is closed here. */
	close(pipes[1]);
	check(read(pipes[0], &c, 1) == 0);
	close(pipes[0]);
	for (int i = 0; i < 40; i++)
		close(many[i]);
	end(0);
}

static void
T121_arguments_and_environment_are_exactly_these(void)
{
	setenv("LD_PRELOAD_X", "1", 1);
	start_probe("report");
	check(count("arg=") == 2);
	check(reports("arg=probe"));
	check(reports("arg=report"));
	check(count("env=") == 2);
	check(reports("env=A=1"));
	check(reports("env=B=two words"));
	end(PATIENCE_MS);
}

/* struct sigaction as the kernel has it begins with the handler. */
static long
ignore_raw(int sig)
{
	long action[8] = { (long)SIG_IGN };

	return syscall(SYS_rt_sigaction, sig, action, NULL, _NSIG / 8);
}

static void
surroundings_are_clean(void)
{
	sigset_t all;

	/* libc's own ones too, as posix_spawn(3) leaves them. */
	for (int sig = 1; sig < NSIG; sig++)
		(void)ignore_raw(sig);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	umask(0);
	check(chdir("/tmp") == 0);
	start_probe("report");
	check(reports("SigBlk:\t0000000000000000"));
	check(reports("SigIgn:\t0000000000000000"));
	check(reports("umask=077"));
	check(reports("cwd=/"));
	check(reports("leader=1"));
	check(reports("death=9"));
	end(PATIENCE_MS);
	check(umask(0) == 0);
}

/* It is a copy of a host that may have secrets, and holds nothing else. */
/* A build below a directory of root's alone is nothing for others. */
static int
is_reachable(void)
{
	if (access(PROBE, X_OK) == 0)
		return 1;
	print_message("not for this account: %s\n", PROBE);
	return 0;
}

/* The number behind name in /proc/PID/status of the process in between. */
static unsigned long long
between_has(const char *name, int base)
{
	char path[64], line[256];
	unsigned long long value = ~0ull;
	size_t len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", guest.child.pid);
	f = fopen(path, "re");
	check(f != NULL);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			value = strtoull(line + len + 1, NULL, base);
	if (f != NULL)
		fclose(f);
	return value;
}

/* It stays root, to kill what has become another account. */
static void
T137_the_process_between_can_only_kill(void)
{
	const unsigned long long can_kill = 1ull << 5;

	start_probe("deaf");
	/* The last thing that it does before it waits. */
	while (between_has("NoNewPrivs", 10) != 1)
		(void)sched_yield();
	check((between_has("CapEff", 16) & ~can_kill) == 0);
	check((between_has("CapPrm", 16) & ~can_kill) == 0);
	check(between_has("CapInh", 16) == 0);
	if (geteuid() == 0)
		check(between_has("CapEff", 16) == can_kill);
	end(0);
}

static void
T109_the_process_between_is_closed_to_others(void)
{
	char path[64], name[32] = "";
	struct stat st;
	int fd;

	start_probe("deaf");
	snprintf(path, sizeof(path), "/proc/%d/comm", guest.child.pid);
	fd = open(path, O_RDONLY);
	check(fd >= 0 && read(fd, name, sizeof(name) - 1) > 0);
	check(strcmp(name, "mtls-leash\n") == 0);
	close(fd);
	/* What is not dumpable belongs to root in /proc. */
	if (geteuid() != 0) {
		check(stat(path, &st) == 0);
		check(st.st_uid == 0);
	}
	end(0);
}

static void
T109_the_same_for_others_than_root(void)
{
	if (geteuid() == 0)
		check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	if (!is_reachable())
		return;
	T109_the_process_between_is_closed_to_others();
}

static void
T137_root_is_all_root(void)
{
	gid_t groups[] = { 1, 2, 3 };

	if (geteuid() != 0)
		return;
	/* As in sudo or su: somebody's real uid and groups. */
	check(setgroups(3, groups) == 0);
	check(setresgid(SOMEBODY, 5, 6) == 0);
	check(setresuid(SOMEBODY, 0, SOMEBODY) == 0);
	start_probe("report");
	check(reports("Uid:\t0\t0\t0\t0"));
	check(reports("Gid:\t0\t0\t0\t0"));
	check(reports("Groups:\t "));
	end(PATIENCE_MS);
	check(getuid() == SOMEBODY);
}

static void
nobody_stays_nobody(void)
{
	if (geteuid() != 0)
		return;
	check(setgroups(0, NULL) == 0);
	check(setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	if (!is_reachable())
		return;
	start_probe("report");
	check(reports("Uid:\t12345\t12345\t12345\t12345"));
	check(reports("Gid:\t12345\t12345\t12345\t12345"));
	end(PATIENCE_MS);
}

static void
limit(__rlimit_resource_t which, rlim_t value)
{
	struct rlimit l = { value, value };

	check(setrlimit(which, &l) == 0);
}

/* Whether this host may raise a hard limit again. */
static int
may_raise_limits(void)
{
	struct rlimit l = { 17, 17 };

	return setrlimit(RLIMIT_NOFILE, &l) == 0;
}

static void
T123_limits_of_the_host_end_here(void)
{
	int may_raise;

	limit(RLIMIT_NOFILE, 16);
	may_raise = may_raise_limits();
	limit(RLIMIT_CORE, RLIM_INFINITY);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CPU, 1);
	limit(RLIMIT_STACK, 64 * 1024);
	if (!UNDER_ASAN)
		limit(RLIMIT_AS, 64 * 1024 * 1024);
	start_probe("report");
	check(reports("core=0"));
	if (may_raise) {
		check(reports("nofile=1024"));
		check(reports("stack=8388608"));
		check(reports("fsize=-1"));
		check(reports("cpu=-1"));
		check(reports("as=-1"));
	}
	end(PATIENCE_MS);
}

static void
T123_no_descriptors(void)
{
	struct mtls_err err;
	char mode[] = "report";

	/* The host's 0 to 2, and no more; then room for some. */
	for (rlim_t n = 3; n < 9; n++) {
		struct rlimit l = { n, 64 };

		check(setrlimit(RLIMIT_NOFILE, &l) == 0);
		mtls_err_clear(&err);
		if (start(PROBE, mode, &err) == MTLS_OK) {
			check(next_datagram() > 0);
			mtls_child_end(&guest.child, PATIENCE_MS);
			close(guest.fd);
			guest.fd = -1;
		} else {
			check(err.status == MTLS_E_SYSTEM);
			check(err.sys_errno == EMFILE);
		}
		limit(RLIMIT_NOFILE, 64);
		check_nothing_left();
	}
	check(n_sigchld == 0);
}

static void
T143_no_processes(void)
{
	struct mtls_err err;
	char mode[] = "report";

	if (geteuid() == 0) {
		check(setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
		check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	}
	limit(RLIMIT_NPROC, 0);
	mtls_err_clear(&err);
	check(start(PROBE, mode, &err) == MTLS_E_SYSTEM);
	check(err.sys_errno == EAGAIN);
	check_nothing_left();
}

static void
T124_all_descriptors_taken(void)
{
	struct mtls_err err;
	char mode[] = "report";
	int fds[2];

	limit(RLIMIT_NOFILE, 1024);
	check(mtls_message_socketpair(fds, NULL) == MTLS_OK);
	while (dup(0) >= 0)
		;
	mtls_err_clear(&err);
	check(start(PROBE, mode, &err) == MTLS_E_SYSTEM);
	check(err.sys_errno == EMFILE);
	check(guest.child.pid == 0);
}

static void
T124_standard_descriptors_closed(void)
{
	close(0);
	close(1);
	close(2);
	fds_before -= 3;
	start_probe("report");
	check(guest.child.pid_fd > 2);
	check(guest.child.leash_fd > 2);
	check(fcntl(guest.child.pid_fd, F_GETFD) == FD_CLOEXEC);
	check(fcntl(guest.child.leash_fd, F_GETFD) == FD_CLOEXEC);
	check(count("fd=") == 3);
	check(reports("fd=0:socket:"));
	end(PATIENCE_MS);
}

static void
T124_the_channel_is_any_descriptor(void)
{
	char name[] = "probe", mode[] = "report";
	char *const argv[] = { name, mode, NULL };
	char *const envp[] = { NULL };

	for (int at = 0; at <= 5; at++) {
		int fds[2], high;

		check(mtls_message_socketpair(fds, NULL) == MTLS_OK);
		high = fcntl(fds[0], F_DUPFD_CLOEXEC, 100);
		check(dup2(fds[1], at) == at);
		if (fds[1] != at)
			close(fds[1]);
		if (fds[0] != at)
			close(fds[0]);
		check(mtls_spawn(PROBE, argv, envp, at, &guest.child,
		    NULL) == MTLS_OK);
		close(at);
		guest.fd = high;
		check(next_datagram() > 0);
		check(count("fd=") == 3);
		check(reports("fd=0:socket:"));
		mtls_child_end(&guest.child, PATIENCE_MS);
		close(high);
	}
}

/* A kernel or a seccomp profile that does not know clone3. */
static void
T133_without_clone3(void)
{
	static const int errnos[] = { ENOSYS, EPERM };

	for (size_t i = 0; i < 2; i++) {
		fail_nth_call("clone3", errnos[i]);
		start_probe("report");
		check(guest.child.pid_fd >= 0);
		end(PATIENCE_MS);
	}
}

/* Tells the test the program's pid, then waits to be killed. */
static void
host_to_be_killed(int tell_fd, int change_uid)
{
	start_probe("deaf");
	if (change_uid)
		check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	check(write(tell_fd, &guest.pid, sizeof(guest.pid)) ==
	    sizeof(guest.pid));
	for (;;)
		poll(NULL, 0, -1);
}

static void
killed_host(int change_uid)
{
	struct pollfd p = { .events = POLLIN };
	pid_t program = 0, host;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	host = fork();
	if (host == 0)
		host_to_be_killed(fds[1], change_uid);
	close(fds[1]);
	assert_int_equal(read(fds[0], &program, sizeof(program)),
	    sizeof(program));
	close(fds[0]);
	p.fd = (int)syscall(SYS_pidfd_open, program, 0);
	assert_true(p.fd >= 0);
	assert_int_equal(kill(host, SIGKILL), 0);
	assert_int_equal(waitpid(host, NULL, 0), host);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	close(p.fd);
}

static void
T139_the_program_goes_with_its_host(void **state)
{
	(void)state;
	if (under_valgrind())
		skip();
	killed_host(0);
	if (geteuid() == 0)
		killed_host(1);
}

/* Host and program of two accounts: no signal goes from one to the other. */
static void
T137_the_leash_crosses_accounts(void)
{
	struct pollfd p = { .events = POLLIN };

	if (geteuid() != 0)
		return;
	start_probe("deaf");
	p.fd = (int)syscall(SYS_pidfd_open, guest.pid, 0);
	check(p.fd >= 0);
	check(setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0);
	check(kill(guest.pid, SIGKILL) == -1 && errno == EPERM);
	mtls_child_end(&guest.child, 0);
	check(poll(&p, 1, 0) == 1);
	close(p.fd);
	check_nothing_left();
}

/* The host takes our process, against all manners, with __WALL. */
static void
T133_a_reaped_number_is_not_killed(void)
{
	pid_t reused;

	start_probe("report");
	check(next_datagram() == 0);
	check(waitpid(guest.child.pid, NULL, __WALL) == guest.child.pid);
	/* As if the number had been given to a process of the host's. */
	reused = fork();
	if (reused == 0)
		for (;;)
			poll(NULL, 0, -1);
	fail_nth_call("poll", EINVAL);	/* "has not ended" */
	close(guest.child.leash_fd);
	guest.child.leash_fd = -1;
	mtls_child_end(&guest.child, 0);
	check(waitpid(reused, NULL, WNOHANG) == 0);
	check(kill(reused, SIGKILL) == 0);
	check(waitpid(reused, NULL, 0) == reused);
	check_nothing_left();
}

static void
ending_nothing_is_nothing(void)
{
	struct mtls_child none = MTLS_CHILD_NONE;

	errno = EDOM;
	mtls_child_end(&none, 1000);
	check(errno == EDOM);
}

#define HOST_TEST(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		in_host(name); \
	}
#define ALL_HOST_TESTS(X) \
	X(T130_host_plain) \
	X(T131_host_ignores_sigchld) \
	X(T132_host_reaps_in_a_handler) \
	X(T133_host_wants_no_zombies) \
	X(T133_host_blocks_sigchld) \
	X(T133_host_has_threads) \
	X(T119_two_threads_spawn) \
	X(T138_host_with_alarms) \
	X(T130_the_program_is_killed) \
	X(T130_the_process_between_is_stopped) \
	X(T134_no_message_is_no_message) \
	X(T134_a_program_that_cannot_be_started) \
	X(T135_deaf_and_half_closed_programs_are_ended) \
	X(T136_descriptors_are_exactly_these) \
	X(T121_arguments_and_environment_are_exactly_these) \
	X(surroundings_are_clean) \
	X(T109_the_process_between_is_closed_to_others) \
	X(T109_the_same_for_others_than_root) \
	X(T137_root_is_all_root) \
	X(nobody_stays_nobody) \
	X(T143_no_processes) \
	X(T124_standard_descriptors_closed) \
	X(T124_the_channel_is_any_descriptor) \
	X(T133_without_clone3) \
	X(T133_a_reaped_number_is_not_killed) \
	X(ending_nothing_is_nothing)

/* What cannot be seen under valgrind. */
#define NATIVE_TEST(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		if (under_valgrind()) \
			skip(); \
		in_host(name); \
	}
#define ALL_NATIVE_TESTS(X) \
	X(T130_the_process_between_is_killed) \
	X(T123_limits_of_the_host_end_here) \
	X(T123_no_descriptors) \
	X(T124_all_descriptors_taken) \
	X(T137_the_process_between_can_only_kill) \
	X(T137_the_leash_crosses_accounts)

ALL_HOST_TESTS(HOST_TEST)
ALL_NATIVE_TESTS(NATIVE_TEST)

#define IN_TABLE(name) cmocka_unit_test(test_##name),

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALL_HOST_TESTS(IN_TABLE)
		ALL_NATIVE_TESTS(IN_TABLE)
		cmocka_unit_test(T139_the_program_goes_with_its_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

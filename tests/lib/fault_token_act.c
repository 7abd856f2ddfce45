/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a broken or hostile PKCS#11 module does to the process it is loaded
 * into: "act FUNCTION WHAT" with WHAT one of
 *
 *	segv, abort, exit, hang, print, fork, thread, signals
 *	probe PATH	tries what the sandbox forbids; results to PATH
 *	forge		writes a login's success to every descriptor
 */
#include "config.h"

#include "fault_token.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/message.h"
#include "mtls/verdict.h"

static void *
do_nothing(void *arg)
{
	return arg;
}

static void
report(FILE *f, const char *what, long result)
{
	fprintf(f, "%s %s\n", what, result == -1 ? strerrorname_np(errno) :
	    "ok");
}

static void
probe_processes(FILE *f)
{
	char *const argv[] = { (char *)(uintptr_t)"true", NULL };
	char byte;
	struct iovec own = { &byte, 1 };
	struct iovec other = { (void *)(uintptr_t)&own, 1 };
	pthread_t thread;
	int rc;
	pid_t pid;

	rc = pthread_create(&thread, NULL, do_nothing, NULL);
	if (rc == 0)
		pthread_join(thread, NULL);
	errno = rc;
	report(f, "thread", rc == 0 ? 0 : -1);
	pid = fork();
	if (pid == 0)
		_exit(0);
	report(f, "fork", pid);
	report(f, "execve", execve("/bin/true", argv, NULL));
	report(f, "ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	report(f, "process_vm_readv", process_vm_readv(getppid(), &own, 1,
	    &other, 1, 0));
	report(f, "kill-parent", kill(getppid(), 0));
	report(f, "kill-all", kill(-1, 0));
	report(f, "kill-self", kill(getpid(), 0));
	report(f, "setuid", setuid(0));
	report(f, "setgroups", syscall(SYS_setgroups, 0, NULL));
	report(f, "dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	report(f, "keyctl", syscall(SYS_keyctl, 0, -3, 0));
	report(f, "io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	report(f, "bpf", syscall(SYS_bpf, 0, NULL, 0));
	report(f, "mount", syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
}

static void
probe_network(FILE *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	report(f, "socket-inet", socket(AF_INET, SOCK_STREAM, 0));
	report(f, "socket-inet6", socket(AF_INET6, SOCK_DGRAM, 0));
	report(f, "socket-netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	report(f, "socket-packet", socket(AF_PACKET, SOCK_RAW, 0));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	report(f, "socket-unix", fd);
	report(f, "bind", bind(fd, (struct sockaddr *)&address,
	    sizeof(sa_family_t)));
	report(f, "listen", listen(fd, 1));
	close(fd);
}

static void
probe_files(FILE *f)
{
	report(f, "read-usr", open("/usr/bin/env", O_RDONLY | O_CLOEXEC));
	report(f, "write-usr", open("/usr/bin/env", O_WRONLY | O_CLOEXEC));
	report(f, "read-shadow", open("/etc/shadow", O_RDONLY | O_CLOEXEC));
	report(f, "read-var", open("/var/lib/dpkg/status", O_RDONLY |
	    O_CLOEXEC));
	report(f, "write-tmp", open("/tmp/mtls-probe", O_WRONLY | O_CREAT |
	    O_CLOEXEC, 0600));
	report(f, "read-proc", open("/proc/1/status", O_RDONLY | O_CLOEXEC));
}

/* The process as it is, for T-137; files first, /proc/self is readable. */
static void
probe_self(FILE *f)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	struct rlimit core;
	char line[256];
	FILE *status;
	int open_fds = 0;

	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	fprintf(f, "uids %u %u %u\ngids %u %u %u\ngroups %d\n", r, e, s, rg,
	    eg, sg, getgroups(0, NULL));
	getrlimit(RLIMIT_CORE, &core);
	fprintf(f, "core %lu\ndumpable %d\n", (unsigned long)core.rlim_max,
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	for (int fd = 0; fd < 1024; fd++)
		open_fds += fd != fileno(f) && fcntl(fd, F_GETFD) != -1;
	fprintf(f, "descriptors %d\n", open_fds);
	status = fopen("/proc/self/status", "re");
	while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "Cap", 3) == 0 ||
		    strncmp(line, "NoNewPrivs", 10) == 0 ||
		    strncmp(line, "Seccomp:", 8) == 0)
			fputs(line, f);
	}
	if (status != NULL)
		fclose(status);
	for (char **at = environ; at != NULL && *at != NULL; at++)
		fprintf(f, "env %s\n", *at);
}

static void
probe(const char *path)
{
	FILE *f = fopen(path, "we");

	if (f == NULL)
		return;
	probe_self(f);
	probe_files(f);
	probe_network(f);
	probe_processes(f);
	fclose(f);
}

/*
 * "Yes, let this person in", as a helper would say it to the PAM module, to
 * everything that is open.
 */
static void
forge(void)
{
	uint8_t zeros[32] = { 0 };
	struct mtls_message m = { .type = MTLS_MSG_RESULT };
	struct mtls_err err;
	uint8_t *data;
	size_t len;

	mtls_err_clear(&err);
	m.u.result.request.data = zeros;
	m.u.result.request.len = 16;
	m.u.result.nonce.data = zeros;
	m.u.result.nonce.len = 32;
	m.u.result.verdict = MTLS_VERDICT_ALLOW;
	if (mtls_message_encode(&m, &data, &len, &err) != MTLS_OK)
		return;
	for (int fd = 0; fd < 1024; fd++) {
		if (send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT) == -1 &&
		    errno == ENOTSOCK)
			(void)!write(fd, data, len);
	}
	mtls_message_data_free(data, len);
}

void
fault_token_act(const char *what)
{
	pthread_t thread;

	if (strcmp(what, "segv") == 0)
		raise(SIGSEGV);
	else if (strcmp(what, "abort") == 0)
		abort();
	else if (strcmp(what, "exit") == 0)
		exit(0);
	else if (strcmp(what, "hang") == 0)
		for (;;)
			pause();
	else if (strcmp(what, "print") == 0)
		(void)!(write(1, "SUCCESS\n", 8) + write(2, "SUCCESS\n", 8));
	else if (strcmp(what, "fork") == 0 && fork() == 0)
		_exit(0);
	else if (strcmp(what, "thread") == 0)
		(void)pthread_create(&thread, NULL, do_nothing, NULL);
	else if (strcmp(what, "signals") == 0)
		for (int sig = 1; sig < 32; sig++)
			(void)signal(sig, SIG_IGN);
	else if (strncmp(what, "probe ", 6) == 0)
		probe(what + 6);
	else if (strcmp(what, "forge") == 0)
		forge();
}

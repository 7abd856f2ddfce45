/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a process has that a PAM module must leave alone. Tests only.
 */
#include "config.h"

#include "pam_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

static void
put_descriptors(FILE *out)
{
	char path[64];
	char target[256];
	ssize_t n;
	int fd;

	for (fd = 0; fd < 1200; fd++) {
		if (fcntl(fd, F_GETFD) == -1)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		fprintf(out, "fd %d %s flags %x\n", fd, target,
		    (unsigned)fcntl(fd, F_GETFL));
	}
}

static void
put_signals(FILE *out)
{
	struct sigaction action;
	sigset_t mask;
	sigset_t pending;
	int s;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (s = 1; s < NSIG; s++) {
		memset(&action, 0, sizeof(action));
		if (sigaction(s, NULL, &action) != 0)
			continue;
		fprintf(out, "signal %d %p %x%s\n", s,
		    (void *)(uintptr_t)action.sa_handler,
		    (unsigned)action.sa_flags,
		    sigismember(&mask, s) ? " blocked" : "");
	}
	sigpending(&pending);
	for (s = 1; s < NSIG; s++)
		if (sigismember(&mask, s) == 1 &&
		    sigismember(&pending, s) == 1)
			fprintf(out, "pending %d\n", s);
}

static void
put_timers(FILE *out)
{
	struct itimerval timer;
	struct rlimit limit;
	int i;

	for (i = ITIMER_REAL; i <= ITIMER_PROF; i++)
		if (getitimer((__itimer_which_t)i, &timer) == 0)
			fprintf(out, "timer %d %s\n", i,
			    timer.it_value.tv_sec + timer.it_value.tv_usec > 0 ?
			    "runs" : "off");
	for (i = 0; i < RLIM_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			fprintf(out, "limit %d %llx %llx\n", i,
			    (unsigned long long)limit.rlim_cur,
			    (unsigned long long)limit.rlim_max);
}

/* Threads, and the children of each. */
static void
put_threads(FILE *out)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	char path[512];
	char line[512];
	FILE *in;
	int n = 0;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof(path), "/proc/self/task/%s/children",
		    e->d_name);
		in = fopen(path, "re");
		if (in == NULL)
			continue;
		if (fgets(line, sizeof(line), in) != NULL)
			fprintf(out, "children %s\n", line);
		fclose(in);
	}
	if (dir != NULL)
		closedir(dir);
	fprintf(out, "threads %d\n", n);
}

char *
rig_state(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	char cwd[1024] = "";
	mode_t mask = umask(0);
	int i;

	umask(mask);
	if (out == NULL)
		return NULL;
	put_descriptors(out);
	put_signals(out);
	put_timers(out);
	put_threads(out);
	fprintf(out, "umask %o\ncwd %s\nlocale %s\n", (unsigned)mask,
	    getcwd(cwd, sizeof(cwd)) == NULL ? "?" : cwd,
	    setlocale(LC_ALL, NULL));
	fprintf(out, "dumpable %d no-new-privs %d ids %d %d %d %d\n",
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), (int)getuid(),
	    (int)geteuid(), (int)getgid(), (int)getsid(0));
	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		fprintf(out, "env %s\n", environ[i]);
	fclose(out);
	return text;
}

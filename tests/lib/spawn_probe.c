/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What mtls_spawn() starts in the tests: says on its descriptor 0, in one
 * datagram, in what state it finds itself, and then does as argv[1] says:
 *	report	exits
 *	wait	waits for the end of the channel, then exits
 *	deaf	waits for ever, whatever the channel does
 *	half	sends a part of a message and exits with 0
 *	boast	prints that it succeeded on every descriptor, exits with 0
 *	shut	closes its direction of the channel and waits for ever
 */
#include "config.h"

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char report[32768];
static size_t len;

#define SAY(...) \
	do { \
		int said = snprintf(report + len, sizeof(report) - len, \
		    __VA_ARGS__); \
		if (said < 0 || (size_t)said >= sizeof(report) - len) \
			_exit(99); \
		len += (size_t)said; \
	} while (0)

static void
say_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	char link[64], target[256];
	ssize_t n;

	if (dir == NULL)
		_exit(98);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' || atoi(d->d_name) == dirfd(dir))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%.20s",
		    d->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		SAY("fd=%s:%.7s\n", d->d_name, target);
	}
	closedir(dir);
}

/* The lines of /proc/self/status that say what signals do, and to whom. */
static void
say_status(void)
{
	static const char *const wanted[] = {
		"SigBlk", "SigIgn", "SigCgt", "Uid", "Gid", "Groups"
	};
	FILE *f = fopen("/proc/self/status", "r");
	char line[512];

	if (f == NULL)
		_exit(97);
	while (fgets(line, sizeof(line), f) != NULL) {
		for (size_t i = 0; i < 6; i++) {
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				SAY("%s", line);
		}
	}
	fclose(f);
}

static void
say_limits(void)
{
	static const struct {
		const char *name;
		__rlimit_resource_t which;
	} limits[] = {
		{ "core", RLIMIT_CORE }, { "nofile", RLIMIT_NOFILE },
		{ "stack", RLIMIT_STACK }, { "fsize", RLIMIT_FSIZE },
		{ "cpu", RLIMIT_CPU }, { "as", RLIMIT_AS },
	};
	struct rlimit l;

	for (size_t i = 0; i < 6; i++) {
		if (getrlimit(limits[i].which, &l) != 0)
			_exit(96);
		SAY("%s=%lld\n", limits[i].name, (long long)l.rlim_cur);
	}
}

static void
say_all(int argc, char **argv, char **envp)
{
	int death_signal = 0;
	char cwd[256] = "";
	mode_t mask = umask(0);

	SAY("pid=%d\n", (int)getpid());
	for (int i = 0; i < argc; i++)
		SAY("arg=%s\n", argv[i]);
	for (char **e = envp; *e != NULL; e++)
		SAY("env=%s\n", *e);
	say_descriptors();
	say_status();
	say_limits();
	prctl(PR_GET_PDEATHSIG, &death_signal);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		cwd[0] = '\0';
	SAY("umask=%03o\ncwd=%s\nleader=%d\ndeath=%d\n", (unsigned)mask,
	    cwd, getsid(0) == getpid(), death_signal);
}

static void
wait_for_ever(void)
{
	for (;;)
		poll(NULL, 0, -1);
}

int
main(int argc, char **argv, char **envp)
{
	const char *mode = argc > 1 ? argv[1] : "report";
	char c;

	if (strcmp(mode, "half") == 0)
		return send(0, "\1\7half", 6, 0) == 6 ? 0 : 1;
	if (strcmp(mode, "boast") == 0)
		return write(0, "SUCCESS\n", 8) + write(1, "SUCCESS\n", 8) +
		    write(2, "SUCCESS\n", 8) == 24 ? 0 : 1;
	say_all(argc, argv, envp);
	if (send(0, report, len, 0) != (ssize_t)len)
		return 95;
	if (strcmp(mode, "wait") == 0)
		return recv(0, &c, 1, 0) <= 0 ? 0 : 94;
	if (strcmp(mode, "shut") == 0)
		shutdown(0, SHUT_WR);
	if (strcmp(mode, "report") != 0)
		wait_for_ever();
	return 7;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * /proc/PID: stat, exe and cmdline.
 */
#include "config.h"

#include "mtlsctl/ssh_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All of a file of /proc, at most size - 1 bytes, and a NUL. */
static enum mtls_status
read_proc(pid_t pid, const char *name, char *out, size_t size, size_t *ret,
    struct mtls_err *err)
{
	char path[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return mtls_fail_errno(err, errno == ENOENT ?
		    MTLS_E_NOT_FOUND : MTLS_E_SYSTEM, errno, "%s", path);
	do {
		n = read(fd, out + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len < size - 1) || (n == -1 && errno == EINTR));
	if (n == -1)
		(void)mtls_fail_errno(err, errno == ESRCH ?
		    MTLS_E_NOT_FOUND : MTLS_E_SYSTEM, errno, "%s", path);
	else if (len == size - 1)
		(void)mtls_fail(err, MTLS_E_USAGE, "%s is too long", path);
	(void)close(fd);
	out[len] = '\0';
	*ret = len;
	return err->status;
}

/* "PID (NAME) STATE PPID ... START ...": the NAME may have anything in it. */
static enum mtls_status
read_stat(pid_t pid, pid_t *ret_parent, uint64_t *ret_start,
    struct mtls_err *err)
{
	unsigned long long start;
	char text[2048];
	const char *p;
	size_t len;
	int parent;

	if (read_proc(pid, "stat", text, sizeof(text), &len, err) != MTLS_OK)
		return err->status;
	p = strrchr(text, ')');
	if (p == NULL || sscanf(p + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u "
	    "%*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &parent,
	    &start) != 2)
		return mtls_fail(err, MTLS_E_SYSTEM, "/proc/%d/stat",
		    (int)pid);
	*ret_parent = (pid_t)parent;
	*ret_start = start;
	return MTLS_OK;
}

enum mtls_status
ssh_process_find(pid_t pid, struct ssh_process *ret, struct mtls_err *err)
{
	uint64_t start;
	pid_t parent;

	if (read_stat(pid, &parent, &start, err) != MTLS_OK)
		return err->status;
	ret->pid = pid;
	ret->start = start;
	return MTLS_OK;
}

enum mtls_status
ssh_process_parent(pid_t pid, pid_t *ret, struct mtls_err *err)
{
	uint64_t start;

	return read_stat(pid, ret, &start, err);
}

/* Whether it is still the same one. */
static enum mtls_status
check_same(const struct ssh_process *p, struct mtls_err *err)
{
	struct ssh_process now = { 0, 0 };

	if (ssh_process_find(p->pid, &now, err) != MTLS_OK)
		return err->status;
	if (now.start != p->start)
		return mtls_fail(err, MTLS_E_NOT_FOUND, "ssh has ended");
	return MTLS_OK;
}

enum mtls_status
ssh_process_watch(const struct ssh_process *p, int *ret_fd,
    struct mtls_err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd == -1)
		return mtls_fail_errno(err, errno == ESRCH ?
		    MTLS_E_NOT_FOUND : MTLS_E_SYSTEM, errno, "pidfd_open");
	if (check_same(p, err) != MTLS_OK) {
		(void)close(fd);
		return err->status;
	}
	*ret_fd = fd;
	return MTLS_OK;
}

static enum mtls_status
find_program(const struct ssh_process *p, struct ssh_command *c,
    struct mtls_err *err)
{
	const char *base;
	char path[64];
	struct stat st;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)p->pid);
	if (stat(path, &st) == -1)
		return mtls_fail_errno(err, MTLS_E_NOT_FOUND, errno, "%s",
		    path);
	if (st.st_uid != geteuid())
		return mtls_fail(err, MTLS_E_USAGE,
		    "process %d is somebody else's", (int)p->pid);
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	n = readlink(path, c->program, sizeof(c->program) - 1);
	if (n == -1)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "%s", path);
	c->program[n] = '\0';
	base = strrchr(c->program, '/');
	if (base == NULL || strcmp(base, "/ssh") != 0)
		return mtls_fail(err, MTLS_E_USAGE,
		    "it was not ssh that asked, but %s", c->program);
	return MTLS_OK;
}

enum mtls_status
ssh_process_command(const struct ssh_process *p, struct ssh_command *ret,
    struct mtls_err *err)
{
	struct ssh_command c;

	memset(&c, 0, sizeof(c));
	c.words = malloc(SSH_PROCESS_WORDS_MAX + 1);
	if (c.words == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (find_program(p, &c, err) != MTLS_OK ||
	    read_proc(p->pid, "cmdline", c.words, SSH_PROCESS_WORDS_MAX + 1,
	    &c.len, err) != MTLS_OK || check_same(p, err) != MTLS_OK)
		goto out;
	if (c.len == 0 || c.words[c.len - 1] != '\0') {
		(void)mtls_fail(err, MTLS_E_USAGE,
		    "the words of ssh's command cannot be read");
		goto out;
	}
	*ret = c;
	return MTLS_OK;
out:
	ssh_command_clear(&c);
	return err->status;
}

void
ssh_command_clear(struct ssh_command *c)
{
	free(c->words);
	c->words = NULL;
	c->len = 0;
}

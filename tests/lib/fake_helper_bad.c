/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripted helper: the steps that no honest helper takes, and the probes
 * of its own surroundings. Tests only.
 */
#include "config.h"

#include "fake_helper_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

static void
send_bytes(struct fake *f, const void *data, size_t len)
{
	if (send(f->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		fake_complain(f, "cannot send %zu bytes: %s", len,
		    strerror(errno));
}

/* Fills the pair so that a secret finds no room. */
static void
fill(int fd)
{
	char data[1024] = { 'x' };

	while (send(fd, data, sizeof(data), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		continue;
}

static int
wrong_descriptor(const char *kind, int pair[2])
{
	char path[] = "/tmp/fake-helper-XXXXXX";

	pair[0] = -1;
	if (strcmp(kind, "pipe") == 0)
		return pipe2(pair, O_CLOEXEC | O_NONBLOCK);
	if (strcmp(kind, "stream") == 0)
		return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (strcmp(kind, "dgram") == 0)
		return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	if (strcmp(kind, "inet") == 0) {
		pair[1] = socket(AF_INET, SOCK_DGRAM, 0);
		return pair[1] == -1 ? -1 : 0;
	}
	if (strcmp(kind, "file") == 0) {
		pair[1] = mkstemp(path);
		unlink(path);
		pair[0] = dup(pair[1]);
		return pair[1] == -1 ? -1 : 0;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return -1;
	fill(pair[1]);
	return 0;
}

static int
has_bytes(const char *kind, int fd)
{
	char c[2048];

	if (fd == -1 || strcmp(kind, "full") == 0)
		return 0;
	if (strcmp(kind, "file") == 0)
		return lseek(fd, 0, SEEK_END) > 0;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return read(fd, c, sizeof(c)) > 0;
}

void
fake_step_secret_on(struct fake *f, int n, char *words[])
{
	struct mtls_message m = { .type = MTLS_MSG_ASK_SECRET };
	char silence[] = "silence";
	char *wait[] = { silence };
	int pair[2];

	(void)n;
	if (wrong_descriptor(words[1], pair) != 0) {
		fake_complain(f, "%s: %s", words[1], strerror(errno));
		return;
	}
	m.u.ask_secret.text = words[2];
	fake_send(f, &m, pair[1]);
	if (strcmp(words[1], "file") != 0)
		close(pair[1]);
	fake_step_eof(f, 1, wait);
	if (has_bytes(words[1], pair[0]))
		fake_complain(f, "a secret came");
	close(pair[0]);
}

void
fake_step_mutate(struct fake *f, int n, char *words[])
{
	size_t by = strtoul(words[2], NULL, 10);
	struct mtls_message m;
	struct mtls_err err;
	uint8_t copy[2560] = { 0 };
	uint8_t *data = NULL;
	size_t len = 0;

	(void)n;
	mtls_err_clear(&err);
	fake_result(f, "allow", &m);
	if (mtls_message_encode(&m, &data, &len, &err) != MTLS_OK ||
	    len > sizeof(copy) / 2) {
		fake_complain(f, "cannot encode: %s", err.text);
		return;
	}
	memcpy(copy, data, len);
	mtls_message_data_free(data, len);
	if (strcmp(words[1], "cut") == 0)
		len = by < len ? by : len;
	else if (strcmp(words[1], "pad") == 0)
		len += by;
	else
		copy[by / 8 % len] ^= (uint8_t)(1u << by % 8);
	send_bytes(f, copy, len);
}

static size_t
put_u32(uint8_t *to, unsigned long v)
{
	to[0] = (uint8_t)(v >> 24);
	to[1] = (uint8_t)(v >> 16);
	to[2] = (uint8_t)(v >> 8);
	to[3] = (uint8_t)v;
	return 4;
}

void
fake_step_raw(struct fake *f, int n, char *words[])
{
	uint8_t data[2048];
	size_t len = 0;
	size_t more;
	char *end;
	unsigned long byte;
	int i;

	for (i = 1; i < n; i++) {
		if (strncmp(words[i], "u32:", 4) == 0) {
			len += put_u32(data + len,
			    strtoul(words[i] + 4, NULL, 10));
			continue;
		}
		byte = strtoul(words[i], &end, 16);
		if (*end == '\0' && end == words[i] + 2) {
			data[len++] = (uint8_t)byte;
			continue;
		}
		more = strlen(words[i]);
		if (strncmp(words[i], "text:", 5) == 0) {
			more -= 5;
			len += put_u32(data + len, more);
		}
		memcpy(data + len, words[i] + strlen(words[i]) - more, more);
		len += more;
	}
	send_bytes(f, data, len);
}

void
fake_step_fds(struct fake *f, int n, char *words[])
{
	static uint8_t tell[] = { 1, MTLS_MSG_TELL, 1, 0, 0, 0, 1, 'x' };
	size_t n_fds = strtoul(words[1], NULL, 10);
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(253 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { tell, sizeof(tell) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int fds[253];
	size_t i;

	(void)n;
	for (i = 0; i < n_fds; i++)
		fds[i] = f->fd;
	msg.msg_control = control.space;
	msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	if (c == NULL)
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	if (sendmsg(f->fd, &msg, MSG_NOSIGNAL) == -1)
		fake_complain(f, "sendmsg: %s", strerror(errno));
}

/* Says more than anybody wants to hear, until the peer has gone. */
void
fake_step_flood(struct fake *f, int n, char *words[])
{
	static uint8_t tell[512] = { 1, MTLS_MSG_TELL, 1, 0, 0, 1, 0xf4 };
	long i;

	(void)n;
	memset(tell + 7, 'x', 500);
	for (i = strtol(words[1], NULL, 10); i > 0; i--)
		if (send(f->fd, tell, 507, MSG_NOSIGNAL) == -1)
			return;
}

void
fake_step_big(struct fake *f, int n, char *words[])
{
	size_t len = strtoul(words[1], NULL, 10);
	char *data = calloc(1, len);
	int size = 4 * 1024 * 1024;

	(void)n;
	setsockopt(f->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (data == NULL)
		return;
	data[0] = 1;
	data[1] = MTLS_MSG_TELL;
	send_bytes(f, data, len);
	free(data);
}

void
fake_step_only_fds(struct fake *f, int n, char *words[])
{
	int last = atoi(words[1]);
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int fd;

	(void)n;
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		fd = atoi(e->d_name);
		if (e->d_name[0] != '.' && fd > last && fd != dirfd(dir) &&
		    fd != fileno(f->report))
			fake_complain(f, "descriptor %d is open", fd);
	}
	if (dir != NULL)
		closedir(dir);
	for (fd = 0; fd <= last; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			fake_complain(f, "descriptor %d is closed", fd);
}

void
fake_step_only_env(struct fake *f, int n, char *words[])
{
	size_t len;
	int i;
	int j;

	for (i = 0; environ[i] != NULL; i++) {
		len = strcspn(environ[i], "=");
		for (j = 1; j < n; j++)
			if (strlen(words[j]) == len &&
			    memcmp(words[j], environ[i], len) == 0)
				break;
		if (j == n)
			fake_complain(f, "environment has %s", environ[i]);
	}
	if (i != n - 1)
		fake_complain(f, "environment has %d entries", i);
}

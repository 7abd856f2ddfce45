/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An explicit environment, one descriptor, a leash.
 */
#include "config.h"

#include "client/token_process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/message.h"

static enum mtls_status
spawn(const char *program, const struct mtls_conf_list *environment,
    int child_fd, struct mtls_child *ret, struct mtls_err *err)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char lang[] = "LANG=C";
	static char name[] = "mtls-token";
	char *argv[] = { name, NULL };
	char **envp;
	size_t i, n = 0;

	envp = calloc(environment->n + 3, sizeof(*envp));
	if (envp == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	envp[n++] = path;
	envp[n++] = lang;
	for (i = 0; i < environment->n; i++)
		envp[n++] = environment->words[i];
	if (mtls_spawn(program, argv, envp, child_fd, ret, err) != MTLS_OK)
		mtls_err_context(err, "mtls-token");
	free(envp);
	return err->status;
}

enum mtls_status
token_process_start(const char *program,
    const struct mtls_conf_list *environment, struct token_process *ret,
    struct mtls_err *err)
{
	struct mtls_child child = MTLS_CHILD_NONE;
	int fds[2];

	if (mtls_message_socketpair(fds, err) != MTLS_OK)
		return err->status;
	if (spawn(program, environment, fds[1], &child, err) == MTLS_OK) {
		ret->child = child;
		ret->fd = fds[0];
	} else {
		(void)close(fds[0]);
	}
	(void)close(fds[1]);
	return err->status;
}

enum mtls_status
token_process_wait(const struct token_process *p, int watch_fd,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	struct pollfd fds[2];
	int left, n;

	for (;;) {
		memset(fds, 0, sizeof(fds));
		fds[0].fd = p->fd;
		fds[0].events = POLLIN;
		fds[1].fd = watch_fd;
		fds[1].events = POLLRDHUP;
		left = mtls_deadline_left_ms(deadline);
		if (left == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "the card did not sign in time");
		n = poll(fds, 2, left);
		if (n == -1 && errno != EINTR)
			return mtls_fail_errno(err, MTLS_E_SYSTEM, errno,
			    "poll");
		if (n > 0 && fds[1].revents != 0)
			return mtls_fail(err, MTLS_E_CANCELLED,
			    "the login was given up");
		if (n > 0 && fds[0].revents != 0)
			return MTLS_OK;
	}
}

void
token_process_hang_up(struct token_process *p)
{
	if (p->fd != -1)
		(void)close(p->fd);
	p->fd = -1;
}

void
token_process_end(struct token_process *p, int grace_ms)
{
	token_process_hang_up(p);
	mtls_child_end(&p->child, grace_ms);
}

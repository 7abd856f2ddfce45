/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One process, one ssh, one login. Nothing is read and no card is touched
 * before a gateway asks for it.
 */
#include "config.h"

#include "mtlsctl/ssh_keeper.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/relay_session.h"
#include "mtls/message.h"
#include "mtlsctl/ssh_socket.h"
#include "mtlsctl/ssh_target.h"
#include "mtlsctl/terminal.h"
#include "mtlsctl/with_card.h"

#define QUESTION_WITHIN_MS	5000u
/* The person is asked meanwhile. */
#define ANSWER_WITHIN_MS	900000u

struct keeper {
	struct ssh_keeper_options o;
	char *config;			/* full path */
	int listen_fd;
	struct sockaddr_un address;
	int ssh_fd;			/* readable when ssh has ended */

	/* from the first prompt on */
	int begun;
	struct mtls_err err;		/* why there is no session */
	struct mtls_tls *tls;
	struct client_settings *settings;
	struct ssh_target target;
	struct relay_session *session;
	char answer[MTLS_RELAY_ANSWER_MAX + 1];
	char sentence[MTLS_ERR_TEXT_MAX];
};

/* --- one login --- */

static enum mtls_status
find_target(struct keeper *k, struct mtls_err *err)
{
	struct ssh_command command;

	if (ssh_process_command(&k->o.ssh, &command, err) != MTLS_OK)
		return err->status;
	(void)ssh_target_find(&command, k->o.gateway0, &k->target, err);
	ssh_command_clear(&command);
	return err->status;
}

/* Standard error is ssh's. */
static void
tell(void *arg, const char *text)
{
	(void)arg;
	terminal_tell(text);
}

static enum mtls_status
begin(struct keeper *k, struct mtls_err *err)
{
	struct person_options o = { NULL, NULL, MTLS_TOKEN_PATH,
	    mtls_deadline_in_ms(k->o.deadline_s * 1000u),
	    with_card_talk(&k->o.pin) };
	struct relay_meant meant = { k->target.user, k->target.gateway,
	    k->o.service };

	if (find_target(k, err) != MTLS_OK ||
	    with_card_read_settings(k->config, &k->settings, err) !=
	    MTLS_OK ||
	    mtls_tls_new(&k->tls, err) != MTLS_OK)
		return err->status;
	o.tls = k->tls;
	o.settings = k->settings;
	o.talk.tell = tell;
	return relay_session_new(&o, &meant, &k->session, err);
}

/* A failure is said once; from then on every prompt is only refused. */
static void
answer_prompt(struct keeper *k, const char *prompt)
{
	k->sentence[0] = '\0';
	if (!k->begun) {
		k->begun = 1;
		if (begin(k, &k->err) != MTLS_OK)
			(void)snprintf(k->sentence, sizeof(k->sentence),
			    "%s", k->err.text);
	}
	if (k->session != NULL)
		relay_session_answer(k->session, prompt, k->answer,
		    k->sentence);
	else
		relay_session_refuse(prompt, k->err.text, k->answer);
}

/* --- the socket --- */

static void
serve(struct keeper *k, int fd)
{
	struct mtls_message q = { .type = MTLS_MSG_NONE };
	struct mtls_message a = { .type = MTLS_MSG_ASKPASS_ANSWER };
	struct mtls_deadline deadline = mtls_deadline_in_ms(
	    QUESTION_WITHIN_MS);
	char *prompt;
	int odd_fd = -1;

	if (mtls_message_recv(fd, &q, &odd_fd, deadline, NULL) != MTLS_OK)
		return;
	if (odd_fd != -1)
		(void)close(odd_fd);
	if (q.type == MTLS_MSG_ASKPASS &&
	    (prompt = strndup((const char *)q.u.askpass.prompt.data,
	    q.u.askpass.prompt.len)) != NULL) {
		answer_prompt(k, prompt);
		/* Borrowed: this message is not cleared. */
		a.u.askpass_answer.answer = k->answer;
		a.u.askpass_answer.sentence = k->sentence;
		(void)mtls_message_send(fd, &a, -1,
		    mtls_deadline_in_ms(QUESTION_WITHIN_MS), NULL);
		free(prompt);
	}
	mtls_message_clear(&q);
}

static void
run(struct keeper *k)
{
	struct pollfd p[2] = { { .fd = k->listen_fd, .events = POLLIN },
		{ .fd = k->ssh_fd, .events = POLLIN } };
	struct mtls_err err;
	int fd;

	for (;;) {
		if (poll(p, 2, -1) == -1 && errno != EINTR)
			return;
		if (p[1].revents != 0)
			return;
		if (p[0].revents == 0)
			continue;
		mtls_err_clear(&err);
		if (ssh_socket_accept(k->listen_fd, &k->o.ssh, &fd, &err) !=
		    MTLS_OK)
			continue;
		serve(k, fd);
		(void)close(fd);
	}
}

/* --- the process --- */

static void
drop_libevent_line(int severity, const char *line)
{
	(void)severity;
	(void)line;
}

/* What is read or written on these belongs to ssh. */
static int
let_go_of_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd == -1 || dup2(fd, 0) == -1 || dup2(fd, 1) == -1 ||
	    dup2(fd, 2) == -1)
		return -1;
	if (fd > 2)
		(void)close(fd);
	return 0;
}

static int
is_kept(const struct keeper *k, unsigned fd)
{
	return fd == (unsigned)k->listen_fd || fd == (unsigned)k->ssh_fd ||
	    fd == k->o.pin.fd;
}

/* ssh and who started it wait for the end of pipes that were inherited. */
static void
close_others(const struct keeper *k)
{
	unsigned fd, first = 3;

	for (fd = 3; fd <= 1024; fd++) {
		if (!is_kept(k, fd))
			continue;
		if (fd > first)
			(void)syscall(SYS_close_range, first, fd - 1, 0);
		first = fd + 1;
	}
	(void)syscall(SYS_close_range, first, ~0u, 0);
}

static void
live(struct keeper *k)
{
	(void)signal(SIGPIPE, SIG_IGN);
	/* What the terminal sends is for ssh, whose end is ours. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	event_set_log_callback(drop_libevent_line);
	close_others(k);
	if (let_go_of_descriptors() == 0 && chdir("/") == 0)
		run(k);
	relay_session_free(k->session);
	client_settings_free(k->settings);
	mtls_tls_free(k->tls);
	(void)unlink(k->address.sun_path);
	_exit(0);
}

/* The child of a child, so that ssh has none that it does not know. */
static enum mtls_status
fork_twice(struct keeper *k, struct mtls_err *err)
{
	int status = 0;
	pid_t pid, grandchild;

	pid = fork();
	if (pid == -1)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "fork");
	if (pid == 0) {
		grandchild = fork();
		if (grandchild == 0)
			live(k);
		_exit(grandchild == -1 ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return mtls_fail(err, MTLS_E_SYSTEM, "fork");
	return MTLS_OK;
}

enum mtls_status
ssh_keeper_start(const struct ssh_keeper_options *options,
    struct mtls_err *err)
{
	static struct keeper k;

	memset(&k, 0, sizeof(k));
	mtls_err_clear(&k.err);
	k.o = *options;
	k.config = realpath(options->config, NULL);
	if (k.config == NULL)
		return mtls_fail_errno(err, MTLS_E_CONFIG, errno, "%s",
		    options->config);
	if (k.o.pin.fd < 3) {
		(void)mtls_fail(err, MTLS_E_USAGE, "--pin-fd %u is ssh's own",
		    (unsigned)k.o.pin.fd);
	} else if (k.o.pin.fd != PIN_NO_FD &&
	    fcntl((int)k.o.pin.fd, F_SETFD, FD_CLOEXEC) == -1) {
		(void)mtls_fail_errno(err, MTLS_E_USAGE, errno,
		    "--pin-fd %u", (unsigned)k.o.pin.fd);
	} else if (ssh_process_watch(&k.o.ssh, &k.ssh_fd, err) == MTLS_OK) {
		if (ssh_socket_listen(&k.o.ssh, &k.address, &k.listen_fd,
		    err) == MTLS_OK) {
			if (fork_twice(&k, err) != MTLS_OK)
				(void)unlink(k.address.sun_path);
			(void)close(k.listen_fd);
		}
		(void)close(k.ssh_fd);
	}
	free(k.config);
	return err->status;
}

enum mtls_status
ssh_keeper_ask(const struct ssh_process *ssh, const char *prompt,
    char answer[MTLS_RELAY_ANSWER_MAX + 1], char sentence[MTLS_ERR_TEXT_MAX],
    struct mtls_err *err)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(ANSWER_WITHIN_MS);
	struct mtls_message q = { .type = MTLS_MSG_ASKPASS };
	struct mtls_message a = { .type = MTLS_MSG_NONE };
	int fd, odd_fd = -1;

	if (ssh_socket_connect(ssh, &fd, err) != MTLS_OK)
		return err->status;
	/* Borrowed: this message is not cleared. What is too long is cut, and
	 * ends the login there as it is no record. */
	q.u.askpass.prompt.data = (uint8_t *)(uintptr_t)prompt;
	q.u.askpass.prompt.len = strnlen(prompt, 2 * MTLS_RELAY_PROMPT_MAX);
	if (mtls_message_send(fd, &q, -1, deadline, err) == MTLS_OK &&
	    mtls_message_recv(fd, &a, &odd_fd, deadline, err) == MTLS_OK) {
		if (a.type == MTLS_MSG_ASKPASS_ANSWER) {
			(void)snprintf(answer, MTLS_RELAY_ANSWER_MAX + 1,
			    "%s", a.u.askpass_answer.answer);
			(void)snprintf(sentence, MTLS_ERR_TEXT_MAX, "%s",
			    a.u.askpass_answer.sentence);
		} else {
			(void)mtls_fail(err, MTLS_E_PROTOCOL,
			    "the process that keeps the card makes no "
			    "sense");
		}
		mtls_message_clear(&a);
	}
	if (odd_fd != -1)
		(void)close(odd_fd);
	(void)close(fd);
	return err->status;
}

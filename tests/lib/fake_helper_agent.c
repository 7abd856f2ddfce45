/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripted helper: the step that wants an ssh-agent. Tests only.
 */
#include "config.h"

#include "fake_helper_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mtls/process.h"

/* Whose socket it is, at which path, and that it can be read from. */
static void
compare_agent(struct fake *f, int fd, uid_t want_uid, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address);
	struct mtls_err err;
	uid_t uid;
	gid_t gid;
	pid_t pid;

	mtls_err_clear(&err);
	if (f->message.u.agent.uid != want_uid)
		fake_complain(f, "the agent is said to be uid %u",
		    f->message.u.agent.uid);
	if (mtls_peer_credentials(fd, &uid, &gid, &pid, &err) != MTLS_OK ||
	    uid != want_uid)
		fake_complain(f, "the agent is another user's");
	if (getpeername(fd, (struct sockaddr *)&address, &len) != 0 ||
	    strcmp(address.sun_path, path) != 0)
		fake_complain(f, "the agent is at %s", address.sun_path);
}

static void
compare_refusal(struct fake *f, const char *want)
{
	const struct mtls_msg_answer *a = &f->message.u.answer;
	const char *word = mtls_status_word((enum mtls_status)a->status);

	if (strcmp(word, want) != 0)
		fake_complain(f, "no agent: %s (%s)", word, a->text);
	if (a->text[0] == '\0')
		fake_complain(f, "no reason is told");
}

/* agent => UID PATH, agent => !WORD */
void
fake_step_agent(struct fake *f, int n, char *words[])
{
	struct mtls_message m = { .type = MTLS_MSG_AGENT_WANTED };
	struct mtls_err err;
	int fd = -1;

	fake_send(f, &m, -1);
	mtls_err_clear(&err);
	mtls_message_clear(&f->message);
	if (mtls_message_recv(f->fd, &f->message, &fd, fake_patience(),
	    &err) != MTLS_OK)
		fake_complain(f, "no answer: %s", err.text);
	else if (n == 4 && f->message.type == MTLS_MSG_AGENT)
		compare_agent(f, fd, (uid_t)atol(words[2]), words[3]);
	else if (n == 3 && f->message.type == MTLS_MSG_ANSWER)
		compare_refusal(f, words[2] + 1);
	else if (f->message.type == MTLS_MSG_ANSWER)
		fake_complain(f, "no agent: %s", f->message.u.answer.text);
	else
		fake_complain(f, "%s came",
		    mtls_message_name(f->message.type));
	if (fd != -1)
		close(fd);
}

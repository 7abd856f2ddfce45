/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The client end of the verifier's admin socket.
 */
#include "config.h"

#include "mtlsctl/admin.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mtls/deadline.h"
#include "mtls/process.h"

#define ACCOUNT		"_mtls-verifier"
#define TIMEOUT_MS	30000u

static enum mtls_status
check_peer(int fd, const char *path, struct mtls_err *err)
{
	const struct passwd *account;
	enum mtls_status status;
	uid_t uid;
	gid_t gid;
	pid_t pid;

	status = mtls_peer_credentials(fd, &uid, &gid, &pid, err);
	if (status != MTLS_OK || uid == 0 || uid == geteuid())
		return status;
	account = getpwnam(ACCOUNT);
	if (account != NULL && account->pw_uid == uid)
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_PEER, "%s belongs to a process of user "
	    "%u, not to a verifier (one that runs as that account is asked "
	    "by that account)", path, (unsigned)uid);
}

static enum mtls_status
open_socket(const char *path, int *ret_fd, struct mtls_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	enum mtls_status status;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return mtls_fail(err, MTLS_E_USAGE, "--socket is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		status = mtls_fail_errno(err, MTLS_E_UNAVAILABLE, errno,
		    errno == EACCES ? "root may use %s, and the group that "
		    "admin-group in verifier.conf names" :
		    "no verifier at %s (is it running? --socket names "
		    "another path)", path);
	else
		status = check_peer(fd, path, err);
	if (status == MTLS_OK)
		*ret_fd = fd;
	else
		close(fd);
	return status;
}

/* What ADMIN_DONE says: n, or why not. */
static enum mtls_status
take_done(const struct mtls_msg_admin_done *done, uint32_t *ret_n,
    struct mtls_err *err)
{
	if (!mtls_status_known(done->status))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier answered with an unknown status");
	if (done->status != MTLS_OK)
		return mtls_fail(err, (enum mtls_status)done->status,
		    "the verifier says: %s", done->reason[0] != '\0' ?
		    done->reason :
		    mtls_status_word((enum mtls_status)done->status));
	*ret_n = done->n;
	return MTLS_OK;
}

/* One message of the answer; *ret_done is set after the last. */
static enum mtls_status
take_message(const struct admin_question *q,
    const struct mtls_message *message, uint32_t *ret_n, int *ret_done,
    struct mtls_err *err)
{
	if (message->type == MTLS_MSG_ADMIN_DONE) {
		*ret_done = 1;
		return take_done(&message->u.admin_done, ret_n, err);
	}
	if (q->row_type != MTLS_MSG_NONE && message->type == q->row_type)
		return q->row(q->arg, message, err);
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "the verifier sent %s, which was not asked for",
	    mtls_message_name(message->type));
}

static enum mtls_status
take_answer(int fd, const struct admin_question *q, uint32_t *ret_n,
    struct mtls_err *err)
{
	uint32_t timeout_ms = q->is_endless ? UINT32_MAX : TIMEOUT_MS;
	enum mtls_status status = MTLS_OK;
	struct mtls_message message;
	uint32_t n_rows = 0;
	int done = 0;
	int passed_fd;

	while (status == MTLS_OK && !done) {
		status = mtls_message_recv(fd, &message, &passed_fd,
		    mtls_deadline_in_ms(timeout_ms), err);
		if (status != MTLS_OK)
			break;
		status = take_message(q, &message, ret_n, &done, err);
		n_rows += !done;
		mtls_message_clear(&message);
	}
	if (status == MTLS_OK && q->row_type != MTLS_MSG_NONE &&
	    n_rows != *ret_n)
		status = mtls_fail(err, MTLS_E_PROTOCOL,
		    "the verifier sent %u rows and counted %u", n_rows,
		    *ret_n);
	return status;
}

enum mtls_status
admin_question(const struct admin_question *question, uint32_t *ret_n,
    struct mtls_err *err)
{
	const char *path = question->socket != NULL ? question->socket :
	    MTLS_ADMIN_SOCKET;
	enum mtls_status status;
	int fd = -1;

	status = open_socket(path, &fd, err);
	if (status == MTLS_OK)
		status = mtls_message_send(fd, question->request, -1,
		    mtls_deadline_in_ms(TIMEOUT_MS), err);
	if (status == MTLS_OK)
		status = take_answer(fd, question, ret_n, err);
	if (status == MTLS_E_CLOSED)
		mtls_err_context(err, "the verifier ended the conversation "
		    "(are you root, or in its admin group?)");
	if (fd >= 0)
		close(fd);
	return status;
}

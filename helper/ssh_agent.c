/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * MUST (T-173, test_ssh_agent.c): bound the length of a message, the number
 * of keys and the time before anything is allocated, read or waited for; end
 * when the module hangs up. MUST NOT: take half an answer, or one with
 * something behind it.
 */
#include "config.h"

#include "ssh_agent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/text.h"

/* The messages of the protocol that are used here. */
#define AGENT_FAILURE		5u
#define AGENT_REQUEST_KEYS	11u
#define AGENT_KEYS		12u
#define AGENT_SIGN		13u
#define AGENT_SIGNATURE		14u

static enum mtls_status
malformed(struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_PROTOCOL,
	    "the ssh-agent's answer is malformed");
}

/* --- bytes --- */

static enum mtls_status
wait_for(const struct ssh_agent *a, short events, struct mtls_err *err)
{
	struct pollfd fds[2];
	int left, n;

	for (;;) {
		memset(fds, 0, sizeof(fds));
		fds[0].fd = a->fd;
		fds[0].events = events;
		fds[1].fd = a->watch_fd;
		fds[1].events = POLLRDHUP;
		left = mtls_deadline_left_ms(a->deadline);
		if (left == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "the ssh-agent did not answer in time");
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

static int
may_wait(ssize_t n)
{
	return n == -1 && (errno == EAGAIN || errno == EINTR);
}

static enum mtls_status
lost(ssize_t n, struct mtls_err *err)
{
	if (n == 0)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "the ssh-agent closed the connection");
	return mtls_fail_errno(err, MTLS_E_UNAVAILABLE, errno,
	    "the ssh-agent");
}

static enum mtls_status
write_all(const struct ssh_agent *a, const uint8_t *data, size_t len,
    struct mtls_err *err)
{
	ssize_t n;

	while (len > 0) {
		n = send(a->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (may_wait(n)) {
			if (wait_for(a, POLLOUT, err) != MTLS_OK)
				return err->status;
			continue;
		}
		if (n <= 0)
			return lost(n, err);
		data += n;
		len -= (size_t)n;
	}
	return MTLS_OK;
}

static enum mtls_status
read_all(const struct ssh_agent *a, uint8_t *data, size_t len,
    struct mtls_err *err)
{
	ssize_t n;

	while (len > 0) {
		n = recv(a->fd, data, len, MSG_DONTWAIT);
		if (may_wait(n)) {
			if (wait_for(a, POLLIN, err) != MTLS_OK)
				return err->status;
			continue;
		}
		if (n <= 0)
			return lost(n, err);
		data += n;
		len -= (size_t)n;
	}
	return MTLS_OK;
}

/* --- messages --- */

struct answer {
	uint8_t type;
	uint8_t *data;		/* without the type; to be freed */
	struct ssh_wire body;	/* of it */
};

/* Sends a request, its length in front, and reads the answer. */
static enum mtls_status
ask(const struct ssh_agent *a, const struct mtls_bytes *request,
    struct answer *ret, struct mtls_err *err)
{
	uint8_t head[5];
	struct ssh_wire w = { head, sizeof(head) };
	uint8_t *data;
	uint32_t len;

	if (write_all(a, request->data, request->len, err) != MTLS_OK ||
	    read_all(a, head, sizeof(head), err) != MTLS_OK)
		return err->status;
	if (ssh_wire_u32(&w, &len) == -1 || len < 1 ||
	    len > SSH_AGENT_MESSAGE_MAX)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the ssh-agent's answer has an impossible length");
	/* The type has been read, and is counted in the length. */
	data = malloc(len);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (read_all(a, data, len - 1, err) != MTLS_OK) {
		free(data);
		return err->status;
	}
	*ret = (struct answer){ head[4], data, { data, len - 1 } };
	return MTLS_OK;
}

/* --- keys --- */

static enum mtls_status
take_key(struct ssh_wire *w, struct ssh_agent_key *ret, struct mtls_err *err)
{
	char comment[4 * SSH_AGENT_COMMENT_MAX + 1];
	struct ssh_wire blob, text;
	size_t n;

	if (ssh_wire_string(w, SSH_AGENT_BLOB_MAX, &blob) == -1 ||
	    blob.len == 0 ||
	    ssh_wire_string(w, SSH_AGENT_MESSAGE_MAX, &text) == -1)
		return malformed(err);
	ret->blob = malloc(blob.len);
	if (ret->blob == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	memcpy(ret->blob, blob.data, blob.len);
	ret->blob_len = blob.len;
	n = text.len < sizeof(comment) ? text.len : sizeof(comment) - 1;
	memcpy(comment, text.data, n);
	comment[n] = '\0';
	(void)mtls_text_printable(ret->comment, sizeof(ret->comment),
	    comment);
	return MTLS_OK;
}

static enum mtls_status
take_keys(struct ssh_wire *w, struct ssh_agent_keys *ret,
    struct mtls_err *err)
{
	struct ssh_agent_keys keys = { NULL, 0 };
	uint32_t n;

	if (ssh_wire_u32(w, &n) == -1)
		return malformed(err);
	if (n > SSH_AGENT_KEYS_MAX)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "the ssh-agent has more than %u keys",
		    SSH_AGENT_KEYS_MAX);
	keys.key = calloc(n > 0 ? n : 1, sizeof(*keys.key));
	if (keys.key == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	while (keys.n < n &&
	    take_key(w, &keys.key[keys.n], err) == MTLS_OK)
		keys.n++;
	if (err->status == MTLS_OK && w->len != 0)
		(void)malformed(err);
	if (err->status == MTLS_OK)
		*ret = keys;
	else
		ssh_agent_keys_clear(&keys);
	return err->status;
}

void
ssh_agent_keys_clear(struct ssh_agent_keys *keys)
{
	size_t i;

	for (i = 0; i < keys->n; i++)
		free(keys->key[i].blob);
	free(keys->key);
	keys->key = NULL;
	keys->n = 0;
}

enum mtls_status
ssh_agent_list(const struct ssh_agent *agent, struct ssh_agent_keys *ret,
    struct mtls_err *err)
{
	uint8_t bytes[] = { 0, 0, 0, 1, AGENT_REQUEST_KEYS };
	struct mtls_bytes request = { sizeof(bytes), bytes };
	struct answer answer;

	if (ask(agent, &request, &answer, err) != MTLS_OK)
		return err->status;
	if (answer.type == AGENT_KEYS)
		(void)take_keys(&answer.body, ret, err);
	else if (answer.type == AGENT_FAILURE)
		(void)mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "the ssh-agent does not tell its keys");
	else
		(void)malformed(err);
	free(answer.data);
	return err->status;
}

/* --- signatures --- */

/* Length, type, key, message, flags. */
static enum mtls_status
sign_request(const struct ssh_agent_key *key, const struct ssh_wire *message,
    struct mtls_bytes *ret, struct mtls_err *err)
{
	size_t len = 1 + 4 + key->blob_len + 4 + message->len + 4;
	uint8_t *data, *p;

	if (message->len > SSH_AGENT_SIGNED_MAX)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "%zu bytes are too much to sign", message->len);
	data = malloc(4 + len);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	p = ssh_wire_put_u32(data, (uint32_t)len);
	*p++ = AGENT_SIGN;
	p = ssh_wire_put_string(p, key->blob, key->blob_len);
	p = ssh_wire_put_string(p, message->data, message->len);
	(void)ssh_wire_put_u32(p, 0);
	*ret = (struct mtls_bytes){ 4 + len, data };
	return MTLS_OK;
}

static enum mtls_status
take_signature(struct ssh_wire *w, struct mtls_bytes *ret,
    struct mtls_err *err)
{
	struct ssh_wire signature;

	if (ssh_wire_string(w, SSH_AGENT_MESSAGE_MAX, &signature) == -1 ||
	    signature.len == 0 || w->len != 0)
		return malformed(err);
	return mtls_bytes_dup(ret, signature.data, signature.len, err);
}

enum mtls_status
ssh_agent_sign(const struct ssh_agent *agent,
    const struct ssh_agent_key *key, const struct ssh_wire *message,
    struct mtls_bytes *ret, struct mtls_err *err)
{
	struct mtls_bytes request = { 0, NULL };
	struct answer answer = { 0, NULL, { NULL, 0 } };

	if (sign_request(key, message, &request, err) != MTLS_OK ||
	    ask(agent, &request, &answer, err) != MTLS_OK)
		goto out;
	if (answer.type == AGENT_SIGNATURE)
		(void)take_signature(&answer.body, ret, err);
	else if (answer.type == AGENT_FAILURE)
		(void)mtls_fail(err, MTLS_E_REFUSED,
		    "the ssh-agent does not sign with %s: it was not "
		    "confirmed, or the key is for certain hosts only",
		    key->comment[0] != '\0' ? key->comment : "this key");
	else
		(void)malformed(err);
out:
	free(request.data);
	free(answer.data);
	return err->status;
}

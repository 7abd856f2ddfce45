/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The scripted helper: the steps that an honest helper takes too. Those that
 * none takes are in fake_helper_bad.c. Tests only.
 */
#include "config.h"

#include "fake_helper_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/verdict.h"

void
fake_complain(struct fake *f, const char *format, ...)
{
	va_list ap;

	if (f->maybe)
		return;
	fprintf(f->report, "helper, line %d: ", f->line);
	va_start(ap, format);
	vfprintf(f->report, format, ap);
	va_end(ap);
	fputc('\n', f->report);
	fflush(f->report);
}

struct mtls_deadline
fake_patience(void)
{
	return mtls_deadline_in_ms(FAKE_PATIENCE_MS);
}

void
fake_send(struct fake *f, const struct mtls_message *m, int pass_fd)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	if (mtls_message_send(f->fd, m, pass_fd, fake_patience(), &err) !=
	    MTLS_OK)
		fake_complain(f, "cannot send: %s", err.text);
}

/* Receives a message of that type; it stays in f->message. */
static int
receive(struct fake *f, enum mtls_message_type type)
{
	struct mtls_err err;
	int fd = -1;

	mtls_err_clear(&err);
	mtls_message_clear(&f->message);
	if (mtls_message_recv(f->fd, &f->message, &fd, fake_patience(),
	    &err) != MTLS_OK) {
		fake_complain(f, "%s expected: %s", mtls_message_name(type),
		    err.text);
		return 0;
	}
	if (fd != -1)
		close(fd);
	if (f->message.type == type)
		return 1;
	fake_complain(f, "%s expected, %s came", mtls_message_name(type),
	    mtls_message_name(f->message.type));
	return 0;
}

static void
compare(struct fake *f, const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fake_complain(f, "%s is \"%s\", not \"%s\"", what, got, want);
}

static void
compare_field(struct fake *f, const struct mtls_msg_login *l,
    const char *name, const char *want)
{
	char number[16], info[64];

	snprintf(number, sizeof(number), "%u", l->flags);
	snprintf(info, sizeof(info), "%.*s", (int)l->ssh_auth_info.len,
	    l->ssh_auth_info.len == 0 ? "" :
	    (const char *)l->ssh_auth_info.data);
	if (strcmp(name, "user") == 0)
		compare(f, name, l->user, want);
	else if (strcmp(name, "service") == 0)
		compare(f, name, l->service, want);
	else if (strcmp(name, "tty") == 0)
		compare(f, name, l->tty, want);
	else if (strcmp(name, "rhost") == 0)
		compare(f, name, l->rhost, want);
	else if (strcmp(name, "ruser") == 0)
		compare(f, name, l->ruser, want);
	else if (strcmp(name, "config") == 0)
		compare(f, name, l->config, want);
	else if (strcmp(name, "method") == 0)
		compare(f, name, l->method, want);
	else if (strcmp(name, "flags") == 0)
		compare(f, name, number, want);
	else if (strcmp(name, "ssh-auth-info") == 0)
		compare(f, name, info, want);
	else if (strcmp(name, "deadline-below") == 0) {
		if (l->deadline_ms == 0 ||
		    l->deadline_ms > strtoul(want, NULL, 10))
			fake_complain(f, "deadline_ms is %u", l->deadline_ms);
	} else
		fake_complain(f, "LOGIN has no field %s", name);
}

void
fake_step_login(struct fake *f, int n, char *words[])
{
	struct mtls_msg_login *l = &f->message.u.login;
	char *equals;
	int i;

	if (!receive(f, MTLS_MSG_LOGIN))
		return;
	/* Before the first one they are zero. */
	if (memcmp(f->request, l->request.data, sizeof(f->request)) == 0 ||
	    memcmp(f->nonce, l->nonce.data, sizeof(f->nonce)) == 0)
		fake_complain(f, "id or nonce is not fresh");
	memcpy(f->request, l->request.data, sizeof(f->request));
	memcpy(f->nonce, l->nonce.data, sizeof(f->nonce));
	snprintf(f->user, sizeof(f->user), "%s", l->user);
	snprintf(f->service, sizeof(f->service), "%s", l->service);
	for (i = 1; i < n; i++) {
		equals = strchr(words[i], '=');
		if (equals == NULL) {
			fake_complain(f, "FIELD=VALUE is wanted");
			continue;
		}
		*equals = '\0';
		compare_field(f, l, words[i], equals + 1);
	}
}

/* want: NULL, a text, or "!word" for a failure of that status. */
static void
compare_answered(struct fake *f, enum mtls_status status, const char *got,
    const char *want, const char *text)
{
	if (want != NULL && want[0] == '!') {
		if (want[1] != '\0')
			compare(f, "the status", mtls_status_word(status),
			    want + 1);
		else if (status == MTLS_OK)
			fake_complain(f, "the answer says OK");
	} else if (status != MTLS_OK)
		fake_complain(f, "the answer says %s",
		    mtls_status_word(status));
	if (text != NULL)
		compare(f, "the answer", got, text);
}

static void
compare_answer(struct fake *f, const char *want, const char *text)
{
	const struct mtls_msg_answer *a = &f->message.u.answer;

	if (receive(f, MTLS_MSG_ANSWER))
		compare_answered(f, (enum mtls_status)a->status, a->text,
		    want, text);
}

void
fake_step_ask(struct fake *f, int n, char *words[])
{
	struct mtls_message m = { .type = MTLS_MSG_ASK };
	const char *want = n == 4 ? words[3] : NULL;

	m.u.ask.text = words[1];
	fake_send(f, &m, -1);
	compare_answer(f, want,
	    want == NULL || want[0] == '!' ? NULL : want);
}

void
fake_step_relay(struct fake *f, int n, char *words[])
{
	struct mtls_message m = { .type = MTLS_MSG_RELAY };
	const struct mtls_msg_relay_answer *a = &f->message.u.relay_answer;
	const char *want = n == 4 ? words[3] : NULL;
	size_t len = words[1][0] == 'x' ? (size_t)atoi(words[1] + 1) : 0;
	char *text = len == 0 ? strdup(words[1]) : calloc(1, len + 1);

	if (text != NULL && len != 0)
		memset(text, 'x', len);
	m.u.relay.text = text;
	fake_send(f, &m, -1);
	free(text);
	if (receive(f, MTLS_MSG_RELAY_ANSWER))
		compare_answered(f, (enum mtls_status)a->status, a->text,
		    want, want == NULL || want[0] == '!' ? NULL : want);
}

/*
 * The secret is in the socket before the ANSWER is: nothing to wait for.
 * want: NULL or "*" for any.
 */
static void
compare_secret(struct fake *f, int fd, const char *want)
{
	char secret[1024];
	ssize_t got = recv(fd, secret, sizeof(secret) - 1, MSG_DONTWAIT);

	if (want != NULL && want[0] == '!') {
		if (got > 0)
			fake_complain(f, "a secret came");
		return;
	}
	if (got <= 0) {
		fake_complain(f, "no secret came");
		return;
	}
	secret[got] = '\0';
	if (want != NULL && strcmp(want, "*") != 0)
		compare(f, "the secret", secret, want);
	if (recv(fd, secret, sizeof(secret), MSG_DONTWAIT) > 0)
		fake_complain(f, "a second datagram came");
}

/* The near end of a socket whose far end went out with the question. */
static int
ask_secret(struct fake *f, char *text)
{
	struct mtls_message m = { .type = MTLS_MSG_ASK_SECRET };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		fake_complain(f, "socketpair: %s", strerror(errno));
		return -1;
	}
	m.u.ask_secret.text = text;
	fake_send(f, &m, pair[1]);
	close(pair[1]);
	return pair[0];
}

void
fake_step_secret(struct fake *f, int n, char *words[])
{
	const char *want = n == 4 ? words[3] : NULL;
	int fd = ask_secret(f, words[1]);

	if (fd == -1)
		return;
	compare_answer(f, want != NULL && want[0] == '!' ? want : NULL, "");
	compare_secret(f, fd, want);
	close(fd);
}

void
fake_step_secret_last(struct fake *f, int n, char *words[])
{
	(void)n;
	if (f->secret_fd != -1)
		close(f->secret_fd);
	f->secret_fd = ask_secret(f, words[1]);
}

void
fake_step_unread(struct fake *f, int n, char *words[])
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	(void)n;
	(void)words;
	if (poll(&p, 1, FAKE_PATIENCE_MS) != 1)
		fake_complain(f, "nothing came");
}

void
fake_step_tell(struct fake *f, int n, char *words[])
{
	struct mtls_message m = { .type = MTLS_MSG_TELL };

	(void)n;
	m.u.tell.style = strcmp(words[1], "error") == 0 ? 2 : 1;
	m.u.tell.text = words[2];
	fake_send(f, &m, -1);
}

static enum mtls_status
status_by_word(const char *word)
{
	unsigned s;

	for (s = 0; s < MTLS_STATUS_COUNT; s++)
		if (strcmp(mtls_status_word((enum mtls_status)s), word) == 0)
			return (enum mtls_status)s;
	return MTLS_STATUS_COUNT;
}

static void
set_field(struct fake *f, struct mtls_msg_result *r, const char *name,
    char *value)
{
	if (strcmp(name, "id") == 0)
		f->request[0] ^= 1;
	else if (strcmp(name, "nonce") == 0)
		f->nonce[31] ^= 1;
	else if (strcmp(name, "user") == 0)
		r->user = value;
	else if (strcmp(name, "service") == 0)
		r->service = value;
	else if (strcmp(name, "method") == 0)
		r->method = value;
	else if (strcmp(name, "verifier") == 0)
		r->verifier = value;
	else if (strcmp(name, "certificate") == 0)
		r->certificate = value;
	else if (strcmp(name, "message") == 0)
		r->message = value;
	else if (strcmp(name, "reason") == 0)
		r->reason = value;
	else if (strcmp(name, "status") == 0 && value[0] == '#')
		r->status = (uint8_t)atoi(value + 1);
	else if (strcmp(name, "status") == 0)
		r->status = (uint8_t)status_by_word(value);
	else
		fake_complain(f, "RESULT has no field %s", name);
}

void
fake_result(struct fake *f, const char *verdict, struct mtls_message *ret)
{
	struct mtls_msg_result *r = &ret->u.result;

	memset(ret, 0, sizeof(*ret));
	ret->type = MTLS_MSG_RESULT;
	r->request = (struct mtls_bytes){ sizeof(f->request), f->request };
	r->nonce = (struct mtls_bytes){ sizeof(f->nonce), f->nonce };
	r->user = f->user;
	r->service = f->service;
	r->verdict = MTLS_VERDICT_NONE;
	r->status = MTLS_E_UNAVAILABLE;
	if (strcmp(verdict, "allow") == 0) {
		r->verdict = MTLS_VERDICT_ALLOW;
		r->status = MTLS_OK;
	} else if (strcmp(verdict, "deny") == 0) {
		r->verdict = MTLS_VERDICT_DENY;
		r->status = MTLS_E_REFUSED;
	}
}

void
fake_step_result(struct fake *f, int n, char *words[])
{
	struct mtls_message m;
	char *equals;
	int i;

	fake_result(f, words[1], &m);
	for (i = 2; i < n; i++) {
		equals = strchr(words[i], '=');
		if (equals == NULL)
			continue;
		*equals = '\0';
		set_field(f, &m.u.result, words[i], equals + 1);
	}
	fake_send(f, &m, -1);
}

/* Whether the connection ends within our patience. */
void
fake_step_eof(struct fake *f, int n, char *words[])
{
	struct mtls_err err;
	enum mtls_status status = MTLS_OK;
	int only_eof = strcmp(words[0], "eof") == 0;
	int fd = -1;

	(void)n;
	while (status == MTLS_OK) {
		mtls_err_clear(&err);
		mtls_message_clear(&f->message);
		status = mtls_message_recv(f->fd, &f->message, &fd,
		    fake_patience(), &err);
		if (status == MTLS_OK && only_eof)
			fake_complain(f, "%s came",
			    mtls_message_name(f->message.type));
	}
	if (status != MTLS_E_CLOSED)
		fake_complain(f, "no end of file: %s", err.text);
}

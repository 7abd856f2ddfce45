/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The client of the admin socket against a verifier that answers as a script
 * says, mostly wrong.
 */
#include "config.h"

#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtlsctl/admin.h"
#include "scratch.h"

#define STEPS_MAX 8

/* What it sends, one after the other; then it closes. */
struct step {
	enum { VALUE, BINDING, DONE, GARBAGE, STOP } kind;
	unsigned status, n;
};

static char path[108];

static int
listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(path, sizeof(path), "%s", scratch_path(name));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 1) != 0)
		abort();
	return fd;
}

static void
send_step(int fd, const struct step *s)
{
	struct mtls_deadline deadline = mtls_deadline_in_ms(10000);
	struct mtls_message m;
	char name[] = "name";
	char value[] = "value";
	char reason[] = "a reason";
	char sha256[65];

	memset(&m, 0, sizeof(m));
	memset(sha256, 'a', 64);
	sha256[64] = '\0';
	if (s->kind == GARBAGE) {
		(void)send(fd, "\1\2garbage", 9, MSG_NOSIGNAL);
		return;
	}
	if (s->kind == VALUE) {
		m.type = MTLS_MSG_ADMIN_VALUE;
		m.u.admin_value.name = name;
		m.u.admin_value.value = value;
	} else if (s->kind == BINDING) {
		m.type = MTLS_MSG_ADMIN_BINDING;
		m.u.admin_binding.user = name;
		m.u.admin_binding.sha256 = sha256;
	} else {
		m.type = MTLS_MSG_ADMIN_DONE;
		m.u.admin_done.status = (uint8_t)s->status;
		m.u.admin_done.n = s->n;
		m.u.admin_done.reason = reason;
	}
	(void)mtls_message_send(fd, &m, -1, deadline, NULL);
}

/* A child that answers one question. */
static pid_t
answer(int listen_fd, const struct step *steps)
{
	struct mtls_message m;
	pid_t pid = fork();
	int pass_fd;
	int fd;

	if (pid != 0)
		return pid;
	fd = accept(listen_fd, NULL, NULL);
	if (mtls_message_recv(fd, &m, &pass_fd, mtls_deadline_in_ms(10000),
	    NULL) != MTLS_OK || m.type != MTLS_MSG_ADMIN_STATUS)
		_exit(1);
	for (; steps->kind != STOP; steps++)
		send_step(fd, steps);
	_exit(0);
}

static enum mtls_status
count(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	(void)err;
	assert_int_equal(row->type, MTLS_MSG_ADMIN_VALUE);
	assert_string_equal(row->u.admin_value.name, "name");
	++*(int *)arg;
	return MTLS_OK;
}

static enum mtls_status
ask_at(const char *where, const struct mtls_message *request, int *ret_rows,
    uint32_t *ret_n, struct mtls_err *err)
{
	struct admin_question question = {
		.socket = where, .request = request,
		.row_type = MTLS_MSG_ADMIN_VALUE, .row = count,
		.arg = ret_rows,
	};

	return admin_question(&question, ret_n, err);
}

/* Asks for values; *ret_rows is how many came. */
static enum mtls_status
ask(const struct step *steps, int *ret_rows, uint32_t *ret_n,
    struct mtls_err *err)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_STATUS };
	enum mtls_status status;
	int listen_fd;
	int how = 1;
	pid_t pid;

	assert_int_equal(scratch_begin(), 0);
	listen_fd = listen_at("admin.sock");
	pid = answer(listen_fd, steps);
	close(listen_fd);
	*ret_rows = 0;
	*ret_n = 77;
	mtls_err_clear(err);
	status = ask_at(path, &request, ret_rows, ret_n,
	    err);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_int_equal(how, 0);
	assert_int_equal(scratch_end(), 0);
	return status;
}

static void
rows_and_their_number(void **state)
{
	static const struct step steps[] = { { VALUE, 0, 0 },
		{ VALUE, 0, 0 }, { DONE, MTLS_OK, 2 }, { STOP, 0, 0 } };
	static const struct step none[] = { { DONE, MTLS_OK, 0 },
		{ STOP, 0, 0 } };
	struct mtls_err err;
	uint32_t n;
	int rows;

	(void)state;
	assert_int_equal(ask(steps, &rows, &n, &err), MTLS_OK);
	assert_int_equal(rows, 2);
	assert_int_equal(n, 2);
	assert_int_equal(ask(none, &rows, &n, &err), MTLS_OK);
	assert_int_equal(rows, 0);
	assert_int_equal(n, 0);
}

static void
answers_that_are_none(void **state)
{
	static const struct {
		enum mtls_status status;
		struct step steps[STEPS_MAX];
	} cases[] = {
		{ MTLS_E_CLOSED, { { STOP, 0, 0 } } },
		{ MTLS_E_CLOSED, { { VALUE, 0, 0 }, { STOP, 0, 0 } } },
		{ MTLS_E_PROTOCOL, { { GARBAGE, 0, 0 }, { STOP, 0, 0 } } },
		{ MTLS_E_PROTOCOL, { { BINDING, 0, 0 }, { DONE, 0, 1 },
		    { STOP, 0, 0 } } },
		{ MTLS_E_PROTOCOL, { { VALUE, 0, 0 }, { DONE, 0, 2 },
		    { STOP, 0, 0 } } },
		{ MTLS_E_PROTOCOL, { { DONE, 0, 1 }, { STOP, 0, 0 } } },
		{ MTLS_E_PROTOCOL, { { DONE, MTLS_STATUS_COUNT, 0 },
		    { STOP, 0, 0 } } },
		{ MTLS_E_PERMISSION, { { DONE, MTLS_E_PERMISSION, 0 },
		    { STOP, 0, 0 } } },
		{ MTLS_E_NOT_FOUND, { { VALUE, 0, 0 },
		    { DONE, MTLS_E_NOT_FOUND, 1 }, { STOP, 0, 0 } } },
	};
	struct mtls_err err;
	uint32_t n;
	int rows;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (ask(cases[i].steps, &rows, &n, &err) != cases[i].status)
			fail_msg("case %zu: %s", i, err.text);
		assert_int_equal(err.status, cases[i].status);
	}
}

static void
a_reason_is_passed_on(void **state)
{
	static const struct step steps[] = { { DONE, MTLS_E_USAGE, 0 },
		{ STOP, 0, 0 } };
	struct mtls_err err;
	uint32_t n;
	int rows;

	(void)state;
	assert_int_equal(ask(steps, &rows, &n, &err), MTLS_E_USAGE);
	assert_string_equal(err.text, "the verifier says: a reason");
}

static void
nobody_there(void **state)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_STATUS };
	char long_path[300];
	struct mtls_err err;
	uint32_t n;
	int rows = 0;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(ask_at("/nowhere/admin.sock", &request, &rows, &n,
	    &err),
	    MTLS_E_UNAVAILABLE);
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	mtls_err_clear(&err);
	assert_int_equal(ask_at(long_path, &request, &rows, &n,
	    &err), MTLS_E_USAGE);
}

/* Listens as another account; says so on ready_fd; until it is killed. */
static void
be_a_stranger(int ready_fd)
{
	int fd;

	if (setuid(65533) != 0)
		_exit(1);
	fd = listen_at("admin.sock");
	if (write(ready_fd, "x", 1) != 1)
		_exit(1);
	while (accept(fd, NULL, NULL) != -1)
		;
	_exit(1);
}

static void
a_stranger_there(void **state)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_STATUS };
	struct mtls_err err;
	int ready[2];
	int rows = 0;
	uint32_t n;
	pid_t pid;
	char c;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(scratch_begin(), 0);
	assert_int_equal(chmod(scratch_path(""), 0777), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		be_a_stranger(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	snprintf(path, sizeof(path), "%s", scratch_path("admin.sock"));
	mtls_err_clear(&err);
	assert_int_equal(ask_at(path, &request, &rows, &n,
	    &err), MTLS_E_PEER);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(scratch_end(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_and_their_number),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(a_reason_is_passed_on),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_stranger_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

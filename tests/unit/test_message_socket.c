/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages and descriptors through a socket, and what an unkind peer does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/message.h"

#include "../lib/fail_nth.h"
#include "../lib/sample.h"
#include "../lib/unit.h"

#define SOON mtls_deadline_in_ms(20000)

static int ours, theirs;

static int
set_up(void **state)
{
	int fds[2];

	(void)state;
	if (mtls_message_socketpair(fds, NULL) != MTLS_OK)
		return -1;
	ours = fds[0];
	theirs = fds[1];
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close(ours);
	close(theirs);
	return 0;
}

static enum mtls_status
send_text(unsigned type, int fd)
{
	struct mtls_message m;
	enum mtls_status status;

	sample_message(&m, type, SAMPLE_SMALL);
	status = mtls_message_send(theirs, &m, fd, SOON, NULL);
	mtls_message_clear(&m);
	return status;
}

/* A well-formed message of that type with n copies of descriptor 0. */
static void
send_with_descriptors(unsigned type, int n)
{
	struct mtls_message m;
	uint8_t *data;
	size_t len;
	char *control = calloc(1, CMSG_SPACE((size_t)n * sizeof(int)));
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int zero = 0;

	sample_message(&m, type, SAMPLE_SMALL);
	assert_int_equal(mtls_message_encode(&m, &data, &len, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	iov.iov_base = data;
	iov.iov_len = len;
	assert_non_null(control);
	if (n > 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		if (c == NULL)
			abort();
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		for (int i = 0; i < n; i++)
			memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &zero,
			    sizeof(zero));
	}
	assert_int_equal(sendmsg(theirs, &msg, 0), (ssize_t)len);
	mtls_message_data_free(data, len);
	free(control);
}

static void
all_messages_pass(void **state)
{
	struct mtls_message m;
	int fd, needs_fd;

	(void)state;
	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		needs_fd = *t == MTLS_MSG_ASK_SECRET ||
		    *t == MTLS_MSG_TOKEN_PIN || *t == MTLS_MSG_AGENT;
		assert_int_equal(send_text(*t, needs_fd ? 0 : -1), MTLS_OK);
		assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON,
		    NULL), MTLS_OK);
		assert_int_equal(m.type, *t);
		if (needs_fd) {
			assert_true(fd > 2);
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
			close(fd);
		} else {
			assert_int_equal(fd, -1);
		}
		mtls_message_clear(&m);
	}
}

static void
the_descriptor_is_the_one_that_was_sent(void **state)
{
	struct mtls_message m;
	struct stat sent, got;
	int pipes[2];
	int fd;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(send_text(MTLS_MSG_TOKEN_PIN, pipes[1]), MTLS_OK);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_OK);
	assert_int_equal(fstat(pipes[1], &sent), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
	mtls_message_clear(&m);
}

static void
a_descriptor_goes_only_where_it_belongs(void **state)
{
	struct mtls_message m;
	int fd;

	(void)state;
	assert_int_equal(send_text(MTLS_MSG_ASK, 0), MTLS_E_USAGE);
	assert_int_equal(send_text(MTLS_MSG_ASK_SECRET, -1), MTLS_E_USAGE);
	/* Nothing was sent. */
	assert_int_equal(mtls_message_recv(ours, &m, &fd,
	    mtls_deadline_in_ms(1), NULL), MTLS_E_TIMEOUT);
}

static void
T076_wrong_numbers_of_descriptors(void **state)
{
	static const struct {
		unsigned type;
		int n;
	} cases[] = {
		{ MTLS_MSG_ASK, 1 }, { MTLS_MSG_ASK, 2 },
		{ MTLS_MSG_ASK, 253 }, { MTLS_MSG_ASK_SECRET, 0 },
		{ MTLS_MSG_ASK_SECRET, 2 }, { MTLS_MSG_ASK_SECRET, 4 },
		{ MTLS_MSG_ASK_SECRET, 5 }, { MTLS_MSG_ASK_SECRET, 253 },
		{ MTLS_MSG_ADMIN_STATUS, 253 },
	};
	int before = fail_nth_open_fds();
	struct mtls_message m;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_with_descriptors(cases[i].type, cases[i].n);
		fd = 12345;
		m.type = MTLS_MSG_RESULT;
		assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON,
		    NULL), MTLS_E_PROTOCOL);
		assert_int_equal(fd, -1);
		assert_int_equal(m.type, MTLS_MSG_NONE);
		assert_int_equal(fail_nth_open_fds(), before);
	}
	/* With garbage for a message they are closed as well. */
	send_with_descriptors(MTLS_MSG_ASK_SECRET, 1);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_OK);
	close(fd);
	mtls_message_clear(&m);
	assert_int_equal(fail_nth_open_fds(), before);
}

static void
T070_a_message_in_pieces_is_no_message(void **state)
{
	struct mtls_message m;
	uint8_t *data;
	size_t len;
	int fd;

	(void)state;
	sample_message(&m, MTLS_MSG_ASK, SAMPLE_SMALL);
	assert_int_equal(mtls_message_encode(&m, &data, &len, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	for (size_t cut = 1; cut < len; cut++) {
		assert_int_equal(send(theirs, data, cut, 0), (ssize_t)cut);
		assert_int_equal(send(theirs, data + cut, len - cut, 0),
		    (ssize_t)(len - cut));
		assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON,
		    NULL), MTLS_E_PROTOCOL);
		assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON,
		    NULL), MTLS_E_PROTOCOL);
	}
	mtls_message_data_free(data, len);
}

static void
T071_an_oversized_datagram_is_refused(void **state)
{
	uint8_t *data = calloc(1, MTLS_MESSAGE_MAX + 1);
	struct mtls_message m;
	int fd;

	(void)state;
	assert_non_null(data);
	data[0] = MTLS_MESSAGE_VERSION;
	data[1] = MTLS_MSG_ADMIN_STATUS;
	assert_int_equal(send(theirs, data, MTLS_MESSAGE_MAX + 1, 0),
	    MTLS_MESSAGE_MAX + 1);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_E_PROTOCOL);
	free(data);
}

static void
the_peer_goes_away(void **state)
{
	struct mtls_message m;
	int fd;

	(void)state;
	assert_int_equal(send_text(MTLS_MSG_ASK, -1), MTLS_OK);
	close(theirs);
	/* What was sent before counts; then the end. */
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_E_CLOSED);
	/* SIGPIPE would end this test. */
	signal(SIGPIPE, SIG_DFL);
	sample_message(&m, MTLS_MSG_ASK, SAMPLE_SMALL);
	assert_int_equal(mtls_message_send(ours, &m, -1, SOON, NULL),
	    MTLS_E_CLOSED);
	mtls_message_clear(&m);
	assert_int_equal(set_up(NULL), 0);
}

/* The reset that this is comes before what was sent, and hides it once. */
static void
the_peer_goes_away_without_reading(void **state)
{
	struct mtls_message m;
	int fd;

	(void)state;
	assert_int_equal(send_text(MTLS_MSG_ASK, -1), MTLS_OK);
	assert_int_equal(send(ours, "unread", 6, 0), 6);
	close(theirs);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, SOON, NULL),
	    MTLS_E_CLOSED);
	close(ours);
	assert_int_equal(set_up(NULL), 0);
}

static void
T135_a_peer_that_does_not_read(void **state)
{
	struct mtls_message m;
	enum mtls_status status;
	int n = 0;

	(void)state;
	sample_message(&m, MTLS_MSG_TOKEN_SIGN, SAMPLE_MAX);
	do {
		status = mtls_message_send(ours, &m, -1,
		    mtls_deadline_in_ms(200), NULL);
	} while (status == MTLS_OK && ++n < 10000);
	assert_int_equal(status, MTLS_E_TIMEOUT);
	mtls_message_clear(&m);
}

static void
a_deadline_that_has_passed_reads_and_sends_nothing(void **state)
{
	struct mtls_deadline passed = { 0 };
	struct mtls_message m;
	int fd;

	(void)state;
	assert_int_equal(send_text(MTLS_MSG_ASK, -1), MTLS_OK);
	assert_int_equal(mtls_message_recv(ours, &m, &fd, passed, NULL),
	    MTLS_E_TIMEOUT);
	sample_message(&m, MTLS_MSG_ASK, SAMPLE_SMALL);
	assert_int_equal(mtls_message_send(ours, &m, -1, passed, NULL),
	    MTLS_E_TIMEOUT);
	mtls_message_clear(&m);
}

static void
not_a_socket(void **state)
{
	struct mtls_message m;
	int fd, null = open("/dev/null", O_RDWR);

	(void)state;
	assert_int_equal(mtls_message_recv(null, &m, &fd, SOON, NULL),
	    MTLS_E_SYSTEM);
	assert_int_equal(mtls_message_recv(-1, &m, &fd,
	    mtls_deadline_in_ms(10), NULL), MTLS_E_TIMEOUT);
	close(null);
	assert_int_equal(mtls_message_recv(null, &m, &fd, SOON, NULL),
	    MTLS_E_SYSTEM);
}

/* In a child whose descriptors 0 to 2 are closed. */
static int
run_without_standard_descriptors(void)
{
	struct mtls_message m;
	int fds[2];
	int fd = -1;

	close(0);
	close(1);
	close(2);
	if (mtls_message_socketpair(fds, NULL) != MTLS_OK ||
	    fds[0] <= 2 || fds[1] <= 2)
		return 1;
	sample_message(&m, MTLS_MSG_ASK_SECRET, SAMPLE_SMALL);
	if (mtls_message_send(fds[0], &m, fds[0], SOON, NULL) != MTLS_OK)
		return 2;
	mtls_message_clear(&m);
	if (mtls_message_recv(fds[1], &m, &fd, SOON, NULL) != MTLS_OK)
		return 3;
	mtls_message_clear(&m);
	if (fd <= 2 || fcntl(fd, F_GETFD) != FD_CLOEXEC ||
	    fcntl(fds[0], F_GETFD) != FD_CLOEXEC)
		return 4;
	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			return 5;
	}
	return 0;
}

static void
T124_no_descriptor_is_taken_for_standard_error(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(run_without_standard_descriptors());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define WITH_PAIR(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(all_messages_pass),
		WITH_PAIR(the_descriptor_is_the_one_that_was_sent),
		WITH_PAIR(a_descriptor_goes_only_where_it_belongs),
		WITH_PAIR(T076_wrong_numbers_of_descriptors),
		WITH_PAIR(T070_a_message_in_pieces_is_no_message),
		WITH_PAIR(T071_an_oversized_datagram_is_refused),
		WITH_PAIR(the_peer_goes_away),
		WITH_PAIR(the_peer_goes_away_without_reading),
		WITH_PAIR(T135_a_peer_that_does_not_read),
		WITH_PAIR(a_deadline_that_has_passed_reads_and_sends_nothing),
		WITH_PAIR(not_a_socket),
		WITH_PAIR(T124_no_descriptor_is_taken_for_standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

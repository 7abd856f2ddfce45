/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The way to the helper: what is connected to, what is not, and when a child
 * is started instead.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtls/helper_channel.h"
#include "mtls/message.h"

#include "../lib/fail_nth.h"
#include "../lib/sample.h"
#include "../lib/scratch.h"
#include "../lib/unit.h"

#define SOMEBODY 12345
#define SOON mtls_deadline_in_ms(20000)

static const struct mtls_helper_channel none = MTLS_HELPER_CHANNEL_NONE;
static struct mtls_err err;

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	if (scratch_begin() != 0)
		return -1;
	return chmod(scratch_path(""), 0777);
}

static int
tear_down(void **state)
{
	(void)state;
	return scratch_end();
}

/* A listening socket at name. */
static int
listen_at(const char *name, int type, int backlog)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", scratch_path(name));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    chmod(a.sun_path, 0666) != 0 || listen(fd, backlog) != 0)
		abort();
	return fd;
}

static enum mtls_status
open_path(const char *path, struct mtls_helper_channel *channel)
{
	*channel = none;
	mtls_err_clear(&err);
	return mtls_helper_channel_open(path, SOON, channel, &err);
}

/* What a user that is not root gets: the status. */
static enum mtls_status
as_user(uid_t uid, const char *path)
{
	struct mtls_helper_channel channel = none;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setresuid(uid, uid, uid) != 0)
			_exit(200);
		_exit((int)mtls_helper_channel_open(path, SOON, &channel,
		    NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (enum mtls_status)WEXITSTATUS(status);
}

static void
a_listener_is_connected_to(void **state)
{
	int listener = listen_at("s", SOCK_SEQPACKET, 5);
	struct mtls_helper_channel channel;
	struct mtls_message m;
	int fds = fail_nth_open_fds();
	int other, fd;

	(void)state;
	assert_int_equal(open_path(scratch_path("s"), &channel), MTLS_OK);
	assert_true(channel.socket_fd > 2);
	assert_int_equal(channel.child.pid, 0);
	assert_int_equal(fcntl(channel.socket_fd, F_GETFD), FD_CLOEXEC);
	other = accept(listener, NULL, NULL);
	sample_message(&m, MTLS_MSG_LOGIN, SAMPLE_SMALL);
	assert_int_equal(mtls_message_send(channel.socket_fd, &m, -1, SOON,
	    NULL), MTLS_OK);
	mtls_message_clear(&m);
	assert_int_equal(mtls_message_recv(other, &m, &fd, SOON, NULL),
	    MTLS_OK);
	mtls_message_clear(&m);
	mtls_helper_channel_close(&channel);
	assert_int_equal(channel.socket_fd, -1);
	assert_int_equal(mtls_message_recv(other, &m, &fd, SOON, NULL),
	    MTLS_E_CLOSED);
	close(other);
	mtls_helper_channel_close(&channel);
	assert_int_equal(fail_nth_open_fds(), fds);
	close(listener);
}

static void
T074_what_is_not_a_socket_at_an_absolute_path(void **state)
{
	int listener = listen_at("s", SOCK_SEQPACKET, 5);
	int fds = fail_nth_open_fds();
	struct mtls_helper_channel channel;
	char long_path[200];
	const char *paths[8];

	(void)state;
	assert_int_equal(symlink("s", scratch_path("link")), 0);
	assert_int_equal(mkfifo(scratch_path("fifo"), 0600), 0);
	assert_int_equal(mkdir(scratch_path("d"), 0700), 0);
	scratch_text("file", "x");
	memset(long_path, 'a', sizeof(long_path));
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	paths[0] = "s";
	paths[1] = "";
	paths[2] = "@abstract";
	paths[3] = scratch_path("link");
	paths[4] = scratch_path("fifo");
	paths[5] = scratch_path("d");
	paths[6] = scratch_path("file");
	paths[7] = long_path;
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(open_path(paths[i], &channel),
		    MTLS_E_CONFIG);
		assert_int_equal(channel.socket_fd, -1);
		assert_int_equal(channel.child.pid, 0);
	}
	assert_int_equal(fail_nth_open_fds(), fds);
	close(listener);
}

static void
T074_a_socket_of_another_user(void **state)
{
	struct mtls_helper_channel channel;
	int ready[2], theirs;
	pid_t pid;
	char c;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0)
			_exit(1);
		theirs = listen_at("theirs", SOCK_SEQPACKET, 5);
		if (theirs < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[1]);
		for (;;)
			poll(NULL, 0, -1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(open_path(scratch_path("theirs"), &channel),
	    MTLS_E_PEER);
	assert_int_equal(channel.socket_fd, -1);
	assert_non_null(strstr(err.text, "uid 12345"));
	assert_int_equal(as_user(SOMEBODY, scratch_path("theirs")), MTLS_OK);
	assert_int_equal(as_user(SOMEBODY + 1, scratch_path("theirs")),
	    MTLS_E_PEER);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* Root's is anybody's. */
	close(listen_at("roots", SOCK_SEQPACKET, 5));
	pid = fork();
	if (pid == 0) {
		theirs = listen_at("again", SOCK_SEQPACKET, 5);
		_exit((int)as_user(SOMEBODY, scratch_path("again")));
	}
	assert_int_equal(waitpid(pid, &theirs, 0), pid);
	assert_int_equal(WEXITSTATUS(theirs), MTLS_OK);
}

/* Where nobody listens: a child for root, nothing for others. */
static void
without_a_listener(const char *path)
{
	struct mtls_helper_channel channel;
	int fds = fail_nth_open_fds();

	if (geteuid() != 0) {
		assert_int_equal(open_path(path, &channel),
		    MTLS_E_UNAVAILABLE);
		return;
	}
	assert_int_equal(open_path(path, &channel), MTLS_OK);
	assert_true(channel.socket_fd > 2);
	assert_true(channel.child.pid > 0);
	mtls_helper_channel_close(&channel);
	assert_int_equal(channel.child.pid, 0);
	assert_int_equal(fail_nth_open_fds(), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(as_user(SOMEBODY, path), MTLS_E_UNAVAILABLE);
}

static void
nobody_there(void **state)
{
	(void)state;
	without_a_listener(scratch_path("nothing"));
	without_a_listener(scratch_path("no/thing"));
	scratch_text("file", "x");
	without_a_listener(scratch_path("file/x"));
}

static void
T074_a_stale_socket(void **state)
{
	(void)state;
	close(listen_at("stale", SOCK_SEQPACKET, 5));
	without_a_listener(scratch_path("stale"));
}

static void
sockets_that_do_not_fit(void **state)
{
	int stream = listen_at("stream", SOCK_STREAM, 5);
	struct mtls_helper_channel channel;

	(void)state;
	assert_int_equal(open_path(scratch_path("stream"), &channel),
	    MTLS_E_UNAVAILABLE);
	assert_int_equal(channel.child.pid, 0);
	close(stream);
	if (geteuid() != 0)
		skip();
	/* One that we may not connect to is not one that is not there. */
	stream = listen_at("locked", SOCK_SEQPACKET, 5);
	assert_int_equal(chmod(scratch_path("locked"), 0600), 0);
	assert_int_equal(as_user(SOMEBODY, scratch_path("locked")),
	    MTLS_E_UNAVAILABLE);
	close(stream);
}

static void
T135_a_listener_that_accepts_nobody(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int listener = listen_at("full", SOCK_SEQPACKET, 0);
	struct mtls_helper_channel channel = none;
	struct mtls_deadline passed = { 0 };
	int fds[64], n = 0;

	(void)state;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", scratch_path("full"));
	do {
		fds[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		assert_true(fds[n] >= 0 && n < 63);
	} while (connect(fds[n++], (struct sockaddr *)&a, sizeof(a)) == 0);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(mtls_helper_channel_open(a.sun_path,
	    mtls_deadline_in_ms(100), &channel, NULL), MTLS_E_TIMEOUT);
	assert_int_equal(channel.socket_fd, -1);
	while (n > 0)
		close(fds[--n]);
	close(listener);
	listener = listen_at("free", SOCK_SEQPACKET, 5);
	assert_int_equal(mtls_helper_channel_open(scratch_path("free"),
	    passed, &channel, NULL), MTLS_E_TIMEOUT);
	close(listener);
}

static void
T124_standard_descriptors_closed(void **state)
{
	int listener = listen_at("s", SOCK_SEQPACKET, 5);
	struct mtls_helper_channel channel = none;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		close(0);
		close(1);
		close(2);
		if (mtls_helper_channel_open(scratch_path("s"), SOON,
		    &channel, NULL) != MTLS_OK || channel.socket_fd <= 2)
			_exit(1);
		if (fcntl(0, F_GETFD) != -1 || fcntl(2, F_GETFD) != -1)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(listener);
}

#define IN_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_listener_is_connected_to),
		IN_SCRATCH(T074_what_is_not_a_socket_at_an_absolute_path),
		IN_SCRATCH(T074_a_socket_of_another_user),
		IN_SCRATCH(nobody_there),
		IN_SCRATCH(T074_a_stale_socket),
		IN_SCRATCH(sockets_that_do_not_fit),
		IN_SCRATCH(T135_a_listener_that_accepts_nobody),
		IN_SCRATCH(T124_standard_descriptors_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

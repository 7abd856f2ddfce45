/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The question at the terminal, at a pseudo-terminal: a signal in the moment
 * before the program waits for the answer.
 */
#include "config.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "mtlsctl/terminal.h"

#include "../lib/unit.h"

/* Raised once, when the program is about to wait; 0 = none. */
static volatile int pending;

static void
raise_pending(void)
{
	int number = pending;

	pending = 0;
	if (number != 0)
		(void)raise(number);
}

ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);

ssize_t
__wrap_read(int fd, void *buf, size_t len)
{
	raise_pending();
	return __real_read(fd, buf, len);
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	raise_pending();
	return __real_poll(fds, n, timeout_ms);
}

/* What the child says about its question. */
enum { ANSWERED = 40, NO_ANSWER, ECHO_LOST };

static void
ask(int signal_number)
{
	struct termios t;
	char answer[16];
	enum mtls_status status;

	/* One that is lost must not let it wait for ever. */
	(void)alarm(20);
	(void)signal(SIGALRM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	/* So that the terminal can be looked at behind it. */
	if (signal_number != SIGINT)
		(void)signal(signal_number, SIG_IGN);
	pending = signal_number;
	status = terminal_ask("PIN: ", TERMINAL_SILENT, answer,
	    sizeof(answer), NULL);
	if (tcgetattr(0, &t) != 0 || (t.c_lflag & ECHO) == 0)
		_exit(ECHO_LOST);
	_exit(status == MTLS_OK && strcmp(answer, "1234") == 0 ? ANSWERED :
	    NO_ANSWER);
}

/* The child's end, as of waitpid(2); line is typed once it has asked. */
static int
answer_with(const char *line, int signal_number)
{
	int fd, status, seen = 0;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);
	char c;

	assert_true(pid >= 0);
	if (pid == 0)
		ask(signal_number);
	while (__real_read(fd, &c, 1) == 1) {
		if (c == ':' && !seen++ && line != NULL)
			assert_int_equal(write(fd, line, strlen(line)),
			    strlen(line));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fd);
	return status;
}

static void
an_answer(void **state)
{
	int status = answer_with("1234\n", 0);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ANSWERED);
}

/* It ends by the signal, as if nobody had caught it. */
static void
T139_interrupted_before_it_waits(void **state)
{
	int status = answer_with(NULL, SIGINT);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
}

/* The same where the caller of mtlsctl ignores the signal: no answer. */
static void
the_echo_is_back(void **state)
{
	int status = answer_with(NULL, SIGTERM);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), NO_ANSWER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer),
		cmocka_unit_test(T139_interrupted_before_it_waits),
		cmocka_unit_test(the_echo_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

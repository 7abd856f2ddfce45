/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One question on /dev/tty. A signal that would end or stop the program while
 * the echo is off first puts the terminal back.
 */
#include "config.h"

#include "mtlsctl/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include "mtls/secret.h"

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define N_CAUGHT (sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t signalled;
/*
 * Readable once a signal has come. A flag alone would be looked at before
 * the read and set after that look, and the read would go on waiting.
 */
static volatile sig_atomic_t wake_fd = -1;

static void
note_signal(int number)
{
	static const uint64_t one = 1;
	int saved_errno = errno;

	signalled = number;
	if (write(wake_fd, &one, sizeof(one)) < 0) {
		/* It is full, so it is readable. */
	}
	errno = saved_errno;
}

static void
catch_signals(struct sigaction old[N_CAUGHT])
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = note_signal;	/* no SA_RESTART */
	signalled = 0;
	for (size_t i = 0; i < N_CAUGHT; i++)
		(void)sigaction(caught[i], &action, &old[i]);
}

static void
restore_signals(const struct sigaction old[N_CAUGHT])
{
	for (size_t i = 0; i < N_CAUGHT; i++)
		(void)sigaction(caught[i], &old[i], NULL);
}

static void
put(int fd, const char *text)
{
	size_t len = strlen(text);

	/* A prompt that cannot be shown does no harm. */
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* Until there is something to read: 1; 0 on a signal. */
static int
wait_for_input(int fd)
{
	struct pollfd fds[] = { { fd, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
	int n;

	do
		n = poll(fds, 2, -1);
	while (n < 0 && errno == EINTR && signalled == 0);
	return n > 0 && signalled == 0 && fds[1].revents == 0;
}

/* One line; -1 at end of file, on a signal, or when it is too long. */
static int
read_line(int fd, char *out, size_t size)
{
	size_t len = 0;
	char c;

	while (wait_for_input(fd)) {
		ssize_t n = read(fd, &c, 1);

		/* Another program at this terminal was faster. */
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0 || c == '\0')
			break;
		if (c == '\n') {
			out[len] = '\0';
			return 0;
		}
		if (len + 1 < size)
			out[len] = c;
		else if (len + 1 == size)
			len = size;	/* reads on to the end of the line */
		if (len < size)
			len++;
	}
	mtls_wipe(out, size);
	return -1;
}

static int
ask(int fd, const char *prompt, enum terminal_echo echo, char *answer,
    size_t size)
{
	struct sigaction old[N_CAUGHT];
	struct termios before, silent;
	int has_termios = tcgetattr(fd, &before) == 0;
	int result;

	catch_signals(old);
	if (echo == TERMINAL_SILENT && has_termios) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		/* What was typed ahead was not meant for us. */
		(void)tcsetattr(fd, TCSAFLUSH, &silent);
	}
	put(fd, prompt);
	result = read_line(fd, answer, size);
	if (echo == TERMINAL_SILENT && has_termios) {
		put(fd, "\n");
		(void)tcsetattr(fd, TCSAFLUSH, &before);
	}
	restore_signals(old);
	return result;
}

enum mtls_status
terminal_ask(const char *prompt, enum terminal_echo echo, char *answer,
    size_t size, struct mtls_err *err)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int result;

	if (fd < 0)
		return mtls_fail_errno(err, MTLS_E_CONVERSATION, errno,
		    "there is no terminal to ask at");
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0) {
		close(fd);
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "eventfd");
	}
	result = ask(fd, prompt, echo, answer, size);
	close(fd);
	close(wake_fd);
	wake_fd = -1;
	if (signalled != 0)
		(void)raise(signalled);
	if (result != 0)
		return mtls_fail(err, MTLS_E_CANCELLED, "no answer");
	return MTLS_OK;
}

void
terminal_tell(const char *text)
{
	int fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return;
	put(fd, text);
	put(fd, "\n");
	close(fd);
}

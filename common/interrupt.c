/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * See mtls/interrupt.h. Runs in the PAM application.
 *
 * MUST NOT: change a mask or a disposition, or take a signal from the
 * program (tests/pam/test_interrupt.c).
 */
#include "config.h"

#include "mtls/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "mtls/fd.h"

static int
is_ignored(int sig)
{
	struct sigaction now;

	/* Not known: as if it were. */
	return sigaction(sig, NULL, &now) != 0 || now.sa_handler == SIG_IGN;
}

int
mtls_interrupt_watch(void)
{
	static const int signals[] = { SIGINT, SIGQUIT };
	sigset_t held, pending, watched;
	int n = 0;

	if (pthread_sigmask(SIG_BLOCK, NULL, &held) != 0 ||
	    sigpending(&pending) != 0)
		return -1;
	sigemptyset(&watched);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (sigismember(&held, signals[i]) != 1 ||
		    sigismember(&pending, signals[i]) != 0 ||
		    is_ignored(signals[i]))
			continue;
		sigaddset(&watched, signals[i]);
		n++;
	}
	if (n == 0)
		return -1;
	return mtls_fd_above_2(signalfd(-1, &watched,
	    SFD_CLOEXEC | SFD_NONBLOCK));
}

enum mtls_status
mtls_interrupt_wait(int interrupt_fd, int socket_fd,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	struct pollfd p[2] = { { .fd = socket_fd, .events = POLLIN },
		{ .fd = interrupt_fd, .events = POLLIN } };
	int left_ms, n;

	do {
		left_ms = mtls_deadline_left_ms(deadline);
		if (left_ms == 0)
			return mtls_fail(err, MTLS_E_TIMEOUT,
			    "the deadline has passed");
		n = poll(p, 2, left_ms);
	} while (n == 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "poll");
	/* What is there to be read counts. */
	if (p[0].revents == 0)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "the person interrupted");
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How the PIN comes. The other end of the socket goes to the helper, which
 * passes it on to the PAM module: the process with the network never holds
 * what is written there. What a PIN may look like, and how often one goes to
 * the card, is decided in pkcs11/login.c.
 */
#include "config.h"

#include "pin.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "mtls/message.h"

static enum mtls_status
wait_for_pin(int helper_fd, int pin_fd, struct mtls_deadline deadline,
    struct mtls_err *err)
{
	struct pollfd fds[2] = { { .fd = pin_fd, .events = POLLIN },
		{ .fd = helper_fd, .events = POLLIN } };
	int n;

	do {
		n = poll(fds, 2, mtls_deadline_left_ms(deadline));
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "poll");
	if (n == 0)
		return mtls_fail(err, MTLS_E_TIMEOUT, "no PIN in time");
	if (fds[1].revents != 0)
		return mtls_fail(err, (fds[1].revents & POLLIN) != 0 ?
		    MTLS_E_PROTOCOL : MTLS_E_CLOSED,
		    "the helper does not wait for the PIN");
	return MTLS_OK;
}

enum mtls_status
token_pin_ask(int helper_fd, uint32_t index, struct mtls_secret *pin,
    struct mtls_deadline deadline, struct mtls_err *err)
{
	struct mtls_message m = { .type = MTLS_MSG_TOKEN_PIN };
	struct mtls_err reading;
	enum mtls_status status;
	int fds[2];

	mtls_secret_clear(pin);
	status = mtls_message_socketpair(fds, err);
	if (status != MTLS_OK)
		return status;
	m.u.token_pin.index = index;
	status = mtls_message_send(helper_fd, &m, fds[1], deadline, err);
	close(fds[1]);
	if (status == MTLS_OK)
		status = wait_for_pin(helper_fd, fds[0], deadline, err);
	if (status == MTLS_OK) {
		mtls_err_clear(&reading);
		status = mtls_secret_read(pin, fds[0],
		    mtls_deadline_left_ms(deadline), &reading);
		if (status == MTLS_E_CLOSED)
			status = mtls_fail(err, MTLS_E_CANCELLED,
			    "no PIN was entered");
		else if (status == MTLS_E_USAGE)
			status = mtls_fail(err, MTLS_E_PIN_WRONG,
			    "the PIN is longer than PINs are");
		else if (status != MTLS_OK)
			status = mtls_fail(err, status, "%s", reading.text);
	}
	close(fds[0]);
	if (status != MTLS_OK)
		mtls_secret_clear(pin);
	return status;
}

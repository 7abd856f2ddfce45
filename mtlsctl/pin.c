/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * PINs on their way to the card.
 */
#include "config.h"

#include "mtlsctl/pin.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtls/message.h"
#include "mtlsctl/terminal.h"

/* The first line of fd, or all of it; a byte at a time, so that what comes
 * after the line stays there. */
static enum mtls_status
read_fd(int fd, char out[PIN_SIZE], struct mtls_err *err)
{
	size_t len = 0;
	ssize_t n;
	char c = 0;

	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mtls_fail_errno(err, MTLS_E_USAGE, errno,
			    "--pin-fd %d", fd);
		if (n == 0 || c == '\n')
			break;
		if (len == PIN_SIZE - 1 || c == '\0')
			return mtls_fail(err, MTLS_E_CANCELLED,
			    "--pin-fd: that is no PIN");
		out[len++] = c;
	}
	out[len] = '\0';
	return MTLS_OK;
}

enum mtls_status
pin_read(const struct pin_source *source, const char *prompt,
    char out[PIN_SIZE], struct mtls_err *err)
{
	enum mtls_status status;

	if (source->fd != PIN_NO_FD)
		status = read_fd((int)source->fd, out, err);
	else
		status = terminal_ask(prompt, TERMINAL_SILENT, out, PIN_SIZE,
		    err);
	if (status == MTLS_E_CONVERSATION)
		mtls_err_context(err, "use --pin-fd");
	if (status == MTLS_OK && out[0] == '\0')
		status = mtls_fail(err, MTLS_E_CANCELLED,
		    "an empty PIN; the card was not asked");
	if (status != MTLS_OK)
		mtls_wipe(out, PIN_SIZE);
	return status;
}

enum mtls_status
pin_read_secret(const struct pin_source *source, const char *prompt,
    struct mtls_secret **ret, struct mtls_err *err)
{
	struct mtls_secret *secret = mtls_secret_new(PIN_SIZE - 1);
	enum mtls_status status;
	char pin[PIN_SIZE];
	int fds[2] = { -1, -1 };

	if (secret == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = mtls_message_socketpair(fds, err);
	if (status == MTLS_OK)
		status = pin_read(source, prompt, pin, err);
	/* The only way into a secret is a descriptor. */
	if (status == MTLS_OK && send(fds[0], pin, strlen(pin),
	    MSG_NOSIGNAL) != (ssize_t)strlen(pin))
		status = mtls_fail_errno(err, MTLS_E_SYSTEM, errno, "send");
	mtls_wipe_array(pin);
	if (status == MTLS_OK)
		status = mtls_secret_read(secret, fds[1], 1000, err);
	if (fds[0] >= 0) {
		close(fds[0]);
		close(fds[1]);
	}
	if (status == MTLS_OK)
		*ret = secret;
	else
		mtls_secret_free(secret);
	return status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A module of a gateway under an attacker's control: "pam_say.so SOCKET" says
 * what comes from the socket and hands back what is answered. A question is
 * its style and length (two ints) and that many bytes; the answer a length
 * (-1: the conversation has failed) and that many bytes. Style 0 ends the
 * login, with the "length" as the module's result. Tests only.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#pragma GCC visibility push(default)
#include <security/pam_modules.h>
#pragma GCC visibility pop

#define QUESTION_MAX	(64 * 1024 * 1024)

static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&address,
	    sizeof(address)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
get(int fd, void *data, size_t len)
{
	return len == 0 || recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

static int
put(int fd, const void *data, size_t len)
{
	return len == 0 || send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* One question; whether its answer was handed back. */
static int
say(pam_handle_t *pamh, int fd, int style, const char *text)
{
	const struct pam_message message = { style, text };
	const struct pam_message *messages[1] = { &message };
	struct pam_response *response = NULL;
	const void *item = NULL;
	const struct pam_conv *conv;
	const char *answer = "";
	int len = -1, done;

	if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS ||
	    item == NULL)
		return 0;
	conv = item;
	if (conv->conv(1, messages, &response, conv->appdata_ptr) ==
	    PAM_SUCCESS) {
		if (response != NULL && response->resp != NULL)
			answer = response->resp;
		len = (int)strlen(answer);
	}
	done = put(fd, &len, sizeof(len)) &&
	    put(fd, answer, len > 0 ? (size_t)len : 0);
	if (response != NULL)
		free(response->resp);
	free(response);
	return done;
}

int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc,
    const char **argv)
{
	int head[2], going = 1, result = PAM_AUTH_ERR;
	int fd = argc == 1 ? connect_to(argv[0]) : -1;
	char *text;

	(void)flags;
	if (fd == -1)
		return PAM_SYSTEM_ERR;
	while (going && get(fd, head, sizeof(head))) {
		if (head[0] == 0) {
			result = head[1];
			break;
		}
		if (head[1] < 0 || head[1] > QUESTION_MAX)
			break;
		text = calloc(1, (size_t)head[1] + 1);
		going = text != NULL && get(fd, text, (size_t)head[1]) &&
		    say(pamh, fd, head[0], text);
		free(text);
	}
	(void)close(fd);
	return result;
}

int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

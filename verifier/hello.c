/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TCP_DEFER_ACCEPT and SO_RCVLOWAT, which accepted sockets inherit. OpenSSL
 * allocates what a whole handshake needs when it is given the first byte, so
 * it is not given one before there is something that it can do.
 */
#include "config.h"

#include "hello.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/socket.h>

#include <openssl/ssl3.h>

/* How long the kernel keeps a connection on which nothing has come. */
#define DEFER_S		10
/* Bytes; a client of TLS 1.2 or 1.3 cannot begin with fewer. */
#define HELLO_MIN	64

/* Of TLS: type, version and length; and the most that may follow. */
#define RECORD_HEADER	5
#define RECORD_MAX	(RECORD_HEADER + SSL3_RT_MAX_PLAIN_LENGTH)

static int
want(int fd, int bytes)
{
	return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes,
	    sizeof(bytes));
}

void
hello_expect(int listening_fd)
{
	int defer_s = DEFER_S;

	(void)setsockopt(listening_fd, IPPROTO_TCP, TCP_DEFER_ACCEPT,
	    &defer_s, sizeof(defer_s));
	(void)want(listening_fd, HELLO_MIN);
}

void
hello_wait(int fd)
{
	uint8_t header[RECORD_HEADER];
	int len;

	/* Until there is a header, HELLO_MIN holds. */
	if (recv(fd, header, sizeof(header), MSG_PEEK | MSG_DONTWAIT) !=
	    (ssize_t)sizeof(header))
		return;
	len = RECORD_HEADER + (header[3] << 8 | header[4]);
	/* What is not TLS is for OpenSSL to say. */
	(void)want(fd, header[0] == SSL3_RT_HANDSHAKE && len <= RECORD_MAX ?
	    len : 1);
}

int
hello_begins(int fd)
{
	return want(fd, 1);
}

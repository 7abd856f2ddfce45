/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections that begin a handshake and then say nothing: as many bytes of
 * a ClientHello as a slow client has sent so far. Reports how many the
 * server still holds, whenever it is asked to.
 */
#include "config.h"

#include "load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>

#define HALF_BYTES 50

static void
client_hello(struct load *load, char out[HALF_BYTES])
{
	SSL *ssl = SSL_new(load->ctx);
	BIO *in = BIO_new(BIO_s_mem()), *hello = BIO_new(BIO_s_mem());

	load_must(ssl != NULL && in != NULL && hello != NULL, "TLS");
	SSL_set_bio(ssl, in, hello);
	SSL_set_connect_state(ssl);
	(void)SSL_do_handshake(ssl);
	load_must(BIO_read(hello, out, HALF_BYTES) == HALF_BYTES, "hello");
	SSL_free(ssl);
}

static void
wait_connected(int fd)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };

	load_must(poll(&pfd, 1, 10000) == 1, "no connection");
}

static size_t
count_open(const int *fds, size_t n)
{
	size_t n_open = 0;
	char byte;

	for (size_t i = 0; i < n; i++) {
		if (recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
		    errno == EAGAIN)
			n_open++;
	}
	return n_open;
}

void
mode_half_open(struct load *load, const struct options *o)
{
	int *fds = calloc(o->n, sizeof(*fds));
	char hello[HALF_BYTES], line[16];

	load_must(fds != NULL, "memory");
	client_hello(load, hello);
	load_ready();
	for (size_t i = 0; i < o->n; i++) {
		fds[i] = load_connect(load, o->user_port);
		wait_connected(fds[i]);
		load_must(send(fds[i], hello, sizeof(hello), MSG_NOSIGNAL) ==
		    (ssize_t)sizeof(hello), "send");
	}
	do {
		printf("{\"open\": %zu}\n", count_open(fds, o->n));
		fflush(stdout);
	} while (fgets(line, sizeof(line), stdin) != NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A thread that writes to a connection for as long as the other side takes
 * it, up to FLOOD_MAX.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_verifier_internal.h"
#include "tls_records.h"

#define FLOOD_MAX	(64u * 1024 * 1024)
#define BLOCK		(64u * 1024)
#define RECORD_MAX	1024u

struct fake_flood_thread {
	pthread_t thread;
	enum fake_flood kind;
	int fd;
	struct tls_records forge;
	size_t n_records;
};

/* One record of the kind; 0 where there are no more of it. */
static size_t
next_record(struct fake_flood_thread *f, uint8_t *out)
{
	static const uint8_t key_update[] = { 24, 0, 0, 1, 0 };
	static const uint8_t warning[] = { 1, 90 };	/* user_canceled */
	static const uint8_t ticket[] = { 4, 0, 0, 15, 0, 0, 1, 0, 0, 0, 0, 0,
	    1, 0, 0, 1, 0, 0, 0 };
	/* certificate_request_context "", signature_algorithms */
	static const uint8_t request[] = { 13, 0, 0, 11, 0, 0, 8, 0, 13, 0, 4,
	    0, 2, 4, 3 };
	uint8_t filler[900];
	size_t len;

	memset(filler, 0, sizeof(filler));
	switch (f->kind) {
	case FAKE_EMPTY_RECORDS:
		return tls_records_next(&f->forge, TLS_RECORDS_DATA, NULL, 0,
		    out);
	case FAKE_KEY_UPDATES:
		len = tls_records_next(&f->forge, TLS_RECORDS_HANDSHAKE,
		    key_update, sizeof(key_update), out);
		tls_records_next_keys(&f->forge);
		return len;
	case FAKE_TICKETS:
		return tls_records_next(&f->forge, TLS_RECORDS_HANDSHAKE,
		    ticket, sizeof(ticket), out);
	case FAKE_WARNINGS:
		return tls_records_next(&f->forge, TLS_RECORDS_ALERT, warning,
		    sizeof(warning), out);
	case FAKE_LONG_MESSAGE:
		if (f->n_records == 0)
			memcpy(filler, "\x04\xff\xff\xff", 4);
		return tls_records_next(&f->forge, TLS_RECORDS_HANDSHAKE,
		    filler, sizeof(filler), out);
	case FAKE_LONG_HELLO:
		memcpy(out, "\x16\x03\x03\x03\x84", 5);
		if (f->n_records == 0)
			memcpy(filler, "\x02\xff\xff\xff\x03\x03", 6);
		memcpy(out + 5, filler, sizeof(filler));
		return 5 + sizeof(filler);
	case FAKE_SECOND_REQUEST:
		return f->n_records > 0 ? 0 : tls_records_next(&f->forge,
		    TLS_RECORDS_HANDSHAKE, request, sizeof(request), out);
	case FAKE_NO_FLOOD:
	case FAKE_FLOODS:
	case FAKE_1000_KEY_UPDATES:
	case FAKE_RENEGOTIATION:
		break;
	}
	return 0;
}

static int
send_all(int fd, const uint8_t *data, size_t len)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	ssize_t n;

	while (len > 0) {
		if (poll(&pfd, 1, -1) != 1)
			return -1;
		n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static void *
flood(void *arg)
{
	struct fake_flood_thread *f = arg;
	uint8_t *block = malloc(BLOCK);
	size_t len, n, sent = 0;

	if (block == NULL)
		abort();
	do {
		for (len = 0, n = 1; n > 0 && len + RECORD_MAX <= BLOCK;
		    len += n, f->n_records++)
			n = next_record(f, block + len);
		sent += len;
	} while (n > 0 && send_all(f->fd, block, len) == 0 &&
	    sent < FLOOD_MAX);
	if (n == 0)
		(void)send_all(f->fd, block, len);
	free(block);
	return NULL;
}

struct fake_flood_thread *
fake_flood_begin(enum fake_flood kind, int fd, const SSL *ssl)
{
	struct fake_flood_thread *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->kind = kind;
	f->fd = fd;
	if (ssl != NULL)
		tls_records_begin(&f->forge, ssl);
	if (pthread_create(&f->thread, NULL, flood, f) != 0)
		abort();
	return f;
}

void
fake_flood_end(struct fake_flood_thread *f)
{
	if (f == NULL)
		return;
	(void)shutdown(f->fd, SHUT_RDWR);
	(void)pthread_join(f->thread, NULL);
	free(f);
}

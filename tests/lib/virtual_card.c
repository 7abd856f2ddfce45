/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * virtual_card NSSDIR PORT NICKNAME NICKNAME NICKNAME
 *
 * A smart card without a card: libcacard emulates a CAC with three
 * certificates out of an NSS database, and this program carries its APDUs to
 * a reader of vpcd on 127.0.0.1:PORT, so that pcscd and OpenSC see a card.
 * SIGUSR1 pulls the card, SIGUSR2 puts it back, SIGTERM ends. Each change is
 * one line on stderr: "inserted", "removed". For tests only.
 */
#include "config.h"

#include <sys/signalfd.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libcacard.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A message of vpcd of one byte is not an APDU but one of these. */
enum vpcd_control {
	VPCD_POWER_OFF = 0,
	VPCD_POWER_ON = 1,
	VPCD_RESET = 2,
	VPCD_ATR = 4
};

#define APDU_MAX	65535
#define RETRY_MS	50
#define RETRIES		600	/* 30 s: pcscd may still be starting */

struct card {
	VReader *reader;
	int signal_fd;
	int link_fd;			/* -1 while the card is out */
	unsigned char atr[64];
	int atr_len;
	unsigned char in[APDU_MAX];
	unsigned char out[2 + APDU_MAX];
};

static int
read_all(int fd, unsigned char *bytes, size_t len)
{
	int one = 1;
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, bytes + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		have += (size_t)n;
		/*
		 * vpcd writes length and body apart: without this every APDU
		 * waits 40 ms for a delayed acknowledgement.
		 */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one,
		    sizeof(one));
	}
	return 0;
}

/* Sends the len bytes that stand in card->out behind the length field. */
static int
reply(struct card *card, size_t len)
{
	size_t sent = 0;

	card->out[0] = (unsigned char)(len >> 8);
	card->out[1] = (unsigned char)(len & 0xff);
	while (sent < len + 2) {
		ssize_t n = send(card->link_fd, card->out + sent,
		    len + 2 - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		sent += (size_t)n;
	}
	return 0;
}

static void
power_on(struct card *card)
{
	card->atr_len = sizeof(card->atr);
	if (vreader_power_on(card->reader, card->atr, &card->atr_len) !=
	    VREADER_OK)
		card->atr_len = 0;
}

/*
 * vpcd asks for the ATR again and again to see whether the card is there;
 * powering on each time would reset the applet under the feet of whoever
 * talks to it, so the ATR is kept.
 */
static int
control(struct card *card, unsigned char what)
{
	switch ((enum vpcd_control)what) {
	case VPCD_POWER_OFF:
		vreader_power_off(card->reader);
		return 0;
	case VPCD_RESET:
		vreader_power_off(card->reader);
		power_on(card);
		return 0;
	case VPCD_POWER_ON:
		power_on(card);
		return 0;
	case VPCD_ATR:
		if (card->atr_len == 0)
			power_on(card);
		memcpy(card->out + 2, card->atr, (size_t)card->atr_len);
		return reply(card, (size_t)card->atr_len);
	}
	return 0;
}

static int
serve_message(struct card *card)
{
	unsigned char head[2];
	int out_len = APDU_MAX;
	int len;

	if (read_all(card->link_fd, head, sizeof(head)) != 0)
		return -1;
	len = head[0] << 8 | head[1];
	if (read_all(card->link_fd, card->in, (size_t)len) != 0)
		return -1;
	if (len == 1)
		return control(card, card->in[0]);
	if (vreader_xfr_bytes(card->reader, card->in, len, card->out + 2,
	    &out_len) != VREADER_OK) {
		card->out[2] = 0x6f;	/* "no precise diagnosis" */
		card->out[3] = 0x00;
		out_len = 2;
	}
	return reply(card, (size_t)out_len);
}

static void
insert(struct card *card, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int one = 1;

	for (int i = 0; i < RETRIES && card->link_fd == -1; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd == -1)
			err(1, "socket");
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			card->link_fd = fd;
		} else {
			(void)close(fd);
			(void)poll(NULL, 0, RETRY_MS);
		}
	}
	if (card->link_fd == -1)
		err(1, "connect to vpcd on port %u", port);
	(void)setsockopt(card->link_fd, IPPROTO_TCP, TCP_NODELAY, &one,
	    sizeof(one));
	fprintf(stderr, "inserted\n");
}

static void
pull(struct card *card)
{
	if (card->link_fd == -1)
		return;
	(void)close(card->link_fd);
	card->link_fd = -1;
	card->atr_len = 0;
	vreader_power_off(card->reader);
	fprintf(stderr, "removed\n");
}

/* The next signal; 0 is impossible. */
static int
next_signal(const struct card *card)
{
	struct signalfd_siginfo info;

	if (read(card->signal_fd, &info, sizeof(info)) != sizeof(info))
		err(1, "read from signalfd");
	return (int)info.ssi_signo;
}

static void
serve(struct card *card, uint16_t port)
{
	insert(card, port);
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = card->signal_fd, .events = POLLIN },
			{ .fd = card->link_fd, .events = POLLIN }
		};

		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			err(1, "poll");
		if (fds[0].revents != 0) {
			int number = next_signal(card);

			if (number == SIGTERM)
				return;
			if (number == SIGUSR1)
				pull(card);
			else if (card->link_fd == -1)
				insert(card, port);
		} else if (fds[1].revents != 0 && serve_message(card) != 0) {
			pull(card);
		}
	}
}

static void
emulate(struct card *card, const char *nssdir, char *const names[3])
{
	char options[1024];
	int n = snprintf(options, sizeof(options), "db=\"sql:%s\" use_hw=no "
	    "soft=(,Virtual reader,CAC,,%s,%s,%s)", nssdir, names[0],
	    names[1], names[2]);

	if (n < 0 || (size_t)n >= sizeof(options))
		errx(2, "names too long");
	if (vcard_emul_init(vcard_emul_options(options)) != VCARD_EMUL_OK)
		errx(1, "libcacard refuses %s", options);
	card->reader = vreader_get_reader_by_name("Virtual reader");
	if (card->reader == NULL ||
	    vreader_card_is_present(card->reader) != VREADER_OK)
		errx(1, "libcacard has no card for %s", options);
}

int
main(int argc, char *argv[])
{
	static struct card card = { .link_fd = -1 };
	sigset_t signals;
	long port;
	char *end;

	if (argc != 6)
		errx(2, "usage: virtual_card NSSDIR PORT NAME NAME NAME");
	port = strtol(argv[2], &end, 10);
	if (*end != '\0' || port < 1 || port > UINT16_MAX)
		errx(2, "no port: %s", argv[2]);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGUSR1);
	(void)sigaddset(&signals, SIGUSR2);
	(void)sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) == -1)
		err(1, "sigprocmask");
	card.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (card.signal_fd == -1)
		err(1, "signalfd");
	emulate(&card, argv[1], &argv[3]);
	serve(&card, (uint16_t)port);
	pull(&card);
	vreader_free(card.reader);
	return 0;
}

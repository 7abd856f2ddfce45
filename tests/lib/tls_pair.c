/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * TLS over memory; see tls_pair.h.
 */
#include "config.h"

#include "tls_pair.h"

#include <err.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#define ROUNDS	40

void
tls_pair_init(struct tls_pair *pair, SSL *client, SSL *server)
{
	BIO *a = NULL;
	BIO *b = NULL;

	memset(pair, 0, sizeof(*pair));
	if (client == NULL || server == NULL ||
	    BIO_new_bio_pair(&a, 1 << 17, &b, 1 << 17) != 1)
		errx(99, "tls_pair: no connection");
	SSL_set_bio(client, a, a);
	SSL_set_bio(server, b, b);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	pair->client.ssl = client;
	pair->server.ssl = server;
}

void
tls_pair_free(struct tls_pair *pair)
{
	/* As if closed properly: a session cut off cannot be resumed. */
	SSL_set_shutdown(pair->client.ssl, SSL_SENT_SHUTDOWN |
	    SSL_RECEIVED_SHUTDOWN);
	SSL_set_shutdown(pair->server.ssl, SSL_SENT_SHUTDOWN |
	    SSL_RECEIVED_SHUTDOWN);
	SSL_free(pair->client.ssl);
	SSL_free(pair->server.ssl);
	memset(pair, 0, sizeof(*pair));
}

/* Keeps why end stopped, unless it only waits for the other side. */
static void
note(struct tls_end *end, int ret)
{
	int e = SSL_get_error(end->ssl, ret);

	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
		return;
	end->ssl_error = e;
	if (e != SSL_ERROR_WANT_X509_LOOKUP)
		end->status = mtls_tls_failure(end->ssl, ERR_get_error(),
		    &end->err);
	ERR_clear_error();
}

static void
step(struct tls_end *end)
{
	int ret;

	if (end->is_done || end->ssl_error != 0)
		return;
	ERR_clear_error();
	ret = SSL_do_handshake(end->ssl);
	if (ret == 1)
		end->is_done = 1;
	else
		note(end, ret);
}

void
tls_pair_handshake(struct tls_pair *pair)
{
	for (int i = 0; i < ROUNDS; i++) {
		step(&pair->client);
		step(&pair->server);
	}
}

int
tls_pair_read(struct tls_end *end, void *buf, int size)
{
	int n;

	if (end->ssl_error != 0)
		return 0;
	ERR_clear_error();
	n = SSL_read(end->ssl, buf, size);
	if (n > 0)
		return n;
	note(end, n);
	return 0;
}

int
tls_pair_carries(struct tls_end *from, struct tls_end *to, const char *text)
{
	char buf[256];
	int len = (int)strlen(text);

	ERR_clear_error();
	if (SSL_write(from->ssl, text, len) != len) {
		ERR_clear_error();
		return 0;
	}
	return tls_pair_read(to, buf, sizeof(buf)) == len &&
	    memcmp(buf, text, (size_t)len) == 0;
}

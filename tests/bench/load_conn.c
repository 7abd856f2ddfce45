/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Connections of the load generator: TLS client, one request at a time.
 */
#include "config.h"

#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

/* How many addresses of 127.0.0.0/8 the clients come from. */
#define N_ADDRESSES	4000u
#define EVENTS_MAX	256

static int
take_it(X509_STORE_CTX *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
	return 1;
}

void
load_init(struct load *load)
{
	memset(load, 0, sizeof(*load));
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load_must(load->epoll >= 0, "epoll");
	load->ctx = SSL_CTX_new(TLS_client_method());
	load_must(load->ctx != NULL && SSL_CTX_set_min_proto_version(
	    load->ctx, TLS1_3_VERSION) == 1 && SSL_CTX_set1_groups_list(
	    load->ctx, "X25519") == 1, "TLS");
	SSL_CTX_set_mode(load->ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_session_cache_mode(load->ctx, SSL_SESS_CACHE_OFF);
	/* The server is ours; what is measured is what it does. */
	SSL_CTX_set_cert_verify_callback(load->ctx, take_it, NULL);
}

int
load_connect(struct load *load, int port)
{
	unsigned n = load->n_connections++ % N_ADDRESSES;
	struct sockaddr_in from = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(0x7f000100u + n) };
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)port) };
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	load_must(fd >= 0 && setsockopt(fd, IPPROTO_IP,
	    IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == 0 &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ||
	    errno == EINPROGRESS), "connect");
	return fd;
}

static void
present(SSL *ssl, const struct credentials *c, size_t i)
{
	load_must(i < c->n && SSL_use_certificate(ssl,
	    c->certificates[i]) == 1 && SSL_use_PrivateKey(ssl,
	    c->keys[i]) == 1 && SSL_set1_chain(ssl, c->chain) == 1,
	    "certificate");
}

struct conn *
conn_new(struct load *load, int port, const struct credentials *credentials,
    size_t i)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

	load_must(c != NULL, "memory");
	c->fd = load_connect(load, port);
	c->ssl = SSL_new(load->ctx);
	load_must(c->ssl != NULL && SSL_set_fd(c->ssl, c->fd) == 1, "TLS");
	SSL_set_connect_state(c->ssl);
	present(c->ssl, credentials, i);
	event.data.ptr = c;
	load_must(epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0,
	    "epoll");
	return c;
}

void
conn_free(struct load *load, struct conn *c)
{
	/* There may be an event for it in the batch of now. */
	if (c->fd < 0)
		return;
	(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	close(c->fd);
	c->fd = -1;
	c->ssl = NULL;
	c->next = load->spent;
	load->spent = c;
}

static void
answer(struct conn *c, int status, const char *body)
{
	conn_answer_fn fn = c->answer;

	c->answer = NULL;
	if (fn != NULL)
		fn(c, status, body);
}

/* Whether OpenSSL only waits; otherwise the connection is at its end. */
static int
is_waiting(struct conn *c, int result)
{
	int e = SSL_get_error(c->ssl, result);

	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
		return 1;
	ERR_clear_error();
	c->is_failed = 1;
	answer(c, 0, "");
	return 0;
}

/* The answer, once all of it is there. */
static void
look(struct conn *c)
{
	char *body, *length;
	size_t head_len;
	int status;

	c->in[c->in_len] = '\0';
	body = strstr(c->in, "\r\n\r\n");
	if (body == NULL)
		return;
	body += 4;
	head_len = (size_t)(body - c->in);
	length = strcasestr(c->in, "content-length:");
	load_must(length != NULL && length < body, "no Content-Length");
	if (c->in_len < head_len + (size_t)atol(length + 15))
		return;
	status = atoi(c->in + 9);
	c->in_len = 0;
	answer(c, status, body);
}

static void
work(struct conn *c)
{
	int n;

	if (!c->is_shaken) {
		n = SSL_do_handshake(c->ssl);
		if (n != 1) {
			(void)is_waiting(c, n);
			return;
		}
		c->is_shaken = 1;
	}
	if (c->out_len > 0) {
		n = SSL_write(c->ssl, c->out, (int)c->out_len);
		if (n <= 0) {
			(void)is_waiting(c, n);
			return;
		}
		c->out_len = 0;
	}
	while (c->fd >= 0 && !c->is_failed) {
		load_must(c->in_len + 1 < sizeof(c->in), "long answer");
		n = SSL_read(c->ssl, c->in + c->in_len,
		    (int)(sizeof(c->in) - 1 - c->in_len));
		if (n <= 0) {
			(void)is_waiting(c, n);
			return;
		}
		c->in_len += (size_t)n;
		look(c);
	}
}

void
conn_ask(struct conn *c, const char *request, conn_answer_fn answer_fn,
    void *arg)
{
	int n;

	load_must(strlen(request) < sizeof(c->out), "long request");
	c->out_len = strlen(request);
	memcpy(c->out, request, c->out_len);
	c->answer = answer_fn;
	c->arg = arg;
	if (!c->is_shaken || c->is_failed)
		return;
	n = SSL_write(c->ssl, c->out, (int)c->out_len);
	if (n > 0)
		c->out_len = 0;
	else
		(void)is_waiting(c, n);
}

void
load_step(struct load *load, double timeout_s)
{
	struct epoll_event events[EVENTS_MAX];
	struct conn *c;
	int n;

	n = epoll_wait(load->epoll, events, EVENTS_MAX,
	    (int)(timeout_s * 1e3));
	load_must(n >= 0 || errno == EINTR, "epoll");
	for (int i = 0; i < n; i++) {
		c = events[i].data.ptr;
		if (c->fd >= 0 && !c->is_failed)
			work(c);
	}
	while ((c = load->spent) != NULL) {
		load->spent = c->next;
		free(c);
	}
}

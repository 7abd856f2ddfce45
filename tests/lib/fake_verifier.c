/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Listeners, connections and TLS of the fake verifier.
 */
#include "config.h"

#include "fake_verifier.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_verifier_internal.h"
#include "tls_records.h"

#define MUST(x) \
	do { \
		if (!(x)) { \
			(void)fprintf(stderr, "fake verifier: %s\n", #x); \
			abort(); \
		} \
	} while (0)

static int
accept_http11(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len,
	    ours, sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static int
refuse(int ok, X509_STORE_CTX *ctx)
{
	(void)ok;
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REVOKED);
	return 0;
}

/* As many short names as wanted: as much as a list of them can hold. */
static void
add_ca_names(SSL_CTX *ctx, int n)
{
	X509_NAME *name = X509_NAME_new();

	MUST(name != NULL);
	MUST(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"x", 1, -1, 0) == 1);
	for (int i = 0; i < n; i++)
		MUST(sk_X509_NAME_push((STACK_OF(X509_NAME) *)(uintptr_t)
		    SSL_CTX_get_client_CA_list(ctx),
		    X509_NAME_dup(name)) > 0);
	X509_NAME_free(name);
}

static SSL_CTX *
make_ctx(const struct fake_listener_options *o)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	MUST(ctx != NULL);
	if (o->max_version != 0)
		MUST(SSL_CTX_set_max_proto_version(ctx, o->max_version) == 1);
	SSL_CTX_set_alpn_select_cb(ctx, accept_http11, NULL);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	if (o->cert != NULL) {
		MUST(SSL_CTX_use_certificate(ctx, o->cert) == 1);
		MUST(SSL_CTX_use_PrivateKey(ctx, o->key) == 1);
	}
	if (o->more != NULL)
		for (int i = 0; i <= o->n_more_certs; i++)
			MUST(SSL_CTX_add1_chain_cert(ctx, o->more) == 1);
	if (o->client_ca != NULL && !o->asks_nothing) {
		MUST(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx),
		    o->client_ca) == 1);
		MUST(X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx),
		    X509_V_FLAG_PARTIAL_CHAIN) == 1);
		MUST(SSL_CTX_add_client_CA(ctx, o->client_ca) == 1);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER |
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, o->refuse_clients ?
		    refuse : NULL);
		add_ca_names(ctx, o->n_more_cas);
	}
	tls_records_watch(ctx);
	return ctx;
}

static void
forget(struct fake_connection *c)
{
	struct fake_connection **p;

	for (p = &c->listener->verifier->connections; *p != NULL;
	    p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			break;
		}
	}
	fake_flood_end(c->flood);
	if (c->slow != NULL)
		event_free(c->slow);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	else if (c->fd != -1)
		(void)close(c->fd);
	free(c->slow_text);
	free(c);
}

void
fake_connection_end(struct fake_connection *c)
{
	forget(c);
}

static void
reset_fd(int fd)
{
	static const struct linger now = { 1, 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void
fake_connection_reset(struct fake_connection *c)
{
	reset_fd(c->bev != NULL ? bufferevent_getfd(c->bev) : c->fd);
	forget(c);
}

/* So that the end is an end and not a reset, which bytes unread would be. */
static void
drain(int fd)
{
	char buf[1024];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/* What only OpenSSL itself can send, and then the usual. */
static void
begin_oddly(SSL *ssl, enum fake_flood flood)
{
	if (flood == FAKE_RENEGOTIATION) {
		MUST(SSL_renegotiate(ssl) == 1);
		(void)SSL_do_handshake(ssl);
	}
	for (int i = 0; flood == FAKE_1000_KEY_UPDATES && i < 1000; i++) {
		MUST(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1);
		MUST(SSL_do_handshake(ssl) == 1);
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct fake_connection *c = arg;
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	enum fake_flood flood = c->listener->options->flood;
	X509 *peer;

	if (what & BEV_EVENT_CONNECTED) {
		peer = ssl != NULL ? SSL_get1_peer_certificate(ssl) : NULL;
		if (peer != NULL)
			c->listener->verifier->record.handshakes[
			    c->listener->which]++;
		X509_free(peer);
		if (flood > FAKE_FLOODS)
			begin_oddly(ssl, flood);
		else if (flood != FAKE_NO_FLOOD)
			c->flood = fake_flood_begin(flood,
			    bufferevent_getfd(bev), ssl);
	}
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
		c->listener->verifier->record.ended[c->listener->which]++;
		drain(bufferevent_getfd(bev));
		forget(c);
	}
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct fake_connection *c = arg;

	if (c->end_when_written &&
	    evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		forget(c);
}

static void
on_hello(evutil_socket_t fd, short what, void *arg)
{
	struct fake_connection *c = arg;

	(void)what;
	reset_fd(fd);
	forget(c);
}

static void
greet_oddly(struct fake_connection *c, enum fake_greeting greeting)
{
	static const char plain[] = "HTTP/1.1 201 Created\r\n"
	    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

	switch (greeting) {
	case FAKE_RESET:
		reset_fd(c->fd);
		forget(c);
		break;
	case FAKE_CLOSE:
		forget(c);
		break;
	case FAKE_RESET_HELLO:
		c->slow = event_new(c->listener->verifier->options.base,
		    c->fd, EV_READ, on_hello, c);
		MUST(event_add(c->slow, NULL) == 0);
		break;
	case FAKE_PLAIN:
		MUST(write(c->fd, plain, sizeof(plain) - 1) > 0);
		break;
	case FAKE_REFUSED:
	case FAKE_SILENT:
	case FAKE_TLS:
		break;
	}
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int len, void *arg)
{
	struct fake_listener *l = arg;
	struct fake_verifier *v = l->verifier;
	struct fake_connection *c = calloc(1, sizeof(*c));

	(void)listener;
	(void)sa;
	(void)len;
	MUST(c != NULL);
	v->record.connections[l->which]++;
	c->listener = l;
	c->fd = fd;
	c->next = v->connections;
	v->connections = c;
	if (l->options->flood == FAKE_LONG_HELLO) {
		c->flood = fake_flood_begin(FAKE_LONG_HELLO, fd, NULL);
		return;
	}
	if (l->options->greeting != FAKE_TLS &&
	    v->record.connections[l->which] >= l->options->greet_from &&
	    (l->options->greet_until == 0 ||
	    v->record.connections[l->which] <= l->options->greet_until)) {
		greet_oddly(c, l->options->greeting);
		return;
	}
	c->bev = bufferevent_openssl_socket_new(v->options.base, fd,
	    SSL_new(l->ctx), BUFFEREVENT_SSL_ACCEPTING,
	    BEV_OPT_CLOSE_ON_FREE);
	MUST(c->bev != NULL);
	bufferevent_setcb(c->bev, fake_on_readable, on_written, on_event, c);
	MUST(bufferevent_enable(c->bev, EV_READ | EV_WRITE) == 0);
}

static void
listen_on_loopback(struct fake_verifier *v, int which,
    const struct fake_listener_options *options)
{
	struct fake_listener *l = &v->listeners[which];
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	l->verifier = v;
	l->which = which;
	l->options = options;
	l->ctx = make_ctx(options);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->listener = evconnlistener_new_bind(v->options.base, on_accept, l,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 64,
	    (struct sockaddr *)&sin, sizeof(sin));
	MUST(l->listener != NULL);
	MUST(getsockname(evconnlistener_get_fd(l->listener),
	    (struct sockaddr *)&sin, &len) == 0);
	l->port = ntohs(sin.sin_port);
	if (options->greeting == FAKE_REFUSED && options->greet_from == 0) {
		evconnlistener_free(l->listener);
		l->listener = NULL;
	}
}

struct fake_verifier *
fake_verifier_new(const struct fake_verifier_options *options)
{
	struct fake_verifier *v = calloc(1, sizeof(*v));

	MUST(v != NULL);
	v->options = *options;
	listen_on_loopback(v, 0, &v->options.device);
	listen_on_loopback(v, 1, &v->options.user);
	return v;
}

void
fake_verifier_stop(struct fake_verifier *v)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (v->listeners[i].listener != NULL)
			evconnlistener_free(v->listeners[i].listener);
		v->listeners[i].listener = NULL;
	}
	while (v->connections != NULL)
		forget(v->connections);
	v->record.second_handshakes = 0;
	for (i = 0; i < 2; i++)
		v->record.second_handshakes +=
		    SSL_CTX_sess_accept_good(v->listeners[i].ctx) -
		    v->record.handshakes[i];
}

void
fake_verifier_free(struct fake_verifier *v)
{
	if (v == NULL)
		return;
	fake_verifier_stop(v);
	SSL_CTX_free(v->listeners[0].ctx);
	SSL_CTX_free(v->listeners[1].ctx);
	mtls_body_clear(MTLS_BODY_OPEN, &v->record.open);
	free(v);
}

uint16_t
fake_verifier_device_port(const struct fake_verifier *v)
{
	return v->listeners[0].port;
}

uint16_t
fake_verifier_user_port(const struct fake_verifier *v)
{
	return v->listeners[1].port;
}

const struct fake_verifier_record *
fake_verifier_record0(const struct fake_verifier *v)
{
	return &v->record;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The client of the rig: OpenSSL and sockets, and no opinion of its own.
 */
#include "config.h"

#include "tls_records.h"
#include "verifier_rig.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "mtls/text.h"

#include "../lib/unit.h"

#define TIMEOUT_S 30

static int
connect_to(int port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval tv = { TIMEOUT_S, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
present(SSL_CTX *ctx, const struct http_options *o)
{
	EVP_PKEY *key = o->key != NULL ? o->key : o->cert->key;

	assert_int_equal(SSL_CTX_use_certificate(ctx, o->cert->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	for (size_t i = 0; o->chain != NULL && o->chain[i] != NULL; i++)
		assert_int_equal(SSL_CTX_add1_chain_cert(ctx,
		    o->chain[i]->x509), 1);
}

void
http_open(struct http *h, const struct rig *rig, enum role role,
    const struct http_options *o)
{
	unsigned char alpn[64];
	size_t len;

	memset(h, 0, sizeof(*h));
	h->fd = connect_to(rig->ports[role]);
	h->ctx = SSL_CTX_new_ex(mtls_tls_libctx0(rig->tls), NULL,
	    TLS_client_method());
	assert_non_null(h->ctx);
	SSL_CTX_set_security_level(h->ctx, 0);
	SSL_CTX_set_mode(h->ctx, SSL_MODE_NO_AUTO_CHAIN);
	if (o->forge)
		tls_records_watch(h->ctx);
	SSL_CTX_set_post_handshake_auth(h->ctx, o->post_handshake_auth);
	if (o->max_version > 0)
		assert_int_equal(SSL_CTX_set_max_proto_version(h->ctx,
		    o->max_version), 1);
	if (o->cert != NULL)
		present(h->ctx, o);
	if (o->sigalgs != NULL)
		assert_int_equal(SSL_CTX_set1_client_sigalgs_list(h->ctx,
		    o->sigalgs), 1);
	if (o->alpn != NULL) {
		len = strlen(o->alpn);
		alpn[0] = (unsigned char)len;
		memcpy(alpn + 1, o->alpn, len);
		assert_int_equal(SSL_CTX_set_alpn_protos(h->ctx, alpn,
		    (unsigned)len + 1), 0);
	}
	h->ssl = SSL_new(h->ctx);
	assert_non_null(h->ssl);
	if (o->sni != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(h->ssl, o->sni), 1);
	if (h->fd < 0 || SSL_set_fd(h->ssl, h->fd) != 1 ||
	    o->max_version < 0)
		return;
	h->is_shaken = SSL_connect(h->ssl) == 1;
	ERR_clear_error();
}

void
http_close(struct http *h)
{
	SSL_free(h->ssl);
	SSL_CTX_free(h->ctx);
	if (h->fd >= 0)
		close(h->fd);
	memset(h, 0, sizeof(*h));
	h->fd = -1;
}

void
http_machine(struct http *h, const struct rig *rig)
{
	struct http_options o = { .cert = rig->machine, .alpn = "http/1.1" };

	http_open(h, rig, ROLE_DEVICE, &o);
}

void
http_person(struct http *h, const struct rig *rig,
    const struct pki_cert *cert)
{
	struct http_options o = { .cert = cert, .alpn = "http/1.1" };

	http_open(h, rig, ROLE_USER, &o);
}

int
http_write(struct http *h, const void *data, size_t len)
{
	int n;

	if (!h->is_shaken)
		return -1;
	n = SSL_write(h->ssl, data, (int)len);
	ERR_clear_error();
	return n == (int)len ? 0 : -1;
}

/* The whole head, byte by byte: it is short. */
static int
read_head(struct http *h, struct reply *r)
{
	size_t len = 0;

	while (len + 1 < sizeof(r->head)) {
		if (SSL_read(h->ssl, r->head + len, 1) != 1)
			return -1;
		r->head[++len] = '\0';
		if (len >= 4 && strcmp(r->head + len - 4, "\r\n\r\n") == 0)
			return 0;
	}
	return -1;
}

void
http_read(struct http *h, struct reply *r)
{
	const char *length;
	size_t want;
	int n, status;

	memset(r, 0, sizeof(*r));
	if (!h->is_shaken || read_head(h, r) != 0 ||
	    sscanf(r->head, "HTTP/1.1 %3d ", &status) != 1) {
		ERR_clear_error();
		return;
	}
	length = strstr(r->head, "Content-Length: ");
	want = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
	assert_true(want < sizeof(r->body));
	while (r->body_len < want) {
		n = SSL_read(h->ssl, r->body + r->body_len,
		    (int)(want - r->body_len));
		if (n <= 0) {
			ERR_clear_error();
			return;
		}
		r->body_len += (size_t)n;
	}
	r->status = status;
}

void
http_ask(struct http *h, const char *what, const char *body,
    struct reply *ret)
{
	char *text;
	int n;

	if (body == NULL)
		n = asprintf(&text, "%s HTTP/1.1\r\nHost: v\r\n\r\n", what);
	else
		n = asprintf(&text, "%s HTTP/1.1\r\nHost: v\r\n"
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n\r\n%s", what, strlen(body),
		    body);
	assert_true(n > 0);
	(void)http_write(h, text, (size_t)n);
	free(text);
	http_read(h, ret);
}

const char *
reply_reason(const struct reply *reply)
{
	static char reason[64];
	struct mtls_body_problem p;

	memset(&p, 0, sizeof(p));
	reason[0] = '\0';
	if (mtls_body_parse(MTLS_BODY_PROBLEM, reply->body, reply->body_len,
	    &p, NULL) != MTLS_OK)
		return reason;
	(void)snprintf(reason, sizeof(reason), "%s", p.reason);
	mtls_body_clear(MTLS_BODY_PROBLEM, &p);
	return reason;
}

/* --- the protocol --- */

static const char *
or(const char *text, const char *other)
{
	return text != NULL ? text : other;
}

/* Callers clear nothing: the text is here until the next challenge. */
static void
keep_session(struct mtls_body_challenge *c)
{
	static char session[16];

	(void)snprintf(session, sizeof(session), "%s", c->session);
	free(c->session);
	c->session = session;
}

int
rig_open_as(struct http *h, const struct rig_open *o,
    struct mtls_body_challenge *ret, struct reply *reply)
{
	static const struct rig_open usual;
	char *body;

	o = o == NULL ? &usual : o;
	assert_true(asprintf(&body, "{\"version\":1,\"request\":\"%s\","
	    "\"nonce\":\"%s%s\",\"user\":\"%s\",\"service\":\"%s\","
	    "\"host\":\"%s\",\"tty\":\"\",\"rhost\":\"%s\",\"ruser\":\"\","
	    "\"method\":\"%s\"}",
	    or(o->request, "000102030405060708090a0b0c0d0e0f"),
	    "00112233445566778899aabbccddeeff",
	    "ffeeddccbbaa99887766554433221100", or(o->user, "alice"),
	    or(o->service, "sudo"), or(o->host, RIG_HOST), or(o->rhost, ""),
	    or(o->method, "token")) > 0);
	http_ask(h, "POST /v1/challenges", body, reply);
	free(body);
	memset(ret, 0, sizeof(*ret));
	/* It can fail where a test lets calls fail. */
	if (reply->status == 201 && mtls_body_parse(MTLS_BODY_CHALLENGE,
	    reply->body, reply->body_len, ret, NULL) != MTLS_OK)
		reply->status = 0;
	if (reply->status == 201)
		keep_session(ret);
	return reply->status;
}

int
rig_open(struct http *h, struct mtls_body_challenge *ret,
    struct reply *reply)
{
	return rig_open_as(h, NULL, ret, reply);
}

int
rig_prove(struct http *h, const uint8_t id[MTLS_ID_BYTES],
    const struct rig_open *o, struct reply *reply)
{
	static const struct rig_open usual;
	char hex[2 * MTLS_ID_BYTES + 1];
	char *body;

	o = o == NULL ? &usual : o;
	assert_true(asprintf(&body, "{\"version\":1,\"challenge\":\"%s\","
	    "\"user\":\"%s\",\"service\":\"%s\",\"host\":\"%s\","
	    "\"method\":\"%s\"}",
	    mtls_hex_encode(hex, id, MTLS_ID_BYTES), or(o->user, "alice"),
	    or(o->service, "sudo"), or(o->host, RIG_HOST),
	    or(o->method, "token")) > 0);
	http_ask(h, "POST /v1/proofs", body, reply);
	free(body);
	return reply->status;
}

int
rig_grant(struct http *h, const uint8_t id[MTLS_ID_BYTES], unsigned wait_s,
    int *ret_allow, struct reply *reply)
{
	char hex[2 * MTLS_ID_BYTES + 1], what[128];
	struct mtls_body_grant g;

	memset(&g, 0, sizeof(g));
	(void)snprintf(what, sizeof(what), "GET /v1/challenges/%s/grant"
	    "?wait=%u", mtls_hex_encode(hex, id, MTLS_ID_BYTES), wait_s);
	http_ask(h, what, NULL, reply);
	*ret_allow = 0;
	if (reply->status != 200)
		return reply->status;
	if (mtls_body_parse(MTLS_BODY_GRANT, reply->body, reply->body_len,
	    &g, NULL) != MTLS_OK) {
		reply->status = 0;
		return 0;
	}
	*ret_allow = strcmp(g.decision, "allow") == 0;
	mtls_body_clear(MTLS_BODY_GRANT, &g);
	return reply->status;
}

static const char *
grant_reason(const struct reply *reply)
{
	static char reason[64];
	struct mtls_body_grant g;

	memset(&g, 0, sizeof(g));
	if (reply->status != 200 || mtls_body_parse(MTLS_BODY_GRANT,
	    reply->body, reply->body_len, &g, NULL) != MTLS_OK)
		return reply_reason(reply);
	(void)snprintf(reason, sizeof(reason), "%s",
	    strcmp(g.decision, "allow") == 0 ? "allow" : g.reason);
	mtls_body_clear(MTLS_BODY_GRANT, &g);
	return reason;
}

const char *
rig_login(struct rig *rig, const struct pki_cert *person,
    const struct rig_open *o)
{
	static struct reply reply;
	struct mtls_body_challenge c;
	struct http device, user;
	const char *outcome = "none";
	int allow;

	memset(&user, 0, sizeof(user));
	user.fd = -1;
	http_machine(&device, rig);
	if (rig_open_as(&device, o, &c, &reply) != 201) {
		if (reply.status != 0)
			outcome = reply_reason(&reply);
		goto out;
	}
	http_person(&user, rig, person);
	if (rig_prove(&user, c.challenge, o, &reply) != 200) {
		if (reply.status != 0)
			outcome = reply_reason(&reply);
		goto out;
	}
	if (rig_grant(&device, c.challenge, 5, &allow, &reply) != 0)
		outcome = grant_reason(&reply);
out:
	http_close(&device);
	http_close(&user);
	return outcome;
}

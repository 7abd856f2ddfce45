/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The requests of a login and their answers, right or wrong.
 */
#include "config.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_verifier_internal.h"
#include "mtls/base64.h"
#include "mtls/text.h"

#define TEXT_MAX 65536u
#define HEAD_MAX 3000u

static void
add(char *out, const char *text)
{
	size_t used = strlen(out);

	(void)snprintf(out + used, TEXT_MAX - used, "%s", text);
}

/* "name":"value", or the value that the test wants instead. */
static void
member(struct fake_verifier *v, char *out, const char *name,
    const char *value, int is_text)
{
	char part[1024];

	add(out, out[0] == '{' && out[1] == '\0' ? "" : ",");
	if (v->options.member != NULL &&
	    strcmp(v->options.member, name) == 0)
		(void)snprintf(part, sizeof(part), "\"%s\":%s", name,
		    v->options.value);
	else
		(void)snprintf(part, sizeof(part), is_text ?
		    "\"%s\":\"%s\"" : "\"%s\":%s", name, value);
	add(out, part);
}

static const char *
or_else(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

static void
grant_body(struct fake_verifier *v, char *out)
{
	const struct mtls_body_open *o = &v->record.open;
	char hex[2 * MTLS_NONCE_BYTES + 1];

	add(out, "{");
	member(v, out, "version", "1", 0);
	member(v, out, "decision", or_else(v->options.decision, "allow"), 1);
	member(v, out, "challenge", mtls_hex_encode(hex, v->challenge,
	    MTLS_ID_BYTES), 1);
	member(v, out, "request", mtls_hex_encode(hex, o->request,
	    MTLS_ID_BYTES), 1);
	member(v, out, "nonce", mtls_hex_encode(hex, o->nonce,
	    MTLS_NONCE_BYTES), 1);
	member(v, out, "user", o->user, 1);
	member(v, out, "service", o->service, 1);
	member(v, out, "host", o->host, 1);
	member(v, out, "tty", o->tty, 1);
	member(v, out, "rhost", o->rhost, 1);
	member(v, out, "ruser", o->ruser, 1);
	member(v, out, "method", o->method, 1);
	member(v, out, "expires_in", "30", 0);
	member(v, out, "certificate", "serial=01", 1);
	member(v, out, "reason", or_else(v->options.reason, "rule-1"), 1);
	member(v, out, "message", or_else(v->options.message, ""), 1);
	add(out, "}");
}

/* The rest of CERTIFICATE, or a PROBLEM in its place. */
static const char *
certificate_body(struct fake_verifier *v, char *out)
{
	unsigned char *der = NULL;
	char *base64;
	int len;

	if (v->options.bound == NULL ||
	    v->record.asked[FAKE_CERTIFICATE] <= v->options.n_unbound) {
		(void)snprintf(out, TEXT_MAX, "{\"version\":1,\"reason\":"
		    "\"no-such-key\",\"message\":\"\"}");
		return "404 Not Found";
	}
	len = i2d_X509(v->options.bound, &der);
	base64 = malloc(MTLS_BASE64_LEN((size_t)len) + 1);
	if (len <= 0 || base64 == NULL)
		abort();
	add(out, ",\"certificate\":\"");
	add(out, mtls_base64_encode(base64, der, (size_t)len));
	add(out, "\"}");
	free(base64);
	OPENSSL_free(der);
	return "200 OK";
}

/* The right body for a step, and its status line. */
static const char *
right_body(struct fake_verifier *v, enum fake_step step, char *out)
{
	char hex[2 * MTLS_NONCE_BYTES + 1], part[256];

	out[0] = '\0';
	if (step == FAKE_GRANT && v->pending_left == 0) {
		grant_body(v, out);
		return "200 OK";
	}
	(void)snprintf(part, sizeof(part), "{\"version\":1,\"challenge\":"
	    "\"%s\"", mtls_hex_encode(hex, v->challenge, MTLS_ID_BYTES));
	add(out, part);
	if (step == FAKE_CERTIFICATE)
		return certificate_body(v, out);
	if (step == FAKE_OPEN) {
		(void)snprintf(part, sizeof(part), ",\"nonce\":\"%s\","
		    "\"expires_in\":120,\"session\":\"\"",
		    mtls_hex_encode(hex,
		    v->record.open.nonce, MTLS_NONCE_BYTES));
		add(out, part);
	}
	add(out, "}");
	if (step == FAKE_GRANT)
		v->pending_left--;
	return step == FAKE_OPEN ? "201 Created" :
	    step == FAKE_PROOF ? "200 OK" : "202 Accepted";
}

static void
expand(struct fake_verifier *v, char *out, const char *text,
    const char *body)
{
	char hex[2 * MTLS_NONCE_BYTES + 1], one[2] = "";
	char len[24];

	out[0] = '\0';
	for (; *text != '\0'; text++) {
		one[0] = *text;
		if (*text != '$' || text[1] == '\0') {
			add(out, one);
			continue;
		}
		text++;
		(void)snprintf(len, sizeof(len), "%zu", strlen(body));
		if (*text == 'J')
			add(out, body);
		else if (*text == 'L')
			add(out, len);
		else if (*text == 'C')
			add(out, mtls_hex_encode(hex, v->challenge,
			    MTLS_ID_BYTES));
		else if (*text == 'N')
			add(out, mtls_hex_encode(hex, v->record.open.nonce,
			    MTLS_NONCE_BYTES));
	}
}

static void
on_slow(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval second = { 1, 0 };
	struct fake_connection *c = arg;

	(void)fd;
	(void)what;
	if (c->slow_text[c->slow_at] == '\0')
		return;
	(void)bufferevent_write(c->bev, c->slow_text + c->slow_at, 1);
	c->slow_at++;
	(void)evtimer_add(c->slow, &second);
}

static void
send_slowly(struct fake_connection *c, const char *text)
{
	c->slow_text = strdup(text);
	c->slow = evtimer_new(c->listener->verifier->options.base, on_slow,
	    c);
	if (c->slow_text == NULL || c->slow == NULL)
		abort();
	on_slow(-1, 0, c);
}

/* The answer to a step, right or as the test wants it. */
static void
compose(struct fake_verifier *v, const struct fake_reaction *r, char *text,
    const char *status, char *body)
{
	static const char good[] = "HTTP/1.1 %.*s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s";
	char *wanted;

	if (r->action == FAKE_RAW) {
		expand(v, text, r->text, body);
		return;
	}
	if (r->action == FAKE_JSON) {
		wanted = malloc(TEXT_MAX);
		if (wanted == NULL)
			abort();
		expand(v, wanted, strchr(r->text, '\n') + 1, body);
		(void)snprintf(body, TEXT_MAX, "%s", wanted);
		free(wanted);
		status = r->text;
	}
	(void)snprintf(text, 2 * TEXT_MAX, good, (int)strcspn(status, "\n"),
	    status, strlen(body), body);
}

/* May free c. */
static void
react(struct fake_connection *c, enum fake_step step)
{
	struct fake_verifier *v = c->listener->verifier;
	const struct fake_reaction *r = v->options.has_again &&
	    step < FAKE_CERTIFICATE &&
	    v->record.asked[step] > 1 ? &v->options.again[step] :
	    &v->options.on[step];
	char *body = malloc(TEXT_MAX), *text = malloc(2 * TEXT_MAX);
	const char *status;
	size_t len;

	if (body == NULL || text == NULL)
		abort();
	status = right_body(v, step, body);
	compose(v, r, text, status, body);
	len = strlen(text);
	if (r->action == FAKE_HALF_DROP || r->action == FAKE_HALF_HANG)
		len -= strlen(body) / 2;
	if (step == FAKE_GRANT && r->action == FAKE_ANSWER &&
	    strstr(body, "\"decision\":\"allow\"") != NULL)
		v->record.allowed++;
	if (r->action == FAKE_HALF_DROP ||
	    (step == FAKE_OPEN && v->options.close_idle))
		c->end_when_written = 1;
	if (r->action == FAKE_DROP)
		fake_connection_end(c);
	else if (r->action == FAKE_RST)
		fake_connection_reset(c);
	else if (r->action == FAKE_SLOW)
		send_slowly(c, text);
	else if (r->action != FAKE_HANG)
		(void)bufferevent_write(c->bev, text, len);
	free(body);
	free(text);
}

/* The length of body that the headers announce. */
static size_t
announced(const char *head)
{
	const char *h = strstr(head, "Content-Length: ");

	return h != NULL ? strtoul(h + 16, NULL, 10) : 0;
}

static int
take_open(struct fake_verifier *v, const char *body, size_t len)
{
	struct mtls_err err;
	size_t i;

	mtls_err_clear(&err);
	mtls_body_clear(MTLS_BODY_OPEN, &v->record.open);
	if (mtls_body_parse(MTLS_BODY_OPEN, body, len, &v->record.open,
	    &err) != MTLS_OK)
		return 0;
	for (i = 0; i < MTLS_ID_BYTES; i++)
		v->challenge[i] = (uint8_t)(v->record.asked[FAKE_OPEN] + i);
	v->pending_left = v->options.n_pending;
	return 1;
}

static void
refuse(struct fake_connection *c)
{
	static const char bad[] = "HTTP/1.1 400 Bad Request\r\n"
	    "Content-Type: application/json\r\nContent-Length: 49\r\n\r\n"
	    "{\"version\":1,\"reason\":\"bad-request\",\"message\":\"\"}";

	c->listener->verifier->record.bad_requests++;
	c->end_when_written = 1;
	(void)bufferevent_write(c->bev, bad, sizeof(bad) - 1);
}

void
fake_on_readable(struct bufferevent *bev, void *arg)
{
	struct fake_connection *c = arg;
	struct fake_verifier *v = c->listener->verifier;
	struct evbuffer *in = bufferevent_get_input(bev);
	char head[HEAD_MAX];
	struct evbuffer_ptr end;
	enum fake_step step;
	ev_ssize_t n;
	size_t body_len;

	end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	if (end.pos < 0 || c->flood != NULL)
		return;
	n = evbuffer_copyout(in, head, sizeof(head) - 1);
	if (n < 0)
		abort();
	head[n] = '\0';
	body_len = announced(head);
	if ((size_t)n < (size_t)end.pos + 4 + body_len)
		return;
	(void)evbuffer_drain(in, (size_t)end.pos + 4 + body_len);
	if (strncmp(head, "POST /v1/given-up ", 18) == 0) {
		v->record.given_up++;
		react(c, FAKE_PROOF);	/* TAKEN */
		return;
	}
	step = strncmp(head, "POST /v1/challenges ", 20) == 0 ? FAKE_OPEN :
	    strncmp(head, "POST /v1/proofs ", 16) == 0 ? FAKE_PROOF :
	    strncmp(head, "POST /v1/certificates ", 22) == 0 ?
	    FAKE_CERTIFICATE : FAKE_GRANT;
	v->record.asked[step]++;
	if (step == FAKE_OPEN &&
	    !take_open(v, head + end.pos + 4, body_len))
		refuse(c);
	else
		react(c, step);
}

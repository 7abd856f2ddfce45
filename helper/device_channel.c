/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/challenges, then GET /v1/challenges/ID/grant until it is decided.
 */
#include "config.h"

#include "device_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"
#include "mtls/secret.h"
#include "mtls/text.h"

#define WAIT_MAX_S	20	/* below what verifiers hold a request for */
#define PAUSE_MS	100	/* between a PENDING that came at once and the
				 * next question */

struct device_channel {
	struct device_channel_options options;
	struct http_channel *http;
	struct event *pause;

	const struct mtls_body_open *open;
	device_challenge_fn opened;
	device_grant_fn granted;
	void *arg;

	const char *path;	/* of the request that is posted */
	char *json;		/* its body; NULL: there is none */
	http_done_fn posted;
	void *posted_arg;

	uint8_t challenge[MTLS_ID_BYTES];
	char session[8 + 1];
	int has_challenge;
	int is_fresh;		/* the connection has not been idle */
};

static void on_grant(void *arg, const struct http_answer *answer,
    const struct mtls_err *err);

static enum mtls_status
connect_http(struct device_channel *d, struct mtls_err *err)
{
	struct http_channel_options o = { d->options.base,
	    d->options.machine->device_ctx, d->options.machine->tls_min,
	    d->options.trace, TRACE_CONNECT, TRACE_DEVICE_HANDSHAKE };

	http_channel_free(d->http);
	d->http = NULL;
	d->is_fresh = 1;
	return http_channel_new(&o, &d->options.target, &d->http, err);
}

static void
fail_open(struct device_channel *d, enum problem_kind kind,
    const struct mtls_err *err)
{
	d->opened(d->arg, NULL, kind, err);
}

/* 201 CHALLENGE with our nonce, and nothing else. */
static enum mtls_status
take_challenge(struct device_channel *d, const struct http_answer *answer,
    struct mtls_err *err)
{
	struct mtls_body_challenge c;

	memset(&c, 0, sizeof(c));
	if (mtls_body_parse(MTLS_BODY_CHALLENGE, answer->body, answer->len,
	    &c, err) != MTLS_OK)
		return err->status;
	if (!mtls_bytes_equal(c.nonce, d->open->nonce, MTLS_NONCE_BYTES)) {
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the challenge is for another nonce");
	} else {
		memcpy(d->challenge, c.challenge, MTLS_ID_BYTES);
		(void)snprintf(d->session, sizeof(d->session), "%s",
		    c.session);
		d->has_challenge = 1;
	}
	mtls_body_clear(MTLS_BODY_CHALLENGE, &c);
	return err->status;
}

static void
on_challenge(void *arg, const struct http_answer *answer,
    const struct mtls_err *http_err)
{
	struct device_channel *d = arg;
	enum problem_kind kind = PROBLEM_TRANSPORT;
	struct mtls_err err;

	trace_end(d->options.trace, TRACE_CHALLENGE);
	if (answer == NULL) {
		fail_open(d, PROBLEM_TRANSPORT, http_err);
		return;
	}
	mtls_err_clear(&err);
	if (answer->code != 201)
		kind = problem_read(answer, &err);
	else
		(void)take_challenge(d, answer, &err);
	if (err.status != MTLS_OK) {
		fail_open(d, kind, &err);
		return;
	}
	d->is_fresh = 0;
	d->opened(d->arg, d->challenge, PROBLEM_ANSWER, &err);
}

enum mtls_status
device_channel_open(struct device_channel *d,
    const struct mtls_body_open *open, device_challenge_fn done, void *arg,
    struct mtls_err *err)
{
	char *json = NULL;
	size_t len;

	d->open = open;
	d->opened = done;
	d->arg = arg;
	if (mtls_body_format(MTLS_BODY_OPEN, open, &json, &len, err) !=
	    MTLS_OK ||
	    connect_http(d, err) != MTLS_OK)
		goto out;
	trace_begin(d->options.trace, TRACE_CHALLENGE);
	(void)http_channel_request(d->http, "/v1/challenges", json,
	    on_challenge, d, err);
out:
	free(json);
	return err->status;
}

/* How long the verifier may hold the question, within the deadline. */
static unsigned
wait_seconds(const struct device_channel *d)
{
	int left = mtls_deadline_left_ms(d->options.deadline) / 1000;

	if (left < 1)
		return 1;
	return left > WAIT_MAX_S ? WAIT_MAX_S : (unsigned)left;
}

static enum mtls_status
ask_for_grant(struct device_channel *d, struct mtls_err *err)
{
	char hex[2 * MTLS_ID_BYTES + 1];
	char path[128];

	if ((d->http == NULL || (!http_channel_is_open(d->http) &&
	    !d->is_fresh)) && connect_http(d, err) != MTLS_OK)
		return err->status;
	(void)snprintf(path, sizeof(path), "/v1/challenges/%s/grant?wait=%u",
	    mtls_hex_encode(hex, d->challenge, MTLS_ID_BYTES),
	    wait_seconds(d));
	return http_channel_request(d->http, path, NULL, on_grant, d, err);
}

static void
ask_again(struct device_channel *d)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	if (ask_for_grant(d, &err) != MTLS_OK)
		d->granted(d->arg, NULL, 0, &err);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ask_again(arg);
}

/* 202 PENDING for our challenge. */
static enum mtls_status
take_pending(struct device_channel *d, const struct http_answer *answer,
    struct mtls_err *err)
{
	static const struct timeval pause = { 0, PAUSE_MS * 1000 };
	struct mtls_body_pending p;

	memset(&p, 0, sizeof(p));
	if (mtls_body_parse(MTLS_BODY_PENDING, answer->body, answer->len, &p,
	    err) != MTLS_OK)
		return err->status;
	if (!mtls_bytes_equal(p.challenge, d->challenge, MTLS_ID_BYTES))
		(void)mtls_fail(err, MTLS_E_PROTOCOL,
		    "the answer is about another challenge");
	else if (event_add(d->pause, &pause) != 0)
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	mtls_body_clear(MTLS_BODY_PENDING, &p);
	return err->status;
}

/* A connection that was idle may just have been closed: once more then. */
static int
may_retry(struct device_channel *d, const struct mtls_err *http_err)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return http_err->status == MTLS_E_CLOSED && !d->is_fresh &&
	    connect_http(d, &err) == MTLS_OK &&
	    ask_for_grant(d, &err) == MTLS_OK;
}

static void
on_grant(void *arg, const struct http_answer *answer,
    const struct mtls_err *http_err)
{
	struct device_channel *d = arg;
	struct mtls_err err;

	if (answer == NULL) {
		err = *http_err;
		if (!may_retry(d, &err))
			d->granted(d->arg, NULL, 0, &err);
		return;
	}
	mtls_err_clear(&err);
	d->is_fresh = 0;
	if (answer->code == 200) {
		trace_end(d->options.trace, TRACE_GRANT);
		d->granted(d->arg, answer->body, answer->len, &err);
		return;
	}
	if (answer->code == 202)
		(void)take_pending(d, answer, &err);
	else
		(void)problem_read(answer, &err);
	if (err.status != MTLS_OK)
		d->granted(d->arg, NULL, 0, &err);
}

enum mtls_status
device_channel_grant(struct device_channel *d, device_grant_fn done,
    void *arg, struct mtls_err *err)
{
	if (!d->has_challenge)
		return mtls_fail(err, MTLS_E_USAGE, "no challenge yet");
	d->granted = done;
	d->arg = arg;
	trace_begin(d->options.trace, TRACE_GRANT);
	return ask_for_grant(d, err);
}

/* --- other requests about the challenge --- */

static enum mtls_status post(struct device_channel *d, struct mtls_err *err);

static void
on_posted(void *arg, const struct http_answer *answer,
    const struct mtls_err *http_err)
{
	struct device_channel *d = arg;
	struct mtls_err why = *http_err;	/* it goes with d->http */
	struct mtls_err err;

	mtls_err_clear(&err);
	if (answer == NULL && why.status == MTLS_E_CLOSED && !d->is_fresh &&
	    connect_http(d, &err) == MTLS_OK && post(d, &err) == MTLS_OK)
		return;
	free(d->json);
	d->json = NULL;
	d->is_fresh = 0;
	d->posted(d->posted_arg, answer, &why);
}

static enum mtls_status
post(struct device_channel *d, struct mtls_err *err)
{
	if ((d->http == NULL || (!http_channel_is_open(d->http) &&
	    !d->is_fresh)) && connect_http(d, err) != MTLS_OK)
		return err->status;
	return http_channel_request(d->http, d->path, d->json, on_posted, d,
	    err);
}

enum mtls_status
device_channel_post(struct device_channel *d, const char *path,
    const char *json, http_done_fn done, void *arg, struct mtls_err *err)
{
	if (!d->has_challenge || d->json != NULL)
		return mtls_fail(err, MTLS_E_USAGE,
		    "one request at a time, about a challenge");
	if (mtls_text_dup(&d->json, json, err) != MTLS_OK)
		return err->status;
	d->path = path;
	d->posted = done;
	d->posted_arg = arg;
	if (post(d, err) != MTLS_OK) {
		free(d->json);
		d->json = NULL;
	}
	return err->status;
}

enum mtls_status
device_channel_new(const struct device_channel_options *options,
    struct device_channel **ret, struct mtls_err *err)
{
	struct device_channel *d;

	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	d->options = *options;
	d->pause = evtimer_new(options->base, on_pause_over, d);
	if (d->pause == NULL) {
		device_channel_free(d);
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	}
	*ret = d;
	return MTLS_OK;
}

void
device_channel_free(struct device_channel *d)
{
	if (d == NULL)
		return;
	http_channel_free(d->http);
	if (d->pause != NULL)
		event_free(d->pause);
	free(d->json);
	free(d);
}

int
device_channel_was_open(const struct device_channel *d)
{
	return d->http != NULL && http_channel_was_open(d->http);
}

const char *
device_channel_session0(const struct device_channel *d)
{
	return d->session;
}

const uint8_t *
device_channel_challenge0(const struct device_channel *d)
{
	return d->challenge;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * In the order of this file: a verifier is found, the card is unlocked,
 * requests are made. Names are looked up as every other program of the person
 * does; nobody else waits meanwhile.
 */
#include "config.h"

#include "client/person.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "client/preflight.h"

#define MAX_ADDRESSES	8

struct person {
	struct person_options o;
	SSL_CTX *ctx;
	struct person_card *card;

	/* finding */
	struct http_target target;
	STACK_OF(X509_NAME) *issuers;
	int looked;			/* the preflight has ended */
	struct mtls_err looked_err;

	/* asking */
	struct http_channel *http;
	int answered;
	struct mtls_err answer_err;
	int code;
	char *body;
	size_t len;
};

/* --- finding a verifier --- */

static void
on_preflight(void *arg, STACK_OF(X509_NAME) *issuers,
    const struct mtls_err *err)
{
	struct person *p = arg;

	p->looked = 1;
	p->looked_err = *err;
	if (issuers == NULL)
		return;
	p->issuers = sk_X509_NAME_deep_copy(issuers, X509_NAME_dup,
	    X509_NAME_free);
	if (p->issuers == NULL)
		(void)mtls_fail(&p->looked_err, MTLS_E_MEMORY,
		    "out of memory");
}

static void
on_no_answer(evutil_socket_t fd, short what, void *arg)
{
	struct person *p = arg;

	(void)fd;
	(void)what;
	if (p->looked)
		return;
	p->looked = 1;
	mtls_err_clear(&p->looked_err);
	(void)mtls_fail(&p->looked_err, MTLS_E_UNAVAILABLE,
	    "no answer within %u s",
	    (unsigned)p->o.settings->connect_timeout_s);
}

/* Looks at one address. p->looked_err says what came of it; err is of what
 * makes looking at others senseless. */
static enum mtls_status
look_at(struct person *p, struct mtls_err *err)
{
	struct event_base *base = person_card_base(p->card);
	struct timeval wait = { 0, 0 };
	struct preflight *preflight = NULL;
	struct event *timer;

	wait.tv_sec = (time_t)p->o.settings->connect_timeout_s;
	p->looked = 0;
	mtls_err_clear(&p->looked_err);
	timer = evtimer_new(base, on_no_answer, p);
	if (timer == NULL || evtimer_add(timer, &wait) != 0) {
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	if (preflight_new(base, p->ctx, &p->target, on_preflight, p,
	    &preflight, &p->looked_err) != MTLS_OK)
		goto out;
	while (!p->looked) {
		if (person_card_turn(p->card, err) != MTLS_OK)
			break;
	}
out:
	preflight_free(preflight);
	if (timer != NULL)
		event_free(timer);
	return err->status;
}

/* A verifier that is not who it must be says more about what is wrong than
 * one that does not answer; beyond that the first failure is kept. */
static void
remember(struct mtls_err *worst, const struct mtls_err *err,
    const char *name)
{
	if (worst->status != MTLS_OK &&
	    (worst->status != MTLS_E_UNAVAILABLE ||
	    err->status == MTLS_E_UNAVAILABLE))
		return;
	*worst = *err;
	mtls_err_context(worst, "%s", name);
}

static enum mtls_status
try_addresses(struct person *p, const struct addrinfo *list,
    struct mtls_err *worst, struct mtls_err *err)
{
	const struct addrinfo *a;
	int n = 0;

	for (a = list; a != NULL && n < MAX_ADDRESSES; a = a->ai_next, n++) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, p->target.address,
		    sizeof(p->target.address), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		if (look_at(p, err) != MTLS_OK)
			return err->status;
		if (p->looked_err.status == MTLS_OK)
			return MTLS_OK;
		remember(worst, &p->looked_err, p->target.name);
	}
	return MTLS_OK;
}

static enum mtls_status
try_server(struct person *p, const struct settings_server *server,
    struct mtls_err *worst, struct mtls_err *err)
{
	struct addrinfo hints, *list = NULL;
	struct mtls_err why;
	int result;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	p->target.name = server->name;
	p->target.port = server->user_port;
	result = getaddrinfo(server->name, NULL, &hints, &list);
	if (result != 0) {
		mtls_err_clear(&why);
		(void)mtls_fail(&why, MTLS_E_UNAVAILABLE, "no address: %s",
		    gai_strerror(result));
		remember(worst, &why, server->name);
		return MTLS_OK;
	}
	(void)try_addresses(p, list, worst, err);
	freeaddrinfo(list);
	return err->status;
}

static enum mtls_status
find_verifier(struct person *p, struct mtls_err *err)
{
	const struct client_settings *s = p->o.settings;
	struct mtls_err worst;
	size_t i;

	mtls_err_clear(&worst);
	for (i = 0; i < s->n_servers; i++) {
		if (try_server(p, &s->servers[i], &worst, err) != MTLS_OK)
			return err->status;
		if (p->issuers != NULL)
			return MTLS_OK;
	}
	*err = worst;
	return mtls_fail(err, MTLS_E_UNAVAILABLE, "no verifier");
}

/* --- opening --- */

enum mtls_status
person_open(const struct person_options *options, struct person **ret,
    struct mtls_err *err)
{
	struct mtls_tls_client_options tls = {
		.ca_file = options->settings->ca,
		.min = (enum mtls_tls_min)options->settings->tls_min };
	struct person *p;

	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	p->o = *options;
	if (mtls_tls_client_ctx(options->tls, &tls, &p->ctx, err) !=
	    MTLS_OK ||
	    person_card_new(options, &p->card, err) != MTLS_OK ||
	    find_verifier(p, err) != MTLS_OK ||
	    person_card_unlock(p->card, p->ctx, p->issuers, err) != MTLS_OK)
		goto out;
	*ret = p;
	p = NULL;
out:
	person_close(p);
	return err->status;
}

void
person_close(struct person *p)
{
	if (p == NULL)
		return;
	http_channel_free(p->http);
	person_card_free(p->card);
	SSL_CTX_free(p->ctx);
	sk_X509_NAME_pop_free(p->issuers, X509_NAME_free);
	free(p->body);
	free(p);
}

/* --- asking --- */

static void
on_answer(void *arg, const struct http_answer *answer,
    const struct mtls_err *err)
{
	struct person *p = arg;

	p->answered = 1;
	p->answer_err = *err;
	if (answer == NULL)
		return;
	p->body = malloc(answer->len + 1);
	if (p->body == NULL) {
		(void)mtls_fail(&p->answer_err, MTLS_E_MEMORY,
		    "out of memory");
		return;
	}
	memcpy(p->body, answer->body, answer->len);
	p->body[answer->len] = '\0';
	p->len = answer->len;
	p->code = answer->code;
}

static enum mtls_status
connect_once(struct person *p, struct mtls_err *err)
{
	struct http_channel_options o = { person_card_base(p->card), p->ctx,
	    (enum mtls_tls_min)p->o.settings->tls_min, NULL, TRACE_COUNT,
	    TRACE_COUNT };

	if (p->http != NULL)
		return MTLS_OK;
	return http_channel_new(&o, &p->target, &p->http, err);
}

static enum mtls_status
ask(struct person *p, const char *path, const char *json,
    struct mtls_err *err)
{
	p->answered = 0;
	if (connect_once(p, err) != MTLS_OK ||
	    http_channel_request(p->http, path, json, on_answer, p, err) !=
	    MTLS_OK)
		return err->status;
	while (!p->answered) {
		if (person_card_turn(p->card, err) != MTLS_OK)
			return err->status;
	}
	*err = p->answer_err;
	if (err->status != MTLS_OK)
		mtls_err_context(err, "%s", p->target.name);
	return err->status;
}

enum mtls_status
person_request(struct person *p, const char *path, const char *json,
    struct http_answer *ret, struct mtls_err *err)
{
	free(p->body);
	p->body = NULL;
	while (ask(p, path, json, err) != MTLS_OK) {
		if (p->http == NULL || http_channel_was_open(p->http))
			break;
		http_channel_free(p->http);
		p->http = NULL;
		if (person_card_again(p->card, err) != MTLS_OK)
			break;
	}
	if (err->status != MTLS_OK)
		return err->status;
	person_card_finish(p->card);
	ret->code = p->code;
	ret->body = p->body;
	ret->len = p->len;
	return MTLS_OK;
}

const char *
person_verifier0(const struct person *p)
{
	return p->target.name;
}

const char *
person_certificate0(const struct person *p)
{
	return person_card_certificate0(p->card);
}

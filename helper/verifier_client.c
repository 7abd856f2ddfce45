/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names -> addresses -> one attempt after the other. An attempt is a device
 * channel that opens a challenge and a preflight of the user listener, side
 * by side, at one address.
 */
#include "config.h"

#include "verifier_client.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client/preflight.h"

#define MAX_ADDRESSES	8u

struct verifier_client {
	struct verifier_client_options o;
	struct evdns_base *dns;
	struct evdns_getaddrinfo_request *lookup;
	struct event *timer;		/* of the attempt */
	struct event *kick;		/* goes on from the event loop */

	size_t next_server;
	const struct settings_server *server;
	char addresses[MAX_ADDRESSES][INET6_ADDRSTRLEN];
	size_t n_addresses, next_address;
	const char *address;

	struct device_channel *device;
	struct preflight *preflight;
	STACK_OF(X509_NAME) *issuers;
	int has_challenge, had_second_wait, finished, refused_method;
	struct mtls_err worst;		/* of the attempts so far */
};

static void
end_attempt(struct verifier_client *v)
{
	device_channel_free(v->device);
	preflight_free(v->preflight);
	sk_X509_NAME_pop_free(v->issuers, X509_NAME_free);
	v->device = NULL;
	v->preflight = NULL;
	v->issuers = NULL;
	v->has_challenge = 0;
	v->had_second_wait = 0;
	(void)evtimer_del(v->timer);
}

static void
finish(struct verifier_client *v, const struct mtls_err *err)
{
	v->finished = 1;
	(void)evtimer_del(v->timer);
	v->o.ready(v->o.arg, err->status == MTLS_OK ? v->issuers : NULL, err);
}

/*
 * A verifier that is not who it must be says more about what is wrong than
 * one that does not answer; beyond that the first failure is kept. What is
 * wrong with the others is said behind it, once.
 */
static void
remember(struct verifier_client *v, const struct mtls_err *err)
{
	struct mtls_err first = v->worst, second = *err;
	size_t len;

	if (v->o.settings->n_servers > 1)
		mtls_err_context(&second, "%s", verifier_client_name0(v));
	if (first.status == MTLS_OK) {
		v->worst = second;
		return;
	}
	if (first.status == MTLS_E_UNAVAILABLE &&
	    second.status != MTLS_E_UNAVAILABLE) {
		v->worst = second;
		second = first;
	}
	len = strlen(v->worst.text);
	if (strstr(v->worst.text, second.text) == NULL)
		(void)snprintf(v->worst.text + len,
		    sizeof(v->worst.text) - len, "; %s", second.text);
}

/* This address did not do. The next one, from the event loop. */
static void
skip(struct verifier_client *v, const struct mtls_err *err)
{
	remember(v, err);
	v->o.skipped(v->o.arg, verifier_client_name0(v), err);
	end_attempt(v);
	event_active(v->kick, EV_TIMEOUT, 0);
}

static void
check_ready(struct verifier_client *v)
{
	struct mtls_err ok;

	mtls_err_clear(&ok);
	if (v->has_challenge && v->issuers != NULL)
		finish(v, &ok);
}

static void
on_challenge(void *arg, const uint8_t *challenge, enum problem_kind kind,
    const struct mtls_err *err)
{
	struct verifier_client *v = arg;
	struct mtls_err copy = *err;

	if (challenge == NULL && kind != PROBLEM_TRANSPORT) {
		v->refused_method = kind == PROBLEM_METHOD;
		finish(v, &copy);
	} else if (challenge == NULL) {
		skip(v, &copy);
	} else {
		v->has_challenge = 1;
		check_ready(v);
	}
}

static void
on_preflight(void *arg, STACK_OF(X509_NAME) *issuers,
    const struct mtls_err *err)
{
	struct verifier_client *v = arg;
	struct mtls_err copy = *err;

	trace_end(v->o.trace, TRACE_PREFLIGHT);
	if (issuers == NULL) {
		skip(v, &copy);
		return;
	}
	v->issuers = sk_X509_NAME_deep_copy(issuers, X509_NAME_dup,
	    X509_NAME_free);
	if (v->issuers == NULL) {
		(void)mtls_fail(&copy, MTLS_E_MEMORY, "out of memory");
		finish(v, &copy);
		return;
	}
	/* Its work is done, and a held connection costs the verifier. */
	preflight_free(v->preflight);
	v->preflight = NULL;
	check_ready(v);
}

static void
start_timer(struct verifier_client *v)
{
	struct timeval wait = { 0, 0 };

	wait.tv_sec = (time_t)v->o.settings->connect_timeout_s;
	(void)evtimer_add(v->timer, &wait);
}

/* Connected in time: then there is as much time again for the answer. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct verifier_client *v = arg;
	struct mtls_err err;

	(void)fd;
	(void)what;
	if (v->device != NULL && device_channel_was_open(v->device) &&
	    v->issuers != NULL && !v->had_second_wait) {
		v->had_second_wait = 1;
		start_timer(v);
		return;
	}
	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_UNAVAILABLE, "no answer within %u s",
	    (unsigned)v->o.settings->connect_timeout_s);
	if (v->lookup != NULL)
		evdns_getaddrinfo_cancel(v->lookup);
	else
		skip(v, &err);
}

static enum mtls_status
start_attempt(struct verifier_client *v, struct mtls_err *err)
{
	struct device_channel_options d = { v->o.base, v->o.machine,
	    { v->server->name, "", v->server->device_port }, v->o.deadline,
	    v->o.trace };
	struct http_target user;

	start_timer(v);
	memcpy(d.target.address, v->address, sizeof(d.target.address));
	verifier_client_user_target(v, &user);
	if (device_channel_new(&d, &v->device, err) != MTLS_OK ||
	    device_channel_open(v->device, v->o.open, on_challenge, v, err) !=
	    MTLS_OK)
		return err->status;
	trace_begin(v->o.trace, TRACE_PREFLIGHT);
	return preflight_new(v->o.base, v->o.machine->user_ctx, &user,
	    on_preflight, v, &v->preflight, err);
}

static void
keep_addresses(struct verifier_client *v, const struct evutil_addrinfo *list)
{
	const struct evutil_addrinfo *a;
	const void *ip;

	for (a = list; a != NULL && v->n_addresses < MAX_ADDRESSES;
	    a = a->ai_next) {
		if (a->ai_family == AF_INET)
			ip = &((const struct sockaddr_in *)(const void *)
			    a->ai_addr)->sin_addr;
		else if (a->ai_family == AF_INET6)
			ip = &((const struct sockaddr_in6 *)(const void *)
			    a->ai_addr)->sin6_addr;
		else
			continue;
		if (evutil_inet_ntop(a->ai_family, ip,
		    v->addresses[v->n_addresses], INET6_ADDRSTRLEN) != NULL)
			v->n_addresses++;
	}
}

static void
on_resolved(int result, struct evutil_addrinfo *list, void *arg)
{
	struct verifier_client *v = arg;
	struct mtls_err err;

	v->lookup = NULL;
	if (v->finished)
		return;
	if (result == 0 && list != NULL)
		keep_addresses(v, list);
	if (list != NULL)
		evutil_freeaddrinfo(list);
	if (v->n_addresses > 0) {
		event_active(v->kick, EV_TIMEOUT, 0);
		return;
	}
	mtls_err_clear(&err);
	(void)mtls_fail(&err, MTLS_E_UNAVAILABLE, "no address: %s",
	    result == EVUTIL_EAI_CANCEL ? "the name server is silent" :
	    evutil_gai_strerror(result));
	skip(v, &err);
}

static void
look_up(struct verifier_client *v)
{
	struct evutil_addrinfo hints;
	struct evdns_getaddrinfo_request *lookup;

	v->server = &v->o.settings->servers[v->next_server++];
	v->n_addresses = 0;
	v->next_address = 0;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_protocol = IPPROTO_TCP;
	start_timer(v);
	/* on_resolved may be called before this returns NULL. */
	lookup = evdns_getaddrinfo(v->dns, v->server->name, NULL, &hints,
	    on_resolved, v);
	v->lookup = lookup;
}

/* The next address of this verifier, or the next verifier, or the end. */
static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct verifier_client *v = arg;
	struct mtls_err err;

	(void)fd;
	(void)what;
	if (v->finished)
		return;
	if (v->next_address < v->n_addresses) {
		mtls_err_clear(&err);
		v->address = v->addresses[v->next_address++];
		if (start_attempt(v, &err) != MTLS_OK)
			skip(v, &err);
	} else if (v->next_server < v->o.settings->n_servers) {
		look_up(v);
	} else {
		err = v->worst;
		finish(v, &err);
	}
}

/*
 * Names are looked up in /etc/hosts and at the name servers of resolv.conf. A
 * machine may have no such file, which evdns_base_new() would take for a
 * failure: the verifier is then named in /etc/hosts.
 */
static struct evdns_base *
new_dns(struct event_base *base)
{
	struct evdns_base *dns;

	dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (dns != NULL)
		(void)evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL,
		    "/etc/resolv.conf");
	return dns;
}

enum mtls_status
verifier_client_new(const struct verifier_client_options *options,
    struct verifier_client **ret, struct mtls_err *err)
{
	struct verifier_client *v;

	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	v->o = *options;
	v->timer = evtimer_new(options->base, on_timer, v);
	v->kick = event_new(options->base, -1, 0, on_kick, v);
	v->dns = new_dns(options->base);
	if (v->timer == NULL || v->kick == NULL || v->dns == NULL) {
		(void)mtls_fail(err, MTLS_E_SYSTEM,
		    "cannot prepare to look up names");
		goto out;
	}
	event_active(v->kick, EV_TIMEOUT, 0);
	*ret = v;
	v = NULL;
out:
	verifier_client_free(v);
	return err->status;
}

void
verifier_client_free(struct verifier_client *v)
{
	if (v == NULL)
		return;
	v->finished = 1;
	if (v->timer != NULL)
		end_attempt(v);
	if (v->dns != NULL)
		evdns_base_free(v->dns, 1);
	if (v->timer != NULL)
		event_free(v->timer);
	if (v->kick != NULL)
		event_free(v->kick);
	free(v);
}

int
verifier_client_refused_method(const struct verifier_client *v)
{
	return v->refused_method;
}

struct device_channel *
verifier_client_device0(struct verifier_client *v)
{
	return v->device;
}

void
verifier_client_user_target(const struct verifier_client *v,
    struct http_target *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->name = v->server->name;
	ret->port = v->server->user_port;
	memcpy(ret->address, v->address, sizeof(ret->address));
}

const char *
verifier_client_name0(const struct verifier_client *v)
{
	return v->server != NULL ? v->server->name : "";
}

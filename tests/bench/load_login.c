/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Complete logins, as the helper makes them: the machine opens a challenge
 * and waits for the decision on the same connection, the person proves it on
 * another one. A login is over when the machine has a grant that says
 * "allow".
 */
#include "config.h"

#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_S 20

struct login {
	struct run *run;
	size_t i;
	double when;
	struct conn *device, *user;
	char challenge[64];
};

struct run {
	struct load *load;
	const struct options *o;
	struct credentials people, machines;
	struct report report;
	struct pace pace;
};

void
json_text(const char *body, const char *name, char *out, size_t size)
{
	char key[64];
	const char *p, *end;

	(void)snprintf(key, sizeof(key), "\"%s\"", name);
	out[0] = '\0';
	p = strstr(body, key);
	if (p == NULL || (p = strchr(p + strlen(key), '"')) == NULL ||
	    (end = strchr(p + 1, '"')) == NULL ||
	    (size_t)(end - p) > size)
		return;
	memcpy(out, p + 1, (size_t)(end - p - 1));
	out[end - p - 1] = '\0';
}

static void
post(char *out, size_t size, const char *path, const char *body)
{
	load_must((size_t)snprintf(out, size, "POST %s HTTP/1.1\r\n"
	    "Host: verifier1.acme.example\r\n"
	    "Content-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s", path, strlen(body), body) < size,
	    "long request");
}

void
request_open(char *out, size_t size, size_t user, size_t machine)
{
	char body[768];

	(void)snprintf(body, sizeof(body), "{\"version\":1,"
	    "\"request\":\"%032zx\",\"nonce\":\"%064zx\",\"user\":\"u%zu\","
	    "\"service\":\"sudo\",\"host\":\"ws-%zu.acme.example\","
	    "\"tty\":\"/dev/pts/1\",\"rhost\":\"\",\"ruser\":\"\","
	    "\"method\":\"token\"}", user, user, user, machine);
	post(out, size, "/v1/challenges", body);
}

void
request_prove(char *out, size_t size, const char *challenge, size_t user,
    size_t machine)
{
	char body[512];

	(void)snprintf(body, sizeof(body), "{\"version\":1,"
	    "\"challenge\":\"%s\",\"user\":\"u%zu\",\"service\":\"sudo\","
	    "\"host\":\"ws-%zu.acme.example\",\"method\":\"token\"}",
	    challenge, user, machine);
	post(out, size, "/v1/proofs", body);
}

static void
end(struct login *l)
{
	conn_free(l->run->load, l->device);
	if (l->user != NULL)
		conn_free(l->run->load, l->user);
	l->run->pace.under_way--;
	free(l);
}

static void
fail(struct login *l, int status, const char *body)
{
	struct report *r = &l->run->report;

	if (status == 0) {
		r->n_failed++;
	} else {
		if (r->n_wrong++ == 0)
			(void)snprintf(r->wrong, sizeof(r->wrong), "%d %.150s",
			    status, body);
	}
	end(l);
}

static void
on_grant(struct conn *c, int status, const char *body)
{
	struct login *l = c->arg;
	char decision[16];

	json_text(body, "decision", decision, sizeof(decision));
	if (status != 200 || strcmp(decision, "allow") != 0) {
		fail(l, status, body);
		return;
	}
	report_add(&l->run->report, load_now() - l->when);
	end(l);
}

static void
on_taken(struct conn *c, int status, const char *body)
{
	struct login *l = c->arg;

	if (status != 200) {
		fail(l, status, body);
		return;
	}
	conn_free(l->run->load, l->user);
	l->user = NULL;
}

static void
on_opened(struct conn *c, int status, const char *body)
{
	struct login *l = c->arg;
	struct run *run = l->run;
	size_t user = run->o->first + l->i;
	char request[1024];

	json_text(body, "challenge", l->challenge, sizeof(l->challenge));
	if (status != 201 || l->challenge[0] == '\0') {
		fail(l, status, body);
		return;
	}
	l->user = conn_new(run->load, run->o->user_port, &run->people, l->i);
	request_prove(request, sizeof(request), l->challenge, user,
	    l->i % run->machines.n);
	conn_ask(l->user, request, on_taken, l);
	(void)snprintf(request, sizeof(request),
	    "GET /v1/challenges/%s/grant?wait=%d HTTP/1.1\r\n"
	    "Host: verifier1.acme.example\r\n\r\n", l->challenge, WAIT_S);
	conn_ask(l->device, request, on_grant, l);
}

static void
start(void *arg, size_t i, double when)
{
	struct run *run = arg;
	struct login *l = calloc(1, sizeof(*l));
	char request[1024];

	load_must(l != NULL, "memory");
	l->run = run;
	l->i = i % run->people.n;
	l->when = when;
	run->pace.under_way++;
	l->device = conn_new(run->load, run->o->device_port, &run->machines,
	    l->i % run->machines.n);
	request_open(request, sizeof(request), run->o->first + l->i,
	    l->i % run->machines.n);
	conn_ask(l->device, request, on_opened, l);
}

void
mode_login(struct load *load, const struct options *o)
{
	struct run run = { .load = load, .o = o };

	/* Each of them several times where that is asked for. */
	credentials_read(&run.people, o->people, o->first, o->n, o->chain);
	credentials_read(&run.machines, o->machines, 0, o->n_machines, NULL);
	report_init(&run.report, o->n * o->requests);
	run.pace.options = o;
	load_ready();
	run.report.begun = load_now();
	pace_run(&run.pace, load, start, &run);
	run.report.ended = load_now();
	report_print(&run.report);
}

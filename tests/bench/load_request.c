/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A handshake and one request, or several, on each connection: a request
 * given on the command line, or, where there is a port for machines, the
 * proof of a challenge that was opened before the run, another one each time.
 */
#include "config.h"

#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
	struct load *load;
	const struct options *o;
	struct credentials people, machines;
	struct report report;
	struct pace pace;
	/* NULL, or options' requests of them for each person. */
	char (*challenges)[64];
	size_t n_challenges;
};

struct visit {
	struct run *run;
	struct conn *conn;
	size_t person;
	double when;
	unsigned asked;
	char request[1024];
};

static void
end(struct visit *v)
{
	conn_free(v->run->load, v->conn);
	v->run->pace.under_way--;
	free(v);
}

/* The next request of this connection. */
static void
write_request(struct visit *v)
{
	const struct run *run = v->run;
	size_t i = v->person * run->o->requests + v->asked++;

	if (run->challenges != NULL)
		request_prove(v->request, sizeof(v->request),
		    run->challenges[i], run->o->first + v->person,
		    i % run->machines.n);
	else
		(void)snprintf(v->request, sizeof(v->request),
		    "%s HTTP/1.1\r\nHost: verifier1.acme.example\r\n\r\n",
		    run->o->request);
}

static void
on_answer(struct conn *c, int status, const char *body)
{
	struct visit *v = c->arg;
	struct report *r = &v->run->report;

	if (status == 0) {
		r->n_failed++;
		end(v);
		return;
	}
	if (status != 200) {
		if (r->n_wrong++ == 0)
			(void)snprintf(r->wrong, sizeof(r->wrong), "%d %.150s",
			    status, body);
		end(v);
		return;
	}
	report_add(r, load_now() - v->when);
	if (v->asked == v->run->o->requests) {
		end(v);
		return;
	}
	v->when = load_now();
	write_request(v);
	conn_ask(c, v->request, on_answer, v);
}

static void
start(void *arg, size_t i, double when)
{
	struct run *run = arg;
	struct visit *v = calloc(1, sizeof(*v));

	load_must(v != NULL, "memory");
	v->run = run;
	v->when = when;
	v->person = i % run->people.n;
	run->pace.under_way++;
	write_request(v);
	v->conn = conn_new(run->load, run->o->user_port, &run->people,
	    v->person);
	conn_ask(v->conn, v->request, on_answer, v);
}

/* --- challenges, before the run: one connection for each machine --- */

struct opener {
	struct run *run;
	struct conn *conn;
	size_t i;			/* the challenge that it opens now */
	unsigned *n_openers;
};

static void
ask_to_open(const struct opener *o, char *out, size_t size)
{
	request_open(out, size, o->run->o->first +
	    o->i / o->run->o->requests, o->i % o->run->machines.n);
}

static void
on_opened(struct conn *c, int status, const char *body)
{
	struct opener *o = c->arg;
	struct run *run = o->run;
	char request[1024];

	if (status != 0) {
		json_text(body, "challenge", run->challenges[o->i],
		    sizeof(run->challenges[o->i]));
		load_must(status == 201, body);
		o->i += run->machines.n;
	}
	load_must(status != 0, "the machine's connection has ended");
	if (o->i >= run->n_challenges) {
		conn_free(run->load, c);
		--*o->n_openers;
		free(o);
		return;
	}
	ask_to_open(o, request, sizeof(request));
	conn_ask(c, request, on_opened, o);
}

static void
open_challenges(struct run *run)
{
	unsigned n_openers = 0;
	struct opener *o;
	char request[1024];

	credentials_read(&run->machines, run->o->machines, 0,
	    run->o->n_machines, NULL);
	run->n_challenges = run->people.n * run->o->requests;
	run->challenges = calloc(run->n_challenges, sizeof(*run->challenges));
	load_must(run->challenges != NULL, "memory");
	for (size_t i = 0; i < run->machines.n && i < run->n_challenges; i++) {
		o = calloc(1, sizeof(*o));
		load_must(o != NULL, "memory");
		o->run = run;
		o->i = i;
		o->n_openers = &n_openers;
		n_openers++;
		o->conn = conn_new(run->load, run->o->device_port,
		    &run->machines, i);
		ask_to_open(o, request, sizeof(request));
		conn_ask(o->conn, request, on_opened, o);
	}
	while (n_openers > 0)
		load_step(run->load, 1);
}

static void
visit_all(struct run *run)
{
	run->report.begun = load_now();
	pace_run(&run->pace, run->load, start, run);
	run->report.ended = load_now();
	report_print(&run->report);
}

void
mode_request(struct load *load, const struct options *o)
{
	struct run run = { .load = load, .o = o };

	credentials_read(&run.people, o->people, o->first, o->n, o->chain);
	report_init(&run.report, o->n * o->requests);
	run.pace.options = o;
	if (o->device_port != 0)
		open_challenges(&run);
	load_ready();
	visit_all(&run);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A handshake and one request, or several, on each connection: a request
 * given on the command line, or, where there is a port for machines, the
 * proof of a challenge that was opened before the run.
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
	char (*challenges)[64];
};

struct visit {
	struct run *run;
	struct conn *conn;
	double when;
	unsigned left;
	char request[1024];
};

static void
end(struct visit *v)
{
	conn_free(v->run->load, v->conn);
	v->run->pace.under_way--;
	free(v);
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
	if (--v->left == 0) {
		end(v);
		return;
	}
	v->when = load_now();
	conn_ask(c, v->request, on_answer, v);
}

static void
start(void *arg, size_t i, double when)
{
	struct run *run = arg;
	struct visit *v = calloc(1, sizeof(*v));
	size_t person = i % run->people.n;

	load_must(v != NULL, "memory");
	v->run = run;
	v->when = when;
	v->left = run->o->requests;
	run->pace.under_way++;
	if (run->challenges != NULL)
		request_prove(v->request, sizeof(v->request),
		    run->challenges[person], run->o->first + person,
		    person % run->machines.n);
	else
		(void)snprintf(v->request, sizeof(v->request),
		    "%s HTTP/1.1\r\nHost: verifier1.acme.example\r\n\r\n",
		    run->o->request);
	v->conn = conn_new(run->load, run->o->user_port, &run->people,
	    person);
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
	if (o->i >= run->people.n) {
		conn_free(run->load, c);
		--*o->n_openers;
		free(o);
		return;
	}
	request_open(request, sizeof(request), run->o->first + o->i,
	    o->i % run->machines.n);
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
	run->challenges = calloc(run->people.n, sizeof(*run->challenges));
	load_must(run->challenges != NULL, "memory");
	for (size_t i = 0; i < run->machines.n && i < run->people.n; i++) {
		o = calloc(1, sizeof(*o));
		load_must(o != NULL, "memory");
		o->run = run;
		o->i = i;
		o->n_openers = &n_openers;
		n_openers++;
		o->conn = conn_new(run->load, run->o->device_port,
		    &run->machines, i);
		request_open(request, sizeof(request), run->o->first + i, i);
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

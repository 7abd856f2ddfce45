/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "load MODE OPTIONS": the load generator of tests/bench/verifier, which
 * says how it is called.
 */
#include "config.h"

#include "load.h"

#include <err.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <openssl/err.h>

void
load_must(int ok, const char *what)
{
	if (ok)
		return;
	ERR_print_errors_fp(stderr);
	err(1, "%s", what);
}

double
load_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
load_ready(void)
{
	char line[16];

	printf("ready\n");
	fflush(stdout);
	load_must(fgets(line, sizeof(line), stdin) != NULL, "stdin");
}

/* Arrivals that know nothing of each other: exponential gaps. */
static double
gap(struct pace *p)
{
	return -log(1 - erand48(p->seed)) / p->options->rate;
}

static void
pace_open_loop(struct pace *p, struct load *load, size_t n,
    pace_start_fn start, void *arg)
{
	double now;

	p->next = load_now();
	while (p->started < n || p->under_way > 0) {
		now = load_now();
		while (p->started < n && p->next <= now) {
			start(arg, p->started++, p->next);
			p->next += gap(p);
		}
		load_step(load, p->started < n ? 0.001 : 1);
	}
}

void
pace_run(struct pace *p, struct load *load, pace_start_fn start, void *arg)
{
	const struct options *o = p->options;
	/* Requests of one connection, or logins of one person. */
	size_t n = strcmp(o->mode, "login") == 0 ? o->n * o->requests : o->n;

	if (o->rate > 0) {
		pace_open_loop(p, load, n, start, arg);
		return;
	}
	while (p->started < n || p->under_way > 0) {
		while (p->started < n && p->under_way < o->concurrency)
			start(arg, p->started++, load_now());
		load_step(load, 1);
	}
}

static void
raise_descriptors(void)
{
	struct rlimit limit;

	load_must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "descriptors");
	limit.rlim_cur = limit.rlim_max;
	load_must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "descriptors");
}

static void
read_options(int argc, char *argv[], struct options *o)
{
	int option;

	while ((option = getopt(argc, argv, "P:M:C:R:f:n:m:u:d:c:k:r:")) !=
	    -1) {
		switch (option) {
		case 'P': o->people = optarg; break;
		case 'M': o->machines = optarg; break;
		case 'C': o->chain = optarg; break;
		case 'R': o->request = optarg; break;
		case 'f': o->first = (size_t)atol(optarg); break;
		case 'n': o->n = (size_t)atol(optarg); break;
		case 'm': o->n_machines = (size_t)atol(optarg); break;
		case 'u': o->user_port = atoi(optarg); break;
		case 'd': o->device_port = atoi(optarg); break;
		case 'c': o->concurrency = (unsigned)atoi(optarg); break;
		case 'k': o->requests = (unsigned)atoi(optarg); break;
		case 'r': o->rate = atof(optarg); break;
		default: errx(2, "see tests/bench/verifier.py");
		}
	}
	o->mode = optind < argc ? argv[optind] : "";
}

int
main(int argc, char *argv[])
{
	struct options o = { .n = 1, .n_machines = 1, .concurrency = 32,
	    .requests = 1, .request = "GET /" };
	struct load load;

	signal(SIGPIPE, SIG_IGN);
	read_options(argc, argv, &o);
	raise_descriptors();
	load_init(&load);
	if (strcmp(o.mode, "request") == 0)
		mode_request(&load, &o);
	else if (strcmp(o.mode, "login") == 0)
		mode_login(&load, &o);
	else if (strcmp(o.mode, "half-open") == 0)
		mode_half_open(&load, &o);
	else
		errx(2, "request, login or half-open");
	return 0;
}

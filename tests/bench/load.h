/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The load generator of tests/bench/verifier: one thread, one epoll, real
 * TLS 1.3 handshakes with certificates that are all different. Knows HTTP as
 * far as its own requests go, and says nothing about the server but what it
 * has seen. Whatever it cannot do ends the program.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

/* Ends the program with what and the error of the system or of OpenSSL. */
void load_must(int ok, const char *what);

/* Seconds of CLOCK_MONOTONIC. */
double load_now(void);

/* --- credentials (load_credentials.c) --- */

struct credentials {
	size_t n;
	X509 **certificates;
	EVP_PKEY **keys;
	STACK_OF(X509) *chain;		/* sent behind each; NULL: leaf only */
};

/* Certificates first to first + n of a file that issue.c wrote. */
void credentials_read(struct credentials *ret, const char *file,
    size_t first, size_t n, const char *chain_file);

/* --- connections (load_conn.c) --- */

#define CONN_IN_MAX 8192

struct conn;
/* status 0: the connection failed before there was an answer. */
typedef void (*conn_answer_fn)(struct conn *c, int status, const char *body);

struct conn {
	int fd;				/* -1: not in use */
	SSL *ssl;
	int is_shaken, is_failed;
	char out[1024], in[CONN_IN_MAX];
	size_t out_len, in_len;
	conn_answer_fn answer;
	void *arg;
	struct conn *next;		/* with load_loop(): to be freed */
};

struct load {
	int epoll;
	SSL_CTX *ctx;
	unsigned n_connections;		/* ever made: their source address */
	struct conn *spent;
};

void load_init(struct load *load);

/*
 * A connection to that port of this machine, from an address of its own out
 * of many, as number i of the credentials. The request that conn_ask() was
 * given leaves with the end of the handshake.
 */
struct conn *conn_new(struct load *load, int port,
    const struct credentials *credentials, size_t i);
/* The next request; answer is called once for it. */
void conn_ask(struct conn *c, const char *request, conn_answer_fn answer,
    void *arg);
void conn_free(struct load *load, struct conn *c);

/* Waits for events at most so long, and works on them. */
void load_step(struct load *load, double timeout_s);

/* A socket to that port, connecting. */
int load_connect(struct load *load, int port);

/* --- what was seen (load_report.c) --- */

struct report {
	size_t n_ok, n_failed, n_wrong;	/* wrong: another answer */
	size_t n, max;
	double *latency_s;
	double begun, ended;
	char wrong[200];		/* the first of them */
};

void report_init(struct report *r, size_t max);
void report_add(struct report *r, double latency_s);
/* One line of JSON. */
void report_print(struct report *r);

/* --- the modes --- */

struct options {
	const char *mode;
	const char *people, *machines, *chain, *request;
	size_t first, n, n_machines;
	int user_port, device_port;
	unsigned concurrency, requests;
	double rate;			/* 0: as fast as concurrency lets */
};

/* Calls start(arg, i, when) for i < n: closed loop, or at the rate. */
struct pace {
	const struct options *options;
	size_t started, under_way;
	double next;			/* of the open loop */
	unsigned short seed[3];
};
typedef void (*pace_start_fn)(void *arg, size_t i, double when);
void pace_run(struct pace *p, struct load *load, pace_start_fn start,
    void *arg);

/* Says "ready" on stdout and waits for a line on stdin. */
void load_ready(void);

void mode_request(struct load *load, const struct options *o);
void mode_login(struct load *load, const struct options *o);
void mode_half_open(struct load *load, const struct options *o);

/* The value of a member of a flat JSON object of text; "" without it. */
void json_text(const char *body, const char *name, char *out, size_t size);

/* A POST of /v1/challenges by machine i for user i, of /v1/proofs for it. */
void request_open(char *out, size_t size, size_t user, size_t machine);
void request_prove(char *out, size_t size, const char *challenge,
    size_t user, size_t machine);

#endif

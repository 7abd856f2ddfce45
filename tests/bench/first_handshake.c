/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "first_handshake [RUNS]": what a login waits for in tls/ alone. Each run
 * is a fresh process that does what a helper does once: start OpenSSL, make
 * a client context, shake hands. Then the same once more in that process,
 * warm. Milliseconds of CPU time, so that a busy machine matters less; nothing
 * in here waits. Both ends run in one process.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/pki.h"
#include "../lib/tls_pair.h"
#include "mtls/pem.h"

#define SERVER	"verifier1.acme.example"

enum phase {
	START, CLIENT_CTX, CERTIFICATE, SERVER_CTX, HANDSHAKE, SECOND_CTX,
	SECOND_HANDSHAKE, N_PHASES
};

static const char *const names[N_PHASES] = {
	"mtls_tls_new (first OpenSSL call)", "client context, CA file",
	"use certificate and key", "server context (other machine)",
	"first handshake, both ends", "second client context",
	"second handshake, both ends"
};

enum file { CA, USERS, CERT, KEY, USER_CERT, USER_KEY, N_FILES };

/* Between the processes of a measurement. */
struct shared {
	char path[N_FILES][128];
	double ms[N_PHASES];
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
must(int ok)
{
	if (!ok)
		_exit(1);
}

static void
handshake(SSL_CTX *client, SSL_CTX *server)
{
	struct tls_pair pair;
	SSL *ssl = NULL;

	must(mtls_tls_client_ssl(client, SERVER, &ssl, NULL) == MTLS_OK);
	tls_pair_init(&pair, ssl, SSL_new(server));
	tls_pair_handshake(&pair);
	must(mtls_tls_check_peer(pair.client.ssl, MTLS_TLS_13, NULL) ==
	    MTLS_OK && mtls_tls_check_peer(pair.server.ssl, MTLS_TLS_13,
	    NULL) == MTLS_OK);
	tls_pair_free(&pair);
}

static SSL_CTX *
client_ctx(struct mtls_tls *tls, const struct shared *f)
{
	SSL_CTX *ctx = NULL;

	must(mtls_tls_client_ctx(tls, &(struct mtls_tls_client_options){
	    .ca_file = f->path[CA]}, &ctx, NULL) == MTLS_OK);
	return ctx;
}

static void
present(struct mtls_tls *tls, SSL_CTX *ctx, const struct shared *f)
{
	STACK_OF(X509) *certs = NULL;
	EVP_PKEY *key = NULL;

	must(mtls_pem_certificates(tls, f->path[USER_CERT], &certs, NULL) ==
	    MTLS_OK &&
	    mtls_pem_key(tls, f->path[USER_KEY], &key, NULL) == MTLS_OK &&
	    mtls_tls_use_certificate(ctx, sk_X509_value(certs, 0), NULL, key,
	    NULL) == MTLS_OK);
	EVP_PKEY_free(key);
	sk_X509_pop_free(certs, X509_free);
}

static void
one_run(struct shared *f)
{
	struct mtls_tls *tls = NULL;
	SSL_CTX *client, *second;
	SSL_CTX *server = NULL;
	double t[N_PHASES + 1];

	t[START] = now_ms();
	must(mtls_tls_new(&tls, NULL) == MTLS_OK);
	t[CLIENT_CTX] = now_ms();
	client = client_ctx(tls, f);
	t[CERTIFICATE] = now_ms();
	present(tls, client, f);
	t[SERVER_CTX] = now_ms();
	must(mtls_tls_server_ctx(tls, &(struct mtls_tls_server_options){
	    .certificate_file = f->path[CERT], .key_file = f->path[KEY],
	    .client_ca_file = f->path[USERS]}, &server, NULL) == MTLS_OK);
	t[HANDSHAKE] = now_ms();
	handshake(client, server);
	t[SECOND_CTX] = now_ms();
	second = client_ctx(tls, f);
	present(tls, second, f);
	t[SECOND_HANDSHAKE] = now_ms();
	handshake(second, server);
	t[N_PHASES] = now_ms();
	for (int i = 0; i < N_PHASES; i++)
		f->ms[i] = t[i + 1] - t[i];
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
put_path(struct shared *f, enum file file, const char *path)
{
	snprintf(f->path[file], sizeof(f->path[file]), "%s", path);
}

static void
make_files(struct pki *pki, enum pki_key_type type, struct shared *f)
{
	struct pki_options o = {.key_type = type};
	const struct pki_cert *root = pki_ca(pki, NULL, "Root", NULL);
	const struct pki_cert *users = pki_ca(pki, root, "Users", NULL);
	const struct pki_cert *machines = pki_ca(pki, root, "Machines", NULL);
	const struct pki_cert *server = pki_server(pki, machines, SERVER,
	    NULL);
	const struct pki_cert *user = pki_user(pki, users, "alice", &o);

	put_path(f, CA, pki_file_certs(pki, "ca.pem", PKI_CERTS(root)));
	put_path(f, USERS, pki_file_certs(pki, "users.pem",
	    PKI_CERTS(root, users)));
	put_path(f, CERT, pki_file_certs(pki, "server.pem",
	    PKI_CERTS(server, machines)));
	put_path(f, KEY, pki_file_key(pki, "server.key", server));
	put_path(f, USER_CERT, pki_file_certs(pki, "user.pem",
	    PKI_CERTS(user)));
	put_path(f, USER_KEY, pki_file_key(pki, "user.key", user));
}

/* The child's OpenSSL is as untouched as that of this process. */
static void
run_child(struct shared *f)
{
	int status = -1;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		one_run(f);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void
report(int n, double (*runs)[N_PHASES])
{
	double *column = calloc((size_t)n, sizeof(*column));

	printf("%-36s %8s %8s\n", "phase, CPU ms", "median", "p90");
	for (int phase = 0; phase < N_PHASES && column != NULL; phase++) {
		for (int i = 0; i < n; i++)
			column[i] = runs[i][phase];
		qsort(column, (size_t)n, sizeof(*column), compare);
		printf("%-36s %8.2f %8.2f\n", names[phase], column[n / 2],
		    column[n * 9 / 10]);
	}
	free(column);
}

/*
 * A child makes the files, so that OpenSSL stays untouched here, and stays
 * until they are no longer needed. Returns the end of a pipe: to be closed
 * then.
 */
static int
start_maker(enum pki_key_type type, struct shared *f, pid_t *ret_pid)
{
	int up[2], down[2];
	struct pki *pki;
	char byte = 0;

	must(pipe(up) == 0 && pipe(down) == 0);
	*ret_pid = fork();
	must(*ret_pid >= 0);
	if (*ret_pid == 0) {
		close(down[1]);
		pki = pki_new(NULL);
		make_files(pki, type, f);
		must(write(up[1], "x", 1) == 1);
		must(read(down[0], &byte, 1) == 0);
		pki_free(pki);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	must(read(up[0], &byte, 1) == 1);
	close(up[0]);
	return down[1];
}

static void
measure(const char *title, enum pki_key_type type, int n)
{
	double (*runs)[N_PHASES] = calloc((size_t)n, sizeof(*runs));
	struct shared *f;
	pid_t maker;
	int until_fd;

	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(runs != NULL && f != MAP_FAILED);
	until_fd = start_maker(type, f, &maker);
	for (int i = 0; i < n; i++) {
		run_child(f);
		memcpy(runs[i], f->ms, sizeof(runs[i]));
	}
	printf("user key %s, %d runs\n", title, n);
	report(n, runs);
	fflush(stdout);
	close(until_fd);
	waitpid(maker, NULL, 0);
	munmap(f, sizeof(*f));
	free(runs);
}

int
main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 51;

	if (n < 1)
		return 1;
	measure("P-256", PKI_P256, n);
	measure("RSA-2048", PKI_RSA2048, n);
	return 0;
}

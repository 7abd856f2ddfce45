/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A verifier in a child process, with a throw-away organisation around it,
 * and an HTTP client that says exactly what it is told to.
 */
#ifndef TESTS_VERIFIER_RIG_H
#define TESTS_VERIFIER_RIG_H

#include <sys/types.h>

#include <openssl/ssl.h>

#include "mtls/body.h"
#include "mtls/message.h"
#include "mtls/tls.h"

#include "generation.h"
#include "pki.h"

#define RIG_HOST "ws-1.acme.example"

struct rig {
	struct mtls_tls *tls;
	struct pki *pki;
	const struct pki_cert *root, *users, *machines;
	const struct pki_cert *server, *machine, *alice, *bob;
	char dir[128];			/* absolute; files are in it */
	pid_t pid;			/* 0: not running */
	int log_fd;
	char *log;			/* all that it has said */
	size_t log_len;
	int ports[2];			/* by role */
	unsigned loops;			/* of the verifier; 0: one */
	int status;		/* its end, where it came too early */
};

/* cmocka fixtures of a group; *state is the rig, nothing is running. */
int rig_group_set_up(void **state);
int rig_group_tear_down(void **state);

/* Fixtures of a test: a running verifier with good files. */
int rig_set_up(void **state);
int rig_tear_down(void **state);

/* Writes what belongs into a file of the rig. */
void rig_write(struct rig *rig, const char *name, const char *text);
/* What a test adds that fails more often than a person may. */
#define RIG_NO_LIMITS "[limits]\nuser-failures = none\n" \
	"card-failures = none\nmachine-failures = none\n" \
	"source-failures = none\n"
/* Good settings, and more lines behind them. */
void rig_write_settings(struct rig *rig, const char *more);
void rig_write_policy(struct rig *rig, const char *text);
/* CRLs of all three CAs; revoked is by its issuer. */
void rig_write_crls(struct rig *rig, const struct pki_cert *revoked);

/* A newer CRL of one of them. */
void rig_write_crl(struct rig *rig, const struct pki_cert *ca,
    const struct pki_cert *revoked);

/* Starts; fails the test unless it is ready. */
void rig_start(struct rig *rig);
/* Starts, and returns 0 if it ended without being ready. */
int rig_try_start(struct rig *rig);
/* SIGTERM; fails the test unless it ends well. */
void rig_stop(struct rig *rig);
/* Waits until a line behind mark has text in it; NULL after 20 s. */
const char *rig_wait_log(struct rig *rig, size_t mark, const char *text);
/* SIGHUP, and waits for what comes of it: 1 if it was taken. */
int rig_reload(struct rig *rig);
/* Whether it is still running. */
int rig_is_alive(struct rig *rig);

/* One row of the audit at a time, newest last: "decision reason user". */
size_t rig_audit(struct rig *rig, char rows[][128], size_t max);
/* How many "allow" there are about this request. */
size_t rig_n_allowed(struct rig *rig, const char *request);

/* --- HTTP --- */

struct http {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	int is_shaken;		/* the client's handshake succeeded */
};

struct http_options {
	const struct pki_cert *cert;	/* NULL: none is shown */
	const struct pki_cert *const *chain;	/* sent behind it, or NULL */
	EVP_PKEY *key;			/* instead of the certificate's */
	const char *sni, *alpn;		/* NULL: none */
	int max_version;		/* 0: any; -1: no handshake */
	int forge;			/* for tls_records_begin() */
	int post_handshake_auth;	/* offered */
	const char *sigalgs;
};

struct reply {
	int status;		/* 0: none came, the connection ended */
	char head[4096];
	char body[20000];
	size_t body_len;
};

/* Connects and shakes hands; what came of it is in http. */
void http_open(struct http *h, const struct rig *rig, enum role role,
    const struct http_options *options);
void http_close(struct http *h);
/* The usual ones. */
void http_machine(struct http *h, const struct rig *rig);
void http_person(struct http *h, const struct rig *rig,
    const struct pki_cert *cert);

/* 0 if it could be written. */
int http_write(struct http *h, const void *data, size_t len);
/* Reads one whole answer; *ret is zeroed where none comes. */
void http_read(struct http *h, struct reply *ret);
/* Head, body and answer; what is "POST /path". */
void http_ask(struct http *h, const char *what, const char *body,
    struct reply *ret);

/* The reason in a PROBLEM; "" where the reply is none. A static buffer. */
const char *reply_reason(const struct reply *reply);

/* --- the protocol --- */

/* Opens a challenge for alice, sudo and RIG_HOST: the status. */
int rig_open(struct http *h, struct mtls_body_challenge *ret,
    struct reply *reply);
/* The same with fields changed; NULL is as above. */
struct rig_open {
	const char *user, *service, *host, *method, *rhost;
	const char *request;		/* its id in hexadecimal */
};
int rig_open_as(struct http *h, const struct rig_open *o,
    struct mtls_body_challenge *ret, struct reply *reply);
int rig_prove(struct http *h, const uint8_t id[MTLS_ID_BYTES],
    const struct rig_open *o, struct reply *reply);
/* The status; *ret_allow is 1 if it is a grant that says "allow". */
int rig_grant(struct http *h, const uint8_t id[MTLS_ID_BYTES],
    unsigned wait_s, int *ret_allow, struct reply *reply);

/*
 * A whole login by this person: "allow", or why not (the grant's reason or
 * the problem's), or "none". A static buffer.
 */
const char *rig_login(struct rig *rig, const struct pki_cert *person,
    const struct rig_open *o);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One line per event: an event word, then key=value with fixed keys, values
 * escaped and capped. The sink is a function pointer: pam_syslog in the
 * module, stderr or the journal in programs, a buffer in tests.
 *
 * Only main.c, login.c and the listeners log; everything below returns a
 * struct mtls_err. Never logged: PINs, whole certificates, nonces.
 */
#ifndef MTLS_LOG_H
#define MTLS_LOG_H

#include <stdint.h>

#include "mtls/status.h"

enum mtls_log_level {
	MTLS_LOG_ERR,		/* an operator must act */
	MTLS_LOG_WARNING,	/* degraded, going on */
	MTLS_LOG_NOTICE,	/* one per login decision; start and stop */
	MTLS_LOG_DEBUG		/* off by default */
};

enum mtls_log_key {
	MTLS_KEY_END = 0,	/* ends the list of pairs */
	MTLS_KEY_REQUEST,	/* hex id: the same on machine and verifier */
	MTLS_KEY_USER,
	MTLS_KEY_SERVICE,
	MTLS_KEY_HOST,
	MTLS_KEY_TTY,
	MTLS_KEY_RHOST,
	MTLS_KEY_METHOD,
	MTLS_KEY_VERIFIER,
	MTLS_KEY_TOKEN,
	MTLS_KEY_CERT,		/* serial and issuer, or fingerprint */
	MTLS_KEY_PEER,		/* address or uid of the other side */
	MTLS_KEY_VERDICT,
	MTLS_KEY_REASON,
	MTLS_KEY_STATUS,
	MTLS_KEY_FILE,
	MTLS_KEY_PHASE,
	MTLS_KEY_MS,
	MTLS_KEY_DEVICE,	/* where machines connect */
	MTLS_KEY_METRICS,	/* where metrics are read */
	MTLS_KEY_TLS,		/* what a handshake came to */
	MTLS_KEY_SUPPRESSED,	/* how many lines like this were not written */
	MTLS_KEY_SEQ,		/* of the last audit record ... */
	MTLS_KEY_HASH,		/* ... and its hash */
	MTLS_KEY_COUNT
};

#define MTLS_LOG_LINE_MAX 1024

/* line is complete, printable, without a newline. */
typedef void (*mtls_log_sink_fn)(void *arg, enum mtls_log_level level,
    const char *line);

struct mtls_log {
	mtls_log_sink_fn sink;
	void *arg;
	enum mtls_log_level max;	/* more verbose ones are dropped */
};

/*
 * mtls_log_event(log, MTLS_LOG_NOTICE, "granted", MTLS_KEY_USER, user,
 *     MTLS_KEY_END): values are const char *, a NULL value leaves its key
 * out. log may be NULL: nothing happens.
 */
void mtls_log_event(const struct mtls_log *log, enum mtls_log_level level,
    const char *event, ...);

/* The same with reason= and status= taken from err. */
void mtls_log_err(const struct mtls_log *log, enum mtls_log_level level,
    const char *event, const struct mtls_err *err, ...)
   ;

/* A sink that writes "<N>line\n" (sd-daemon(3) levels) to stderr. */
void mtls_log_to_stderr(void *arg, enum mtls_log_level level,
    const char *line);

#endif

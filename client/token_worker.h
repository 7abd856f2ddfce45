/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Our end of the socket to mtls-token. mtls-token drives a card
 * and foreign code: whatever comes from it can make a login fail and can do
 * nothing else. A message that is not expected now ends it.
 */
#ifndef CLIENT_TOKEN_WORKER_H
#define CLIENT_TOKEN_WORKER_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "client/trace.h"
#include "mtls/conf.h"
#include "mtls/deadline.h"
#include "mtls/message.h"
#include "mtls/status.h"

#define TOKEN_WORKER_MAX_CERTS 256u

struct token_worker;

struct token_worker_events {
	/* Every certificate is known, at least one. */
	void (*ready)(void *arg);
	/* The PIN is wanted on pin_fd, which is borrowed. */
	void (*pin_wanted)(void *arg, int pin_fd);
	/* err: OK, PIN_WRONG, PIN_LOCKED, ...; flags after the attempt. */
	void (*logged_in)(void *arg, uint32_t pin_flags,
	    const struct mtls_err *err);
	/* mtls-token is of no use any more. */
	void (*failed)(void *arg, const struct mtls_err *err);
	void *arg;
};

/* What mtls-token is started with; all of it borrowed. */
struct token_settings {
	const char *module;		/* absolute path */
	const char *uri;		/* "" = any token */
	const char *account;		/* what mtls-token becomes if root */
	const struct mtls_conf_list *environment;	/* NAME=VALUE */
	const struct mtls_conf_list *writable;	/* absolute directories */
	uint32_t pin_tries;		/* 0 = not known */
};

struct token_worker_options {
	const char *program;		/* absolute path of mtls-token */
	struct token_settings token;
	struct mtls_deadline deadline;
	struct trace *trace;		/* or NULL */
};

/*
 * Starts mtls-token and tells it account, module, URI and directories, so
 * that nothing of this can change after this process has dropped its rights.
 */
enum mtls_status token_worker_start(
    const struct token_worker_options *options, struct token_worker **ret,
    struct mtls_err *err);
/*
 * There is nothing left to sign: mtls-token logs out of the card and ends,
 * and nothing that happens to it is a failure any more.
 */
void token_worker_finish(struct token_worker *t);
/*
 * Ends mtls-token, wherever it is; one that is in the middle of something
 * gets no time to finish it. NULL is a no-op.
 */
void token_worker_free(struct token_worker *t);

/* From now on what it says arrives as events. */
enum mtls_status token_worker_listen(struct token_worker *t,
    struct event_base *base, const struct token_worker_events *events,
    struct mtls_err *err);

/* The issuers that the verifier accepts: DER Names; once. */
enum mtls_status token_worker_issuers(struct token_worker *t,
    const uint8_t *names, size_t len, struct mtls_err *err);

size_t token_worker_n_certs(const struct token_worker *t);
const struct mtls_msg_token_cert *token_worker_cert0(
    const struct token_worker *t, size_t i);

/* Logs in to the token of certificate i, once in the life of a worker. */
enum mtls_status token_worker_login(struct token_worker *t, size_t i,
    int last_try_confirmed, struct mtls_err *err);

/*
 * Waits until the login has come to an end, which is told as logged_in or
 * failed, as ever, from in here; OK when there can be a signature now.
 * TIMEOUT when it has not ended within_ms, CANCELLED when the other
 * descriptor hung up; nothing is lost then, it will be told later.
 */
enum mtls_status token_worker_await_login(struct token_worker *t,
    int watch_fd, uint32_t within_ms, struct mtls_err *err);

/*
 * Signs, after logged_in, and waits for the signature; the other descriptor
 * is watched for hang-up meanwhile, which is CANCELLED. Of type
 * mtls_sign_fn, but for watch_fd.
 */
enum mtls_status token_worker_sign(struct token_worker *t, int watch_fd,
    unsigned scheme, const uint8_t *message, size_t message_len,
    uint8_t *sig, size_t *sig_len, struct mtls_err *err);

#endif

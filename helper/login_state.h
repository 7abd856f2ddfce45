/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What login.c shares with the methods.
 */
#ifndef HELPER_LOGIN_STATE_H
#define HELPER_LOGIN_STATE_H

#include <event2/event.h>
#include <stdint.h>

#include "caller.h"
#include "client/sentence.h"
#include "client/trace.h"
#include "device_channel.h"
#include "login.h"
#include "login_methods.h"
#include "machine.h"
#include "method.h"
#include "module_link.h"
#include "mtls/body.h"
#include "mtls/deadline.h"
#include "mtls/message.h"
#include "mtls/verdict.h"
#include "settings.h"
#include "verifier_client.h"

struct login {
	const struct login_options *options;
	struct caller caller;
	struct mtls_log log;
	char request_hex[2 * MTLS_ID_BYTES + 1];

	struct mtls_message login_message;	/* the LOGIN */
	const struct mtls_msg_login *asked;	/* in it */
	uint32_t flags;				/* MTLS_LOGIN_* */
	struct mtls_deadline deadline;
	struct trace trace;

	struct settings *settings;
	const struct settings_service *service;
	struct login_methods methods;
	const struct method *method;	/* the current one */
	void *method_state;		/* its own */
	struct machine *machine;

	struct event_base *base;
	struct event *timer;
	int timer_fd;
	struct module_link *module;
	struct verifier_client *verifier;
	struct mtls_body_open open;	/* borrowed texts: never cleared */
	struct event *next;		/* the next method, from the loop */
	int is_leaving;			/* the current one, for that */
	struct mtls_err left_out;	/* why */
	int is_giving_up;		/* the verifier is being told ... */
	struct mtls_err gave_up;	/* ... why */
	struct event *patience;		/* for its answer */

	/* how it ends */
	int over, module_is_gone;
	enum mtls_verdict verdict;
	struct mtls_err err;
	char message[SENTENCE_MAX + 1];	/* "": the one of the status */
	char certificate[512 + 1];
	char token[256 + 1];		/* label, for the log */
};

/* Ends the login without a decision, or with a "no". First call rules. */
void login_fail(struct login *l, const struct mtls_err *err);

/*
 * The same for a method whose challenge is open, no proof of which is known
 * and no decision of which has been asked for: the verifier is told first,
 * so that the reason stands in its audit and nothing can prove the challenge
 * any more. From the event loop, a second later at most.
 * login_give_up.c.
 */
void login_give_up(struct login *l, const struct mtls_err *why);

/* Ends it with a decision of the verifier's that has been checked. */
void login_decided(struct login *l, enum mtls_verdict verdict,
    const struct mtls_err *err);

/*
 * The PROOF of the open challenge; its texts are borrowed from the login.
 * login_challenge.c.
 */
struct mtls_body_proof login_proof(const struct login *l);

/*
 * What a method may call, login_challenge.c. The proof was taken, or the
 * method has reason to believe so: the decision is fetched, which is the
 * only yes.
 */
void login_proven(struct login *l);

/*
 * The current method is not to be had here, because of why: the next one of
 * the list is tried, with a challenge of its own, from the event loop. The
 * caller does nothing more; its done() is called then. login_fail() with the
 * same reason where it was the last one. Only for a method with which nothing
 * has been tried that can fail: no PIN, no code, no proof.
 */
void login_next_method(struct login *l, const struct mtls_err *why);

/* Opens the challenge of the first method; and gives back what that took. */
enum mtls_status login_challenge_begin(struct login *l,
    struct mtls_err *err);
void login_challenge_end(struct login *l);

/* Logs how it ended and tells the module. login_result.c. */
void login_report(struct login *l);

#endif

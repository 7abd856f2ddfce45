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
	const struct method *method;
	void *method_state;
	struct machine *machine;

	struct event_base *base;
	struct event *timer;
	int timer_fd;
	struct module_link *module;
	struct verifier_client *verifier;
	struct mtls_body_open open;	/* borrowed texts: never cleared */

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

/* The verifier took the proof: the decision can be fetched. */
void login_proven(struct login *l);

/* Logs how it ended and tells the module. login_result.c. */
void login_report(struct login *l);

#endif

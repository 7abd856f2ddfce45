/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which verifier. They are tried in the order of the settings, every address
 * of one before the next one, until one of them has both opened a challenge
 * and shown its user listener; a transport failure is the only reason to go
 * on to the next. From then on the login belongs to that one.
 */
#ifndef HELPER_VERIFIER_CLIENT_H
#define HELPER_VERIFIER_CLIENT_H

#include <event2/event.h>
#include <openssl/x509.h>

#include "client/http_channel.h"
#include "client/trace.h"
#include "device_channel.h"
#include "machine.h"
#include "mtls/body.h"
#include "mtls/deadline.h"
#include "mtls/log.h"
#include "mtls/status.h"
#include "settings.h"

struct verifier_client;

struct verifier_client_options {
	struct event_base *base;
	const struct settings *settings;
	const struct machine *machine;
	const struct mtls_body_open *open;
	struct mtls_deadline deadline;
	struct trace *trace;
	/* One verifier did not do; the next one is tried. */
	void (*skipped)(void *arg, const char *name,
	    const struct mtls_err *err);
	/* issuers is borrowed; NULL with err where no verifier is left, or
	 * where one has said no. */
	void (*ready)(void *arg, STACK_OF(X509_NAME) *issuers,
	    const struct mtls_err *err);
	void *arg;
};

/* Starts with the first one; events come from the event loop. */
enum mtls_status verifier_client_new(
    const struct verifier_client_options *options,
    struct verifier_client **ret, struct mtls_err *err);
void verifier_client_free(struct verifier_client *v);	/* NULL: no-op */

/* After ready: whether the "no" was about the method, so that another one
 * may do. */
int verifier_client_refused_method(const struct verifier_client *v);

/* After ready: the channel with the challenge, and the user listener. */
struct device_channel *verifier_client_device0(struct verifier_client *v);
void verifier_client_user_target(const struct verifier_client *v,
    struct http_target *ret);
/* The name of the verifier that is being talked to; "" before the first. */
const char *verifier_client_name0(const struct verifier_client *v);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The device channel: TLS with the machine's certificate. A challenge is
 * opened on it and the decision comes back on it, and nowhere else. One
 * connection is kept for the whole login; where the verifier closes it while
 * the person types, another one to the same verifier takes its place.
 */
#ifndef HELPER_DEVICE_CHANNEL_H
#define HELPER_DEVICE_CHANNEL_H

#include <event2/event.h>
#include <stdint.h>

#include "client/http_channel.h"
#include "client/problem.h"
#include "client/trace.h"
#include "machine.h"
#include "mtls/body.h"
#include "mtls/deadline.h"
#include "mtls/status.h"

struct device_channel;

struct device_channel_options {
	struct event_base *base;
	const struct machine *machine;
	struct http_target target;
	struct mtls_deadline deadline;
	struct trace *trace;
};

/* challenge is borrowed, NULL on failure; kind says what to make of it. */
typedef void (*device_challenge_fn)(void *arg, const uint8_t *challenge,
    enum problem_kind kind, const struct mtls_err *err);

/* json is the body of a 200, borrowed, NULL on failure. */
typedef void (*device_grant_fn)(void *arg, const char *json, size_t len,
    const struct mtls_err *err);

enum mtls_status device_channel_new(
    const struct device_channel_options *options,
    struct device_channel **ret, struct mtls_err *err);
void device_channel_free(struct device_channel *d);	/* NULL: no-op */

/*
 * Opens a challenge; done is called once from the event loop and may free
 * the channel. open is borrowed until then.
 */
enum mtls_status device_channel_open(struct device_channel *d,
    const struct mtls_body_open *open, device_challenge_fn done, void *arg,
    struct mtls_err *err);

/* Asks for the decision until there is one. After a challenge only. */
enum mtls_status device_channel_grant(struct device_channel *d,
    device_grant_fn done, void *arg, struct mtls_err *err);

/*
 * Posts json to path (a literal) for the challenge that is open, and tells
 * what has come back: any answer, whatever it says, or the failure of
 * http_done_fn. One request at a time, and before the decision is asked for;
 * it is sent twice where a connection that had been idle was closed under the
 * first. done is called from the event loop, may ask again, and may free the
 * channel.
 */
enum mtls_status device_channel_post(struct device_channel *d,
    const char *path, const char *json, http_done_fn done, void *arg,
    struct mtls_err *err);

/* Whether the handshake of its connection has been completed. */
int device_channel_was_open(const struct device_channel *d);
/* Its session word, "" where it has none. */
const char *device_channel_session0(const struct device_channel *d);
/* The id of the challenge, after it was opened. */
const uint8_t *device_channel_challenge0(const struct device_channel *d);

#endif

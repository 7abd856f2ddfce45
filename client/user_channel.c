/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * POST /v1/proofs over a connection that the card has signed.
 */
#include "config.h"

#include "client/user_channel.h"

#include <stdlib.h>
#include <string.h>

#include "client/taken.h"

struct user_channel {
	struct http_channel *http;
	uint8_t challenge[MTLS_ID_BYTES];
	user_proven_fn done;
	void *arg;
	struct trace *trace;
};

static void
on_answer(void *arg, const struct http_answer *answer,
    const struct mtls_err *http_err)
{
	struct user_channel *u = arg;
	struct mtls_err err = *http_err;

	trace_end(u->trace, TRACE_PROOF);
	if (answer != NULL)
		(void)taken_read(answer, u->challenge, &err);
	u->done(u->arg, &err);
}

enum mtls_status
user_channel_prove(const struct http_channel_options *options,
    const struct http_target *target, const struct mtls_body_proof *proof,
    user_proven_fn done, void *arg, struct user_channel **ret,
    struct mtls_err *err)
{
	struct user_channel *u;
	char *json = NULL;
	size_t len;

	u = calloc(1, sizeof(*u));
	if (u == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	memcpy(u->challenge, proof->challenge, MTLS_ID_BYTES);
	u->done = done;
	u->arg = arg;
	u->trace = options->trace;
	if (mtls_body_format(MTLS_BODY_PROOF, proof, &json, &len, err) !=
	    MTLS_OK ||
	    http_channel_new(options, target, &u->http, err) != MTLS_OK)
		goto out;
	trace_begin(u->trace, TRACE_PROOF);
	if (http_channel_request(u->http, "/v1/proofs", json, on_answer, u,
	    err) != MTLS_OK)
		goto out;
	*ret = u;
	u = NULL;
out:
	user_channel_free(u);
	free(json);
	return err->status;
}

void
user_channel_free(struct user_channel *u)
{
	if (u == NULL)
		return;
	http_channel_free(u->http);
	free(u);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a login about which the verifier hears: it closes the challenge
 * and keeps the reason. The login has failed whatever comes of that.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "login_state.h"

#define PATIENCE_S	1	/* for the verifier's answer */

static void
on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	struct login *l = arg;

	(void)fd;
	(void)what;
	login_fail(l, &l->gave_up);
}

static void
on_told(void *arg, const struct http_answer *answer,
    const struct mtls_err *http_err)
{
	struct login *l = arg;

	(void)answer;
	(void)http_err;
	login_fail(l, &l->gave_up);
}

static enum mtls_status
tell(struct login *l, struct mtls_err *err)
{
	struct device_channel *device = verifier_client_device0(l->verifier);
	static const struct timeval patience = { PATIENCE_S, 0 };
	struct mtls_body_given_up body;
	char *json = NULL;
	size_t len;

	memset(&body, 0, sizeof(body));
	body.version = 1;
	memcpy(body.challenge, device_channel_challenge0(device),
	    MTLS_ID_BYTES);
	body.reason = l->gave_up.text;
	l->patience = evtimer_new(l->base, on_patience_over, l);
	if (l->patience == NULL || evtimer_add(l->patience, &patience) != 0)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (mtls_body_format(MTLS_BODY_GIVEN_UP, &body, &json, &len, err) ==
	    MTLS_OK)
		(void)device_channel_post(device, "/v1/given-up", json,
		    on_told, l, err);
	free(json);
	return err->status;
}

void
login_give_up(struct login *l, const struct mtls_err *why)
{
	struct mtls_err err;

	if (l->over || l->is_leaving || l->is_giving_up)
		return;
	l->is_giving_up = 1;
	l->gave_up = *why;
	mtls_err_clear(&err);
	if (tell(l, &err) != MTLS_OK)
		login_fail(l, why);
}

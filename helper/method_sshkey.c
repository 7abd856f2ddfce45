/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The method "sshkey": sshd has verified a signature by the person's key, and
 * the verifier is asked whose certificate has that key. No question is asked.
 *
 * MUST: believe what sshd has verified of a root process only, and of the
 * service sshd only: everybody can write the same into a message (T-117).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/taken.h"
#include "login_state.h"
#include "mtls/secret.h"
#include "ssh_auth_info.h"

static enum mtls_status
sshkey_available(struct login *l, struct mtls_err *err)
{
	if (strcmp(l->asked->service, "sshd") != 0)
		return mtls_fail(err, MTLS_E_PERMISSION,
		    "keys are verified by sshd only");
	if (caller_may_configure(&l->caller, geteuid(), err) != MTLS_OK)
		return err->status;
	if (l->asked->ssh_auth_info.len == 0)
		return mtls_fail(err, MTLS_E_NOT_FOUND,
		    "sshd has verified nothing before it asked PAM");
	return MTLS_OK;
}

static void
on_taken(void *arg, const struct http_answer *answer,
    const struct mtls_err *why)
{
	struct login *l = arg;
	struct mtls_err err = *why;

	if (answer != NULL) {
		mtls_err_clear(&err);
		(void)taken_read(answer, device_channel_challenge0(
		    verifier_client_device0(l->verifier)), &err);
	}
	if (err.status == MTLS_OK)
		login_proven(l);
	else
		login_fail(l, &err);
}

static enum mtls_status
send_key(struct login *l, const struct ssh_key *key, struct mtls_err *err)
{
	struct device_channel *device = verifier_client_device0(l->verifier);
	struct mtls_body_key body = {
		.version = 1, .user = l->open.user,
		.service = l->open.service, .host = l->open.host,
	};
	char *json = NULL;
	size_t len;

	memcpy(body.challenge, device_channel_challenge0(device),
	    sizeof(body.challenge));
	if (ssh_key_hash(key, body.key, err) == MTLS_OK &&
	    mtls_body_format(MTLS_BODY_KEY, &body, &json, &len, err) ==
	    MTLS_OK)
		(void)device_channel_post(device, "/v1/keys", json, on_taken,
		    l, err);
	free(json);
	return err->status;
}

static enum mtls_status
sshkey_prove(struct login *l, STACK_OF(X509_NAME) *issuers,
    struct mtls_err *err)
{
	const struct mtls_bytes *info = &l->asked->ssh_auth_info;
	struct mtls_err why;
	struct ssh_key key;

	(void)issuers;
	mtls_err_clear(&why);
	if (ssh_auth_info_read(info->data, info->len, &key, &why) != MTLS_OK) {
		login_next_method(l, &why);
		return MTLS_OK;
	}
	return send_key(l, &key, err);
}

const struct method method_sshkey = {
	.name = "sshkey",
	.available = sshkey_available,
	.prove = sshkey_prove,
};

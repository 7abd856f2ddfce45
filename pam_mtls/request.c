/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The PAM items of one login. PAM_USER is read once and compared again
 * before the end (T-110); a name that could be an option, a path or a list
 * is refused before anybody is contacted (T-114); tty, rhost and ruser are
 * opaque text that is never resolved or opened (T-115, T-116).
 */
#include "request.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "mtls/random.h"

const char *
request_item0(pam_handle_t *pamh, int item)
{
	const void *value = NULL;

	if (pam_get_item(pamh, item, &value) != PAM_SUCCESS || value == NULL)
		return "";
	return value;
}

static enum mtls_status
read_user(pam_handle_t *pamh, struct request *r, struct mtls_err *err)
{
	const char *user = NULL;
	int code = pam_get_user(pamh, &user, NULL);

	if (code == PAM_CONV_AGAIN || code == PAM_INCOMPLETE)
		return mtls_fail(err, MTLS_E_AGAIN,
		    "the application wants to be called again");
	if (code == PAM_BUF_ERR)
		return mtls_fail(err, MTLS_E_MEMORY,
		    "out of memory for the user name");
	if (code != PAM_SUCCESS || user == NULL)
		return mtls_fail(err, MTLS_E_CONVERSATION,
		    "no user name was given (PAM code %d)", code);
	/* The copy may be cut, which is good enough for the log; what is
	 * looked at is the whole. */
	snprintf(r->user, sizeof(r->user), "%s", user);
	if (!mtls_text_is_user(user))
		return mtls_fail(err, MTLS_E_REFUSED,
		    "this cannot be a user name");
	return MTLS_OK;
}

static enum mtls_status
read_items(pam_handle_t *pamh, struct request *r, struct mtls_err *err)
{
	const char *service = request_item0(pamh, PAM_SERVICE);

	snprintf(r->service, sizeof(r->service), "%s", service);
	mtls_text_printable(r->tty, sizeof(r->tty),
	    request_item0(pamh, PAM_TTY));
	mtls_text_printable(r->rhost, sizeof(r->rhost),
	    request_item0(pamh, PAM_RHOST));
	mtls_text_printable(r->ruser, sizeof(r->ruser),
	    request_item0(pamh, PAM_RUSER));
	if (!mtls_text_is_service(service))
		return mtls_fail(err, MTLS_E_USAGE,
		    "this cannot be a PAM service");
	return MTLS_OK;
}

enum mtls_status
request_read(pam_handle_t *pamh, struct request *ret, struct mtls_err *err)
{
	enum mtls_status status;

	status = mtls_random(ret->id, sizeof(ret->id), err);
	if (status == MTLS_OK)
		status = mtls_random(ret->nonce, sizeof(ret->nonce), err);
	if (status == MTLS_OK)
		mtls_hex_encode(ret->id_hex, ret->id, sizeof(ret->id));
	if (status == MTLS_OK)
		status = read_items(pamh, ret, err);
	if (status == MTLS_OK)
		status = read_user(pamh, ret, err);
	return status;
}

enum mtls_status
request_check(pam_handle_t *pamh, const struct request *request,
    struct mtls_err *err)
{
	if (strcmp(request_item0(pamh, PAM_USER), request->user) != 0)
		return mtls_fail(err, MTLS_E_PERMISSION,
		    "the user changed during the login");
	if (strcmp(request_item0(pamh, PAM_SERVICE), request->service) != 0)
		return mtls_fail(err, MTLS_E_PERMISSION,
		    "the service changed during the login");
	return MTLS_OK;
}

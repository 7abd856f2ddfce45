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

/* An item as text, "" where it is not set; *ret is borrowed. */
static enum mtls_status
get_item(pam_handle_t *pamh, int item, const char **ret,
    struct mtls_err *err)
{
	const void *value = NULL;

	if (pam_get_item(pamh, item, &value) != PAM_SUCCESS)
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "the PAM handle does not tell item %d", item);
	*ret = value == NULL ? "" : value;
	return MTLS_OK;
}

static enum mtls_status
read_printable(pam_handle_t *pamh, int item, char out[REQUEST_ITEM_MAX + 1],
    struct mtls_err *err)
{
	const char *value = "";
	enum mtls_status status = get_item(pamh, item, &value, err);

	mtls_text_printable(out, REQUEST_ITEM_MAX + 1, value);
	return status;
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
read_service(pam_handle_t *pamh, struct request *r, struct mtls_err *err)
{
	const char *service = "";
	enum mtls_status status = get_item(pamh, PAM_SERVICE, &service, err);

	if (status != MTLS_OK)
		return status;
	snprintf(r->service, sizeof(r->service), "%s", service);
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
		status = read_printable(pamh, PAM_TTY, ret->tty, err);
	if (status == MTLS_OK)
		status = read_printable(pamh, PAM_RHOST, ret->rhost, err);
	if (status == MTLS_OK)
		status = read_printable(pamh, PAM_RUSER, ret->ruser, err);
	if (status == MTLS_OK)
		status = read_service(pamh, ret, err);
	if (status == MTLS_OK)
		status = read_user(pamh, ret, err);
	return status;
}

static enum mtls_status
check_item(pam_handle_t *pamh, int item, const char *want, const char *what,
    struct mtls_err *err)
{
	const char *value = "";
	enum mtls_status status = get_item(pamh, item, &value, err);

	if (status == MTLS_OK && strcmp(value, want) != 0)
		status = mtls_fail(err, MTLS_E_PERMISSION,
		    "the %s changed during the login", what);
	return status;
}

enum mtls_status
request_check(pam_handle_t *pamh, const struct request *request,
    struct mtls_err *err)
{
	enum mtls_status status = check_item(pamh, PAM_USER, request->user,
	    "user", err);

	if (status == MTLS_OK)
		status = check_item(pamh, PAM_SERVICE, request->service,
		    "service", err);
	return status;
}

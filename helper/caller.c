/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Authorisation of the process that asks. That it could connect means
 * nothing. An account that cannot be looked up is no match, never a yes.
 */
#include "config.h"

#include "caller.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#define PASSWD_MAX	65536u

/* 1 and *ret_uid where there is such an account, 0 otherwise. */
static int
account_uid(const char *account, uid_t *ret_uid)
{
	struct passwd pw;
	struct passwd *found = NULL;
	char *buf;
	int ok = 0;

	buf = malloc(PASSWD_MAX);
	if (buf == NULL)
		return 0;
	if (getpwnam_r(account, &pw, buf, PASSWD_MAX, &found) == 0 &&
	    found != NULL && strcmp(found->pw_name, account) == 0) {
		*ret_uid = found->pw_uid;
		ok = 1;
	}
	free(buf);
	return ok;
}

enum mtls_status
caller_check_names(const char *user, const char *service,
    struct mtls_err *err)
{
	if (!mtls_text_is_user(user))
		return mtls_fail(err, MTLS_E_REFUSED,
		    "\"%s\" cannot be the name of a user", user);
	if (!mtls_text_is_service(service))
		return mtls_fail(err, MTLS_E_REFUSED,
		    "\"%s\" cannot be the name of a service", service);
	return MTLS_OK;
}

enum mtls_status
caller_may_configure(const struct caller *caller, uid_t own_uid,
    struct mtls_err *err)
{
	if (caller->uid == 0 || caller->uid == own_uid)
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_PERMISSION,
	    "uid %u may not choose the configuration", (unsigned)caller->uid);
}

static int
is_listed(const struct caller *caller, const char *service,
    const struct mtls_conf_list *callers)
{
	char account[64];
	const char *word;
	uid_t uid;
	size_t i, len;

	for (i = 0; i < callers->n; i++) {
		word = callers->words[i];
		len = strcspn(word, ":");
		if (word[len] != ':' || len >= sizeof(account) ||
		    strcmp(word + len + 1, service) != 0)
			continue;
		memcpy(account, word, len);
		account[len] = '\0';
		if (account_uid(account, &uid) && uid == caller->uid)
			return 1;
	}
	return 0;
}

enum mtls_status
caller_may_ask(const struct caller *caller, const char *user,
    const char *service, const struct mtls_conf_list *callers,
    struct mtls_err *err)
{
	uid_t uid;

	if (caller->uid == 0)
		return MTLS_OK;
	if (account_uid(user, &uid) && uid == caller->uid)
		return MTLS_OK;
	if (is_listed(caller, service, callers))
		return MTLS_OK;
	return mtls_fail(err, MTLS_E_PERMISSION,
	    "uid %u may not ask for user %s and service %s",
	    (unsigned)caller->uid, user, service);
}

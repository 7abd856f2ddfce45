/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Names for certificates.
 */
#include "config.h"

#include "mtlsctl/ca_names.h"

#include <string.h>

#include "mtls/text.h"
#include "mtlsctl/ca_make.h"

#define EMAIL_MAX	254
#define LOCAL_MAX	64

static int
has_upper_case(const char *s)
{
	return strpbrk(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
}

enum mtls_status
ca_check_user(const char *user, struct mtls_err *err)
{
	if (!mtls_text_is_user(user) || strlen(user) > CA_CN_MAX)
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" cannot be a user name (at most %d bytes, no white "
		    "space, no - at its beginning, none of / , : ; = | \\ \" "
		    "' $ * ?)", user, CA_CN_MAX);
	return MTLS_OK;
}

/* Copies what is before the only "@"; what is behind it, or NULL. */
static const char *
split(const char *address, char *local, size_t size)
{
	const char *at = strchr(address, '@');

	if (at == NULL || strchr(at + 1, '@') != NULL ||
	    (size_t)(at - address) >= size)
		return NULL;
	memcpy(local, address, (size_t)(at - address));
	local[at - address] = '\0';
	return at + 1;
}

enum mtls_status
ca_check_upn(const char *upn, struct mtls_err *err)
{
	char local[MTLS_USER_MAX + 1];
	const char *realm = split(upn, local, sizeof(local));

	if (realm == NULL || !mtls_text_is_user(local) ||
	    !mtls_text_is_hostname(realm) || has_upper_case(realm))
		return mtls_fail(err, MTLS_E_USAGE, "\"%s\" is no user "
		    "principal name: user@realm, the realm in lower case",
		    upn);
	return MTLS_OK;
}

enum mtls_status
ca_check_email(const char *email, struct mtls_err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-";
	char local[LOCAL_MAX + 1];
	const char *domain = split(email, local, sizeof(local));

	if (domain == NULL || strlen(email) > EMAIL_MAX || local[0] == '\0' ||
	    local[strspn(local, allowed)] != '\0' ||
	    !mtls_text_is_hostname(domain))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" is no e-mail address for a certificate: ASCII, "
		    "name@domain", email);
	return MTLS_OK;
}

enum mtls_status
ca_check_host(const char *name, struct mtls_err *err)
{
	if (!mtls_text_is_hostname(name))
		return mtls_fail(err, MTLS_E_USAGE,
		    "\"%s\" is no host name (ws-1.acme.example)", name);
	if (has_upper_case(name))
		return mtls_fail(err, MTLS_E_USAGE,
		    "write \"%s\" in lower case", name);
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The checks of single settings and of settings against each other.
 */
#include "config.h"

#include "settings_check.h"

#include <stdlib.h>
#include <string.h>

#include "login_methods.h"
#include "mtls/text.h"

static enum mtls_status
check_caller(const char *word, struct mtls_err *err)
{
	char account[64];
	size_t len;

	len = strcspn(word, ":");
	if (word[len] != ':' || len >= sizeof(account))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not ACCOUNT:SERVICE", word);
	memcpy(account, word, len);
	account[len] = '\0';
	if (!mtls_text_is_user(account) ||
	    !mtls_text_is_service(word + len + 1))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not ACCOUNT:SERVICE", word);
	return MTLS_OK;
}

static enum mtls_status
check_methods(const char *value, struct mtls_err *err)
{
	struct login_methods list;

	return login_methods_parse(value, &list, err);
}

enum mtls_status
settings_check_value(const char *section, const char *name,
    const char *value, struct mtls_err *err)
{
	static const struct {
		const char *section, *name;
		int is_list;
		enum mtls_status (*check)(const char *, struct mtls_err *);
	} checks[] = {
		{ "helper", "user", 0, client_settings_check_account },
		{ "helper", "callers", 1, check_caller },
		{ "helper", "method", 0, check_methods },
		{ "service", "method", 0, check_methods },
	};
	size_t i;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (strcmp(checks[i].section, section) != 0 ||
		    strcmp(checks[i].name, name) != 0)
			continue;
		if (checks[i].is_list)
			return client_settings_each_word(value,
			    checks[i].check, err);
		return checks[i].check(value, err);
	}
	return client_settings_check_value(section, name, value, err);
}

enum mtls_status
settings_check_all(struct settings *s, struct mtls_err *err)
{
	if (client_settings_servers(&s->server_words, &s->servers,
	    &s->n_servers, err) != MTLS_OK)
		return err->status;
	if (strcmp(s->helper_user, s->token_user) == 0)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "[helper] user and [token] user must be two accounts");
	if (s->connect_timeout_s > s->deadline_s)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "connect-timeout is longer than deadline");
	return MTLS_OK;
}

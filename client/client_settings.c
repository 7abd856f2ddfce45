/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * pam_mtls.conf as a person's program reads it.
 */
#include "config.h"

#include "client/client_settings.h"

#include <stdlib.h>
#include <string.h>

const char *const client_tls_min_choices[] = { "1.3", "1.2-insecure", NULL };

#define IN_FILE(member)	offsetof(struct client_settings, member)

static const struct mtls_conf_option table[] = {
	CLIENT_VERIFIER_OPTIONS(IN_FILE),
	CLIENT_TOKEN_OPTIONS(IN_FILE),
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

static enum mtls_status
take_value(void *arg, const char *section, const char *name,
    const char *value, int line, struct mtls_err *err)
{
	struct client_settings *s = arg;

	(void)line;
	if (strcmp(section, "verifier") != 0 && strcmp(section, "token") != 0)
		return MTLS_OK;
	if (mtls_conf_set(table, s, &s->seen, section, name, value, err) !=
	    MTLS_OK)
		return err->status;
	return client_settings_check_value(section, name, value, err);
}

enum mtls_status
client_settings_read(const char *path, struct client_settings **ret,
    struct mtls_err *err)
{
	struct client_settings *s;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (mtls_conf_init(table, NULL, s, err) != MTLS_OK ||
	    mtls_conf_read(path, take_value, s, err) != MTLS_OK)
		goto out;
	if (mtls_conf_check(table, &s->seen, NULL, err) != MTLS_OK ||
	    client_settings_servers(&s->server_words, &s->servers,
	    &s->n_servers, err) != MTLS_OK) {
		mtls_err_context(err, "%s", path);
		goto out;
	}
	*ret = s;
	s = NULL;
out:
	client_settings_free(s);
	return err->status;
}

void
client_settings_free(struct client_settings *s)
{
	if (s == NULL)
		return;
	client_settings_servers_free(s->servers, s->n_servers);
	mtls_conf_done(table, NULL, s);
	free(s);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The settings of the machine side: one table of options, one walker, and
 * the checks that concern more than one option. Strict: what is not known,
 * doubled, malformed, missing or contradictory is an error with file and
 * line, never a default.
 */
#include "config.h"

#include "settings.h"

#include <sys/types.h>

#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"
#include "mtls/text.h"
#include "settings_check.h"

static const char *const prompt_choices[] = { "normal", "single", NULL };

#define IN_FILE(member)		offsetof(struct settings, member)
#define IN_SERVICE(member)	offsetof(struct settings_service, member)

const struct mtls_conf_option settings_table[] = {
	CLIENT_VERIFIER_OPTIONS(IN_FILE),

	{ "device", "certificate", IN_FILE(certificate), MTLS_CONF_PATH,
	    NULL, 1, 1024, MTLS_CONF_REQUIRED, NULL,
	    "certificate of this machine, with exactly one dNSName" },
	{ "device", "key", IN_FILE(key), MTLS_CONF_PATH,
	    NULL, 1, 1024, MTLS_CONF_REQUIRED, NULL,
	    "private key of this machine" },

	CLIENT_TOKEN_OPTIONS(IN_FILE),

	{ "helper", "user", IN_FILE(helper_user), MTLS_CONF_TEXT,
	    "_pam-mtls", 1, 32, 0, NULL,
	    "the account that mtls-helper becomes" },
	{ "helper", "callers", IN_FILE(callers), MTLS_CONF_LIST,
	    "", 0, 32, 0, NULL,
	    "accounts that may ask for anybody, ACCOUNT:SERVICE" },
	{ "helper", "method", IN_FILE(methods), MTLS_CONF_TEXT,
	    "token", 1, 64, 0, NULL,
	    "how people prove who they are, in the order of preference" },
	{ "helper", "deadline", IN_FILE(deadline_s), MTLS_CONF_SECONDS,
	    "60s", 1, 600, 0, NULL,
	    "the longest that a login may take" },

	{ "service", "method", IN_SERVICE(methods), MTLS_CONF_TEXT,
	    NULL, 1, 64, 0, NULL,
	    "how people prove who they are to this service" },
	{ "service", "deadline", IN_SERVICE(deadline_s), MTLS_CONF_SECONDS,
	    NULL, 1, 600, 0, NULL,
	    "the longest that a login to this service may take" },
	{ "service", "prompt", IN_SERVICE(prompt), MTLS_CONF_CHOICE,
	    "normal", 0, 0, 0, prompt_choices,
	    "single: one secret question and nothing else" },
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

static enum mtls_status
find_or_add_service(struct settings *s, const char *name,
    struct settings_service **ret, struct mtls_err *err)
{
	struct settings_service *services;
	struct settings_service *new;
	size_t i;

	for (i = 0; i < s->n_services; i++) {
		if (strcmp(s->services[i].name, name) == 0) {
			*ret = &s->services[i];
			return MTLS_OK;
		}
	}
	if (!mtls_text_is_service(name))
		return mtls_fail(err, MTLS_E_CONFIG,
		    "\"%s\" is not the name of a PAM service", name);
	if (s->n_services >= SETTINGS_MAX_SERVICES)
		return mtls_fail(err, MTLS_E_CONFIG,
		    "more than %u services", SETTINGS_MAX_SERVICES);
	services = realloc(s->services,
	    (s->n_services + 1) * sizeof(*services));
	if (services == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	s->services = services;
	new = &services[s->n_services];
	memset(new, 0, sizeof(*new));
	if (mtls_text_dup(&new->name, name, err) != MTLS_OK)
		return err->status;
	s->n_services++;
	if (mtls_conf_init(settings_table, "service", new, err) != MTLS_OK)
		return err->status;
	*ret = new;
	return MTLS_OK;
}

/* Whether the table has this section at all; for a better sentence. */
static int
is_section(const char *section)
{
	const struct mtls_conf_option *o;

	for (o = settings_table; o->name != NULL; o++) {
		if (strcmp(o->section, section) == 0)
			return strcmp(section, "service") != 0;
	}
	return 0;
}

/* One "name = value" of the file; conf_file.c adds file and line. */
static enum mtls_status
take_value(void *arg, const char *section, const char *name,
    const char *value, int line, struct mtls_err *err)
{
	struct settings *s = arg;
	struct settings_service *service = NULL;

	(void)line;
	if (strncmp(section, "service ", 8) == 0) {
		if (find_or_add_service(s, section + 8, &service, err) !=
		    MTLS_OK)
			return err->status;
		if (mtls_conf_set(settings_table, service, &service->seen,
		    "service", name, value, err) != MTLS_OK)
			return err->status;
		return settings_check_value("service", name, value, err);
	}
	if (!is_section(section))
		return mtls_fail(err, MTLS_E_CONFIG, "unknown section [%s]",
		    section);
	if (mtls_conf_set(settings_table, s, &s->seen, section, name, value,
	    err) != MTLS_OK)
		return err->status;
	return settings_check_value(section, name, value, err);
}

/* The required options: not those of [service NAME], which has none. */
static enum mtls_status
check_required(const struct settings *s, struct mtls_err *err)
{
	static const char *const sections[] = { "verifier", "device", "token",
	    "helper" };
	size_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (mtls_conf_check(settings_table, &s->seen, sections[i],
		    err) != MTLS_OK)
			return err->status;
	}
	return MTLS_OK;
}

static enum mtls_status
set_defaults(struct settings *s, struct mtls_err *err)
{
	static const char *const sections[] = { "verifier", "device", "token",
	    "helper" };
	size_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (mtls_conf_init(settings_table, sections[i], s, err) !=
		    MTLS_OK)
			return err->status;
	}
	if (mtls_text_dup(&s->defaults.name, "", err) != MTLS_OK)
		return err->status;
	return mtls_conf_init(settings_table, "service", &s->defaults, err);
}

enum mtls_status
settings_read(const char *path, struct settings **ret, struct mtls_err *err)
{
	struct settings *s;

	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (set_defaults(s, err) != MTLS_OK ||
	    mtls_conf_read(path, take_value, s, err) != MTLS_OK)
		goto out;
	if (check_required(s, err) != MTLS_OK ||
	    settings_check_all(s, err) != MTLS_OK) {
		mtls_err_context(err, "%s", path);
		goto out;
	}
	*ret = s;
	s = NULL;
out:
	settings_free(s);
	return err->status;
}

void
settings_free(struct settings *s)
{
	static const char *const sections[] = { "verifier", "device", "token",
	    "helper" };
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		mtls_conf_done(settings_table, sections[i], s);
	client_settings_servers_free(s->servers, s->n_servers);
	for (i = 0; i < s->n_services; i++) {
		mtls_conf_done(settings_table, "service", &s->services[i]);
		free(s->services[i].name);
	}
	free(s->services);
	mtls_conf_done(settings_table, "service", &s->defaults);
	free(s->defaults.name);
	free(s);
}

const struct settings_service *
settings_for_service(const struct settings *s, const char *service)
{
	size_t i;

	for (i = 0; i < s->n_services; i++) {
		if (strcmp(s->services[i].name, service) == 0)
			return &s->services[i];
	}
	return &s->defaults;
}

const char *
settings_methods(const struct settings *s,
    const struct settings_service *service)
{
	return service->methods != NULL ? service->methods : s->methods;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * T-078: any bytes as an INI file, into settings of every kind.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/conf.h"
#include "mtls/text.h"

#include "../../common/conf_file.h"
#include "fuzz.h"

struct settings {
	char *text;
	char *path;
	uint32_t number;
	uint32_t wait_s;
	enum mtls_yesno yesno;
	int choice;
	struct mtls_conf_list list;
	struct mtls_conf_seen seen;
};

static const char *const choices[] = { "one", "two", NULL };

#define AT(member) offsetof(struct settings, member)

static const struct mtls_conf_option table[] = {
	{ "a", "text", AT(text), MTLS_CONF_TEXT, "x", 1, 20, 0, NULL, "" },
	{ "a", "path", AT(path), MTLS_CONF_PATH, "/", 0, 0, 0, NULL, "" },
	{ "a", "number", AT(number), MTLS_CONF_NUMBER, "3", 3, 70000, 0,
	    NULL, "" },
	{ "a", "wait", AT(wait_s), MTLS_CONF_SECONDS, "1m", 1, 90000, 0,
	    NULL, "" },
	{ "b", "yesno", AT(yesno), MTLS_CONF_YESNO, "no", 0, 0, 0, NULL,
	    "" },
	{ "b", "choice", AT(choice), MTLS_CONF_CHOICE, "one", 0, 0, 0,
	    choices, "" },
	{ "b", "list", AT(list), MTLS_CONF_LIST, "x", 1, 5, 0, NULL, "" },
	{ NULL, NULL, 0, MTLS_CONF_TEXT, NULL, 0, 0, 0, NULL, NULL }
};

static enum mtls_status
take(void *arg, const char *section, const char *name, const char *value,
    int line, struct mtls_err *err)
{
	struct settings *s = arg;

	if (line < 1 || !mtls_text_is_line(section, strlen(section)))
		abort();
	return mtls_conf_set(table, s, &s->seen, section, name, value, err);
}

/* What is in the settings is what the table allows, whatever came in. */
static void
check(const struct settings *s)
{
	if (strlen(s->text) < 1 || strlen(s->text) > 20 ||
	    s->path[0] != '/' || s->number < 3 || s->number > 70000 ||
	    s->wait_s < 1 || s->wait_s > 90000 ||
	    (s->yesno != MTLS_YES && s->yesno != MTLS_NO) ||
	    s->choice < 0 || s->choice > 1 || s->list.n < 1 ||
	    s->list.n > 5)
		abort();
}

static void
T078_any_bytes_as_settings(const uint8_t *data, size_t len)
{
	struct settings s;
	struct mtls_err err;
	char *copy = malloc(len + 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	copy[len] = '\0';
	memset(&s, 0, sizeof(s));
	mtls_err_clear(&err);
	if (mtls_conf_init(table, NULL, &s, &err) != MTLS_OK)
		abort();
	if (mtls_conf_parse("fuzz", copy, len, take, &s, &err) != MTLS_OK &&
	    (err.status != MTLS_E_CONFIG || err.text[0] == '\0'))
		abort();
	check(&s);
	mtls_conf_done(table, NULL, &s);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	T078_any_bytes_as_settings(data, len);
	return 0;
}

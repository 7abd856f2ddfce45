/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The module's arguments as one table, walked by mtls_conf_set(): what is
 * here is all there is. No file and no environment is read.
 */
#include "options.h"

#include <stddef.h>
#include <string.h>

#define OPTION_NAME_MAX 32

static const char *const prompt_words[] = { "normal", "single", NULL };

static const struct mtls_conf_option table[] = {
	{ .section = "", .name = "config",
	    .offset = offsetof(struct options, config),
	    .kind = MTLS_CONF_PATH, .min = 1, .max = 1024,
	    .help = "settings of the helper, instead of the usual file" },
	{ .section = "", .name = "deadline",
	    .offset = offsetof(struct options, deadline_s),
	    .kind = MTLS_CONF_SECONDS, .value = "120", .min = 1, .max = 600,
	    .help = "the whole login ends within this time" },
	{ .section = "", .name = "debug",
	    .offset = offsetof(struct options, debug),
	    .kind = MTLS_CONF_YESNO, .value = "no",
	    .help = "log more" },
	{ .section = "", .name = "method",
	    .offset = offsetof(struct options, method),
	    .kind = MTLS_CONF_TEXT, .min = 1, .max = 64,
	    .help = "how to log in, instead of what is configured" },
	{ .section = "", .name = "prompt",
	    .offset = offsetof(struct options, prompt),
	    .kind = MTLS_CONF_CHOICE, .value = "normal",
	    .choices = prompt_words,
	    .help = "single: one secret question and nothing else" },
	{ .section = "", .name = "quiet",
	    .offset = offsetof(struct options, quiet),
	    .kind = MTLS_CONF_YESNO, .value = "no",
	    .help = "no messages, only questions" },
	{ .section = "", .name = "socket",
	    .offset = offsetof(struct options, socket),
	    .kind = MTLS_CONF_PATH, .min = 1, .max = 107,
	    .help = "socket of the helper, instead of the usual one" },
	{ .section = "", .name = "try_first_pass",
	    .offset = offsetof(struct options, try_first_pass),
	    .kind = MTLS_CONF_YESNO, .value = "no",
	    .help = "use an earlier answer that looks like a PIN" },
	{ .name = NULL }
};

const struct mtls_conf_option *
options_table0(void)
{
	return table;
}

static int
is_word(const char *name)
{
	const struct mtls_conf_option *o;

	for (o = table; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o->kind == MTLS_CONF_YESNO;
	return 0;
}

/* One argument: "name=value", or "name" for what is yes or no. */
static enum mtls_status
parse_one(const char *arg, struct options *options,
    struct mtls_conf_seen *seen, struct mtls_err *err)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals == NULL ? strlen(arg) : (size_t)(equals - arg);
	char name[OPTION_NAME_MAX + 1];

	if (len == 0 || len > OPTION_NAME_MAX)
		return mtls_fail(err, MTLS_E_CONFIG, "unknown argument \"%s\"",
		    arg);
	memcpy(name, arg, len);
	name[len] = '\0';
	if (is_word(name)) {
		if (equals != NULL)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "argument \"%s\" takes no value", name);
		return mtls_conf_set(table, options, seen, "", name, "yes",
		    err);
	}
	/* An unknown name is refused by mtls_conf_set(), with or without. */
	return mtls_conf_set(table, options, seen, "", name,
	    equals == NULL ? "" : equals + 1, err);
}

enum mtls_status
options_parse(int argc, const char **argv, struct options *ret,
    struct mtls_err *err)
{
	struct mtls_conf_seen seen = { 0 };
	enum mtls_status status;
	int i;

	memset(ret, 0, sizeof(*ret));
	status = mtls_conf_init(table, "", ret, err);
	for (i = 0; i < argc && status == MTLS_OK; i++)
		status = parse_one(argv[i], ret, &seen, err);
	return status;
}

void
options_clear(struct options *options)
{
	mtls_conf_done(table, "", options);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The module's arguments: the table itself, walked.
 */
#include "config.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pam_mtls/options.h"

static enum mtls_status
parse(struct options *options, int argc, const char **argv)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return options_parse(argc, argv, options, &err);
}

static enum mtls_status
parse_one(const char *arg)
{
	struct options options;
	enum mtls_status status = parse(&options, 1, &arg);

	options_clear(&options);
	return status;
}

static void
defaults(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, 0, NULL), MTLS_OK);
	assert_null(o.method);
	assert_null(o.config);
	assert_null(o.socket);
	assert_int_equal(o.debug, MTLS_NO);
	assert_int_equal(o.quiet, MTLS_NO);
	assert_int_equal(o.prompt, OPTIONS_PROMPT_NORMAL);
	assert_int_equal(o.try_first_pass, MTLS_NO);
	assert_int_equal(o.deadline_s, 120);
	options_clear(&o);
}

static void
everything_at_once(void **state)
{
	const char *argv[] = {
		"method=token", "config=/etc/x.conf", "socket=/run/x.sock",
		"debug", "quiet", "prompt=single", "try_first_pass",
		"deadline=30"
	};
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, 8, argv), MTLS_OK);
	assert_string_equal(o.method, "token");
	assert_string_equal(o.config, "/etc/x.conf");
	assert_string_equal(o.socket, "/run/x.sock");
	assert_int_equal(o.debug, MTLS_YES);
	assert_int_equal(o.quiet, MTLS_YES);
	assert_int_equal(o.prompt, OPTIONS_PROMPT_SINGLE);
	assert_int_equal(o.try_first_pass, MTLS_YES);
	assert_int_equal(o.deadline_s, 30);
	options_clear(&o);
}

static void
numbers_have_ends(void **state)
{
	const struct mtls_conf_option *o;
	char arg[128];

	(void)state;
	for (o = options_table0(); o->name != NULL; o++) {
		if (o->kind != MTLS_CONF_SECONDS)
			continue;
		snprintf(arg, sizeof(arg), "%s=%u", o->name, o->min);
		assert_int_equal(parse_one(arg), MTLS_OK);
		snprintf(arg, sizeof(arg), "%s=%u", o->name, o->max);
		assert_int_equal(parse_one(arg), MTLS_OK);
		snprintf(arg, sizeof(arg), "%s=%u", o->name, o->min - 1);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		snprintf(arg, sizeof(arg), "%s=%u", o->name, o->max + 1);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
	}
}

static void
texts_have_ends(void **state)
{
	const struct mtls_conf_option *o;
	char *arg;
	size_t len;

	(void)state;
	for (o = options_table0(); o->name != NULL; o++) {
		if (o->kind != MTLS_CONF_PATH && o->kind != MTLS_CONF_TEXT)
			continue;
		len = strlen(o->name) + 1;
		arg = calloc(1, len + o->max + 2);
		assert_non_null(arg);
		sprintf(arg, "%s=", o->name);
		memset(arg + len, 'a', o->max);
		arg[len] = o->kind == MTLS_CONF_PATH ? '/' : 'a';
		assert_int_equal(parse_one(arg), MTLS_OK);
		arg[len + o->max] = 'a';
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		arg[len] = '\0';
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		free(arg);
	}
}

/* Each word, as an author might get it wrong. */
static void
T008_no_form_but_the_right_one(void **state)
{
	const struct mtls_conf_option *o;
	char arg[64];

	(void)state;
	for (o = options_table0(); o->name != NULL; o++) {
		snprintf(arg, sizeof(arg), "%s", o->name);
		assert_int_equal(parse_one(arg), o->kind == MTLS_CONF_YESNO ?
		    MTLS_OK : MTLS_E_CONFIG);
		snprintf(arg, sizeof(arg), "%s=", o->name);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		snprintf(arg, sizeof(arg), "no%s", o->name);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		snprintf(arg, sizeof(arg), "%sx", o->name);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		snprintf(arg, sizeof(arg), "%.*s",
		    (int)strlen(o->name) - 1, o->name);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
		if (o->kind != MTLS_CONF_YESNO)
			continue;
		snprintf(arg, sizeof(arg), "%s=yes", o->name);
		assert_int_equal(parse_one(arg), MTLS_E_CONFIG);
	}
	assert_int_equal(parse_one(""), MTLS_E_CONFIG);
	assert_int_equal(parse_one("="), MTLS_E_CONFIG);
}

static void
T008_everything_once(void **state)
{
	const struct mtls_conf_option *o;
	struct options options;
	char arg[64];
	const char *argv[] = { arg, arg };

	(void)state;
	for (o = options_table0(); o->name != NULL; o++) {
		if (o->kind == MTLS_CONF_YESNO)
			snprintf(arg, sizeof(arg), "%s", o->name);
		else
			snprintf(arg, sizeof(arg), "%s=%s", o->name,
			    o->kind == MTLS_CONF_PATH ? "/a" :
			    o->kind == MTLS_CONF_CHOICE ? "single" : "7");
		assert_int_equal(parse(&options, 1, argv), MTLS_OK);
		options_clear(&options);
		assert_int_equal(parse(&options, 2, argv), MTLS_E_CONFIG);
		options_clear(&options);
	}
}

static void
every_option_is_in_the_manual(void **state)
{
	static char page[65536];
	const struct mtls_conf_option *o;
	char item[64];
	FILE *f = fopen(SOURCE_DIR "/doc/pam_mtls.8", "re");

	(void)state;
	assert_non_null(f);
	page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
	fclose(f);
	for (o = options_table0(); o->name != NULL; o++) {
		snprintf(item, sizeof(item), "\n.It Cm %s", o->name);
		if (strstr(page, item) == NULL)
			fail_msg("%s is not in pam_mtls(8)", o->name);
		assert_non_null(o->help);
	}
}

/* Splits a line of a PAM file behind "pam_mtls.so" and parses that. */
static void
check_line(char *line, char *seen, size_t seen_size)
{
	char *p = strstr(line, "pam_mtls.so");
	const char *argv[16];
	struct options o;
	char *word;
	int argc = 0;

	line[strcspn(line, "#\n")] = '\0';
	if (p == NULL || *p == '\0')
		return;
	strtok(p, " \t");
	while ((word = strtok(NULL, " \t")) != NULL && argc < 16) {
		argv[argc++] = word;
		strncat(seen, word, seen_size - strlen(seen) - 1);
		strncat(seen, "\n", seen_size - strlen(seen) - 1);
	}
	if (parse(&o, argc, argv) != MTLS_OK)
		fail_msg("%s", line);
	options_clear(&o);
}

static void
the_examples_have_right_arguments(void **state)
{
	static char seen[4096] = "\n";
	char line[512];
	glob_t files;
	FILE *f;

	(void)state;
	assert_int_equal(glob(SOURCE_DIR "/examples/pam.d/*", 0, NULL,
	    &files), 0);
	assert_int_equal(glob(SOURCE_DIR "/examples/*/pam.d/*", GLOB_APPEND,
	    NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		f = fopen(files.gl_pathv[i], "re");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f) != NULL)
			check_line(line, seen, sizeof(seen));
		fclose(f);
	}
	globfree(&files);
	assert_non_null(strstr(seen, "\nprompt=single\n"));
	assert_non_null(strstr(seen, "\ntry_first_pass\n"));
	assert_non_null(strstr(seen, "\nquiet\n"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_at_once),
		cmocka_unit_test(numbers_have_ends),
		cmocka_unit_test(texts_have_ends),
		cmocka_unit_test(T008_no_form_but_the_right_one),
		cmocka_unit_test(T008_everything_once),
		cmocka_unit_test(every_option_is_in_the_manual),
		cmocka_unit_test(the_examples_have_right_arguments),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

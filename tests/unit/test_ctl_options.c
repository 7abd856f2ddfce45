/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Command lines by table; and that every option of every command is in its
 * man page.
 */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtlsctl/command.h"
#include "mtlsctl/options.h"

struct settings {
	int flag;
	const char *text;
	uint32_t number;
	int choice;
};

static const char *const colours[] = { "red", "green", NULL };
static const struct ctl_option table[] = {
	{ "flag", CTL_FLAG, offsetof(struct settings, flag), 0, 0, NULL, NULL,
	    "a flag", 0 },
	{ "text", CTL_TEXT, offsetof(struct settings, text), 0, 0, NULL,
	    "TEXT", "a text", 0 },
	{ "number", CTL_NUMBER, offsetof(struct settings, number), 3, 4000000,
	    NULL, "N", "a number", 0 },
	{ "colour", CTL_CHOICE, offsetof(struct settings, choice), 0, 0,
	    colours, "WORD", "a colour", 0 },
	CTL_OPTIONS_END
};
static const struct ctl_option with_required[] = {
	{ "text", CTL_TEXT, offsetof(struct settings, text), 0, 0, NULL,
	    "TEXT", "a text", 1 },
	CTL_OPTIONS_END
};

#define ARGV_MAX 8

/* Parses words that are separated by '|'. */
static enum mtls_status
parse(const struct ctl_option *options, const char *line,
    struct settings *set, struct ctl_words *words, struct mtls_err *err)
{
	static char buffer[512];
	char *argv[ARGV_MAX];
	char *rest = buffer;
	int argc = 0;

	snprintf(buffer, sizeof(buffer), "%s", line);
	while (line[0] != '\0' && argc < ARGV_MAX &&
	    (argv[argc] = strsep(&rest, "|")) != NULL)
		argc++;
	memset(set, 0, sizeof(*set));
	set->choice = -1;
	mtls_err_clear(err);
	return ctl_options(options, argc, argv, set, words, err);
}

static void
good(const char *line, const struct settings *want, size_t n_words)
{
	struct settings set;
	struct ctl_words words;
	struct mtls_err err;

	if (parse(table, line, &set, &words, &err) != MTLS_OK)
		fail_msg("%s: %s", line, err.text);
	assert_int_equal(set.flag, want->flag);
	assert_int_equal(set.number, want->number);
	assert_int_equal(set.choice, want->choice);
	if (want->text == NULL)
		assert_null(set.text);
	else
		assert_string_equal(set.text, want->text);
	assert_int_equal(words.n, n_words);
}

static void
bad(const struct ctl_option *options, const char *line)
{
	struct settings set;
	struct ctl_words words = { 77, { NULL } };
	struct mtls_err err;

	if (parse(options, line, &set, &words, &err) == MTLS_OK)
		fail_msg("accepted: %s", line);
	assert_int_equal(err.status, MTLS_E_USAGE);
	assert_true(strlen(err.text) > 5);
	assert_int_equal(words.n, 77);
}

static void
what_is_accepted(void **state)
{
	(void)state;
	good("", &(struct settings){ 0, NULL, 0, -1 }, 0);
	good("--flag", &(struct settings){ 1, NULL, 0, -1 }, 0);
	good("--text|x y", &(struct settings){ 0, "x y", 0, -1 }, 0);
	good("--text=x=y", &(struct settings){ 0, "x=y", 0, -1 }, 0);
	good("--text|--flag", &(struct settings){ 0, "--flag", 0, -1 }, 0);
	good("--number|3", &(struct settings){ 0, NULL, 3, -1 }, 0);
	good("--number=4000000", &(struct settings){ 0, NULL, 4000000, -1 },
	    0);
	good("--number|0000000003", &(struct settings){ 0, NULL, 3, -1 }, 0);
	good("--colour|green", &(struct settings){ 0, NULL, 0, 1 }, 0);
	good("a|--flag|b", &(struct settings){ 1, NULL, 0, -1 }, 2);
	good("--|--flag", &(struct settings){ 0, NULL, 0, -1 }, 1);
	good("-", &(struct settings){ 0, NULL, 0, -1 }, 1);
	good("a|b|c|d", &(struct settings){ 0, NULL, 0, -1 }, 4);
}

static void
what_is_refused(void **state)
{
	static const char *const lines[] = { "--nothing", "--fla", "--flags",
		"-f", "---flag", "--Flag", "--flag=1", "--flag=",
		"--flag|--flag", "--text", "--text=", "--text|", "--text|a\tb",
		"--text|a\x1b[m", "--text|\xff", "--text|a\xe2\x80\xae",
		"--text|a|--text|b", "--number|2", "--number|4000001",
		"--number|-3", "--number|+3", "--number|3x", "--number| 3",
		"--number|", "--number|0x3", "--number|00000000003",
		"--number|99999999999999999999", "--number|4294967299",
		"--colour|blue", "--colour|gree", "--colour=", "a|b|c|d|e",
		"a\nb", "||a", "--=x" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bad(table, lines[i]);
	bad(with_required, "");
	bad(with_required, "word");
}

static void
number_of_words(void **state)
{
	struct ctl_words words = { 2, { "a", "b" } };
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(ctl_words_check(&words, 2, 2, "it", &err), MTLS_OK);
	assert_int_equal(ctl_words_check(&words, 0, 4, "it", &err), MTLS_OK);
	assert_int_equal(ctl_words_check(&words, 3, 4, "it", &err),
	    MTLS_E_USAGE);
	mtls_err_clear(&err);
	assert_int_equal(ctl_words_check(&words, 0, 1, "it", &err),
	    MTLS_E_USAGE);
	assert_non_null(strstr(err.text, "\"b\""));
}

/* The whole of doc/name. */
static char *
read_page(const char *name)
{
	const char *top = getenv("srcdir");
	char path[512];
	char *text = calloc(1, 65536);
	FILE *in;

	snprintf(path, sizeof(path), "%s/doc/%s", top == NULL ? "." : top,
	    name);
	in = fopen(path, "r");
	if (in == NULL || text == NULL)
		fail_msg("%s", path);
	assert_true(fread(text, 1, 65535, in) > 0);
	fclose(in);
	return text;
}

static const char *
page_of(const char *command)
{
	if (strncmp(command, "ca ", 3) == 0)
		return "mtlsctl-ca.1";
	if (strncmp(command, "token ", 6) == 0)
		return "mtlsctl-token.1";
	if (strncmp(command, "policy ", 7) == 0)
		return "mtlsctl-policy.1";
	if (strcmp(command, "ssh") == 0)
		return "mtlsctl-ssh.1";
	if (strcmp(command, "approve") == 0 || strcmp(command, "code") == 0)
		return "mtlsctl-code.1";
	if (strcmp(command, "try") == 0 || strncmp(command, "device", 6) == 0)
		return "mtlsctl.1";
	return "mtlsctl-admin.1";
}

static void
every_option_is_documented(void **state)
{
	(void)state;
	for (const struct ctl_command *c = ctl_commands; c->name != NULL;
	    c++) {
		char *page = read_page(page_of(c->name));
		char item[64];

		for (const struct ctl_option *o = c->options; o->name != NULL;
		    o++) {
			assert_non_null(o->help);
			assert_true((o->kind == CTL_FLAG) ==
			    (o->argument == NULL));
			snprintf(item, sizeof(item), ".It Fl -%s", o->name);
			if (strstr(page, item) == NULL)
				fail_msg("%s: %s is not in its page", c->name,
				    item);
		}
		free(page);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_accepted),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(number_of_words),
		cmocka_unit_test(every_option_is_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

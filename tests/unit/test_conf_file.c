/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * INI files: what is read, and the line and reason of what is not.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mtls/conf.h"

#include "../lib/scratch.h"
#include "../lib/unit.h"

static char taken[4096];	/* "section|name|value|line\n"... */
static struct mtls_err err;

static int
set_up(void **state)
{
	(void)state;
	umask(022);
	return scratch_begin();
}

static int
tear_down(void **state)
{
	(void)state;
	return scratch_end();
}

static enum mtls_status
take(void *arg, const char *section, const char *name, const char *value,
    int line, struct mtls_err *why)
{
	size_t len = strlen(taken);

	(void)arg;
	if (strcmp(value, "refuse me") == 0)
		return mtls_fail(why, MTLS_E_CONFIG, "no");
	snprintf(taken + len, sizeof(taken) - len, "%s|%s|%s|%d\n", section,
	    name, value, line);
	return MTLS_OK;
}

static enum mtls_status
read_bytes(const char *data, size_t len)
{
	taken[0] = '\0';
	mtls_err_clear(&err);
	return mtls_conf_read(scratch_file("conf", data, len, 0644), take,
	    NULL, &err);
}

static void
good(const char *text, const char *values)
{
	if (read_bytes(text, strlen(text)) != MTLS_OK)
		fail_msg("%s", err.text);
	assert_string_equal(taken, values);
}

/* CONFIG at this line for this reason. */
static void
bad_bytes(const char *data, size_t len, int line, const char *why)
{
	char expected[600];

	assert_int_equal(read_bytes(data, len), MTLS_E_CONFIG);
	snprintf(expected, sizeof(expected), "%s:%d: %s",
	    scratch_path("conf"), line, why);
	assert_string_equal(err.text, expected);
}

static void
bad(const char *text, int line, const char *why)
{
	bad_bytes(text, strlen(text), line, why);
}

static void
values_and_their_lines(void **state)
{
	(void)state;
	good("[a]\nx=1\n", "a|x|1|2\n");
	good("# c\n; c\n\n \t \n[a]\n  \nx = 1 2 \t\n[ service sshd ] \n"
	    "y-z=\n", "a|x|1 2|7\nservice sshd|y-z||9\n");
	good("[a]\nuri = pkcs11:token=x;object=y\n",
	    "a|uri|pkcs11:token=x;object=y|2\n");
	/* No comment behind a value: it is the value. */
	good("[a]\nx = 1 ; c # d\n", "a|x|1 ; c # d|2\n");
	good("[a]\nx = [b]\ny = \"1\"\n", "a|x|[b]|2\na|y|\"1\"|3\n");
	good("[a]\nx=1\n[b]\nx=2\n[a]\ny=3\n", "a|x|1|2\nb|x|2|4\na|y|3|6\n");
	good("[a]\nx = J\xc3\xbcrgen \\ 1\n",
	    "a|x|J\xc3\xbcrgen \\ 1|2\n");
	good("[a]\nx\t=\ty\tz\t\n", "a|x|y\tz|2\n");
}

static void
T080_no_final_newline(void **state)
{
	(void)state;
	good("[a]\nx=1", "a|x|1|2\n");
	good("[a]\nx=1\n# comment", "a|x|1|2\n");
}

static void
long_lines_are_whole(void **state)
{
	char text[2000], values[2000];

	(void)state;
	memset(text, 'v', sizeof(text));
	memcpy(text, "[a]\nx=", 6);
	memcpy(text + 1000, "\n", 2);
	snprintf(values, sizeof(values), "a|x|%.994s|2\n", text + 6);
	good(text, values);
	memset(text, 'n', sizeof(text));
	memcpy(text, "[a]\n", 4);
	memcpy(text + 104, "=1", 3);
	snprintf(values, sizeof(values), "a|%.100s|1|2\n", text + 4);
	good(text, values);
}

static void
T080_lines_that_are_refused(void **state)
{
	(void)state;
	bad("x=1\n", 1, "a setting before the first [section]");
	bad("[a]\nx=1\nx\n", 3, "no \"=\" in the line");
	bad("[a]\nx: 1\n", 2, "no \"=\" in the line");
	bad("[a]\n=1\n", 2, "nothing before the \"=\"");
	bad("[a]\nx=1\n y=2\n", 3, "the line begins with white space");
	bad("[a]\nx=1\n\t# c\n", 3, "the line begins with white space");
	bad(" [a]\nx=1\n", 1, "the line begins with white space");
	bad("[a\nx=1\n", 1, "a section does not end in ]");
	bad("[a] x\nx=1\n", 1, "a section does not end in ]");
	bad("[a] # c\nx=1\n", 1, "a section does not end in ]");
	bad("[\nx=1\n", 1, "a section does not end in ]");
	bad("[]\nx=1\n", 1, "not the name of a section");
	bad("[ ]\nx=1\n", 1, "not the name of a section");
	bad("[[a]]\nx=1\n", 1, "not the name of a section");
	bad("[a]b]\nx=1\n", 1, "not the name of a section");
	bad("[service\tsshd]\nx=1\n", 1, "not the name of a section");
}

static void
T080_crlf(void **state)
{
	(void)state;
	bad("[a]\nx=1\r\n", 2, "a carriage return at the end of the line");
	bad("[a]\r\nx=1\r\n", 1, "a carriage return at the end of the line");
	bad("[a]\nx=1\r2\n", 2,
	    "a character that is not printable UTF-8");
}

static void
T080_bytes_that_are_no_text(void **state)
{
	static const char why[] = "a character that is not printable UTF-8";

	(void)state;
	bad_bytes("[a]\nx=1\0\n", 9, 2, why);
	bad_bytes("[a]\nx=1\n\0", 9, 3, why);
	bad_bytes("[a]\n# \0\nx=1\n", 12, 2, why);
	bad_bytes("\0", 1, 1, why);
	bad("[a]\nx=\x1b[2J\n", 2, why);
	bad("[a]\n# \x7f\nx=1\n", 2, why);
	bad("[a]\nx=\xff\n", 2, why);
	bad("[a]\nx=\t\xe2\x80\xae\n", 2, why);
	bad("\xef\xbb\xbf[a]\nx=1\n", 1, why);
	bad("[a]\nx\x0b=1\n", 2, why);
}

static void
T080_a_file_without_settings(void **state)
{
	(void)state;
	assert_int_equal(read_bytes("", 0), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "conf: no settings in it"));
	assert_int_equal(read_bytes("\n\n", 2), MTLS_E_CONFIG);
	assert_int_equal(read_bytes("# x\n[a]\n", 8), MTLS_E_CONFIG);
}

static void
T080_a_missing_file_is_no_defaults(void **state)
{
	(void)state;
	mtls_err_clear(&err);
	assert_int_equal(mtls_conf_read(scratch_path("nothing"), take, NULL,
	    &err), MTLS_E_NOT_FOUND);
}

static void
T080_files_go_through_the_rules(void **state)
{
	char *large = calloc(1, MTLS_CONF_FILE_MAX + 1);

	(void)state;
	assert_int_equal(mtls_conf_read(scratch_file("w", "[a]\nx=1\n", 8,
	    0666), take, NULL, NULL), MTLS_E_CONFIG);
	assert_non_null(large);
	memset(large, '#', MTLS_CONF_FILE_MAX + 1);
	memcpy(large, "[a]\nx=1\n", 8);
	assert_int_equal(read_bytes(large, MTLS_CONF_FILE_MAX), MTLS_OK);
	assert_int_equal(read_bytes(large, MTLS_CONF_FILE_MAX + 1),
	    MTLS_E_CONFIG);
	free(large);
}

static void
a_refused_value_ends_the_reading(void **state)
{
	(void)state;
	bad("[a]\nx=1\ny=refuse me\nz=1\n", 3, "no");
	assert_string_equal(taken, "a|x|1|2\n");
}

#define IN_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(values_and_their_lines),
		IN_SCRATCH(T080_no_final_newline),
		IN_SCRATCH(long_lines_are_whole),
		IN_SCRATCH(T080_lines_that_are_refused),
		IN_SCRATCH(T080_crlf),
		IN_SCRATCH(T080_bytes_that_are_no_text),
		IN_SCRATCH(T080_a_file_without_settings),
		IN_SCRATCH(T080_a_missing_file_is_no_defaults),
		IN_SCRATCH(T080_files_go_through_the_rules),
		IN_SCRATCH(a_refused_value_ends_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

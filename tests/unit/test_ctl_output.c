/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Rows of data as table, record and JSON, with texts that want to do
 * something to a terminal; and times.
 */
#include "config.h"

#include "unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mtlsctl/output.h"
#include "mtlsctl/timestamp.h"

/* What output_write() writes; the caller frees it. */
static char *
written(struct output *o)
{
	struct mtls_err err;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	mtls_err_clear(&err);
	assert_non_null(out);
	assert_int_equal(output_write(o, out, &err), MTLS_OK);
	fclose(out);
	output_free(o);
	return text;
}

static struct output *
two_rows(enum output_form form)
{
	char name[] = "n\xc3\xa4me";
	char second[] = "b";
	char *both[] = { name, second };
	const struct mtls_texts texts = { 2, both };
	const struct mtls_texts none = { 0, NULL };
	struct output *o = output_new(form);

	output_text(o, "first_name", name);
	output_integer(o, "n", -5);
	output_yesno(o, "good", 1);
	output_time(o, "at", 1795420939);
	output_texts(o, "all", &texts);
	output_row(o);
	output_text(o, "first_name", NULL);
	output_integer(o, "n", INT64_MAX);
	output_yesno(o, "good", 0);
	output_time(o, "at", 0);
	output_texts(o, "all", &none);
	output_row(o);
	assert_int_equal(output_n_rows(o), 2);
	return o;
}

static void
a_table(void **state)
{
	char *text = written(two_rows(OUTPUT_TABLE));

	(void)state;
	assert_string_equal(text,
	    "FIRST NAME  N                    GOOD  AT                    "
	    "ALL\n"
	    "n\xc3\xa4me        -5                   yes   "
	    "2026-11-23T08:02:19Z  n\xc3\xa4me, b\n"
	    "-           9223372036854775807  no    -                     "
	    "-\n");
	free(text);
}

static void
a_record(void **state)
{
	char *text = written(two_rows(OUTPUT_RECORD));

	(void)state;
	assert_string_equal(text,
	    "first name  n\xc3\xa4me\n"
	    "n           -5\n"
	    "good        yes\n"
	    "at          2026-11-23T08:02:19Z\n"
	    "all         n\xc3\xa4me, b\n"
	    "\n"
	    "first name  -\n"
	    "n           9223372036854775807\n"
	    "good        no\n"
	    "at          -\n"
	    "all         -\n");
	free(text);
}

static void
json(void **state)
{
	char *text = written(two_rows(OUTPUT_JSON));

	(void)state;
	assert_string_equal(text,
	    "{\"first_name\":\"n\\u00E4me\",\"n\":-5,\"good\":true,"
	    "\"at\":\"2026-11-23T08:02:19Z\",\"all\":[\"n\\u00E4me\","
	    "\"b\"]}\n"
	    "{\"first_name\":null,\"n\":9223372036854775807,\"good\":false,"
	    "\"at\":null,\"all\":[]}\n");
	free(text);
}

static const char *const evil[] = {
	"\x1b[2J\x1b]0;owned\x07", "a\nb", "a\rb", "\xe2\x80\xaegnp.exe",
	"\xff\xfe", "\xc2\x9b[31m", "a\tb", "\xed\xa0\x80", "\\x1b",
	"\xe2\x80\xa8", "\x7f", "\xf4\x90\x80\x80",
};

/* Nothing but printable characters and the lines that are meant. */
static void
evil_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
		for (int form = OUTPUT_TABLE; form <= OUTPUT_JSON; form++) {
			struct output *o = output_new(
			    (enum output_form)form);
			char *text;
			size_t lines = 0;

			output_text(o, "key", evil[i]);
			output_row(o);
			text = written(o);
			for (const char *p = text; *p != '\0'; p++) {
				lines += *p == '\n';
				if (*p != '\n' && (*p < ' ' || *p > '~'))
					fail_msg("text %zu, form %d: %02x", i,
					    form, (unsigned char)*p);
			}
			assert_int_equal(lines, form == OUTPUT_TABLE ? 2 : 1);
			free(text);
		}
	}
}

static void
json_comes_back(void **state)
{
	struct output *o = output_new(OUTPUT_JSON);
	json_error_t why;
	json_t *row;
	char *text;

	(void)state;
	output_text(o, "key", evil[0]);
	output_hex(o, "hex", "\x01\xff", 2);
	output_time_ms(o, "ms", 1795420939007);
	output_json(o, "list", json_pack("[{s:i}]", "n", 1));
	output_row(o);
	text = written(o);
	row = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	assert_non_null(row);
	assert_string_equal(json_string_value(json_object_get(row, "key")),
	    evil[0]);
	assert_string_equal(json_string_value(json_object_get(row, "hex")),
	    "01ff");
	assert_string_equal(json_string_value(json_object_get(row, "ms")),
	    "2026-11-23T08:02:19.007Z");
	json_decref(row);
	free(text);
}

static void
long_text_is_cut(void **state)
{
	struct output *o = output_new(OUTPUT_RECORD);
	char *long_text = calloc(1, 100000);
	char *text;

	(void)state;
	memset(long_text, 'x', 99999);
	output_text(o, "key", long_text);
	output_row(o);
	text = written(o);
	assert_true(strlen(text) < 2000);
	assert_non_null(strstr(text, "..."));
	free(text);
	free(long_text);
}

static void
nothing_at_all(void **state)
{
	(void)state;
	for (int form = OUTPUT_TABLE; form <= OUTPUT_JSON; form++) {
		char *text = written(output_new((enum output_form)form));

		assert_string_equal(text, "");
		free(text);
	}
}

static void
what_cannot_be_written(void **state)
{
	struct output *o = two_rows(OUTPUT_JSON);
	FILE *full = fopen("/dev/full", "w");
	struct mtls_err err;

	(void)state;
	assert_non_null(full);
	mtls_err_clear(&err);
	assert_int_equal(output_write(o, full, &err), MTLS_E_SYSTEM);
	fclose(full);
	output_free(o);
	mtls_err_clear(&err);
	assert_int_equal(output_write(NULL, stdout, &err), MTLS_E_MEMORY);
}

static void
times(void **state)
{
	static const char *const wrong[] = { "", "2026-11-23", "-",
		"2026-11-23T07:41:14", "2026-11-23T07:41:14z",
		"2026-11-23 07:41:14Z", "2026-11-23T07:41:14Z ",
		" 2026-11-23T07:41:14Z", "2026-13-23T07:41:14Z",
		"2026-02-30T07:41:14Z", "2026-11-23T24:00:00Z",
		"2026-11-23T07:41:60Z", "1969-12-31T23:59:59Z",
		"+026-11-23T07:41:14Z", "2026-1-23T007:41:14Z" };
	static const int64_t right[] = { 0, 1, 951782400, 4102444800,
		253402300799 };
	char text[TIMESTAMP_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (timestamp_parse(wrong[i]) != -1)
			fail_msg("\"%s\"", wrong[i]);
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_int_equal(timestamp_parse(timestamp_format(right[i],
		    text)), right[i]);
	assert_string_equal(timestamp_format(-1, text),
	    "1970-01-01T00:00:00Z");
	assert_string_equal(timestamp_format(INT64_MAX, text),
	    "9999-12-31T23:59:59Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table),
		cmocka_unit_test(a_record),
		cmocka_unit_test(json),
		cmocka_unit_test(evil_text),
		cmocka_unit_test(json_comes_back),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(what_cannot_be_written),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Rows of values, kept as JSON and shown as JSON, table or record.
 */
#include "config.h"

#include "mtlsctl/output.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"
#include "mtlsctl/timestamp.h"

#define COLUMNS_MAX 16
#define CELL_MAX 1200

struct output {
	enum output_form form;
	json_t *rows;
	json_t *row;
	int failed;
};

struct output *
output_new(enum output_form form)
{
	struct output *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->form = form;
	o->rows = json_array();
	o->row = json_object();
	o->failed = o->rows == NULL || o->row == NULL;
	return o;
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	json_decref(o->rows);
	json_decref(o->row);
	free(o);
}

void
output_json(struct output *o, const char *key, json_t *value)
{
	if (o == NULL)
		json_decref(value);
	else if (json_object_set_new(o->row, key, value) != 0)
		o->failed = 1;
}

/* What is not UTF-8 is shown escaped, in JSON as well. */
static json_t *
text_value(const char *value)
{
	char shown[CELL_MAX];

	if (value == NULL)
		return json_null();
	if (mtls_text_is_utf8(value, strlen(value)))
		return json_string(value);
	return json_string(mtls_text_printable(shown, sizeof(shown), value));
}

void
output_text(struct output *o, const char *key, const char *value)
{
	output_json(o, key, text_value(value));
}

void
output_integer(struct output *o, const char *key, int64_t value)
{
	output_json(o, key, json_integer(value));
}

void
output_yesno(struct output *o, const char *key, int value)
{
	output_json(o, key, json_boolean(value));
}

void
output_time(struct output *o, const char *key, int64_t seconds)
{
	char text[TIMESTAMP_SIZE];

	output_text(o, key,
	    seconds == 0 ? NULL : timestamp_format(seconds, text));
}

void
output_time_ms(struct output *o, const char *key, int64_t ms)
{
	char seconds[TIMESTAMP_SIZE];
	char text[TIMESTAMP_SIZE + 8];

	timestamp_format(ms / 1000, seconds);
	seconds[TIMESTAMP_SIZE - 2] = '\0';	/* the Z */
	snprintf(text, sizeof(text), "%s.%03dZ", seconds, (int)(ms % 1000));
	output_text(o, key, ms <= 0 ? NULL : text);
}

void
output_texts(struct output *o, const char *key,
    const struct mtls_texts *values)
{
	json_t *array = json_array();

	for (size_t i = 0; i < values->n; i++) {
		if (json_array_append_new(array,
		    text_value(values->text[i])) != 0 && o != NULL)
			o->failed = 1;
	}
	output_json(o, key, array);
}

void
output_hex(struct output *o, const char *key, const void *bytes, size_t len)
{
	char text[2 * 64 + 1];

	if (len > 64)
		len = 64;
	output_text(o, key, mtls_hex_encode(text, bytes, len));
}

void
output_row(struct output *o)
{
	if (o == NULL)
		return;
	if (json_array_append_new(o->rows, o->row) != 0)
		o->failed = 1;
	o->row = json_object();
	if (o->row == NULL)
		o->failed = 1;
}

size_t
output_n_rows(const struct output *o)
{
	return o == NULL ? 0 : json_array_size(o->rows);
}

/* Appends text to a cell, cut where it is full. */
static void
cell_add(char cell[CELL_MAX], const char *text)
{
	size_t len = strlen(cell);

	snprintf(cell + len, CELL_MAX - len, "%s", text);
}

static void
cell_add_value(char cell[CELL_MAX], const json_t *value)
{
	char text[CELL_MAX];
	const json_t *item;
	size_t i;

	if (json_is_string(value)) {
		cell_add(cell, mtls_text_printable(text, sizeof(text),
		    json_string_value(value)));
	} else if (json_is_integer(value)) {
		snprintf(text, sizeof(text), "%lld",
		    (long long)json_integer_value(value));
		cell_add(cell, text);
	} else if (json_is_boolean(value)) {
		cell_add(cell, json_is_true(value) ? "yes" : "no");
	} else {
		json_array_foreach(value, i, item) {
			if (i > 0)
				cell_add(cell, ", ");
			cell_add_value(cell, item);
		}
	}
}

/* A value as text; never empty, so that columns stay visible. */
static char *
cell_of(char cell[CELL_MAX], const json_t *value)
{
	cell[0] = '\0';
	cell_add_value(cell, value);
	if (cell[0] == '\0')
		cell_add(cell, "-");
	return cell;
}

/* Characters, not bytes. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
print_padded(FILE *out, const char *s, size_t width)
{
	fputs(s, out);
	for (size_t n = width_of(s); n < width; n++)
		fputc(' ', out);
}

static void
print_heading(FILE *out, const char *key, size_t width, int is_last)
{
	char text[64];

	snprintf(text, sizeof(text), "%s", key);
	for (char *p = text; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
		else if (*p == '_')
			*p = ' ';
	}
	print_padded(out, text, is_last ? 0 : width);
	fputs(is_last ? "\n" : "  ", out);
}

/* Width of each column over all rows; the first row names the columns. */
static size_t
measure(json_t *rows, size_t widths[COLUMNS_MAX])
{
	char cell[CELL_MAX];
	const char *key;
	json_t *row, *value;
	size_t i, column, n = 0;

	memset(widths, 0, COLUMNS_MAX * sizeof(widths[0]));
	json_array_foreach(rows, i, row) {
		column = 0;
		json_object_foreach(row, key, value) {
			size_t width = width_of(cell_of(cell, value));

			if (column == COLUMNS_MAX)
				break;
			if (width_of(key) > width)
				width = width_of(key);
			if (width > widths[column])
				widths[column] = width;
			column++;
		}
		if (column > n)
			n = column;
	}
	return n;
}

static void
write_table(json_t *rows, FILE *out)
{
	size_t widths[COLUMNS_MAX];
	char cell[CELL_MAX];
	const char *key;
	json_t *row, *value;
	size_t i, column;
	size_t n = measure(rows, widths);

	column = 0;
	json_object_foreach(json_array_get(rows, 0), key, value) {
		print_heading(out, key, widths[column], column + 1 == n);
		column++;
	}
	json_array_foreach(rows, i, row) {
		column = 0;
		json_object_foreach(row, key, value) {
			print_padded(out, cell_of(cell, value),
			    column + 1 == n ? 0 : widths[column]);
			fputs(column + 1 == n ? "\n" : "  ", out);
			column++;
		}
	}
}

static void
write_lines(json_t *rows, FILE *out)
{
	char cell[CELL_MAX];
	const char *key, *before;
	json_t *row, *value;
	size_t i;

	json_array_foreach(rows, i, row) {
		before = "";
		json_object_foreach(row, key, value) {
			fprintf(out, "%s%s", before, cell_of(cell, value));
			before = "  ";
		}
		fputc('\n', out);
	}
}

static void
write_records(json_t *rows, FILE *out)
{
	char cell[CELL_MAX];
	const char *key;
	json_t *row, *value;
	size_t i, width;

	json_array_foreach(rows, i, row) {
		if (i > 0)
			fputc('\n', out);
		width = 0;
		json_object_foreach(row, key, value) {
			if (strlen(key) > width)
				width = strlen(key);
		}
		json_object_foreach(row, key, value) {
			char label[64];

			snprintf(label, sizeof(label), "%s", key);
			for (char *p = label; *p != '\0'; p++)
				*p = *p == '_' ? ' ' : *p;
			print_padded(out, label, width);
			fprintf(out, "  %s\n", cell_of(cell, value));
		}
	}
}

static int
write_json(json_t *rows, FILE *out)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		char *line = json_dumps(row, JSON_ENSURE_ASCII | JSON_COMPACT);

		if (line == NULL)
			return -1;
		/* The one control character that is left as it is. */
		for (const char *p = line; *p != '\0'; p++) {
			if (*p == 0x7f)
				fputs("\\u007F", out);
			else
				fputc(*p, out);
		}
		fputc('\n', out);
		free(line);
	}
	return 0;
}

enum mtls_status
output_write(struct output *o, FILE *out, struct mtls_err *err)
{
	int failed = 0;

	if (o == NULL || o->failed)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (o->form == OUTPUT_JSON)
		failed = write_json(o->rows, out);
	else if (o->form == OUTPUT_LINES)
		write_lines(o->rows, out);
	else if (o->form == OUTPUT_RECORD)
		write_records(o->rows, out);
	else if (json_array_size(o->rows) > 0)
		write_table(o->rows, out);
	if (failed || fflush(out) != 0 || ferror(out))
		return mtls_fail(err, MTLS_E_SYSTEM,
		    "the output could not be written");
	return MTLS_OK;
}

enum mtls_status
output_flush(struct output *o, FILE *out, struct mtls_err *err)
{
	enum mtls_status status = output_write(o, out, err);

	if (o != NULL)
		(void)json_array_clear(o->rows);
	return status;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Data on stdout. A command says which values a row has; here they become a
 * table, one "name  value" line each, or one JSON object a line with the same
 * names. Texts may come from anywhere: for a terminal they go through
 * mtls_text_printable(), JSON is escaped to ASCII. Nothing is written before
 * output_end(), so that a failure leaves no half of an answer.
 *
 * Out of memory is remembered and reported by output_end().
 */
#ifndef MTLSCTL_OUTPUT_H
#define MTLSCTL_OUTPUT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "mtls/message.h"
#include "mtls/status.h"

enum output_form {
	OUTPUT_TABLE,		/* a heading, then one line for each row */
	OUTPUT_LINES,		/* the same without a heading */
	OUTPUT_RECORD,		/* one line for each value */
	OUTPUT_JSON
};

struct output;

/* NULL when out of memory; the other functions then do nothing. */
struct output *output_new(enum output_form form);
void output_free(struct output *o);	/* NULL is a no-op */

/*
 * Values of the current row, in the order in which they are shown. A NULL
 * text and an unknown time (0) are null in JSON and "-" elsewhere.
 */
void output_text(struct output *o, const char *key, const char *value);
void output_integer(struct output *o, const char *key, int64_t value);
void output_yesno(struct output *o, const char *key, int value);
/* Seconds since 1970: "2026-11-23T07:41:14Z". */
void output_time(struct output *o, const char *key, int64_t seconds);
/* Milliseconds since 1970: "2026-11-23T07:41:14.123Z". */
void output_time_ms(struct output *o, const char *key, int64_t ms);
void output_texts(struct output *o, const char *key,
    const struct mtls_texts *values);
/* Lower-case hexadecimal. */
void output_hex(struct output *o, const char *key, const void *bytes,
    size_t len);

/* Any value; taken. In a table or record only its texts and numbers show. */
void output_json(struct output *o, const char *key, json_t *value);

/* Ends the current row. */
void output_row(struct output *o);

/* How many rows there are. */
size_t output_n_rows(const struct output *o);

/*
 * Writes everything to out. MEMORY if something could not be kept, SYSTEM if
 * it could not be written.
 */
enum mtls_status output_write(struct output *o, FILE *out,
    struct mtls_err *err);

/* The same, and forgets the rows: for what goes on. */
enum mtls_status output_flush(struct output *o, FILE *out,
    struct mtls_err *err);

#endif

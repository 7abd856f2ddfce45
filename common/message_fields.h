/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The walker over a table of fields: the one place that turns a struct into
 * bytes and back. message.c hands it the tables made from messages.def.
 */
#ifndef MESSAGE_FIELDS_H
#define MESSAGE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/message.h"

#define MTLS_TEXTS_ITEM_MAX 1024u	/* bytes of one text in a list */

enum mtls_field_kind {
	MTLS_FIELD_u8,
	MTLS_FIELD_u32,
	MTLS_FIELD_u64,
	MTLS_FIELD_bytes,
	MTLS_FIELD_text,
	MTLS_FIELD_texts
};

struct mtls_field {
	const char *name;
	enum mtls_field_kind kind;
	size_t offset;
	uint64_t min, max;
};

/* Bytes that the n fields of values take; USAGE with the field's name. */
enum mtls_status mtls_fields_measure(const struct mtls_field *fields,
    size_t n, const void *values, size_t *ret_len, struct mtls_err *err);

/* Writes what was measured to out; returns the end. */
uint8_t *mtls_fields_write(const struct mtls_field *fields, size_t n,
    const void *values, uint8_t *out);

/*
 * Reads exactly len bytes into values, which is zeroed; what it allocated
 * until a failure stays there for mtls_fields_clear().
 */
enum mtls_status mtls_fields_read(const struct mtls_field *fields, size_t n,
    void *values, const uint8_t *data, size_t len, struct mtls_err *err);

/* Wipes and frees everything in values. */
void mtls_fields_clear(const struct mtls_field *fields, size_t n,
    void *values);

#endif

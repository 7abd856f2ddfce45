/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Fields to bytes and back. Every length is checked against the field's
 * range and against what is left before anything is allocated for it.
 */
#include "config.h"

#include "message_fields.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/secret.h"
#include "mtls/text.h"

/* Sticky: after the first failure nothing more is read. */
struct reader {
	const uint8_t *p;
	size_t left;
	enum mtls_status status;
	const char *why;
};

static enum mtls_status
outside(const struct mtls_field *f, uint64_t value, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_USAGE,
	    "message field %s: %llu is not in %llu..%llu", f->name,
	    (unsigned long long)value, (unsigned long long)f->min,
	    (unsigned long long)f->max);
}

static uint64_t
integer_get(const struct mtls_field *f, const void *member)
{
	uint32_t u32;
	uint64_t u64;

	if (f->kind == MTLS_FIELD_u8)
		return *(const uint8_t *)member;
	if (f->kind == MTLS_FIELD_u32) {
		memcpy(&u32, member, sizeof(u32));
		return u32;
	}
	memcpy(&u64, member, sizeof(u64));
	return u64;
}

static void
integer_set(const struct mtls_field *f, void *member, uint64_t value)
{
	uint32_t u32 = (uint32_t)value;

	if (f->kind == MTLS_FIELD_u8)
		*(uint8_t *)member = (uint8_t)value;
	else if (f->kind == MTLS_FIELD_u32)
		memcpy(member, &u32, sizeof(u32));
	else
		memcpy(member, &value, sizeof(value));
}

static size_t
integer_size(enum mtls_field_kind kind)
{
	switch (kind) {
	case MTLS_FIELD_u8:
		return 1;
	case MTLS_FIELD_u32:
		return 4;
	case MTLS_FIELD_u64:
		return 8;
	case MTLS_FIELD_bytes:
	case MTLS_FIELD_text:
	case MTLS_FIELD_texts:
		break;
	}
	return 0;
}

static enum mtls_status
measure_text(const struct mtls_field *f, const char *s, uint64_t min,
    uint64_t max, size_t *len, struct mtls_err *err)
{
	size_t n = s == NULL ? 0 : strlen(s);

	if (n < min || n > max)
		return outside(f, n, err);
	if (n > 0 && !mtls_text_is_line(s, n))
		return mtls_fail(err, MTLS_E_USAGE,
		    "message field %s is not printable", f->name);
	*len += 4 + n;
	return MTLS_OK;
}

static enum mtls_status
measure_texts(const struct mtls_field *f, const struct mtls_texts *texts,
    size_t *len, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (texts->n < f->min || texts->n > f->max || texts->n > UINT16_MAX)
		return outside(f, texts->n, err);
	*len += 2;
	for (size_t i = 0; i < texts->n && status == MTLS_OK; i++)
		status = measure_text(f, texts->text[i], 0,
		    MTLS_TEXTS_ITEM_MAX, len, err);
	return status;
}

static enum mtls_status
measure_field(const struct mtls_field *f, const void *member, size_t *len,
    struct mtls_err *err)
{
	const struct mtls_bytes *bytes;
	uint64_t value;

	switch (f->kind) {
	case MTLS_FIELD_u8:
	case MTLS_FIELD_u32:
	case MTLS_FIELD_u64:
		value = integer_get(f, member);
		if (value < f->min || value > f->max)
			return outside(f, value, err);
		*len += integer_size(f->kind);
		return MTLS_OK;
	case MTLS_FIELD_bytes:
		bytes = member;
		if (bytes->len < f->min || bytes->len > f->max)
			return outside(f, bytes->len, err);
		*len += 4 + bytes->len;
		return MTLS_OK;
	case MTLS_FIELD_text:
		return measure_text(f, *(char *const *)member, f->min,
		    f->max, len, err);
	case MTLS_FIELD_texts:
		return measure_texts(f, member, len, err);
	}
	return mtls_fail(err, MTLS_E_USAGE, "message field of no kind");
}

enum mtls_status
mtls_fields_measure(const struct mtls_field *fields, size_t n,
    const void *values, size_t *ret_len, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;
	size_t len = 0;

	for (size_t i = 0; i < n && status == MTLS_OK; i++)
		status = measure_field(&fields[i],
		    (const char *)values + fields[i].offset, &len, err);
	if (status == MTLS_OK)
		*ret_len = len;
	return status;
}

static uint8_t *
write_integer(uint8_t *out, uint64_t value, size_t size)
{
	for (size_t i = size; i > 0; i--) {
		out[i - 1] = (uint8_t)value;
		value >>= 8;
	}
	return out + size;
}

static uint8_t *
write_bytes(uint8_t *out, const void *data, size_t len)
{
	out = write_integer(out, len, 4);
	if (len > 0)
		memcpy(out, data, len);
	return out + len;
}

static uint8_t *
write_text(uint8_t *out, const char *s)
{
	return write_bytes(out, s, s == NULL ? 0 : strlen(s));
}

static uint8_t *
write_field(const struct mtls_field *f, const void *member, uint8_t *out)
{
	const struct mtls_bytes *bytes;
	const struct mtls_texts *texts;

	switch (f->kind) {
	case MTLS_FIELD_u8:
	case MTLS_FIELD_u32:
	case MTLS_FIELD_u64:
		return write_integer(out, integer_get(f, member),
		    integer_size(f->kind));
	case MTLS_FIELD_bytes:
		bytes = member;
		return write_bytes(out, bytes->data, bytes->len);
	case MTLS_FIELD_text:
		return write_text(out, *(char *const *)member);
	case MTLS_FIELD_texts:
		texts = member;
		out = write_integer(out, texts->n, 2);
		for (size_t i = 0; i < texts->n; i++)
			out = write_text(out, texts->text[i]);
		return out;
	}
	return out;
}

uint8_t *
mtls_fields_write(const struct mtls_field *fields, size_t n,
    const void *values, uint8_t *out)
{
	for (size_t i = 0; i < n; i++)
		out = write_field(&fields[i],
		    (const char *)values + fields[i].offset, out);
	return out;
}

static void
reader_fail(struct reader *r, enum mtls_status status, const char *why)
{
	if (r->status == MTLS_OK) {
		r->status = status;
		r->why = why;
	}
	r->left = 0;
}

static uint64_t
read_integer(struct reader *r, size_t size)
{
	uint64_t value = 0;

	if (r->left < size) {
		reader_fail(r, MTLS_E_PROTOCOL, "is cut off");
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value = value << 8 | r->p[i];
	r->p += size;
	r->left -= size;
	return value;
}

/* A length in range and its bytes; NULL when the reader failed. */
static const uint8_t *
read_span(struct reader *r, uint64_t min, uint64_t max, size_t *ret_len)
{
	uint64_t len = read_integer(r, 4);
	const uint8_t *p = r->p;

	if (r->status == MTLS_OK && (len < min || len > max))
		reader_fail(r, MTLS_E_PROTOCOL, "has a length out of range");
	else if (len > r->left)
		reader_fail(r, MTLS_E_PROTOCOL, "is cut off");
	if (r->status != MTLS_OK)
		return NULL;
	r->p += len;
	r->left -= len;
	*ret_len = len;
	return p;
}

static char *
read_text(struct reader *r, uint64_t min, uint64_t max)
{
	const uint8_t *p;
	size_t len;
	char *s;

	p = read_span(r, min, max, &len);
	if (p == NULL)
		return NULL;
	if (!mtls_text_is_line((const char *)p, len)) {
		reader_fail(r, MTLS_E_PROTOCOL, "is not printable");
		return NULL;
	}
	s = malloc(len + 1);
	if (s == NULL) {
		reader_fail(r, MTLS_E_MEMORY, "does not fit into memory");
		return NULL;
	}
	memcpy(s, p, len);
	s[len] = '\0';
	return s;
}

static void
read_bytes(struct reader *r, const struct mtls_field *f,
    struct mtls_bytes *ret)
{
	const uint8_t *p;
	size_t len;

	p = read_span(r, f->min, f->max, &len);
	if (p == NULL || len == 0)
		return;
	ret->data = malloc(len);
	if (ret->data == NULL) {
		reader_fail(r, MTLS_E_MEMORY, "does not fit into memory");
		return;
	}
	memcpy(ret->data, p, len);
	ret->len = len;
}

static void
read_texts(struct reader *r, const struct mtls_field *f,
    struct mtls_texts *ret)
{
	size_t n = read_integer(r, 2);

	if (r->status == MTLS_OK && (n < f->min || n > f->max))
		reader_fail(r, MTLS_E_PROTOCOL, "has a number out of range");
	else if (n * 4 > r->left)
		reader_fail(r, MTLS_E_PROTOCOL, "is cut off");
	if (r->status != MTLS_OK || n == 0)
		return;
	ret->text = calloc(n, sizeof(ret->text[0]));
	if (ret->text == NULL) {
		reader_fail(r, MTLS_E_MEMORY, "does not fit into memory");
		return;
	}
	while (ret->n < n && r->status == MTLS_OK)
		ret->text[ret->n++] = read_text(r, 0, MTLS_TEXTS_ITEM_MAX);
}

static void
read_field(struct reader *r, const struct mtls_field *f, void *member)
{
	uint64_t value;

	switch (f->kind) {
	case MTLS_FIELD_u8:
	case MTLS_FIELD_u32:
	case MTLS_FIELD_u64:
		value = read_integer(r, integer_size(f->kind));
		if (value < f->min || value > f->max)
			reader_fail(r, MTLS_E_PROTOCOL, "is out of range");
		integer_set(f, member, value);
		return;
	case MTLS_FIELD_bytes:
		read_bytes(r, f, member);
		return;
	case MTLS_FIELD_text:
		*(char **)member = read_text(r, f->min, f->max);
		return;
	case MTLS_FIELD_texts:
		read_texts(r, f, member);
		return;
	}
}

enum mtls_status
mtls_fields_read(const struct mtls_field *fields, size_t n, void *values,
    const uint8_t *data, size_t len, struct mtls_err *err)
{
	struct reader r = { data, len, MTLS_OK, NULL };

	for (size_t i = 0; i < n; i++) {
		read_field(&r, &fields[i], (char *)values + fields[i].offset);
		if (r.status != MTLS_OK)
			return mtls_fail(err, r.status, "message field %s %s",
			    fields[i].name, r.why);
	}
	if (r.left != 0)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "%zu bytes behind the message", r.left);
	return MTLS_OK;
}

static void
clear_texts(struct mtls_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		mtls_wipe_string(texts->text[i]);
		free(texts->text[i]);
	}
	free(texts->text);
}

static void
clear_field(const struct mtls_field *f, void *member)
{
	struct mtls_bytes *bytes;

	switch (f->kind) {
	case MTLS_FIELD_u8:
	case MTLS_FIELD_u32:
	case MTLS_FIELD_u64:
		return;
	case MTLS_FIELD_bytes:
		bytes = member;
		mtls_wipe(bytes->data, bytes->len);
		free(bytes->data);
		return;
	case MTLS_FIELD_text:
		mtls_wipe_string(*(char **)member);
		free(*(char **)member);
		return;
	case MTLS_FIELD_texts:
		clear_texts(member);
		return;
	}
}

void
mtls_fields_clear(const struct mtls_field *fields, size_t n, void *values)
{
	for (size_t i = 0; i < n; i++)
		clear_field(&fields[i], (char *)values + fields[i].offset);
}

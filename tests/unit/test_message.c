/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The codec: every message of messages.def through every single-bit error,
 * every truncation and every value just outside its range.
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"

#include "../../common/message_shape.h"

#include "../lib/sample.h"
#include "../lib/unit.h"

struct encoded {
	uint8_t *data;
	size_t len;
};

static struct encoded
encode(const struct mtls_message *m)
{
	struct encoded e = { NULL, 0 };
	struct mtls_err err;

	mtls_err_clear(&err);
	if (mtls_message_encode(m, &e.data, &e.len, &err) != MTLS_OK)
		fail_msg("%s", err.text);
	return e;
}

static struct encoded
encode_sample(unsigned type, enum sample_size size)
{
	struct mtls_message m;
	struct encoded e;

	sample_message(&m, type, size);
	e = encode(&m);
	mtls_message_clear(&m);
	return e;
}

/* In a block of exactly its size, so that ASan sees a read behind it. */
static enum mtls_status
decode_copy(const uint8_t *data, size_t len, struct mtls_message *ret)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	enum mtls_status status;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	status = mtls_message_decode(copy, len, ret, NULL);
	free(copy);
	return status;
}

static void
decode_then_encode_is_the_identity(void **state)
{
	static const enum sample_size sizes[] = {
		SAMPLE_MIN, SAMPLE_SMALL, SAMPLE_MAX
	};
	struct mtls_message m;
	struct encoded e, again;

	(void)state;
	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		for (size_t i = 0; i < 3; i++) {
			e = encode_sample(*t, sizes[i]);
			assert_int_equal(e.data[0], MTLS_MESSAGE_VERSION);
			assert_int_equal(e.data[1], *t);
			assert_int_equal(decode_copy(e.data, e.len, &m),
			    MTLS_OK);
			assert_int_equal(m.type, *t);
			again = encode(&m);
			assert_int_equal(again.len, e.len);
			assert_memory_equal(again.data, e.data, e.len);
			mtls_message_clear(&m);
			assert_int_equal(m.type, MTLS_MSG_NONE);
			mtls_message_data_free(e.data, e.len);
			mtls_message_data_free(again.data, again.len);
		}
	}
	mtls_message_data_free(NULL, 0);
}

static void
fields_are_where_they_belong(void **state)
{
	static const uint8_t expected[] = {
		1, 6, 0, 0, 0, 1, 'x', 0, 0, 0, 0, 0, 0, 1, 2,
		0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80,
	};
	struct mtls_message m = { .type = MTLS_MSG_PHASE };
	struct encoded e;
	char name[] = "x";

	(void)state;
	m.u.phase.name = name;
	m.u.phase.begin_us = 258;
	m.u.phase.end_us = 0x1020304050607080;
	e = encode(&m);
	assert_int_equal(e.len, sizeof(expected));
	assert_memory_equal(e.data, expected, sizeof(expected));
	mtls_message_data_free(e.data, e.len);
}

/* Refused, or understood as exactly what it now says. */
static void
refused_or_identical(const uint8_t *data, size_t len)
{
	struct mtls_message m;
	struct encoded e;
	enum mtls_status status;

	memset(&m, 0, sizeof(m));
	status = decode_copy(data, len, &m);
	if (status != MTLS_OK) {
		assert_int_equal(status, MTLS_E_PROTOCOL);
		assert_int_equal(m.type, MTLS_MSG_NONE);
		return;
	}
	e = encode(&m);
	assert_int_equal(e.len, len);
	assert_memory_equal(e.data, data, len);
	mtls_message_data_free(e.data, e.len);
	mtls_message_clear(&m);
}

static void
T071_every_single_bit_flip(void **state)
{
	struct encoded e;

	(void)state;
	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		e = encode_sample(*t, SAMPLE_SMALL);
		for (size_t bit = 0; bit < 8 * e.len; bit++) {
			e.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			refused_or_identical(e.data, e.len);
			e.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		mtls_message_data_free(e.data, e.len);
	}
}

static void
T071_every_truncation_and_a_trailing_byte(void **state)
{
	struct mtls_message m;
	struct encoded e;
	uint8_t *longer;

	(void)state;
	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		e = encode_sample(*t, SAMPLE_SMALL);
		for (size_t len = 0; len < e.len; len++)
			assert_int_equal(decode_copy(e.data, len, &m),
			    MTLS_E_PROTOCOL);
		for (unsigned tail = 0; tail < 256; tail += 51) {
			longer = malloc(e.len + 1);
			assert_non_null(longer);
			memcpy(longer, e.data, e.len);
			longer[e.len] = (uint8_t)tail;
			assert_int_equal(decode_copy(longer, e.len + 1, &m),
			    MTLS_E_PROTOCOL);
			free(longer);
		}
		mtls_message_data_free(e.data, e.len);
	}
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void
T071_length_field_of_any_value(void **state)
{
	static const uint32_t lengths[] = {
		0, 1, 5, 7, 499, 500, 501, 512, 513, 65535, 65536, 65537,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};
	struct mtls_message m;
	struct encoded e;

	(void)state;
	/* The text of ASK (6 bytes) begins at 2. */
	e = encode_sample(MTLS_MSG_ASK, SAMPLE_SMALL);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_u32(e.data + 2, lengths[i]);
		assert_int_equal(decode_copy(e.data, e.len, &m),
		    MTLS_E_PROTOCOL);
	}
	mtls_message_data_free(e.data, e.len);
	/* The id of LOGIN is fixed to 16 bytes. */
	e = encode_sample(MTLS_MSG_LOGIN, SAMPLE_SMALL);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_u32(e.data + 2, lengths[i]);
		assert_int_equal(decode_copy(e.data, e.len, &m),
		    MTLS_E_PROTOCOL);
	}
	mtls_message_data_free(e.data, e.len);
}

static void
T071_unknown_version_and_type(void **state)
{
	struct mtls_message m;
	struct encoded e;
	int known;

	(void)state;
	e = encode_sample(MTLS_MSG_ADMIN_STATUS, SAMPLE_SMALL);
	assert_int_equal(e.len, 2);
	for (unsigned v = 0; v < 256; v++) {
		e.data[0] = (uint8_t)v;
		assert_int_equal(decode_copy(e.data, e.len, &m),
		    v == MTLS_MESSAGE_VERSION ? MTLS_OK : MTLS_E_PROTOCOL);
	}
	e.data[0] = MTLS_MESSAGE_VERSION;
	for (unsigned type = 0; type < 256; type++) {
		known = 0;
		for (const unsigned *t = sample_message_types; *t != 0; t++)
			known |= *t == type;
		e.data[1] = (uint8_t)type;
		if (!known)
			assert_int_equal(decode_copy(e.data, e.len, &m),
			    MTLS_E_PROTOCOL);
		assert_int_equal(strcmp(mtls_message_name(type), "?") != 0,
		    known);
	}
	assert_string_equal(mtls_message_name(MTLS_MSG_LOGIN), "LOGIN");
	assert_string_equal(mtls_message_name(1000), "?");
	mtls_message_data_free(e.data, e.len);

	memset(&m, 0, sizeof(m));
	m.type = (enum mtls_message_type)255;
	e.data = NULL;
	assert_int_equal(mtls_message_encode(&m, &e.data, &e.len, NULL),
	    MTLS_E_USAGE);
	assert_null(e.data);
	mtls_message_clear(&m);
}

static void
T071_too_large_a_datagram(void **state)
{
	uint8_t *data = calloc(1, MTLS_MESSAGE_MAX + 1);
	struct mtls_message m;
	struct mtls_err err;

	(void)state;
	assert_non_null(data);
	data[0] = MTLS_MESSAGE_VERSION;
	data[1] = MTLS_MSG_ADMIN_STATUS;
	mtls_err_clear(&err);
	assert_int_equal(mtls_message_decode(data, MTLS_MESSAGE_MAX + 1, &m,
	    &err), MTLS_E_PROTOCOL);
	assert_string_equal(err.text, "a message of 65537 bytes");
	assert_int_equal(mtls_message_decode(data, 1, &m, NULL),
	    MTLS_E_PROTOCOL);
	assert_int_equal(mtls_message_decode(data, 0, &m, NULL),
	    MTLS_E_PROTOCOL);
	free(data);
}

static void
T106_texts_are_printable_on_both_ends(void **state)
{
	static const char *const bad[] = {
		"\x1b[2J", "a\nb", "a\xe2\x80\xae", "a\xff", "\xc2\x9b[",
		"abc\x7f", "tab\t",
	};
	struct mtls_message m = { .type = MTLS_MSG_ASK };
	uint8_t data[64] = { MTLS_MESSAGE_VERSION, MTLS_MSG_ASK };
	struct mtls_err err;
	struct encoded e;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		m.u.ask.text = (char *)(uintptr_t)bad[i];
		mtls_err_clear(&err);
		assert_int_equal(mtls_message_encode(&m, &e.data, &e.len,
		    &err), MTLS_E_USAGE);
		assert_string_equal(err.text,
		    "ASK: message field text is not printable");
		len = strlen(bad[i]);
		put_u32(data + 2, (uint32_t)len);
		memcpy(data + 6, bad[i], len);
		mtls_err_clear(&err);
		assert_int_equal(mtls_message_decode(data, 6 + len, &m,
		    &err), MTLS_E_PROTOCOL);
		assert_string_equal(err.text,
		    "ASK: message field text is not printable");
	}
	/* An embedded NUL ends nothing. */
	put_u32(data + 2, 3);
	memcpy(data + 6, "a\0b", 3);
	assert_int_equal(mtls_message_decode(data, 9, &m, NULL),
	    MTLS_E_PROTOCOL);
	memcpy(data + 6, "ab\0", 3);
	assert_int_equal(mtls_message_decode(data, 9, &m, NULL),
	    MTLS_E_PROTOCOL);
}

#define FIELDS_MAX 32

/* The same message as a sender would make it that checks no range. */
static void
assert_not_decoded(const struct mtls_message *m)
{
	const struct mtls_message_shape *shape = mtls_message_shape0(m->type);
	struct mtls_field any[FIELDS_MAX];
	struct mtls_message ret;
	uint8_t *data;
	size_t len = 0;

	assert_in_range(shape->n_fields, 1, FIELDS_MAX);
	memcpy(any, shape->fields, shape->n_fields * sizeof(any[0]));
	for (size_t i = 0; i < shape->n_fields; i++) {
		any[i].min = 0;
		any[i].max = UINT64_MAX;
	}
	assert_int_equal(mtls_fields_measure(any, shape->n_fields, &m->u,
	    &len, NULL), MTLS_OK);
	data = malloc(2 + len);
	assert_non_null(data);
	data[0] = MTLS_MESSAGE_VERSION;
	data[1] = (uint8_t)m->type;
	mtls_fields_write(any, shape->n_fields, &m->u, data + 2);
	assert_int_equal(decode_copy(data, 2 + len, &ret), MTLS_E_PROTOCOL);
	free(data);
}

static void
assert_outside(const struct mtls_message *m)
{
	uint8_t *data = NULL;
	size_t len = 12345;

	assert_int_equal(mtls_message_encode(m, &data, &len, NULL),
	    MTLS_E_USAGE);
	assert_null(data);
	assert_int_equal(len, 12345);
	assert_not_decoded(m);
}

/* For each field: sets one value outside its range, if there is any. */
#define OUTSIDE_INTEGER(m, member, min, max, limit) \
	do { \
		if ((uint64_t)(max) < (limit)) { \
			sample_message(&(m), (m).type, SAMPLE_SMALL); \
			member = (__typeof__(member))((uint64_t)(max) + 1); \
			assert_outside(&(m)); \
			mtls_message_clear_keep_type(&(m)); \
		} \
		if ((uint64_t)(min) > 0) { \
			sample_message(&(m), (m).type, SAMPLE_SMALL); \
			member = (__typeof__(member))((uint64_t)(min) - 1); \
			assert_outside(&(m)); \
			mtls_message_clear_keep_type(&(m)); \
		} \
	} while (0);
#define OUTSIDE_u8(m, member, min, max) \
	OUTSIDE_INTEGER(m, member, min, max, UINT8_MAX)
#define OUTSIDE_u32(m, member, min, max) \
	OUTSIDE_INTEGER(m, member, min, max, UINT32_MAX)
#define OUTSIDE_u64(m, member, min, max) \
	OUTSIDE_INTEGER(m, member, min, max, UINT64_MAX)
#define OUTSIDE_text(m, member, min, max) \
	do { \
		sample_message(&(m), (m).type, SAMPLE_SMALL); \
		free(member); \
		member = malloc((max) + 2); \
		memset(member, 'a', (max) + 1); \
		member[(max) + 1] = '\0'; \
		assert_outside(&(m)); \
		if ((min) > 0) { \
			member[(size_t)(min) - 1] = '\0'; \
			assert_outside(&(m)); \
			free(member); \
			member = NULL; \
			assert_outside(&(m)); \
		} \
		mtls_message_clear_keep_type(&(m)); \
	} while (0);
#define OUTSIDE_bytes(m, member, min, max) \
	do { \
		sample_message(&(m), (m).type, SAMPLE_SMALL); \
		free(member.data); \
		member.data = calloc(1, (max) + 1); \
		member.len = (max) + 1; \
		assert_outside(&(m)); \
		if ((min) > 0) { \
			member.len = (size_t)(min) - 1; \
			assert_outside(&(m)); \
		} \
		mtls_message_clear_keep_type(&(m)); \
	} while (0);
#define OUTSIDE_texts(m, member, min, max) \
	do { \
		sample_message(&(m), (m).type, SAMPLE_MIN); \
		free(member.text); \
		member.text = calloc((max) + 1, sizeof(member.text[0])); \
		member.n = (max) + 1; \
		assert_outside(&(m)); \
		if ((min) > 0) { \
			member.n = (size_t)(min) - 1; \
			assert_outside(&(m)); \
		} \
		mtls_message_clear_keep_type(&(m)); \
	} while (0);

static void
mtls_message_clear_keep_type(struct mtls_message *m)
{
	enum mtls_message_type type = m->type;

	mtls_message_clear(m);
	m->type = type;
}

#define MESSAGE(NAME, name, number, from, descriptor) \
	static void \
	outside_##name(void) \
	{ \
		struct mtls_message m = { .type = (number) }; \
		(void)m;
#define FIELD(name, kind, field, min, max) \
		OUTSIDE_##kind(m, m.u.name.field, min, max)
#define MESSAGE_END(name) \
	}
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END

static void
T071_no_value_outside_its_range_is_sent_or_taken(void **state)
{
	(void)state;
#define MESSAGE(NAME, name, number, from, descriptor) outside_##name();
#define FIELD(name, kind, field, min, max)
#define MESSAGE_END(name)
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END
}

static void
T079_decoded_structs_are_initialised_whole(void **state)
{
	struct mtls_message *a = malloc(sizeof(*a));
	struct mtls_message *b = malloc(sizeof(*b));
	struct encoded e;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	/* Messages without pointers: all bytes must agree. */
	e = encode_sample(MTLS_MSG_TOKEN_PIN, SAMPLE_MAX);
	memset(a, 0x00, sizeof(*a));
	memset(b, 0xff, sizeof(*b));
	assert_int_equal(mtls_message_decode(e.data, e.len, a, NULL),
	    MTLS_OK);
	assert_int_equal(mtls_message_decode(e.data, e.len, b, NULL),
	    MTLS_OK);
	assert_memory_equal(a, b, sizeof(*a));
	mtls_message_clear(a);
	mtls_message_clear(b);
	assert_memory_equal(a, b, sizeof(*a));
	mtls_message_data_free(e.data, e.len);
	free(a);
	free(b);
}

static void
T079_encoded_buffers_are_initialised_whole(void **state)
{
	struct encoded a, b;

	(void)state;
	for (const unsigned *t = sample_message_types; *t != 0; t++) {
		mallopt(M_PERTURB, 0x55);
		a = encode_sample(*t, SAMPLE_SMALL);
		mallopt(M_PERTURB, 0xaa);
		b = encode_sample(*t, SAMPLE_SMALL);
		mallopt(M_PERTURB, 0);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		mtls_message_data_free(a.data, a.len);
		mtls_message_data_free(b.data, b.len);
	}
}

static void
copies_are_deep(void **state)
{
	struct mtls_bytes bytes;
	char original[] = "alice";
	char *copy = NULL;

	(void)state;
	assert_int_equal(mtls_text_dup(&copy, original, NULL), MTLS_OK);
	original[0] = 'X';
	assert_string_equal(copy, "alice");
	free(copy);
	assert_int_equal(mtls_text_dup(&copy, NULL, NULL), MTLS_OK);
	assert_string_equal(copy, "");
	free(copy);
	assert_int_equal(mtls_bytes_dup(&bytes, original, 5, NULL), MTLS_OK);
	assert_int_equal(bytes.len, 5);
	assert_memory_equal(bytes.data, original, 5);
	free(bytes.data);
	assert_int_equal(mtls_bytes_dup(&bytes, NULL, 0, NULL), MTLS_OK);
	assert_int_equal(bytes.len, 0);
	assert_null(bytes.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_then_encode_is_the_identity),
		cmocka_unit_test(fields_are_where_they_belong),
		cmocka_unit_test(T071_every_single_bit_flip),
		cmocka_unit_test(T071_every_truncation_and_a_trailing_byte),
		cmocka_unit_test(T071_length_field_of_any_value),
		cmocka_unit_test(T071_unknown_version_and_type),
		cmocka_unit_test(T071_too_large_a_datagram),
		cmocka_unit_test(T106_texts_are_printable_on_both_ends),
		cmocka_unit_test(T071_no_value_outside_its_range_is_sent_or_taken),
		cmocka_unit_test(T079_decoded_structs_are_initialised_whole),
		cmocka_unit_test(T079_encoded_buffers_are_initialised_whole),
		cmocka_unit_test(copies_are_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

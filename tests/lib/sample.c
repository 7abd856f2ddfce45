/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Values for every member of every declared struct.
 */
#include "config.h"

#include "sample.h"

#include <stdlib.h>
#include <string.h>

const unsigned sample_message_types[] = {
#define MESSAGE(NAME, name, number, from, descriptor) (number),
#define FIELD(name, kind, field, min, max)
#define MESSAGE_END(name)
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END
	0
};

static uint64_t
sample_number(uint64_t min, uint64_t max, enum sample_size size)
{
	switch (size) {
	case SAMPLE_MIN:
		return min;
	case SAMPLE_SMALL:
		return max - min > 2 ? min + 2 : max;
	case SAMPLE_MAX:
		break;
	}
	return max;
}

static size_t
sample_length(uint64_t min, uint64_t max, enum sample_size size)
{
	if (size == SAMPLE_SMALL)
		return max - min > 5 ? min + 5 : max;
	return size == SAMPLE_MIN ? min : max;
}

/* A backslash and a character of two bytes are in it, where they fit. */
static char *
sample_text(uint64_t min, uint64_t max, enum sample_size size)
{
	size_t len = sample_length(min, max, size);
	char *s = malloc(len + 1);

	if (s == NULL)
		abort();
	memset(s, 'a', len);
	s[len] = '\0';
	if (len >= 4)
		memcpy(s + len - 4, "\\x\xc3\xa4", 4);
	return s;
}

static struct mtls_bytes
sample_bytes(uint64_t min, uint64_t max, enum sample_size size)
{
	struct mtls_bytes b = { sample_length(min, max, size), NULL };

	if (b.len == 0)
		return b;
	b.data = malloc(b.len);
	if (b.data == NULL)
		abort();
	for (size_t i = 0; i < b.len; i++)
		b.data[i] = (uint8_t)i;
	return b;
}

static struct mtls_texts
sample_texts(uint64_t min, uint64_t max, enum sample_size size)
{
	struct mtls_texts t = { sample_number(min, max, size), NULL };

	if (t.n == 0)
		return t;
	t.text = calloc(t.n, sizeof(t.text[0]));
	if (t.text == NULL)
		abort();
	for (size_t i = 0; i < t.n; i++)
		t.text[i] = sample_text(0, 1024, size);
	return t;
}

#define FILL_u8(m, min, max) (m) = (uint8_t)sample_number(min, max, size);
#define FILL_u32(m, min, max) (m) = (uint32_t)sample_number(min, max, size);
#define FILL_u64(m, min, max) (m) = sample_number(min, max, size);
#define FILL_text(m, min, max) (m) = sample_text(min, max, size);
#define FILL_bytes(m, min, max) (m) = sample_bytes(min, max, size);
#define FILL_texts(m, min, max) (m) = sample_texts(min, max, size);

void
sample_message(struct mtls_message *ret, unsigned type, enum sample_size size)
{
	memset(ret, 0, sizeof(*ret));
	ret->type = (enum mtls_message_type)type;
	switch (type) {
#define MESSAGE(NAME, name, number, from, descriptor) case (number):
#define FIELD(name, kind, field, min, max) \
	FILL_##kind(ret->u.name.field, min, max)
#define MESSAGE_END(name) break;
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END
	default:
		abort();
	}
}

#define FILL_integer(m, min, max) \
	(m) = (int64_t)sample_number(min, max, size);
#define FILL_id(m, min, max) memset((m), 0x5a, sizeof(m));
#define FILL_nonce(m, min, max) memset((m), 0xa5, sizeof(m));

#define BODY(NAME, name) \
	static void \
	fill_##name(struct mtls_body_##name *b, enum sample_size size) \
	{
#define ITEM(name, kind, item, min, max) FILL_##kind(b->item, min, max)
#define BODY_END(name) (void)size; }
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END

void
sample_body(void *ret, enum mtls_body_type type, enum sample_size size)
{
	switch (type) {
#define BODY(NAME, name) \
	case MTLS_BODY_##NAME: \
		fill_##name(ret, size); \
		break;
#define ITEM(name, kind, item, min, max)
#define BODY_END(name)
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END
	case MTLS_BODY_COUNT:
		abort();
	}
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The field walker on a table of its own, for what no message has yet: lists
 * of texts.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../../common/message_fields.h"

#include "../lib/unit.h"

struct values {
	struct mtls_texts list;
	uint8_t last;
};

static const struct mtls_field fields[] = {
	{ "list", MTLS_FIELD_texts, offsetof(struct values, list), 1, 3 },
	{ "last", MTLS_FIELD_u8, offsetof(struct values, last), 0, 9 },
};

static const uint8_t encoded[] = {
	0, 2, 0, 0, 0, 1, 'a', 0, 0, 0, 3, 'b', 'c', 'd', 7
};

static enum mtls_status
read_copy(const uint8_t *data, size_t len, struct values *v)
{
	uint8_t *copy = malloc(len + 1);
	enum mtls_status status;

	assert_non_null(copy);
	memcpy(copy + 1, data, len);
	memset(v, 0, sizeof(*v));
	status = mtls_fields_read(fields, 2, v, copy + 1, len, NULL);
	free(copy);
	return status;
}

static void
lists_of_texts_go_both_ways(void **state)
{
	uint8_t out[sizeof(encoded)];
	struct values v;
	size_t len = 0;

	(void)state;
	assert_int_equal(read_copy(encoded, sizeof(encoded), &v), MTLS_OK);
	assert_int_equal(v.list.n, 2);
	assert_string_equal(v.list.text[0], "a");
	assert_string_equal(v.list.text[1], "bcd");
	assert_int_equal(v.last, 7);
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_OK);
	assert_int_equal(len, sizeof(encoded));
	assert_ptr_equal(mtls_fields_write(fields, 2, &v, out),
	    out + sizeof(out));
	assert_memory_equal(out, encoded, sizeof(out));
	mtls_fields_clear(fields, 2, &v);
}

static void
T071_lists_are_bounded(void **state)
{
	static const uint8_t none[] = { 0, 0, 7 };
	static const uint8_t four[] = {
		0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7
	};
	static const uint8_t many[] = { 0xff, 0xff, 0, 0, 0, 0, 7 };
	struct values v;

	(void)state;
	assert_int_equal(read_copy(none, sizeof(none), &v), MTLS_E_PROTOCOL);
	mtls_fields_clear(fields, 2, &v);
	assert_int_equal(read_copy(four, sizeof(four), &v), MTLS_E_PROTOCOL);
	mtls_fields_clear(fields, 2, &v);
	assert_int_equal(read_copy(many, sizeof(many), &v), MTLS_E_PROTOCOL);
	mtls_fields_clear(fields, 2, &v);
	for (size_t len = 0; len < sizeof(encoded); len++) {
		assert_int_equal(read_copy(encoded, len, &v),
		    MTLS_E_PROTOCOL);
		mtls_fields_clear(fields, 2, &v);
	}
}

static void
nothing_outside_the_range_is_measured(void **state)
{
	char *texts[4];
	char a[] = "a", bad[] = "\n";
	char large[MTLS_TEXTS_ITEM_MAX + 2];
	struct values v = { { 0, texts }, 0 };
	size_t len;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		texts[i] = a;
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_E_USAGE);
	v.list.n = 4;
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_E_USAGE);
	v.list.n = 3;
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_OK);
	texts[2] = bad;
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_E_USAGE);
	memset(large, 'x', sizeof(large));
	large[MTLS_TEXTS_ITEM_MAX] = '\0';
	texts[2] = large;
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_OK);
	large[MTLS_TEXTS_ITEM_MAX] = 'x';
	large[MTLS_TEXTS_ITEM_MAX + 1] = '\0';
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_E_USAGE);
	texts[2] = a;
	v.last = 10;
	assert_int_equal(mtls_fields_measure(fields, 2, &v, &len, NULL),
	    MTLS_E_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_texts_go_both_ways),
		cmocka_unit_test(T071_lists_are_bounded),
		cmocka_unit_test(nothing_outside_the_range_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

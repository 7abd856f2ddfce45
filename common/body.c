/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * JSON bodies, walked from the table that bodies.def makes. jansson parses;
 * what may be in a body is decided here.
 */
#include "config.h"

#include "mtls/body.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/secret.h"
#include "mtls/text.h"

enum item_kind { ITEM_integer, ITEM_text, ITEM_id, ITEM_nonce };

struct item {
	const char *name;
	enum item_kind kind;
	size_t offset;
	int64_t min, max;
};

struct shape {
	const char *name;
	const struct item *items;
	size_t n_items;
	size_t size;		/* of the struct */
};

#define BODY(NAME, name) static const struct item items_##name[] = {
#define ITEM(body, kind, item, min, max) \
	{ #item, ITEM_##kind, offsetof(struct mtls_body_##body, item), \
	    (min), (max) },
#define BODY_END(name) };
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END

static const struct shape shapes[MTLS_BODY_COUNT] = {
#define BODY(NAME, name) \
	[MTLS_BODY_##NAME] = { #name, items_##name, \
	    sizeof(items_##name) / sizeof(items_##name[0]), \
	    sizeof(struct mtls_body_##name) },
#define ITEM(body, kind, item, min, max)
#define BODY_END(name)
#include "mtls/bodies.def"
#undef BODY
#undef ITEM
#undef BODY_END
};

#define BYTES_MAX MTLS_NONCE_BYTES

static size_t
n_bytes(enum item_kind kind)
{
	return kind == ITEM_id ? MTLS_ID_BYTES : MTLS_NONCE_BYTES;
}

static enum mtls_status
wrong(const struct shape *shape, const char *item, const char *why,
    struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_PROTOCOL, "%s body: %s%s%s", shape->name,
	    item, item[0] == '\0' ? "" : " ", why);
}

/*
 * Whether no bracket opens inside another one. Looked at before parsing, so
 * that nesting costs the parser neither stack nor memory.
 */
static int
is_flat(const char *data, size_t len)
{
	int in_string = 0;
	int open = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_string && data[i] == '\\')
			i++;
		else if (data[i] == '"')
			in_string = !in_string;
		else if (!in_string && (data[i] == '{' || data[i] == '['))
			open++;
	}
	return open <= 1;
}

static enum mtls_status
read_integer(const struct item *item, const json_t *value, int64_t *ret)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < item->min || n > item->max)
		return MTLS_E_PROTOCOL;
	*ret = n;
	return MTLS_OK;
}

static enum mtls_status
read_text(const struct item *item, const json_t *value, char **ret)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);
	char *copy;

	if (s == NULL || len < (size_t)item->min ||
	    len > (size_t)item->max || !mtls_text_is_line(s, len))
		return MTLS_E_PROTOCOL;
	copy = malloc(len + 1);
	if (copy == NULL)
		return MTLS_E_MEMORY;
	memcpy(copy, s, len + 1);
	*ret = copy;
	return MTLS_OK;
}

static enum mtls_status
read_bytes(const struct item *item, const json_t *value, uint8_t *ret)
{
	const char *s = json_string_value(value);
	size_t n = n_bytes(item->kind);

	if (s == NULL || json_string_length(value) != 2 * n ||
	    mtls_hex_decode(ret, n, s) != 0)
		return MTLS_E_PROTOCOL;
	return MTLS_OK;
}

static enum mtls_status
read_item(const struct item *item, const json_t *value, void *member)
{
	switch (item->kind) {
	case ITEM_integer:
		return read_integer(item, value, member);
	case ITEM_text:
		return read_text(item, value, member);
	case ITEM_id:
	case ITEM_nonce:
		return read_bytes(item, value, member);
	}
	return MTLS_E_PROTOCOL;
}

static enum mtls_status
read_items(const struct shape *shape, json_t *object, void *body,
    struct mtls_err *err)
{
	enum mtls_status status;
	const struct item *item;
	json_t *value;

	for (size_t i = 0; i < shape->n_items; i++) {
		item = &shape->items[i];
		value = json_object_get(object, item->name);
		if (value == NULL)
			return wrong(shape, item->name, "is missing", err);
		status = read_item(item, value, (char *)body + item->offset);
		if (status == MTLS_E_MEMORY)
			return mtls_fail(err, status, "out of memory");
		if (status != MTLS_OK)
			return wrong(shape, item->name,
			    "has a wrong type or value", err);
	}
	/* All of ours are there, and keys are unique: more are unknown. */
	if (json_object_size(object) != shape->n_items)
		return wrong(shape, "", "an unknown member", err);
	return MTLS_OK;
}

static void
clear_items(const struct shape *shape, void *body)
{
	char **text;

	for (size_t i = 0; i < shape->n_items; i++) {
		if (shape->items[i].kind != ITEM_text)
			continue;
		text = (char **)(void *)((char *)body +
		    shape->items[i].offset);
		free(*text);
	}
	mtls_wipe(body, shape->size);
}

static enum mtls_status
load(const struct shape *shape, const char *data, size_t len, json_t **ret,
    struct mtls_err *err)
{
	json_error_t why;
	json_t *json;

	if (len > MTLS_BODY_MAX)
		return wrong(shape, "", "is too large", err);
	if (!is_flat(data, len))
		return wrong(shape, "", "is nested", err);
	json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
	if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	if (json == NULL)
		return wrong(shape, "", why.text, err);
	*ret = json;
	return MTLS_OK;
}

enum mtls_status
mtls_body_parse(enum mtls_body_type type, const char *data, size_t len,
    void *ret, struct mtls_err *err)
{
	const struct shape *shape;
	enum mtls_status status;
	json_t *json = NULL;
	void *body = NULL;

	if (type >= MTLS_BODY_COUNT)
		return mtls_fail(err, MTLS_E_USAGE, "no such body");
	shape = &shapes[type];
	status = load(shape, data, len, &json, err);
	if (status != MTLS_OK)
		goto out;
	if (!json_is_object(json)) {
		status = wrong(shape, "", "is not an object", err);
		goto out;
	}
	body = calloc(1, shape->size);
	if (body == NULL) {
		status = mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		goto out;
	}
	status = read_items(shape, json, body, err);
	if (status == MTLS_OK)
		memcpy(ret, body, shape->size);
	else
		clear_items(shape, body);
out:
	free(body);
	json_decref(json);
	return status;
}

static json_t *
make_item(const struct item *item, const void *member)
{
	char hex[2 * BYTES_MAX + 1];
	const char *text;
	int64_t n;

	switch (item->kind) {
	case ITEM_integer:
		memcpy(&n, member, sizeof(n));
		return json_integer(n);
	case ITEM_text:
		text = *(char *const *)member;
		return json_string(text == NULL ? "" : text);
	case ITEM_id:
	case ITEM_nonce:
		return json_string(mtls_hex_encode(hex, member,
		    n_bytes(item->kind)));
	}
	return NULL;
}

static int
is_in_range(const struct item *item, const void *member)
{
	const char *text;
	int64_t n;

	switch (item->kind) {
	case ITEM_integer:
		memcpy(&n, member, sizeof(n));
		return n >= item->min && n <= item->max;
	case ITEM_text:
		text = *(char *const *)member;
		n = text == NULL ? 0 : (int64_t)strlen(text);
		return n >= item->min && n <= item->max &&
		    (n == 0 || mtls_text_is_line(text, (size_t)n));
	case ITEM_id:
	case ITEM_nonce:
		return 1;
	}
	return 0;
}

static enum mtls_status
make_object(const struct shape *shape, const void *body, json_t *object,
    struct mtls_err *err)
{
	const struct item *item;
	const void *member;

	for (size_t i = 0; i < shape->n_items; i++) {
		item = &shape->items[i];
		member = (const char *)body + item->offset;
		if (!is_in_range(item, member))
			return mtls_fail(err, MTLS_E_USAGE,
			    "%s body: %s is out of range", shape->name,
			    item->name);
		if (json_object_set_new(object, item->name,
		    make_item(item, member)) != 0)
			return mtls_fail(err, MTLS_E_MEMORY,
			    "out of memory");
	}
	return MTLS_OK;
}

/*
 * Not json_dumps(): where it runs out of memory half way, it leaves a part
 * out and says nothing. The text that is never longer than a body may be is
 * written to one buffer here.
 */
static enum mtls_status
write_text(const json_t *object, char **ret_json, size_t *ret_len,
    struct mtls_err *err)
{
	char *text = malloc(MTLS_BODY_MAX + 1);
	size_t len;

	if (text == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	len = json_dumpb(object, text, MTLS_BODY_MAX, JSON_COMPACT);
	if (len == 0 || len > MTLS_BODY_MAX) {
		free(text);
		return mtls_fail(err, len == 0 ? MTLS_E_MEMORY : MTLS_E_USAGE,
		    "the body cannot be written");
	}
	text[len] = '\0';
	*ret_json = text;
	*ret_len = len;
	return MTLS_OK;
}

enum mtls_status
mtls_body_format(enum mtls_body_type type, const void *body, char **ret_json,
    size_t *ret_len, struct mtls_err *err)
{
	enum mtls_status status;
	json_t *object;

	if (type >= MTLS_BODY_COUNT)
		return mtls_fail(err, MTLS_E_USAGE, "no such body");
	object = json_object();
	if (object == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = make_object(&shapes[type], body, object, err);
	if (status == MTLS_OK)
		status = write_text(object, ret_json, ret_len, err);
	json_decref(object);
	return status;
}

void
mtls_body_clear(enum mtls_body_type type, void *body)
{
	if (type < MTLS_BODY_COUNT)
		clear_items(&shapes[type], body);
}

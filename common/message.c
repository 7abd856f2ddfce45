/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Messages as whole datagrams. The shapes come from messages.def alone; no
 * field is written or read by name here.
 */
#include "config.h"

#include "mtls/message.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/secret.h"

#include "message_fields.h"
#include "message_shape.h"

#define HEADER_LEN 2u

#define MESSAGE(NAME, name, number, from, descriptor) \
	static const struct mtls_field fields_##name[] = {
#define FIELD(message, kind, field, min, max) \
	{ #field, MTLS_FIELD_##kind, \
	    offsetof(struct mtls_msg_##message, field), (min), (max) },
#define MESSAGE_END(name) \
	{ NULL, MTLS_FIELD_u8, 0, 0, 0 } };
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END

#define DESCRIPTOR_NONE 0
#define DESCRIPTOR_ONE 1

static const struct mtls_message_shape shapes[] = {
#define MESSAGE(NAME, name, number, from, descriptor) \
	{ #NAME, (number), DESCRIPTOR_##descriptor, fields_##name, \
	    sizeof(fields_##name) / sizeof(fields_##name[0]) - 1 },
#define FIELD(name, kind, field, min, max)
#define MESSAGE_END(name)
#include "mtls/messages.def"
#undef MESSAGE
#undef FIELD
#undef MESSAGE_END
};

const struct mtls_message_shape *
mtls_message_shape0(unsigned type)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (shapes[i].number == type)
			return &shapes[i];
	}
	return NULL;
}

const char *
mtls_message_name(unsigned type)
{
	const struct mtls_message_shape *shape = mtls_message_shape0(type);

	return shape == NULL ? "?" : shape->name;
}

enum mtls_status
mtls_message_encode(const struct mtls_message *m, uint8_t **ret_data,
    size_t *ret_len, struct mtls_err *err)
{
	const struct mtls_message_shape *shape;
	enum mtls_status status;
	uint8_t *data;
	size_t len;

	shape = mtls_message_shape0(m->type);
	if (shape == NULL)
		return mtls_fail(err, MTLS_E_USAGE, "no message type %u",
		    (unsigned)m->type);
	status = mtls_fields_measure(shape->fields, shape->n_fields, &m->u,
	    &len, err);
	if (status != MTLS_OK) {
		mtls_err_context(err, "%s", shape->name);
		return status;
	}
	len += HEADER_LEN;
	if (len > MTLS_MESSAGE_MAX)
		return mtls_fail(err, MTLS_E_USAGE,
		    "%s: %zu bytes are too many", shape->name, len);
	data = malloc(len);
	if (data == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "%s: out of memory",
		    shape->name);
	data[0] = MTLS_MESSAGE_VERSION;
	data[1] = (uint8_t)shape->number;
	mtls_fields_write(shape->fields, shape->n_fields, &m->u,
	    data + HEADER_LEN);
	*ret_data = data;
	*ret_len = len;
	return MTLS_OK;
}

void
mtls_message_data_free(uint8_t *data, size_t len)
{
	if (data == NULL)
		return;
	mtls_wipe(data, len);
	free(data);
}

enum mtls_status
mtls_message_decode(const uint8_t *data, size_t len,
    struct mtls_message *ret_message, struct mtls_err *err)
{
	const struct mtls_message_shape *shape;
	struct mtls_message m;
	enum mtls_status status;

	if (len < HEADER_LEN || len > MTLS_MESSAGE_MAX)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "a message of %zu bytes", len);
	if (data[0] != MTLS_MESSAGE_VERSION)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "message version %u is not known", (unsigned)data[0]);
	shape = mtls_message_shape0(data[1]);
	if (shape == NULL)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "message type %u is not known", (unsigned)data[1]);
	memset(&m, 0, sizeof(m));
	m.type = (enum mtls_message_type)shape->number;
	status = mtls_fields_read(shape->fields, shape->n_fields, &m.u,
	    data + HEADER_LEN, len - HEADER_LEN, err);
	if (status != MTLS_OK) {
		mtls_err_context(err, "%s", shape->name);
		mtls_message_clear(&m);
		return status;
	}
	*ret_message = m;
	return MTLS_OK;
}

void
mtls_message_clear(struct mtls_message *m)
{
	const struct mtls_message_shape *shape = mtls_message_shape0(m->type);

	if (shape != NULL)
		mtls_fields_clear(shape->fields, shape->n_fields, &m->u);
	mtls_wipe(m, sizeof(*m));
}

enum mtls_status
mtls_text_dup(char **ret, const char *s, struct mtls_err *err)
{
	char *copy = strdup(s == NULL ? "" : s);

	if (copy == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	*ret = copy;
	return MTLS_OK;
}

enum mtls_status
mtls_bytes_dup(struct mtls_bytes *ret, const void *data, size_t len,
    struct mtls_err *err)
{
	struct mtls_bytes copy = { 0, NULL };

	if (len > 0) {
		copy.data = malloc(len);
		if (copy.data == NULL)
			return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		memcpy(copy.data, data, len);
		copy.len = len;
	}
	*ret = copy;
	return MTLS_OK;
}

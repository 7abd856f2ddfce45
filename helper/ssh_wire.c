/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every read is here, and checked here. Lengths are compared with what is
 * left, never added to something first.
 */
#include "config.h"

#include "ssh_wire.h"

#include <string.h>

int
ssh_wire_byte(struct ssh_wire *w, uint8_t *ret)
{
	if (w->len < 1)
		return -1;
	*ret = w->data[0];
	w->data++;
	w->len--;
	return 0;
}

int
ssh_wire_u32(struct ssh_wire *w, uint32_t *ret)
{
	if (w->len < 4)
		return -1;
	*ret = (uint32_t)w->data[0] << 24 | (uint32_t)w->data[1] << 16 |
	    (uint32_t)w->data[2] << 8 | w->data[3];
	w->data += 4;
	w->len -= 4;
	return 0;
}

int
ssh_wire_string(struct ssh_wire *w, size_t max, struct ssh_wire *ret)
{
	struct ssh_wire rest = *w;
	uint32_t len;

	if (ssh_wire_u32(&rest, &len) == -1 || len > max || len > rest.len)
		return -1;
	ret->data = rest.data;
	ret->len = len;
	w->data = rest.data + len;
	w->len = rest.len - len;
	return 0;
}

int
ssh_wire_word(struct ssh_wire *w, const char *word)
{
	struct ssh_wire rest = *w;
	struct ssh_wire s;
	size_t len = strlen(word);

	if (ssh_wire_string(&rest, len, &s) == -1 || s.len != len ||
	    memcmp(s.data, word, len) != 0)
		return -1;
	*w = rest;
	return 0;
}

uint8_t *
ssh_wire_put_u32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
	return p + 4;
}

uint8_t *
ssh_wire_put_string(uint8_t *p, const uint8_t *data, size_t len)
{
	p = ssh_wire_put_u32(p, (uint32_t)len);
	memcpy(p, data, len);
	return p + len;
}

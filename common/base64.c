/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Base64, strict. libc has none.
 */
#include "config.h"

#include "mtls/base64.h"

#include <stdint.h>
#include <string.h>

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
mtls_base64_encode(char *out, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	char *o = out;
	uint32_t v;
	size_t left;

	for (left = n; left > 0; left -= left > 3 ? 3 : left, p += 3) {
		v = (uint32_t)p[0] << 16;
		if (left > 1)
			v |= (uint32_t)p[1] << 8;
		if (left > 2)
			v |= p[2];
		*o++ = letters[v >> 18];
		*o++ = letters[v >> 12 & 63];
		*o++ = left > 1 ? letters[v >> 6 & 63] : '=';
		*o++ = left > 2 ? letters[v & 63] : '=';
	}
	*o = '\0';
	return out;
}

static int
value_of(char c)
{
	const char *p = c == '\0' ? NULL : strchr(letters, c);

	return p == NULL ? -1 : (int)(p - letters);
}

/* Four characters to one to three bytes; 0 where they are no encoding. */
static size_t
decode_group(uint8_t out[3], const char in[4], int is_last)
{
	size_t n = 3;
	uint32_t v = 0;
	int i, bits;

	if (is_last && in[3] == '=')
		n = in[2] == '=' ? 1 : 2;
	for (i = 0; i < 4; i++) {
		bits = i <= (int)n ? value_of(in[i]) : 0;
		if (bits < 0)
			return 0;
		v = v << 6 | (uint32_t)bits;
	}
	out[0] = (uint8_t)(v >> 16);
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)v;
	/* What does not fit into n bytes must not say anything. */
	if ((n < 3 && out[2] != 0) || (n < 2 && out[1] != 0))
		return 0;
	return n;
}

int
mtls_base64_decode(void *out, size_t size, const char *in, size_t len,
    size_t *ret_n)
{
	uint8_t *o = out;
	uint8_t group[3];
	size_t i, n, total = 0;

	if (len % 4 != 0)
		return -1;
	for (i = 0; i < len; i += 4) {
		n = decode_group(group, in + i, i + 4 == len);
		if (n == 0 || n > size - total)
			return -1;
		memcpy(o + total, group, n);
		total += n;
	}
	*ret_n = total;
	return 0;
}

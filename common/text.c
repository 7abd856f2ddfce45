/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What text from outside may be shown, logged or used as a name. No locale:
 * the answer must be the same in every host and on both ends of a wire.
 */
#include "config.h"

#include "mtls/text.h"

#include <stdint.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

/*
 * Characters that are never shown: control (Cc), format and bidi (Cf), line
 * and paragraph separators (Zl, Zp), everything a terminal draws as nothing
 * (Default_Ignorable_Code_Point), private use and noncharacters. Sorted.
 */
static const struct range invisible[] = {
	{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},
	{0x034f, 0x034f}, {0x0600, 0x0605}, {0x061c, 0x061c},
	{0x06dd, 0x06dd}, {0x070f, 0x070f}, {0x0890, 0x0891},
	{0x08e2, 0x08e2}, {0x115f, 0x1160}, {0x17b4, 0x17b5},
	{0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e},
	{0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff},
	{0xfdd0, 0xfdef}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	{0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0xffff},
	{0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0x1fffe, 0x1ffff},
	{0x2fffe, 0x2ffff}, {0x3fffe, 0x10ffff},
};

static const struct range white_space[] = {
	{0x0009, 0x000d}, {0x0020, 0x0020}, {0x0085, 0x0085},
	{0x00a0, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200a},
	{0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
	{0x3000, 0x3000},
};

#define N_RANGES(table) (sizeof(table) / sizeof((table)[0]))

static int
in_ranges(const struct range *table, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++) {
		if (c < table[i].first)
			return 0;
		if (c <= table[i].last)
			return 1;
	}
	return 0;
}

static int
is_visible(uint32_t c)
{
	return !in_ranges(invisible, N_RANGES(invisible), c);
}

/* How many bytes the lead byte announces; 0 if it is none. */
static size_t
utf8_need(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

/*
 * Decodes one character of the n > 0 bytes at s. Returns its length, or 0
 * where it is malformed: overlong, a surrogate, above U+10FFFF or cut off.
 */
static size_t
utf8_next(const char *s, size_t n, uint32_t *ret_c)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need = utf8_need(p[0]);
	uint32_t c;

	if (need == 0 || need > n)
		return 0;
	c = need == 1 ? p[0] : p[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < lowest[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_c = c;
	return need;
}

int
mtls_text_is_utf8(const char *s, size_t n)
{
	uint32_t c;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c);
		if (len == 0 || c == 0)
			return 0;
	}
	return 1;
}

int
mtls_text_is_line(const char *s, size_t n)
{
	uint32_t c;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c);
		if (len == 0 || !is_visible(c))
			return 0;
	}
	return 1;
}

int
mtls_text_is_printable(const char *s)
{
	return strchr(s, '\\') == NULL && mtls_text_is_line(s, strlen(s));
}

/* Whether s (n bytes) is the beginning of a character and nothing else. */
static int
is_cut_off(const char *s, size_t n)
{
	if (utf8_need((unsigned char)s[0]) <= n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	}
	return 1;
}

void
mtls_text_make_line(char *s)
{
	size_t n = strlen(s);
	uint32_t c;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c);
		if (len == 0 && is_cut_off(s + i, n - i)) {
			s[i] = '\0';
			return;
		}
		if (len == 0)
			len = 1;
		else if (is_visible(c))
			continue;
		memset(s + i, '?', len);
	}
}

static const char hex_digits[] = "0123456789abcdef";

/*
 * Writes what stands for the first character of in (n > 0 bytes) to unit, at
 * most 16 bytes. Returns its length; *ret_used is how much of in it took.
 */
static size_t
printable_unit(char *unit, const char *in, size_t n, size_t *ret_used)
{
	uint32_t c;
	size_t len = utf8_next(in, n, &c);

	if (len != 0 && is_visible(c) && c != '\\') {
		memcpy(unit, in, len);
		*ret_used = len;
		return len;
	}
	if (len == 0)
		len = 1;
	for (size_t i = 0; i < len; i++) {
		unit[4 * i] = '\\';
		unit[4 * i + 1] = 'x';
		unit[4 * i + 2] = hex_digits[(unsigned char)in[i] >> 4];
		unit[4 * i + 3] = hex_digits[(unsigned char)in[i] & 15];
	}
	*ret_used = len;
	return 4 * len;
}

char *
mtls_text_printable(char *out, size_t size, const char *in)
{
	size_t n = strlen(in);
	size_t o = 0, cut = 0, used, len;
	char unit[16];

	if (size == 0)
		return out;
	for (size_t i = 0; i < n; i += used) {
		len = printable_unit(unit, in + i, n - i, &used);
		if (o + len > size - 1) {
			/* cut is the last place where dots fit behind. */
			for (o = cut; o < size - 1 && o < cut + 3; o++)
				out[o] = '.';
			break;
		}
		memcpy(out + o, unit, len);
		o += len;
		if (o + 3 <= size - 1)
			cut = o;
	}
	out[o] = '\0';
	return out;
}

int
mtls_text_is_user(const char *s)
{
	size_t n = strlen(s);
	uint32_t c;
	size_t len;

	if (n < 1 || n > MTLS_USER_MAX || s[0] == '-')
		return 0;
	if (strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return 0;
	if (strpbrk(s, "/,:;=|\\\"'$*?") != NULL)
		return 0;
	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c);
		if (len == 0 || !is_visible(c) ||
		    in_ranges(white_space, N_RANGES(white_space), c))
			return 0;
	}
	return 1;
}

static int
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
mtls_text_is_hostname(const char *s)
{
	size_t n = strlen(s);
	size_t label = 0;	/* its length so far */
	int letters = 0;

	if (n < 1 || n > 253)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (label == 0 || s[i - 1] == '-')
				return 0;
			label = 0;
			continue;
		}
		if (s[i] == '-' && label == 0)
			return 0;
		if (!is_letter(s[i]) && !is_digit(s[i]) && s[i] != '-')
			return 0;
		if (++label > 63)
			return 0;
		letters |= is_letter(s[i]);
	}
	return letters && label > 0 && s[n - 1] != '-';
}

int
mtls_text_is_service(const char *s)
{
	size_t n = strlen(s);

	if (n < 1 || n > 64 || s[0] == '.' || s[0] == '-')
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!is_letter(s[i]) && !is_digit(s[i]) &&
		    strchr("._+@-", s[i]) == NULL)
			return 0;
	}
	return 1;
}

char *
mtls_hex_encode(char *out, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex_digits[p[i] >> 4];
		out[2 * i + 1] = hex_digits[p[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

static int
hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
mtls_hex_decode(void *out, size_t n, const char *hex)
{
	uint8_t *p = out;

	for (size_t i = 0; i < 2 * n; i++) {
		if (hex_value(hex[i]) < 0)	/* the NUL as well */
			return -1;
	}
	if (hex[2 * n] != '\0')
		return -1;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(hex_value(hex[2 * i]) << 4 |
		    hex_value(hex[2 * i + 1]));
	return 0;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The words of a script line. Tests only.
 */
#include "fake_helper.h"

#include <string.h>

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c == '\0' ? NULL : strchr(digits, c);

	return p == NULL ? -1 : (int)(p - digits);
}

/* One escape; *from stands behind the backslash. -1 if it is none. */
static int
unescape(const char **from)
{
	const char *p = (*from)++;
	int high;
	int low;

	switch (*p) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 'e':
		return '\033';
	case '\\':
	case '"':
		return *p;
	case 'x':
		high = hex_digit(p[1]);
		low = high < 0 ? -1 : hex_digit(p[2]);
		*from = p + 3;
		return low < 0 ? -1 : high * 16 + low;
	default:
		return -1;
	}
}

/* Copies a quoted part down; NULL if it does not end. */
static const char *
quoted(const char *from, char **to)
{
	int c;

	while (*from != '"') {
		if (*from == '\0')
			return NULL;
		if (*from != '\\') {
			*(*to)++ = *from++;
			continue;
		}
		from++;
		c = unescape(&from);
		if (c <= 0)
			return NULL;
		*(*to)++ = (char)c;
	}
	return from + 1;
}

int
fake_words(char *line, char *words[FAKE_WORDS_MAX])
{
	const char *from = line + strspn(line, " \t");
	char *to = line;
	char end;
	int n = 0;

	if (*from == '#')
		return 0;
	while (*from != '\0') {
		if (n == FAKE_WORDS_MAX)
			return -1;
		words[n++] = to;
		while (*from != '\0' && *from != ' ' && *from != '\t') {
			if (*from == '"')
				from = quoted(from + 1, &to);
			else
				*to++ = *from++;
			if (from == NULL)
				return -1;
		}
		end = *from;
		if (end != '\0')
			from += strspn(from, " \t");
		*to++ = '\0';
	}
	return n;
}

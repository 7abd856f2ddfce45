/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Host patterns and distinguished names. A '*' never reaches over a dot
 * except as the whole first label, so that "ws-*.acme.example" is what it
 * looks like.
 */
#include "config.h"

#include "pattern.h"

#include <string.h>

#include "mtls/text.h"

#define HOST_MAX 253

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

int
pattern_is_host(const char *pattern)
{
	char host[HOST_MAX + 1];
	size_t len = strlen(pattern);

	if (strcmp(pattern, "*") == 0)
		return 1;
	if (len > HOST_MAX)
		return 0;
	/* With a letter in the place of every '*' it must be a name. */
	for (size_t i = 0; i < len; i++) {
		host[i] = pattern[i] == '*' ? 'x' : pattern[i];
		if (pattern[i] == '*' && pattern[i + 1] == '*')
			return 0;
	}
	host[len] = '\0';
	return mtls_text_is_hostname(host);
}

/* '*' takes as little as it can, and more when the rest does not fit. */
static int
matches_in_labels(const char *pattern, const char *host)
{
	const char *star = NULL, *retry = NULL;

	while (*host != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = host;
		} else if (lower(*pattern) == lower(*host) &&
		    *pattern != '\0') {
			/* A dot in both: what stood before is settled. */
			if (*pattern == '.')
				star = NULL;
			pattern++;
			host++;
		} else if (star != NULL && *retry != '.') {
			pattern = star;
			host = ++retry;
		} else {
			return 0;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

int
pattern_matches_host(const char *pattern, const char *host)
{
	const char *dot;

	if (strcmp(pattern, "*") == 0)
		return 1;
	if (strncmp(pattern, "*.", 2) != 0)
		return matches_in_labels(pattern, host);
	for (dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
		if (dot != host && matches_in_labels(pattern + 1, dot))
			return 1;
	}
	return 0;
}

struct dn {
	char *out;
	size_t size, len;
};

static int
put(struct dn *dn, char c)
{
	if (dn->len + 1 >= dn->size)
		return -1;
	dn->out[dn->len++] = c;
	return 0;
}

static int
is_type_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '.' ||
	    c == '-';
}

/* "CN =": the type in capitals, and the '='. */
static const char *
take_type(struct dn *dn, const char *in)
{
	size_t begin;

	in += strspn(in, " ");
	for (begin = dn->len; *in != '=' && *in != ' '; in++) {
		if (!is_type_char(upper(*in)) || put(dn, upper(*in)) != 0)
			return NULL;
	}
	in += strspn(in, " ");
	if (dn->len == begin || *in != '=' || put(dn, '=') != 0)
		return NULL;
	return in + 1;
}

/* The value up to an unescaped ',' or '+', without blanks at its ends. */
static const char *
take_value(struct dn *dn, const char *in)
{
	size_t begin, end;

	in += strspn(in, " ");
	for (begin = end = dn->len; *in != '\0' && *in != ',' && *in != '+';
	    in++) {
		int blank = *in == ' ';

		if (*in == '\\') {
			if (in[1] == '\0' || put(dn, *in++) != 0)
				return NULL;
		}
		if (put(dn, *in) != 0)
			return NULL;
		if (!blank)
			end = dn->len;
	}
	dn->len = end;
	return end == begin ? NULL : in;
}

int
pattern_normalise_dn(char *out, size_t size, const char *dn)
{
	struct dn d = { out, size, 0 };
	const char *in = dn;

	if (size == 0)
		return -1;
	for (;;) {
		in = take_type(&d, in);
		if (in != NULL)
			in = take_value(&d, in);
		if (in == NULL || *in == '\0')
			break;
		if (put(&d, *in++) != 0) {
			in = NULL;
			break;
		}
	}
	out[in == NULL ? 0 : d.len] = '\0';
	return in == NULL ? -1 : 0;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The values of a call, as text. Texts are looked at first: one that a
 * database cannot hold would take everybody with it who is in the same
 * transaction.
 */
#include "config.h"

#include "store_postgres.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "mtls/text.h"

void
postgres_add_text(struct postgres_call *c, const char *text)
{
	if (text == NULL)
		text = "";
	if (!mtls_text_is_utf8(text, strlen(text)) ||
	    c->n == POSTGRES_PARAMS_MAX)
		c->is_bad = 1;
	else
		c->values[c->n++] = text;
}

/* Behind what is in the room already. */
static void
put(struct postgres_call *c, const char *bytes, size_t n)
{
	if (n >= sizeof(c->room) - c->used) {
		c->is_bad = 1;
		return;
	}
	memcpy(c->room + c->used, bytes, n);
	c->used += n;
	c->room[c->used] = '\0';
}

/* The next value begins where the room does. */
static void
begin(struct postgres_call *c)
{
	if (c->n == POSTGRES_PARAMS_MAX)
		c->is_bad = 1;
	else
		c->values[c->n++] = c->room + c->used;
}

static void
end(struct postgres_call *c)
{
	put(c, "", 1);
}

static void
put_number(struct postgres_call *c, int64_t number)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, number);

	put(c, text, (size_t)n);
}

void
postgres_add_number(struct postgres_call *c, int64_t number)
{
	begin(c);
	put_number(c, number);
	end(c);
}

void
postgres_add_bytes(struct postgres_call *c, const uint8_t *bytes, size_t len)
{
	char hex[3];

	begin(c);
	put(c, "\\x", 2);
	for (size_t i = 0; i < len; i++)
		put(c, mtls_hex_encode(hex, bytes + i, 1), 2);
	end(c);
}

/* An element of an array of texts, in quotes. */
static void
put_element(struct postgres_call *c, const char *text)
{
	if (text == NULL)
		text = "";
	if (!mtls_text_is_utf8(text, strlen(text)))
		c->is_bad = 1;
	put(c, "\"", 1);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			put(c, "\\", 1);
		put(c, text, 1);
	}
	put(c, "\"", 1);
}

void
postgres_add_texts(struct postgres_call *c, const char *const *texts,
    size_t n)
{
	begin(c);
	put(c, "{", 1);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(c, ",", 1);
		put_element(c, texts[i]);
	}
	put(c, "}", 1);
	end(c);
}

void
postgres_add_numbers(struct postgres_call *c, const int64_t *numbers,
    size_t n)
{
	begin(c);
	put(c, "{", 1);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			put(c, ",", 1);
		put_number(c, numbers[i]);
	}
	put(c, "}", 1);
	end(c);
}

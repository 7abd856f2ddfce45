/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The kinds of values that settings have, one function each.
 */
#include "config.h"

#include "conf_value.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

/* How much of a wrong value an error repeats. */
#define SHOWN_MAX 64

#define RATE_TIME_MAX_S (24u * 60 * 60)

static enum mtls_status
wrong(const struct mtls_conf_option *o, const char *value, const char *why,
    struct mtls_err *err)
{
	char shown[SHOWN_MAX];

	if ((o->flags & MTLS_CONF_SECRET) != 0)
		return mtls_fail(err, MTLS_E_CONFIG, "%s: %s", o->name, why);
	return mtls_fail(err, MTLS_E_CONFIG, "%s = \"%s\": %s", o->name,
	    mtls_text_printable(shown, sizeof(shown), value), why);
}

static enum mtls_status
outside(const struct mtls_conf_option *o, const char *value,
    const char *what, struct mtls_err *err)
{
	char shown[SHOWN_MAX];

	return mtls_fail(err, MTLS_E_CONFIG, "%s = \"%s\": %s %lu to %lu",
	    o->name, mtls_text_printable(shown, sizeof(shown), value), what,
	    (unsigned long)o->min, (unsigned long)o->max);
}

static enum mtls_status
set_string(char **member, const char *value, struct mtls_err *err)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	free(*member);
	*member = copy;
	return MTLS_OK;
}

static enum mtls_status
set_text(const struct mtls_conf_option *o, char **member, const char *value,
    struct mtls_err *err)
{
	size_t len = strlen(value);

	if (!mtls_text_is_line(value, len))
		return wrong(o, value, "not printable", err);
	if (len < o->min || len > o->max)
		return outside(o, value, "its length must be", err);
	return set_string(member, value, err);
}

int
mtls_conf_is_path(const char *path)
{
	const char *part;
	size_t len;

	if (path[0] != '/')
		return 0;
	for (part = path; *part != '\0'; part += len) {
		part += strspn(part, "/");
		len = strcspn(part, "/");
		if ((len == 1 && part[0] == '.') ||
		    (len == 2 && part[0] == '.' && part[1] == '.'))
			return 0;
	}
	return 1;
}

static enum mtls_status
set_path(const struct mtls_conf_option *o, char **member, const char *value,
    struct mtls_err *err)
{
	size_t len = strlen(value);

	if (!mtls_text_is_line(value, len))
		return wrong(o, value, "not printable", err);
	if (len >= PATH_MAX || (o->max != 0 && len > o->max))
		return wrong(o, value, "too long", err);
	if (!mtls_conf_is_path(value))
		return wrong(o, value,
		    "not an absolute path without \".\" and \"..\"", err);
	return set_string(member, value, err);
}

/*
 * The decimal number at s, without sign or leading zero, into *ret. Returns
 * what follows it, or NULL where there is none or it is too large.
 */
static const char *
decimal(const char *s, uint32_t *ret)
{
	uint64_t n = 0;
	size_t len = strspn(s, "0123456789");

	if (len == 0 || len > 10 || (len > 1 && s[0] == '0'))
		return NULL;
	for (size_t i = 0; i < len; i++)
		n = n * 10 + (uint64_t)(s[i] - '0');
	if (n > UINT32_MAX)
		return NULL;
	*ret = (uint32_t)n;
	return s + len;
}

static enum mtls_status
set_number(const struct mtls_conf_option *o, uint32_t *member,
    const char *value, struct mtls_err *err)
{
	const char *end;
	uint32_t n = 0;

	end = decimal(value, &n);
	if (end == NULL || *end != '\0')
		return wrong(o, value, "not a decimal number", err);
	if (n < o->min || n > o->max)
		return outside(o, value, "must be", err);
	*member = n;
	return MTLS_OK;
}

/* Seconds that a unit has; 0 if it is none. */
static uint32_t
unit_seconds(const char *unit)
{
	if (unit[0] == '\0' || strcmp(unit, "s") == 0)
		return 1;
	if (strcmp(unit, "m") == 0)
		return 60;
	if (strcmp(unit, "h") == 0)
		return 60 * 60;
	if (strcmp(unit, "d") == 0)
		return 24 * 60 * 60;
	return 0;
}

static enum mtls_status
set_seconds(const struct mtls_conf_option *o, uint32_t *member,
    const char *value, struct mtls_err *err)
{
	const char *end;
	uint32_t n = 0, unit;
	uint64_t seconds;

	end = decimal(value, &n);
	unit = end == NULL ? 0 : unit_seconds(end);
	if (unit == 0)
		return wrong(o, value,
		    "not a time as 90, 90s, 2m, 1h or 1d", err);
	seconds = (uint64_t)n * unit;
	if (seconds < o->min || seconds > o->max)
		return outside(o, value, "seconds must be", err);
	*member = (uint32_t)seconds;
	return MTLS_OK;
}

static enum mtls_status
set_rate(const struct mtls_conf_option *o, struct mtls_conf_rate *member,
    const char *value, struct mtls_err *err)
{
	static const struct mtls_conf_rate none;
	const char *end;
	uint32_t n = 0, time = 0, unit = 0;

	if (strcmp(value, "none") == 0) {
		*member = none;
		return MTLS_OK;
	}
	end = decimal(value, &n);
	if (end != NULL && *end == '/')
		end = decimal(end + 1, &time);
	else
		end = NULL;
	if (end != NULL)
		unit = unit_seconds(end);
	if (unit == 0)
		return wrong(o, value,
		    "not a rate as 20/10m, and not none", err);
	if (n < o->min || n > o->max)
		return outside(o, value, "the number must be", err);
	if (time == 0 || (uint64_t)time * unit > RATE_TIME_MAX_S)
		return wrong(o, value, "the time must be 1s to 1d", err);
	member->n = n;
	member->per_s = time * unit;
	return MTLS_OK;
}

static enum mtls_status
set_yesno(const struct mtls_conf_option *o, enum mtls_yesno *member,
    const char *value, struct mtls_err *err)
{
	if (strcmp(value, "yes") == 0)
		*member = MTLS_YES;
	else if (strcmp(value, "no") == 0)
		*member = MTLS_NO;
	else
		return wrong(o, value, "neither yes nor no", err);
	return MTLS_OK;
}

static enum mtls_status
not_a_choice(const struct mtls_conf_option *o, const char *value,
    struct mtls_err *err)
{
	size_t n = sizeof("not one of") - 1;
	char why[SHOWN_MAX] = "not one of";

	for (int i = 0; o->choices[i] != NULL && n < sizeof(why); i++)
		n += (size_t)snprintf(why + n, sizeof(why) - n, "%s %s",
		    i == 0 ? "" : ",", o->choices[i]);
	return wrong(o, value, why, err);
}

static enum mtls_status
set_choice(const struct mtls_conf_option *o, int *member, const char *value,
    struct mtls_err *err)
{
	for (int i = 0; o->choices[i] != NULL; i++) {
		if (strcmp(o->choices[i], value) == 0) {
			*member = i;
			return MTLS_OK;
		}
	}
	return not_a_choice(o, value, err);
}

static void
list_clear(struct mtls_conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->words[i]);
	free(list->words);
	list->words = NULL;
	list->n = 0;
}

/*
 * The next word at *s, which moves behind it and its separator; its length,
 * 0 at the end. *ret_empty is set where a comma has no word before it.
 */
static size_t
next_word(const char **s, const char **ret_word, int *ret_empty)
{
	size_t len;

	*s += strspn(*s, " \t");
	*ret_word = *s;
	len = strcspn(*s, ", \t");
	*s += len;
	*s += strspn(*s, " \t");
	if (**s == ',') {
		(*s)++;
		/* A comma promises a word on either side. */
		if (len == 0 || (*s)[strspn(*s, " \t")] == '\0')
			*ret_empty = 1;
	}
	return len;
}

static enum mtls_status
list_add(struct mtls_conf_list *list, const char *word, size_t len,
    struct mtls_err *err)
{
	char **words;
	char *copy;

	words = realloc(list->words, (list->n + 1) * sizeof(words[0]));
	if (words == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	list->words = words;
	copy = malloc(len + 1);
	if (copy == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	memcpy(copy, word, len);
	copy[len] = '\0';
	list->words[list->n++] = copy;
	return MTLS_OK;
}

static enum mtls_status
set_list(const struct mtls_conf_option *o, struct mtls_conf_list *member,
    const char *value, struct mtls_err *err)
{
	struct mtls_conf_list list = { 0, NULL };
	enum mtls_status status = MTLS_OK;
	const char *s = value;
	const char *word;
	int empty = 0;
	size_t len;

	for (;;) {
		len = next_word(&s, &word, &empty);
		if (empty)
			status = wrong(o, value, "an empty entry", err);
		if (len == 0 || status != MTLS_OK)
			break;
		if (!mtls_text_is_line(word, len))
			status = wrong(o, value, "not printable", err);
		else if (list.n >= o->max)
			status = outside(o, value, "entries must be", err);
		else
			status = list_add(&list, word, len, err);
		if (status != MTLS_OK)
			break;
	}
	if (status == MTLS_OK && list.n < o->min)
		status = outside(o, value, "entries must be", err);
	if (status != MTLS_OK) {
		list_clear(&list);
		return status;
	}
	list_clear(member);
	*member = list;
	return MTLS_OK;
}

enum mtls_status
mtls_conf_value_set(const struct mtls_conf_option *o, void *member,
    const char *value, struct mtls_err *err)
{
	switch (o->kind) {
	case MTLS_CONF_TEXT:
		return set_text(o, member, value, err);
	case MTLS_CONF_PATH:
		return set_path(o, member, value, err);
	case MTLS_CONF_NUMBER:
		return set_number(o, member, value, err);
	case MTLS_CONF_SECONDS:
		return set_seconds(o, member, value, err);
	case MTLS_CONF_YESNO:
		return set_yesno(o, member, value, err);
	case MTLS_CONF_CHOICE:
		return set_choice(o, member, value, err);
	case MTLS_CONF_LIST:
		return set_list(o, member, value, err);
	case MTLS_CONF_RATE:
		return set_rate(o, member, value, err);
	}
	return mtls_fail(err, MTLS_E_USAGE, "%s has no kind", o->name);
}

void
mtls_conf_value_clear(const struct mtls_conf_option *o, void *member)
{
	switch (o->kind) {
	case MTLS_CONF_TEXT:
	case MTLS_CONF_PATH:
		free(*(char **)member);
		*(char **)member = NULL;
		return;
	case MTLS_CONF_NUMBER:
	case MTLS_CONF_SECONDS:
		*(uint32_t *)member = 0;
		return;
	case MTLS_CONF_YESNO:
		*(enum mtls_yesno *)member = MTLS_NO;
		return;
	case MTLS_CONF_CHOICE:
		*(int *)member = 0;
		return;
	case MTLS_CONF_LIST:
		list_clear(member);
		return;
	case MTLS_CONF_RATE:
		memset(member, 0, sizeof(struct mtls_conf_rate));
		return;
	}
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Command lines by table. Strict: no abbreviations, nothing twice, nothing
 * that is not in the table.
 */
#include "config.h"

#include "mtlsctl/options.h"

#include <string.h>

#include "mtls/text.h"

/* The entry that an argument "--name" or "--name=value" means, or NULL. */
static const struct ctl_option *
find(const struct ctl_option *table, const char *name, size_t len)
{
	for (; table->name != NULL; table++) {
		if (strlen(table->name) == len &&
		    memcmp(table->name, name, len) == 0)
			return table;
	}
	return NULL;
}

static enum mtls_status
set_number(const struct ctl_option *option, const char *value, uint32_t *ret,
    struct mtls_err *err)
{
	size_t digits = strspn(value, "0123456789");
	uint64_t n = 0;

	if (digits == 0 || digits > 10 || value[digits] != '\0')
		return mtls_fail(err, MTLS_E_USAGE,
		    "--%s wants a number, not \"%s\"", option->name, value);
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(value[i] - '0');
	if (n < option->min || n > option->max)
		return mtls_fail(err, MTLS_E_USAGE, "--%s is to be %u to %u",
		    option->name, option->min, option->max);
	*ret = (uint32_t)n;
	return MTLS_OK;
}

static enum mtls_status
set_choice(const struct ctl_option *option, const char *value, int *ret,
    struct mtls_err *err)
{
	char all[128] = "";

	for (int i = 0; option->choices[i] != NULL; i++) {
		if (strcmp(option->choices[i], value) == 0) {
			*ret = i;
			return MTLS_OK;
		}
		if (i > 0)
			strncat(all, ", ", sizeof(all) - strlen(all) - 1);
		strncat(all, option->choices[i],
		    sizeof(all) - strlen(all) - 1);
	}
	return mtls_fail(err, MTLS_E_USAGE, "--%s is one of %s", option->name,
	    all);
}

static enum mtls_status
set_text(const struct ctl_option *option, const char *value,
    const char **ret, struct mtls_err *err)
{
	if (value[0] == '\0')
		return mtls_fail(err, MTLS_E_USAGE, "--%s is empty",
		    option->name);
	if (!mtls_text_is_line(value, strlen(value)))
		return mtls_fail(err, MTLS_E_USAGE,
		    "--%s has characters that cannot be shown", option->name);
	*ret = value;
	return MTLS_OK;
}

static enum mtls_status
set(const struct ctl_option *option, const char *value, void *settings,
    struct mtls_err *err)
{
	void *member = (char *)settings + option->offset;

	switch (option->kind) {
	case CTL_FLAG:
		*(int *)member = 1;
		return MTLS_OK;
	case CTL_TEXT:
		return set_text(option, value, member, err);
	case CTL_NUMBER:
		return set_number(option, value, member, err);
	case CTL_CHOICE:
		return set_choice(option, value, member, err);
	}
	return mtls_fail(err, MTLS_E_USAGE, "--%s", option->name);
}

/* One "--..." argument at argv[*at]; moves *at behind what it used. */
static enum mtls_status
take_option(const struct ctl_option *table, int argc, char *const argv[],
    int *at, void *settings, uint64_t *seen, struct mtls_err *err)
{
	const char *name = argv[*at] + 2;
	const char *value = strchr(name, '=');
	const struct ctl_option *option;
	uint64_t bit;

	option = find(table, name, value != NULL ? (size_t)(value - name) :
	    strlen(name));
	if (option == NULL)
		return mtls_fail(err, MTLS_E_USAGE, "there is no option %s",
		    argv[*at]);
	bit = (uint64_t)1 << (option - table);
	if ((*seen & bit) != 0)
		return mtls_fail(err, MTLS_E_USAGE, "--%s is there twice",
		    option->name);
	*seen |= bit;
	(*at)++;
	if (option->kind == CTL_FLAG && value != NULL)
		return mtls_fail(err, MTLS_E_USAGE, "--%s takes no value",
		    option->name);
	if (option->kind == CTL_FLAG)
		value = "";
	else if (value != NULL)
		value++;
	else if (*at < argc)
		value = argv[(*at)++];
	else
		return mtls_fail(err, MTLS_E_USAGE, "--%s wants %s",
		    option->name, option->argument);
	return set(option, value, settings, err);
}

static enum mtls_status
take_word(const char *word, struct ctl_words *words, struct mtls_err *err)
{
	if (words->n == CTL_WORDS_MAX)
		return mtls_fail(err, MTLS_E_USAGE, "\"%s\" is too much",
		    word);
	if (word[0] == '\0' || !mtls_text_is_line(word, strlen(word)))
		return mtls_fail(err, MTLS_E_USAGE,
		    "an argument is empty or cannot be shown");
	words->word[words->n++] = word;
	return MTLS_OK;
}

static enum mtls_status
check_required(const struct ctl_option *table, uint64_t seen,
    struct mtls_err *err)
{
	for (size_t i = 0; table[i].name != NULL; i++) {
		if (table[i].required && (seen & (uint64_t)1 << i) == 0)
			return mtls_fail(err, MTLS_E_USAGE,
			    "--%s %s is missing", table[i].name,
			    table[i].argument);
	}
	return MTLS_OK;
}

enum mtls_status
ctl_options(const struct ctl_option *table, int argc, char *const argv[],
    void *settings, struct ctl_words *ret_words, struct mtls_err *err)
{
	struct ctl_words words = { 0, { NULL } };
	enum mtls_status status = MTLS_OK;
	uint64_t seen = 0;
	int only_words = 0;
	int at = 0;

	while (at < argc && status == MTLS_OK) {
		if (only_words || strncmp(argv[at], "-", 1) != 0 ||
		    strcmp(argv[at], "-") == 0) {
			status = take_word(argv[at++], &words, err);
		} else if (strcmp(argv[at], "--") == 0) {
			only_words = 1;
			at++;
		} else if (argv[at][1] != '-') {
			status = mtls_fail(err, MTLS_E_USAGE,
			    "there is no option %s", argv[at]);
		} else {
			status = take_option(table, argc, argv, &at, settings,
			    &seen, err);
		}
	}
	if (status == MTLS_OK)
		status = check_required(table, seen, err);
	if (status == MTLS_OK)
		*ret_words = words;
	return status;
}

enum mtls_status
ctl_words_check(const struct ctl_words *words, size_t min, size_t max,
    const char *what, struct mtls_err *err)
{
	if (words->n < min)
		return mtls_fail(err, MTLS_E_USAGE, "%s is missing", what);
	if (words->n > max)
		return mtls_fail(err, MTLS_E_USAGE, "\"%s\" is too much",
		    words->word[max]);
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The walker over a table of options. Strict: what is not exactly of its
 * kind and in its range is an error, never a default.
 */
#include "config.h"

#include "mtls/conf.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#include "conf_value.h"

#define OPTIONS_MAX 64		/* bits in struct mtls_conf_seen */

static int
in_section(const struct mtls_conf_option *option, const char *section)
{
	return section == NULL || strcmp(option->section, section) == 0;
}

static void *
member_of(const struct mtls_conf_option *option, void *settings)
{
	return (char *)settings + option->offset;
}

enum mtls_status
mtls_conf_init(const struct mtls_conf_option *table, const char *section,
    void *settings, struct mtls_err *err)
{
	const struct mtls_conf_option *o;
	enum mtls_status status;

	for (o = table; o->name != NULL; o++) {
		if (!in_section(o, section) || o->value == NULL)
			continue;
		status = mtls_conf_value_set(o, member_of(o, settings),
		    o->value, err);
		if (status != MTLS_OK) {
			mtls_err_context(err, "default");
			return status;
		}
	}
	return MTLS_OK;
}

static enum mtls_status
unknown(const char *section, const char *name, struct mtls_err *err)
{
	if (section[0] == '\0')
		return mtls_fail(err, MTLS_E_CONFIG, "unknown argument \"%s\"",
		    name);
	return mtls_fail(err, MTLS_E_CONFIG, "unknown setting \"%s\" in [%s]",
	    name, section);
}

enum mtls_status
mtls_conf_set(const struct mtls_conf_option *table, void *settings,
    struct mtls_conf_seen *seen, const char *section, const char *name,
    const char *value, struct mtls_err *err)
{
	const struct mtls_conf_option *o;
	enum mtls_status status;
	uint64_t bit;

	for (o = table; o->name != NULL; o++) {
		if (strcmp(o->section, section) == 0 &&
		    strcmp(o->name, name) == 0)
			break;
	}
	if (o->name == NULL)
		return unknown(section, name, err);
	if (o - table >= OPTIONS_MAX)
		return mtls_fail(err, MTLS_E_USAGE,
		    "more than %d options", OPTIONS_MAX);
	bit = (uint64_t)1 << (o - table);
	if ((seen->bits & bit) != 0)
		return mtls_fail(err, MTLS_E_CONFIG, "\"%s\" is given twice",
		    name);
	status = mtls_conf_value_set(o, member_of(o, settings), value, err);
	if (status == MTLS_OK)
		seen->bits |= bit;
	return status;
}

enum mtls_status
mtls_conf_check(const struct mtls_conf_option *table,
    const struct mtls_conf_seen *seen, const char *section,
    struct mtls_err *err)
{
	const struct mtls_conf_option *o;

	for (o = table; o->name != NULL; o++) {
		if (o - table >= OPTIONS_MAX)
			return mtls_fail(err, MTLS_E_USAGE,
			    "more than %d options", OPTIONS_MAX);
		if (!in_section(o, section) ||
		    (o->flags & MTLS_CONF_REQUIRED) == 0)
			continue;
		if ((seen->bits >> (o - table) & 1) == 0)
			return mtls_fail(err, MTLS_E_CONFIG,
			    "\"%s\" is missing in [%s]", o->name, o->section);
	}
	return MTLS_OK;
}

void
mtls_conf_done(const struct mtls_conf_option *table, const char *section,
    void *settings)
{
	const struct mtls_conf_option *o;

	for (o = table; o->name != NULL; o++) {
		if (in_section(o, section))
			mtls_conf_value_clear(o, member_of(o, settings));
	}
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An INI file, line by line. Everything that two readers could understand in
 * two ways is refused.
 */
#include "config.h"

#include "conf_file.h"

#include <string.h>

#include "mtls/file.h"
#include "mtls/text.h"

struct ini {
	const char *path;
	int line;
	const char *section;	/* NULL before the first one */
	int n_values;
	mtls_conf_value_fn value;
	void *arg;
};

static enum mtls_status
wrong(const struct ini *ini, const char *why, struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_CONFIG, "%s:%d: %s", ini->path,
	    ini->line, why);
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts white space off both ends of the text from begin to end. */
static char *
trim(char *begin, char *end)
{
	while (end > begin && is_blank(end[-1]))
		end--;
	*end = '\0';
	while (is_blank(*begin))
		begin++;
	return begin;
}

static enum mtls_status
take_section(struct ini *ini, char *line, struct mtls_err *err)
{
	char *end = line + strlen(line) - 1;

	if (*end != ']')
		return wrong(ini, "a section does not end in ]", err);
	ini->section = trim(line + 1, end);
	if (ini->section[0] == '\0' ||
	    strpbrk(ini->section, "[]\t") != NULL)
		return wrong(ini, "not the name of a section", err);
	return MTLS_OK;
}

static enum mtls_status
take_value(struct ini *ini, char *line, struct mtls_err *err)
{
	char *equals = strchr(line, '=');
	const char *name, *value;
	enum mtls_status status;

	if (equals == NULL)
		return wrong(ini, "no \"=\" in the line", err);
	value = trim(equals + 1, equals + 1 + strlen(equals + 1));
	name = trim(line, equals);
	if (name[0] == '\0')
		return wrong(ini, "nothing before the \"=\"", err);
	if (ini->section == NULL)
		return wrong(ini, "a setting before the first [section]",
		    err);
	ini->n_values++;
	status = ini->value(ini->arg, ini->section, name, value, ini->line,
	    err);
	if (status != MTLS_OK)
		mtls_err_context(err, "%s:%d", ini->path, ini->line);
	return status;
}

static int
is_clean(const char *line, size_t len)
{
	const char *tab;

	while ((tab = memchr(line, '\t', len)) != NULL) {
		if (!mtls_text_is_line(line, (size_t)(tab - line)))
			return 0;
		len -= (size_t)(tab - line) + 1;
		line = tab + 1;
	}
	return mtls_text_is_line(line, len);
}

/* One line, NUL in the place of its newline. */
static enum mtls_status
take_line(struct ini *ini, char *line, size_t len, struct mtls_err *err)
{
	ini->line++;
	if (!is_clean(line, len))
		return wrong(ini, len > 0 && line[len - 1] == '\r' ?
		    "a carriage return at the end of the line" :
		    "a character that is not printable UTF-8", err);
	if (line[0] == '#' || line[0] == ';' || *trim(line, line + len) == '\0')
		return MTLS_OK;
	/* Elsewhere that continues the line before. */
	if (is_blank(line[0]))
		return wrong(ini, "the line begins with white space", err);
	if (line[0] == '[')
		return take_section(ini, line, err);
	return take_value(ini, line, err);
}

enum mtls_status
mtls_conf_parse(const char *path, char *data, size_t len,
    mtls_conf_value_fn value, void *arg, struct mtls_err *err)
{
	struct ini ini = { path, 0, NULL, 0, value, arg };
	enum mtls_status status = MTLS_OK;
	char *line, *end;

	for (line = data; line < data + len && status == MTLS_OK;
	    line = end + 1) {
		end = memchr(line, '\n', (size_t)(data + len - line));
		if (end == NULL)
			end = data + len;
		*end = '\0';
		status = take_line(&ini, line, (size_t)(end - line), err);
	}
	if (status == MTLS_OK && ini.n_values == 0)
		status = mtls_fail(err, MTLS_E_CONFIG, "%s: no settings in it",
		    path);
	return status;
}

enum mtls_status
mtls_conf_read(const char *path, mtls_conf_value_fn value, void *arg,
    struct mtls_err *err)
{
	enum mtls_status status;
	char *data = NULL;
	size_t len = 0;

	status = mtls_file_read(path, MTLS_FILE_PUBLIC, MTLS_CONF_FILE_MAX,
	    &data, &len, err);
	if (status != MTLS_OK)
		return status;
	status = mtls_conf_parse(path, data, len, value, arg, err);
	mtls_file_data_free(data, len);
	return status;
}

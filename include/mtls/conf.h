/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Settings as data. A program declares its options in one static table; the
 * same walker takes what an INI file says and what stands on a PAM line.
 * Precedence: default < file < PAM argument. Unknown names, duplicates,
 * malformed and out-of-range values and missing required options are
 * MTLS_E_CONFIG with file and line.
 *
 * Life cycle: conf_init (defaults) - conf_set for every value - conf_check
 * (required ones) - use - conf_done. A struct of settings is plain memory
 * that starts zeroed; strings in it are owned by it.
 */
#ifndef MTLS_CONF_H
#define MTLS_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

enum mtls_conf_kind {
	MTLS_CONF_TEXT,		/* char *; printable, min..max bytes */
	MTLS_CONF_PATH,		/* char *; absolute, no "." or ".." in it */
	MTLS_CONF_NUMBER,	/* uint32_t; decimal, min..max */
	MTLS_CONF_SECONDS,	/* uint32_t seconds; decimal with optional
				 * s, m, h, d; min..max in seconds */
	MTLS_CONF_YESNO,	/* enum mtls_yesno; "yes" or "no" */
	MTLS_CONF_CHOICE,	/* int; one of choices, its index */
	MTLS_CONF_LIST,		/* struct mtls_conf_list; words separated by
				 * commas and spaces, min..max of them */
	MTLS_CONF_RATE		/* struct mtls_conf_rate; "20/10m": min..max
				 * in 1 s to 1 d; or "none" */
};

enum mtls_yesno { MTLS_NO = 0, MTLS_YES = 1 };

struct mtls_conf_list {
	size_t n;
	char **words;
};

/* So many at once, and as many again in that time; n is 0: no limit. */
struct mtls_conf_rate {
	uint32_t n;
	uint32_t per_s;
};

#define MTLS_CONF_REQUIRED	1u
#define MTLS_CONF_SECRET	2u	/* no error quotes the value */

struct mtls_conf_option {
	const char *section;	/* "verifier"; "" for PAM arguments */
	const char *name;
	size_t offset;		/* of the member in the settings struct */
	enum mtls_conf_kind kind;
	const char *value;	/* default, as it would be written; or NULL */
	uint32_t min, max;
	unsigned flags;
	const char *const *choices;	/* NULL-terminated, for CHOICE */
	const char *help;	/* one line for the man page check */
};

/* A table ends with an entry whose name is NULL. */

/* Whether it is absolute, without "." and ".."; what PATH takes. */
int mtls_conf_is_path(const char *text);

/* Which options have been given; zero-initialised by the caller. */
struct mtls_conf_seen {
	uint64_t bits;		/* tables have at most 64 entries */
};

/* Sets every option of the section (NULL: of all) to its default. */
enum mtls_status mtls_conf_init(const struct mtls_conf_option *table,
    const char *section, void *settings, struct mtls_err *err);

/*
 * Sets one value. CONFIG if section/name is unknown, was seen before, or
 * value is not of its kind or outside min..max.
 */
enum mtls_status mtls_conf_set(const struct mtls_conf_option *table,
    void *settings, struct mtls_conf_seen *seen, const char *section,
    const char *name, const char *value, struct mtls_err *err);

/* CONFIG if a REQUIRED option of the section (NULL: all) was not seen. */
enum mtls_status mtls_conf_check(const struct mtls_conf_option *table,
    const struct mtls_conf_seen *seen, const char *section,
    struct mtls_err *err);

/* Frees what init and set allocated, and zeroes the members. */
void mtls_conf_done(const struct mtls_conf_option *table,
    const char *section, void *settings);

/*
 * Called for each "name = value" of a file. section is the text between the
 * brackets as written ("service sshd"). A non-OK return stops the reading.
 */
typedef enum mtls_status (*mtls_conf_value_fn)(void *arg,
    const char *section, const char *name, const char *value, int line,
    struct mtls_err *err);

#define MTLS_CONF_FILE_MAX (256u * 1024u)

/*
 * Reads an INI file through mtls_file_read() (ownership, size): "#" and ";"
 * start a comment line, and only at its beginning; no continuation lines, a
 * line does not begin with white space; NUL, CR and other control
 * characters, a line without "=", a value before the first section and an
 * empty file are CONFIG. White space around name, value and section is not
 * part of them. Errors read "path:line: reason". In conf_file.c, which is
 * not linked into the module.
 *
 * Not inih: as Debian builds it, it cuts lines at 200 bytes and names at 50
 * without a word, ends a value at " ;" and joins indented lines; the checks
 * that would keep all this out are longer than a reader.
 */
enum mtls_status mtls_conf_read(const char *path, mtls_conf_value_fn value,
    void *arg, struct mtls_err *err);

#endif

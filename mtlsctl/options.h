/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The command line of a subcommand as data: one table says what there is,
 * fills the struct and yields the text of "mtlsctl help". Options are written
 * "--name value" or "--name=value", in full, in any order, each at most once;
 * "--" ends them. A PIN is never an option.
 */
#ifndef MTLSCTL_OPTIONS_H
#define MTLSCTL_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

enum ctl_option_kind {
	CTL_FLAG,		/* int; 1 when given */
	CTL_TEXT,		/* const char *; printable, not empty */
	CTL_NUMBER,		/* uint32_t; decimal, min..max */
	CTL_CHOICE		/* int; the index in choices */
};

struct ctl_option {
	const char *name;	/* "days", without the dashes */
	enum ctl_option_kind kind;
	size_t offset;		/* of the member */
	uint32_t min, max;	/* of a CTL_NUMBER */
	const char *const *choices;	/* NULL-terminated */
	const char *argument;	/* "DIR", for the help */
	const char *help;	/* one line */
	int required;
};

#define CTL_OPTIONS_END { NULL, CTL_FLAG, 0, 0, 0, NULL, NULL, NULL, 0 }

#define CTL_WORDS_MAX 4

/* What is left: words that are no options, borrowed from argv. */
struct ctl_words {
	size_t n;
	const char *word[CTL_WORDS_MAX];
};

/*
 * Fills settings, which the caller has set to its defaults, and *ret_words.
 * n_words of them must be there, of at most max_words. Texts are borrowed
 * from argv. USAGE with a sentence otherwise.
 */
enum mtls_status ctl_options(const struct ctl_option *table, int argc,
    char *const argv[], void *settings, struct ctl_words *ret_words,
    struct mtls_err *err);

/* Refuses another number of words than min..max; what names them. */
enum mtls_status ctl_words_check(const struct ctl_words *words, size_t min,
    size_t max, const char *what, struct mtls_err *err);

#endif

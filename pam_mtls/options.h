/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The arguments on the module's line in a PAM file, pam_mtls(8). Everything
 * that is not understood is an error: an argument that is misspelt must not
 * leave a login weaker than its author believes.
 */
#ifndef PAM_MTLS_OPTIONS_H
#define PAM_MTLS_OPTIONS_H

#include <stdint.h>

#include "mtls/conf.h"
#include "mtls/status.h"

enum options_prompt { OPTIONS_PROMPT_NORMAL = 0, OPTIONS_PROMPT_SINGLE };

struct options {
	char *method;			/* NULL: as configured */
	char *config;			/* NULL: the compiled-in file */
	char *socket;			/* NULL: the compiled-in path */
	enum mtls_yesno debug;
	enum mtls_yesno quiet;
	int prompt;			/* enum options_prompt */
	enum mtls_yesno try_first_pass;
	uint32_t deadline_s;
};

/* The table that options_parse() walks; ends with a NULL name. */
const struct mtls_conf_option *options_table0(void);

/*
 * Fills *ret, which the caller clears in any case. CONFIG with the argument:
 * unknown, given twice, a value where none belongs, none where one does, or
 * one that is malformed or out of range.
 */
enum mtls_status options_parse(int argc, const char **argv,
    struct options *ret, struct mtls_err *err);
void options_clear(struct options *options);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the functions for the lines of a policy share. Private to the parser.
 */
#ifndef POLICY_PARSER_H
#define POLICY_PARSER_H

#include "mtls/status.h"

#include "policy.h"
#include "policy_file.h"
#include "policy_lexer.h"

#define POLICY_LINES_MAX 100000u	/* of one kind */

struct policy_parser {
	struct policy_lexer lexer;
	policy_group_fn group;
	struct policy policy;	/* what has been read so far */
};

/* CONFIG: "expected ..." at the token that is looked at. */
enum mtls_status policy_parser_expected(struct policy_parser *p,
    const char *what, struct mtls_err *err);

/* What can stand between the items of a list: a comma, and line ends. */
int policy_parser_more(struct policy_parser *p, enum mtls_status *ret_status,
    struct mtls_err *err);

enum mtls_status policy_parser_next(struct policy_parser *p,
    struct mtls_err *err);

/* The token must be this word; goes behind it. */
enum mtls_status policy_parser_keyword(struct policy_parser *p,
    const char *word, struct mtls_err *err);

/* A copy of the token's word; goes behind it. */
enum mtls_status policy_parser_word(struct policy_parser *p, char **ret,
    struct mtls_err *err);

/*
 * "any", "*", or words separated by commas for each of which is_valid must
 * hold. ret starts zeroed; what it holds after a failure is to be cleared.
 */
enum mtls_status policy_parser_list(struct policy_parser *p,
    const char *what, int (*is_valid)(const char *word),
    struct policy_words *ret, struct mtls_err *err);

/*
 * The array with room for element n, which is zeroed; NULL without memory or
 * at POLICY_LINES_MAX elements, with err set.
 */
void *policy_parser_grow(struct policy_parser *p, void *array, size_t n,
    size_t size, struct mtls_err *err);

/* A decimal number from min to max; goes behind it. */
enum mtls_status policy_parser_number(struct policy_parser *p,
    unsigned min, unsigned max, unsigned *ret, struct mtls_err *err);

/*
 * One or more requirements, separated by commas. They are added to ret, which
 * is to be cleared also after a failure.
 */
enum mtls_status policy_parser_require(struct policy_parser *p,
    struct policy_requirements *ret, struct mtls_err *err);

/*
 * What follows "map", and "allow" or "deny", up to the end of the line; begin
 * is where the line begins.
 */
enum mtls_status policy_parser_map(struct policy_parser *p,
    struct mtls_err *err);
enum mtls_status policy_parser_rule(struct policy_parser *p,
    enum policy_effect effect, const char *begin, struct mtls_err *err);

#endif

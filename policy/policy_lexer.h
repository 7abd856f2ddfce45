/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * policy.conf(5) as words, commas and equal signs, line by line. Private to
 * the parser.
 */
#ifndef POLICY_LEXER_H
#define POLICY_LEXER_H

#include <stddef.h>

#include "mtls/status.h"

enum policy_token {
	POLICY_TOKEN_WORD,
	POLICY_TOKEN_QUOTED,	/* "...", may hold anything but '"' */
	POLICY_TOKEN_COMMA,
	POLICY_TOKEN_EQUALS,
	POLICY_TOKEN_NEWLINE,
	POLICY_TOKEN_END
};

#define POLICY_WORD_MAX 1024

struct policy_lexer {
	const char *path;
	const char *at, *end;	/* what is left of the text */
	const char *line_begin;
	unsigned line;
	/* The token that is looked at. */
	enum policy_token token;
	unsigned column;	/* where it begins, from 1 */
	char word[POLICY_WORD_MAX];	/* WORD and QUOTED */
};

/* Looks at the first token. text is one or more lines; CONFIG. */
enum mtls_status policy_lexer_init(struct policy_lexer *lexer,
    const char *path, const char *text, size_t len, struct mtls_err *err);

/* Goes to the next token. */
enum mtls_status policy_lexer_next(struct policy_lexer *lexer,
    struct mtls_err *err);

/* Where the token that is looked at begins in the text. */
const char *policy_lexer_begin(const struct policy_lexer *lexer);

/*
 * A copy of the text from begin, which a token began at, to the token that is
 * looked at: in one line, without comments. free(3); NULL without memory.
 */
char *policy_lexer_copy(const struct policy_lexer *lexer, const char *begin);

/* Whether the token is this bare word. */
int policy_lexer_is(const struct policy_lexer *lexer, const char *word);

/* CONFIG: "path:line:column: why", and what stands there. */
enum mtls_status policy_lexer_fail(const struct policy_lexer *lexer,
    const char *why, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The pieces that the lines of a policy are made of: words, keywords, lists.
 */
#include "config.h"

#include "policy_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"

enum mtls_status
policy_parser_expected(struct policy_parser *p, const char *what,
    struct mtls_err *err)
{
	return policy_lexer_fail(&p->lexer, what, err);
}

enum mtls_status
policy_parser_next(struct policy_parser *p, struct mtls_err *err)
{
	return policy_lexer_next(&p->lexer, err);
}

enum mtls_status
policy_parser_keyword(struct policy_parser *p, const char *word,
    struct mtls_err *err)
{
	char what[64];

	if (policy_lexer_is(&p->lexer, word))
		return policy_parser_next(p, err);
	(void)snprintf(what, sizeof(what), "expected \"%s\"", word);
	return policy_parser_expected(p, what, err);
}

enum mtls_status
policy_parser_word(struct policy_parser *p, char **ret, struct mtls_err *err)
{
	enum mtls_status status = mtls_text_dup(ret, p->lexer.word, err);

	return status == MTLS_OK ? policy_parser_next(p, err) : status;
}

void *
policy_parser_grow(struct policy_parser *p, void *array, size_t n,
    size_t size, struct mtls_err *err)
{
	char *more;

	if (n >= POLICY_LINES_MAX) {
		(void)policy_parser_expected(p, "expected fewer of them",
		    err);
		return NULL;
	}
	more = reallocarray(array, n + 1, size);
	if (more == NULL) {
		(void)mtls_fail(err, MTLS_E_MEMORY, "out of memory");
		return NULL;
	}
	memset(more + n * size, 0, size);
	return more;
}

int
policy_parser_more(struct policy_parser *p, enum mtls_status *ret_status,
    struct mtls_err *err)
{
	if (p->lexer.token != POLICY_TOKEN_COMMA)
		return 0;
	/* After a comma the list may go on in the next line. */
	do {
		*ret_status = policy_parser_next(p, err);
	} while (*ret_status == MTLS_OK &&
	    p->lexer.token == POLICY_TOKEN_NEWLINE);
	return *ret_status == MTLS_OK;
}

static enum mtls_status
take_item(struct policy_parser *p, const char *what,
    int (*is_valid)(const char *word), struct policy_words *ret,
    struct mtls_err *err)
{
	char **more;

	if (p->lexer.token != POLICY_TOKEN_WORD ||
	    strcmp(p->lexer.word, "any") == 0 || !is_valid(p->lexer.word))
		return policy_parser_expected(p, what, err);
	more = policy_parser_grow(p, ret->word, ret->n, sizeof(*more), err);
	if (more == NULL)
		return err->status;
	ret->word = more;
	return policy_parser_word(p, &more[ret->n++], err);
}

enum mtls_status
policy_parser_list(struct policy_parser *p, const char *what,
    int (*is_valid)(const char *word), struct policy_words *ret,
    struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (policy_lexer_is(&p->lexer, "any") ||
	    policy_lexer_is(&p->lexer, "*")) {
		ret->any = 1;
		return policy_parser_next(p, err);
	}
	do {
		status = take_item(p, what, is_valid, ret, err);
	} while (status == MTLS_OK && policy_parser_more(p, &status, err));
	return status;
}

enum mtls_status
policy_parser_number(struct policy_parser *p, unsigned min, unsigned max,
    unsigned *ret, struct mtls_err *err)
{
	const char *digits = p->lexer.word;
	unsigned long n = 0;
	char what[64];

	if (p->lexer.token == POLICY_TOKEN_WORD && digits[0] != '0' &&
	    strlen(digits) < 7 &&
	    strspn(digits, "0123456789") == strlen(digits))
		n = strtoul(digits, NULL, 10);
	if (n < min || n > max) {
		(void)snprintf(what, sizeof(what),
		    "expected a number from %u to %u", min, max);
		return policy_parser_expected(p, what, err);
	}
	*ret = (unsigned)n;
	return policy_parser_next(p, err);
}

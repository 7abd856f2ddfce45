/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Tokens of a policy. Only printable UTF-8, blanks and newlines may be in
 * it, so that what an editor shows is what is read.
 */
#include "config.h"

#include "policy_lexer.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#define SHOWN_MAX 60

enum mtls_status
policy_lexer_fail(const struct policy_lexer *lexer, const char *why,
    struct mtls_err *err)
{
	char shown[SHOWN_MAX];

	switch (lexer->token) {
	case POLICY_TOKEN_WORD:
	case POLICY_TOKEN_QUOTED:
		mtls_text_printable(shown, sizeof(shown), lexer->word);
		break;
	case POLICY_TOKEN_COMMA:
		strcpy(shown, ",");
		break;
	case POLICY_TOKEN_EQUALS:
		strcpy(shown, "=");
		break;
	case POLICY_TOKEN_NEWLINE:
	case POLICY_TOKEN_END:
		return mtls_fail(err, MTLS_E_CONFIG, "%s:%u:%u: %s, not the "
		    "end of the line", lexer->path, lexer->line,
		    lexer->column, why);
	}
	return mtls_fail(err, MTLS_E_CONFIG, "%s:%u:%u: %s, not \"%s\"",
	    lexer->path, lexer->line, lexer->column, why, shown);
}

static enum mtls_status
fail_at(struct policy_lexer *lexer, const char *at, const char *why,
    struct mtls_err *err)
{
	return mtls_fail(err, MTLS_E_CONFIG, "%s:%u:%u: %s", lexer->path,
	    lexer->line, (unsigned)(at - lexer->line_begin) + 1, why);
}

/* Checks the characters of the line that begins here. */
static enum mtls_status
check_line(struct policy_lexer *lexer, struct mtls_err *err)
{
	const char *begin = lexer->line_begin, *end, *tab;

	end = memchr(begin, '\n', (size_t)(lexer->end - begin));
	if (end == NULL)
		end = lexer->end;
	if (end > begin && end[-1] == '\r')
		return fail_at(lexer, end - 1,
		    "a carriage return at the end of the line", err);
	while (begin < end) {
		tab = memchr(begin, '\t', (size_t)(end - begin));
		if (tab == NULL)
			tab = end;
		if (!mtls_text_is_line(begin, (size_t)(tab - begin)))
			return fail_at(lexer, begin,
			    "a character that is not printable UTF-8", err);
		begin = tab == end ? end : tab + 1;
	}
	return MTLS_OK;
}

static enum mtls_status
take(struct policy_lexer *lexer, const char *begin, const char *end,
    enum policy_token token, struct mtls_err *err)
{
	size_t len = (size_t)(end - begin);

	if (len >= sizeof(lexer->word))
		return fail_at(lexer, begin, "a word that is too long", err);
	memcpy(lexer->word, begin, len);
	lexer->word[len] = '\0';
	lexer->token = token;
	return MTLS_OK;
}

static enum mtls_status
take_quoted(struct policy_lexer *lexer, struct mtls_err *err)
{
	const char *begin = lexer->at + 1, *end = begin;

	while (end < lexer->end && *end != '"' && *end != '\n')
		end++;
	if (end == lexer->end || *end != '"')
		return fail_at(lexer, lexer->at,
		    "a quotation that does not end in this line", err);
	lexer->at = end + 1;
	return take(lexer, begin, end, POLICY_TOKEN_QUOTED, err);
}

static enum mtls_status
take_word(struct policy_lexer *lexer, struct mtls_err *err)
{
	const char *begin = lexer->at, *end = begin;

	while (end < lexer->end && strchr(" \t\n,=\"#\\", *end) == NULL)
		end++;
	lexer->at = end;
	return take(lexer, begin, end, POLICY_TOKEN_WORD, err);
}

/* From one line to the next, when the last token was its end. */
static enum mtls_status
begin_line(struct policy_lexer *lexer, struct mtls_err *err)
{
	lexer->line++;
	lexer->line_begin = lexer->at;
	return check_line(lexer, err);
}

static void
skip_blanks(struct policy_lexer *lexer)
{
	while (lexer->at < lexer->end &&
	    (*lexer->at == ' ' || *lexer->at == '\t'))
		lexer->at++;
	if (lexer->at < lexer->end && *lexer->at == '#') {
		while (lexer->at < lexer->end && *lexer->at != '\n')
			lexer->at++;
	}
}

/* Blanks and comments; a backslash at the end of a line is a blank. */
static enum mtls_status
skip_to_token(struct policy_lexer *lexer, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	for (;;) {
		skip_blanks(lexer);
		if (lexer->at == lexer->end || *lexer->at != '\\')
			return status;
		if (lexer->at + 1 == lexer->end || lexer->at[1] != '\n')
			return fail_at(lexer, lexer->at,
			    "a backslash that is not the end of its line",
			    err);
		lexer->at += 2;
		status = begin_line(lexer, err);
		if (status != MTLS_OK)
			return status;
	}
}

enum mtls_status
policy_lexer_next(struct policy_lexer *lexer, struct mtls_err *err)
{
	enum mtls_status status = MTLS_OK;

	if (lexer->token == POLICY_TOKEN_NEWLINE)
		status = begin_line(lexer, err);
	if (status == MTLS_OK)
		status = skip_to_token(lexer, err);
	if (status != MTLS_OK)
		return status;
	lexer->column = (unsigned)(lexer->at - lexer->line_begin) + 1;
	if (lexer->at == lexer->end) {
		lexer->token = POLICY_TOKEN_END;
		return MTLS_OK;
	}
	switch (*lexer->at) {
	case '\n':
		lexer->at++;
		lexer->token = POLICY_TOKEN_NEWLINE;
		return MTLS_OK;
	case ',':
		lexer->at++;
		lexer->token = POLICY_TOKEN_COMMA;
		return MTLS_OK;
	case '=':
		lexer->at++;
		lexer->token = POLICY_TOKEN_EQUALS;
		return MTLS_OK;
	case '"':
		return take_quoted(lexer, err);
	default:
		return take_word(lexer, err);
	}
}

enum mtls_status
policy_lexer_init(struct policy_lexer *lexer, const char *path,
    const char *text, size_t len, struct mtls_err *err)
{
	const char *nul = memchr(text, '\0', len);

	memset(lexer, 0, sizeof(*lexer));
	lexer->path = path;
	lexer->at = lexer->line_begin = text;
	lexer->end = text + len;
	if (nul != NULL)
		return mtls_fail(err, MTLS_E_CONFIG, "%s: a NUL byte in it",
		    path);
	/* As if a line had ended before the first one. */
	lexer->token = POLICY_TOKEN_NEWLINE;
	return policy_lexer_next(lexer, err);
}

int
policy_lexer_is(const struct policy_lexer *lexer, const char *word)
{
	return lexer->token == POLICY_TOKEN_WORD &&
	    strcmp(lexer->word, word) == 0;
}

const char *
policy_lexer_begin(const struct policy_lexer *lexer)
{
	return lexer->line_begin + lexer->column - 1;
}

char *
policy_lexer_copy(const struct policy_lexer *lexer, const char *begin)
{
	const char *end = policy_lexer_begin(lexer);
	char *copy = malloc((size_t)(end - begin) + 1), *to = copy;
	int in_quotes = 0;

	if (copy == NULL)
		return NULL;
	for (; begin < end; begin++) {
		if (*begin == '"')
			in_quotes = !in_quotes;
		if (*begin == '#' && !in_quotes)
			begin = memchr(begin, '\n', (size_t)(end - begin));
		/* A comment in the last line goes up to the token. */
		if (begin == NULL)
			break;
		if (strchr(" \t\n\\", *begin) == NULL || in_quotes)
			*to++ = *begin;
		else if (to != copy && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to != copy && to[-1] == ' ')
		to--;
	*to = '\0';
	return copy;
}

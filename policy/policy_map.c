/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "map" lines: which certificate is which user. A line names one issuer and
 * one place in the certificate; there is no "any issuer".
 */
#include "config.h"

#include "policy_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"
#include "mtls/text.h"

#include "pattern.h"

#define DN_MAX 1024

/* The name of the issuer. */
static enum mtls_status
take_issuer(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	enum mtls_status status;
	char dn[DN_MAX];

	if (p->lexer.token != POLICY_TOKEN_QUOTED ||
	    pattern_normalise_dn(dn, sizeof(dn), p->lexer.word) != 0)
		return policy_parser_expected(p,
		    "expected an issuer as \"CN=...,O=...\"", err);
	status = mtls_text_dup(&map->issuer, dn, err);
	return status == MTLS_OK ? policy_parser_next(p, err) : status;
}

/* "realm acme.example": the name ends in @acme.example. */
static enum mtls_status
take_realm(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	enum mtls_status status = policy_parser_keyword(p, "realm", err);
	size_t size;

	if (status != MTLS_OK)
		return status;
	if (p->lexer.token != POLICY_TOKEN_WORD ||
	    !mtls_text_is_hostname(p->lexer.word))
		return policy_parser_expected(p, "expected a realm", err);
	size = strlen(p->lexer.word) + 2;
	map->tail = malloc(size);
	if (map->tail == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	(void)snprintf(map->tail, size, "@%s", p->lexer.word);
	return policy_parser_next(p, err);
}

/* prefix "https://id.acme.example/": the user's name is what follows. */
static enum mtls_status
take_prefix(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	enum mtls_status status = policy_parser_keyword(p, "prefix", err);

	if (status != MTLS_OK)
		return status;
	if (p->lexer.token != POLICY_TOKEN_QUOTED || p->lexer.word[0] == '\0')
		return policy_parser_expected(p,
		    "expected a prefix in quotation marks", err);
	return policy_parser_word(p, &map->head, err);
}

static enum mtls_status
take_source(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	static const struct {
		const char *word;
		enum policy_take take;
		enum mtls_status (*more)(struct policy_parser *p,
		    struct policy_map *map, struct mtls_err *err);
	} sources[] = {
		{ "san:upn", POLICY_TAKE_UPN, take_realm },
		{ "san:email", POLICY_TAKE_EMAIL, take_realm },
		{ "san:uri", POLICY_TAKE_URI, take_prefix },
		{ "cn", POLICY_TAKE_CN, NULL },
		{ "uid", POLICY_TAKE_UID, NULL },
	};
	enum mtls_status status;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (!policy_lexer_is(&p->lexer, sources[i].word))
			continue;
		map->take = sources[i].take;
		status = policy_parser_next(p, err);
		if (status == MTLS_OK && sources[i].more != NULL)
			status = sources[i].more(p, map, err);
		return status;
	}
	return policy_parser_expected(p,
	    "expected san:upn, san:email, san:uri, cn or uid", err);
}

static enum mtls_status
take_bound(struct policy_parser *p, struct mtls_err *err)
{
	const struct policy *policy = &p->policy;

	/* The last one is this line's. */
	for (size_t i = 0; i + 1 < policy->n_maps; i++) {
		if (policy->maps[i].issuer == NULL)
			return policy_parser_expected(p,
			    "expected \"map bound\" only once", err);
	}
	return policy_parser_next(p, err);
}

enum mtls_status
policy_parser_map(struct policy_parser *p, struct mtls_err *err)
{
	struct policy_map *map;
	enum mtls_status status;

	map = policy_parser_grow(p, p->policy.maps, p->policy.n_maps,
	    sizeof(*map), err);
	if (map == NULL)
		return err->status;
	p->policy.maps = map;
	map += p->policy.n_maps++;
	map->line = p->lexer.line;
	if (policy_lexer_is(&p->lexer, "bound"))
		return take_bound(p, err);
	if (!policy_lexer_is(&p->lexer, "issuer"))
		return policy_parser_expected(p,
		    "expected \"issuer\" or \"bound\"", err);
	status = policy_parser_next(p, err);
	if (status == MTLS_OK)
		status = take_issuer(p, map, err);
	if (status == MTLS_OK)
		status = policy_parser_keyword(p, "take", err);
	if (status == MTLS_OK)
		status = take_source(p, map, err);
	return status;
}

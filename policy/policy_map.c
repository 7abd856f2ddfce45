/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "map" lines: which certificate is which user. A line names one issuer and
 * one place in the certificate, or one certificate; there is no "any
 * issuer".
 */
#include "config.h"

#include "policy_parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/message.h"
#include "mtls/text.h"

#include "pattern.h"

#define DN_MAX		1024
#define SERIAL_MAX	20
#define KEY_ID_LEN	20

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

/* "realm REALM", prefix "PREFIX", or the whole value. */
static enum mtls_status
take_either(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	if (policy_lexer_is(&p->lexer, "realm"))
		return take_realm(p, map, err);
	if (policy_lexer_is(&p->lexer, "prefix"))
		return take_prefix(p, map, err);
	return MTLS_OK;
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
		{ "cn", POLICY_TAKE_CN, take_either },
		{ "uid", POLICY_TAKE_UID, take_either },
		{ "serialNumber", POLICY_TAKE_SERIAL_NUMBER, take_either },
	};
	enum mtls_status status;

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (!policy_lexer_is(&p->lexer, sources[i].word))
			continue;
		map->take = sources[i].take;
		status = policy_parser_next(p, err);
		return status == MTLS_OK ? sources[i].more(p, map, err) :
		    status;
	}
	return policy_parser_expected(p, "expected san:upn, san:email, "
	    "san:uri, cn, uid or serialNumber", err);
}

/* take SOURCE [and bound] */
static enum mtls_status
take_name(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	enum mtls_status status = take_source(p, map, err);

	if (status != MTLS_OK || !policy_lexer_is(&p->lexer, "and"))
		return status;
	map->and_bound = 1;
	status = policy_parser_next(p, err);
	return status == MTLS_OK ? policy_parser_keyword(p, "bound", err) :
	    status;
}

/* As mtlsctl shows it: whole bytes, lower case, no zeros in front. */
static int
is_serial(const char *hex)
{
	uint8_t bytes[SERIAL_MAX];
	size_t len = strlen(hex);

	return len >= 2 && len % 2 == 0 && len / 2 <= sizeof(bytes) &&
	    mtls_hex_decode(bytes, len / 2, hex) == 0 && bytes[0] != 0;
}

/* A cut one is not the beginning of one. */
static int
is_key_id(const char *hex)
{
	uint8_t bytes[KEY_ID_LEN];

	return mtls_hex_decode(bytes, sizeof(bytes), hex) == 0;
}

/* HEX user NAME */
static enum mtls_status
take_user_of(struct policy_parser *p, struct policy_map *map,
    int (*is_valid)(const char *hex), const char *what, struct mtls_err *err)
{
	enum mtls_status status;

	if (p->lexer.token != POLICY_TOKEN_WORD || !is_valid(p->lexer.word))
		return policy_parser_expected(p, what, err);
	status = policy_parser_word(p, &map->id, err);
	if (status == MTLS_OK)
		status = policy_parser_keyword(p, "user", err);
	if (status != MTLS_OK)
		return status;
	if (p->lexer.token != POLICY_TOKEN_WORD ||
	    !mtls_text_is_user(p->lexer.word) ||
	    policy_lexer_is(&p->lexer, "any"))
		return policy_parser_expected(p,
		    "expected the name of a user", err);
	return policy_parser_word(p, &map->user, err);
}

static enum mtls_status
take_what(struct policy_parser *p, struct policy_map *map,
    struct mtls_err *err)
{
	enum mtls_status status;

	if (policy_lexer_is(&p->lexer, "take"))
		map->kind = POLICY_MAP_NAME;
	else if (policy_lexer_is(&p->lexer, "serial"))
		map->kind = POLICY_MAP_SERIAL;
	else if (policy_lexer_is(&p->lexer, "key-id"))
		map->kind = POLICY_MAP_KEY_ID;
	else
		return policy_parser_expected(p,
		    "expected \"take\", \"serial\" or \"key-id\"", err);
	status = policy_parser_next(p, err);
	if (status != MTLS_OK)
		return status;
	if (map->kind == POLICY_MAP_NAME)
		return take_name(p, map, err);
	if (map->kind == POLICY_MAP_SERIAL)
		return take_user_of(p, map, is_serial, "expected a serial "
		    "number in hexadecimal, all of it and in lower case",
		    err);
	return take_user_of(p, map, is_key_id, "expected a key identifier "
	    "as 40 hexadecimal digits in lower case", err);
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
		status = take_what(p, map, err);
	return status;
}

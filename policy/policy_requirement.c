/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "require eku smartcardLogon, key rsa 3072, age max 2y": what certificates
 * must have, for one rule or for all.
 */
#include "config.h"

#include "policy_parser.h"

#include <stdlib.h>
#include <string.h>

#define OID_MAX		128
#define DAY_S		INT64_C(86400)

/* The purposes that people know by name. */
static const struct {
	const char *name, *oid;
} purposes[] = {
	{ "clientAuth", "1.3.6.1.5.5.7.3.2" },
	{ "smartcardLogon", "1.3.6.1.4.1.311.20.2.2" },
};

/* Dotted, from 0, 1 or 2, at least two numbers, without leading zeros. */
static int
is_oid(const char *word)
{
	size_t n = 0, len;

	if (strlen(word) > OID_MAX || word[0] > '2' || word[1] != '.')
		return 0;
	for (;; word++) {
		len = strspn(word, "0123456789");
		if (len == 0 || (len > 1 && word[0] == '0'))
			return 0;
		n++;
		word += len;
		if (*word != '.')
			break;
	}
	return *word == '\0' && n >= 2;
}

static enum mtls_status
take_eku(struct policy_parser *p, struct policy_requirement *r,
    struct mtls_err *err)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
		if (policy_lexer_is(&p->lexer, purposes[i].name))
			strcpy(p->lexer.word, purposes[i].oid);
	}
	if (p->lexer.token != POLICY_TOKEN_WORD || !is_oid(p->lexer.word))
		return policy_parser_expected(p, "expected smartcardLogon, "
		    "clientAuth or an object identifier", err);
	return policy_parser_word(p, &r->oid, err);
}

static enum mtls_status
take_policy(struct policy_parser *p, struct policy_requirement *r,
    struct mtls_err *err)
{
	if (p->lexer.token != POLICY_TOKEN_WORD || !is_oid(p->lexer.word))
		return policy_parser_expected(p,
		    "expected an object identifier", err);
	return policy_parser_word(p, &r->oid, err);
}

static enum mtls_status
take_key(struct policy_parser *p, struct policy_requirement *r,
    struct mtls_err *err)
{
	enum mtls_status status;

	if (policy_lexer_is(&p->lexer, "rsa"))
		r->key = POLICY_KEY_RSA;
	else if (policy_lexer_is(&p->lexer, "ec"))
		r->key = POLICY_KEY_EC;
	else
		return policy_parser_expected(p, "expected rsa or ec", err);
	status = policy_parser_next(p, err);
	if (status != MTLS_OK)
		return status;
	return r->key == POLICY_KEY_RSA ?
	    policy_parser_number(p, 2048, 16384, &r->bits, err) :
	    policy_parser_number(p, 256, 521, &r->bits, err);
}

/* "90d", "8w", "2y"; 0 if it is none. */
static int64_t
duration(const char *word)
{
	size_t len = strspn(word, "0123456789");
	int64_t n;

	if (len == 0 || len > 4 || word[0] == '0' || strlen(word) != len + 1)
		return 0;
	n = strtol(word, NULL, 10);
	switch (word[len]) {
	case 'd':
		return n * DAY_S;
	case 'w':
		return n * 7 * DAY_S;
	case 'y':
		return n * 365 * DAY_S;
	default:
		return 0;
	}
}

static enum mtls_status
take_age(struct policy_parser *p, struct policy_requirement *r,
    struct mtls_err *err)
{
	enum mtls_status status = policy_parser_keyword(p, "max", err);

	if (status != MTLS_OK)
		return status;
	if (p->lexer.token == POLICY_TOKEN_WORD)
		r->age_s = duration(p->lexer.word);
	if (r->age_s == 0)
		return policy_parser_expected(p,
		    "expected an age such as 90d, 8w or 2y", err);
	return policy_parser_next(p, err);
}

static enum mtls_status
take_requirement(struct policy_parser *p, struct policy_requirement *r,
    struct mtls_err *err)
{
	static const struct {
		const char *word;
		enum policy_require what;
		enum mtls_status (*take)(struct policy_parser *p,
		    struct policy_requirement *r, struct mtls_err *err);
	} all[] = {
		{ "eku", POLICY_REQUIRE_EKU, take_eku },
		{ "policy", POLICY_REQUIRE_POLICY, take_policy },
		{ "key", POLICY_REQUIRE_KEY, take_key },
		{ "age", POLICY_REQUIRE_AGE, take_age },
	};
	enum mtls_status status;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!policy_lexer_is(&p->lexer, all[i].word))
			continue;
		r->what = all[i].what;
		status = policy_parser_next(p, err);
		return status == MTLS_OK ? all[i].take(p, r, err) : status;
	}
	return policy_parser_expected(p, "expected eku, policy, key or age",
	    err);
}

enum mtls_status
policy_parser_require(struct policy_parser *p,
    struct policy_requirements *ret, struct mtls_err *err)
{
	struct policy_requirement *more;
	enum mtls_status status = MTLS_OK;

	do {
		more = policy_parser_grow(p, ret->of, ret->n, sizeof(*more),
		    err);
		if (more == NULL)
			return err->status;
		ret->of = more;
		more += ret->n++;
		more->line = p->lexer.line;
		status = take_requirement(p, more, err);
	} while (status == MTLS_OK && policy_parser_more(p, &status, err));
	return status;
}

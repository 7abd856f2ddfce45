/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "allow" and "deny" lines: who may log in where, to what, how, from where.
 */
#include "config.h"

#include "policy_parser.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#include "pattern.h"

static int
is_method(const char *word)
{
	return policy_method(word) != 0;
}

static enum mtls_status
take_methods(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	struct policy_words words = { 0, 0, NULL };
	enum mtls_status status;

	status = policy_parser_list(p,
	    "expected token, relay, sshkey, code or agent", is_method,
	    &words, err);
	rule->methods = words.any ? POLICY_METHOD_ANY : 0;
	for (size_t i = 0; status == MTLS_OK && i < words.n; i++)
		rule->methods |= policy_method(words.word[i]);
	policy_words_clear(&words);
	return status;
}

static int
is_network(const char *word)
{
	struct network network;

	return network_parse(word, &network, NULL) == MTLS_OK;
}

static enum mtls_status
take_networks(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	struct policy_words words = { 0, 0, NULL };
	enum mtls_status status;

	status = policy_parser_list(p,
	    "expected a network such as 10.0.0.0/8", is_network, &words, err);
	rule->from_any = words.any;
	if (status == MTLS_OK && words.n > 0) {
		rule->networks = calloc(words.n, sizeof(*rule->networks));
		if (rule->networks == NULL)
			status = mtls_fail(err, MTLS_E_MEMORY,
			    "out of memory");
	}
	for (size_t i = 0; status == MTLS_OK && i < words.n; i++) {
		status = network_parse(words.word[i], &rule->networks[i],
		    err);
		rule->n_networks++;
	}
	policy_words_clear(&words);
	return status;
}

static enum mtls_status
take_hosts(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	return policy_parser_list(p, "expected a host or a pattern",
	    pattern_is_host, &rule->hosts, err);
}

static enum mtls_status
take_services(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	return policy_parser_list(p, "expected a PAM service",
	    mtls_text_is_service, &rule->services, err);
}

static enum mtls_status
take_subject(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	static const char *const group = "expected the name of a group";
	enum mtls_status status;

	if (policy_lexer_is(&p->lexer, "user"))
		rule->subject = POLICY_USER;
	else if (policy_lexer_is(&p->lexer, "group"))
		rule->subject = POLICY_GROUP;
	else
		return policy_parser_expected(p,
		    "expected \"user\" or \"group\"", err);
	status = policy_parser_next(p, err);
	if (status != MTLS_OK)
		return status;
	if (rule->subject == POLICY_GROUP &&
	    (policy_lexer_is(&p->lexer, "any") ||
	    policy_lexer_is(&p->lexer, "*")))
		return policy_parser_expected(p, group, err);
	return policy_parser_list(p, rule->subject == POLICY_GROUP ? group :
	    "expected the name of a user", mtls_text_is_user, &rule->who,
	    err);
}

/* [on HOSTS] [for SERVICES] [by METHODS] [from NETWORKS], in this order. */
static enum mtls_status
take_clauses(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	static const struct {
		const char *word;
		enum mtls_status (*take)(struct policy_parser *p,
		    struct policy_rule *rule, struct mtls_err *err);
	} clauses[] = {
		{ "on", take_hosts },
		{ "for", take_services },
		{ "by", take_methods },
		{ "from", take_networks },
	};
	enum mtls_status status;

	/* What a rule does not say it does not ask. */
	rule->methods = POLICY_METHOD_ANY;
	rule->hosts.any = rule->services.any = rule->from_any = 1;
	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
		if (!policy_lexer_is(&p->lexer, clauses[i].word))
			continue;
		rule->hosts.any &= clauses[i].take != take_hosts;
		rule->services.any &= clauses[i].take != take_services;
		status = policy_parser_next(p, err);
		if (status == MTLS_OK)
			status = clauses[i].take(p, rule, err);
		if (status != MTLS_OK)
			return status;
	}
	return MTLS_OK;
}

enum mtls_status
policy_parser_rule(struct policy_parser *p, enum policy_effect effect,
    struct mtls_err *err)
{
	struct policy_rule *rule;
	enum mtls_status status;

	rule = policy_parser_grow(p, p->policy.rules, p->policy.n_rules,
	    sizeof(*rule), err);
	if (rule == NULL)
		return err->status;
	p->policy.rules = rule;
	rule += p->policy.n_rules++;
	rule->line = p->lexer.line;
	rule->effect = effect;
	status = take_subject(p, rule, err);
	if (status == MTLS_OK)
		status = take_clauses(p, rule, err);
	return status;
}

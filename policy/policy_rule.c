/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * "allow" and "deny" lines: who may log in where, to what, how, from where,
 * when, and with what kind of certificate.
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

static unsigned
any_method(enum policy_effect effect)
{
	return effect == POLICY_ALLOW ? POLICY_METHOD_ANY :
	    POLICY_METHOD_ALL;
}

static enum mtls_status
take_methods(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	struct policy_words words = { 0, 0, NULL };
	enum mtls_status status;

	status = policy_parser_list(p,
	    "expected token, relay, sshkey, code, agent or mint", is_method,
	    &words, err);
	rule->methods = words.any ? any_method(rule->effect) : 0;
	for (size_t i = 0; status == MTLS_OK && i < words.n; i++)
		rule->methods |= policy_method(words.word[i]);
	policy_words_clear(&words);
	return status;
}

static enum mtls_status
take_network(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	if ((rule->methods & (POLICY_METHOD_CODE | POLICY_METHOD_MINT)) == 0)
		return policy_parser_expected(p, "the network is looked at "
		    "for methods code and mint only", err);
	if (policy_lexer_is(&p->lexer, "require"))
		rule->network = POLICY_NETWORK_REQUIRE;
	else if (policy_lexer_is(&p->lexer, "warn"))
		rule->network = POLICY_NETWORK_WARN;
	else if (policy_lexer_is(&p->lexer, "off"))
		rule->network = POLICY_NETWORK_OFF;
	else
		return policy_parser_expected(p,
		    "expected require, warn or off", err);
	return policy_parser_next(p, err);
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

/* The zone of that name, read once for all rules. */
static enum mtls_status
find_zone(struct policy_parser *p, const char *name, size_t *ret,
    struct mtls_err *err)
{
	struct policy *policy = &p->policy;
	struct zone **more;
	enum mtls_status status;
	struct zone *zone;

	for (*ret = 0; *ret < policy->n_zones; ++*ret) {
		if (strcmp(zone_name0(policy->zones[*ret]), name) == 0)
			return MTLS_OK;
	}
	more = policy_parser_grow(p, policy->zones, policy->n_zones,
	    sizeof(struct zone *), err);
	if (more == NULL)
		return err->status;
	policy->zones = more;
	status = zone_read(ZONE_DIR, name, &zone, err);
	if (status == MTLS_OK)
		more[policy->n_zones++] = zone;
	return status;
}

/* The fault is where it is in the quotation. */
static enum mtls_status
take_within(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	enum mtls_status status;
	const char *fault;
	size_t at = 0;

	if (p->lexer.token != POLICY_TOKEN_QUOTED)
		return policy_parser_expected(p, "expected a time such as "
		    "\"mon-fri 07:00-20:00 Europe/Berlin\"", err);
	rule->within = malloc(sizeof(*rule->within));
	if (rule->within == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	fault = within_parse(p->lexer.word, rule->within, &at);
	if (fault != NULL)
		return mtls_fail(err, MTLS_E_CONFIG, "%s:%u:%zu: %s",
		    p->lexer.path, p->lexer.line, p->lexer.column + 1 + at,
		    fault);
	status = find_zone(p, rule->within->zone, &rule->zone, err);
	if (status != MTLS_OK) {
		mtls_err_context(err, "%s:%u:%u", p->lexer.path,
		    p->lexer.line, p->lexer.column);
		return status;
	}
	return policy_parser_next(p, err);
}

static enum mtls_status
take_require(struct policy_parser *p, struct policy_rule *rule,
    struct mtls_err *err)
{
	return policy_parser_require(p, &rule->require, err);
}

/*
 * [on HOSTS] [for SERVICES] [by METHODS] [from NETWORKS] [within TIME]
 * [network WORD] [require REQUIREMENTS], in this order; the last two only
 * where something is allowed.
 */
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
		{ "within", take_within },
		{ "network", take_network },
		{ "require", take_require },
	};
	size_t n = sizeof(clauses) / sizeof(clauses[0]);
	enum mtls_status status;

	/* What a rule does not say it does not ask. */
	rule->methods = any_method(rule->effect);
	rule->hosts.any = rule->services.any = rule->from_any = 1;
	if (rule->effect != POLICY_ALLOW)
		n -= 2;
	for (size_t i = 0; i < n; i++) {
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
    const char *begin, struct mtls_err *err)
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
	if (status != MTLS_OK)
		return status;
	rule->text = policy_lexer_copy(&p->lexer, begin);
	return rule->text == NULL ?
	    mtls_fail(err, MTLS_E_MEMORY, "out of memory") : MTLS_OK;
}

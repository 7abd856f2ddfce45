/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts of a rule against a login. Names are compared byte by byte; they
 * were checked when the policy was read.
 */
#include "config.h"

#include "policy_match.h"

#include <string.h>

#include "pattern.h"

unsigned
policy_method(const char *name)
{
	static const struct {
		const char *name;
		unsigned bit;
	} methods[] = {
		{ "token", POLICY_METHOD_TOKEN },
		{ "relay", POLICY_METHOD_RELAY },
		{ "sshkey", POLICY_METHOD_SSHKEY },
		{ "code", POLICY_METHOD_CODE },
		{ "agent", POLICY_METHOD_AGENT },
		{ "mint", POLICY_METHOD_MINT },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].bit;
	}
	return 0;
}

enum policy_answer
policy_same_network(const char *rhost, const char *source)
{
	struct network_address a, b;

	if (network_address_parse(rhost, &a) != 0 ||
	    network_address_parse(source, &b) != 0)
		return POLICY_CANNOT_TELL;
	return network_is_near(&a, &b) ? POLICY_YES : POLICY_NO;
}

int
policy_has_word(const struct policy_words *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++) {
		if (strcmp(words->word[i], word) == 0)
			return 1;
	}
	return 0;
}

static int
host_matches(const struct policy_rule *rule, const char *host)
{
	if (rule->hosts.any)
		return 1;
	for (size_t i = 0; i < rule->hosts.n; i++) {
		if (pattern_matches_host(rule->hosts.word[i], host))
			return 1;
	}
	return 0;
}

/*
 * rhost is what the PAM application says. Empty is a login at the machine
 * itself, in no network; a name instead of an address could be any.
 */
static enum policy_answer
from_matches(const struct policy_rule *rule, const char *rhost)
{
	struct network_address address;

	if (rule->from_any)
		return POLICY_YES;
	if (rhost[0] == '\0')
		return POLICY_NO;
	if (network_address_parse(rhost, &address) != 0)
		return POLICY_CANNOT_TELL;
	for (size_t i = 0; i < rule->n_networks; i++) {
		if (network_contains(&rule->networks[i], &address))
			return POLICY_YES;
	}
	return POLICY_NO;
}

static enum policy_answer
within_matches(const struct policy *policy, const struct policy_rule *rule,
    int64_t now_s)
{
	unsigned minute;

	if (rule->within == NULL)
		return POLICY_YES;
	if (now_s <= 0)
		return POLICY_CANNOT_TELL;
	minute = zone_minute_of_week(policy->zones[rule->zone], now_s);
	return within_has(rule->within, minute) ? POLICY_YES : POLICY_NO;
}

static enum policy_answer
yes_or_no(int is_so)
{
	return is_so ? POLICY_YES : POLICY_NO;
}

struct policy_match
policy_match_place(const struct policy *policy,
    const struct policy_rule *rule, const struct policy_place *place)
{
	struct policy_match parts[] = {
		{ yes_or_no(host_matches(rule, place->host)),
		    POLICY_CLAUSE_ON },
		{ yes_or_no(rule->services.any ||
		    policy_has_word(&rule->services, place->service)),
		    POLICY_CLAUSE_FOR },
		{ yes_or_no((rule->methods & place->method) != 0),
		    POLICY_CLAUSE_BY },
		{ from_matches(rule, place->rhost), POLICY_CLAUSE_FROM },
		{ within_matches(policy, rule, place->now_s),
		    POLICY_CLAUSE_WITHIN },
	};
	struct policy_match all = { POLICY_YES, POLICY_CLAUSE_NONE };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].answer == POLICY_NO)
			return parts[i];
		if (parts[i].answer != POLICY_YES &&
		    all.answer == POLICY_YES)
			all = parts[i];
	}
	return all;
}

static enum policy_answer
groups_match(const struct policy *policy, const struct policy_rule *rule,
    const struct policy_facts *f)
{
	enum policy_answer answer = POLICY_NO, one;
	const struct policy_group *g;

	for (size_t i = 0; i < rule->who.n; i++) {
		g = &policy->groups[rule->groups[i]];
		if (g->in_file)
			one = policy_has_word(&g->members, f->user) ?
			    POLICY_YES : POLICY_NO;
		else if (f->member == NULL)
			one = POLICY_CANNOT_TELL;
		else
			one = f->member[rule->groups[i]];
		if (one == POLICY_YES)
			return POLICY_YES;
		if (one != POLICY_NO)
			answer = POLICY_CANNOT_TELL;
	}
	return answer;
}

struct policy_match
policy_match_user(const struct policy *policy,
    const struct policy_rule *rule, const struct policy_facts *facts)
{
	struct policy_match m = { POLICY_YES, POLICY_CLAUSE_NONE };

	if (rule->subject == POLICY_USER &&
	    policy_has_word(&rule->who, facts->user))
		return m;
	/* root is never meant by "any" or by a group, where it would gain. */
	if (rule->effect == POLICY_ALLOW && facts->superuser != POLICY_NO) {
		m.answer = POLICY_NO;
		m.clause = POLICY_CLAUSE_ROOT;
		return m;
	}
	if (rule->who.any)
		return m;
	m.clause = POLICY_CLAUSE_WHO;
	m.answer = rule->subject == POLICY_USER ? POLICY_NO :
	    groups_match(policy, rule, facts);
	if (m.answer == POLICY_YES)
		m.clause = POLICY_CLAUSE_NONE;
	return m;
}

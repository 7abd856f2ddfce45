/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision.
 *
 * MUST, and the test that shows it (tests/unit/test_policy.c):
 *  1. ALLOW comes from allow() alone, which policy_decide() alone calls
 *     (T140_allow_needs_every_fact).
 *  2. A fact that is not known is never better than the worst
 *     (T140_zeroed_facts_are_denied).
 *  3. First match wins, no match denies (first_match_wins, no_rule_denies).
 *  4. A deny rule of which it cannot be told whether it matches, denies
 *     (cannot_tell_denies).
 *  5. uid 0 needs a rule that names it (T053b_root_needs_its_own_rule).
 */
#include "config.h"

#include "policy.h"

#include <stdlib.h>
#include <string.h>

#include "pattern.h"

static const struct {
	const char *word, *sentence;
} reasons[POLICY_REASON_COUNT] = {
	[POLICY_REASON_NONE] = { "undecided",
	    "The login could not be decided." },
	[POLICY_REASON_ALLOWED] = { "allowed", "" },
	[POLICY_REASON_CLOCK] = { "clock",
	    "The login could not be decided." },
	[POLICY_REASON_EXPIRED] = { "challenge-expired",
	    "The login took too long. Please try again." },
	[POLICY_REASON_MALFORMED] = { "certificate-malformed",
	    "The certificate on this card cannot be used to log in." },
	[POLICY_REASON_NOT_YET_VALID] = { "certificate-not-yet-valid",
	    "The certificate on this card is not valid yet." },
	[POLICY_REASON_OUTDATED] = { "certificate-expired",
	    "The certificate on this card has expired." },
	[POLICY_REASON_NO_ISSUER] = { "issuer-unknown",
	    "The certificate on this card cannot be used to log in." },
	[POLICY_REASON_REVOKED] = { "revoked",
	    "The certificate on this card has been revoked." },
	[POLICY_REASON_ISSUER_REVOKED] = { "issuer-revoked",
	    "The certificate on this card has been revoked." },
	[POLICY_REASON_NO_REVOCATION] = { "revocation-unavailable",
	    "The card cannot be verified now." },
	[POLICY_REASON_NO_USER] = { "no-user",
	    "This card does not belong to a known user." },
	[POLICY_REASON_DISAGREE] = { "names-disagree",
	    "The certificate on this card cannot be used to log in." },
	[POLICY_REASON_NO_BINDINGS] = { "state-unavailable",
	    "The card cannot be verified now." },
	[POLICY_REASON_USER] = { "user-mismatch",
	    "This card belongs to another user." },
	[POLICY_REASON_PROOF] = { "proof-mismatch",
	    "Access denied." },
	[POLICY_REASON_METHOD] = { "method-unknown", "Access denied." },
	[POLICY_REASON_RULE] = { "denied-by-rule", "Access denied." },
	[POLICY_REASON_NO_RULE] = { "no-rule", "Access denied." },
	[POLICY_REASON_CANNOT_TELL] = { "cannot-tell", "Access denied." },
};

const char *
policy_reason_word(enum policy_reason reason)
{
	return reasons[reason < POLICY_REASON_COUNT ? reason : 0].word;
}

const char *
policy_reason_sentence(enum policy_reason reason)
{
	return reasons[reason < POLICY_REASON_COUNT ? reason : 0].sentence;
}

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
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].bit;
	}
	return 0;
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

/* What a rule is asked about. */
struct place {
	const char *service, *host, *rhost;
	unsigned method;
};

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
place_matches(const struct policy_rule *rule, const struct place *place)
{
	if ((rule->methods & place->method) == 0 ||
	    !(rule->services.any ||
	    policy_has_word(&rule->services, place->service)) ||
	    !host_matches(rule, place->host))
		return POLICY_NO;
	return from_matches(rule, place->rhost);
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

static enum policy_answer
subject_matches(const struct policy *policy, const struct policy_rule *rule,
    const struct policy_facts *f)
{
	int is_named = rule->subject == POLICY_USER &&
	    policy_has_word(&rule->who, f->user);

	if (is_named)
		return POLICY_YES;
	/* root is never meant by "any" or by a group, where it would gain. */
	if (rule->effect == POLICY_ALLOW && f->superuser != POLICY_NO)
		return POLICY_NO;
	if (rule->who.any)
		return POLICY_YES;
	if (rule->subject == POLICY_USER)
		return POLICY_NO;
	return groups_match(policy, rule, f);
}

static struct policy_decision
deny(enum policy_reason reason, unsigned line)
{
	struct policy_decision d = { MTLS_VERDICT_DENY, reason, line };

	return d;
}

static struct policy_decision
allow(unsigned line)
{
	struct policy_decision d = {
		MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, line
	};

	return d;
}

static struct policy_decision
apply_rules(const struct policy *policy, const struct policy_facts *f,
    unsigned method)
{
	struct place place = { f->service, f->host, f->rhost, method };
	const struct policy_rule *r;
	enum policy_answer where, who;

	for (size_t i = 0; i < policy->n_rules; i++) {
		r = &policy->rules[i];
		where = place_matches(r, &place);
		who = subject_matches(policy, r, f);
		if (where == POLICY_NO || who == POLICY_NO)
			continue;
		if (where == POLICY_YES && who == POLICY_YES) {
			if (r->effect == POLICY_ALLOW)
				return allow(r->line);
			return deny(POLICY_REASON_RULE, r->line);
		}
		/* An allow rule that may not match does not. */
		if (r->effect != POLICY_ALLOW)
			return deny(POLICY_REASON_CANNOT_TELL, r->line);
	}
	return deny(POLICY_REASON_NO_RULE, 0);
}

/* NONE if the challenge is open and the proof is for this very one. */
static enum policy_reason
challenge_fault(const struct policy_facts *f)
{
	switch (f->challenge) {
	case POLICY_CHALLENGE_OPEN:
		break;
	case POLICY_CHALLENGE_EXPIRED:
		return POLICY_REASON_EXPIRED;
	case POLICY_CHALLENGE_UNKNOWN:
	case POLICY_CHALLENGE_COUNT:
		return POLICY_REASON_CLOCK;
	}
	if (strcmp(f->proof_user, f->user) != 0 ||
	    strcmp(f->proof_service, f->service) != 0 ||
	    strcmp(f->proof_host, f->host) != 0)
		return POLICY_REASON_PROOF;
	return POLICY_REASON_NONE;
}

/* NONE if the certificate is in good standing. */
static enum policy_reason
standing_fault(const struct policy_facts *f)
{
	switch (f->standing) {
	case POLICY_STANDING_GOOD:
		return POLICY_REASON_NONE;
	case POLICY_STANDING_MALFORMED:
		return POLICY_REASON_MALFORMED;
	case POLICY_STANDING_NOT_YET_VALID:
		return POLICY_REASON_NOT_YET_VALID;
	case POLICY_STANDING_OUTDATED:
		return POLICY_REASON_OUTDATED;
	case POLICY_STANDING_NO_ISSUER:
		return POLICY_REASON_NO_ISSUER;
	case POLICY_STANDING_REVOKED:
		return POLICY_REASON_REVOKED;
	case POLICY_STANDING_ISSUER_REVOKED:
		return POLICY_REASON_ISSUER_REVOKED;
	case POLICY_STANDING_UNKNOWN:
	case POLICY_STANDING_COUNT:
		break;
	}
	return f->standing == POLICY_STANDING_UNKNOWN &&
	    f->revocation == POLICY_RELAXED ?
	    POLICY_REASON_NONE : POLICY_REASON_NO_REVOCATION;
}

/* NONE if the certificate stands for the user of the challenge. */
static enum policy_reason
user_fault(const struct policy_facts *f)
{
	switch (f->mapped) {
	case POLICY_MAPPED_ONE:
		break;
	case POLICY_MAPPED_DISAGREE:
		return POLICY_REASON_DISAGREE;
	case POLICY_MAPPED_MALFORMED:
		return POLICY_REASON_MALFORMED;
	case POLICY_MAPPED_NO_BINDINGS:
		return POLICY_REASON_NO_BINDINGS;
	case POLICY_MAPPED_NONE:
	case POLICY_MAPPED_COUNT:
		return POLICY_REASON_NO_USER;
	}
	return f->mapped_user != NULL && strcmp(f->mapped_user, f->user) == 0 ?
	    POLICY_REASON_NONE : POLICY_REASON_USER;
}

static int
is_complete(const struct policy_facts *f)
{
	return f->user != NULL && f->service != NULL && f->host != NULL &&
	    f->method != NULL && f->rhost != NULL && f->proof_user != NULL &&
	    f->proof_service != NULL && f->proof_host != NULL;
}

struct policy_decision
policy_decide(const struct policy *policy, const struct policy_facts *facts)
{
	enum policy_reason fault;
	unsigned method;

	if (!is_complete(facts))
		return deny(POLICY_REASON_NONE, 0);
	fault = challenge_fault(facts);
	if (fault == POLICY_REASON_NONE)
		fault = standing_fault(facts);
	if (fault == POLICY_REASON_NONE)
		fault = user_fault(facts);
	if (fault != POLICY_REASON_NONE)
		return deny(fault, 0);
	method = policy_method(facts->method);
	if (method == 0)
		return deny(POLICY_REASON_METHOD, 0);
	return apply_rules(policy, facts, method);
}

int
policy_is_possible(const struct policy *policy, const char *service,
    const char *host, const char *method, const char *rhost)
{
	struct place place = { service, host, rhost, policy_method(method) };
	const struct policy_rule *r;
	enum policy_answer where;

	for (size_t i = 0; i < policy->n_rules; i++) {
		r = &policy->rules[i];
		where = place_matches(r, &place);
		if (where == POLICY_YES && r->effect == POLICY_ALLOW)
			return 1;
		/* Nobody gets past a deny rule for everybody. */
		if (where != POLICY_NO && r->effect == POLICY_DENY &&
		    r->who.any)
			return 0;
	}
	return 0;
}

void
policy_words_clear(struct policy_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->word[i]);
	free(words->word);
	memset(words, 0, sizeof(*words));
}

void
policy_clear(struct policy *policy)
{
	for (size_t i = 0; i < policy->n_maps; i++) {
		free(policy->maps[i].issuer);
		free(policy->maps[i].tail);
		free(policy->maps[i].head);
	}
	for (size_t i = 0; i < policy->n_groups; i++) {
		free(policy->groups[i].name);
		policy_words_clear(&policy->groups[i].members);
	}
	for (size_t i = 0; i < policy->n_rules; i++) {
		policy_words_clear(&policy->rules[i].who);
		policy_words_clear(&policy->rules[i].hosts);
		policy_words_clear(&policy->rules[i].services);
		free(policy->rules[i].groups);
		free(policy->rules[i].networks);
	}
	free(policy->maps);
	free(policy->groups);
	free(policy->rules);
	memset(policy, 0, sizeof(*policy));
}

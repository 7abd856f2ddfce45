/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whether one rule leaves nothing to another behind it. Where that depends on
 * what cannot be known here (who is in a group of the machine, who has root's
 * uid), it does not.
 */
#include "config.h"

#include "policy_check.h"

#include <string.h>

#include "pattern.h"

static int
words_cover(const struct policy_words *a, const struct policy_words *b)
{
	if (a->any)
		return 1;
	if (b->any)
		return 0;
	for (size_t i = 0; i < b->n; i++) {
		if (!policy_has_word(a, b->word[i]))
			return 0;
	}
	return 1;
}

/* A '*' of b is matched by a '*' of a, or by nothing. */
static int
hosts_cover(const struct policy_words *a, const struct policy_words *b)
{
	size_t i, k;

	if (a->any)
		return 1;
	if (b->any)
		return 0;
	for (i = 0; i < b->n; i++) {
		for (k = 0; k < a->n; k++) {
			if (pattern_matches_host(a->word[k], b->word[i]))
				break;
		}
		if (k == a->n)
			return 0;
	}
	return 1;
}

static int
networks_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	size_t i, k;

	if (a->from_any)
		return 1;
	if (b->from_any)
		return 0;
	for (i = 0; i < b->n_networks; i++) {
		for (k = 0; k < a->n_networks; k++) {
			if (a->networks[k].prefix <= b->networks[i].prefix &&
			    network_contains(&a->networks[k],
			    &b->networks[i].address))
				break;
		}
		if (k == a->n_networks)
			return 0;
	}
	return 1;
}

static int
times_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	return a->within == NULL || (b->within != NULL &&
	    within_covers(a->within, b->within));
}

static const struct policy_group *
group_of(const struct policy *policy, const struct policy_rule *rule,
    size_t i)
{
	return &policy->groups[rule->groups[i]];
}

/* Whether a rule for these users or groups is certain to mean the user. */
static int
names_user(const struct policy *policy, const struct policy_rule *rule,
    const char *user)
{
	if (rule->subject == POLICY_USER)
		return rule->who.any || policy_has_word(&rule->who, user);
	for (size_t i = 0; i < rule->who.n; i++) {
		if (group_of(policy, rule, i)->in_file && policy_has_word(
		    &group_of(policy, rule, i)->members, user))
			return 1;
	}
	return 0;
}

static int
names_all(const struct policy *policy, const struct policy_rule *rule,
    const struct policy_words *users)
{
	for (size_t i = 0; i < users->n; i++) {
		if (!names_user(policy, rule, users->word[i]))
			return 0;
	}
	return 1;
}

static int
people_cover(const struct policy *policy, const struct policy_rule *a,
    const struct policy_rule *b)
{
	const struct policy_group *g;

	if (a->who.any)
		return 1;
	if (b->who.any)
		return 0;
	if (b->subject == POLICY_USER)
		return names_all(policy, a, &b->who);
	for (size_t i = 0; i < b->who.n; i++) {
		g = group_of(policy, b, i);
		if (a->subject == POLICY_GROUP &&
		    policy_has_word(&a->who, g->name))
			continue;
		if (!g->in_file || !names_all(policy, a, &g->members))
			return 0;
	}
	return 1;
}

static int
may_have_root(const struct policy_check *check,
    const struct policy_words *users)
{
	for (size_t i = 0; i < users->n; i++) {
		if (check->superuser(users->word[i]) != POLICY_NO)
			return 1;
	}
	return 0;
}

/* Whether b can be about root, and about somebody a is not sure of. */
static int
is_beyond(const struct policy *policy, const struct policy_check *check,
    const struct policy_rule *b)
{
	if (b->subject == POLICY_USER)
		return b->who.any || may_have_root(check, &b->who);
	for (size_t i = 0; i < b->who.n; i++) {
		if (!group_of(policy, b, i)->in_file || may_have_root(check,
		    &group_of(policy, b, i)->members))
			return 1;
	}
	return 0;
}

/* An allow rule that cannot tell is passed over; a deny rule then denies. */
static int
may_not_tell(const struct policy_rule *rule)
{
	return !rule->from_any || rule->within != NULL;
}

/* What a rule can be about: nobody denies what nothing allows. */
static unsigned
methods_of(const struct policy *policy, const struct policy_rule *rule)
{
	unsigned allowed = POLICY_METHOD_ANY;

	for (size_t i = 0; i < policy->n_rules; i++) {
		if (policy->rules[i].effect == POLICY_ALLOW)
			allowed |= policy->rules[i].methods;
	}
	return rule->methods & allowed;
}

int
policy_check_covers(const struct policy *policy,
    const struct policy_check *check, const struct policy_rule *a,
    const struct policy_rule *b)
{
	int both_by_name = a->subject == POLICY_USER && !a->who.any;
	int both_skip_root = b->effect == POLICY_ALLOW &&
	    (b->who.any || b->subject == POLICY_GROUP);

	if (!people_cover(policy, a, b) ||
	    !hosts_cover(&a->hosts, &b->hosts) ||
	    !words_cover(&a->services, &b->services) ||
	    (methods_of(policy, b) & ~a->methods) != 0 ||
	    !networks_cover(a, b) || !times_cover(a, b))
		return 0;
	if (a->effect == POLICY_DENY)
		return 1;
	if (b->effect == POLICY_DENY && may_not_tell(a))
		return 0;
	/* "any" and groups do not allow root, who may be left for b. */
	return both_by_name || both_skip_root ||
	    !is_beyond(policy, check, b);
}

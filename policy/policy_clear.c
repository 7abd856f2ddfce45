/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The end of a policy.
 */
#include "config.h"

#include "policy.h"

#include <stdlib.h>
#include <string.h>

void
policy_words_clear(struct policy_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->word[i]);
	free(words->word);
	memset(words, 0, sizeof(*words));
}

void
policy_requirements_clear(struct policy_requirements *require)
{
	for (size_t i = 0; i < require->n; i++)
		free(require->of[i].oid);
	free(require->of);
	memset(require, 0, sizeof(*require));
}

static void
clear_map(struct policy_map *map)
{
	free(map->issuer);
	free(map->tail);
	free(map->head);
	free(map->id);
	free(map->user);
}

static void
clear_rule(struct policy_rule *rule)
{
	policy_words_clear(&rule->who);
	policy_words_clear(&rule->hosts);
	policy_words_clear(&rule->services);
	policy_requirements_clear(&rule->require);
	free(rule->groups);
	free(rule->networks);
	free(rule->within);
	free(rule->text);
}

void
policy_clear(struct policy *policy)
{
	for (size_t i = 0; i < policy->n_maps; i++)
		clear_map(&policy->maps[i]);
	for (size_t i = 0; i < policy->n_groups; i++) {
		free(policy->groups[i].name);
		policy_words_clear(&policy->groups[i].members);
	}
	for (size_t i = 0; i < policy->n_rules; i++)
		clear_rule(&policy->rules[i]);
	for (size_t i = 0; i < policy->n_zones; i++)
		zone_free(policy->zones[i]);
	policy_requirements_clear(&policy->require);
	free(policy->maps);
	free(policy->groups);
	free(policy->rules);
	free(policy->zones);
	memset(policy, 0, sizeof(*policy));
}

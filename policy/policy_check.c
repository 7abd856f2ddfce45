/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What mtlsctl policy check warns of. See policy_cover.c for rules that
 * others leave nothing to.
 */
#include "config.h"

#include "policy_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
warn(const struct policy_check *check, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
warn(const struct policy_check *check, unsigned line, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	check->warn(check->arg, line, text);
}

static void
check_shadows(const struct policy *policy, const struct policy_check *check)
{
	const struct policy_rule *a, *b;

	for (size_t i = 1; i < policy->n_rules; i++) {
		b = &policy->rules[i];
		for (size_t k = 0; k < i; k++) {
			a = &policy->rules[k];
			if (!policy_check_covers(policy, check, a, b))
				continue;
			warn(check, b->line, "this rule never decides: line "
			    "%u, \"%.200s\", matches first whenever it could",
			    a->line, a->text);
			break;
		}
	}
}

/* Linux-PAM makes the name of a service lower case. */
static void
check_services(const struct policy_rule *rule,
    const struct policy_check *check)
{
	const char *s;

	for (size_t i = 0; i < rule->services.n; i++) {
		for (s = rule->services.word[i]; *s != '\0'; s++) {
			if (*s >= 'A' && *s <= 'Z')
				break;
		}
		if (*s != '\0')
			warn(check, rule->line, "no service is called "
			    "\"%s\": PAM services are in lower case",
			    rule->services.word[i]);
	}
}

/* "allow group wheel", and wheel is root: who is not allowed by a group. */
static void
check_root(const struct policy *policy, const struct policy_rule *rule,
    const struct policy_check *check)
{
	const struct policy_group *g;

	if (rule->effect != POLICY_ALLOW || rule->subject != POLICY_GROUP)
		return;
	for (size_t i = 0; i < rule->who.n; i++) {
		g = &policy->groups[rule->groups[i]];
		if (g->in_file && g->members.n == 1 &&
		    strcmp(g->members.word[0], "root") == 0)
			warn(check, rule->line, "group \"%s\" is root alone, "
			    "and root is only allowed by \"user root\"",
			    g->name);
	}
}

static int
is_used(const struct policy *policy, const struct policy_group *group)
{
	const struct policy_rule *rule;

	for (size_t i = 0; i < policy->n_rules; i++) {
		rule = &policy->rules[i];
		if (rule->subject == POLICY_GROUP &&
		    policy_has_word(&rule->who, group->name))
			return 1;
	}
	return 0;
}

static int
has_text(const struct mtls_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (strcmp(texts->text[i], text) == 0)
			return 1;
	}
	return 0;
}

static void
check_issuers(const struct policy *policy, const struct policy_check *check)
{
	const struct policy_map *map;

	if (check->issuers == NULL)
		return;
	for (size_t i = 0; i < policy->n_maps; i++) {
		map = &policy->maps[i];
		if (map->issuer != NULL &&
		    !has_text(check->issuers, map->issuer))
			warn(check, map->line, "no CA is called \"%.200s\"",
			    map->issuer);
	}
}

static int
compare_maps(const void *x, const void *y)
{
	const struct policy_map *const *a = x, *const *b = y;
	int order = (int)(*a)->kind - (int)(*b)->kind;

	if (order == 0)
		order = strcmp((*a)->issuer, (*b)->issuer);
	return order == 0 ? strcmp((*a)->id, (*b)->id) : order;
}

/* Two lines that give one certificate to two users give it to nobody. */
static void
check_certificates(const struct policy *policy,
    const struct policy_check *check)
{
	const struct policy_map **maps = calloc(policy->n_maps + 1,
	    sizeof(*maps));
	size_t n = 0;

	if (maps == NULL)
		return;
	for (size_t i = 0; i < policy->n_maps; i++) {
		if (policy->maps[i].id != NULL)
			maps[n++] = &policy->maps[i];
	}
	qsort(maps, n, sizeof(*maps), compare_maps);
	for (size_t i = 1; i < n; i++) {
		if (compare_maps(&maps[i - 1], &maps[i]) == 0 &&
		    strcmp(maps[i - 1]->user, maps[i]->user) != 0)
			warn(check, maps[i]->line, "line %u gives this "
			    "certificate to another user, so it is nobody's",
			    maps[i - 1]->line);
	}
	free(maps);
}

void
policy_check(const struct policy *policy, const struct policy_check *check)
{
	check_issuers(policy, check);
	check_certificates(policy, check);
	for (size_t i = 0; i < policy->n_groups; i++) {
		if (!is_used(policy, &policy->groups[i]))
			warn(check, policy->groups[i].line, "no rule speaks "
			    "of group \"%s\"", policy->groups[i].name);
	}
	for (size_t i = 0; i < policy->n_rules; i++) {
		check_services(&policy->rules[i], check);
		check_root(policy, &policy->rules[i], check);
	}
	check_shadows(policy, check);
}

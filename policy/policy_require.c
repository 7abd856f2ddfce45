/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What a policy requires of certificates. Object identifiers count as they
 * are: "any" purpose and "any" policy are neither the one that is required.
 */
#include "config.h"

#include "policy_match.h"

#include <string.h>

static int
has_oid(const struct mtls_texts *oids, const char *oid)
{
	for (size_t i = 0; i < oids->n; i++) {
		if (strcmp(oids->text[i], oid) == 0)
			return 1;
	}
	return 0;
}

/* A rule for keys of one kind says nothing about the others. */
static int
is_large(const struct policy_requirement *r,
    const struct policy_certificate *c)
{
	if (c->key == POLICY_KEY_OTHER)
		return 0;
	return c->key != r->key || c->bits >= r->bits;
}

static int
is_young(const struct policy_requirement *r,
    const struct policy_certificate *c, int64_t now_s)
{
	return now_s > 0 && now_s >= c->not_before_s &&
	    now_s - c->not_before_s <= r->age_s;
}

static int
is_met(const struct policy_requirement *r,
    const struct policy_certificate *c, int64_t now_s)
{
	switch (r->what) {
	case POLICY_REQUIRE_EKU:
		return has_oid(&c->eku, r->oid);
	case POLICY_REQUIRE_POLICY:
		return has_oid(&c->policies, r->oid);
	case POLICY_REQUIRE_KEY:
		return is_large(r, c);
	case POLICY_REQUIRE_AGE:
		return is_young(r, c, now_s);
	}
	return 0;
}

const struct policy_requirement *
policy_require_unmet(const struct policy_requirements *require,
    const struct policy_certificate *certificate, int64_t now_s)
{
	for (size_t i = 0; i < require->n; i++) {
		if (certificate == NULL ||
		    !is_met(&require->of[i], certificate, now_s))
			return &require->of[i];
	}
	return NULL;
}

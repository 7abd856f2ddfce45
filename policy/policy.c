/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The decision.
 *
 * MUST, and the test that shows it (tests/unit/test_policy.c):
 *  1. ALLOW comes from allow() alone, which a matching rule alone calls
 *     (T140_allow_needs_every_fact).
 *  2. A fact that is not known is never better than the worst
 *     (T140_zeroed_facts_are_denied).
 *  3. First match wins, no match denies (first_match_wins, no_rule_denies).
 *  4. A deny rule of which it cannot be told whether it matches, denies
 *     (cannot_tell_denies).
 *  5. uid 0 needs a rule that names it (T053b_root_needs_its_own_rule).
 *  6. A requirement that is not met denies, and a certificate of which
 *     nothing is known meets none (T033_requirements).
 *  7. A code that was minted needs a rule that says so (minted_codes), and
 *     of a network that is required it must be known that it is the same
 *     (T166_network).
 */
#include "config.h"

#include "policy.h"

#include <string.h>

#include "policy_match.h"

#define DAY_S INT64_C(86400)

/* What the rules said, for whoever wants to know. */
struct trace {
	struct policy_match *matches;
	size_t n;
};

static struct policy_decision
deny(enum policy_reason reason, unsigned line)
{
	struct policy_decision d = {
		.verdict = MTLS_VERDICT_DENY, .reason = reason, .line = line
	};

	return d;
}

/* Days, begun ones counted, if they are few enough for a warning. */
static unsigned
days_left(const struct policy *policy, const struct policy_facts *f)
{
	int64_t left_s;

	if (policy->warn_days == 0 || f->certificate == NULL ||
	    f->now_s <= 0)
		return 0;
	left_s = f->certificate->not_after_s - f->now_s;
	if (left_s < 0 || left_s > policy->warn_days * DAY_S)
		return 0;
	return left_s == 0 ? 1 : (unsigned)((left_s + DAY_S - 1) / DAY_S);
}

static struct policy_decision
allow(const struct policy *policy, const struct policy_facts *f,
    const struct policy_rule *r)
{
	struct policy_decision d = {
		MTLS_VERDICT_ALLOW, POLICY_REASON_ALLOWED, r->line,
		days_left(policy, f), r->network
	};

	return d;
}

/* DENY with NONE if the certificate meets the requirements. */
static struct policy_decision
check_certificate(const struct policy_requirements *require,
    const struct policy_facts *f)
{
	const struct policy_requirement *unmet = policy_require_unmet(require,
	    f->certificate, f->now_s);

	if (unmet == NULL)
		return deny(POLICY_REASON_NONE, 0);
	switch (unmet->what) {
	case POLICY_REQUIRE_EKU:
		return deny(POLICY_REASON_PURPOSE, unmet->line);
	case POLICY_REQUIRE_POLICY:
		return deny(POLICY_REASON_POLICY, unmet->line);
	case POLICY_REQUIRE_KEY:
		return deny(POLICY_REASON_KEY, unmet->line);
	case POLICY_REQUIRE_AGE:
		break;
	}
	return deny(POLICY_REASON_AGE, unmet->line);
}

/* A code may have been asked for by whoever is at the other end. */
static int
is_elsewhere(const struct policy_rule *r, const struct policy_facts *f)
{
	unsigned method = policy_method(f->method);

	return (method & (POLICY_METHOD_CODE | POLICY_METHOD_MINT)) != 0 &&
	    r->network == POLICY_NETWORK_REQUIRE &&
	    f->same_network != POLICY_YES;
}

/* The rule matches: it decides. */
static struct policy_decision
apply_rule(const struct policy *policy, const struct policy_rule *r,
    const struct policy_facts *f)
{
	struct policy_decision unmet;

	if (r->effect != POLICY_ALLOW)
		return deny(POLICY_REASON_RULE, r->line);
	unmet = check_certificate(&r->require, f);
	if (unmet.reason != POLICY_REASON_NONE)
		return unmet;
	return is_elsewhere(r, f) ? deny(POLICY_REASON_NETWORK, r->line) :
	    allow(policy, f, r);
}

static struct policy_match
match(const struct policy *policy, const struct policy_rule *r,
    const struct policy_facts *f, const struct policy_place *place)
{
	struct policy_match who = policy_match_user(policy, r, f);
	struct policy_match where;

	if (who.answer == POLICY_NO)
		return who;
	where = policy_match_place(policy, r, place);
	return where.answer == POLICY_NO || who.answer == POLICY_YES ?
	    where : who;
}

static struct policy_decision
apply_rules(const struct policy *policy, const struct policy_facts *f,
    unsigned method, struct trace *trace)
{
	struct policy_place place = {
		f->service, f->host, f->rhost, method, f->now_s
	};
	const struct policy_rule *r;
	struct policy_match m;

	for (size_t i = 0; i < policy->n_rules; i++) {
		r = &policy->rules[i];
		m = match(policy, r, f, &place);
		if (trace != NULL)
			trace->matches[trace->n++] = m;
		if (m.answer == POLICY_YES)
			return apply_rule(policy, r, f);
		/* An allow rule that may not match does not. */
		if (m.answer != POLICY_NO && r->effect != POLICY_ALLOW)
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
	    strcmp(f->proof_host, f->host) != 0 ||
	    strcmp(f->proof_method, f->method) != 0)
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
	case POLICY_STANDING_REVOKED_HERE:
		return POLICY_REASON_REVOKED_HERE;
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
	case POLICY_MAPPED_NOT_BOUND:
		return POLICY_REASON_NOT_BOUND;
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
	    f->proof_service != NULL && f->proof_host != NULL &&
	    f->proof_method != NULL;
}

static struct policy_decision
decide(const struct policy *policy, const struct policy_facts *facts,
    struct trace *trace)
{
	struct policy_decision unmet;
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
	unmet = check_certificate(&policy->require, facts);
	if (unmet.reason != POLICY_REASON_NONE)
		return unmet;
	return apply_rules(policy, facts, method, trace);
}

struct policy_decision
policy_decide(const struct policy *policy, const struct policy_facts *facts)
{
	return decide(policy, facts, NULL);
}

struct policy_decision
policy_decide_traced(const struct policy *policy,
    const struct policy_facts *facts, struct policy_match *matches,
    size_t *ret_n_asked)
{
	struct trace trace = { matches, 0 };
	struct policy_decision d = decide(policy, facts, &trace);

	*ret_n_asked = trace.n;
	return d;
}

int
policy_is_possible(const struct policy *policy, const char *service,
    const char *host, const char *method, const char *rhost, int64_t now_s)
{
	struct policy_place place = {
		service, host, rhost, policy_method(method), now_s
	};
	const struct policy_rule *r;
	enum policy_answer where;

	for (size_t i = 0; i < policy->n_rules; i++) {
		r = &policy->rules[i];
		where = policy_match_place(policy, r, &place).answer;
		if (where == POLICY_YES && r->effect == POLICY_ALLOW)
			return 1;
		/* Nobody gets past a deny rule for everybody. */
		if (where != POLICY_NO && r->effect == POLICY_DENY &&
		    r->who.any)
			return 0;
	}
	return 0;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Sentences. Names in them come from the policy, which was checked, or from
 * the command line; whoever prints them escapes them.
 */
#include "config.h"

#include "policy_explain.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX	256
#define CLOCK_MAX	80

/* "a", or "a, b and 3 more". */
static const char *
list(const struct policy_words *words, char out[LIST_MAX])
{
	size_t len = 0;
	int n;

	out[0] = '\0';
	for (size_t i = 0; i < words->n; i++) {
		n = snprintf(out + len, LIST_MAX - len, "%s%s",
		    i == 0 ? "" : ", ", words->word[i]);
		if (n < 0 || (size_t)n >= LIST_MAX - len - 32) {
			(void)snprintf(out + len, LIST_MAX - len,
			    " and %zu more", words->n - i);
			break;
		}
		len += (size_t)n;
	}
	return out;
}

static const char *
methods(unsigned bits, char out[LIST_MAX])
{
	static const char *const names[] = {
		"token", "relay", "sshkey", "code", "agent", "mint"
	};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((bits & policy_method(names[i])) != 0)
			len += (size_t)snprintf(out + len, LIST_MAX - len,
			    "%s%s", len == 0 ? "" : ", ", names[i]);
	}
	return out;
}

static const char *
clock_of(const struct zone *zone, int64_t now_s, char out[CLOCK_MAX])
{
	static const char *const days[] = {
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
		"Saturday", "Sunday"
	};
	unsigned minute = zone_minute_of_week(zone, now_s);

	(void)snprintf(out, CLOCK_MAX, "%s %02u:%02u in %s",
	    days[minute / (24 * 60)], minute / 60 % 24, minute % 60,
	    zone_name0(zone));
	return out;
}

static void
say_who(const struct policy_rule *r, const struct policy_facts *f,
    enum policy_answer answer, char *out)
{
	char names[LIST_MAX];

	(void)list(&r->who, names);
	if (answer == POLICY_CANNOT_TELL)
		(void)snprintf(out, POLICY_SENTENCE_MAX,
		    "it cannot be told whether %s is in group %s", f->user,
		    names);
	else if (r->subject == POLICY_USER)
		(void)snprintf(out, POLICY_SENTENCE_MAX,
		    r->who.n == 1 ? "%s is not %s" : "%s is none of %s",
		    f->user, names);
	else
		(void)snprintf(out, POLICY_SENTENCE_MAX, r->who.n == 1 ?
		    "%s is not in group %s" : "%s is in none of the groups %s",
		    f->user, names);
}

static void
say_root(const struct policy_facts *f, char *out)
{
	(void)snprintf(out, POLICY_SENTENCE_MAX, f->superuser == POLICY_YES ?
	    "%s is root, who is only allowed by a rule that names it" :
	    "it cannot be told whether %s has root's uid, and the rule does "
	    "not name it", f->user);
}

static void
say_place(const struct policy_words *words, const char *what,
    const char *value, char *out)
{
	char names[LIST_MAX];

	(void)snprintf(out, POLICY_SENTENCE_MAX, words->n == 1 ?
	    "the %s is %s, not %s" : "the %s is %s, none of %s", what, value,
	    list(words, names));
}

static void
say_from(const struct policy_facts *f, enum policy_answer answer, char *out)
{
	if (answer == POLICY_CANNOT_TELL)
		(void)snprintf(out, POLICY_SENTENCE_MAX, "\"%s\" is not an "
		    "address, so it cannot be told which network it is in",
		    f->rhost);
	else if (f->rhost[0] == '\0')
		(void)snprintf(out, POLICY_SENTENCE_MAX, "the login is at "
		    "the machine itself, and so from no network");
	else
		(void)snprintf(out, POLICY_SENTENCE_MAX,
		    "%s is in none of its networks", f->rhost);
}

static void
say_within(const struct policy *policy, const struct policy_rule *r,
    const struct policy_facts *f, enum policy_answer answer, char *out)
{
	char now[CLOCK_MAX];

	if (answer == POLICY_CANNOT_TELL)
		(void)snprintf(out, POLICY_SENTENCE_MAX,
		    "it cannot be told what time it is");
	else
		(void)snprintf(out, POLICY_SENTENCE_MAX, "it is %s, which is "
		    "outside its hours", clock_of(policy->zones[r->zone],
		    f->now_s, now));
}

char *
policy_explain_match(const struct policy *policy, size_t rule,
    const struct policy_facts *facts, const struct policy_match *match,
    char out[POLICY_SENTENCE_MAX])
{
	const struct policy_rule *r = &policy->rules[rule];
	char names[LIST_MAX];

	(void)snprintf(out, POLICY_SENTENCE_MAX, "it matches");
	switch (match->clause) {
	case POLICY_CLAUSE_NONE:
	case POLICY_CLAUSE_COUNT:
		break;
	case POLICY_CLAUSE_WHO:
		say_who(r, facts, match->answer, out);
		break;
	case POLICY_CLAUSE_ROOT:
		say_root(facts, out);
		break;
	case POLICY_CLAUSE_ON:
		say_place(&r->hosts, "machine", facts->host, out);
		break;
	case POLICY_CLAUSE_FOR:
		say_place(&r->services, "service", facts->service, out);
		break;
	case POLICY_CLAUSE_BY:
		(void)snprintf(out, POLICY_SENTENCE_MAX,
		    "the method is %s, not %s", facts->method,
		    methods(r->methods, names));
		break;
	case POLICY_CLAUSE_FROM:
		say_from(facts, match->answer, out);
		break;
	case POLICY_CLAUSE_WITHIN:
		say_within(policy, r, facts, match->answer, out);
		break;
	}
	return out;
}

/* What stands behind the colon, where no rule was asked. */
static const char *
fault(enum policy_reason reason)
{
	switch (reason) {
	case POLICY_REASON_NONE:
	case POLICY_REASON_ALLOWED:
	case POLICY_REASON_RULE:
	case POLICY_REASON_NO_RULE:
	case POLICY_REASON_CANNOT_TELL:
	case POLICY_REASON_COUNT:
		break;
	case POLICY_REASON_CLOCK:
		return "it cannot be told what time it is";
	case POLICY_REASON_EXPIRED:
		return "it took too long";
	case POLICY_REASON_MALFORMED:
		return "a name in the certificate cannot be a user's";
	case POLICY_REASON_NOT_YET_VALID:
		return "the certificate is not valid yet";
	case POLICY_REASON_OUTDATED:
		return "the certificate has expired";
	case POLICY_REASON_NO_ISSUER:
		return "the certificate is of none of the CAs";
	case POLICY_REASON_REVOKED:
		return "the certificate is revoked";
	case POLICY_REASON_ISSUER_REVOKED:
		return "the CA of the certificate is revoked";
	case POLICY_REASON_REVOKED_HERE:
		return "an administrator has revoked the certificate";
	case POLICY_REASON_NO_REVOCATION:
		return "it cannot be told whether the certificate is revoked";
	case POLICY_REASON_NO_USER:
		return "no map line says whose certificate it is";
	case POLICY_REASON_DISAGREE:
		return "map lines disagree, or a name stands twice in the "
		    "certificate";
	case POLICY_REASON_NO_BINDINGS:
		return "it cannot be told to whom the certificate is bound";
	case POLICY_REASON_NOT_BOUND:
		return "the map line wants the certificate bound as well, "
		    "and it is not";
	case POLICY_REASON_USER:
		return "the certificate is another user's";
	case POLICY_REASON_PROOF:
		return ("the person named another user, service, machine "
		    "or method");
	case POLICY_REASON_METHOD:
		return "there is no such method";
	case POLICY_REASON_PURPOSE:
		return "requires an extended key usage that the certificate "
		    "does not have";
	case POLICY_REASON_POLICY:
		return "requires a policy that the certificate does not have";
	case POLICY_REASON_KEY:
		return "requires a longer key than the certificate's";
	case POLICY_REASON_AGE:
		return "requires a certificate that was issued less long ago";
	case POLICY_REASON_NETWORK:
		return ("requires that a code is used in the network in "
		    "which it was asked for");
	case POLICY_REASON_CODE:
		return "it is not the code for that";
	case POLICY_REASON_DECLINED:
		return "the person has declined it";
	}
	return "something is not known";
}

static int
is_requirement(enum policy_reason reason)
{
	return reason == POLICY_REASON_PURPOSE ||
	    reason == POLICY_REASON_POLICY || reason == POLICY_REASON_KEY ||
	    reason == POLICY_REASON_AGE || reason == POLICY_REASON_NETWORK;
}

static void
say_why(const struct policy_decision *d, char *out, size_t size)
{
	if (d->reason == POLICY_REASON_ALLOWED)
		(void)snprintf(out, size, "line %u allows it", d->line);
	else if (d->reason == POLICY_REASON_RULE)
		(void)snprintf(out, size, "line %u denies it", d->line);
	else if (d->reason == POLICY_REASON_NO_RULE)
		(void)snprintf(out, size, "no line allows it");
	else if (d->reason == POLICY_REASON_CANNOT_TELL)
		(void)snprintf(out, size, "line %u denies it, because it "
		    "cannot be told whether it applies", d->line);
	else if (is_requirement(d->reason))
		(void)snprintf(out, size, "line %u %s", d->line,
		    fault(d->reason));
	else
		(void)snprintf(out, size, "%s", fault(d->reason));
}

char *
policy_explain_decision(const struct policy_facts *facts,
    const struct policy_decision *decision, char out[POLICY_SENTENCE_MAX])
{
	char why[LIST_MAX];

	say_why(decision, why, sizeof(why));
	(void)snprintf(out, POLICY_SENTENCE_MAX,
	    "%.256s %s log in to %.253s for %.64s by %.16s: %s", facts->user,
	    decision->verdict == MTLS_VERDICT_ALLOW ? "may" : "may not",
	    facts->host, facts->service, facts->method, why);
	return out;
}

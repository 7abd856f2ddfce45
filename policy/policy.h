/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The policy as data, and the decision as a pure function: what is known
 * about a login goes in, a verdict with its reason comes out. No clock, no
 * store, no name service, no log. policy_file.c makes a policy from text.
 *
 * Every member of struct policy_facts has a zero value that means "not
 * known", and facts that are not known never lead to ALLOW.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stddef.h>
#include <sys/types.h>

#include "mtls/verdict.h"

#include "network.h"

enum policy_effect { POLICY_DENY, POLICY_ALLOW };
enum policy_subject { POLICY_USER, POLICY_GROUP };

/* Where a map line takes the user's name from. */
enum policy_take {
	POLICY_TAKE_UPN,
	POLICY_TAKE_EMAIL,
	POLICY_TAKE_URI,
	POLICY_TAKE_CN,
	POLICY_TAKE_UID
};

/* Bits: how the person's channel is brought about. */
#define POLICY_METHOD_TOKEN	1u
#define POLICY_METHOD_RELAY	2u
#define POLICY_METHOD_SSHKEY	4u
#define POLICY_METHOD_CODE	8u
#define POLICY_METHOD_AGENT	16u
#define POLICY_METHOD_ANY	31u

struct policy_words {
	int any;		/* all of them; then n is 0 */
	size_t n;
	char **word;
};

struct policy_map {
	unsigned line;
	char *issuer;		/* as pattern_normalise_dn(); NULL: bound */
	enum policy_take take;
	char *tail;		/* "@realm", its end, or NULL */
	char *head;		/* what it must begin with, or NULL */
};

struct policy_group {
	unsigned line;
	char *name;
	int in_file;		/* members are listed here ... */
	struct policy_words members;
	gid_t gid;		/* ... or this group of the machine has them */
};

struct policy_rule {
	unsigned line;
	enum policy_effect effect;
	enum policy_subject subject;
	struct policy_words who;	/* users, or names of groups */
	size_t *groups;		/* index in policy.groups, for each of who */
	struct policy_words hosts;	/* patterns */
	struct policy_words services;
	unsigned methods;
	int from_any;
	size_t n_networks;
	struct network *networks;
};

struct policy {
	size_t n_maps, n_groups, n_rules;
	struct policy_map *maps;
	struct policy_group *groups;
	struct policy_rule *rules;
};

void policy_clear(struct policy *policy);
void policy_words_clear(struct policy_words *words);

/* The bit of a method's name, 0 if there is no such method. */
unsigned policy_method(const char *name);

/* Whether the word is in the list. */
int policy_has_word(const struct policy_words *words, const char *word);

/*
 * Why. reason_word() is what stands in audit, log and GRANT.reason;
 * reason_sentence() what the person at the login prompt is told.
 */
enum policy_reason {
	POLICY_REASON_NONE = 0,
	POLICY_REASON_ALLOWED,
	POLICY_REASON_CLOCK,
	POLICY_REASON_EXPIRED,
	POLICY_REASON_MALFORMED,
	POLICY_REASON_NOT_YET_VALID,
	POLICY_REASON_OUTDATED,
	POLICY_REASON_NO_ISSUER,
	POLICY_REASON_REVOKED,
	POLICY_REASON_ISSUER_REVOKED,
	POLICY_REASON_NO_REVOCATION,
	POLICY_REASON_NO_USER,
	POLICY_REASON_DISAGREE,
	POLICY_REASON_NO_BINDINGS,
	POLICY_REASON_USER,
	POLICY_REASON_PROOF,
	POLICY_REASON_METHOD,
	POLICY_REASON_RULE,
	POLICY_REASON_NO_RULE,
	POLICY_REASON_CANNOT_TELL,
	POLICY_REASON_COUNT
};
const char *policy_reason_word(enum policy_reason reason);
const char *policy_reason_sentence(enum policy_reason reason);

/* How the certificate (and those above it) stand at this moment. */
enum policy_standing {
	POLICY_STANDING_UNKNOWN = 0,	/* no usable revocation data */
	POLICY_STANDING_GOOD,
	POLICY_STANDING_MALFORMED,	/* its names cannot be used */
	POLICY_STANDING_NOT_YET_VALID,
	POLICY_STANDING_OUTDATED,
	POLICY_STANDING_NO_ISSUER,	/* its issuer is not one of ours */
	POLICY_STANDING_REVOKED,
	POLICY_STANDING_ISSUER_REVOKED,
	POLICY_STANDING_COUNT
};

enum policy_revocation { POLICY_STRICT = 0, POLICY_RELAXED };

enum policy_mapped {
	POLICY_MAPPED_NONE = 0,		/* no map line says who it is */
	POLICY_MAPPED_ONE,
	POLICY_MAPPED_DISAGREE,		/* they say different things */
	POLICY_MAPPED_MALFORMED,	/* a name that cannot be a user's */
	POLICY_MAPPED_NO_BINDINGS,	/* the bindings cannot be read */
	POLICY_MAPPED_COUNT
};

enum policy_answer {
	POLICY_CANNOT_TELL = 0,
	POLICY_NO,
	POLICY_YES
};

enum policy_challenge {
	POLICY_CHALLENGE_UNKNOWN = 0,	/* the clock cannot be read */
	POLICY_CHALLENGE_OPEN,
	POLICY_CHALLENGE_EXPIRED,
	POLICY_CHALLENGE_COUNT
};

struct policy_facts {
	/* What the machine opened. */
	enum policy_challenge challenge;
	const char *user, *service, *host, *method, *rhost;
	/* What the person restated. */
	const char *proof_user, *proof_service, *proof_host;
	/* What the certificate is worth. */
	enum policy_standing standing;
	enum policy_revocation revocation;
	enum policy_mapped mapped;
	const char *mapped_user;
	/* What this machine knows about the user: root, or uid 0. */
	enum policy_answer superuser;
	/* For each of policy.groups: is the user a member. */
	const enum policy_answer *member;
};

struct policy_decision {
	enum mtls_verdict verdict;
	enum policy_reason reason;
	unsigned line;		/* of the rule, 0 where none spoke */
};

/*
 * The decision. ALLOW is made here and nowhere else: only for an open
 * challenge that the person restated exactly, a certificate in good standing
 * that stands for exactly one user, who is the challenge's, and an allow rule
 * that is the first to match. root, and whoever has its uid, needs a rule
 * that names them ("allow user root").
 */
struct policy_decision policy_decide(const struct policy *policy,
    const struct policy_facts *facts);

/*
 * Whether any person at all could be allowed this: asked before a PIN is.
 * Does not look at users and groups, so that it says nothing about them.
 */
int policy_is_possible(const struct policy *policy, const char *service,
    const char *host, const char *method, const char *rhost);

#endif

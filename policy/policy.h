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
#include <stdint.h>
#include <sys/types.h>

#include "mtls/message.h"
#include "mtls/verdict.h"

#include "network.h"
#include "within.h"

enum policy_effect { POLICY_DENY, POLICY_ALLOW };
enum policy_subject { POLICY_USER, POLICY_GROUP };

/* Where a map line takes the user's name from. */
enum policy_take {
	POLICY_TAKE_UPN,
	POLICY_TAKE_EMAIL,
	POLICY_TAKE_URI,
	POLICY_TAKE_CN,
	POLICY_TAKE_UID,
	POLICY_TAKE_SERIAL_NUMBER	/* the subject's attribute */
};

/* What a map line goes by. */
enum policy_map_kind {
	POLICY_MAP_BOUND,	/* whoever this certificate is bound to */
	POLICY_MAP_NAME,	/* the name that it takes */
	POLICY_MAP_SERIAL,	/* one certificate, by its serial number */
	POLICY_MAP_KEY_ID	/* one key, by subjectKeyIdentifier */
};

/* Bits: how the person's channel is brought about. */
#define POLICY_METHOD_TOKEN	1u
#define POLICY_METHOD_RELAY	2u
#define POLICY_METHOD_SSHKEY	4u
#define POLICY_METHOD_CODE	8u
#define POLICY_METHOD_AGENT	16u
/* A code that was made before there was a login to answer. */
#define POLICY_METHOD_MINT	32u
/* Nobody means codes, minted or not, or an ssh-agent who allows any method:
 * a person can be talked out of the former, and the latter signs for whoever
 * is root on the way. Who denies any does. */
#define POLICY_METHOD_ANY	7u
#define POLICY_METHOD_ALL	63u

/*
 * For codes: what it means that a login does not come from the network of
 * the person's own connection, or that this cannot be told.
 */
enum policy_network {
	POLICY_NETWORK_WARN = 0,	/* the person is told, and the log */
	POLICY_NETWORK_REQUIRE,		/* it is denied */
	POLICY_NETWORK_OFF
};

struct policy_words {
	int any;		/* all of them; then n is 0 */
	size_t n;
	char **word;
};

struct policy_map {
	unsigned line;
	enum policy_map_kind kind;
	char *issuer;		/* as pattern_normalise_dn(); NULL: bound */
	/* NAME */
	enum policy_take take;
	char *tail;		/* "@realm", its end, or NULL */
	char *head;		/* what it must begin with, or NULL */
	int and_bound;		/* the binding must say the same */
	/* SERIAL, KEY_ID */
	char *id;		/* lower-case hex */
	char *user;
};

/* What a certificate must have, beyond being good. */
enum policy_require {
	POLICY_REQUIRE_EKU,	/* an extended key usage */
	POLICY_REQUIRE_POLICY,	/* a certificate policy */
	POLICY_REQUIRE_KEY,	/* at least so many bits, if of that kind */
	POLICY_REQUIRE_AGE	/* at most so long since notBefore */
};

enum policy_key { POLICY_KEY_OTHER = 0, POLICY_KEY_RSA, POLICY_KEY_EC };

struct policy_requirement {
	unsigned line;
	enum policy_require what;
	char *oid;		/* EKU, POLICY: dotted */
	enum policy_key key;
	unsigned bits;
	int64_t age_s;
};

struct policy_requirements {
	size_t n;
	struct policy_requirement *of;
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
	char *text;		/* the line, blanks and comments aside */
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
	struct within *within;	/* NULL: at any time */
	size_t zone;		/* index in policy.zones, where within is */
	enum policy_network network;	/* of codes */
	struct policy_requirements require;
};

struct policy {
	size_t n_maps, n_groups, n_rules, n_zones;
	struct policy_map *maps;
	struct policy_group *groups;
	struct policy_rule *rules;
	struct zone **zones;
	struct policy_requirements require;	/* of every login */
	unsigned warn_days;	/* before expiry; 0: never */
};

void policy_clear(struct policy *policy);
void policy_words_clear(struct policy_words *words);
void policy_requirements_clear(struct policy_requirements *require);

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
	POLICY_REASON_REVOKED_HERE,
	POLICY_REASON_NO_REVOCATION,
	POLICY_REASON_NO_USER,
	POLICY_REASON_DISAGREE,
	POLICY_REASON_NO_BINDINGS,
	POLICY_REASON_NOT_BOUND,
	POLICY_REASON_USER,
	POLICY_REASON_PROOF,
	POLICY_REASON_METHOD,
	POLICY_REASON_PURPOSE,		/* requirements that are not met */
	POLICY_REASON_POLICY,
	POLICY_REASON_KEY,
	POLICY_REASON_AGE,
	POLICY_REASON_RULE,
	POLICY_REASON_NO_RULE,
	POLICY_REASON_CANNOT_TELL,
	POLICY_REASON_NETWORK,		/* a code, and another network */
	POLICY_REASON_CODE,		/* it is not the one */
	POLICY_REASON_DECLINED,		/* by the person */
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
	POLICY_STANDING_REVOKED_HERE,	/* by an administrator of ours */
	POLICY_STANDING_COUNT
};

enum policy_revocation { POLICY_STRICT = 0, POLICY_RELAXED };

enum policy_mapped {
	POLICY_MAPPED_NONE = 0,		/* no map line says who it is */
	POLICY_MAPPED_ONE,
	POLICY_MAPPED_DISAGREE,		/* they say different things */
	POLICY_MAPPED_MALFORMED,	/* a name that cannot be a user's */
	POLICY_MAPPED_NO_BINDINGS,	/* the bindings cannot be read */
	POLICY_MAPPED_NOT_BOUND,	/* named, and bound to nobody */
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

/* What requirements look at. */
struct policy_certificate {
	struct mtls_texts eku, policies;	/* borrowed, dotted */
	enum policy_key key;
	unsigned bits;
	int64_t not_before_s, not_after_s;
};

struct policy_facts {
	int64_t now_s;		/* 0: the clock cannot be read */
	/* What the machine opened. */
	enum policy_challenge challenge;
	const char *user, *service, *host, *method, *rhost;
	/* What the person restated. */
	const char *proof_user, *proof_service, *proof_host, *proof_method;
	/* What the certificate is worth. */
	enum policy_standing standing;
	enum policy_revocation revocation;
	enum policy_mapped mapped;
	const char *mapped_user;
	const struct policy_certificate *certificate;
	/* What this machine knows about the user: root, or uid 0. */
	enum policy_answer superuser;
	/* For each of policy.groups: is the user a member. */
	const enum policy_answer *member;
	/* For codes: policy_same_network(). */
	enum policy_answer same_network;
};

struct policy_decision {
	enum mtls_verdict verdict;
	enum policy_reason reason;
	unsigned line;		/* of what decided, 0 where no line did */
	unsigned expires_days;	/* ALLOW: warn that it expires within so many
				 * days; 0: no warning */
	enum policy_network network;	/* ALLOW: what the rule says of it */
};

/*
 * The decision. ALLOW is made here and nowhere else: only for an open
 * challenge that the person restated exactly, a certificate in good standing
 * that stands for exactly one user, who is the challenge's, that meets every
 * requirement, and an allow rule that is the first to match. root, and
 * whoever has its uid, needs a rule that names them ("allow user root").
 */
struct policy_decision policy_decide(const struct policy *policy,
    const struct policy_facts *facts);

/*
 * Whether the address that a login claims to come from is in the network of
 * another: the same /24 of IPv4, or /48 of IPv6. What is not an address
 * cannot be told.
 */
enum policy_answer policy_same_network(const char *rhost,
    const char *source);

/* The parts of a rule, in the order in which they are looked at. */
enum policy_clause {
	POLICY_CLAUSE_NONE = 0,
	POLICY_CLAUSE_WHO,
	POLICY_CLAUSE_ROOT,	/* root, and the rule does not name it */
	POLICY_CLAUSE_ON,
	POLICY_CLAUSE_FOR,
	POLICY_CLAUSE_BY,
	POLICY_CLAUSE_FROM,
	POLICY_CLAUSE_WITHIN,
	POLICY_CLAUSE_COUNT
};

/* Whether a rule matches; if not, the first of its parts that does not. */
struct policy_match {
	enum policy_answer answer;
	enum policy_clause clause;
};

/*
 * The same decision, and how it came about: *ret_n_asked rules were asked,
 * and what they said is in matches, which has room for policy->n_rules. The
 * last of them is the one that decided, unless the reason is NO_RULE.
 */
struct policy_decision policy_decide_traced(const struct policy *policy,
    const struct policy_facts *facts, struct policy_match *matches,
    size_t *ret_n_asked);

/* Room for "The certificate on this card expires in 3650 days. ..." */
#define POLICY_MESSAGE_MAX 128

/*
 * What the person is told: why not, or a warning, or "". Returns out.
 */
char *policy_message(const struct policy_decision *decision,
    char out[POLICY_MESSAGE_MAX]);

/*
 * Whether any person at all could be allowed this: asked before a PIN is.
 * Does not look at users, groups and certificates, so that it says nothing
 * about them.
 */
int policy_is_possible(const struct policy *policy, const char *service,
    const char *host, const char *method, const char *rhost, int64_t now_s);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Which token buckets a request takes from. A MUST:
 *  1. nothing that was done without the card of a person is charged to that
 *     person or card (T057_strangers_* in tests/unit/test_limit.c): what
 *     blocks a person's logins is charged by proofs of certificates in good
 *     standing that stand for that person, what blocks a card by proofs of
 *     that certificate;
 *  2. machines and addresses are charged for what they open, and for the
 *     failed logins that they were part of; they are asked before a PIN is,
 *     never at a proof;
 *  3. what the verifier cannot tell is nobody's failure;
 *  4. what a machine says of a key is charged to the machine: nobody here has
 *     seen it sign (T057_what_a_machine_tells in the same file);
 *  5. a code can be guessed without a card: wrong ones have buckets of their
 *     own, which stop codes and no card (T160_* in test_verifier_codes.c).
 */
#ifndef VERIFIER_LIMIT_H
#define VERIFIER_LIMIT_H

#include "mtls/log.h"

#include "metrics.h"
#include "policy.h"
#include "settings.h"
#include "store/store.h"

enum limit {
	/* Failed logins. */
	LIMIT_USER_FAILURES = 0,
	LIMIT_CARD_FAILURES,
	LIMIT_MACHINE_FAILURES,
	LIMIT_SOURCE_FAILURES,
	LIMIT_CODE_FAILURES,		/* of codes, and for them only */
	/* Logins that were begun. */
	LIMIT_MACHINE_CHALLENGES,
	LIMIT_ORIGIN_CHALLENGES,
	LIMIT_SOURCE_CHALLENGES,
	LIMIT_CODE_REQUESTS,
	LIMIT_OPEN_CHALLENGES,		/* at one time; not a bucket */
	LIMIT_CERTIFICATES,		/* asked for; of one challenge */
	LIMIT_COUNT
};

/* "user-failures": its setting, and its label in the metrics. */
const char *limit_word(enum limit limit);

/* What is told with a 429: a reason, and a sentence for the machine's log. */
const char *limit_reason(enum limit limit);
const char *limit_message(enum limit limit);

#define LIMITS_TEXT_MAX 2048

/* The buckets of one operation, and the texts of their names. */
struct limits {
	struct store_limit items[STORE_LIMITS_MAX];
	enum limit which[STORE_LIMITS_MAX];
	size_t n;
	char text[LIMITS_TEXT_MAX];
	size_t used;
};

/* Who opens a challenge. */
struct limits_opening {
	/* By its certificate; a hash of that where it is in no standing. */
	const char *host;
	const char *source;		/* its address */
	const char *rhost, *ruser;	/* where the login comes from */
};
void limits_of_opening(struct limits *l, const struct settings *s,
    const struct limits_opening *who);

/* Who proves something. */
struct limits_proof {
	const char *sha256;		/* of the certificate */
	/* For whom it stands, in good standing; NULL: for nobody. */
	const char *user;
	const char *host;		/* that opened; NULL: none did */
	const char *source;		/* the address of the proof */
	/* The machine says that the key has signed, and not to us. */
	int is_told;
};
/* is_failure: what limits_counts() says of the decision. */
void limits_of_proof(struct limits *l, const struct settings *s,
    const struct limits_proof *who, int is_failure);

/* How often certificates may be asked for with a challenge; its id in hex. */
#define LIMITS_CERTIFICATES 8
void limits_of_certificates(struct limits *l, const char *challenge);

/*
 * Wrong codes that were typed for user, by whomever; cost is that of one
 * more. They are looked at by what has to do with codes and by nothing else.
 */
void limits_of_codes(struct limits *l, const struct settings *s,
    const char *user, uint32_t cost);
/* What somebody with this certificate asks for about codes. */
void limits_of_code_requests(struct limits *l, const struct settings *s,
    const char *sha256);

/* Whether a decision for this reason is somebody's failure. */
int limits_counts(enum policy_reason reason);

/* Which of them refused. */
enum limit limits_which(const struct limits *l,
    const struct store_limit *limited);

/* --- what is said of them --- */

struct limits_log {
	struct {
		int64_t said_ms;	/* 0: never */
		uint64_t n_unsaid;
	} of[LIMIT_COUNT];
};

/* How long a limit is silent after a line about it. */
#define LIMITS_LOG_MS 10000

/*
 * Counts it, and logs one line for each limit and window, with the number of
 * those of which nothing was said. Texts may be NULL.
 */
void limits_hit(struct limits_log *log, enum limit limit,
    const struct mtls_log *to, struct metrics *metrics,
    const struct store_record *record);

/* Says what is left to be said of windows that are over. */
void limits_log_flush(struct limits_log *log, const struct mtls_log *to);

#endif

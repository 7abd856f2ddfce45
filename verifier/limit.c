/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The names of the buckets, and what each request takes from them.
 */
#include "config.h"

#include "limit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "mtls/deadline.h"

#include "network.h"

static const struct {
	const char *word, *message;
} texts[LIMIT_COUNT] = {
	[LIMIT_USER_FAILURES] = { "user-failures",
	    "Too many failed logins of this user." },
	[LIMIT_CARD_FAILURES] = { "card-failures",
	    "Too many failed logins with this card." },
	[LIMIT_MACHINE_FAILURES] = { "machine-failures",
	    "Too many failed logins on this machine." },
	[LIMIT_SOURCE_FAILURES] = { "source-failures",
	    "Too many failed logins from this address." },
	[LIMIT_CODE_FAILURES] = { "code-failures",
	    "Too many wrong codes of this user." },
	[LIMIT_CODE_REQUESTS] = { "code-requests",
	    "Too many requests about codes with this card." },
	[LIMIT_MACHINE_CHALLENGES] = { "machine-challenges",
	    "This machine has begun too many logins." },
	[LIMIT_ORIGIN_CHALLENGES] = { "origin-challenges",
	    "Too many logins were begun from there." },
	[LIMIT_SOURCE_CHALLENGES] = { "source-challenges",
	    "Too many logins were begun at this address." },
	[LIMIT_OPEN_CHALLENGES] = { "open-challenges",
	    "This machine has too many logins under way." },
	[LIMIT_CERTIFICATES] = { "certificates",
	    "Too many certificates were asked for in this login." },
};

const char *
limit_word(enum limit limit)
{
	return texts[limit].word;
}

const char *
limit_message(enum limit limit)
{
	return texts[limit].message;
}

const char *
limit_reason(enum limit limit)
{
	return limit <= LIMIT_CODE_FAILURES ? "too-many-failures" :
	    "too-many";
}

/* The text that was formatted, kept in l; "" where it has no room. */
static const char *
keep(struct limits *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *
keep(struct limits *l, const char *format, ...)
{
	char *at = l->text + l->used;
	size_t room = sizeof(l->text) - l->used;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(at, room, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		*at = '\0';
		return at;
	}
	l->used += (size_t)n + 1;
	return at;
}

static struct store_limit *
add(struct limits *l, enum limit which, const struct mtls_conf_rate *rate,
    const char *key)
{
	struct store_limit *limit = &l->items[l->n];

	l->which[l->n++] = which;
	memset(limit, 0, sizeof(*limit));
	limit->key = key;
	limit->rate = *rate;
	return limit;
}

/* Addresses of one subscriber are one; other texts are taken as they are. */
static const char *
client_text(char out[NETWORK_TEXT_MAX], const char *text)
{
	struct network_address address;

	if (network_address_parse(text, &address) != 0)
		return text;
	if (address.family == AF_INET6)
		memset(address.bytes + 8, 0, 8);
	return network_address_text(out, &address);
}

/* The account or the remote host; nobody else's logins are slowed by it. */
static const char *
origin_key(struct limits *l, const struct limits_opening *who)
{
	char client[NETWORK_TEXT_MAX];

	if (who->rhost[0] != '\0')
		return keep(l, "origin-challenges %s from %s", who->host,
		    client_text(client, who->rhost));
	return keep(l, "origin-challenges %s by %s", who->host, who->ruser);
}

void
limits_of_opening(struct limits *l, const struct settings *s,
    const struct limits_opening *who)
{
	char client[NETWORK_TEXT_MAX];
	const char *source = client_text(client, who->source);
	struct store_limit *limit;

	l->n = l->used = 0;
	(void)add(l, LIMIT_MACHINE_CHALLENGES, &s->machine_challenges,
	    keep(l, "machine-challenges %s", who->host));
	(void)add(l, LIMIT_SOURCE_CHALLENGES, &s->source_challenges,
	    keep(l, "source-challenges %s", source));
	(void)add(l, LIMIT_ORIGIN_CHALLENGES, &s->origin_challenges,
	    origin_key(l, who));
	for (size_t i = 0; i < l->n; i++) {
		l->items[i].cost = 1;
		l->items[i].is_brief = 1;
		l->items[i].refuses = 1;
	}
	/* Only looked at: these are charged by proofs. */
	limit = add(l, LIMIT_MACHINE_FAILURES, &s->machine_failures,
	    keep(l, "machine-failures %s", who->host));
	limit->refuses = 1;
	limit = add(l, LIMIT_SOURCE_FAILURES, &s->source_failures,
	    keep(l, "source-failures %s", source));
	limit->refuses = 1;
}

void
limits_of_proof(struct limits *l, const struct settings *s,
    const struct limits_proof *who, int is_failure)
{
	char client[NETWORK_TEXT_MAX];
	const char *source = client_text(client, who->source);
	struct store_limit *limit;

	l->n = l->used = 0;
	if (who->sha256[0] != '\0') {
		limit = add(l, LIMIT_CARD_FAILURES, &s->card_failures,
		    keep(l, "card-failures %s", who->sha256));
		limit->user = who->user;
		limit->refuses = 1;
	}
	if (who->user != NULL) {
		limit = add(l, LIMIT_USER_FAILURES, &s->user_failures,
		    keep(l, "user-failures %s", who->user));
		limit->user = who->user;
		limit->refuses = 1;
	}
	for (size_t i = 0; i < l->n; i++)
		l->items[i].cost = is_failure && !who->is_told ? 1 : 0;
	if (!is_failure)
		return;
	if (who->host != NULL)
		add(l, LIMIT_MACHINE_FAILURES, &s->machine_failures,
		    keep(l, "machine-failures %s", who->host))->cost = 1;
	add(l, LIMIT_SOURCE_FAILURES, &s->source_failures,
	    keep(l, "source-failures %s", source))->cost = 1;
}

void
limits_of_certificates(struct limits *l, const char *challenge)
{
	/* Longer than any challenge lives. */
	static const struct mtls_conf_rate rate = { LIMITS_CERTIFICATES,
	    7200 };
	struct store_limit *limit;

	l->n = l->used = 0;
	limit = add(l, LIMIT_CERTIFICATES, &rate,
	    keep(l, "certificates %s", challenge));
	limit->cost = 1;
	limit->is_brief = 1;
	limit->refuses = 1;
}

void
limits_of_codes(struct limits *l, const struct settings *s, const char *user,
    uint32_t cost)
{
	struct store_limit *limit;

	l->n = l->used = 0;
	limit = add(l, LIMIT_CODE_FAILURES, &s->code_failures,
	    keep(l, "code-failures %s", user));
	limit->user = user;
	limit->cost = cost;
	limit->refuses = 1;
}

void
limits_of_code_requests(struct limits *l, const struct settings *s,
    const char *sha256)
{
	struct store_limit *limit;

	l->n = l->used = 0;
	limit = add(l, LIMIT_CODE_REQUESTS, &s->code_requests,
	    keep(l, "code-requests %s", sha256));
	limit->cost = 1;
	limit->is_brief = 1;
	limit->refuses = 1;
}

int
limits_counts(enum policy_reason reason)
{
	switch (reason) {
	case POLICY_REASON_NONE:
	case POLICY_REASON_ALLOWED:
	/* Nobody did anything wrong. */
	case POLICY_REASON_CLOCK:
	case POLICY_REASON_EXPIRED:
	case POLICY_REASON_NO_REVOCATION:
	case POLICY_REASON_NO_BINDINGS:
	case POLICY_REASON_NETWORK:
	case POLICY_REASON_DECLINED:
	/* That is charged where codes are. */
	case POLICY_REASON_CODE:
	case POLICY_REASON_CANNOT_TELL:
		return 0;
	case POLICY_REASON_MALFORMED:
	case POLICY_REASON_NOT_YET_VALID:
	case POLICY_REASON_OUTDATED:
	case POLICY_REASON_NO_ISSUER:
	case POLICY_REASON_REVOKED:
	case POLICY_REASON_REVOKED_HERE:
	case POLICY_REASON_ISSUER_REVOKED:
	case POLICY_REASON_NO_USER:
	case POLICY_REASON_DISAGREE:
	case POLICY_REASON_NOT_BOUND:
	case POLICY_REASON_USER:
	case POLICY_REASON_PROOF:
	case POLICY_REASON_METHOD:
	case POLICY_REASON_PURPOSE:
	case POLICY_REASON_POLICY:
	case POLICY_REASON_KEY:
	case POLICY_REASON_AGE:
	case POLICY_REASON_RULE:
	case POLICY_REASON_NO_RULE:
	case POLICY_REASON_COUNT:
		break;
	}
	return 1;
}

enum limit
limits_which(const struct limits *l, const struct store_limit *limited)
{
	for (size_t i = 0; i < l->n; i++) {
		if (&l->items[i] == limited)
			return l->which[i];
	}
	return LIMIT_OPEN_CHALLENGES;
}

void
limits_hit(struct limits_log *log, enum limit limit,
    const struct mtls_log *to, struct metrics *metrics,
    const struct store_record *r)
{
	int64_t now_ms = mtls_clock_ms();
	char unsaid[24];

	metrics_count(metrics, METRICS_LIMITS,
	    (struct metrics_labels){ { limit_word(limit) } });
	if (log->of[limit].said_ms != 0 &&
	    now_ms - log->of[limit].said_ms < LIMITS_LOG_MS) {
		log->of[limit].n_unsaid++;
		return;
	}
	(void)snprintf(unsaid, sizeof(unsaid), "%" PRIu64,
	    log->of[limit].n_unsaid);
	log->of[limit].said_ms = now_ms;
	log->of[limit].n_unsaid = 0;
	mtls_log_event(to, MTLS_LOG_WARNING, "limit-reached",
	    MTLS_KEY_REASON, limit_word(limit),
	    MTLS_KEY_REQUEST, r->request,
	    MTLS_KEY_USER, r->user,
	    MTLS_KEY_HOST, r->host,
	    MTLS_KEY_RHOST, r->rhost,
	    MTLS_KEY_PEER, r->source,
	    MTLS_KEY_CERT, r->certificate,
	    MTLS_KEY_SUPPRESSED, unsaid, MTLS_KEY_END);
}

void
limits_log_flush(struct limits_log *log, const struct mtls_log *to)
{
	int64_t now_ms = mtls_clock_ms();
	char unsaid[24];

	for (int i = 0; i < LIMIT_COUNT; i++) {
		if (log->of[i].n_unsaid == 0 ||
		    now_ms - log->of[i].said_ms < LIMITS_LOG_MS)
			continue;
		(void)snprintf(unsaid, sizeof(unsaid), "%" PRIu64,
		    log->of[i].n_unsaid);
		log->of[i].said_ms = now_ms;
		log->of[i].n_unsaid = 0;
		mtls_log_event(to, MTLS_LOG_WARNING, "limit-reached",
		    MTLS_KEY_REASON, limit_word((enum limit)i),
		    MTLS_KEY_SUPPRESSED, unsaid, MTLS_KEY_END);
	}
}

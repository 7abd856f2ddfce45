/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A flood of connections must not become a flood of lines.
 */
#include "config.h"

#include "crowd.h"

#include <inttypes.h>
#include <stdio.h>

#include "mtls/deadline.h"

#include "connection.h"
#include "metrics.h"

/* At most one line about each limit in this time. */
#define WINDOW_MS 10000

static const char *const words[CROWD_COUNT] = {
	[CROWD_ALL] = "max-connections",
	[CROWD_CLIENT] = "max-connections-per-address",
	[CROWD_HALF_OPEN] = "max-half-open",
};

/*
 * The oldest has to go: an honest handshake takes milliseconds, so that it
 * is the last to be found here, whoever the others are.
 */
struct connection *
crowd_enter(struct crowd *crowd, struct crowd_place *place,
    struct connection *who)
{
	place->who0 = who;
	TAILQ_INSERT_TAIL(&crowd->places, place, beside);
	crowd->n++;
	if (crowd->n <= crowd->max)
		return NULL;
	return TAILQ_FIRST(&crowd->places)->who0;
}

void
crowd_leave(struct crowd *crowd, struct crowd_place *place)
{
	if (place->who0 == NULL)
		return;
	TAILQ_REMOVE(&crowd->places, place, beside);
	place->who0 = NULL;
	crowd->n--;
}

/* What is said now stands for those that were not said, too. */
static void
say(struct connections *all, enum crowd_limit limit, const char *peer0,
    int64_t now_ms)
{
	uint64_t n = all->crowd.of[limit].n_unsaid;
	char unsaid[24];

	(void)snprintf(unsaid, sizeof(unsaid), "%" PRIu64, n);
	all->crowd.of[limit].said_ms = now_ms;
	all->crowd.of[limit].n_unsaid = 0;
	mtls_log_event(all->log, MTLS_LOG_WARNING, "too-many-connections",
	    MTLS_KEY_PEER, peer0, MTLS_KEY_REASON, words[limit],
	    MTLS_KEY_SUPPRESSED, n == 0 ? NULL : unsaid, MTLS_KEY_END);
}

void
crowd_complain(struct connections *all, enum crowd_limit limit,
    const char *peer0)
{
	int64_t now_ms = mtls_clock_ms();
	int64_t said_ms = all->crowd.of[limit].said_ms;

	metrics_count(all->metrics, METRICS_LIMITS,
	    (struct metrics_labels){ { words[limit] } });
	if (said_ms != 0 && now_ms - said_ms < WINDOW_MS)
		all->crowd.of[limit].n_unsaid++;
	else
		say(all, limit, peer0, now_ms);
}

void
crowd_flush(struct connections *all, int64_t now_ms)
{
	for (int i = 0; i < CROWD_COUNT; i++) {
		if (all->crowd.of[i].n_unsaid > 0 &&
		    now_ms - all->crowd.of[i].said_ms >= WINDOW_MS)
			say(all, (enum crowd_limit)i, NULL, now_ms);
	}
}

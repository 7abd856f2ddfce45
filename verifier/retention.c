/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Dropping in pieces: each is one operation among those of logins.
 */
#include "config.h"

#include "retention.h"

#include <stdio.h>
#include <time.h>

#include "mtls/audit_chain.h"
#include "mtls/deadline.h"
#include "mtls/text.h"

#define INTERVAL_MS	(3600 * 1000)
#define DAY_S		(24 * 3600)
/* A log line says so where nothing was recorded for so long. */
#define LONG_AGO_S	(30 * (int64_t)DAY_S)
/* What the clocks of several verifiers may differ by. */
#define SKEW_S		60

static void
fail(struct retention *r)
{
	mtls_log_err(r->log, MTLS_LOG_ERR, "state-failed", &r->op.err,
	    MTLS_KEY_END);
}

static void
log_base(const struct retention *r, const struct mtls_msg_admin_head *head)
{
	char n[32], seq[24], hash[2 * MTLS_AUDIT_HASH_BYTES + 1];

	(void)snprintf(n, sizeof(n), "%lld records", (long long)r->n);
	(void)snprintf(seq, sizeof(seq), "%llu",
	    (unsigned long long)head->base_seq);
	mtls_log_event(r->log, MTLS_LOG_NOTICE, "audit-dropped",
	    MTLS_KEY_VERIFIER, head->verifier, MTLS_KEY_SEQ, seq,
	    MTLS_KEY_HASH, mtls_hex_encode(hash, head->base_hash.data,
	    MTLS_AUDIT_HASH_BYTES), MTLS_KEY_REASON, n, MTLS_KEY_END);
}

/* Where the chain begins now, for a log that the database knows not of. */
static void
on_head(struct store_op *op)
{
	struct retention *r = op->arg;

	if (op->status != MTLS_OK)
		fail(r);
	else if (op->n_rows == 1)
		log_base(r, &op->rows[0].u.admin_head);
	store_op_clear(op);
	r->is_busy = 0;
}

static void
on_dropped(struct store_op *op)
{
	struct retention *r = op->arg;
	int is_more = op->status == MTLS_OK && op->n == STORE_DROP_MAX &&
	    !r->is_ending;

	if (op->status != MTLS_OK)
		fail(r);
	r->n += op->n;
	store_op_clear(op);
	if (!is_more && r->n == 0) {
		r->is_busy = 0;
		return;
	}
	if (!is_more) {
		op->kind = STORE_HEAD_FIND;
		op->done = on_head;
	}
	store_submit(r->port, op);
}

int64_t
retention_now_s(const struct throttle_clock *clock, int64_t newest_s,
    int64_t boot_us, int64_t wall_s)
{
	int64_t steady_us = throttle_now_us(clock, boot_us), now_s, bound_s;

	if (steady_us < 0)
		return -1;
	now_s = steady_us / 1000000;
	if (wall_s < now_s)
		now_s = wall_s;
	bound_s = newest_s + DAY_S + (boot_us - clock->boot_us) / 1000000;
	return newest_s > 0 && bound_s < now_s ? bound_s : now_s;
}

/* One of the two is wrong, or the verifier was away for long. */
static void
compare_with_newest(const struct retention *r)
{
	int64_t ahead_s = (int64_t)time(NULL) - r->newest_s;
	char text[80];

	if (r->newest_s == 0 || (ahead_s >= -SKEW_S && ahead_s <= LONG_AGO_S))
		return;
	(void)snprintf(text, sizeof(text), "%lld s %s the last record",
	    (long long)(ahead_s < 0 ? -ahead_s : ahead_s),
	    ahead_s < 0 ? "before" : "after");
	mtls_log_event(r->log, MTLS_LOG_WARNING, ahead_s < 0 ?
	    "clock-behind" : "clock-ahead", MTLS_KEY_REASON, text,
	    MTLS_KEY_END);
}

static void
on_newest(struct store_op *op)
{
	struct retention *r = op->arg;

	r->is_busy = 0;
	if (op->status != MTLS_OK) {
		fail(r);
	} else {
		r->knows_newest = 1;
		if (op->n_rows > 0)
			r->newest_s = (int64_t)
			    (op->rows[0].u.admin_record.time_ms / 1000);
		compare_with_newest(r);
	}
	store_op_clear(op);
	if (r->knows_newest && !r->is_ending)
		retention_look(r, r->keep_s);
}

static void
ask_for_newest(struct retention *r)
{
	struct store_filter *f = &r->op.filter;

	r->is_busy = 1;
	f->user = f->host = f->service = f->decision = f->event =
	    f->reason = "";
	f->since_ms = f->until_ms = f->after = 0;
	f->limit = 1;
	r->op.kind = STORE_RECORD_LIST;
	r->op.arg = r;
	r->op.done = on_newest;
	store_submit(r->port, &r->op);
}

void
retention_look(struct retention *r, uint32_t keep_s)
{
	int64_t now_ms = mtls_clock_ms(), now_s;

	r->keep_s = keep_s;
	if (r->is_busy)
		return;
	if (!r->knows_newest) {
		ask_for_newest(r);
		return;
	}
	now_s = retention_now_s(r->clock, r->newest_s, mtls_clock_us(),
	    time(NULL));
	if (keep_s == 0 || now_ms < 0 || now_s < (int64_t)keep_s)
		return;
	if (r->looked_ms != 0 && now_ms - r->looked_ms < INTERVAL_MS)
		return;
	r->looked_ms = now_ms;
	r->is_busy = 1;
	r->n = 0;
	r->op.kind = STORE_RECORD_DROP;
	r->op.filter.until_ms = (now_s - (int64_t)keep_s) * 1000;
	r->op.user = r->verifier;
	r->op.arg = r;
	r->op.done = on_dropped;
	store_submit(r->port, &r->op);
}

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
retention_now_s(const struct throttle_clock *clock, int64_t boot_us,
    int64_t wall_s)
{
	int64_t steady_s = throttle_now_us(clock, boot_us) / 1000000;

	return steady_s < wall_s ? steady_s : wall_s;
}

void
retention_look(struct retention *r, uint32_t keep_s)
{
	int64_t now_ms = mtls_clock_ms();
	int64_t now_s = retention_now_s(r->clock, mtls_clock_us(),
	    time(NULL));

	if (keep_s == 0 || r->is_busy || now_ms < 0 || now_s < (int64_t)keep_s)
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

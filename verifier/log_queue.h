/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The log of a program with event loops: whoever reads standard error may
 * stop to read, and no loop must wait for that. Lines are put into a queue
 * and written by a thread. Where the queue is full, lines are dropped, and how
 * many is the next line that can be written: what must not be lost is in the
 * audit, which is elsewhere.
 */
#ifndef VERIFIER_LOG_QUEUE_H
#define VERIFIER_LOG_QUEUE_H

#include <stdint.h>

#include "mtls/log.h"
#include "mtls/status.h"

struct log_queue;

/* What may wait: bytes of lines. */
#define LOG_QUEUE_MAX (512 * 1024)

/*
 * to (borrowed) gets the lines, one at a time and in order, from a thread of
 * ours, and may block. The queue is there until the process ends, for others
 * may log for as long.
 */
enum mtls_status log_queue_new(const struct mtls_log *to,
    struct log_queue **ret, struct mtls_err *err);

/* An mtls_log_sink_fn; arg is the queue. Never blocks. */
void log_queue_put(void *arg, enum mtls_log_level level, const char *line);

/*
 * Waits until all that was put before is written, for at most so long. Returns
 * 0 if it was not.
 */
int log_queue_flush(struct log_queue *q, unsigned wait_ms);

/* Lines that were dropped, since it was made. q may be NULL. */
uint64_t log_queue_n_dropped(struct log_queue *q);

#endif

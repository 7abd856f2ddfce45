/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Clock readings, nothing else: a clock that fails leaves a phase out.
 */
#include "config.h"

#include "client/trace.h"

#include <string.h>

#include "mtls/deadline.h"

void
trace_start(struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	trace->zero_us = mtls_clock_us();
	trace_begin(trace, TRACE_TOTAL);
}

void
trace_begin(struct trace *trace, enum trace_phase phase)
{
	if (trace != NULL && trace->phase[phase].begin_us == 0)
		trace->phase[phase].begin_us = mtls_clock_us();
}

void
trace_end(struct trace *trace, enum trace_phase phase)
{
	if (trace != NULL && trace->phase[phase].end_us == 0)
		trace->phase[phase].end_us = mtls_clock_us();
}

void
trace_restart(struct trace *trace, enum trace_phase phase)
{
	if (trace != NULL && trace->phase[phase].end_us == 0)
		trace->phase[phase].begin_us = mtls_clock_us();
}

const char *
trace_name(enum trace_phase phase)
{
	static const char *const names[TRACE_COUNT] = {
		"connect", "device-handshake", "challenge", "preflight",
		"token-open", "certificates", "pin", "token-login",
		"user-handshake", "sign", "proof", "grant", "total"
	};

	return names[phase];
}

int
trace_get(const struct trace *trace, enum trace_phase phase,
    uint64_t *ret_begin_us, uint64_t *ret_end_us)
{
	int64_t begin = trace->phase[phase].begin_us;
	int64_t end = trace->phase[phase].end_us;

	if (trace->zero_us <= 0 || begin < trace->zero_us || end < begin)
		return 0;
	*ret_begin_us = (uint64_t)(begin - trace->zero_us);
	*ret_end_us = (uint64_t)(end - trace->zero_us);
	return 1;
}

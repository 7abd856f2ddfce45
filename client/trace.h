/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * How long each phase of a login took, counted from the LOGIN message.
 */
#ifndef CLIENT_TRACE_H
#define CLIENT_TRACE_H

#include <stdint.h>

enum trace_phase {
	TRACE_CONNECT,		/* to the verifier's device listener */
	TRACE_DEVICE_HANDSHAKE,
	TRACE_CHALLENGE,
	TRACE_PREFLIGHT,	/* of the user listener */
	TRACE_TOKEN_OPEN,	/* mtls-token, until it has been told all */
	TRACE_CERTIFICATES,
	TRACE_PIN,		/* the person types */
	TRACE_TOKEN_LOGIN,
	TRACE_USER_HANDSHAKE,
	TRACE_SIGN,		/* a part of the user handshake */
	TRACE_PROOF,
	TRACE_GRANT,
	TRACE_TOTAL,
	TRACE_COUNT
};

struct trace {
	int64_t zero_us;
	struct {
		int64_t begin_us, end_us;	/* 0 = never */
	} phase[TRACE_COUNT];
};

void trace_start(struct trace *trace);
/* The first begin and the first end of a phase count; trace may be NULL. */
void trace_begin(struct trace *trace, enum trace_phase phase);
void trace_end(struct trace *trace, enum trace_phase phase);
/* The phase begins now, unless it has ended. */
void trace_restart(struct trace *trace, enum trace_phase phase);
const char *trace_name(enum trace_phase phase);

/*
 * Whether the phase began and ended, and when, in microseconds since the
 * LOGIN.
 */
int trace_get(const struct trace *trace, enum trace_phase phase,
    uint64_t *ret_begin_us, uint64_t *ret_end_us);

#endif

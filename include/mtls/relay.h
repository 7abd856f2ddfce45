/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The records of a relay, PROTOCOL.md section 3: bytes of the user channel
 * in the questions and answers of a conversation. Shared by the gateway's
 * side (mtls-helper) and the user's.
 */
#ifndef MTLS_RELAY_H
#define MTLS_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include "mtls/status.h"

#define MTLS_RELAY_MARKER	"mtls-relay/"
#define MTLS_RELAY_PROMPT_MAX	8000u	/* characters */
#define MTLS_RELAY_ANSWER_MAX	1000u
#define MTLS_RELAY_PROMPT_BYTES	5952u	/* of data in one */
#define MTLS_RELAY_ANSWER_BYTES	732u
#define MTLS_RELAY_REASON_MAX	200u	/* bytes of the data of a "fail" */

/* In one conversation. */
#define MTLS_RELAY_PROMPTS	32u
#define MTLS_RELAY_CONNECTIONS	4u
#define MTLS_RELAY_TO_VERIFIER	16384u	/* bytes */
#define MTLS_RELAY_FROM_VERIFIER 65536u

enum mtls_relay_flag {
	MTLS_RELAY_HELLO = 0,	/* prompt */
	MTLS_RELAY_IDLE,	/* both */
	MTLS_RELAY_MORE,	/* both */
	MTLS_RELAY_END,		/* prompt */
	MTLS_RELAY_DONE,	/* answer */
	MTLS_RELAY_FAIL		/* answer */
};

struct mtls_relay_record {
	unsigned seq;		/* below MTLS_RELAY_PROMPTS */
	unsigned connection;	/* 0..MTLS_RELAY_CONNECTIONS */
	enum mtls_relay_flag flag;
	size_t len;
	uint8_t data[MTLS_RELAY_PROMPT_BYTES];
};

/*
 * The record as text, NUL-terminated; out has room for the MAX above and the
 * NUL. USAGE where it is none: a flag of the other side's, a number or a
 * length out of its range, data where none belongs or none where some does.
 */
enum mtls_status mtls_relay_format_prompt(const struct mtls_relay_record *r,
    char out[MTLS_RELAY_PROMPT_MAX + 1], struct mtls_err *err);
enum mtls_status mtls_relay_format_answer(const struct mtls_relay_record *r,
    char out[MTLS_RELAY_ANSWER_MAX + 1], struct mtls_err *err);

/* Whether a prompt is one of a relay, or of what claims to be one. */
int mtls_relay_is_prompt(const char *text);

/*
 * The one record in a prompt, whatever is around it; an answer, which is a
 * record and nothing else. PROTOCOL with the reason; *ret is then undefined.
 * SEQ and CONNECTION are in range, and compared with what is expected by the
 * caller. What comes back is as the functions above would format it.
 */
enum mtls_status mtls_relay_parse_prompt(const char *text,
    struct mtls_relay_record *ret, struct mtls_err *err);
enum mtls_status mtls_relay_parse_answer(const char *text,
    struct mtls_relay_record *ret, struct mtls_err *err);

#endif

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtls-relay/1:SEQ:CONNECTION:FLAG:DATA;
 *
 * MUST: read one form only, the one that is written (PROTOCOL.md 3.2), and
 * nothing beyond the limits of the side that it comes from.
 */
#include "config.h"

#include "mtls/relay.h"

#include <stdio.h>
#include <string.h>

#include "mtls/base64.h"
#include "mtls/text.h"

#define HEAD_MAX	32	/* up to and with the last ':' */

enum side { PROMPT = 0, ANSWER };

/* How much data a flag has: at least and at most, for each side. */
static const struct {
	const char *word;
	int side[2];		/* whether it is this side's */
	size_t min, max[2];
} flags[] = {
	[MTLS_RELAY_HELLO] = { "hello", { 1, 0 }, 1,
	    { MTLS_RELAY_PROMPT_BYTES, 0 } },
	[MTLS_RELAY_IDLE] = { "idle", { 1, 1 }, 0,
	    { MTLS_RELAY_PROMPT_BYTES, MTLS_RELAY_ANSWER_BYTES } },
	[MTLS_RELAY_MORE] = { "more", { 1, 1 }, 1,
	    { MTLS_RELAY_PROMPT_BYTES, MTLS_RELAY_ANSWER_BYTES } },
	[MTLS_RELAY_END] = { "end", { 1, 0 }, 0,
	    { MTLS_RELAY_PROMPT_BYTES, 0 } },
	[MTLS_RELAY_DONE] = { "done", { 0, 1 }, 0, { 0, 0 } },
	[MTLS_RELAY_FAIL] = { "fail", { 0, 1 }, 0,
	    { 0, MTLS_RELAY_REASON_MAX } },
};

#define N_FLAGS		(sizeof(flags) / sizeof(flags[0]))

/* Why it is no record of this side's; NULL where it is one. */
static const char *
fault_of(const struct mtls_relay_record *r, enum side side)
{
	size_t flag = (size_t)r->flag;

	if (flag >= N_FLAGS || !flags[flag].side[side])
		return "a flag of the other side's";
	if (r->seq >= MTLS_RELAY_PROMPTS)
		return "the sequence number is too high";
	if (r->connection > MTLS_RELAY_CONNECTIONS)
		return "too many connections";
	if ((r->flag == MTLS_RELAY_HELLO) != (side == PROMPT && r->seq == 0))
		return "hello is the first prompt and no other";
	if (r->flag == MTLS_RELAY_HELLO && r->connection != 0)
		return "hello belongs to no connection";
	if (r->len > flags[flag].max[side])
		return "too much data";
	if (r->len < flags[flag].min)
		return "data is missing";
	if (r->flag == MTLS_RELAY_FAIL &&
	    !mtls_text_is_line((const char *)r->data, r->len))
		return "the reason is not a line of text";
	return NULL;
}

static enum mtls_status
format(const struct mtls_relay_record *r, enum side side, char *out,
    struct mtls_err *err)
{
	const char *fault = fault_of(r, side);
	int n;

	if (fault != NULL)
		return mtls_fail(err, MTLS_E_USAGE, "relay: %s", fault);
	n = snprintf(out, HEAD_MAX, MTLS_RELAY_MARKER "1:%u:%u:%s:", r->seq,
	    r->connection, flags[r->flag].word);
	(void)mtls_base64_encode(out + n, r->data, r->len);
	memcpy(out + strlen(out), ";", 2);
	return MTLS_OK;
}

enum mtls_status
mtls_relay_format_prompt(const struct mtls_relay_record *r,
    char out[MTLS_RELAY_PROMPT_MAX + 1], struct mtls_err *err)
{
	return format(r, PROMPT, out, err);
}

enum mtls_status
mtls_relay_format_answer(const struct mtls_relay_record *r,
    char out[MTLS_RELAY_ANSWER_MAX + 1], struct mtls_err *err)
{
	return format(r, ANSWER, out, err);
}

/* --- reading --- */

/* One or two digits and a ':', without a leading zero. */
static const char *
parse_number(const char *p, unsigned *ret)
{
	size_t n = strspn(p, "0123456789");

	if (n == 0 || n > 2 || (n == 2 && p[0] == '0') || p[n] != ':')
		return NULL;
	*ret = (unsigned)(p[0] - '0');
	if (n == 2)
		*ret = *ret * 10 + (unsigned)(p[1] - '0');
	return p + n + 1;
}

static const char *
parse_flag(const char *p, enum mtls_relay_flag *ret)
{
	size_t i, n;

	for (i = 0; i < N_FLAGS; i++) {
		n = strlen(flags[i].word);
		if (strncmp(p, flags[i].word, n) == 0 && p[n] == ':') {
			*ret = (enum mtls_relay_flag)i;
			return p + n + 1;
		}
	}
	return NULL;
}

/* Up to the ';', to which *ret_end points afterwards. */
static enum mtls_status
parse(const char *text, enum side side, struct mtls_relay_record *ret,
    const char **ret_end, struct mtls_err *err)
{
	static const char marker[] = MTLS_RELAY_MARKER;
	const char *fault, *p = text + sizeof(marker) - 1;
	size_t len;

	if (strncmp(text, marker, sizeof(marker) - 1) != 0)
		return mtls_fail(err, MTLS_E_PROTOCOL, "relay: no record");
	if (p[0] != '1' || p[1] != ':')
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: another version");
	if ((p = parse_number(p + 2, &ret->seq)) == NULL ||
	    (p = parse_number(p, &ret->connection)) == NULL ||
	    (p = parse_flag(p, &ret->flag)) == NULL)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: a record that cannot be read");
	len = strcspn(p, ";");
	if (p[len] != ';' || mtls_base64_decode(ret->data,
	    side == PROMPT ? MTLS_RELAY_PROMPT_BYTES :
	    MTLS_RELAY_ANSWER_BYTES, p, len, &ret->len) == -1)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: the data of a record cannot be read");
	fault = fault_of(ret, side);
	if (fault != NULL)
		return mtls_fail(err, MTLS_E_PROTOCOL, "relay: %s", fault);
	*ret_end = p + len;
	return MTLS_OK;
}

int
mtls_relay_is_prompt(const char *text)
{
	return strstr(text, MTLS_RELAY_MARKER) != NULL;
}

enum mtls_status
mtls_relay_parse_prompt(const char *text, struct mtls_relay_record *ret,
    struct mtls_err *err)
{
	const char *end, *begin = strstr(text, MTLS_RELAY_MARKER);

	if (begin == NULL)
		return mtls_fail(err, MTLS_E_PROTOCOL, "relay: no record");
	if (parse(begin, PROMPT, ret, &end, err) != MTLS_OK)
		return err->status;
	if (mtls_relay_is_prompt(end))
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: two records in one prompt");
	return MTLS_OK;
}

enum mtls_status
mtls_relay_parse_answer(const char *text, struct mtls_relay_record *ret,
    struct mtls_err *err)
{
	const char *end;

	if (parse(text, ANSWER, ret, &end, err) != MTLS_OK)
		return err->status;
	if (end[1] != '\0')
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: something behind a record");
	return MTLS_OK;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Everything that an answer says is looked at here before one byte of it
 * goes anywhere. What the bytes mean is not looked at: that is between the
 * user's side and the verifier.
 */
#include "config.h"

#include "relay_talk.h"

#include <stdlib.h>
#include <string.h>

/* --- prompts --- */

enum mtls_status
relay_talk_hello(struct relay_talk *t, const struct mtls_body_relay *relay,
    const char *sentence, char out[MTLS_RELAY_PROMPT_MAX + 1],
    struct mtls_err *err)
{
	struct mtls_relay_record *r = &t->prompt;
	char *json = NULL;
	size_t len = 0, used;

	memset(t, 0, sizeof(*t));
	r->flag = MTLS_RELAY_HELLO;
	if (mtls_body_format(MTLS_BODY_RELAY, relay, &json, &len, err) !=
	    MTLS_OK)
		return err->status;
	if (len > sizeof(r->data)) {
		(void)mtls_fail(err, MTLS_E_USAGE,
		    "the challenge does not fit into a prompt");
	} else {
		memcpy(r->data, json, len);
		r->len = len;
		(void)mtls_relay_format_prompt(r, out, err);
	}
	free(json);
	if (err->status != MTLS_OK)
		return err->status;
	used = strlen(out);
	len = strlen(sentence);
	if (len > RELAY_TALK_SENTENCE_MAX ||
	    used + 1 + len > MTLS_RELAY_PROMPT_MAX)
		return mtls_fail(err, MTLS_E_USAGE,
		    "the sentence does not fit into a prompt");
	out[used] = ' ';
	memcpy(out + used + 1, sentence, len + 1);
	t->n_prompts = 1;
	return MTLS_OK;
}

enum mtls_status
relay_talk_prompt(struct relay_talk *t, enum mtls_relay_flag flag,
    const uint8_t *data, size_t len, char out[MTLS_RELAY_PROMPT_MAX + 1],
    struct mtls_err *err)
{
	struct mtls_relay_record *r = &t->prompt;

	if (t->n_prompts == MTLS_RELAY_PROMPTS)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: more than %u prompts", MTLS_RELAY_PROMPTS);
	if (len > MTLS_RELAY_PROMPT_BYTES)
		return mtls_fail(err, MTLS_E_USAGE,
		    "too much for a prompt");
	if (len > MTLS_RELAY_FROM_VERIFIER - t->from_verifier)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: more than %u bytes from the verifier",
		    MTLS_RELAY_FROM_VERIFIER);
	r->seq = t->n_prompts;
	r->connection = t->connection;
	r->flag = flag;
	r->len = len;
	if (len > 0)
		memcpy(r->data, data, len);
	if (mtls_relay_format_prompt(r, out, err) != MTLS_OK)
		return err->status;
	t->n_prompts++;
	t->from_verifier += len;
	t->has_ended = flag == MTLS_RELAY_END;
	return MTLS_OK;
}

/* --- answers --- */

/* Why this record may not come now; NULL where it may. */
static const char *
fault_of(const struct relay_talk *t, const struct mtls_relay_record *r)
{
	if (r->seq + 1 != t->n_prompts)
		return "the answer to another prompt";
	if (r->flag == MTLS_RELAY_FAIL)
		return r->connection == t->connection ? NULL :
		    "another connection";
	if (r->flag == MTLS_RELAY_DONE)
		return r->connection == t->connection &&
		    t->from_verifier > 0 ? NULL :
		    "done, and nothing has been said";
	if (r->connection == t->connection + 1)
		return r->len > 0 ? NULL : "a connection without a byte";
	if (r->connection != t->connection || t->connection == 0)
		return "another connection";
	if (t->has_ended)
		return "the connection has ended";
	return NULL;
}

enum mtls_status
relay_talk_answer(struct relay_talk *t, const char *text,
    struct mtls_relay_record *ret, int *ret_is_new, struct mtls_err *err)
{
	const char *fault;

	if (mtls_relay_parse_answer(text, ret, err) != MTLS_OK)
		return err->status;
	fault = fault_of(t, ret);
	if (fault != NULL)
		return mtls_fail(err, MTLS_E_PROTOCOL, "relay: %s", fault);
	*ret_is_new = 0;
	if (ret->flag == MTLS_RELAY_DONE || ret->flag == MTLS_RELAY_FAIL)
		return MTLS_OK;
	if (ret->len > MTLS_RELAY_TO_VERIFIER - t->to_verifier)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "relay: more than %u bytes to the verifier",
		    MTLS_RELAY_TO_VERIFIER);
	t->to_verifier += ret->len;
	if (ret->connection != t->connection) {
		t->connection = ret->connection;
		t->has_ended = 0;
		*ret_is_new = 1;
	}
	return MTLS_OK;
}

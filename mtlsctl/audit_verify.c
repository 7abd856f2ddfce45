/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every record goes through the computation with which it was written. Where
 * each chain ends is asked before the records and again behind them, since a
 * verifier goes on writing meanwhile: what the first answer says must be
 * there, and nothing may be there that the second does not know.
 */
#include "config.h"

#include "mtlsctl/audit_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtls/audit_chain.h"
#include "mtlsctl/admin.h"
#include "mtlsctl/output.h"

#define CHAINS_MAX	64		/* verifiers that share one state */

struct chain {
	char verifier[MTLS_AUDIT_NAME_MAX + 1];
	struct mtls_audit_link base;	/* of the last that was dropped */
	struct mtls_audit_link head;	/* where it ended at first */
	struct mtls_audit_link link;	/* how far it was checked */
	struct mtls_audit_link end;	/* where it ended at last */
	int is_ended;			/* end is known */
};

struct chains {
	struct chain *chain;
	size_t n;
	int is_second;			/* the heads are asked again */
};

static struct chain *
find(struct chains *c, const char *verifier)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->chain[i].verifier, verifier) == 0)
			return &c->chain[i];
	}
	return NULL;
}

static enum mtls_status
broken(const struct chain *chain, enum mtls_audit_fault fault, uint64_t seq,
    struct mtls_err *err)
{
	const char *what = "is not as it was written, or the one before it "
	    "is not";

	if (fault == MTLS_AUDIT_MISSING)
		what = "is missing";
	else if (fault == MTLS_AUDIT_SURPLUS)
		what = "does not belong there";
	return mtls_fail(err, MTLS_E_CONFIG, "record %llu of %s %s",
	    (unsigned long long)seq, chain->verifier, what);
}

static struct mtls_audit_link
link_of(uint64_t seq, const struct mtls_bytes *hash)
{
	struct mtls_audit_link link = { .seq = seq };

	/* The message has exactly as many. */
	memcpy(link.hash, hash->data, sizeof(link.hash));
	return link;
}

static enum mtls_status
add_head(struct chains *c, const struct mtls_msg_admin_head *h,
    struct mtls_err *err)
{
	struct chain *chain;

	if (c->n == CHAINS_MAX)
		return mtls_fail(err, MTLS_E_USAGE,
		    "there are more than %d verifiers", CHAINS_MAX);
	chain = &c->chain[c->n++];
	(void)snprintf(chain->verifier, sizeof(chain->verifier), "%s",
	    h->verifier);
	chain->head = link_of(h->seq, &h->hash);
	chain->base = chain->link = link_of(h->base_seq, &h->base_hash);
	return MTLS_OK;
}

static enum mtls_status
take_head(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_head *h = &row->u.admin_head;
	struct chains *c = arg;
	struct chain *chain = find(c, h->verifier);

	if (chain == NULL && c->is_second)
		return mtls_fail(err, MTLS_E_UNAVAILABLE,
		    "%s has begun meanwhile: try again", h->verifier);
	if (chain == NULL)
		return add_head(c, h, err);
	if (!c->is_second)
		return mtls_fail(err, MTLS_E_PROTOCOL,
		    "%s ends twice", h->verifier);
	if (h->base_seq != chain->base.seq)
		return mtls_fail(err, MTLS_E_UNAVAILABLE, "old records were "
		    "dropped meanwhile: try again");
	chain->end = link_of(h->seq, &h->hash);
	chain->is_ended = 1;
	return MTLS_OK;
}

static enum mtls_status
take_record(void *arg, const struct mtls_message *row, struct mtls_err *err)
{
	const struct mtls_msg_admin_record *r = &row->u.admin_record;
	struct chain *chain = find(arg, r->verifier);
	enum mtls_audit_fault fault;
	enum mtls_status status;
	uint64_t seq;

	if (chain == NULL)
		return mtls_fail(err, MTLS_E_CONFIG, "there are records of "
		    "%s, but it is not known where they end", r->verifier);
	status = mtls_audit_chain_check(&chain->link, r, &fault, &seq, err);
	if (status != MTLS_OK)
		return status;
	/* What the head says has to be true of the record that it names. */
	if (fault == MTLS_AUDIT_GOOD && chain->link.seq == chain->head.seq)
		fault = mtls_audit_chain_end(&chain->link, &chain->head,
		    &seq);
	return fault == MTLS_AUDIT_GOOD ? MTLS_OK :
	    broken(chain, fault, seq, err);
}

/* After everything: nothing is cut off, nothing is added. */
static enum mtls_status
check_end(const struct chain *chain, struct mtls_err *err)
{
	enum mtls_audit_fault fault = MTLS_AUDIT_GOOD;
	uint64_t seq = chain->link.seq;

	if (!chain->is_ended)
		return mtls_fail(err, MTLS_E_CONFIG, "where the records of "
		    "%s end is not known any more", chain->verifier);
	if (chain->link.seq < chain->head.seq) {
		fault = MTLS_AUDIT_MISSING;
		seq++;
	} else if (chain->link.seq == chain->base.seq) {
		/* There is no record; then there must have been none. */
		fault = mtls_audit_chain_end(&chain->link, &chain->head,
		    &seq);
	} else if (chain->link.seq >= chain->end.seq) {
		fault = mtls_audit_chain_end(&chain->link, &chain->end,
		    &seq);
	}
	return fault == MTLS_AUDIT_GOOD ? MTLS_OK :
	    broken(chain, fault, seq, err);
}

static enum mtls_status
print(const struct chains *c, int json, struct mtls_err *err)
{
	struct output *o = output_new(json ? OUTPUT_JSON : OUTPUT_TABLE);
	const struct chain *chain;
	enum mtls_status status;

	for (size_t i = 0; i < c->n; i++) {
		chain = &c->chain[i];
		output_text(o, "verifier", chain->verifier);
		output_integer(o, "records",
		    (int64_t)(chain->link.seq - chain->base.seq));
		output_integer(o, "first", (int64_t)chain->base.seq + 1);
		output_integer(o, "last", (int64_t)chain->link.seq);
		output_hex(o, "hash", chain->link.hash,
		    sizeof(chain->link.hash));
		output_row(o);
	}
	status = output_write(o, stdout, err);
	output_free(o);
	return status;
}

static enum mtls_status
ask_heads(const char *socket0, struct chains *c, struct mtls_err *err)
{
	struct mtls_message request = { .type = MTLS_MSG_ADMIN_HEADS };
	struct admin_question question = {
		.socket = socket0, .request = &request,
		.row_type = MTLS_MSG_ADMIN_HEAD, .row = take_head, .arg = c,
	};
	uint32_t n;

	return admin_question(&question, &n, err);
}

static enum mtls_status
ask_records(const char *socket0, struct chains *c, struct mtls_err *err)
{
	char none[] = "";
	struct mtls_message request = {
		.type = MTLS_MSG_ADMIN_AUDIT,
		.u.admin_audit = { .user = none, .host = none,
		    .service = none, .decision = none, .event = none,
		    .reason = none },
	};
	struct admin_question question = {
		.socket = socket0, .request = &request,
		.row_type = MTLS_MSG_ADMIN_RECORD, .row = take_record,
		.arg = c,
	};
	uint32_t n;

	return admin_question(&question, &n, err);
}

enum mtls_status
audit_verify(const char *socket0, int json, size_t *ret_n,
    struct mtls_err *err)
{
	struct chains c = { calloc(CHAINS_MAX, sizeof(*c.chain)), 0, 0 };
	enum mtls_status status;

	*ret_n = 0;
	if (c.chain == NULL)
		return mtls_fail(err, MTLS_E_MEMORY, "out of memory");
	status = ask_heads(socket0, &c, err);
	if (status == MTLS_OK)
		status = ask_records(socket0, &c, err);
	c.is_second = 1;
	if (status == MTLS_OK)
		status = ask_heads(socket0, &c, err);
	for (size_t i = 0; status == MTLS_OK && i < c.n; i++)
		status = check_end(&c.chain[i], err);
	if (status == MTLS_OK)
		status = print(&c, json, err);
	*ret_n = c.n;
	free(c.chain);
	return status;
}

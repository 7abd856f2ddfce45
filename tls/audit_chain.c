/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The canonical bytes of an audit record, and what follows from what. Every
 * field has its length in front, so that no two records have the same bytes.
 */
#include "config.h"

#include "mtls/audit_chain.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define MAGIC "mtls-audit-1"

struct mtls_audit_record
mtls_audit_record_of(const struct mtls_msg_admin_record *m)
{
	struct mtls_audit_record r = {
		.verifier = m->verifier, .seq = m->seq,
		.time_ms = m->time_ms, .request = m->request,
		.event = m->event, .decision = m->decision,
		.user = m->user, .host = m->host, .service = m->service,
		.method = m->method, .tty = m->tty, .rhost = m->rhost,
		.certificate = m->certificate, .source = m->source,
		.reason = m->reason,
	};

	return r;
}

static int
add_number(EVP_MD_CTX *ctx, uint64_t number, size_t n_bytes)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < n_bytes; i++)
		bytes[i] = (uint8_t)(number >> (8 * (n_bytes - 1 - i)));
	return EVP_DigestUpdate(ctx, bytes, n_bytes) == 1;
}

static int
add_text(EVP_MD_CTX *ctx, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	return len <= UINT32_MAX && add_number(ctx, len, 4) &&
	    EVP_DigestUpdate(ctx, len == 0 ? "" : text, len) == 1;
}

static int
add_record(EVP_MD_CTX *ctx, const struct mtls_audit_record *r)
{
	const char *const texts[] = {
		r->request, r->event, r->decision, r->user, r->host,
		r->service, r->method, r->tty, r->rhost, r->certificate,
		r->source, r->reason,
	};

	if (EVP_DigestUpdate(ctx, MAGIC, strlen(MAGIC)) != 1 ||
	    !add_text(ctx, r->verifier) || !add_number(ctx, r->seq, 8) ||
	    !add_number(ctx, r->time_ms, 8))
		return 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!add_text(ctx, texts[i]))
			return 0;
	}
	return 1;
}

enum mtls_status
mtls_audit_chain_add(struct mtls_audit_link *link,
    const struct mtls_audit_record *record, struct mtls_err *err)
{
	struct mtls_audit_link next = { .seq = record->seq };
	EVP_MD_CTX *ctx;
	int is_ok;

	if (record->seq != link->seq + 1)
		return mtls_fail(err, MTLS_E_USAGE,
		    "this record is not the next in the audit");
	ctx = EVP_MD_CTX_new();
	is_ok = ctx != NULL &&
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, link->hash, sizeof(link->hash)) == 1 &&
	    add_record(ctx, record) &&
	    EVP_DigestFinal_ex(ctx, next.hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!is_ok)
		return mtls_fail(err, MTLS_E_CRYPTO,
		    "an audit record cannot be hashed");
	*link = next;
	return MTLS_OK;
}

enum mtls_status
mtls_audit_chain_check(struct mtls_audit_link *link,
    const struct mtls_msg_admin_record *message,
    enum mtls_audit_fault *ret_fault, uint64_t *ret_seq,
    struct mtls_err *err)
{
	struct mtls_audit_record record = mtls_audit_record_of(message);
	struct mtls_audit_link next = *link;
	enum mtls_audit_fault fault = MTLS_AUDIT_GOOD;
	enum mtls_status status = MTLS_OK;

	if (message->seq > link->seq + 1)
		fault = MTLS_AUDIT_MISSING;
	else if (message->seq <= link->seq)
		fault = MTLS_AUDIT_SURPLUS;
	else
		status = mtls_audit_chain_add(&next, &record, err);
	if (status != MTLS_OK)
		return status;
	if (fault == MTLS_AUDIT_GOOD &&
	    (message->hash.len != sizeof(next.hash) ||
	    CRYPTO_memcmp(message->hash.data, next.hash,
	    sizeof(next.hash)) != 0))
		fault = MTLS_AUDIT_CHANGED;
	if (fault == MTLS_AUDIT_GOOD)
		*link = next;
	*ret_seq = fault == MTLS_AUDIT_MISSING ? link->seq + 1 :
	    message->seq;
	*ret_fault = fault;
	return MTLS_OK;
}

enum mtls_audit_fault
mtls_audit_chain_end(const struct mtls_audit_link *link,
    const struct mtls_audit_link *head, uint64_t *ret_seq)
{
	if (link->seq < head->seq) {
		*ret_seq = link->seq + 1;
		return MTLS_AUDIT_MISSING;
	}
	*ret_seq = link->seq;
	if (link->seq > head->seq)
		return MTLS_AUDIT_SURPLUS;
	return CRYPTO_memcmp(link->hash, head->hash, sizeof(head->hash)) ==
	    0 ? MTLS_AUDIT_GOOD : MTLS_AUDIT_CHANGED;
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The chain of audit records: every field of every record counts, and what
 * is missing is named. T-180.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtls/audit_chain.h"
#include "mtls/text.h"

#include "../lib/unit.h"

#define N 20

static struct mtls_msg_admin_record records[N];
static struct mtls_audit_link head;
static char texts[N][14][16];
static uint8_t hashes[N][MTLS_AUDIT_HASH_BYTES];
static struct mtls_err err;

static char **
text_at(struct mtls_msg_admin_record *r, size_t i)
{
	char **const fields[] = {
		&r->verifier, &r->request, &r->event, &r->decision, &r->user,
		&r->host, &r->service, &r->method, &r->tty, &r->rhost,
		&r->certificate, &r->source, &r->reason,
	};

	return i < sizeof(fields) / sizeof(fields[0]) ? fields[i] : NULL;
}

/* A good chain. */
static int
set_up(void **state)
{
	struct mtls_audit_record r;

	(void)state;
	memset(records, 0, sizeof(records));
	memset(&head, 0, sizeof(head));
	mtls_err_clear(&err);
	for (size_t i = 0; i < N; i++) {
		for (size_t j = 0; text_at(&records[i], j) != NULL; j++) {
			(void)snprintf(texts[i][j], sizeof(texts[i][j]),
			    "%zu-%zu", j, i);
			*text_at(&records[i], j) = texts[i][j];
		}
		records[i].seq = i + 1;
		records[i].time_ms = 1000 + i;
		records[i].hash.data = hashes[i];
		records[i].hash.len = MTLS_AUDIT_HASH_BYTES;
		r = mtls_audit_record_of(&records[i]);
		if (mtls_audit_chain_add(&head, &r, &err) != MTLS_OK)
			return -1;
		memcpy(hashes[i], head.hash, sizeof(hashes[i]));
	}
	return 0;
}

static enum mtls_audit_fault
verify(size_t n, uint64_t *ret_seq)
{
	struct mtls_audit_link link = { 0 };
	enum mtls_audit_fault fault = MTLS_AUDIT_GOOD;

	for (size_t i = 0; i < n && fault == MTLS_AUDIT_GOOD; i++)
		assert_int_equal(mtls_audit_chain_check(&link, &records[i],
		    &fault, ret_seq, &err), MTLS_OK);
	return fault != MTLS_AUDIT_GOOD ? fault :
	    mtls_audit_chain_end(&link, &head, ret_seq);
}

static void
a_good_chain(void **state)
{
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(verify(N, &seq), MTLS_AUDIT_GOOD);
	assert_int_equal(seq, N);
}

/* The bytes are part of the format: another version finds the same. */
static void
known_value(void **state)
{
	static const char want[] = 
	    "cf90e7d8449272e000302ba3f04fc119"
	    "6b8844a76107e5c1cc7163669a17aa10";
	struct mtls_audit_record r = { .verifier = "v.example", .seq = 1,
	    .time_ms = 1700000000000, .event = "login", .decision = "allow",
	    .user = "alice" };
	struct mtls_audit_link link = { 0 };
	char hex[2 * MTLS_AUDIT_HASH_BYTES + 1];

	(void)state;
	assert_int_equal(mtls_audit_chain_add(&link, &r, &err), MTLS_OK);
	assert_string_equal(mtls_hex_encode(hex, link.hash,
	    sizeof(link.hash)), want);
}

static void
T180_every_field_counts(void **state)
{
	uint64_t seq;
	char *text, *other;
	char byte;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		for (size_t j = 0; text_at(&records[i], j) != NULL; j++) {
			text = *text_at(&records[i], j);
			for (size_t k = 0; k <= strlen(text); k++) {
				byte = text[k];
				text[k] = byte == '\0' ? 'x' : '\0';
				assert_int_equal(verify(N, &seq),
				    MTLS_AUDIT_CHANGED);
				assert_int_equal(seq, i + 1);
				text[k] = byte;
			}
		}
		records[i].time_ms++;
		assert_int_equal(verify(N, &seq), MTLS_AUDIT_CHANGED);
		assert_int_equal(seq, i + 1);
		records[i].time_ms--;
		for (size_t k = 0; k < MTLS_AUDIT_HASH_BYTES; k++) {
			hashes[i][k] ^= 1;
			assert_int_equal(verify(N, &seq), MTLS_AUDIT_CHANGED);
			assert_int_equal(seq, i + 1);
			hashes[i][k] ^= 1;
		}
		/* A text that moves to its neighbour is not the same. */
		other = records[i].user;
		records[i].user = records[i].host;
		records[i].host = other;
		assert_int_equal(verify(N, &seq), MTLS_AUDIT_CHANGED);
		records[i].host = records[i].user;
		records[i].user = other;
	}
	assert_int_equal(verify(N, &seq), MTLS_AUDIT_GOOD);
}

/* "ab" and "" are not "a" and "b". */
static void
texts_have_ends(void **state)
{
	struct mtls_audit_link a = { 0 }, b = { 0 }, c = { 0 };
	struct mtls_audit_record r = { .seq = 1, .user = "ab", .host = "" };

	(void)state;
	assert_int_equal(mtls_audit_chain_add(&a, &r, &err), MTLS_OK);
	r.user = "a";
	r.host = "b";
	assert_int_equal(mtls_audit_chain_add(&b, &r, &err), MTLS_OK);
	assert_memory_not_equal(a.hash, b.hash, sizeof(a.hash));
	r.user = "ab";
	r.host = NULL;
	assert_int_equal(mtls_audit_chain_add(&c, &r, &err), MTLS_OK);
	assert_memory_equal(a.hash, c.hash, sizeof(a.hash));
}

static void
T180_removed_swapped_cut(void **state)
{
	struct mtls_msg_admin_record saved[N];
	uint64_t seq;

	(void)state;
	memcpy(saved, records, sizeof(saved));
	for (size_t i = 0; i + 1 < N; i++) {
		memmove(&records[i], &records[i + 1],
		    (N - 1 - i) * sizeof(records[0]));
		assert_int_equal(verify(N - 1, &seq), MTLS_AUDIT_MISSING);
		assert_int_equal(seq, i + 1);
		/* Renumbered, to hide that. */
		for (size_t j = i; j < N - 1; j++)
			records[j].seq--;
		assert_int_equal(verify(N - 1, &seq), MTLS_AUDIT_CHANGED);
		assert_int_equal(seq, i + 1);
		memcpy(records, saved, sizeof(saved));
		records[i] = saved[i + 1];
		records[i + 1] = saved[i];
		assert_int_equal(verify(N, &seq), MTLS_AUDIT_MISSING);
		assert_int_equal(seq, i + 1);
		memcpy(records, saved, sizeof(saved));
		records[i + 1] = saved[i];
		assert_int_equal(verify(N, &seq), MTLS_AUDIT_SURPLUS);
		assert_int_equal(seq, i + 1);
		memcpy(records, saved, sizeof(saved));
		assert_int_equal(verify(i + 1, &seq), MTLS_AUDIT_MISSING);
		assert_int_equal(seq, i + 2);
	}
	head.seq--;
	assert_int_equal(verify(N, &seq), MTLS_AUDIT_SURPLUS);
	head.seq++;
	head.hash[0] ^= 1;
	assert_int_equal(verify(N, &seq), MTLS_AUDIT_CHANGED);
	assert_int_equal(seq, N);
}

static void
only_the_next_is_added(void **state)
{
	struct mtls_audit_link link = { .seq = 5 };
	struct mtls_audit_record r = { .seq = 5 };

	(void)state;
	assert_int_equal(mtls_audit_chain_add(&link, &r, &err), MTLS_E_USAGE);
	mtls_err_clear(&err);
	r.seq = 7;
	assert_int_equal(mtls_audit_chain_add(&link, &r, &err), MTLS_E_USAGE);
	mtls_err_clear(&err);
	assert_int_equal(link.seq, 5);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_good_chain),
		TEST(known_value),
		TEST(T180_every_field_counts),
		TEST(texts_have_ends),
		TEST(T180_removed_swapped_cut),
		TEST(only_the_next_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

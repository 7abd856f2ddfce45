/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One store at a time, and what tests do with it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_POSTGRESQL
#include <libpq-fe.h>
#endif

#include "store_rig.h"

#include "../lib/unit.h"

struct store *rig_store;
struct store_port *rig_port;
struct mtls_err rig_err;
int rig_n_done, rig_n_decided;

const char *
rig_url0(void)
{
	return getenv("MTLS_TEST_POSTGRESQL");
}

static void
on_decided(void *arg, const uint8_t *id)
{
	(void)id;
	assert_ptr_equal(arg, &rig_n_decided);
	rig_n_decided++;
}

enum mtls_status
rig_try_open(const char *name, enum store_mode mode, struct store **ret)
{
	struct store_options options = { scratch_path(name),
		RIG_VERIFIER, mode };

	return store_open(&options, ret, &rig_err);
}

int
rig_open(void)
{
	struct store_options options = {
		rig_url0() != NULL ? rig_url0() : scratch_path("state.db"),
		RIG_VERIFIER, STORE_MIGRATE
	};

	if (store_open(&options, &rig_store, &rig_err) != MTLS_OK) {
		print_error("%s\n", rig_err.text);
		return -1;
	}
	return store_attach(rig_store, NULL, on_decided, &rig_n_decided, &rig_port,
	    &rig_err) == MTLS_OK ? 0 : -1;
}

void
rig_close(void)
{
	store_detach(rig_port);
	store_close(rig_store);
	rig_port = NULL;
	rig_store = NULL;
}

void
rig_on_done(struct store_op *op)
{
	(void)op;
	rig_n_done++;
}

enum mtls_status
rig_run(struct store_op *op, enum store_kind kind)
{
	op->kind = kind;
	op->done = rig_on_done;
	store_submit(rig_port, op);
	rig_n_done = 0;
	store_flush(rig_port);
	assert_int_equal(rig_n_done, 1);
	return op->status;
}

struct store_challenge
rig_challenge(uint8_t id)
{
	static char alice[] = "alice", sudo[] = "sudo", host[] = RIG_HOST;
	static char tty[] = "pts/1", empty[] = "", token[] = "token";
	struct store_challenge c;

	memset(&c, 0, sizeof(c));
	memset(c.id, id, sizeof(c.id));
	memset(c.request, 0x5a, sizeof(c.request));
	memset(c.nonce, 0xa5, sizeof(c.nonce));
	c.user = alice;
	c.service = sudo;
	c.host = host;
	c.tty = tty;
	c.rhost = c.ruser = empty;
	c.method = token;
	c.expires_ms = 1000;
	return c;
}

const struct store_decision rig_allowed = {
	MTLS_VERDICT_ALLOW, "allowed", "", "serial=1", 2000
};
const struct store_record rig_record = {
	.time_ms = 1, .request = "00", .event = "login", .decision = "allow",
	.user = "alice", .host = RIG_HOST, .service = "sudo",
	.reason = "allowed"
};

enum mtls_status
rig_add(uint8_t id)
{
	struct store_challenge c = rig_challenge(id);
	struct store_op op = { .challenge = &c };
	enum mtls_status status = rig_run(&op, STORE_CHALLENGE_ADD);

	store_op_clear(&op);
	return status;
}

enum mtls_status
rig_decide(uint8_t id)
{
	struct store_challenge c = rig_challenge(id);
	struct store_op op = { .id = c.id, .decision = &rig_allowed,
	    .record = &rig_record };
	enum mtls_status status = rig_run(&op, STORE_CHALLENGE_DECIDE);

	store_op_clear(&op);
	return status;
}

enum mtls_status
rig_deliver(uint8_t id, const char *host)
{
	struct store_challenge c = rig_challenge(id);
	struct store_op op = { .id = c.id, .host = host };
	enum mtls_status status = rig_run(&op, STORE_CHALLENGE_DELIVER);

	store_op_clear(&op);
	return status;
}

enum store_state
rig_state_of(uint8_t id)
{
	struct store_challenge c = rig_challenge(id);
	struct store_op op = { .id = c.id };
	enum store_state state;

	assert_int_equal(rig_run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	state = op.found.state;
	store_op_clear(&op);
	return state;
}

int64_t
rig_n_records(void)
{
	struct store_op op = { 0 };
	int64_t n;

	assert_int_equal(rig_run(&op, STORE_COUNT), MTLS_OK);
	n = op.counts.n_records;
	store_op_clear(&op);
	return n;
}

size_t
rig_list(const struct store_filter *filter, int64_t *ret_first)
{
	struct store_op op = { .filter = *filter };
	size_t n;

	assert_int_equal(rig_run(&op, STORE_RECORD_LIST), MTLS_OK);
	n = op.n_rows;
	if (n > 0)
		*ret_first = (int64_t)op.rows[0].u.admin_record.sequence;
	store_op_clear(&op);
	return n;
}

static struct mtls_audit_link
link_of(uint64_t seq, const struct mtls_bytes *hash)
{
	struct mtls_audit_link link = { .seq = seq };

	assert_int_equal(hash->len, sizeof(link.hash));
	memcpy(link.hash, hash->data, sizeof(link.hash));
	return link;
}

/* What is wrong with the whole audit, as a reader would see it. */
enum mtls_audit_fault
rig_verify(uint64_t *ret_seq)
{
	struct mtls_audit_link link = { 0 }, head = { 0 };
	struct store_op op = { .user = "" };
	enum mtls_audit_fault fault = MTLS_AUDIT_GOOD;

	assert_int_equal(rig_run(&op, STORE_HEAD_LIST), MTLS_OK);
	assert_true(op.n_rows <= 1);
	if (op.n_rows == 1) {
		const struct mtls_msg_admin_head *h = &op.rows[0].u.admin_head;

		assert_string_equal(h->verifier, RIG_VERIFIER);
		head = link_of(h->seq, &h->hash);
		link = link_of(h->base_seq, &h->base_hash);
	}
	store_op_clear(&op);
	op.filter = (struct store_filter){ .limit = 0 };
	do {
		store_op_clear(&op);
		assert_int_equal(rig_run(&op, STORE_RECORD_LIST), MTLS_OK);
		for (size_t i = 0; fault == MTLS_AUDIT_GOOD && i < op.n_rows;
		    i++) {
			assert_int_equal(mtls_audit_chain_check(&link,
			    &op.rows[i].u.admin_record, &fault, ret_seq,
			    &rig_err), MTLS_OK);
			op.filter.after = (int64_t)
			    op.rows[i].u.admin_record.sequence;
		}
	} while (fault == MTLS_AUDIT_GOOD && op.n_rows > 0);
	store_op_clear(&op);
	return fault != MTLS_AUDIT_GOOD ? fault :
	    mtls_audit_chain_end(&link, &head, ret_seq);
}

void
rig_add_records(int n)
{
	static struct store_record records[200];
	static struct store_op ops[200];

	for (int i = 0; i < n; i++) {
		records[i] = rig_record;
		records[i].time_ms = i + 1;
		ops[i] = (struct store_op){ .kind = STORE_RECORD_ADD,
		    .record = &records[i], .done = rig_on_done };
		store_submit(rig_port, &ops[i]);
		/* Sometimes many to a transaction, sometimes one. */
		if (i % 7 < 3)
			store_flush(rig_port);
	}
	store_flush(rig_port);
	for (int i = 0; i < n; i++) {
		assert_int_equal(ops[i].status, MTLS_OK);
		store_op_clear(&ops[i]);
	}
}

/* Away with what another test has left. */
static int
empty(const char *url)
{
#ifdef HAVE_POSTGRESQL
	PGconn *conn = PQconnectdb(url);
	PGresult *r = PQexec(conn, "SET client_min_messages = error;"
	    "DROP SCHEMA IF EXISTS mtls_verifier CASCADE");
	int is_ok = PQresultStatus(r) == PGRES_COMMAND_OK;

	if (!is_ok)
		print_error("%s\n", PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	return is_ok ? 0 : -1;
#else
	(void)url;
	return -1;
#endif
}

int
rig_set_up(void **state)
{
	(void)state;
	mtls_err_clear(&rig_err);
	umask(077);
	rig_n_decided = 0;
	if (scratch_begin() != 0 ||
	    (rig_url0() != NULL && empty(rig_url0()) != 0))
		return -1;
	return rig_open();
}

int
rig_tear_down(void **state)
{
	(void)state;
	rig_close();
	return scratch_end();
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store: what is taken once is taken once, what was not committed has
 * not happened, and a failure is never an answer.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "mtls/audit_chain.h"
#include "scratch.h"
#include "store.h"

#include "../lib/unit.h"

#define HOST "ws-1.acme.example"

static struct store *store;
static struct store_port *port;
static struct mtls_err err;
static int n_done;

/* The nth sqlite3_step() from now fails; 0: none. */
static int fail_step;
static int fail_code;
int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

int
__wrap_sqlite3_step(sqlite3_stmt *statement)
{
	if (fail_step > 0 && --fail_step == 0)
		return fail_code;
	return __real_sqlite3_step(statement);
}

static int n_decided;

static void
on_decided(void *arg, const uint8_t *id)
{
	(void)id;
	assert_ptr_equal(arg, &n_decided);
	n_decided++;
}

static enum mtls_status
try_open(const char *name, enum store_mode mode, struct store **ret)
{
	struct store_options options = { scratch_path(name),
		"verifier1.acme.example", mode };

	return store_open(&options, ret, &err);
}

static int
open_store(void)
{
	if (try_open("state.db", STORE_SERVE, &store) != MTLS_OK)
		return -1;
	return store_attach(store, NULL, on_decided, &n_decided, &port,
	    &err) == MTLS_OK ? 0 : -1;
}

static void
close_store(void)
{
	store_detach(port);
	store_close(store);
	port = NULL;
	store = NULL;
}

static void
on_done(struct store_op *op)
{
	(void)op;
	n_done++;
}

static enum mtls_status
run(struct store_op *op, enum store_kind kind)
{
	op->kind = kind;
	op->done = on_done;
	store_submit(port, op);
	n_done = 0;
	store_flush(port);
	assert_int_equal(n_done, 1);
	return op->status;
}

static struct store_challenge
make_challenge(uint8_t id)
{
	static char alice[] = "alice", sudo[] = "sudo", host[] = HOST;
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

static const struct store_decision allowed = {
	MTLS_VERDICT_ALLOW, "allowed", "", "serial=1", 2000
};
static const struct store_record record = {
	.time_ms = 1, .request = "00", .event = "login", .decision = "allow",
	.user = "alice", .host = HOST, .service = "sudo",
	.reason = "allowed"
};

static enum mtls_status
add(uint8_t id)
{
	struct store_challenge c = make_challenge(id);
	struct store_op op = { .challenge = &c };
	enum mtls_status status = run(&op, STORE_CHALLENGE_ADD);

	store_op_clear(&op);
	return status;
}

static enum mtls_status
decide(uint8_t id)
{
	struct store_challenge c = make_challenge(id);
	struct store_op op = { .id = c.id, .decision = &allowed,
	    .record = &record };
	enum mtls_status status = run(&op, STORE_CHALLENGE_DECIDE);

	store_op_clear(&op);
	return status;
}

static enum mtls_status
deliver(uint8_t id, const char *host)
{
	struct store_challenge c = make_challenge(id);
	struct store_op op = { .id = c.id, .host = host };
	enum mtls_status status = run(&op, STORE_CHALLENGE_DELIVER);

	store_op_clear(&op);
	return status;
}

static enum store_state
state_of(uint8_t id)
{
	struct store_challenge c = make_challenge(id);
	struct store_op op = { .id = c.id };
	enum store_state state;

	assert_int_equal(run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	state = op.found.state;
	store_op_clear(&op);
	return state;
}

static int64_t
n_records(void)
{
	struct store_op op = { 0 };
	int64_t n;

	assert_int_equal(run(&op, STORE_COUNT), MTLS_OK);
	n = op.counts.n_records;
	store_op_clear(&op);
	return n;
}

static void
found_as_it_was(void **state)
{
	struct store_challenge c = make_challenge(1);
	struct store_op op = { .id = c.id, .host = HOST };

	(void)state;
	assert_int_equal(add(1), MTLS_OK);
	assert_int_equal(run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_memory_equal(op.found.id, c.id, sizeof(c.id));
	assert_memory_equal(op.found.request, c.request, sizeof(c.request));
	assert_memory_equal(op.found.nonce, c.nonce, sizeof(c.nonce));
	assert_string_equal(op.found.user, "alice");
	assert_string_equal(op.found.host, HOST);
	assert_string_equal(op.found.tty, "pts/1");
	assert_int_equal(op.found.expires_ms, 1000);
	assert_int_equal(op.found.state, STORE_OPEN);
	assert_int_equal(op.found.verdict, MTLS_VERDICT_NONE);
	assert_null(op.bound_user);
	store_op_clear(&op);
	assert_int_equal(decide(1), MTLS_OK);
	assert_int_equal(run(&op, STORE_CHALLENGE_DELIVER), MTLS_OK);
	assert_int_equal(op.found.verdict, MTLS_VERDICT_ALLOW);
	assert_string_equal(op.found.reason, "allowed");
	assert_string_equal(op.found.certificate, "serial=1");
	assert_int_equal(op.found.grant_expires_ms, 2000);
	store_op_clear(&op);
	c = make_challenge(9);
	assert_int_equal(run(&op, STORE_CHALLENGE_FIND), MTLS_E_NOT_FOUND);
	store_op_clear(&op);
}

static void
T019_each_step_once(void **state)
{
	(void)state;
	assert_int_equal(deliver(1, HOST), MTLS_E_NOT_FOUND);
	assert_int_equal(decide(1), MTLS_E_NOT_FOUND);
	assert_int_equal(add(1), MTLS_OK);
	assert_int_equal(add(1), MTLS_E_REFUSED);
	assert_int_equal(deliver(1, HOST), MTLS_E_REFUSED);
	assert_int_equal(decide(1), MTLS_OK);
	assert_int_equal(decide(1), MTLS_E_REFUSED);
	assert_int_equal(deliver(1, "ws-2.acme.example"), MTLS_E_REFUSED);
	assert_int_equal(deliver(1, HOST), MTLS_OK);
	assert_int_equal(deliver(1, HOST), MTLS_E_REFUSED);
	assert_int_equal(decide(1), MTLS_E_REFUSED);
	assert_int_equal(n_records(), 1);
}

/* T-161: racing ones share a transaction, and one of them wins. */
static void
T161_one_of_many_wins(void **state)
{
	struct store_challenge c = make_challenge(1);
	static struct store_op ops[64];
	int n_ok = 0;

	(void)state;
	assert_int_equal(add(1), MTLS_OK);
	for (int kind = STORE_CHALLENGE_DECIDE;
	    kind <= STORE_CHALLENGE_DELIVER; kind++) {
		memset(ops, 0, sizeof(ops));
		n_ok = 0;
		for (size_t i = 0; i < 64; i++) {
			ops[i].kind = (enum store_kind)kind;
			ops[i].done = on_done;
			ops[i].id = c.id;
			ops[i].host = HOST;
			ops[i].decision = &allowed;
			ops[i].record = &record;
			store_submit(port, &ops[i]);
		}
		store_flush(port);
		for (size_t i = 0; i < 64; i++) {
			if (ops[i].status == MTLS_OK)
				n_ok++;
			else
				assert_int_equal(ops[i].status,
				    MTLS_E_REFUSED);
			store_op_clear(&ops[i]);
		}
		assert_int_equal(n_ok, 1);
	}
	assert_int_equal(n_records(), 1);
}

/*
 * Every statement of a decision fails in turn: no decision, no record, and
 * the challenge is as it was.
 */
static void
T140_failing_statements(void **state)
{
	static const int codes[] = { SQLITE_FULL, SQLITE_IOERR, SQLITE_BUSY,
		SQLITE_NOMEM, SQLITE_READONLY, SQLITE_CORRUPT };
	int n = 1, was_ok = 0;

	(void)state;
	assert_int_equal(add(1), MTLS_OK);
	for (; !was_ok; n++) {
		fail_code = codes[n % 6];
		fail_step = n;
		was_ok = decide(1) == MTLS_OK;
		fail_step = 0;
		if (!was_ok)
			assert_int_equal(state_of(1), STORE_OPEN);
		assert_int_equal(n_records(), was_ok ? 1 : 0);
	}
	/* BEGIN, UPDATE, SELECT, INSERT, the head, COMMIT. */
	assert_int_equal(n, 8);
	for (n = 1, was_ok = 0; !was_ok; n++) {
		fail_step = n;
		was_ok = deliver(1, HOST) == MTLS_OK;
		fail_step = 0;
		assert_int_equal(state_of(1), was_ok ? STORE_DELIVERED :
		    STORE_DECIDED);
	}
	/* BEGIN, UPDATE, SELECT, COMMIT. */
	assert_int_equal(n, 6);
}

/* One failure of the disk: none of the batch has happened. */
static void
T140_a_batch_is_whole(void **state)
{
	struct store_challenge one = make_challenge(1);
	struct store_challenge two = make_challenge(2);
	struct store_op ops[2];

	(void)state;
	memset(ops, 0, sizeof(ops));
	ops[0].challenge = &one;
	ops[1].challenge = &two;
	for (size_t i = 0; i < 2; i++) {
		ops[i].kind = STORE_CHALLENGE_ADD;
		ops[i].done = on_done;
		store_submit(port, &ops[i]);
	}
	fail_code = SQLITE_FULL;
	fail_step = 3;		/* the second insert */
	store_flush(port);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ops[i].status, MTLS_E_UNAVAILABLE);
		store_op_clear(&ops[i]);
	}
	assert_int_equal(decide(1), MTLS_E_NOT_FOUND);
	assert_int_equal(add(1), MTLS_OK);
}

static void
too_many_of_one_machine(void **state)
{
	struct store_challenge c = make_challenge(0);
	struct store_op op = { .challenge = &c, .now_ms = 1001 };
	static char other[] = "ws-2.acme.example";

	(void)state;
	for (int i = 0; i <= STORE_OPEN_MAX; i++) {
		memcpy(c.id, &i, sizeof(i));
		assert_int_equal(run(&op, STORE_CHALLENGE_ADD),
		    i < STORE_OPEN_MAX ? MTLS_OK : MTLS_E_REFUSED);
		store_op_clear(&op);
	}
	c.host = other;
	assert_int_equal(run(&op, STORE_CHALLENGE_ADD), MTLS_OK);
	store_op_clear(&op);
	/* What has ended makes room. */
	assert_int_equal(run(&op, STORE_CHALLENGE_PURGE), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(add(1), MTLS_OK);
}

static size_t
list(const struct store_filter *filter, int64_t *ret_first)
{
	struct store_op op = { .filter = *filter };
	size_t n;

	assert_int_equal(run(&op, STORE_RECORD_LIST), MTLS_OK);
	n = op.n_rows;
	if (n > 0)
		*ret_first = (int64_t)op.rows[0].u.admin_record.sequence;
	store_op_clear(&op);
	return n;
}

static void
records_are_found(void **state)
{
	struct store_filter f = { .limit = 10 };
	struct store_record r = record;
	struct store_op op = { .record = &r };
	int64_t first = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		r.user = i % 3 == 0 ? "bob" : "alice";
		r.decision = i % 2 == 0 ? "deny" : "allow";
		assert_int_equal(run(&op, STORE_RECORD_ADD), MTLS_OK);
		store_op_clear(&op);
	}
	assert_int_equal(list(&f, &first), 10);
	assert_int_equal(first, 291);
	f.limit = 100000;
	assert_int_equal(list(&f, &first), STORE_ROWS_MAX);
	assert_int_equal(first, 1);
	f.after = 298;
	assert_int_equal(list(&f, &first), 2);
	f.after = 300;
	assert_int_equal(list(&f, &first), 0);
	f.after = 0;
	f.limit = 3;
	f.user = "bob";
	f.decision = "deny";
	assert_int_equal(list(&f, &first), 3);
	assert_int_equal(first, 283);
	f.user = "nobody' OR '1'='1";
	assert_int_equal(list(&f, &first), 0);
}

static void
T181_one_certificate_one_user(void **state)
{
	struct store_binding b = { "alice", "aa", "CN=a", "CN=b", "01", 1, 2 };
	struct store_challenge c = make_challenge(1);
	struct store_op op = { .binding = &b, .record = &record, .id = c.id,
	    .user = "alice", .sha256 = "aa" };

	(void)state;
	assert_int_equal(run(&op, STORE_BINDING_ADD), MTLS_OK);
	assert_int_equal(op.n, 1);
	assert_int_equal(n_records(), 1);
	store_op_clear(&op);
	assert_int_equal(run(&op, STORE_BINDING_ADD), MTLS_OK);
	assert_int_equal(op.n, 0);
	store_op_clear(&op);
	b.user = "bob";
	assert_int_equal(run(&op, STORE_BINDING_ADD), MTLS_E_REFUSED);
	store_op_clear(&op);
	assert_int_equal(n_records(), 1);
	assert_int_equal(add(1), MTLS_OK);
	assert_int_equal(run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_string_equal(op.bound_user, "alice");
	store_op_clear(&op);
	op.sha256 = "a";
	assert_int_equal(run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	assert_null(op.bound_user);
	store_op_clear(&op);
	assert_int_equal(run(&op, STORE_BINDING_REMOVE), MTLS_OK);
	assert_int_equal(op.n, 0);
	store_op_clear(&op);
	op.sha256 = "";
	assert_int_equal(run(&op, STORE_BINDING_REMOVE), MTLS_OK);
	assert_int_equal(op.n, 1);
	store_op_clear(&op);
}

static void
restart_keeps_the_audit(void **state)
{
	(void)state;
	assert_int_equal(add(1), MTLS_OK);
	assert_int_equal(decide(1), MTLS_OK);
	close_store();
	assert_int_equal(open_store(), 0);
	assert_int_equal(n_records(), 1);
	/* A login that was under way has to begin again. */
	assert_int_equal(deliver(1, HOST), MTLS_E_NOT_FOUND);
}

static enum mtls_status
raise_floor(uint8_t key, int64_t number, int64_t this_update_s)
{
	struct store_floor floor = { .key = { key },
	    .this_update_s = this_update_s };
	struct store_op op = { .floor = &floor };

	floor.has_number = number >= 0;
	if (floor.has_number) {
		floor.number[18] = (uint8_t)(number >> 8);
		floor.number[19] = (uint8_t)number;
	}
	return run(&op, STORE_FLOOR_RAISE);
}

/* T-038: by number, by thisUpdate, by CA; over restarts. */
static void
T038_floors_are_kept(void **state)
{
	struct store_record forgotten = { .event = "x" };
	struct store_op op = { .record = &forgotten };

	(void)state;
	assert_int_equal(raise_floor(1, 5, 1000), MTLS_OK);
	assert_int_equal(raise_floor(1, 5, 1000), MTLS_OK);
	assert_int_equal(raise_floor(1, 4, 1000), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 4, 2000), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 5, 999), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(2, 1, 1), MTLS_OK);
	assert_int_equal(raise_floor(1, 256, 1000), MTLS_OK);
	assert_int_equal(raise_floor(1, 255, 1001), MTLS_E_REFUSED);
	close_store();
	assert_int_equal(open_store(), 0);
	assert_int_equal(raise_floor(1, 255, 1001), MTLS_E_REFUSED);
	/* Without a number time decides, and no number is forgotten. */
	assert_int_equal(raise_floor(1, -1, 999), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, -1, 1002), MTLS_OK);
	assert_int_equal(raise_floor(1, 255, 1003), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 256, 1001), MTLS_E_REFUSED);
	assert_int_equal(raise_floor(1, 257, 900), MTLS_OK);
	assert_int_equal(raise_floor(1, -1, 1001), MTLS_E_REFUSED);
	assert_int_equal(run(&op, STORE_FLOOR_FORGET), MTLS_OK);
	assert_int_equal(n_records(), 1);
	assert_int_equal(raise_floor(1, 1, 1), MTLS_OK);
}

static void
T080_databases_that_are_refused(void **state)
{
	struct store *other;
	struct stat st;

	(void)state;
	assert_int_equal(stat(scratch_path("state.db"), &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	assert_int_equal(mkdir(scratch_path("open"), 0777), 0);
	assert_int_equal(chmod(scratch_path("open"), 0777), 0);
	mtls_err_clear(&err);
	assert_int_not_equal(try_open("open/state.db", STORE_SERVE, &other), MTLS_OK);
	mtls_err_clear(&err);
	assert_int_equal(symlink(scratch_path("state.db"),
	    scratch_path("link.db")), 0);
	assert_int_not_equal(try_open("link.db", STORE_SERVE, &other), MTLS_OK);
	mtls_err_clear(&err);
	scratch_text("text.db", "this is not a database, whatever its name");
	assert_int_not_equal(try_open("text.db", STORE_SERVE, &other), MTLS_OK);
}

/* --- the chain of the audit --- */

static void
sql(const char *name, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(scratch_path(name), &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
copy(const char *from, const char *to)
{
	char text[1024];

	(void)unlink(scratch_path(to));
	(void)snprintf(text, sizeof(text), "VACUUM INTO '%s'",
	    scratch_path(to));
	sql(from, text);
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
static enum mtls_audit_fault
verify(uint64_t *ret_seq)
{
	struct mtls_audit_link link = { 0 }, head = { 0 };
	struct store_op op = { .user = "" };
	enum mtls_audit_fault fault = MTLS_AUDIT_GOOD;

	assert_int_equal(run(&op, STORE_HEAD_LIST), MTLS_OK);
	assert_true(op.n_rows <= 1);
	if (op.n_rows == 1) {
		const struct mtls_msg_admin_head *h = &op.rows[0].u.admin_head;

		assert_string_equal(h->verifier, "verifier1.acme.example");
		head = link_of(h->seq, &h->hash);
		link = link_of(h->base_seq, &h->base_hash);
	}
	store_op_clear(&op);
	op.filter = (struct store_filter){ .limit = 0 };
	do {
		store_op_clear(&op);
		assert_int_equal(run(&op, STORE_RECORD_LIST), MTLS_OK);
		for (size_t i = 0; fault == MTLS_AUDIT_GOOD && i < op.n_rows;
		    i++) {
			assert_int_equal(mtls_audit_chain_check(&link,
			    &op.rows[i].u.admin_record, &fault, ret_seq,
			    &err), MTLS_OK);
			op.filter.after = (int64_t)
			    op.rows[i].u.admin_record.sequence;
		}
	} while (fault == MTLS_AUDIT_GOOD && op.n_rows > 0);
	store_op_clear(&op);
	return fault != MTLS_AUDIT_GOOD ? fault :
	    mtls_audit_chain_end(&link, &head, ret_seq);
}

static void
add_records(int n)
{
	static struct store_record records[200];
	static struct store_op ops[200];

	for (int i = 0; i < n; i++) {
		records[i] = record;
		records[i].time_ms = i + 1;
		ops[i] = (struct store_op){ .kind = STORE_RECORD_ADD,
		    .record = &records[i], .done = on_done };
		store_submit(port, &ops[i]);
		/* Sometimes many to a transaction, sometimes one. */
		if (i % 7 < 3)
			store_flush(port);
	}
	store_flush(port);
	for (int i = 0; i < n; i++) {
		assert_int_equal(ops[i].status, MTLS_OK);
		store_op_clear(&ops[i]);
	}
}

static void
T180_what_was_tampered_with(void **state)
{
	static const struct {
		const char *sql;
		enum mtls_audit_fault fault;
		uint64_t seq;
	} cases[] = {
		{ "UPDATE audit SET decision = 'deny' WHERE seq = 17",
		    MTLS_AUDIT_CHANGED, 17 },
		{ "UPDATE audit SET time_ms = time_ms + 1 WHERE seq = 150",
		    MTLS_AUDIT_CHANGED, 150 },
		{ "UPDATE audit SET hash = zeroblob(32) WHERE seq = 3",
		    MTLS_AUDIT_CHANGED, 3 },
		{ "DELETE FROM audit WHERE seq = 1", MTLS_AUDIT_MISSING, 1 },
		{ "DELETE FROM audit WHERE seq = 99", MTLS_AUDIT_MISSING,
		    99 },
		{ "DELETE FROM audit WHERE seq > 140", MTLS_AUDIT_MISSING,
		    141 },
		{ "DELETE FROM audit", MTLS_AUDIT_MISSING, 1 },
		{ "UPDATE audit SET seq = seq + 1000 WHERE seq >= 20;"
		    "UPDATE audit SET seq = seq - 1001 WHERE seq >= 1021;"
		    "DELETE FROM audit WHERE seq = 1020", MTLS_AUDIT_CHANGED,
		    20 },
		{ "UPDATE audit SET seq = 9999 WHERE seq = 40;"
		    "UPDATE audit SET seq = 40 WHERE seq = 41;"
		    "UPDATE audit SET seq = 41 WHERE seq = 9999",
		    MTLS_AUDIT_MISSING, 40 },
		{ "UPDATE audit_head SET seq = 140, hash = (SELECT hash FROM"
		    " audit WHERE seq = 140)", MTLS_AUDIT_SURPLUS, 150 },
		{ "DELETE FROM audit_head", MTLS_AUDIT_SURPLUS, 150 },
	};
	uint64_t seq = 0;

	(void)state;
	add_records(150);
	assert_int_equal(verify(&seq), MTLS_AUDIT_GOOD);
	close_store();
	copy("state.db", "good.db");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		copy("good.db", "state.db");
		sql("state.db", cases[i].sql);
		assert_int_equal(open_store(), 0);
		if (verify(&seq) != cases[i].fault || seq != cases[i].seq)
			fail_msg("case %zu: %d at %d", i, (int)verify(&seq),
			    (int)seq);
		close_store();
	}
	assert_int_equal(open_store(), 0);
}

/* T-180: it goes on where it was, whoever had opened it. */
static void
T180_the_chain_goes_on(void **state)
{
	uint64_t seq = 0;

	(void)state;
	assert_int_equal(verify(&seq), MTLS_AUDIT_GOOD);
	add_records(5);
	close_store();
	assert_int_equal(open_store(), 0);
	add_records(5);
	/* A transaction that fails leaves no hole. */
	for (int n = 1; n < 8; n++) {
		fail_code = SQLITE_FULL;
		fail_step = n;
		(void)(add((uint8_t)n) == MTLS_OK);
		(void)(decide((uint8_t)n) == MTLS_OK);
		fail_step = 0;
		assert_int_equal(verify(&seq), MTLS_AUDIT_GOOD);
	}
	assert_true(n_records() >= 10);
}

/* --- schemas --- */

static void
other_schemas_are_refused(void **state)
{
	struct store *other;

	(void)state;
	sql("new.db", "PRAGMA user_version = 99");
	mtls_err_clear(&err);
	assert_int_equal(try_open("new.db", STORE_SERVE, &other),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "schema 99"));
	mtls_err_clear(&err);
	assert_int_equal(try_open("new.db", STORE_MIGRATE, &other),
	    MTLS_E_CONFIG);
	sql("old.db", "PRAGMA user_version = 1");
	mtls_err_clear(&err);
	assert_int_equal(try_open("old.db", STORE_SERVE, &other),
	    MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "--migrate"));
	mtls_err_clear(&err);
}

/* As the first release made it, with two records and a binding. */
static const char schema_1[] =
    "CREATE TABLE audit ("
    " sequence INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL,"
    " request TEXT NOT NULL, event TEXT NOT NULL, decision TEXT NOT NULL,"
    " user TEXT NOT NULL, host TEXT NOT NULL, service TEXT NOT NULL,"
    " method TEXT NOT NULL, tty TEXT NOT NULL, rhost TEXT NOT NULL,"
    " certificate TEXT NOT NULL, source TEXT NOT NULL,"
    " reason TEXT NOT NULL);"
    "CREATE INDEX audit_user ON audit(user);"
    "CREATE TABLE binding ("
    " sha256 TEXT PRIMARY KEY, user TEXT NOT NULL, subject TEXT NOT NULL,"
    " issuer TEXT NOT NULL, serial TEXT NOT NULL,"
    " not_after_s INTEGER NOT NULL, bound_at_s INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX binding_user ON binding(user);"
    "PRAGMA user_version = 1;"
    "INSERT INTO audit VALUES (1, 5, 'r', 'login', 'allow', 'alice', 'h',"
    " 'sudo', 'token', '', '', 'c', '::1', 'allowed'), (7, 6, 'r', 'login',"
    " 'deny', 'bob', 'h', 'sudo', 'token', '', '', 'c', '::1', 'no-rule');"
    "INSERT INTO binding VALUES ('aa', 'alice', 's', 'i', '01', 1, 2);";

static void
migration_keeps_what_there_is(void **state)
{
	struct store_filter f = { .user = "bob", .limit = 10 };
	struct store_op op = { .user = "", .sha256 = "" };
	struct store *other;
	int64_t first = 0;
	uint64_t seq = 0;

	(void)state;
	close_store();
	assert_int_equal(unlink(scratch_path("state.db")), 0);
	sql("state.db", schema_1);
	/* Without room nothing has happened. */
	fail_code = SQLITE_FULL;
	for (int n = 1; n <= 8; n++) {
		fail_step = n;
		mtls_err_clear(&err);
		assert_int_equal(try_open("state.db", STORE_MIGRATE, &other),
		    MTLS_E_UNAVAILABLE);
	}
	fail_step = 0;
	mtls_err_clear(&err);
	assert_int_equal(try_open("state.db", STORE_SERVE, &other),
	    MTLS_E_CONFIG);
	mtls_err_clear(&err);
	assert_int_equal(try_open("state.db", STORE_MIGRATE, &other),
	    MTLS_OK);
	store_close(other);
	assert_int_equal(open_store(), 0);
	assert_int_equal(verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(n_records(), 2);
	assert_int_equal(list(&f, &first), 1);
	assert_int_equal(first, 7);
	add_records(3);
	assert_int_equal(verify(&seq), MTLS_AUDIT_GOOD);
	assert_int_equal(run(&op, STORE_BINDING_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 1);
	store_op_clear(&op);
}

static int
set_up(void **state)
{
	(void)state;
	fail_step = 0;
	mtls_err_clear(&err);
	umask(077);
	if (scratch_begin() != 0)
		return -1;
	return open_store();
}

static int
tear_down(void **state)
{
	(void)state;
	close_store();
	return scratch_end();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* --- what administrators revoke --- */

#define CERT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

/* n of a change, with its record where there was one. */
static int64_t
change_revoked(enum store_kind kind, const struct store_revocation *r,
    const char *sha256)
{
	struct store_op op = { .revocation = r, .sha256 = sha256,
	    .record = &record };
	int64_t before = n_records(), n;

	assert_int_equal(run(&op, kind), MTLS_OK);
	n = op.n;
	store_op_clear(&op);
	assert_int_equal(n_records() - before, n > 0);
	return n;
}

static int64_t
revoke_one(const char *kind, const char *user, const char *sha256)
{
	struct store_revocation r = {
		.sha256 = sha256, .kind = kind, .user = user,
		.reason = "lost", .by = "uid 0", .revoked_at_s = 7,
	};

	return change_revoked(STORE_REVOKE, &r, NULL);
}

static int
is_revoked(const char *sha256, const char *key_sha256)
{
	struct store_challenge c = make_challenge(1);
	struct store_op op = { .id = c.id, .sha256 = sha256,
	    .key_sha256 = key_sha256 };
	int ret;

	assert_int_equal(run(&op, STORE_CHALLENGE_FIND), MTLS_OK);
	ret = op.is_revoked;
	store_op_clear(&op);
	assert_false(op.is_revoked);
	return ret;
}

static void
revoked_is_found_with_the_challenge(void **state)
{
	(void)state;
	assert_int_equal(add(1), MTLS_OK);
	assert_false(is_revoked(CERT, KEY));
	assert_int_equal(revoke_one("certificate", "", CERT), 1);
	assert_int_equal(revoke_one("certificate", "", CERT), 0);
	assert_true(is_revoked(CERT, KEY));
	assert_true(is_revoked(CERT, NULL));
	assert_false(is_revoked(OTHER, KEY));
	/* Nobody has asked. */
	assert_false(is_revoked(NULL, NULL));
	assert_int_equal(revoke_one("key", "", KEY), 1);
	assert_true(is_revoked(OTHER, KEY));
	assert_int_equal(change_revoked(STORE_UNREVOKE, NULL, KEY), 1);
	assert_int_equal(change_revoked(STORE_UNREVOKE, NULL, KEY), 0);
	assert_false(is_revoked(OTHER, KEY));
	assert_true(is_revoked(CERT, KEY));
}

/* Between finding and deciding there is time, in which it can be revoked. */
static void
revoked_before_the_decision(void **state)
{
	struct store_challenge c = make_challenge(1);
	struct store_decision no = { MTLS_VERDICT_DENY, "no", "", "", 0 };
	struct store_op op = { .id = c.id, .decision = &allowed,
	    .record = &record, .sha256 = CERT, .key_sha256 = KEY };

	(void)state;
	assert_int_equal(add(1), MTLS_OK);
	assert_false(is_revoked(CERT, KEY));
	assert_int_equal(revoke_one("certificate", "", CERT), 1);
	assert_int_equal(run(&op, STORE_CHALLENGE_DECIDE), MTLS_E_REFUSED);
	assert_true(op.is_revoked);
	store_op_clear(&op);
	assert_int_equal(state_of(1), STORE_OPEN);
	/* A "no" is as good as before. */
	op.decision = &no;
	assert_int_equal(run(&op, STORE_CHALLENGE_DECIDE), MTLS_OK);
	store_op_clear(&op);
	assert_int_equal(state_of(1), STORE_DECIDED);
}

static void
a_revoked_machine_opens_nothing(void **state)
{
	struct store_challenge c = make_challenge(1);
	struct store_op op = { .challenge = &c, .sha256 = CERT,
	    .key_sha256 = KEY };

	(void)state;
	assert_int_equal(revoke_one("key", "", KEY), 1);
	assert_int_equal(run(&op, STORE_CHALLENGE_ADD), MTLS_E_REFUSED);
	assert_true(op.is_revoked);
	store_op_clear(&op);
	assert_int_equal(change_revoked(STORE_UNREVOKE, NULL, KEY), 1);
	assert_int_equal(run(&op, STORE_CHALLENGE_ADD), MTLS_OK);
	store_op_clear(&op);
	/* The same id again is refused for another reason. */
	assert_int_equal(run(&op, STORE_CHALLENGE_ADD), MTLS_E_REFUSED);
	assert_false(op.is_revoked);
	store_op_clear(&op);
}

static void
bind_one(const char *user, const char *sha256)
{
	struct store_binding b = { user, sha256, "CN=subject", "CN=issuer",
	    "0a", 1, 2 };
	struct store_op op = { .binding = &b, .record = &record };

	assert_int_equal(run(&op, STORE_BINDING_ADD), MTLS_OK);
	store_op_clear(&op);
}

static void
what_is_bound_to_a_user_is_revoked(void **state)
{
	struct store_op op = { .user = "alice", .sha256 = "" };
	const struct mtls_msg_admin_revoked *r;

	(void)state;
	bind_one("alice", CERT);
	bind_one("alice", OTHER);
	bind_one("bob", KEY);
	assert_int_equal(revoke_one("certificate", "", OTHER), 1);
	assert_int_equal(revoke_one("certificate", "alice", ""), 1);
	assert_int_equal(revoke_one("certificate", "nobody", ""), 0);
	assert_int_equal(run(&op, STORE_REVOKED_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 2);
	r = &op.rows[0].u.admin_revoked;
	assert_string_equal(r->sha256, CERT);
	assert_string_equal(r->kind, "certificate");
	assert_string_equal(r->user, "alice");
	assert_string_equal(r->subject, "CN=subject");
	assert_string_equal(r->issuer, "CN=issuer");
	assert_string_equal(r->serial, "0a");
	assert_string_equal(r->reason, "lost");
	assert_string_equal(r->by, "uid 0");
	assert_int_equal(r->revoked_at_s, 7);
	/* One by one it takes the names from the binding as well. */
	assert_string_equal(op.rows[1].u.admin_revoked.user, "alice");
	store_op_clear(&op);
	op.sha256 = CERT;
	assert_int_equal(run(&op, STORE_REVOKED_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 1);
	store_op_clear(&op);
	assert_int_equal(run(&op, STORE_COUNT), MTLS_OK);
	assert_int_equal(op.counts.n_revoked, 2);
	store_op_clear(&op);
}

static void
records_are_filtered(void **state)
{
	struct store_filter f = { .limit = 10, .event = "login" };
	struct store_record r = record;
	struct store_op op = { .record = &r };
	int64_t first = 0;

	(void)state;
	for (int i = 1; i <= 4; i++) {
		r.event = i == 4 ? "bind" : "login";
		r.reason = i == 2 ? "revoked" : "allowed";
		r.time_ms = 100 * i;
		assert_int_equal(run(&op, STORE_RECORD_ADD), MTLS_OK);
		store_op_clear(&op);
	}
	assert_int_equal(list(&f, &first), 3);
	f.reason = "revoked";
	assert_int_equal(list(&f, &first), 1);
	assert_int_equal(first, 2);
	f = (struct store_filter){ .since_ms = 200, .until_ms = 400 };
	assert_int_equal(list(&f, &first), 2);
	f.limit = 1;
	assert_int_equal(list(&f, &first), 1);
	assert_int_equal(first, 3);
	f = (struct store_filter){ .since_ms = 401 };
	assert_int_equal(list(&f, &first), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(found_as_it_was),
		TEST(T019_each_step_once),
		TEST(T161_one_of_many_wins),
		TEST(T140_failing_statements),
		TEST(T140_a_batch_is_whole),
		TEST(too_many_of_one_machine),
		TEST(records_are_found),
		TEST(T181_one_certificate_one_user),
		TEST(restart_keeps_the_audit),
		TEST(T038_floors_are_kept),
		TEST(T080_databases_that_are_refused),
		TEST(T180_what_was_tampered_with),
		TEST(T180_the_chain_goes_on),
		TEST(other_schemas_are_refused),
		TEST(migration_keeps_what_there_is),
		TEST(revoked_is_found_with_the_challenge),
		TEST(revoked_before_the_decision),
		TEST(a_revoked_machine_opens_nothing),
		TEST(what_is_bound_to_a_user_is_revoked),
		TEST(records_are_filtered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

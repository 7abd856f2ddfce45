/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Bindings keep the certificate, whichever database they are in: it is found
 * by user and key, and by nothing less.
 */
#include "config.h"

#include <string.h>

#include "store_rig.h"

#include "../lib/unit.h"

#define KEY	"00000000000000000000000000000000000000000000000000000000000000"
#define KEY_1	KEY "01"
#define KEY_2	KEY "02"

static uint8_t der[32768];

static void
bind_to(const char *user, struct store_binding *b, int64_t want)
{
	struct store_op op = { .binding = b, .record = &rig_record };

	b->user = user;
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_OK);
	assert_int_equal(op.n, want);
	store_op_clear(&op);
}

static struct store_binding
binding(const char *sha256, const char *key, int64_t not_after_s)
{
	struct store_binding b = { .sha256 = sha256, .subject = "CN=a",
	    .issuer = "CN=b", .serial = "01", .not_after_s = not_after_s,
	    .bound_at_s = 1, .key_sha256 = key, .der = der };

	b.der_len = strlen(sha256);
	memset(der, sha256[0], b.der_len);
	return b;
}

static size_t
find(struct store_op *op, const char *user, const char *key)
{
	store_op_clear(op);
	op->user = user;
	op->key_sha256 = key;
	assert_int_equal(rig_run(op, STORE_BINDING_FIND), MTLS_OK);
	return op->n_bound;
}

static void
found_by_user_and_key(void **state)
{
	struct store_binding old = binding("aa", KEY_1, 5);
	struct store_binding other = binding("d", KEY_2, 9);
	struct store_op op = { 0 };

	(void)state;
	bind_to("bob", &other, 1);
	old = binding("aa", KEY_1, 5);
	bind_to("alice", &old, 1);
	other = binding("ccc", KEY_1, 7);
	bind_to("alice", &other, 1);
	/* What ends last comes first, each with its own certificate. */
	assert_int_equal(find(&op, "alice", KEY_1), 2);
	assert_string_equal(op.bound[0].sha256, "ccc");
	assert_int_equal(op.bound[0].der_len, 3);
	assert_memory_equal(op.bound[0].der, "ccc", 3);
	assert_string_equal(op.bound[1].sha256, "aa");
	assert_int_equal(op.bound[1].der_len, 2);
	assert_false(op.bound[0].is_revoked || op.bound[1].is_revoked);
	/* Neither somebody else's nor with another key. */
	assert_int_equal(find(&op, "alice", KEY_2), 0);
	assert_int_equal(find(&op, "bob", KEY_1), 0);
	assert_int_equal(find(&op, "bob", KEY_2), 1);
	assert_int_equal(find(&op, "", KEY_1), 0);
	assert_int_equal(find(&op, "alice", ""), 0);
	store_op_clear(&op);
}

static void
revoke(const char *kind, const char *sha256)
{
	struct store_revocation r = { .sha256 = sha256, .kind = kind,
	    .by = "uid 0", .revoked_at_s = 1 };
	struct store_op op = { .revocation = &r, .record = &rig_record };

	assert_int_equal(rig_run(&op, STORE_REVOKE), MTLS_OK);
	assert_int_equal(op.n, 1);
	store_op_clear(&op);
}

static void
marked_where_revoked(void **state)
{
	struct store_binding b = binding("aa", KEY_1, 5);
	struct store_op op = { 0 };

	(void)state;
	bind_to("alice", &b, 1);
	b = binding("cc", KEY_1, 4);
	bind_to("alice", &b, 1);
	revoke("certificate", "aa");
	assert_int_equal(find(&op, "alice", KEY_1), 2);
	assert_true(op.bound[0].is_revoked);
	assert_false(op.bound[1].is_revoked);
	revoke("key", KEY_1);
	assert_int_equal(find(&op, "alice", KEY_1), 2);
	assert_true(op.bound[0].is_revoked);
	assert_true(op.bound[1].is_revoked);
	store_op_clear(&op);
}

/* As an older version bound it, and bound again. */
static void
without_its_certificate(void **state)
{
	struct store_binding b = binding("aa", "", 5);
	struct store_op op = { .user = "", .sha256 = "" };

	(void)state;
	b.key_sha256 = NULL;
	b.der = NULL;
	b.der_len = 0;
	bind_to("alice", &b, 1);
	bind_to("alice", &b, 0);
	assert_int_equal(find(&op, "alice", ""), 0);
	assert_int_equal(rig_n_records(), 1);
	/* Nobody else can fill it in. */
	b = binding("aa", KEY_1, 5);
	b.user = "bob";
	op.binding = &b;
	op.record = &rig_record;
	assert_int_equal(rig_run(&op, STORE_BINDING_ADD), MTLS_E_REFUSED);
	store_op_clear(&op);
	bind_to("alice", &b, 1);
	assert_int_equal(rig_n_records(), 2);
	assert_int_equal(find(&op, "alice", KEY_1), 1);
	assert_memory_equal(op.bound[0].der, "aa", 2);
	/* Once it is there it stays. */
	b = binding("aa", KEY_2, 6);
	bind_to("alice", &b, 0);
	assert_int_equal(find(&op, "alice", KEY_2), 0);
	assert_int_equal(find(&op, "alice", KEY_1), 1);
	store_op_clear(&op);
}

static void
listed_with_their_key(void **state)
{
	struct store_binding b = binding("aa", KEY_1, 5);
	struct store_op op = { .user = "", .sha256 = "" };

	(void)state;
	bind_to("alice", &b, 1);
	b = binding("cc", NULL, 5);
	b.der_len = 0;
	bind_to("alice", &b, 1);
	assert_int_equal(rig_run(&op, STORE_BINDING_LIST), MTLS_OK);
	assert_int_equal(op.n_rows, 2);
	assert_string_equal(op.rows[0].u.admin_binding.key_sha256, KEY_1);
	assert_string_equal(op.rows[1].u.admin_binding.key_sha256, "");
	store_op_clear(&op);
}

static void
as_many_and_as_large_as_there_can_be(void **state)
{
	static const char names[STORE_BOUND_MAX + 1][2] = { "a", "b", "c",
	    "d", "e", "f", "g", "h", "i" };
	struct store_op op = { 0 };
	struct store_binding b;

	(void)state;
	for (int i = 0; i <= STORE_BOUND_MAX; i++) {
		b = binding(names[i], KEY_1, i);
		memset(der, names[i][0], sizeof(der));
		b.der_len = sizeof(der);
		bind_to("alice", &b, 1);
	}
	assert_int_equal(find(&op, "alice", KEY_1), STORE_BOUND_MAX);
	for (int i = 0; i < STORE_BOUND_MAX; i++) {
		assert_int_equal(op.bound[i].der_len, sizeof(der));
		assert_int_equal(op.bound[i].der[0], 'i' - i);
		assert_int_equal(op.bound[i].der[sizeof(der) - 1], 'i' - i);
	}
	store_op_clear(&op);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(found_by_user_and_key),
		TEST(marked_where_revoked),
		TEST(without_its_certificate),
		TEST(listed_with_their_key),
		TEST(as_many_and_as_large_as_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

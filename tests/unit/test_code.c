/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Codes as text and as what the store keeps of them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "scratch.h"

#include "../lib/unit.h"

static struct mtls_tls *tls;
static const uint8_t key[CODE_KEY_BYTES] = { 1, 2, 3 };

static void
T165_what_people_type(void **state)
{
	static const struct {
		const char *typed, *code;
	} cases[] = {
		{ "K7Q4MX2A", "K7Q4MX2A" },
		{ "k7q4mx2a", "K7Q4MX2A" },
		{ "K7Q4-MX2A", "K7Q4MX2A" },
		{ " k7 q4 - mx 2a ", "K7Q4MX2A" },
		{ "oO0iIlL1", "00011111" },
		{ "-K-7-Q-4-M-X-2-A-", "K7Q4MX2A" },
		{ "K7Q4MX2", NULL },
		{ "K7Q4MX2AA", NULL },
		{ "K7Q4MX2U", NULL },
		{ "K7Q4MX2_", NULL },
		{ "K7Q4\tMX2A", NULL },
		{ "", NULL },
		{ "        ", NULL },
		/* full-width digits, an umlaut, a soft hyphen */
		{ "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93", NULL },
		{ "K7Q4MX2\xc3\x84", NULL },
		{ "K7Q4\xc2\xadMX2A", NULL },
		/* as long as it may be, and longer */
		{ "K7Q4MX2A                        ", "K7Q4MX2A" },
		{ "K7Q4MX2A                         ", NULL },
	};
	char code[CODE_LEN + 1], *long_text = malloc(10241);

	(void)state;
	assert_non_null(long_text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(code, 'x', sizeof(code));
		assert_int_equal(code_read(cases[i].typed, code, CODE_LEN),
		    cases[i].code == NULL ? -1 : 0);
		assert_string_equal(code, cases[i].code == NULL ? "" :
		    cases[i].code);
	}
	memset(long_text, '7', 10240);
	long_text[10240] = '\0';
	assert_int_equal(code_read(long_text, code, CODE_LEN), -1);
	memset(long_text, ' ', 10240);
	assert_int_equal(code_read(long_text, code, CODE_LEN), -1);
	free(long_text);
}

/* Every other character than one of the alphabet, and those meant by it. */
static void
T165_every_character(void **state)
{
	static const char accepted[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTVWXYZ"
	    "abcdefghijklmnopqrstvwxyz";
	char typed[] = "K7Q4MX2A", code[CODE_LEN + 1];

	(void)state;
	for (int c = 1; c < 256; c++) {
		typed[3] = (char)c;
		assert_int_equal(code_read(typed, code, CODE_LEN),
		    strchr(accepted, c) != NULL ? 0 : -1);
	}
}

static void
codes_are_random(void **state)
{
	static const char all[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char a[CODE_LEN + 1], b[CODE_LEN + 1], read[CODE_LEN + 1];
	unsigned seen = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(code_make(a, CODE_LEN, NULL), MTLS_OK);
		assert_int_equal(code_make(b, CODE_LEN, NULL), MTLS_OK);
		assert_string_not_equal(a, b);
		assert_int_equal(strlen(a), CODE_LEN);
		assert_int_equal(code_read(a, read, CODE_LEN), 0);
		assert_string_equal(a, read);
		seen |= 1u << (strchr(all, a[0]) - all);
	}
	assert_int_equal(seen, 0xffffffffu);
	assert_int_equal(code_make(a, CODE_WORD_LEN, NULL), MTLS_OK);
	assert_int_equal(strlen(a), CODE_WORD_LEN);
}

static void
keys_of(const struct code_purpose *purpose, const char *code,
    struct store_code_key *ret)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	assert_int_equal(code_key(tls, key, purpose, code, ret, &err),
	    MTLS_OK);
}

static void
T164_purposes_are_apart(void **state)
{
	static const uint8_t id[MTLS_ID_BYTES], other[MTLS_ID_BYTES] = { 1 };
	static const struct code_purpose purposes[] = {
		{ NULL, "alice", "sudo", "ws-1" },
		{ NULL, "bob", "sudo", "ws-1" },
		{ NULL, "alice", "su", "ws-1" },
		{ NULL, "alice", "sudo", "ws-2" },
		{ NULL, "alices", "udo", "ws-1" },
		{ NULL, "alice", "sudow", "s-1" },
		{ id, "alice", "sudo", "ws-1" },
		{ other, "alice", "sudo", "ws-1" },
	};
	const size_t n = sizeof(purposes) / sizeof(purposes[0]);
	struct store_code_key keys[8], again;
	uint8_t mark[STORE_MAC_BYTES];
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	for (size_t i = 0; i < n; i++) {
		keys_of(&purposes[i], "K7Q4MX2A", &keys[i]);
		keys_of(&purposes[i], "K7Q4MX2A", &again);
		assert_memory_equal(&keys[i], &again, sizeof(again));
		keys_of(&purposes[i], "K7Q4MX2B", &again);
		assert_memory_equal(keys[i].slot, again.slot, 32);
		assert_memory_not_equal(keys[i].mac, again.mac, 32);
		assert_memory_not_equal(keys[i].mac, keys[i].slot, 32);
		for (size_t k = 0; k < i; k++) {
			assert_memory_not_equal(keys[i].slot, keys[k].slot,
			    32);
			assert_memory_not_equal(keys[i].mac, keys[k].mac,
			    32);
		}
	}
	assert_int_equal(code_mark(tls, key, "K7Q4MX2A", mark, &err),
	    MTLS_OK);
	for (size_t i = 0; i < n; i++)
		assert_memory_not_equal(mark, keys[i].mac, 32);
}

/* Without the key the code cannot be found by trying. */
static void
keys_differ(void **state)
{
	static const uint8_t other[CODE_KEY_BYTES] = { 9 };
	static const struct code_purpose purpose = {
		NULL, "alice", "sudo", "ws-1"
	};
	struct store_code_key a, b;

	(void)state;
	keys_of(&purpose, "K7Q4MX2A", &a);
	assert_int_equal(code_key(tls, other, &purpose, "K7Q4MX2A", &b,
	    NULL), MTLS_OK);
	assert_memory_not_equal(a.mac, b.mac, 32);
	assert_memory_not_equal(a.slot, b.slot, 32);
}

static void
key_files(void **state)
{
	uint8_t a[CODE_KEY_BYTES], b[CODE_KEY_BYTES];
	char data[64];
	struct mtls_err err;

	(void)state;
	memset(data, 'k', sizeof(data));
	mtls_err_clear(&err);
	scratch_file("key", data, 32, 0600);
	assert_int_equal(code_key_read(tls, scratch_path("key"), a, &err),
	    MTLS_OK);
	scratch_file("key2", data, 33, 0600);
	assert_int_equal(code_key_read(tls, scratch_path("key2"), b, &err),
	    MTLS_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	scratch_file("short", data, 31, 0600);
	assert_int_equal(code_key_read(tls, scratch_path("short"), b, &err),
	    MTLS_E_CONFIG);
	mtls_err_clear(&err);
	scratch_file("open", data, 32, 0644);
	assert_int_equal(code_key_read(tls, scratch_path("open"), b, &err),
	    MTLS_E_CONFIG);
}

static int
set_up(void **state)
{
	(void)state;
	return scratch_begin() == 0 && mtls_tls_new(&tls, NULL) == MTLS_OK ?
	    0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	mtls_tls_free(tls);
	return scratch_end();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T165_what_people_type),
		cmocka_unit_test(T165_every_character),
		cmocka_unit_test(codes_are_random),
		cmocka_unit_test(T164_purposes_are_apart),
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(key_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

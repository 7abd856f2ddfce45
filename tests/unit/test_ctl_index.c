/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The index of a CA: what is written is read again, and a line that is not
 * understood stops everything.
 */
#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtlsctl/ca_index.h"
#include "scratch.h"

#define KEY "00112233445566778899aabbccddeeff" \
	"00112233445566778899aabbccddeeff"
#define SERIAL "4f112233445566778899aabbccddeeff"
#define HEADING "# mtlsctl ca index 1\n"
#define DATES "2026-11-23T07:02:17Z\t2036-11-20T08:02:17Z"
#define GOOD "valid\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t-\tusers CA\n"
#define REVOKED "revoked\t5f112233445566778899aabbccddeeff\tusers\tuser\t" \
	DATES "\t" KEY "\t2026-11-23T07:02:18Z superseded\ta@b.example\n"

static struct ca_dir dir = CA_DIR_NONE;
static struct ca_index ix;
static struct mtls_err err;

static int
begin(void **state)
{
	(void)state;
	mtls_err_clear(&err);
	if (scratch_begin() != 0)
		return -1;
	dir.path = strdup(scratch_path(""));
	dir.path[strlen(dir.path) - 1] = '\0';
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ca_index_clear(&ix);
	free(dir.path);
	dir.path = NULL;
	return scratch_end();
}

static enum mtls_status
read_text(const char *text, size_t len)
{
	ca_index_clear(&ix);
	mtls_err_clear(&err);
	scratch_file("index", text, len, 0600);
	return ca_index_read(&dir, &ix, &err);
}

static void
read_and_written_again(void **state)
{
	static const char text[] = HEADING GOOD REVOKED;
	char again[sizeof(text) + 1] = "";
	int fd;

	(void)state;
	assert_int_equal(read_text(text, strlen(text)), MTLS_OK);
	assert_int_equal(ix.n, 2);
	assert_int_equal(ix.entries[0].revoked, 0);
	assert_int_equal(ix.entries[0].kind, CA_KIND_CA);
	assert_int_equal(ix.entries[1].revoked, 1);
	assert_int_equal(ix.entries[1].issuer, CA_USERS);
	assert_int_equal(ix.entries[1].reason, CA_REASON_SUPERSEDED);
	assert_string_equal(ix.entries[1].name, "a@b.example");
	assert_ptr_equal(ca_index_find(&ix, SERIAL), &ix.entries[0]);
	assert_null(ca_index_find(&ix, KEY));
	assert_int_equal(ca_index_write(&dir, &ix, &err), MTLS_OK);
	fd = open(scratch_path("index"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, again, sizeof(again)), strlen(text));
	close(fd);
	assert_string_equal(again, text);
	assert_int_equal(read_text(HEADING, strlen(HEADING)), MTLS_OK);
	assert_int_equal(ix.n, 0);
}

/* Every prefix that does not end with a line, and every other byte. */
static void
every_cut_and_every_flip(void **state)
{
	static const char text[] = HEADING GOOD REVOKED;
	char bad[sizeof(text)];

	(void)state;
	for (size_t len = 0; len < strlen(text); len++) {
		int whole = len >= strlen(HEADING) && text[len - 1] == '\n';

		if ((read_text(text, len) == MTLS_OK) != whole)
			fail_msg("cut at %zu", len);
	}
	for (size_t i = 0; i < strlen(text); i++) {
		static const char with[] = { '\0', '\t', '\n', '\x1b', ' ' };

		for (size_t j = 0; j < sizeof(with); j++) {
			memcpy(bad, text, sizeof(bad));
			/* A name may have a space. */
			if (bad[i] == with[j] || with[j] == ' ')
				continue;
			bad[i] = with[j];
			if (read_text(bad, strlen(text)) == MTLS_OK)
				fail_msg("byte %d at %zu", with[j], i);
		}
	}
}

static void
what_is_not_understood(void **state)
{
	static const char *const lines[] = {
		"Valid\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t-\tx\n",
		"valid\t4F112233445566778899AABBCCDDEEFF\troot\tca\t" DATES
		    "\t" KEY "\t-\tx\n",
		"valid\t" SERIAL "0\troot\tca\t" DATES "\t" KEY "\t-\tx\n",
		"valid\t" SERIAL "\tother\tca\t" DATES "\t" KEY "\t-\tx\n",
		"valid\t" SERIAL "\troot\tother\t" DATES "\t" KEY "\t-\tx\n",
		"valid\t" SERIAL "\troot\tca\t2026-11-23\t2026-11-23\t" KEY
		    "\t-\tx\n",
		"valid\t" SERIAL "\troot\tca\t" DATES "\t" SERIAL "\t-\tx\n",
		"valid\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t+\tx\n",
		"valid\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t-\t\n",
		"valid\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t-\n",
		"valid\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t-\tx\ty\n",
		"revoked\t" SERIAL "\troot\tca\t" DATES "\t" KEY "\t-\tx\n",
		"revoked\t" SERIAL "\troot\tca\t" DATES "\t" KEY
		    "\t2026-11-23T07:02:18Z\tx\n",
		"revoked\t" SERIAL "\troot\tca\t" DATES "\t" KEY
		    "\t2026-11-23T07:02:18Z because\tx\n",
		"\n", GOOD GOOD, GOOD "\n" };
	char text[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", HEADING, lines[i]);
		if (read_text(text, strlen(text)) != MTLS_E_CONFIG)
			fail_msg("line %zu: %s", i, err.text);
		assert_int_equal(ix.n, 0);
	}
}

static void
which_line_it_is(void **state)
{
	static const char text[] = HEADING GOOD "nonsense\n";

	(void)state;
	assert_int_equal(read_text(text, strlen(text)), MTLS_E_CONFIG);
	assert_non_null(strstr(err.text, "index:3: "));
}

static void
T181_keys_have_one_holder(void **state)
{
	static const char text[] = HEADING REVOKED;
	static const char other[] = "ff112233445566778899aabbccddeeff"
	    "00112233445566778899aabbccddeeff";

	(void)state;
	assert_int_equal(read_text(text, strlen(text)), MTLS_OK);
	assert_int_equal(ca_index_check_key(&ix, KEY, CA_KIND_USER,
	    "a@b.example", &err), MTLS_OK);
	assert_int_equal(ca_index_check_key(&ix, other, CA_KIND_USER,
	    "somebody", &err), MTLS_OK);
	assert_int_equal(ca_index_check_key(&ix, KEY, CA_KIND_USER,
	    "b@b.example", &err), MTLS_E_CONFIG);
	mtls_err_clear(&err);
	assert_int_equal(ca_index_check_key(&ix, KEY, CA_KIND_MACHINE,
	    "a@b.example", &err), MTLS_E_CONFIG);
	mtls_err_clear(&err);
	ix.entries[0].reason = CA_REASON_KEY_COMPROMISE;
	assert_int_equal(ca_index_check_key(&ix, KEY, CA_KIND_USER,
	    "a@b.example", &err), MTLS_E_CONFIG);
}

static void
serial_numbers(void **state)
{
	char a[2 * CA_SERIAL_BYTES + 1];
	char b[2 * CA_SERIAL_BYTES + 1];

	(void)state;
	for (int i = 0; i < 64; i++) {
		assert_int_equal(ca_index_serial(&ix, a, &err), MTLS_OK);
		assert_int_equal(ca_index_serial(&ix, b, &err), MTLS_OK);
		assert_int_equal(strlen(a), 32);
		assert_true(a[0] >= '4' && a[0] <= '7');
		assert_string_not_equal(a, b);
	}
}

/* Many, so that the array grows. */
static void
a_large_index(void **state)
{
	struct ca_entry e;
	char name[] = "x";

	(void)state;
	memset(&e, 0, sizeof(e));
	memcpy(e.key, KEY, sizeof(e.key));
	e.not_after_s = 4000000000;
	e.name = name;
	for (int i = 0; i < 3000; i++) {
		snprintf(e.serial, sizeof(e.serial), "%032x", i);
		assert_int_equal(ca_index_add(&ix, &e, &err), MTLS_OK);
	}
	assert_int_equal(ca_index_write(&dir, &ix, &err), MTLS_OK);
	ca_index_clear(&ix);
	assert_int_equal(ca_index_read(&dir, &ix, &err), MTLS_OK);
	assert_int_equal(ix.n, 3000);
	assert_string_equal(ix.entries[2999].serial, e.serial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(read_and_written_again, begin,
		    end),
		cmocka_unit_test_setup_teardown(every_cut_and_every_flip,
		    begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_understood, begin,
		    end),
		cmocka_unit_test_setup_teardown(which_line_it_is, begin, end),
		cmocka_unit_test_setup_teardown(T181_keys_have_one_holder,
		    begin, end),
		cmocka_unit_test_setup_teardown(serial_numbers, begin, end),
		cmocka_unit_test_setup_teardown(a_large_index, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Text from outside: what is shown, what is a name.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mtls/text.h"

#include "../lib/unit.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *in, *out;
} printable[] = {
	{ "", "" },
	{ "Alice's card", "Alice's card" },
	{ "J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x94\x91",
	    "J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x94\x91" },
	{ "a\\b", "a\\x5cb" },
	{ "\x1b[2J", "\\x1b[2J" },			/* CSI */
	{ "\x1b]52;c;eA==\x07", "\\x1b]52;c;eA==\\x07" },	/* OSC 52 */
	{ "a\rb\nc\td", "a\\x0db\\x0ac\\x09d" },
	{ "\x9b" "2J", "\\x9b2J" },			/* 8 bit CSI, raw */
	{ "\xc2\x9b" "2J", "\\xc2\\x9b2J" },		/* and as UTF-8 */
	{ "\x7f", "\\x7f" },
	{ "a\xe2\x80\xae" "b", "a\\xe2\\x80\\xaeb" },	/* bidi override */
	{ "a\xe2\x81\xa6" "b", "a\\xe2\\x81\\xa6b" },	/* bidi isolate */
	{ "\xe2\x80\xa8\xe2\x80\xa9",			/* separators */
	    "\\xe2\\x80\\xa8\\xe2\\x80\\xa9" },
	{ "\xef\xbb\xbfx", "\\xef\\xbb\\xbfx" },		/* BOM */
	{ "\xc2\xadx", "\\xc2\\xadx" },			/* soft hyphen */
	{ "\xe2\x80\x8bx", "\\xe2\\x80\\x8bx" },		/* zero width */
	{ "\xf3\xa0\x81\x81", "\\xf3\\xa0\\x81\\x81" },	/* tag letter */
	{ "\xee\x80\x80", "\\xee\\x80\\x80" },		/* private use */
	{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },	/* too high */
	{ "\xf5x", "\\xf5x" },
	{ "\xe2\x82", "\\xe2\\x82" },			/* cut off */
	{ "\xc3(", "\\xc3(" },
	{ "\x80", "\\x80" },
};

static void
T106_nothing_reaches_the_terminal_that_moves_it(void **state)
{
	char out[256];

	(void)state;
	for (size_t i = 0; i < N(printable); i++) {
		mtls_text_printable(out, sizeof(out), printable[i].in);
		assert_string_equal(out, printable[i].out);
		assert_int_equal(mtls_text_is_printable(printable[i].in),
		    strcmp(printable[i].in, printable[i].out) == 0);
		/* What comes out is a line, in whatever it is put. */
		assert_true(mtls_text_is_line(out, strlen(out)));
	}
}

static void
T106_long_text_is_cut_at_a_character(void **state)
{
	static const char *const in = "ab\xc3\xa4\x1b" "cd";
	static const char *const cut[] = {	/* by size of out */
		"", "", ".", "..", "...", "a...", "ab...", "ab...",
		"ab\xc3\xa4...", "ab\xc3\xa4...", "ab\xc3\xa4...",
		"ab\xc3\xa4\\x1bcd"
	};
	char *out;
	static char big[10240 + 1];
	char small[512];

	(void)state;
	for (size_t size = 1; size < N(cut); size++) {
		out = malloc(size);	/* so that ASan sees an overrun */
		assert_ptr_equal(mtls_text_printable(out, size, in), out);
		assert_string_equal(out, cut[size]);
		free(out);
	}
	small[0] = 'x';
	assert_ptr_equal(mtls_text_printable(small, 0, in), small);
	assert_int_equal(small[0], 'x');
	memset(big, '\x1b', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	mtls_text_printable(small, sizeof(small), big);
	assert_int_equal(strlen(small), 508 + 3);
	assert_string_equal(small + 504, "\\x1b...");
}

/* Every code point, once: the table and its search agree with the rules. */
static size_t
utf8(char *s, unsigned c)
{
	if (c < 0x80) {
		s[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		s[0] = (char)(0xc0 | c >> 6);
		s[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		s[0] = (char)(0xe0 | c >> 12);
		s[1] = (char)(0x80 | (c >> 6 & 63));
		s[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	s[0] = (char)(0xf0 | c >> 18);
	s[1] = (char)(0x80 | (c >> 12 & 63));
	s[2] = (char)(0x80 | (c >> 6 & 63));
	s[3] = (char)(0x80 | (c & 63));
	return 4;
}

static void
every_code_point_is_decoded(void **state)
{
	unsigned visible = 0;
	char s[4];
	size_t n;

	(void)state;
	for (unsigned c = 0; c < 0x110000; c++) {
		n = utf8(s, c);
		assert_int_equal(mtls_text_is_utf8(s, n),
		    c != 0 && (c < 0xd800 || c > 0xdfff));
		if (c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0xd800 && c <= 0xdfff) || (c & 0xfffe) == 0xfffe)
			assert_false(mtls_text_is_line(s, n));
		visible += (unsigned)mtls_text_is_line(s, n);
		/* One byte less, or more, is never the same. */
		if (n > 1)
			assert_false(mtls_text_is_utf8(s, n - 1));
	}
	assert_true(visible > 0x30000);
	assert_true(mtls_text_is_utf8("", 0));
	assert_true(mtls_text_is_line("", 0));
	assert_false(mtls_text_is_line("a\0b", 3));
	assert_false(mtls_text_is_utf8("a\0b", 3));
}

static void
make_line_replaces_in_place(void **state)
{
	char s[] = "a\n\xe2\x80\xae\xff\xc3\xa4\\\xf0\x9f\x94";
	char no_tail[] = "\xe2z";
	char overlong[] = "a\xe0\x80\x80";

	(void)state;
	mtls_text_make_line(s);
	assert_string_equal(s, "a?????\xc3\xa4\\");
	mtls_text_make_line(no_tail);
	assert_string_equal(no_tail, "?z");
	mtls_text_make_line(overlong);
	assert_string_equal(overlong, "a???");
}

static void
T114_user_names(void **state)
{
	static const char *const good[] = {
		"a", "alice", "alice.b-c_d", "j\xc3\xbcrgen", "a@b", "ALICE",
		"a+b", "0", "a#b", "...",
	};
	static const char *const bad[] = {
		"", "-", "--", "-f root", "-froot", "root\n", "a b", ".",
		"..", "../x", "a/b", "a,b", "a:b", "a;b", "a=b", "a|b",
		"a\\b", "a\"b", "a'b", "a$b", "a*", "a?", " a", "a ", "a\tb",
		"a\x1b", "a\x7f", "a\xc2\xa0" "b", "a\xe3\x80\x80" "b",
		"a\xe2\x80\x83" "b", "a\xff", "a\xe2\x80\xae" "b", "\xc0\xaf",
		"a\xc2\x85",
	};
	char s[MTLS_USER_MAX + 2];

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		assert_true(mtls_text_is_user(good[i]));
	for (size_t i = 0; i < N(bad); i++)
		assert_false(mtls_text_is_user(bad[i]));
	memset(s, 'a', sizeof(s));
	s[MTLS_USER_MAX] = '\0';
	assert_true(mtls_text_is_user(s));
	s[MTLS_USER_MAX] = 'a';
	s[MTLS_USER_MAX + 1] = '\0';
	assert_false(mtls_text_is_user(s));
}

static void
host_names(void **state)
{
	static const char *const good[] = {
		"a", "ws-1.acme.example", "WS-1.Acme.Example", "1a.2",
		"xn--bcher-kva.example", "a.b.c", "a--b", "z", "Z", "A", "0a",
		"9a",
	};
	static const char *const bad[] = {
		"", ".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a.-b", "*",
		"*.acme.example", "192.0.2.1", "1", "a_b", "a b", "a\n",
		"[::1]", "a:1", ("b\xc3\xbc" "cher.example"), "a/b",
	};
	char s[300];

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		assert_true(mtls_text_is_hostname(good[i]));
	for (size_t i = 0; i < N(bad); i++)
		assert_false(mtls_text_is_hostname(bad[i]));
	memset(s, 'a', sizeof(s));
	for (size_t i = 63; i < 253; i += 64)
		s[i] = '.';
	s[253] = '\0';
	assert_true(mtls_text_is_hostname(s));
	s[253] = 'a';
	s[254] = '\0';
	assert_false(mtls_text_is_hostname(s));
	s[63] = 'a';
	s[64] = '\0';
	assert_false(mtls_text_is_hostname(s));
	s[63] = '\0';
	assert_true(mtls_text_is_hostname(s));
}

static void
service_names(void **state)
{
	static const char *const good[] = {
		"sshd", "gdm-password", "polkit-1", "a", "su_l", "a.b@c+d",
	};
	static const char *const bad[] = {
		"", ".", "..", "-a", ".a", "a/b", "a b", "a\n", "a\xc3\xa4",
		"../x", "a:b",
	};
	char s[66];

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		assert_true(mtls_text_is_service(good[i]));
	for (size_t i = 0; i < N(bad); i++)
		assert_false(mtls_text_is_service(bad[i]));
	memset(s, 'a', sizeof(s));
	s[64] = '\0';
	assert_true(mtls_text_is_service(s));
	s[64] = 'a';
	s[65] = '\0';
	assert_false(mtls_text_is_service(s));
}

static void
hexadecimal(void **state)
{
	static const char *const bad[] = {
		"", "0", "00f", "00f", "00FF", "00f ", "00fg", "00ff0",
		" 0ff", "0x0f", "00ff00",
	};
	uint8_t bytes[2] = { 0x00, 0xff };
	uint8_t out[2] = { 1, 2 };
	char hex[5];

	(void)state;
	assert_ptr_equal(mtls_hex_encode(hex, bytes, 2), hex);
	assert_string_equal(hex, "00ff");
	for (size_t i = 0; i < N(bad); i++) {
		assert_int_equal(mtls_hex_decode(out, 2, bad[i]), -1);
		assert_int_equal(out[0], 1);
		assert_int_equal(out[1], 2);
	}
	assert_int_equal(mtls_hex_decode(out, 2, "00ff"), 0);
	assert_memory_equal(out, bytes, 2);
	assert_int_equal(mtls_hex_decode(out, 2, "9a0b"), 0);
	assert_int_equal(out[0], 0x9a);
	assert_int_equal(out[1], 0x0b);
	assert_string_equal(mtls_hex_encode(hex, bytes, 0), "");
	assert_int_equal(mtls_hex_decode(out, 0, ""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    T106_nothing_reaches_the_terminal_that_moves_it),
		cmocka_unit_test(T106_long_text_is_cut_at_a_character),
		cmocka_unit_test(every_code_point_is_decoded),
		cmocka_unit_test(make_line_replaces_in_place),
		cmocka_unit_test(T114_user_names),
		cmocka_unit_test(host_names),
		cmocka_unit_test(service_names),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

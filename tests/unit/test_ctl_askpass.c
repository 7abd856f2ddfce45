/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What mtls-askpass shows of a question, and what it reads out of ssh -G.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "mtlsctl/askpass.h"
#include "mtlsctl/ssh_target.h"
#include "unit.h"

static void
a_question_cannot_move_the_cursor(void **state)
{
	static char out[ASKPASS_SHOWN_MAX];

	(void)state;
	assert_string_equal(askpass_shown(out, sizeof(out),
	    "(a@b) \x1b[2J\x1b]0;x\a\rPIN for Alice's card: \xc2\x9b"
	    "1m\x7f"), "(a@b) \\x1b[2J\\x1b]0;x\\x07\\x0dPIN for Alice's "
	    "card: \\xc2\\x9b1m\\x7f");
	assert_string_equal(askpass_shown(out, sizeof(out),
	    "The authenticity\nof it: \n"), "The authenticity\nof it: \n");
}

/* No line of a machine's question looks as one of ours. */
static void
each_line_says_whose_it_is(void **state)
{
	static char out[ASKPASS_SHOWN_MAX];

	(void)state;
	assert_string_equal(askpass_shown(out, sizeof(out),
	    "(a@b) Hello\n\nPIN for Alice's card: "), "(a@b) Hello\n(a@b) \n"
	    "(a@b) PIN for Alice's card: ");
	assert_string_equal(askpass_shown(out, sizeof(out), "(a\nb) c: "),
	    "(a\nb) c: ");
	assert_string_equal(askpass_shown(out, sizeof(out), "(a"), "(a");
}

static void
a_long_question_is_cut(void **state)
{
	static char big[100000];
	char out[64];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	assert_true(strlen(askpass_shown(out, sizeof(out), big)) <
	    sizeof(out));
	memset(big, '\n', sizeof(big) - 1);
	assert_true(strlen(askpass_shown(out, sizeof(out), big)) <
	    sizeof(out));
}

static void
what_may_be_seen(void **state)
{
	(void)state;
	assert_true(askpass_may_echo("The authenticity of host 'a (::1)' "
	    "can't be established.\n"));
	assert_true(askpass_may_echo("Please type 'yes', 'no' or the "
	    "fingerprint: "));
	assert_false(askpass_may_echo("(a@b) The authenticity of host "));
	assert_false(askpass_may_echo("(a@b) Password: "));
	assert_false(askpass_may_echo("Enter passphrase for key 'k': "));
	assert_false(askpass_may_echo(""));
}

static enum mtls_status
parse(const char *text, const char *gateway, struct ssh_target *ret)
{
	struct mtls_err err;

	mtls_err_clear(&err);
	return ssh_target_parse(text, gateway, ret, &err);
}

static void
where_ssh_goes(void **state)
{
	struct ssh_target t;

	(void)state;
	assert_int_equal(parse("host gw\nuser alice\nhostname "
	    "GW.acme.example.\nport 22\n", NULL, &t), MTLS_OK);
	assert_string_equal(t.user, "alice");
	assert_string_equal(t.gateway, "gw.acme.example");
	assert_int_equal(parse("user alice\nhostname 192.0.2.1\n",
	    "Gw.acme.example", &t), MTLS_OK);
	assert_string_equal(t.gateway, "gw.acme.example");
}

static void
nothing_is_guessed(void **state)
{
	static const char *const texts[] = { "",
	    "user alice\n", "hostname gw.acme.example\n",
	    "user alice\nhostname 192.0.2.1\n",
	    "user alice\nhostname ::1\n", "user alice\nhostname \n",
	    "user alice\nhostname a b.example\n",
	    "user -l\nhostname gw.acme.example\n",
	    "user a/b\nhostname gw.acme.example\n",
	    "xuser alice\nhostname gw.acme.example\n",
	    "user alice\nhostname no-such-name-anywhere\n" };
	struct ssh_target t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], NULL, &t) != MTLS_E_USAGE)
			fail_msg("%s", texts[i]);
	}
	assert_int_equal(parse("user alice\nhostname gw.acme.example\n",
	    "192.0.2.1", &t), MTLS_E_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_cannot_move_the_cursor),
		cmocka_unit_test(each_line_says_whose_it_is),
		cmocka_unit_test(a_long_question_is_cut),
		cmocka_unit_test(what_may_be_seen),
		cmocka_unit_test(where_ssh_goes),
		cmocka_unit_test(nothing_is_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What the person is told: fixed, short, printable, and never the reason.
 */
#include "config.h"

#include "../../client/sentence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtls/login.h"
#include "mtls/text.h"

static void
every_status_has_its_sentence(void **state)
{
	int s;
	const char *text;

	(void)state;
	for (s = 0; s <= MTLS_STATUS_COUNT; s++) {
		text = sentence_for_status((enum mtls_status)s);
		assert_non_null(text);
		assert_true(strlen(text) < 100);
		assert_true(mtls_text_is_printable(text));
		if (s == MTLS_OK || s == MTLS_E_CANCELLED ||
		    s == MTLS_E_CONVERSATION || s == MTLS_E_AGAIN)
			assert_string_equal(text, "");
		else
			assert_true(text[0] != '\0');
	}
	assert_string_equal(sentence_for_status(MTLS_E_TOKEN_ABSENT),
	    "Insert your smart card and try again.");
	assert_string_equal(sentence_for_status(MTLS_E_PEER),
	    sentence_for_status(MTLS_E_UNAVAILABLE));
}

static void
T066_tries_left_in_words(void **state)
{
	static const struct {
		uint32_t flags, tries;
		const char *text;
	} cases[] = {
		{ 0, 0, "Wrong PIN." },
		{ 0, 3, "Wrong PIN." },
		{ MTLS_PIN_COUNT_LOW, 0, "Wrong PIN. Some tries are spent." },
		{ MTLS_PIN_COUNT_LOW, 3, "Wrong PIN. 2 tries left." },
		{ MTLS_PIN_COUNT_LOW, 5, "Wrong PIN. Some tries are spent." },
		{ MTLS_PIN_FINAL_TRY, 0, "Wrong PIN. One try left." },
		{ MTLS_PIN_COUNT_LOW | MTLS_PIN_FINAL_TRY, 3,
		    "Wrong PIN. One try left." },
		{ MTLS_PIN_COUNT_LOW | MTLS_PIN_FINAL_TRY | MTLS_PIN_LOCKED,
		    3, "Wrong PIN. The PIN is locked now." },
	};
	char out[SENTENCE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(sentence_wrong_pin(cases[i].flags,
		    cases[i].tries, out, sizeof(out)), cases[i].text);
}

static void
prompts_name_the_card(void **state)
{
	char out[SENTENCE_MAX];

	(void)state;
	assert_string_equal(sentence_pin_prompt("Alice's card", 0, 0, out,
	    sizeof(out)), "PIN for Alice's card: ");
	assert_string_equal(sentence_pin_prompt("", 0, 0, out, sizeof(out)),
	    "PIN for the smart card: ");
	assert_string_equal(sentence_pin_prompt(NULL, 0, 0, out,
	    sizeof(out)), "PIN for the smart card: ");
	assert_string_equal(sentence_pin_prompt("C", MTLS_PIN_COUNT_LOW, 3,
	    out, sizeof(out)), "2 tries left. PIN for C: ");
	assert_string_equal(sentence_last_try("C", out, sizeof(out)),
	    "One more wrong PIN locks C. Type yes to use the last try: ");
}

static void
T106_labels_of_cards_are_made_harmless(void **state)
{
	char out[SENTENCE_MAX];
	char label[1024];

	(void)state;
	(void)sentence_pin_prompt("\033]52;c;eA==\007\xe2\x80\xae", 0, 0,
	    out, sizeof(out));
	assert_true(mtls_text_is_utf8(out, strlen(out)));
	assert_null(strchr(out, '\033'));
	assert_null(strstr(out, "\xe2\x80\xae"));
	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	(void)sentence_pin_prompt(label, 0, 0, out, sizeof(out));
	assert_true(strlen(out) < 200);
	assert_string_equal(out + strlen(out) - 2, ": ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_its_sentence),
		cmocka_unit_test(T066_tries_left_in_words),
		cmocka_unit_test(prompts_name_the_card),
		cmocka_unit_test(T106_labels_of_cards_are_made_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

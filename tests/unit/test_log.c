/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Log lines: one per event, keys that cannot be forged.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtls/log.h"
#include "mtls/text.h"

#include "../lib/unit.h"

struct sunk {
	int n;
	enum mtls_log_level level;
	char line[4 * MTLS_LOG_LINE_MAX];
};

static void
sink(void *arg, enum mtls_log_level level, const char *line)
{
	struct sunk *s = arg;

	s->n++;
	s->level = level;
	snprintf(s->line, sizeof(s->line), "%s", line);
	errno = EPERM;
}

static struct sunk sunk;
static const struct mtls_log to_sunk = { sink, &sunk, MTLS_LOG_NOTICE };

static int
set_up(void **state)
{
	(void)state;
	memset(&sunk, 0, sizeof(sunk));
	return 0;
}

static void
an_event_and_its_pairs(void **state)
{
	(void)state;
	errno = EDOM;
	mtls_log_event(&to_sunk, MTLS_LOG_NOTICE, "granted",
	    MTLS_KEY_USER, "alice", MTLS_KEY_TTY, NULL,
	    MTLS_KEY_SERVICE, "sshd", MTLS_KEY_RHOST, "", MTLS_KEY_END);
	assert_int_equal(sunk.n, 1);
	assert_int_equal(sunk.level, MTLS_LOG_NOTICE);
	assert_string_equal(sunk.line,
	    "granted user=alice service=sshd rhost=\"\"");
	assert_int_equal(errno, EDOM);
}

static void
levels(void **state)
{
	const struct mtls_log none = { NULL, NULL, MTLS_LOG_DEBUG };

	(void)state;
	mtls_log_event(&to_sunk, MTLS_LOG_DEBUG, "x", MTLS_KEY_END);
	assert_int_equal(sunk.n, 0);
	mtls_log_event(&to_sunk, MTLS_LOG_ERR, "x", MTLS_KEY_END);
	assert_int_equal(sunk.n, 1);
	assert_string_equal(sunk.line, "x");
	mtls_log_event(NULL, MTLS_LOG_ERR, "x", MTLS_KEY_END);
	mtls_log_event(&none, MTLS_LOG_ERR, "x", MTLS_KEY_END);
}

static void
every_key_has_a_word(void **state)
{
	(void)state;
	for (int key = MTLS_KEY_END + 1; key < MTLS_KEY_COUNT; key++) {
		mtls_log_event(&to_sunk, MTLS_LOG_ERR, "x", key, "v",
		    MTLS_KEY_END);
		assert_null(strstr(sunk.line, "unknown"));
		assert_non_null(strstr(sunk.line, "=v"));
	}
}

static void
T107_values_cannot_break_out(void **state)
{
	(void)state;
	mtls_log_event(&to_sunk, MTLS_LOG_NOTICE, "denied",
	    MTLS_KEY_USER, "a\nNov 1 sshd: granted user=root",
	    MTLS_KEY_RHOST, "%s%n\x1b[2J", MTLS_KEY_TTY, "a\" verdict=\"x",
	    MTLS_KEY_HOST, "a=b", MTLS_KEY_PEER, "\xe2\x80\xae\\",
	    MTLS_KEY_END);
	assert_string_equal(sunk.line, "denied "
	    "user=\"a\\x0aNov 1 sshd: granted user=root\" "
	    "rhost=%s%n\\x1b[2J tty=\"a\\x22 verdict=\\x22x\" "
	    "host=\"a=b\" peer=\\xe2\\x80\\xae\\x5c");
}

static void
T107_long_values_do_not_push_out_what_follows(void **state)
{
	static char big[4000], quotes[4000];

	(void)state;
	memset(big, 'u', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	memset(quotes, '"', sizeof(quotes) - 1);
	quotes[sizeof(quotes) - 1] = '\0';
	mtls_log_event(&to_sunk, MTLS_LOG_NOTICE, "denied",
	    MTLS_KEY_USER, big, MTLS_KEY_RHOST, quotes, MTLS_KEY_TTY, big,
	    MTLS_KEY_VERDICT, "deny", MTLS_KEY_REASON, big,
	    MTLS_KEY_STATUS, "refused", MTLS_KEY_END);
	assert_true(strlen(sunk.line) < MTLS_LOG_LINE_MAX);
	assert_non_null(strstr(sunk.line, "u... rhost="));
	assert_non_null(strstr(sunk.line, " verdict=deny"));
	assert_non_null(strstr(sunk.line, " status=refused"));
	assert_true(mtls_text_is_line(sunk.line, strlen(sunk.line)));
	/* Reason and certificate may be longer than what a stranger says. */
	assert_true(strstr(sunk.line, " status=") -
	    strstr(sunk.line, " reason=") > 300);
	assert_true(strstr(sunk.line, " rhost=") -
	    strstr(sunk.line, " user=") < 200);
	mtls_log_event(&to_sunk, MTLS_LOG_NOTICE, "denied",
	    MTLS_KEY_CERT, big, MTLS_KEY_END);
	assert_true(strlen(sunk.line) > 300);
	/* Too much for any line: whole pairs are missing, not halves. */
	mtls_log_event(&to_sunk, MTLS_LOG_NOTICE, "denied",
	    MTLS_KEY_REASON, big, MTLS_KEY_CERT, big, MTLS_KEY_REASON, big,
	    MTLS_KEY_CERT, big, MTLS_KEY_MS, "7", MTLS_KEY_END);
	assert_true(strlen(sunk.line) < MTLS_LOG_LINE_MAX);
	assert_non_null(strstr(sunk.line, "u... ms=7"));
}

static void
errors_bring_status_and_reason(void **state)
{
	struct mtls_err err;

	(void)state;
	mtls_err_clear(&err);
	(void)!mtls_fail(&err, MTLS_E_PEER, "not \"me\"");
	errno = EDOM;
	mtls_log_err(&to_sunk, MTLS_LOG_WARNING, "no-verifier", &err,
	    MTLS_KEY_USER, "alice", MTLS_KEY_END);
	assert_int_equal(errno, EDOM);
	assert_string_equal(sunk.line, "no-verifier status=peer "
	    "reason=\"not \\x22me\\x22\" user=alice");
	sunk.n = 0;
	mtls_log_err(&to_sunk, MTLS_LOG_DEBUG, "x", &err, MTLS_KEY_END);
	mtls_log_err(NULL, MTLS_LOG_ERR, "x", &err, MTLS_KEY_END);
	assert_int_equal(sunk.n, 0);
}

static void
stderr_gets_one_line_with_its_level(void **state)
{
	static const char *const expected[] = {
		"<3>x y\n", "<4>x y\n", "<5>x y\n", "<7>x y\n"
	};
	int saved = dup(2);
	char out[64];
	int fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (int level = MTLS_LOG_ERR; level <= MTLS_LOG_DEBUG; level++) {
		assert_int_equal(dup2(fds[1], 2), 2);
		mtls_log_to_stderr(NULL, (enum mtls_log_level)level, "x y");
		assert_int_equal(dup2(saved, 2), 2);
		n = read(fds[0], out, sizeof(out) - 1);
		assert_true(n > 0);
		out[n] = '\0';
		assert_string_equal(out, expected[level]);
	}
	close(fds[0]);
	close(fds[1]);
	close(saved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_event_and_its_pairs, set_up),
		cmocka_unit_test_setup(levels, set_up),
		cmocka_unit_test_setup(every_key_has_a_word, set_up),
		cmocka_unit_test_setup(T107_values_cannot_break_out, set_up),
		cmocka_unit_test_setup(
		    T107_long_values_do_not_push_out_what_follows, set_up),
		cmocka_unit_test_setup(errors_bring_status_and_reason,
		    set_up),
		cmocka_unit_test_setup(stderr_gets_one_line_with_its_level,
		    set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

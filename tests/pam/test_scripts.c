/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs every tests/pam/NAME.pamt, or those that are named as arguments. A
 * script is one login, or several on one handle; a line is one of
 *
 *	# comment			T-123: which case it is
 *	module ARGUMENTS		of the module, behind its socket
 *	service|user|tty|rhost|ruser VALUE
 *	> STEP				of the helper, see fake_helper.h
 *	? off|on TEXT ANSWER		a question that is asked, and the
 *					answer; !none, !null, !again, !error,
 *					!abort, !memory: there is none
 *	? info|error TEXT		a message that is shown
 *	= authenticate|account|setcred|open|close|password CODE [FLAG...]
 *					what libpam says; flags: silent,
 *					no-null
 *	log TEXT			a line of the log has it
 *	nolog TEXT			none has
 *
 * Words are as in fake_helper.h. Everything that is shown must be there, in
 * that order, and nothing else.
 */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_helper.h"
#include "pam_rig.h"

#define SCRIPTS_MAX	128
#define LINES_MAX	128

struct script {
	const char *name;
	char text[16384];
	char helper[16384];		/* the lines with '>' */
	char shown[RIG_TEXT_MAX];	/* what the '?' lines say */
	const char *user;
	struct rig *r;
};

static const struct {
	const char *word;
	int code;
} codes[] = {
	{ "success", PAM_SUCCESS }, { "auth-err", PAM_AUTH_ERR },
	{ "authinfo-unavail", PAM_AUTHINFO_UNAVAIL },
	{ "maxtries", PAM_MAXTRIES }, { "perm-denied", PAM_PERM_DENIED },
	{ "service-err", PAM_SERVICE_ERR }, { "conv-err", PAM_CONV_ERR },
	{ "incomplete", PAM_INCOMPLETE }, { "buf-err", PAM_BUF_ERR },
	{ "system-err", PAM_SYSTEM_ERR }, { "abort", PAM_ABORT }
};

static const struct {
	const char *word;
	enum rig_reply_kind kind;
	int code;
} failures[] = {
	{ "!none", RIG_NO_RESPONSE, PAM_SUCCESS },
	{ "!null", RIG_NO_ANSWER, PAM_SUCCESS },
	{ "!again", RIG_FAIL, PAM_CONV_AGAIN },
	{ "!error", RIG_FAIL, PAM_CONV_ERR },
	{ "!abort", RIG_FAIL, PAM_ABORT },
	{ "!memory", RIG_FAIL, PAM_BUF_ERR }
};

static const struct {
	const char *word;
	int (*function)(pam_handle_t *, int);
} calls[] = {
	{ "authenticate", pam_authenticate }, { "account", pam_acct_mgmt },
	{ "setcred", pam_setcred }, { "open", pam_open_session },
	{ "close", pam_close_session }, { "password", pam_chauthtok }
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
reply_with(struct rig *r, const char *answer)
{
	size_t i;

	for (i = 0; i < COUNT(failures); i++)
		if (strcmp(failures[i].word, answer) == 0) {
			rig_reply(r, failures[i].kind, failures[i].code,
			    NULL);
			return;
		}
	rig_say(r, answer);
}

static void
expect_shown(struct script *s, int n, char *words[])
{
	size_t used = strlen(s->shown);
	int is_question = strcmp(words[1], "off") == 0 ||
	    strcmp(words[1], "on") == 0;

	if (n != (is_question ? 4 : 3))
		fail_msg("%s: ? %s has %d words", s->name, words[1], n);
	snprintf(s->shown + used, sizeof(s->shown) - used, "%s %s|",
	    words[1], words[2]);
	if (is_question)
		reply_with(s->r, words[3]);
}

static void
call(struct script *s, int n, char *words[])
{
	int (*function)(pam_handle_t *, int) = NULL;
	const char *got = "?";
	int flags = 0;
	int code;
	int j;
	size_t i;

	assert_true(n >= 3);
	for (j = 3; j < n; j++)
		flags |= strcmp(words[j], "silent") == 0 ? PAM_SILENT :
		    PAM_DISALLOW_NULL_AUTHTOK;
	for (i = 0; i < COUNT(calls); i++)
		if (strcmp(calls[i].word, words[1]) == 0)
			function = calls[i].function;
	assert_non_null(function);
	code = function == pam_authenticate ?
	    rig_login(s->r, s->user, flags) :
	    rig_call(s->r, function, flags);
	for (i = 0; i < COUNT(codes); i++)
		if (codes[i].code == code)
			got = codes[i].word;
	if (strcmp(got, words[2]) != 0)
		fail_msg("%s: %s is %s (%d), not %s\n%s", s->name, words[1],
		    got, code, words[2], rig_log());
}

/* What has to be known before the handle is made. */
static void
prepare(struct script *s, int n, char *words[], const char *rest)
{
	if (strcmp(words[0], "module") == 0)
		snprintf(s->r->args, sizeof(s->r->args), "%s", rest);
	else if (strcmp(words[0], "?") == 0 && n >= 3)
		expect_shown(s, n, words);
	else if (n != 2)
		return;
	else if (strcmp(words[0], "user") == 0)
		s->user = words[1];
	else if (strcmp(words[0], "service") == 0)
		s->r->service = words[1];
	else if (strcmp(words[0], "tty") == 0)
		s->r->tty = words[1];
	else if (strcmp(words[0], "rhost") == 0)
		s->r->rhost = words[1];
	else if (strcmp(words[0], "ruser") == 0)
		s->r->ruser = words[1];
}

static void
check(struct script *s, int n, char *words[])
{
	if (strcmp(words[0], "=") == 0)
		call(s, n, words);
	else if (n != 2)
		return;
	else if (strcmp(words[0], "log") == 0) {
		if (strstr(rig_log(), words[1]) == NULL)
			fail_msg("%s: not in the log: %s\n%s", s->name,
			    words[1], rig_log());
	} else if (strcmp(words[0], "nolog") == 0)
		assert_null(strstr(rig_log(), words[1]));
}

static int
is_line(const char *line)
{
	static const char *const words[] = { "module ", "service ", "user ",
	    "tty ", "rhost ", "ruser ", "> ", "? ", "= ", "log ", "nolog " };
	size_t i;

	if (line[0] == '#' || line[0] == '\0')
		return 1;
	for (i = 0; i < COUNT(words); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0)
			return 1;
	return 0;
}

/* Both passes over the lines: first all that is given, then all calls. */
static void
play(struct script *s)
{
	static char *words[LINES_MAX][FAKE_WORDS_MAX];
	int n_words[LINES_MAX];
	char rest[1024];
	char *text = s->text;
	char *line;
	int n = 0;
	int i;

	while ((line = strsep(&text, "\n")) != NULL && n < LINES_MAX) {
		if (!is_line(line))
			fail_msg("%s: %s", s->name, line);
		if (line[0] == '>') {
			strcat(strcat(s->helper, line + 2), "\n");
			continue;
		}
		snprintf(rest, sizeof(rest), "%s",
		    line + strcspn(line, " "));
		n_words[n] = fake_words(line, words[n]);
		if (n_words[n] < 0)
			fail_msg("%s: %s", s->name, line);
		if (n_words[n] > 0)
			prepare(s, n_words[n], words[n], rest);
		n += n_words[n] > 0;
	}
	if (s->helper[0] != '\0')
		rig_helper(s->r, s->helper);
	rig_start(s->r, s->user);
	for (i = 0; i < n; i++)
		check(s, n_words[i], words[i]);
	assert_string_equal(s->r->shown, s->shown);
}

static void
run_script(void **state)
{
	struct script *s = calloc(1, sizeof(*s));
	char path[1024];
	FILE *f;

	assert_non_null(s);
	s->name = *state;
	snprintf(path, sizeof(path), "%s/tests/pam/%s", SOURCE_DIR, s->name);
	f = fopen(path, "re");
	assert_non_null(f);
	s->text[fread(s->text, 1, sizeof(s->text) - 1, f)] = '\0';
	fclose(f);
	s->user = "alice";
	s->r = rig_new();
	play(s);
	rig_done(s->r);
	free(s);
}

static int
by_name(const void *a, const void *b)
{
	const struct CMUnitTest *x = a;
	const struct CMUnitTest *y = b;

	return strcmp(x->name, y->name);
}

static void
add(struct CMUnitTest *test, const char *name)
{
	test->name = strdup(name);
	test->test_func = run_script;
	test->initial_state = (void *)(uintptr_t)test->name;
}

int
main(int argc, char *argv[])
{
	static struct CMUnitTest tests[SCRIPTS_MAX];
	DIR *dir = opendir(SOURCE_DIR "/tests/pam");
	struct dirent *e;
	size_t n = 0;
	int i;

	for (i = 1; i < argc && n < SCRIPTS_MAX; i++)
		add(&tests[n++], argv[i]);
	while (argc < 2 && dir != NULL && (e = readdir(dir)) != NULL &&
	    n < SCRIPTS_MAX)
		if (strstr(e->d_name, ".pamt") != NULL)
			add(&tests[n++], e->d_name);
	if (dir != NULL)
		closedir(dir);
	qsort(tests, n, sizeof(tests[0]), by_name);
	if (n == 0)
		return 1;
	return _cmocka_run_group_tests("scripts", tests, n, NULL, NULL);
}

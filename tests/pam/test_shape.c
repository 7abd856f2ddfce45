/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What pam_mtls.so is made of: what it needs, shows, calls and keeps, and
 * where its sources say "success".
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pam_rig.h"

static char text[256 * 1024];

static void
put_file(FILE *f)
{
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	text[n] = '\0';
	assert_true(n < sizeof(text) - 1);
}

/* The output of a command about the module, in text. */
static void
run(const char *command)
{
	char line[1024];
	FILE *f;

	snprintf(line, sizeof(line), "LC_ALL=C %s '%s'", command, MODULE_PATH);
	f = popen(line, "re");
	assert_non_null(f);
	put_file(f);
	assert_int_equal(pclose(f), 0);
}

static int
count(const char *word)
{
	const char *p = text;
	int n = 0;

	while ((p = strstr(p, word)) != NULL) {
		n++;
		p += strlen(word);
	}
	return n;
}

static void
T151_needs_libpam_and_libc_only(void **state)
{
	(void)state;
	if (RIG_SANITIZED)
		skip();
	run("readelf -d");
	assert_int_equal(count("(NEEDED)"), 2);
	assert_int_equal(count("[libpam.so.0]"), 1);
	assert_int_equal(count("[libc.so.6]"), 1);
	assert_int_equal(count("BIND_NOW"), 1);
	assert_int_equal(count("TEXTREL"), 0);
	assert_int_equal(count("RPATH"), 0);
	assert_int_equal(count("RUNPATH"), 0);
	assert_int_equal(count("NODELETE"), 0);
	assert_int_equal(count("INITFIRST"), 0);
}

static void
T151_exports_the_entry_points_only(void **state)
{
	static const char *const names[] = {
		" T pam_sm_authenticate", " T pam_sm_setcred",
		" T pam_sm_acct_mgmt", " T pam_sm_open_session",
		" T pam_sm_close_session", " T pam_sm_chauthtok"
	};
	size_t i;

	(void)state;
	run("nm -D --defined-only");
	for (i = 0; i < 6; i++)
		assert_int_equal(count(names[i]), 1);
	assert_int_equal(count("\n"), 6);
}

/* What libc's own start-up objects have is one pointer each. */
static void
T151_no_constructors_and_no_state(void **state)
{
	static const char *const sections[] = {
		".init_array", ".fini_array", ".data ", ".bss"
	};
	const char *p;
	size_t i;

	(void)state;
	if (RIG_SANITIZED)
		skip();
	run("size -A");
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		p = strstr(text, sections[i]);
		if (p != NULL)
			assert_true(atoi(p + strcspn(p, " ")) <= 8);
	}
	assert_int_equal(count(".tdata"), 0);
	assert_int_equal(count(".tbss"), 0);
	assert_int_equal(count(".ctors"), 0);
}

static void
T151_no_segment_is_writable_and_executable(void **state)
{
	(void)state;
	run("readelf -lW");
	assert_int_equal(count("RWE"), 0);
	assert_int_equal(count(" TLS "), 0);
	assert_int_equal(count("GNU_RELRO"), 1);
	assert_int_equal(count("GNU_STACK"), 1);
}

/* No output, threads, names to resolve, programs found by
 * name, timers, or ends of the process. */
static void
T120_calls_nothing_that_a_module_must_not(void **state)
{
	static const char *const names[] = {
		"secure_getenv", "environ", "setenv", "putenv",
		"unsetenv", "clearenv", "printf", "fprintf", "vprintf", "puts",
		"fputs", "putchar", "perror", "stdout", "stderr", "stdin",
		"fopen", "system", "popen", "dlopen", "dlsym", "getaddrinfo",
		"gethostbyname", "getnameinfo", "res_query", "getpwnam",
		"getpwnam_r", "pthread_create", "pthread_atfork", "atexit",
		"exit", "abort", "_exit", "raise", "alarm", "setitimer",
		"timer_create", "signal", "setlocale", "setuid", "seteuid",
		"setreuid", "fork", "execvp", "syslog", "openlog", "sleep",
		"usleep", "nanosleep", "pam_set_item", "pam_putenv",
		"pam_get_authtok", "__assert_fail", "rand", "random"
	};
	char with_version[64];
	char fortified[64];
	size_t i;

	(void)state;
	if (RIG_SANITIZED)
		skip();
	run("nm -D --undefined-only");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(with_version, sizeof(with_version), " U %s@",
		    names[i]);
		snprintf(fortified, sizeof(fortified), " U __%s_chk@",
		    names[i]);
		if (count(with_version) + count(fortified) != 0)
			fail_msg("%s is called", names[i]);
	}
}

static int
is_mapped(void)
{
	FILE *f = fopen("/proc/self/maps", "re");

	assert_non_null(f);
	put_file(f);
	fclose(f);
	return count("/pam_mtls.so") > 0;
}

static void
T151_loads_at_once_and_leaves_nothing(void **state)
{
	void *module;

	(void)state;
	assert_false(is_mapped());
	module = dlopen(MODULE_PATH, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(module);
	assert_non_null(dlsym(module, "pam_sm_authenticate"));
	assert_null(dlsym(module, "pam_code"));
	assert_null(dlsym(module, "mtls_fail"));
	assert_true(is_mapped());
	assert_int_equal(dlclose(module), 0);
	assert_false(is_mapped());
}

static void
T151_nothing_is_left_after_a_login(void **state)
{
	(void)state;
	assert_int_equal(rig_case("login\nsecret PIN: => " RIG_PIN "\n"
	    "result allow\n", RIG_PIN), PAM_SUCCESS);
	assert_false(is_mapped());
	assert_int_equal(rig_case("login\nclose\n", RIG_PIN),
	    PAM_AUTHINFO_UNAVAIL);
	assert_false(is_mapped());
}

/* Blanks out comments, and texts too. */
static void
strip_comments(void)
{
	enum { CODE, COMMENT, TEXT } in = CODE;
	char *p;

	for (p = text; *p != '\0'; p++) {
		if (in == CODE && p[0] == '/' && p[1] == '*')
			in = COMMENT;
		if (in == COMMENT && p[0] == '*' && p[1] == '/') {
			p[0] = p[1] = ' ';
			in = CODE;
		}
		if (in == TEXT && *p == '"')
			in = CODE;
		else if (in == CODE && *p == '"')
			in = TEXT;
		if (in != CODE && *p != '\n')
			*p = ' ';
	}
}

/* "return PAM_SUCCESS", "= PAM_SUCCESS", "? PAM_SUCCESS", ": PAM_SUCCESS":
 * everything but a comparison. */
static int
count_success(void)
{
	const char *p = text;
	const char *q;
	int n = 0;

	while ((p = strstr(p, "PAM_SUCCESS")) != NULL) {
		for (q = p; q > text && isspace((unsigned char)q[-1]); q--)
			continue;
		n += q < text + 2 || q[-1] != '=' ||
		    (q[-2] != '=' && q[-2] != '!');
		p++;
	}
	return n;
}

static void
T007_success_is_said_once_and_ignore_never(void **state)
{
	DIR *dir = opendir(SOURCE_DIR "/pam_mtls");
	struct dirent *e;
	char path[1024];
	int n_files = 0;
	FILE *f;

	(void)state;
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (strstr(e->d_name, ".c") == NULL &&
		    strstr(e->d_name, ".h") == NULL)
			continue;
		snprintf(path, sizeof(path), SOURCE_DIR "/pam_mtls/%s",
		    e->d_name);
		f = fopen(path, "re");
		assert_non_null(f);
		put_file(f);
		fclose(f);
		strip_comments();
		n_files++;
		assert_int_equal(count("PAM_IGNORE"), 0);
		/* pam_sm_setcred(), and the one place for verdicts */
		if (strcmp(e->d_name, "module.c") == 0 ||
		    strcmp(e->d_name, "pam_code.c") == 0)
			assert_int_equal(count_success(), 1);
		else if (count_success() != 0)
			fail_msg("%s says success", e->d_name);
	}
	closedir(dir);
	assert_true(n_files > 5);
}

/* One variable, of which tests/pam/test_agent.c shows when it is read. */
static void
T120_one_variable_of_the_environment_is_read(void **state)
{
	FILE *f;

	(void)state;
	f = popen("cat " SOURCE_DIR "/pam_mtls/*.[ch]", "re");
	assert_non_null(f);
	put_file(f);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(count(" getenv("), 1);
	assert_int_equal(count(" getenv(VARIABLE)"), 1);
	assert_int_equal(count("#define VARIABLE \"SSH_AUTH_SOCK\""), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T007_success_is_said_once_and_ignore_never),
		cmocka_unit_test(
		    T120_calls_nothing_that_a_module_must_not),
		cmocka_unit_test(
		    T120_one_variable_of_the_environment_is_read),
		cmocka_unit_test(T151_needs_libpam_and_libc_only),
		cmocka_unit_test(T151_exports_the_entry_points_only),
		cmocka_unit_test(T151_no_constructors_and_no_state),
		cmocka_unit_test(T151_no_segment_is_writable_and_executable),
		cmocka_unit_test(T151_loads_at_once_and_leaves_nothing),
		cmocka_unit_test(T151_nothing_is_left_after_a_login),
	};

	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}

/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every call that the module makes into libc and libpam fails once, in whole
 * logins through the real libpam. The module under test has its calls
 * wrapped at link time (fail_nth.c, fail_pam.c); the rest is what ships.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pam_rig.h"

#define GRANTING "note granting\nmaybe result allow\n"
#define GRANT "login\nmaybe tell info a\nmaybe ask Which => 1\n" \
	"maybe secret PIN: => " RIG_PIN "\n" GRANTING
#define GRANT_AND_NO_TELL "login\nmaybe ask Which => 1\n" \
	"maybe secret PIN: => " RIG_PIN "\nmaybe result allow\n"
#define DENY "login\nmaybe tell error a\nmaybe secret PIN: => *\n" \
	"maybe result deny message=No reason=no\n"
#define LOG_LINES 2	/* of a login with "debug" */
#define CALLS_MAX 2000

/* What is exported by the module for fault tests. */
static struct {
	void *module;
	char *spawn_dir;
	void (*start)(unsigned);
	unsigned (*stop)(void);
	const char *(*failed)(void);
	long (*live)(void);
	void (*call)(const char *, int);
	void (*few)(unsigned);
	void (*pam_start)(unsigned);
	const char *(*pam_failed)(void);
} faults;

static void
find(const char *name, void *ret_function)
{
	void *symbol = dlsym(faults.module, name);

	assert_non_null(symbol);
	memcpy(ret_function, &symbol, sizeof(symbol));
}

static int
load_module(void **state)
{
	(void)state;
	faults.module = dlopen(FAULTS_MODULE_PATH, RTLD_NOW);
	if (faults.module == NULL)
		fail_msg("%s", dlerror());
	find("fake_spawn_dir", &faults.spawn_dir);
	find("fail_nth_start", &faults.start);
	find("fail_nth_stop", &faults.stop);
	find("fail_nth_failed", &faults.failed);
	find("fail_nth_live", &faults.live);
	find("fail_nth_call", &faults.call);
	find("fail_nth_short", &faults.few);
	find("fail_pam_start", &faults.pam_start);
	find("fail_pam_failed", &faults.pam_failed);
	return 0;
}

static int
unload_module(void **state)
{
	(void)state;
	return dlclose(faults.module);
}

/* One login, and what it is about. */
struct run {
	struct rig *r;
	long live_before;
};

/* The text of an answer is one allocation, what it stands in another. */
static void
run_begin(struct run *run, const char *script, const char *args,
    int is_spawned)
{
	FILE *f;
	char path[128];

	run->r = rig_new();
	snprintf(run->r->module, sizeof(run->r->module), "%s",
	    FAULTS_MODULE_PATH);
	snprintf(run->r->args, sizeof(run->r->args), "%s", args);
	if (is_spawned) {
		snprintf(faults.spawn_dir, sizeof(run->r->dir), "%s",
		    run->r->dir);
		snprintf(path, sizeof(path), "%s/script", run->r->dir);
		f = fopen(path, "we");
		assert_non_null(f);
		fputs(script, f);
		fclose(f);
	} else
		rig_helper(run->r, script);
	rig_say(run->r, "1");
	rig_say(run->r, RIG_PIN);
	rig_start(run->r, "alice");
	run->live_before = faults.live();
}

static void
run_end(struct run *run)
{
	struct rig *r = run->r;
	long live;

	/* The note in the handle is freed with it. */
	pam_end(r->pamh, PAM_SUCCESS);
	r->pamh = NULL;
	live = faults.live() - run->live_before + 2 * r->n_replied;
	assert_int_equal(live, 0);
	/* A helper that the module did not come to waits for ever. */
	if (r->helper_pid != 0) {
		kill(r->helper_pid, SIGKILL);
		while (waitpid(r->helper_pid, NULL, 0) == -1 &&
		    errno == EINTR)
			continue;
		close(r->report_fd);
		r->helper_pid = 0;
	}
	rig_done(r);
}

/* A login survives the loss of memory for a line of the log. */
static int
is_log_line_lost(const char *failed)
{
	return strcmp(failed, "malloc") == 0 &&
	    rig_log_lines("request=") == LOG_LINES - 1;
}

/*
 * With a spawned helper, calls of the process in between and those that wait
 * for its end take part. They may fail, and the helper may still have said
 * yes: its report tells.
 */
static int
is_about_the_child(const struct rig *r, const char *failed)
{
	static const char *const names[] = { "syscall", "poll",
		"clock_gettime", "prctl" };
	char path[128];
	char text[1024];
	size_t i;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/report", r->dir);
	f = r->helper_pid != 0 ? NULL : fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(failed, names[i]) == 0)
			return strstr(text, "granting\n") != NULL;
	return 0;
}

/* The sweep over libc. rig_call() compares the state of the process. */
static unsigned
sweep(const char *script, const char *args, int is_spawned, int want)
{
	struct run run;
	const char *failed;
	unsigned nth;
	int code;

	for (nth = 1; nth < CALLS_MAX; nth++) {
		run_begin(&run, script, args, is_spawned);
		faults.start(nth);
		code = rig_call(run.r, pam_authenticate, 0);
		faults.stop();
		failed = faults.failed();
		if (failed != NULL && code == PAM_SUCCESS &&
		    !is_log_line_lost(failed) &&
		    !is_about_the_child(run.r, failed))
			fail_msg("success without call %u (%s)", nth, failed);
		if (failed != NULL && code != PAM_SUCCESS)
			assert_true(run.r->delay_us > 0);
		if (failed == NULL)
			assert_int_equal(code, want);
		run_end(&run);
		if (failed == NULL)
			break;
	}
	assert_true(nth < CALLS_MAX);
	print_message("%u calls\n", nth - 1);
	return nth - 1;
}

static void
T140_every_call_of_a_login_fails_once(void **state)
{
	(void)state;
	assert_true(sweep(GRANT, "debug", 0, PAM_SUCCESS) > 50);
}

static void
T140_every_call_of_a_refusal_fails_once(void **state)
{
	(void)state;
	assert_true(sweep(DENY, "", 0, PAM_AUTH_ERR) > 30);
	assert_true(sweep("login\nmaybe tell info a\n"
	    "maybe raw 01 04 01 u32:9\n", "config=/etc/x method=token", 0,
	    PAM_AUTHINFO_UNAVAIL) > 20);
}

/* In the process between module and helper some things may fail. */
static void
T140_every_call_of_a_spawning_login_fails_once(void **state)
{
	(void)state;
	/* AddressSanitizer takes what vfork(2) does for an error. */
	if (geteuid() != 0 || RIG_SANITIZED)
		skip();
	assert_true(sweep(GRANT, "debug", 1, PAM_SUCCESS) > 60);
}

static void
T140_every_call_into_libpam_fails_once(void **state)
{
	struct run run;
	const char *failed;
	unsigned nth;
	int code;

	(void)state;
	for (nth = 1; nth < CALLS_MAX; nth++) {
		/* That something cannot be shown is no failure. */
		run_begin(&run, GRANT_AND_NO_TELL, "", 0);
		faults.pam_start(nth);
		code = rig_call(run.r, pam_authenticate, 0);
		if (code == PAM_SUCCESS)
			code = rig_call(run.r, pam_acct_mgmt, 0);
		failed = faults.pam_failed();
		assert_int_equal(code == PAM_SUCCESS, failed == NULL);
		run_end(&run);
		if (failed == NULL)
			break;
	}
	print_message("%u calls\n", nth - 1);
	assert_true(nth > 10 && nth < CALLS_MAX);
}

/* One call of that name fails like this, in a login that would succeed. */
static int
without(const char *name, int sys_errno, int is_spawned)
{
	struct run run;
	int code;

	run_begin(&run, GRANT, "", is_spawned);
	faults.call(name, sys_errno);
	code = rig_call(run.r, pam_authenticate, 0);
	run_end(&run);
	return code;
}

static void
T141_no_random_bytes(void **state)
{
	struct run run;

	(void)state;
	assert_int_equal(without("getrandom", ENOSYS, 0), PAM_SYSTEM_ERR);
	assert_int_equal(without("getrandom", EIO, 0), PAM_SYSTEM_ERR);
	/* Interrupted is no failure; never is a part of them enough. */
	assert_int_equal(without("getrandom", EINTR, 0), PAM_SUCCESS);
	run_begin(&run, "", "", 0);
	faults.few(1);
	faults.start(9);
	assert_int_equal(rig_call(run.r, pam_authenticate, 0),
	    PAM_SYSTEM_ERR);
	faults.stop();
	faults.few(0);
	assert_string_equal(faults.failed(), "getrandom");
	run_end(&run);
}

static void
T142_no_clock(void **state)
{
	(void)state;
	assert_int_equal(without("clock_gettime", EINVAL, 0),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T143_nothing_to_be_had(void **state)
{
	(void)state;
	assert_int_equal(without("socket", EMFILE, 0), PAM_SYSTEM_ERR);
	assert_int_equal(without("socket", ENFILE, 0), PAM_SYSTEM_ERR);
	assert_int_equal(without("socket", ENOMEM, 0), PAM_SYSTEM_ERR);
	assert_int_equal(without("calloc", ENOMEM, 0), PAM_BUF_ERR);
	assert_int_equal(without("malloc", ENOMEM, 0), PAM_BUF_ERR);
	assert_int_equal(without("connect", EAGAIN, 0),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(without("connect", EACCES, 0),
	    PAM_AUTHINFO_UNAVAIL);
	if (geteuid() != 0)
		return;
	assert_int_equal(without("socketpair", EMFILE, 1), PAM_SYSTEM_ERR);
	assert_int_equal(without("clone3", EAGAIN, 1), PAM_SYSTEM_ERR);
	assert_int_equal(without("clone3", ENOMEM, 1), PAM_SYSTEM_ERR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T140_every_call_of_a_login_fails_once),
		cmocka_unit_test(T140_every_call_of_a_refusal_fails_once),
		cmocka_unit_test(
		    T140_every_call_of_a_spawning_login_fails_once),
		cmocka_unit_test(T140_every_call_into_libpam_fails_once),
		cmocka_unit_test(T141_no_random_bytes),
		cmocka_unit_test(T142_no_clock),
		cmocka_unit_test(T143_nothing_to_be_had),
	};

	return cmocka_run_group_tests_name("sweep", tests, load_module,
	    unload_module);
}

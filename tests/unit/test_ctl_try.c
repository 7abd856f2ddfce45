/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * mtlsctl try against a helper that does what a script says.
 */
#include "config.h"

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_helper.h"
#include "mtls/verdict.h"
#include "mtlsctl/try.h"
#include "scratch.h"

static char path[108];
static char report_text[4096];

static int
begin(void **state)
{
	(void)state;
	return scratch_begin();
}

static int
end(void **state)
{
	(void)state;
	return scratch_end();
}

/* A child that plays the script, and writes its report to a file. */
static pid_t
play(const char *script)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	FILE *report;
	pid_t pid;

	snprintf(path, sizeof(path), "%s", scratch_path("helper.sock"));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	(void)unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		report = fopen(scratch_path("report"), "w");
		fake_helper_play(fd, -1, script, report);
		fclose(report);
		_exit(0);
	}
	close(fd);
	return pid;
}

/* A descriptor from which this PIN can be read. */
static uint32_t
pin_fd(const char *pin)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], pin, strlen(pin)), strlen(pin));
	close(fds[1]);
	return (uint32_t)fds[0];
}

/* try_hold() without what it says on stderr. */
static enum mtls_status
hold(struct try_login *t, struct mtls_err *err)
{
	int saved_fd = dup(STDERR_FILENO);
	int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum mtls_status status;

	assert_true(saved_fd >= 0 && null_fd >= 0);
	assert_true(dup2(null_fd, STDERR_FILENO) >= 0);
	mtls_err_clear(err);
	status = try_hold(t, err);
	assert_true(dup2(saved_fd, STDERR_FILENO) >= 0);
	close(saved_fd);
	close(null_fd);
	return status;
}

/* One login against the script; its report goes to report_text. */
static enum mtls_status
login(const char *script, struct try_login *t, struct mtls_err *err)
{
	enum mtls_status status;
	FILE *report;
	pid_t pid = play(script);
	size_t len;

	memset(t, 0, sizeof(*t));
	t->user = "alice";
	t->service = "door";
	t->config = "";
	t->method = "";
	t->socket0 = path;
	t->deadline_s = 20;
	t->pin.fd = pin_fd("740218\n");
	status = hold(t, err);
	close((int)t->pin.fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	report = fopen(scratch_path("report"), "r");
	assert_non_null(report);
	len = fread(report_text, 1, sizeof(report_text) - 1, report);
	report_text[len] = '\0';
	fclose(report);
	return status;
}

static void
content(void)
{
	if (strcmp(report_text, "done\n") != 0)
		fail_msg("the helper says: %s", report_text);
}

static void
granted(void **state)
{
	struct mtls_err err;
	struct try_login t;

	(void)state;
	if (login("login user=alice service=door flags=16\n"
	    "tell info \"Touch the card.\"\n"
	    "secret \"PIN for Alice's card: \" => 740218\n"
	    "raw 01 06 text:5 u32:0 u32:7 u32:0 u32:9\n"
	    "result allow verifier=v.example certificate=c\n", &t, &err) !=
	    MTLS_OK)
		fail_msg("%s", err.text);
	content();
	assert_int_equal(t.result.u.result.verdict, MTLS_VERDICT_ALLOW);
	assert_string_equal(t.result.u.result.verifier, "v.example");
	assert_int_equal(t.n_phases, 1);
	assert_int_equal(t.phases[0].begin_us, 7);
	assert_int_equal(t.phases[0].end_us, 9);
	mtls_message_clear(&t.result);
}

static void
refused(void **state)
{
	struct mtls_err err;
	struct try_login t;

	(void)state;
	assert_int_equal(login("login\nresult deny status=refused "
	    "reason=\"not in the policy\"\n", &t, &err), MTLS_OK);
	content();
	assert_int_equal(t.result.u.result.verdict, MTLS_VERDICT_DENY);
	assert_string_equal(t.result.u.result.reason, "not in the policy");
	mtls_message_clear(&t.result);
}

/* Nothing of this is a result. */
static void
T118_no_result_of_ours(void **state)
{
	static const char *const scripts[] = {
		"login\nresult allow id=other\n",
		"login\nresult allow nonce=other\n",
		"login\nresult allow user=bob\n",
		"login\nresult allow service=other\n",
		"login\nresult allow status=refused\n",
		"login\nresult deny status=ok\n",
		"login\nclose\n",
		"close\n",
		"login\nmutate cut 40\n",
		"login\nmutate pad 1\n",
		"login\nraw 01 99\n",
		"login\nraw 01 06 text:5 u32:0 u32:9 u32:0 u32:7\nsilence\n",
		"login\nflood 200\nmaybe result allow\n",
		"login\nsecret PIN => 740218\nmaybe secret PIN => !\nsilence\n",
	};
	struct mtls_err err;
	struct try_login t;

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		enum mtls_status status = login(scripts[i], &t, &err);

		if (status == MTLS_OK)
			fail_msg("a result from: %s", scripts[i]);
		if (status != MTLS_E_PROTOCOL && status != MTLS_E_CLOSED)
			fail_msg("%s: %s", scripts[i], err.text);
		assert_int_equal(err.status, status);
		mtls_message_clear(&t.result);
	}
}

static void
an_empty_pin_goes_nowhere(void **state)
{
	struct mtls_err err;
	struct try_login t;
	pid_t pid;

	(void)state;
	memset(&t, 0, sizeof(t));
	pid = play("login\nsecret PIN => !cancelled\nsilence\n");
	t.user = "alice";
	t.service = "door";
	t.config = t.method = "";
	t.socket0 = path;
	t.deadline_s = 20;
	t.pin.fd = pin_fd("\n");
	assert_int_equal(hold(&t, &err), MTLS_E_CANCELLED);
	close((int)t.pin.fd);
	mtls_message_clear(&t.result);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
too_many_phases(void **state)
{
	static const char phase[] =
	    "raw 01 06 text:5 u32:0 u32:7 u32:0 u32:9\n";
	static char script[4096] = "login\n";
	struct mtls_err err;
	struct try_login t;

	(void)state;
	for (int i = 0; i < TRY_PHASES_MAX + 1; i++)
		strcat(script, phase);
	strcat(script, "silence\n");
	assert_int_equal(login(script, &t, &err), MTLS_E_PROTOCOL);
	assert_int_equal(t.n_phases, TRY_PHASES_MAX);
	mtls_message_clear(&t.result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(granted, begin, end),
		cmocka_unit_test_setup_teardown(refused, begin, end),
		cmocka_unit_test_setup_teardown(T118_no_result_of_ours, begin,
		    end),
		cmocka_unit_test_setup_teardown(an_empty_pin_goes_nowhere,
		    begin, end),
		cmocka_unit_test_setup_teardown(too_many_phases, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

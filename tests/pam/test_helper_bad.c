/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Helpers that lie, stammer, flood, hang and die. None is believed.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "mtls/message.h"
#include "pam_rig.h"

#define NOBODY 65534

/* A login whose helper plays script; what it comes to. */
static int
with(const char *script)
{
	return rig_case(script, RIG_PIN);
}

static void
on_alarm(int number)
{
	(void)number;
}

/* Signals without SA_RESTART all the time, in every call that can wait. */
static void
T070_a_storm_of_signals(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction old;
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	struct rig *r = rig_new();
	int i;

	(void)state;
	rig_helper(r, "login\ntell info a\nsecret PIN: => " RIG_PIN "\n"
	    "tell info b\nresult allow\naccept\n"
	    "login\nsecret PIN: => " RIG_PIN "\nresult deny\n");
	rig_say(r, RIG_PIN);
	rig_say(r, RIG_PIN);
	rig_start(r, "alice");
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	i = pam_authenticate(r->pamh, 0);
	assert_int_equal(i, PAM_SUCCESS);
	i = pam_authenticate(r->pamh, 0);
	assert_int_equal(i, PAM_AUTH_ERR);
	setitimer(ITIMER_REAL, &off, NULL);
	/* One that is still pending is dropped. */
	sigaction(SIGALRM, &ignore, NULL);
	sigaction(SIGALRM, &old, NULL);
	rig_done(r);
}

/* How long the right result is, for the loops over all of its bytes. */
static size_t
result_len(void)
{
	struct mtls_message m = { .type = MTLS_MSG_RESULT };
	struct mtls_err err;
	static uint8_t id[32];
	static char user[] = "alice";
	static char service[] = "mtls-test";
	uint8_t *data = NULL;
	size_t len = 0;

	mtls_err_clear(&err);
	m.u.result.request = (struct mtls_bytes){ 16, id };
	m.u.result.nonce = (struct mtls_bytes){ 32, id };
	m.u.result.verdict = 2;
	m.u.result.user = user;
	m.u.result.service = service;
	assert_int_equal(mtls_message_encode(&m, &data, &len, &err), MTLS_OK);
	mtls_message_data_free(data, len);
	return len;
}

static void
T070_every_truncation_of_a_result(void **state)
{
	size_t len = result_len();
	char script[64];
	size_t n;

	(void)state;
	/* A datagram of no bytes is an end of file. */
	for (n = 0; n < len; n++) {
		snprintf(script, sizeof(script), "login\nmutate cut %zu\n", n);
		assert_int_equal(with(script), PAM_AUTHINFO_UNAVAIL);
	}
	snprintf(script, sizeof(script), "login\nmutate cut %zu\n", len);
	assert_int_equal(with(script), PAM_SUCCESS);
}

static void
T071_every_bit_of_a_result(void **state)
{
	size_t bits = result_len() * 8;
	char script[64];
	size_t n;

	(void)state;
	/* There, a login takes a hundred times as long. */
	for (n = 0; n < bits; n += rig_under_valgrind() ? 11 : 1) {
		snprintf(script, sizeof(script), "login\nmutate flip %zu\n",
		    n);
		assert_int_not_equal(with(script), PAM_SUCCESS);
	}
}

static void
T071_length_fields_types_versions_and_bytes_left_over(void **state)
{
	static const char *const scripts[] = {
		"mutate pad 1", "mutate pad 1000",
		"raw 00 07", "raw 02 04 01 text:x", "raw ff ff",
		"raw 01 00", "raw 01 08", "raw 01 ff", "raw 01",
		"raw 01 04", "raw 01 04 01", "raw 01 04 01 u32:0",
		"raw 01 04 00 text:x", "raw 01 04 03 text:x",
		"raw 01 04 01 u32:1", "raw 01 04 01 u32:2 78",
		"raw 01 04 01 u32:0 78", "raw 01 04 01 u32:4294967295 78",
		"raw 01 04 01 u32:2147483648 78", "raw 01 04 01 u32:501 78",
		"raw 01 04 01 u32:2 61 00", "raw 01 04 01 text:x 00",
		"raw 01 07 u32:16", "raw 01 07 u32:15", "raw 01 07 u32:17"
	};
	char script[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		snprintf(script, sizeof(script), "login\n%s\nsilence\n",
		    scripts[i]);
		assert_int_equal(with(script), PAM_AUTHINFO_UNAVAIL);
	}
}

/* Right messages at the wrong time, or from the wrong side. */
static void
T071_messages_that_are_not_for_a_module(void **state)
{
	static const char *const scripts[] = {
		"raw 01 05 00 u32:0",		/* ANSWER */
		"raw 01 06 text:x u32:0 u32:0 u32:0 u32:0",	/* PHASE */
		"raw 01 12 00 u32:0 u32:0",	/* TOKEN_READY */
		"raw 01 24",			/* ADMIN_STATUS */
	};
	char script[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		snprintf(script, sizeof(script), "login\n%s\nsilence\n",
		    scripts[i]);
		assert_int_equal(with(script), PAM_AUTHINFO_UNAVAIL);
		assert_non_null(strstr(rig_log(), "the helper sent"));
	}
}

static void
T072_the_first_result_rules(void **state)
{
	(void)state;
	assert_int_equal(with("login\nresult deny\nmaybe result allow\n"),
	    PAM_AUTH_ERR);
	assert_int_equal(with("login\nresult none\nmaybe result allow\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow id=other\n"
	    "maybe result allow id=other\n"), PAM_AUTHINFO_UNAVAIL);
}

/* A helper that has heard enough ends; what it said before that counts. */
static void
T072_a_result_before_the_answer_was_read(void **state)
{
	static const char script[] = "login\nraw 01 02 text:5\nresult %s\n"
	    "close\n";
	char text[96];

	(void)state;
	snprintf(text, sizeof(text), script, "deny");
	assert_int_equal(with(text), PAM_AUTH_ERR);
	snprintf(text, sizeof(text), script, "none");
	assert_int_equal(with(text), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nraw 01 02 text:5\nclose\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

/* A verdict and a status that say different things say nothing. */
static void
T072_results_that_contradict_themselves(void **state)
{
	(void)state;
	assert_int_equal(with("login\nresult allow status=refused\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult deny status=ok\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult none status=ok\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow status=#255\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

/* What the peer is, is known before it is told anything. */
static void
T074_a_helper_of_another_account_gets_nothing(void **state)
{
	struct rig *r;

	(void)state;
	if (geteuid() != 0)
		skip();
	r = rig_new();
	r->helper_uid = NOBODY;
	rig_helper(r, "eof\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "status=peer"));
	assert_int_equal(r->n_replied, 0);
	rig_done(r);
}

static void
T074_a_socket_behind_a_symbolic_link(void **state)
{
	struct rig *r = rig_new();
	char link_path[128];

	(void)state;
	snprintf(link_path, sizeof(link_path), "%s/link", r->dir);
	rig_helper(r, "");
	assert_int_equal(symlink(r->socket_path, link_path), 0);
	snprintf(r->args, sizeof(r->args), " ");
	r->stack = "auth required @M @S\n";
	strcpy(r->socket_path, link_path);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SERVICE_ERR);
	assert_string_equal(r->shown, "error Login by certificate is not "
	    "set up correctly here.|");
	snprintf(r->socket_path, sizeof(r->socket_path), "%s/s", r->dir);
	/* The helper still waits for its connection. */
	kill(r->helper_pid, SIGKILL);
	pam_end(r->pamh, 0);
	r->pamh = NULL;
	close(r->report_fd);
	r->helper_pid = 0;
	rig_done(r);
}

static void
T074_a_socket_of_another_type(void **state)
{
	struct rig *r = rig_new();
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	memcpy(addr.sun_path, r->socket_path, sizeof(addr.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	close(fd);
	rig_done(r);
}

static void
T075_the_helper_goes_in_the_middle(void **state)
{
	(void)state;
	assert_int_equal(with("close\n"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nclose\n"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\ntell info a\nclose\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nsecret PIN: => *\nclose\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T076_descriptors_that_nobody_asked_for(void **state)
{
	(void)state;
	assert_int_equal(with("login\nfds 1\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nfds 2\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nfds 253\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

/* A secret goes into a local socket that came with the question only. */
static void
T076_secrets_go_into_no_other_descriptor(void **state)
{
	static const char *const kinds[] = {
		"file", "pipe", "stream", "dgram", "inet", "full"
	};
	char script[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(script, sizeof(script),
		    "login\nsecret-on %s PIN:\n", kinds[i]);
		assert_int_equal(with(script), PAM_AUTHINFO_UNAVAIL);
	}
	assert_int_equal(with("login\nraw 01 03 text:PIN\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T077_a_flood_is_bounded(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nflood 2000000\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "64 messages"));
	rig_done(r);
}

static void
T077_sixty_three_messages_are_not_too_many(void **state)
{
	(void)state;
	assert_int_equal(with("login\nflood 63\nresult allow\n"),
	    PAM_SUCCESS);
	assert_int_equal(with("login\nflood 64\nresult allow\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T077_large_datagrams(void **state)
{
	(void)state;
	assert_int_equal(with("login\nbig 65536\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nbig 65537\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nbig 150000\nsilence\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

/* Nothing but what was meant is in what is sent: two LOGINs of one user
 * differ in id and nonce, and there is nothing behind the last field. */
static void
T079_the_login_is_what_it_says(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	r->tty = "tty1";
	r->rhost = "host";
	r->ruser = "root";
	snprintf(r->args, sizeof(r->args),
	    "method=token config=/etc/x.conf deadline=7 debug quiet");
	rig_helper(r, "login user=alice service=mtls-test tty=tty1 "
	    "rhost=host ruser=root config=/etc/x.conf method=token flags=9 "
	    "deadline-below=7000\nresult allow\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_SUCCESS);
	rig_done(r);
}

static void
T084_a_fifo_at_the_socket_path(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	assert_int_equal(mkfifo(r->socket_path, 0600), 0);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SERVICE_ERR);
	rig_done(r);
}

static void
T084_other_things_at_the_socket_path(void **state)
{
	struct rig *r = rig_new();
	FILE *f;

	(void)state;
	f = fopen(r->socket_path, "we");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SERVICE_ERR);
	assert_int_equal(unlink(r->socket_path), 0);
	assert_int_equal(mkdir(r->socket_path, 0700), 0);
	assert_int_equal(rig_login(r, "alice", 0), PAM_SERVICE_ERR);
	rig_done(r);
}

static void
T118_a_result_for_another_login(void **state)
{
	(void)state;
	assert_int_equal(with("login\nresult allow user=bob\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow user=Alice\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow user=alice2\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow user=\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow service=sshd\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow service=\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow id=other\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nresult allow nonce=other\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

/* A result of another login does not speak to the user either. */
static void
T118_a_sentence_from_another_login_is_not_shown(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	rig_helper(r, "login\nresult deny nonce=other message=Boo\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_null(strstr(r->shown, "Boo"));
	rig_done(r);
}

static void
T130_the_helper_is_killed(void **state)
{
	static const int numbers[] = {
		SIGKILL, SIGSEGV, SIGTERM, SIGABRT, SIGPIPE
	};
	char script[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(script, sizeof(script), "login\nsignal %d\n",
		    numbers[i]);
		assert_int_equal(with(script), PAM_AUTHINFO_UNAVAIL);
		snprintf(script, sizeof(script),
		    "login\nsecret PIN: => *\nsignal %d\n", numbers[i]);
		assert_int_equal(with(script), PAM_AUTHINFO_UNAVAIL);
	}
}

/* One that is stopped, or merely silent, costs no more than the deadline. */
static void
T130_the_helper_stops(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	snprintf(r->args, sizeof(r->args), "deadline=1");
	rig_helper(r, "login\nsignal 19\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "status=timeout"));
	rig_done(r);
}

static void
T134_exits_and_partial_messages_are_no_answer(void **state)
{
	(void)state;
	assert_int_equal(with("login\nexit 0\n"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("exit 0\n"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nmutate cut 60\nexit 0\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nraw SUCCESS\nexit 0\n"),
	    PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nsecret PIN: => *\nexit 0\n"),
	    PAM_AUTHINFO_UNAVAIL);
}

static void
T135_half_a_connection(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	assert_int_equal(with("login\nshut wr\n"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(with("login\nshut rd\ntell info a\nshut wr\n"),
	    PAM_AUTHINFO_UNAVAIL);
	rig_log_clear();
	snprintf(r->args, sizeof(r->args), "deadline=1");
	rig_helper(r, "login\ntell info a\nsilence\n");
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "status=timeout"));
	rig_done(r);
}

/* The person takes longer than there is: the secret goes nowhere. */
static void
wait_for_deadline(struct rig *r, int style)
{
	(void)r;
	if (style == PAM_PROMPT_ECHO_OFF)
		usleep(1200000);
}

static void
T135_an_answer_after_the_deadline_is_not_sent(void **state)
{
	struct rig *r = rig_new();

	(void)state;
	snprintf(r->args, sizeof(r->args), "deadline=1");
	r->hook = wait_for_deadline;
	rig_helper(r, "login\nsecret-on full PIN:\n");
	rig_say(r, RIG_PIN);
	assert_int_equal(rig_login(r, "alice", 0), PAM_AUTHINFO_UNAVAIL);
	assert_non_null(strstr(rig_log(), "status=timeout"));
	rig_done(r);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(T070_a_storm_of_signals),
		cmocka_unit_test(T070_every_truncation_of_a_result),
		cmocka_unit_test(T071_every_bit_of_a_result),
		cmocka_unit_test(
		    T071_length_fields_types_versions_and_bytes_left_over),
		cmocka_unit_test(T071_messages_that_are_not_for_a_module),
		cmocka_unit_test(T072_the_first_result_rules),
		cmocka_unit_test(T072_a_result_before_the_answer_was_read),
		cmocka_unit_test(T072_results_that_contradict_themselves),
		cmocka_unit_test(
		    T074_a_helper_of_another_account_gets_nothing),
		cmocka_unit_test(T074_a_socket_behind_a_symbolic_link),
		cmocka_unit_test(T074_a_socket_of_another_type),
		cmocka_unit_test(T075_the_helper_goes_in_the_middle),
		cmocka_unit_test(T076_descriptors_that_nobody_asked_for),
		cmocka_unit_test(T076_secrets_go_into_no_other_descriptor),
		cmocka_unit_test(T077_a_flood_is_bounded),
		cmocka_unit_test(T077_sixty_three_messages_are_not_too_many),
		cmocka_unit_test(T077_large_datagrams),
		cmocka_unit_test(T079_the_login_is_what_it_says),
		cmocka_unit_test(T084_a_fifo_at_the_socket_path),
		cmocka_unit_test(T084_other_things_at_the_socket_path),
		cmocka_unit_test(T118_a_result_for_another_login),
		cmocka_unit_test(
		    T118_a_sentence_from_another_login_is_not_shown),
		cmocka_unit_test(T130_the_helper_is_killed),
		cmocka_unit_test(T130_the_helper_stops),
		cmocka_unit_test(
		    T134_exits_and_partial_messages_are_no_answer),
		cmocka_unit_test(T135_half_a_connection),
		cmocka_unit_test(
		    T135_an_answer_after_the_deadline_is_not_sent),
	};

	return cmocka_run_group_tests_name("helper-bad", tests, NULL, NULL);
}
